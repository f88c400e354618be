"""Proof copies: the hashed bytes are the bytes that are returned."""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.pictures import make_picture
from fault_kit.refusing_kernel import Refusal, call_refused
from strandline.errors import DiskFullError, ImageTooLargeError, UnreadableFileError
from strandline.folders.opening import open_regular
from strandline.folders.proof_copies import ProofCopy, copy_bytes, read_proof_copy
from strandline.model import structure
from strandline.model.media_types import MediaType, find_media_type_by_extension
from strandline.model.structure import Structure, walk_structure

IN_MEMORY, IN_A_FILE = 1_000_000, 0
"""Values of ``max_memory_bytes`` that choose where small test files go."""
BOTH = pytest.mark.parametrize("max_memory_bytes", [IN_MEMORY, IN_A_FILE])


def copy_of(path: Path, **options: int) -> ProofCopy:
    with open_regular(path) as opened:
        return read_proof_copy(opened, scratch=path.parent, **options)


@given(data=st.binary(max_size=3_000), max_memory_bytes=st.integers(0, 3_000))
def test_a_copy_is_the_file(data: bytes, max_memory_bytes: int) -> None:
    """In memory or in a file, every way to read gives the same bytes, and the hash matches."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.png"
        path.write_bytes(data)
        with copy_of(path, max_memory_bytes=max_memory_bytes) as copy:
            assert copy.buffer[:] == copy.read() == copy.open().read() == data
            assert copy.sha256 == hashlib.sha256(data).hexdigest()
            assert copy.size_bytes == len(copy.buffer) == len(data)
            assert not copy.changed_while_read
        assert list(Path(folder).iterdir()) == [path]


def test_the_structure_is_walked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first who asks pays for it. As another type, the bytes are walked again."""
    walked: list[str] = []

    def walk(data: bytes | mmap.mmap, media_type: MediaType) -> Structure:
        walked.append(media_type.name)
        return walk_structure(data, media_type)

    monkeypatch.setattr(structure, "walk_structure", walk)
    (tmp_path / "x.png").write_bytes(make_picture("png"))
    with copy_of(tmp_path / "x.png") as copy:
        png, jpeg = (find_media_type_by_extension(extension) for extension in ("png", "jpg"))
        assert png is not None
        assert jpeg is not None
        assert [copy.find_structure(each).whole for each in (png, png, jpeg, png)] == [
            True,
            True,
            False,
            True,
        ]
    assert walked == [png.name, jpeg.name]


def test_a_large_copy_is_walked_while_a_disk_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a thread of its own, once. A small one is walked by who asks."""
    walkers: list[bool] = []

    def walk(data: bytes | mmap.mmap, media_type: MediaType) -> Structure:
        walkers.append(threading.current_thread() is threading.main_thread())
        return walk_structure(data, media_type)

    monkeypatch.setattr(structure, "walk_structure", walk)
    png = find_media_type_by_extension("png")
    assert png is not None
    picture = make_picture("png")
    for data in (picture + bytes(600_000), picture):
        copy = copy_bytes(data)
        with copy.walked_meanwhile(png):
            pass
        assert copy.find_structure(png).whole
    assert walkers == [False, True]


def test_large_files_are_read_in_pieces(tmp_path: Path) -> None:
    """Several megabytes through the unnamed temporary file are unchanged."""
    data = os.urandom(3_500_001)
    (tmp_path / "x.png").write_bytes(data)
    with copy_of(tmp_path / "x.png", max_memory_bytes=1_000_000) as copy:
        assert copy.read() == data
        assert copy.sha256 == hashlib.sha256(data).hexdigest()


@BOTH
def test_readers_do_not_disturb_each_other(tmp_path: Path, max_memory_bytes: int) -> None:
    """Each file object has its own position, can seek, and survives the closing of the copy."""
    (tmp_path / "x.png").write_bytes(b"0123456789")
    copy = copy_of(tmp_path / "x.png", max_memory_bytes=max_memory_bytes)
    with copy.open() as first, copy.open() as second:
        assert first.read(4) == b"0123"
        assert second.read(2) == b"01"
        assert first.seek(-1, os.SEEK_END) == 9
        assert first.read() == b"9"
        copy.close()
        assert second.read() == b"23456789"
        assert second.seek(5) == 5
        assert (second.seek(1, os.SEEK_CUR), second.tell(), second.read()) == (6, 6, b"6789")
        with pytest.raises(ValueError, match="negative"):
            second.seek(-1)
    with pytest.raises(ValueError, match="closed"):
        copy.read()


@BOTH
def test_what_happens_to_the_file_later_does_not_reach_the_copy(
    tmp_path: Path, max_memory_bytes: int
) -> None:
    """If the file is overwritten and cut after the proof, the copy still gives the proven bytes."""
    path = tmp_path / "x.png"
    path.write_bytes(b"good bytes")
    with copy_of(path, max_memory_bytes=max_memory_bytes) as copy:
        with path.open("r+b") as file:
            file.write(b"evil")
        os.truncate(path, 2)
        assert copy.read() == b"good bytes"


@BOTH
@pytest.mark.parametrize(
    ("later", "seen"),
    [(b"0123456789abcdef", b"0123456789a"), (b"0123", b"0123"), (b"", b""), (b"98765", b"98765")],
    ids=["grew", "shrank", "emptied", "rewritten"],
)
def test_a_file_that_changes_under_the_reader_proves_nothing(
    tmp_path: Path, max_memory_bytes: int, later: bytes, seen: bytes
) -> None:
    """No exception and no endless reading (at most one byte beyond the size): the copy says that the file changed."""
    path = tmp_path / "x.png"
    path.write_bytes(b"0123456789")
    with open_regular(path) as opened:
        path.write_bytes(later)
        with read_proof_copy(opened, max_memory_bytes=max_memory_bytes, scratch=tmp_path) as copy:
            assert copy.changed_while_read
            assert copy.read() == seen
            assert copy.sha256 == hashlib.sha256(seen).hexdigest()
            assert copy.stamp == opened.stamp


def test_equal_size_and_other_time_is_a_change(tmp_path: Path) -> None:
    """A rewrite of equal length is detected by the mtime."""
    path = tmp_path / "x.png"
    path.write_bytes(b"0123456789")
    os.utime(path, ns=(0, 0))
    with open_regular(path) as opened:
        path.write_bytes(b"9876543210")
        assert read_proof_copy(opened).changed_while_read


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """A hole of 10 GB costs nothing: the limit is checked first."""
    path = tmp_path / "x.png"
    path.touch()
    os.truncate(path, 10 * 1024**3)
    with pytest.raises(ImageTooLargeError, match="2,147,483,648"):
        copy_of(path)
    with pytest.raises(ImageTooLargeError):
        copy_of(path, limit_bytes=10 * 1024**3 - 1)


@BOTH
def test_a_failing_disk_is_an_error_of_the_file(tmp_path: Path, max_memory_bytes: int) -> None:
    """The error names the file, not the temporary."""
    path = tmp_path / "x.png"
    path.write_bytes(b"0123456789")
    with pytest.raises(UnreadableFileError, match=r"x\.png"):
        call_refused([Refusal("read", errno.EIO)], lambda: copy_of(path, max_memory_bytes=max_memory_bytes))


def test_a_full_scratch_is_no_error_of_the_file(tmp_path: Path) -> None:
    """If there is no room for the temporary copy, the disk-full error names the scratch folder."""
    path = tmp_path / "x.png"
    path.write_bytes(b"0123456789")
    with pytest.raises(DiskFullError) as refused:
        call_refused([Refusal("write", errno.ENOSPC)], lambda: copy_of(path, max_memory_bytes=IN_A_FILE))
    assert refused.value.facts["path"] == str(tmp_path)
