"""File systems: which one a path is on, from the kernel's table alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fault_kit.supervised import Job, supervisor
from strandline.folders.filesystems import (
    Mount,
    MountEntry,
    MountKind,
    find_in,
    find_mount,
    parse_mount_output,
    parse_mountinfo,
)

TABLE = rb"""
21 26 0:20 / /proc rw,relatime - proc proc rw
26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw,discard
40 26 0:30 / /home/ann/Net\040Drive rw,nosuid shared:2 master:1 - nfs4 nas:/photos rw,vers=4.2,hard
41 26 0:31 / /mnt/smb rw - cifs //nas/photos rw,vers=3.1.1
42 26 0:32 / /mnt/ro ro,relatime - ext4 /dev/sdb1 rw
43 26 0:33 / /mnt/rosuper rw,relatime - squashfs /dev/loop0 ro
44 26 0:34 / /mnt/stick rw,relatime - vfat /dev/sdc1 rw
45 26 0:35 / /mnt/card rw,relatime - exfat /dev/sdc2 rw
46 26 0:36 / /mnt/ntfs rw,relatime - fuseblk /dev/sdd1 rw
47 26 0:37 / /mnt/rclone rw - fuse.rclone remote: rw
48 26 0:38 / /mnt/ssh rw - fuse.sshfs ann@host: rw
49 26 0:39 / /mnt/dav rw - fuse https://cloud.example/dav rw
50 26 0:40 / /mnt/olddav rw - davfs https://cloud.example/dav rw
51 26 0:41 / /mnt/gone rw - autofs systemd-1 rw
52 26 0:42 / /mnt/vm rw - 9p share rw
53 26 0:43 / /mnt/odd\134name\012here rw - tmpfs tmpfs rw
54 26 0:44 / /mnt/old rw - ext3 /dev/sde1 rw
a line of another form
""".strip()

EXPECTED = [
    # path, fstype, kind, keeps inodes, read-only
    ("/home/ann/Pictures", "ext4", MountKind.LOCAL, True, False),
    ("/home/ann/Net Drive/SD/media", "nfs4", MountKind.NETWORK, True, False),
    ("/home/ann/Net Drive", "nfs4", MountKind.NETWORK, True, False),
    ("/home/ann/Net Drive 2", "ext4", MountKind.LOCAL, True, False),
    ("/mnt/smb/x", "cifs", MountKind.NETWORK, False, False),
    ("/mnt/ro/x", "ext4", MountKind.LOCAL, True, True),
    ("/mnt/rosuper/x", "squashfs", MountKind.LOCAL, True, True),
    ("/mnt/stick/x", "vfat", MountKind.LOCAL, False, False),
    ("/mnt/card/x", "exfat", MountKind.LOCAL, False, False),
    ("/mnt/ntfs/x", "fuseblk", MountKind.LOCAL, False, False),
    ("/mnt/rclone/x", "fuse.rclone", MountKind.FUSE, False, False),
    ("/mnt/ssh/x", "fuse.sshfs", MountKind.FUSE, False, False),
    ("/mnt/dav/x", "fuse", MountKind.WEBDAV, False, False),
    ("/mnt/olddav/x", "davfs", MountKind.WEBDAV, False, False),
    ("/mnt/gone/x", "autofs", MountKind.NETWORK, False, False),
    ("/mnt/vm/x", "9p", MountKind.NETWORK, False, False),
    ("/mnt/odd\\name\nhere/x", "tmpfs", MountKind.LOCAL, True, False),
]

FIND = """
import sys
from strandline.folders.filesystems import find_mount
print(find_mount(sys.argv[1]))
status = 0
"""


@pytest.mark.parametrize(("path", "fstype", "kind", "keeps_inodes", "read_only"), EXPECTED)
def test_each_file_system_is_known_for_what_it_is(
    path: str, fstype: str, kind: MountKind, keeps_inodes: bool, read_only: bool
) -> None:
    """Shares, clouds, USB sticks, and disks, with blanks and newlines in their names, read-only at either level."""
    found = find_in(parse_mountinfo(TABLE), path)
    assert found is not None
    assert (found.fstype, found.kind, found.keeps_inodes, found.read_only) == (
        fstype,
        kind,
        keeps_inodes,
        read_only,
    )


def test_what_is_mounted_anew_is_another_place() -> None:
    """The same share on the same folder gets a new number. Without numbers, the folder alone identifies it."""
    line = b"%d 1 0:50 / /mnt/nas rw - nfs4 nas:/export rw"
    [first], [second] = (parse_mountinfo(line % number) for number in (70, 71))
    assert first.mount.place != second.mount.place
    assert replace(first.mount, number=71).place == second.mount.place
    assert replace(first.mount, number=0).place == "/mnt/nas"


def entry(mount_id: int, parent_id: int, point: str) -> MountEntry:
    """A mount whose type identifies it."""
    mount = Mount(Path(point), f"type{mount_id}", MountKind.LOCAL, keeps_inodes=True, read_only=False)
    return MountEntry(mount_id, parent_id, mount)


def find_id(table: list[MountEntry], path: str) -> int | None:
    found = find_in(table, path)
    return int(found.fstype.removeprefix("type")) if found else None


points = st.lists(st.sampled_from(["a", "b"]), max_size=3).map(lambda parts: "/" + "/".join(parts))


@given(
    mounted=st.lists(points, max_size=8),
    path=points.map(lambda point: point.rstrip("/") + "/x"),
    data=st.data(),
)
def test_the_last_mount_over_a_path_is_the_one_that_is_seen(
    mounted: list[str], path: str, data: st.DataObject
) -> None:
    """Law: mounts are made one after another, each where its path led at that time. The last one over a path wins.

    The order of the lines does not matter, and a later mount higher up hides an earlier one below it.
    """
    table, numbers, expected = [entry(1, 0, "/")], count(2), 1
    for point in mounted:
        number = next(numbers)
        table.append(entry(number, find_id(table, point) or 0, point))
        if point == "/" or path.startswith(point + "/"):
            expected = number
    assert find_id(data.draw(st.permutations(table)), path) == expected


def test_a_path_outside_the_table_has_no_mount() -> None:
    """In a jail the table may lack the root. Then there is no answer."""
    assert find_in([entry(7, 3, "/srv")], "/home") is None
    assert find_in([], "/home") is None
    assert find_id([entry(7, 3, "/srv")], "/srv/x") == 7


MACOS = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect)
//ann@nas._smb._tcp.local/photos on /Volumes/photos on nas (smbfs, nodev, nosuid, mounted by ann)
https://cloud.example/dav on /Volumes/dav (webdav, nodev, noexec, nosuid, mounted by ann)
/dev/disk4s1 on /Volumes/STICK (msdos, local, nodev, nosuid, noowners)
rclone@macfuse0 on /Volumes/cloud (macfuse, nodev, nosuid, synchronous, mounted by ann)
"""


@pytest.mark.parametrize(
    ("path", "kind", "keeps_inodes", "read_only"),
    [
        ("/usr", MountKind.LOCAL, True, True),
        ("/System/Volumes/Data/Users/ann", MountKind.LOCAL, True, False),
        ("/Volumes/photos on nas/SD", MountKind.NETWORK, False, False),
        ("/Volumes/dav/SD", MountKind.WEBDAV, False, False),
        ("/Volumes/STICK/SD", MountKind.LOCAL, False, False),
        ("/Volumes/cloud/SD", MountKind.FUSE, False, False),
    ],
)
def test_what_macos_prints_is_understood(
    path: str, kind: MountKind, keeps_inodes: bool, read_only: bool
) -> None:
    """The lines of ``/sbin/mount``, as its manual page shows them."""
    found = find_in(parse_mount_output(MACOS), path)
    assert found is not None
    assert (found.kind, found.keeps_inodes, found.read_only) == (kind, keeps_inodes, read_only)


def test_this_machines_own_mounts_are_found(tmp_path: Path) -> None:
    """The real table is read. A path need not exist."""
    assert find_mount("/proc/self/anything").fstype == "proc"
    found = find_mount(tmp_path / "no" / "such" / "file")
    assert tmp_path.is_relative_to(found.mount_point)
    assert not found.read_only


def test_the_file_system_in_question_is_not_touched(tmp_path: Path) -> None:
    """No system call touches the path or anything below it, so a dead share cannot hang it."""
    inside = tmp_path / "folder"
    inside.mkdir()
    with supervisor() as runs:
        run = runs.run(Job((tmp_path,), (str(inside),), FIND), looking=True)
    assert (run.stdout.strip(), run.calls) == (str(find_mount(inside)), ())
