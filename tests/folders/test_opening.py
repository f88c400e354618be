"""Opening: regular files only, and reliable detection of changes."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from fault_kit.refusing_kernel import Refusal, call_refused
from strandline.errors import UnreadableFileError
from strandline.folders.opening import (
    is_dataless,
    is_unchanged,
    open_regular,
    read_some,
    stamp_of,
)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A file of ten bytes."""
    path = tmp_path / "picture.png"
    path.write_bytes(b"0123456789")
    return path


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)  # a socket's path must be short
        listener.bind(path.name)


def count_open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


ODD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "link": (lambda path: path.symlink_to("picture.png"), "a symbolic link"),
    "absolute link": (lambda path: path.symlink_to(path.parent / "picture.png"), "a symbolic link"),
    "dangling link": (lambda path: path.symlink_to("nowhere"), "a symbolic link"),
    "link to itself": (lambda path: path.symlink_to(path.name), "a symbolic link"),
    "link to a device": (lambda path: path.symlink_to("/dev/zero"), "a symbolic link"),
    "FIFO": (lambda path: os.mkfifo(path), "a FIFO"),
    "folder": (lambda path: path.mkdir(), "a folder"),
    "socket": (make_socket, "a socket"),
}


@pytest.mark.parametrize(("make", "kind"), ODD_FILES.values(), ids=ODD_FILES)
def test_what_is_no_regular_file_is_refused_by_its_name(
    picture: Path, make: Callable[[Path], object], kind: str
) -> None:
    """Links are never followed, a FIFO never blocks, and the error says what is there."""
    odd = picture.with_name("odd.png")
    make(odd)
    open_before = count_open_files()
    with pytest.raises(UnreadableFileError, match=kind) as refused:
        open_regular(odd)
    assert refused.value.facts == {"path": str(odd), "found": kind}
    assert count_open_files() == open_before


def test_a_device_is_refused() -> None:
    """Reading a device under an image's name would never end."""
    with pytest.raises(UnreadableFileError, match="a device"):
        open_regular("/dev/zero")


def test_what_is_not_there_is_no_fault(tmp_path: Path) -> None:
    """Only "no such file" says something about the file. It is passed on unchanged."""
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "nothing.png")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE])
def test_other_refusals_do_not_look_like_absence(picture: Path, number: int) -> None:
    """If a share is gone, a file is locked, or a disk fails, the file is unreadable now, not absent."""
    with pytest.raises(UnreadableFileError) as refused:
        call_refused([Refusal("openat", number)], lambda: open_regular(picture))
    assert refused.value.facts["errno"] == errno.errorcode[number]
    assert str(picture) in refused.value.message


def test_a_file_where_a_folder_should_be_is_not_absence(picture: Path) -> None:
    """If ``media`` is a file, the folder is at fault, and no image is missing."""
    with pytest.raises(UnreadableFileError):
        open_regular(picture / "x.png")


def test_an_open_file_knows_what_it_was(picture: Path) -> None:
    """Stamp and stat come from the descriptor. If inode numbers are not kept, the stamp has none."""
    found = picture.stat()
    with open_regular(picture) as opened:
        assert opened.stamp == stamp_of(found)
        assert (opened.stamp.size_bytes, opened.stamp.mtime_ns) == (10, found.st_mtime_ns)
        assert opened.stamp.inode == found.st_ino
        assert stat.S_ISREG(opened.stat.st_mode)
    with open_regular(picture, keeps_inodes=False) as opened:
        assert opened.stamp.inode == 0


def test_a_file_is_opened_within_an_open_folder(picture: Path, tmp_path: Path) -> None:
    """With a folder descriptor, renaming the folder meanwhile changes nothing."""
    folder_fd = os.open(tmp_path, os.O_RDONLY)
    try:
        moved = tmp_path.rename(tmp_path.with_name("moved"))
        with open_regular(picture.name, dir_fd=folder_fd) as opened:
            assert is_unchanged(opened, picture.name, dir_fd=folder_fd)
            assert not is_unchanged(opened, picture)
            assert is_unchanged(opened, moved / picture.name)
    finally:
        os.close(folder_fd)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def rewrite_with_equal_size(path: Path) -> None:
    path.write_bytes(b"9876543210")
    os.utime(path, ns=(0, 1_000))


def replace_with_equal_stamp(path: Path) -> None:
    found = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"9876543210")
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.rename(path)


def replace_with_link(path: Path) -> None:
    path.rename(path.with_name("real"))
    path.symlink_to("real")


CHANGES: dict[str, Callable[[Path], object]] = {
    "grows": append,
    "shrinks": lambda path: os.truncate(path, 3),
    "other bytes, other mtime": rewrite_with_equal_size,
    "another file with equal size and mtime": replace_with_equal_stamp,
    "a link to the same file": replace_with_link,
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_that_a_stat_shows_is_noticed(picture: Path, change: Callable[[Path], object]) -> None:
    """An open file no longer counts as what the path names once its stat, or the path's, differs."""
    with open_regular(picture) as opened:
        assert is_unchanged(opened, picture)
        change(picture)
        assert not is_unchanged(opened, picture)


def test_without_inode_numbers_size_and_time_decide(picture: Path) -> None:
    """If the same file has another number at each look, the number does not count."""
    with open_regular(picture, keeps_inodes=False) as opened:
        replace_with_equal_stamp(picture)
        assert is_unchanged(opened, picture)
        append(picture)
        assert not is_unchanged(opened, picture)


def test_without_inode_numbers_a_link_is_no_file(picture: Path) -> None:
    """Not even one with the size and time of the file."""
    with open_regular(picture, keeps_inodes=False) as opened:
        picture.unlink()
        picture.symlink_to("x" * opened.stamp.size_bytes)
        os.utime(picture, ns=(0, opened.stamp.mtime_ns), follow_symlinks=False)
        assert not is_unchanged(opened, picture)


def test_without_inode_numbers_the_open_file_counts_too(picture: Path) -> None:
    """The bytes come from the open file. If it changed, an identical file at the path does not help."""
    with open_regular(picture, keeps_inodes=False) as opened:
        replace_with_equal_stamp(picture)
        append(Path(f"/proc/self/fd/{opened.fd}"))
        assert not is_unchanged(opened, picture)


def test_new_permissions_are_no_change(picture: Path) -> None:
    """Sync clients set attributes after arrival (hazard H37). The bytes are the same."""
    with open_regular(picture) as opened:
        picture.chmod(0o400)
        assert is_unchanged(opened, picture)


def test_a_failing_disk_is_an_error_of_the_file(picture: Path) -> None:
    """EIO in the middle means "unreadable now", with the path."""
    with open_regular(picture) as opened, pytest.raises(UnreadableFileError, match="Input/output error"):
        call_refused([Refusal("read", errno.EIO)], lambda: read_some(opened, 10))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"st_flags": 0}, False),
        ({"st_flags": 0x40000000}, True),
        ({"st_flags": 0x40000020}, True),
        ({"st_flags": 0x20}, False),
        ({"st_file_attributes": 0x20}, False),
        ({"st_file_attributes": 0x400000 | 0x20}, True),
        ({"st_file_attributes": 0x40000}, True),
        ({"st_file_attributes": 0x1000}, True),
        ({"st_file_attributes": 0x400 | 0x80000 | 0x100000}, False),
    ],
)
def test_evicted_files_are_known_by_their_flags(fields: dict[str, int], expected: bool) -> None:
    """Hazard H20: dataless on macOS, recall or offline on Windows. A reparse point or a pin says nothing."""
    assert is_dataless(cast(os.stat_result, SimpleNamespace(**fields))) is expected


def test_an_ordinary_file_is_here(picture: Path) -> None:
    """The system's own stat of a file with bytes never counts as evicted."""
    assert not is_dataless(picture.stat())


def test_a_file_that_nobody_closes_keeps_no_descriptor(tmp_path: Path) -> None:
    """It is closed when nothing refers to it."""
    path = tmp_path / "file"
    path.write_bytes(b"x")
    opened = open_regular(path)
    fd = opened.fd
    os.fstat(fd)
    del opened
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)
