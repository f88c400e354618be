"""A found image: its file is opened once, its bytes are checked at every read, and nothing leaks."""

from __future__ import annotations

import base64
import gc
import os
from pathlib import Path

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.opens import noting_opens
from builders.pictures import make_picture
from builders.scans import moves, scan
from builders.statements import count_statements
from builders.storage import id_of, name_of
from strandline.errors import ImageArrivingError
from strandline.folders.filesystems import Mount, MountKind
from strandline.folders.open_images import LocalOpenImage
from strandline.model.image_files import FileState
from strandline.services.finding.found_image import OpenImages
from strandline.services.finding.look_up import look_up
from strandline.services.finding.search import find_image

PICTURE = make_picture("png", seed=1)
ID, NAME = id_of(PICTURE), name_of(PICTURE)


def edit_in_place(path: Path) -> None:
    """Writes other bytes like tag editors that keep the file's times: size, mtime, and inode stay."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-20, os.SEEK_END)
        file.write(b"something else 7890\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (
        before.st_size, before.st_mtime_ns, before.st_ino,
    )  # fmt: skip


def test_an_edit_that_keeps_size_and_mtime_is_noticed_by_who_asks(machine: Machine) -> None:
    """No scan can detect it, but neither a path nor a byte of the image is given out (H29)."""
    one = machine.add("one")
    path = machine.put(one, PICTURE)
    machine.clock.pass_time(minutes=1)
    assert machine.get(ID).proven
    found_before = machine.get(ID)
    edit_in_place(path)
    assert moves(scan(machine, one)) == {}
    assert find_image(machine.bench, ID) is None
    for read in (found_before.read, lambda: found_before.read_piece(0, 10)):
        with pytest.raises(ImageArrivingError, match="has changed since"):
            read()
    assert look_up(machine.bench, ID).state is FileState.ARRIVING
    machine.add("other", PICTURE)
    assert machine.get(ID, one).read() == PICTURE


def test_a_changed_mode_costs_one_reading_and_no_event(machine: Machine) -> None:
    """A chmod, a new link, or an attribute moves the ctime: the bytes are read once more and are the same (H37)."""
    one = machine.add("one")
    path = machine.put(one, PICTURE)
    machine.clock.pass_time(minutes=1)
    machine.get(ID)
    path.chmod(0o600)
    events = machine.events()
    again = machine.get(ID)
    assert (again.read(), again.proven, isinstance(again.bytes_from, LocalOpenImage)) == (
        PICTURE,
        True,
        False,
    )
    assert isinstance(machine.get(ID).bytes_from, LocalOpenImage)
    assert machine.events() == events


def test_where_the_disk_keeps_no_ctimes_the_stamp_decides(machine: Machine) -> None:
    """The ctimes of a share are not real. A proof that relied on them would read every file each time."""
    share = Mount(machine.folder, "nfs4", MountKind.NETWORK, keeps_inodes=True, read_only=False)
    machine.bench.find_mount = lambda _path: share
    path = machine.put(machine.add("share"), PICTURE)
    machine.clock.pass_time(minutes=1)
    machine.get(ID)
    path.chmod(0o600)
    assert isinstance(machine.get(ID).bytes_from, LocalOpenImage)


def count_open_files() -> int:
    """Files in the test's folder that this process has open."""
    links = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    return sum(link.endswith(".png") for link in links)


def count_bytes_read() -> int:
    """Bytes that this process has read by system calls so far, without reading the counter itself."""
    with open("/proc/self/io", "rb") as table:
        return int(table.readline().split()[1])


class TestFoundImage:
    """A found image does not change."""

    def test_it_opens_its_file_once_and_reads_the_identity_once(self, machine: Machine) -> None:
        """A proven image costs three statements. Its bytes come from the file that was opened to find it."""
        one = machine.add("one", PICTURE)
        machine.clock.pass_time(minutes=1)
        machine.get(ID)
        with noting_opens(Path(one.path)) as of_root, noting_opens(machine.media(one)) as of_media:
            statements = count_statements(machine.bench, lambda: machine.get(ID).read())
            assert [name for name in of_root() if name != "media"] == ["SD_ID"]
            assert of_media() == [NAME]
        assert statements <= 3

    def test_it_can_be_used_in_a_with_block(self, machine: Machine) -> None:
        """The file is closed at its end. If bytes are requested later, they are found again."""
        machine.add("one", PICTURE)
        machine.clock.pass_time(minutes=1)
        machine.get(ID)
        open_before = count_open_files()
        with machine.get(ID) as found:
            assert count_open_files() == open_before + 1
            assert found.read_piece(3, 5) == PICTURE[3:8]
        assert count_open_files() == open_before
        assert found.read() == PICTURE

    def test_a_change_while_it_is_sent_costs_one_more_reading(self, machine: Machine) -> None:
        """Not once per piece: after a chmod during a download, the file is read once more, and sending continues."""
        path = machine.put(machine.add("one"), PICTURE)
        machine.clock.pass_time(minutes=1)
        machine.get(ID)
        with machine.get(ID) as found:
            pieces = [found.read_piece(0, 1)]
            path.chmod(0o600)
            before = count_bytes_read()
            pieces += [found.read_piece(offset, 1) for offset in range(1, len(PICTURE))]
            assert count_bytes_read() - before < 2 * len(PICTURE)
        assert b"".join(pieces) == PICTURE

    def test_nothing_is_leaked_if_nobody_closes_it(self, machine: Machine) -> None:
        """Its descriptor is closed with it."""
        machine.add("one", PICTURE)
        machine.clock.pass_time(minutes=1)
        machine.get(ID)
        open_before = count_open_files()
        for _ in range(5):
            machine.get(ID)
        gc.collect()
        assert count_open_files() == open_before

    def test_many_of_them_do_not_use_up_the_files_of_a_process(self, machine: Machine) -> None:
        """The oldest are closed, and find their bytes again when asked."""
        machine.add("one", PICTURE)
        machine.clock.pass_time(minutes=1)
        machine.get(ID)
        open_images, open_before = OpenImages(max_open=3), count_open_files()
        kept = [open_images.add(machine.get(ID)) for _ in range(10)]
        assert count_open_files() == open_before + 3
        assert {found.read() for found in kept} == {PICTURE}

    def test_its_bytes_come_in_three_forms(self, machine: Machine) -> None:
        """All at once, as a stream, or as a URL, any number of times."""
        machine.add("one", PICTURE)
        machine.clock.pass_time(minutes=1)
        for _ in range(2):  # the first read proves it, later ones rely on that
            found = machine.get(ID)
            assert found.read() == found.read() == PICTURE
            with found.open() as stream:
                assert stream.read() == PICTURE
            head, _, body = found.data_url().partition(",")
            assert head == "data:image/png;base64"
            assert base64.b64decode(body) == PICTURE

    def test_bytes_that_went_bad_are_not_handed_out(self, machine: Machine) -> None:
        """The file was good and trusted when it was found, but was cut before it was read."""
        one = machine.add("one", PICTURE)
        machine.clock.pass_time(minutes=1)
        machine.get(ID)
        relied_on = machine.get(ID)
        machine.put(one, PICTURE[:-5], NAME)
        with pytest.raises(ImageArrivingError, match="has changed since"):
            relied_on.read()

    def test_bytes_that_went_bad_come_from_another_sd(self, machine: Machine) -> None:
        """The bytes are the same, so it makes no difference."""
        one = machine.add("one", PICTURE)
        machine.clock.pass_time(minutes=1)
        machine.get(ID)
        relied_on = machine.get(ID)
        machine.put(one, PICTURE[:-5], NAME)
        machine.add("other", PICTURE)
        assert relied_on.read() == PICTURE

    def test_a_legacy_image_that_was_replaced_is_not_mixed_up(self, machine: Machine) -> None:
        """Other whole bytes under the id are another image: type, size, and hash would be wrong."""
        one = machine.add("one")
        machine.put(one, PICTURE, f"{LEGACY_ID}.png")
        machine.clock.pass_time(minutes=1)
        machine.get(LEGACY_ID)
        relied_on = machine.get(LEGACY_ID)
        machine.put(one, make_picture("gif", seed=2), f"{LEGACY_ID}.png")
        with pytest.raises(ImageArrivingError):
            relied_on.read()
        assert machine.get(LEGACY_ID).media_type == "image/gif"

    def test_a_repr_shows_no_bytes(self, machine: Machine) -> None:
        """It would end up in logs."""
        machine.add("one", PICTURE)
        assert "PNG" not in repr(machine.get(ID))
        assert "lend_copy" not in repr(machine.get(ID))
