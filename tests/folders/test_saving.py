"""Saving whole: one contract for the three ways to write, on disks and kernels with different restrictions."""

from __future__ import annotations

import errno
import io
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.save_places import CASES, IN_MEMORY, NAME, ArrivingMeanwhile, Place, new_place, repeating
from fault_kit.refusing_kernel import LIKE_FUSE, NO_UNNAMED_FILES, Refusal
from strandline.errors import DiskError, DiskFullError, UnwritableFolderError
from strandline.folders import saving
from strandline.folders.opening import stamp_of
from strandline.folders.port import SaveMode
from strandline.folders.saving import ALL_WAYS
from strandline.folders.temporaries import TEMPORARY_NAME, Way


@pytest.fixture(params=[*CASES, *(f"{way}, in memory" for way in ALL_WAYS)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Each test runs on a disk, and for each way on a memory file system, too."""
    name, in_memory, _ = str(request.param).partition(", in memory")
    ways, kernel = CASES[name]
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if in_memory else tmp_path) as folder:
        yield replace(new_place(Path(folder)), ways=ways, kernel=kernel)


class TestContract:
    """What holds for every way on every file system."""

    def test_what_was_written_is_there(self, place: Place) -> None:
        """The bytes and their stamp are there, and no other name."""
        written = place.save(b"the bytes")
        path = place.media / NAME
        assert path.read_bytes() == b"the bytes"
        assert written.stamp == stamp_of(path.lstat())
        assert written.size_bytes == 9
        assert written.way in place.ways
        assert place.names() == {NAME}
        assert path.lstat().st_nlink == 1

    def test_a_stream_is_written_from_where_it_stands(self, place: Place) -> None:
        """Several pieces, from the current position; complete even if one way fails after writing all of it."""
        data = os.urandom(2_500_000)
        source = io.BytesIO(data)
        source.seek(17)
        place.save(source)
        assert (place.media / NAME).read_bytes() == data[17:]

    def test_a_new_file_obeys_the_umask(self, place: Place) -> None:
        """Its mode is that of any file of the user's programs."""
        old = os.umask(0o027)
        try:
            place.save(b"x")
        finally:
            os.umask(old)
        assert stat.S_IMODE((place.media / NAME).stat().st_mode) == 0o640

    @pytest.mark.parametrize(
        "occupy",
        [
            lambda path: path.write_bytes(b"first"),
            lambda path: path.mkdir(),
            lambda path: path.symlink_to("nowhere"),
        ],
        ids=["file", "folder", "broken link"],
    )
    def test_a_new_file_never_replaces(self, place: Place, occupy: Callable[[Path], object]) -> None:
        """An existing entry stays, and the attempt leaves nothing."""
        occupy(place.media / NAME)
        before = (place.media / NAME).lstat()
        with pytest.raises(FileExistsError):
            place.save(b"second")
        assert (place.media / NAME).lstat() == before
        assert place.names() == {NAME}

    def test_a_file_that_arrives_while_we_write_is_kept(self, place: Place) -> None:
        """The name was free at the first look but is taken at the last: the arrived file stays."""
        with pytest.raises(FileExistsError):
            place.save(ArrivingMeanwhile(place.media / NAME))
        assert (place.media / NAME).read_bytes() == b"arrived meanwhile"
        assert place.names() == {NAME}

    def test_replacing_is_one_step(self, place: Place) -> None:
        """Every reader gets all of one version. In the end the last version is there, alone."""
        versions = [bytes([number]) * 1_000_000 for number in range(8)]
        place.save(versions[0])

        def check_version() -> None:
            assert (place.media / NAME).read_bytes() in versions

        with repeating(check_version):
            for version in versions:
                written = place.save(version, mode=SaveMode.REPLACE)
                assert written.stamp == stamp_of((place.media / NAME).lstat())
        assert (place.media / NAME).read_bytes() == versions[-1]
        assert place.names() == {NAME}

    @pytest.mark.slow
    def test_nothing_half_written_is_ever_seen(self, place: Place) -> None:
        """Listings in a tight loop see whole files and, at most, hidden names."""
        data = os.urandom(3_000_000)
        others = set()

        def check_listing() -> None:
            for path in place.media.iterdir():
                if path.suffix == ".png":
                    assert path.read_bytes() == data
                else:
                    others.add(path.name)

        with repeating(check_listing):
            for number in range(6):
                place.save(data, f"{number}.png")
        assert all(TEMPORARY_NAME.fullmatch(name) for name in others)
        if Way.HIDDEN not in place.ways:
            assert not others

    def test_a_replacement_that_is_not_allowed_any_more_does_not_happen(self, place: Place) -> None:
        """The caller checks once more right before the rename. If the answer is no, the old bytes stay."""
        place.save(b"first")
        seen = []

        def look() -> bool:
            seen.append((place.media / NAME).read_bytes())
            return False

        with pytest.raises(FileExistsError):
            place.save(b"second", mode=SaveMode.REPLACE, allowed=look)
        assert seen == [b"first"]
        assert (place.media / NAME).read_bytes() == b"first"
        assert place.names() == {NAME}

    def test_replacing_needs_nothing_to_replace(self, place: Place) -> None:
        """If the wrong file has vanished meanwhile, the good bytes are still written."""
        place.save(b"good", mode=SaveMode.REPLACE, allowed=None)
        assert (place.media / NAME).read_bytes() == b"good"
        assert place.names() == {NAME}

    @pytest.mark.parametrize("mode", SaveMode)
    @pytest.mark.parametrize(
        ("call", "number", "kind"),
        [
            ("write", errno.ENOSPC, DiskFullError),
            ("write", errno.EDQUOT, DiskFullError),
            ("write", errno.EFBIG, DiskError),
            ("fsync", errno.EIO, DiskError),
        ],
    )
    def test_a_disk_that_refuses_leaves_nothing(
        self, place: Place, mode: SaveMode, call: str, number: int, kind: type[DiskError]
    ) -> None:
        """Full, over quota, or broken: a clear error, the old bytes unchanged, and no new name."""
        (place.media / "other.png").write_bytes(b"old")
        with pytest.raises(kind) as refused:
            place.refusing(Refusal(call, number)).save(
                b"bytes", "other.png" if mode is SaveMode.REPLACE else NAME, mode=mode
            )
        assert type(refused.value) is kind
        assert refused.value.facts["errno"] == errno.errorcode[number]
        assert place.names() == {"other.png"}
        assert (place.media / "other.png").read_bytes() == b"old"

    @pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
    def test_a_folder_that_takes_no_files_says_what_to_do(self, place: Place, number: int) -> None:
        """Read-only or forbidden: the error names the file and the remedy."""
        makes_files = Refusal("openat", number, argument=2, mask=os.O_CREAT | NO_UNNAMED_FILES.mask)
        refusing = replace(place, ways=(*place.ways, Way.HIDDEN)).refusing(makes_files)
        with pytest.raises(
            UnwritableFolderError, match=rf"{NAME}.*; (it is mounted read-only|give this user)"
        ):
            refusing.save(b"bytes")
        assert place.names() == set()


@pytest.mark.parametrize("case", [name for name, case in CASES.items() if case[1] != LIKE_FUSE])
def test_of_many_savers_one_creates(tmp_path: Path, case: str) -> None:
    """Eight at once under one name: one makes the file, the others learn that the name is taken."""
    ways, kernel = CASES[case]
    place = replace(new_place(tmp_path), ways=ways, kernel=kernel)
    start = threading.Barrier(8)

    def save(number: int) -> bytes | None:
        data = bytes([number]) * 10_000
        start.wait()
        try:
            place.save(data)
        except FileExistsError:
            return None
        return data

    with ThreadPoolExecutor(8) as pool:
        created = [data for data in pool.map(save, range(8)) if data]
    assert created == [(place.media / NAME).read_bytes()]
    assert place.names() == {NAME}


@settings(max_examples=20)
@given(data=st.binary(max_size=5_000), way=st.sampled_from(ALL_WAYS), mode=st.sampled_from(SaveMode))
def test_all_bytes_come_through(data: bytes, way: Way, mode: SaveMode) -> None:
    """Empty, odd, or all zeros: as bytes and as streams."""
    with tempfile.TemporaryDirectory() as folder:
        place = replace(new_place(Path(folder)), ways=(way,))
        place.save(data, "bytes.png", mode=mode)
        place.save(io.BytesIO(data), "stream.png", mode=mode)
        assert (place.media / "bytes.png").read_bytes() == (place.media / "stream.png").read_bytes() == data


class TestFullSync:
    """On macOS, the drive's own cache is flushed as well, if the file system can."""

    @pytest.mark.parametrize("number", [errno.ENOTSUP, errno.EINVAL, errno.ENOTTY])
    def test_a_file_system_without_it_gets_an_fsync(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        """SMB shares and macFUSE do not support it: the save succeeds with an fsync."""
        synced: list[int] = []

        def refuse(fd: int) -> None:
            raise OSError(number, os.strerror(number))

        fsync = os.fsync

        def note(fd: int) -> None:
            synced.append(stat.S_IFMT(os.fstat(fd).st_mode))
            fsync(fd)

        monkeypatch.setattr(saving, "_FULL_SYNC", refuse)
        monkeypatch.setattr(os, "fsync", note)
        place = new_place(tmp_path)
        place.save(b"the bytes")
        assert (place.media / NAME).read_bytes() == b"the bytes"
        assert stat.S_IFREG in synced

    def test_a_disk_that_fails_is_not_taken_for_one_without_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A disk error ends the save, because an fsync after it could falsely succeed."""

        def fail(fd: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(saving, "_FULL_SYNC", fail)
        with pytest.raises(DiskError):
            new_place(tmp_path).save(b"the bytes")
