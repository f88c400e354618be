"""The kind of file system that a path is on, found without touching that file system.

A dead share hangs every thread that looks at it, so the question "is this a share?" must not look. On Linux the
kernel's own table (``/proc/self/mountinfo``) answers from memory. What surprises: the longest matching mount point is
not always the right one, because a later mount on a parent folder hides it. So the table is walked like the kernel
walks a path. macOS asks ``/sbin/mount`` and Windows ``GetDriveType``; nobody has run those yet.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from strandline.model.values import dataclass

_FRESH_FOR_S = 3.0
"""How late a new mount is noticed. Reading the table costs a tenth of a millisecond, and more on a busy server."""


class MountKind(StrEnum):
    """What is allowed on a file system without a request by a person (SPEC §6)."""

    LOCAL = "local"
    """A disk or memory: reading is cheap, and changes are reported."""
    NETWORK = "network"
    """NFS, SMB, and similar: it may hang, and other machines' changes are not reported."""
    FUSE = "fuse"
    """A program serves it, usually for a cloud: reading may download."""
    WEBDAV = "webdav"
    """Like FUSE, over HTTP."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system."""

    mount_point: Path
    fstype: str
    """The system's name for it: ``ext4``, ``nfs4``, ``fuse.rclone``."""
    kind: MountKind
    keeps_inodes: bool
    """A file keeps its inode number for as long as it exists, also across remounts."""
    read_only: bool
    number: int = 0
    """The system's number, which is not reused while a call hangs in the mount; 0 if there is none."""

    @property
    def keeps_ctimes(self) -> bool:
        """True for local POSIX disks: a file's ``ctime`` moves with every change of the file, and nobody can set
        it back.
        """
        return self.kind is MountKind.LOCAL and self.keeps_inodes and sys.platform != "win32"

    @property
    def place(self) -> str:
        """The key under which hanging calls are counted. A later mount here is another place, and is tried at
        once.
        """
        return f"{self.mount_point} (mount {self.number})" if self.number else str(self.mount_point)


@dataclass(frozen=True, slots=True)
class MountEntry:
    """A mount, and its position in the tree of mounts."""

    mount_id: int
    parent_id: int
    mount: Mount


# fmt: off
_NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "ncpfs", "9p", "afs", "auristorfs", "coda",
    "ceph", "glusterfs", "lustre", "gpfs", "beegfs", "pvfs2", "orangefs", "ocfs2", "gfs2",
    "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "autofs",
})
"""Shares, cluster file systems, and folders shared with a virtual machine's host. autofs may mount any of them."""
# fmt: on
_WEBDAV = frozenset({"davfs", "davfs2", "webdav", "fuse.davfs", "fuse.davfs2"})
_FUSE_DISK = frozenset({"fuseblk"})
"""FUSE for a disk of this machine (ntfs-3g): as fast as a local disk, with made-up inode numbers."""
_FUSE_NAMES = ("fuse", "osxfuse", "macfuse")
# fmt: off
_NO_INODES = frozenset({
    "vfat", "msdos", "exfat", "fat",
    "cifs", "smb3", "smbfs", "afpfs", "ncpfs", "9p", "vboxsf", "vmhgfs", "prl_fs", "autofs",
})
"""They make up a number when a file is first looked at. After a remount, the same file has another one (SPEC §6)."""
# fmt: on


def find_mount(path: Path | str) -> Mount:
    """The file system of the path. Never accesses the path. About 10 µs while the cached table is fresh (3 s).

    Args:
        path: A path without links in it (resolve it once, when the storage directory is added). Links are not
            followed, because that would need an access. Need not exist.
    """
    absolute = os.path.abspath(path)
    if sys.platform == "win32":
        return _ask_windows(absolute)
    return find_in(_TABLE.entries(), absolute) or _UNKNOWN


def find_in(entries: Iterable[MountEntry], path: str) -> Mount | None:
    """The mount at the end of a walk along the path, or None if the table does not cover the path.

    Law: a mount hides earlier mounts below its mount point, as in the kernel. The walk starts at the mounts whose
    parent is not in the table, and always crosses the first mount point that it reaches.
    """
    covering = [entry for entry in entries if _covers(entry.mount.mount_point, path)]
    known = {entry.mount_id for entry in covering}
    reachable = [
        entry for entry in covering if entry.parent_id not in known or entry.parent_id == entry.mount_id
    ]
    found: MountEntry | None = None
    while reachable:
        found = min(reachable, key=lambda entry: len(str(entry.mount.mount_point)))
        reachable = [
            entry
            for entry in covering
            if entry.parent_id == found.mount_id and entry.mount_id != found.mount_id
        ]
    return found.mount if found else None


def parse_mountinfo(table: bytes) -> tuple[MountEntry, ...]:
    """The lines of ``/proc/self/mountinfo`` (proc(5)). Lines of another form are skipped."""
    return tuple(entry for line in table.splitlines() if (entry := _parse_line(line)))


def parse_mount_output(text: str) -> tuple[MountEntry, ...]:
    """The lines that macOS's ``mount`` prints: ``SOURCE on POINT (TYPE, OPTION, …)``, as a tree by depth."""
    lines = re.findall(r"^(.+?) on (/.*) \(([^()]*)\)$", text, re.MULTILINE)
    mounts = [
        _mount(point, options[0], source, "read-only" in options)
        for source, point, words in lines
        if (options := words.split(", "))
    ]
    by_depth = sorted(mounts, key=lambda mount: len(mount.mount_point.parts))
    return tuple(
        MountEntry(number, _parent_number(by_depth, number), mount) for number, mount in enumerate(by_depth)
    )


def _parent_number(by_depth: list[Mount], number: int) -> int:
    point = str(by_depth[number].mount_point)
    above = (i for i in range(number - 1, -1, -1) if _covers(by_depth[i].mount_point, point))
    return next(above, -1)


def _parse_line(line: bytes) -> MountEntry | None:
    """``ID PARENT DEVICE ROOT POINT OPTIONS [TAG…] - TYPE SOURCE SUPEROPTIONS``."""
    fields, _, rest = line.partition(b" - ")
    head, tail = fields.split(b" "), rest.split(b" ")
    if len(head) < 6 or len(tail) < 3:
        return None
    options = head[5].split(b",") + tail[2].split(b",")
    number = int(head[0])
    mount = _mount(_unescape(head[4]), _unescape(tail[0]), _unescape(tail[1]), b"ro" in options, number)
    return MountEntry(number, int(head[1]), mount)


def _unescape(field: bytes) -> str:
    r"""Spaces, newlines, and backslashes are written as ``\040``, ``\012``, ``\134``."""
    return os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8) & 0xFF]), field))


def _mount(mount_point: str, fstype: str, source: str, read_only: bool, number: int = 0) -> Mount:
    kind = _kind_of(fstype, source)
    keeps_inodes = kind in (MountKind.LOCAL, MountKind.NETWORK) and fstype not in _NO_INODES | _FUSE_DISK
    return Mount(Path(mount_point), fstype, kind, keeps_inodes, read_only, number)


def _kind_of(fstype: str, source: str) -> MountKind:
    family = fstype.partition(".")[0]
    # davfs2 mounts as plain "fuse"; only its source shows what it is.
    if fstype in _WEBDAV or (family in _FUSE_NAMES and source.startswith(("http://", "https://"))):
        return MountKind.WEBDAV
    if family in _FUSE_NAMES or family.startswith("fusefs"):
        return MountKind.FUSE
    return MountKind.NETWORK if fstype in _NETWORK else MountKind.LOCAL


def _covers(mount_point: Path, path: str) -> bool:
    point = str(mount_point)
    return point == "/" or path == point or path.startswith(point + "/")


_UNKNOWN = Mount(Path("/"), "unknown", MountKind.LOCAL, keeps_inodes=True, read_only=False)
"""If the system tells nothing (no /proc), assume a plain disk, as almost all are."""


class _Table:
    """The mounts of this machine, read again every few seconds. Thread-safe: the pair is replaced as a whole."""

    def __init__(self) -> None:
        self._known: tuple[float, tuple[MountEntry, ...]] | None = None

    def entries(self) -> tuple[MountEntry, ...]:
        known, now_s = self._known, time.monotonic()
        if known is None or now_s - known[0] > _FRESH_FOR_S:
            known = self._known = (now_s, _list_mounts())
        return known[1]


_TABLE = _Table()


def _list_mounts() -> tuple[MountEntry, ...]:
    return _ask_linux() if sys.platform == "linux" else _ask_macos()


def _ask_linux() -> tuple[MountEntry, ...]:
    try:
        return parse_mountinfo(Path("/proc/self/mountinfo").read_bytes())
    except OSError:
        return ()


def _ask_macos() -> tuple[MountEntry, ...]:
    import subprocess  # here: it costs 4 ms

    try:
        output = subprocess.run(["/sbin/mount"], capture_output=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return parse_mount_output(os.fsdecode(output))


def _ask_windows(path: str) -> Mount:
    """Listings have no inode numbers there (SPEC §6), so none are kept."""
    drive = os.path.splitdrive(path)[0]
    kind = MountKind.LOCAL
    if sys.platform == "win32":
        import ctypes

        drive_remote = 4
        if drive.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(drive + "\\") == drive_remote:
            kind = MountKind.NETWORK
    return Mount(Path(drive + "\\"), "windows", kind, keeps_inodes=False, read_only=False)
