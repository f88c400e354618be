"""The media folder: listed by descriptor, one lstat per file, whatever other machines have put there."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from fault_kit.refusing_kernel import Refusal, call_refused
from fault_kit.traced import trace_calls
from strandline.folders.media_folder import (
    find_folder_mtime_ns,
    find_spellings,
    iter_names,
    look_again,
    probe_names,
)
from strandline.folders.media_listing import list_media_folder
from strandline.folders.opening import stamp_of
from strandline.model.listing import OddEntry, OddKind

NAMES = ("a.png", "b:c.png", "new\nline.png", os.fsdecode(b"\xff.png"), "ü.png", " ", "x" * 255)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A storage directory with an empty media folder."""
    (tmp_path / "media").mkdir()
    return tmp_path


def listed(root: Path, *, keeps_inodes: bool = True) -> tuple[set[str], list[OddEntry]]:
    """The lines and the odd entries."""
    listing = list_media_folder(root, keeps_inodes=keeps_inodes, comparing=True)
    return set(listing.lines), listing.odd


@pytest.mark.parametrize("comparing", [True, False])
def test_each_regular_file_is_one_line_of_its_lstat(root: Path, comparing: bool) -> None:
    """Name, size, mtime, and inode, for any name that the disk accepts."""
    for size, name in enumerate(NAMES):
        (root / "media" / name).write_bytes(b"x" * size)
    expected = {
        f"{name}:{stamp_of((root / 'media' / name).lstat()).as_text()}"
        for name in NAMES  # a colon or a newline in a name does not add a line
    }
    listing = list_media_folder(root, keeps_inodes=True, comparing=comparing)
    assert isinstance(listing.lines, set if comparing else list)
    assert set(listing.lines) == expected
    assert len(listing.lines) == len(NAMES)
    assert (listing.odd, listing.total_bytes) == ([], sum(range(len(NAMES))))


def test_inodes_are_left_out_where_the_disk_does_not_keep_them(root: Path) -> None:
    """Otherwise every file would look changed after each remount."""
    (root / "media" / "a.png").write_bytes(b"x")
    (line,) = listed(root, keeps_inodes=False)[0]
    assert line.endswith(":0")


def make_fifo(path: Path) -> None:
    """A FIFO, which would block a reader."""
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    """A socket's name."""
    with socket.socket(socket.AF_UNIX) as sock:
        here = os.getcwd()
        os.chdir(path.parent)
        try:
            sock.bind(path.name)
        finally:
            os.chdir(here)


ODD: dict[str, tuple[Callable[[Path], object], OddKind]] = {
    "link to a file": (lambda path: path.symlink_to("/etc/hostname"), OddKind.SYMLINK),
    "dangling link": (lambda path: path.symlink_to("nowhere"), OddKind.SYMLINK),
    "link to itself": (lambda path: path.symlink_to(path.name), OddKind.SYMLINK),
    "folder": (lambda path: path.mkdir(), OddKind.FOLDER),
    "FIFO": (make_fifo, OddKind.SPECIAL),
    "socket": (make_socket, OddKind.SPECIAL),
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_no_regular_file_is_odd_and_never_followed(root: Path, what: str) -> None:
    """A link, folder, FIFO, or socket is listed as such, without a line, whatever its name."""
    make, kind = ODD[what]
    make(root / "media" / "a.png")
    assert listed(root) == (set(), [OddEntry("a.png", kind)])
    assert probe_names(root, ["a.png"], keeps_inodes=True) == []
    assert look_again(root, ["a.png"], keeps_inodes=True) == {"a.png": None}


def test_a_subfolder_is_not_entered(root: Path) -> None:
    """Folders of old versions contain real images (H35)."""
    (root / "media" / ".stversions").mkdir()
    (root / "media" / ".stversions" / "a.png").write_bytes(b"x")
    assert listed(root) == (set(), [OddEntry(".stversions", OddKind.FOLDER)])


def test_listing_opens_nothing_but_the_folder(root: Path) -> None:
    """One descriptor for the folder, one lstat per file, no byte read (I24)."""
    for name in ("a.png", "b.png"):
        (root / "media" / name).write_bytes(b"x")
    code = """
from strandline.folders.media_listing import list_media_folder
list_media_folder(sys.argv[1], keeps_inodes=True, comparing=True)
begin(); list_media_folder(sys.argv[1], keeps_inodes=True, comparing=True); end()
"""
    calls = trace_calls(
        code, root, calls="open,openat,openat2,read,pread64,readlink,newfstatat,statx,lstat,stat"
    )
    opened = [call for call in calls if call.startswith("open")]
    assert len(opened) == 1
    assert "O_NOFOLLOW" in opened[0]
    assert "O_DIRECTORY" in opened[0]
    assert not [call for call in calls if call.startswith(("read", "pread"))]
    looked_at = [call for call in calls if ".png" in call]
    assert len(looked_at) == 2
    assert all("AT_SYMLINK_NOFOLLOW" in call for call in looked_at)


MEDIA: dict[str, tuple[Callable[[Path], object], type[OSError]]] = {
    "nothing": (lambda _path: None, FileNotFoundError),
    "a file": (lambda path: path.write_text(""), NotADirectoryError),
    "a FIFO": (make_fifo, NotADirectoryError),
    "a link to a folder": (lambda path: path.symlink_to("/tmp"), OSError),
    "a dangling link": (lambda path: path.symlink_to("nowhere"), OSError),
}


@pytest.mark.parametrize("what", MEDIA)
def test_a_media_folder_that_is_none_is_an_error_and_holds_nothing(tmp_path: Path, what: str) -> None:
    """Nothing is concluded from it. A link is never followed, wherever it leads."""
    make, error = MEDIA[what]
    make(tmp_path / "media")
    with pytest.raises(error):
        list_media_folder(tmp_path, keeps_inodes=True, comparing=True)
    with pytest.raises(error):
        list(iter_names(tmp_path))
    assert probe_names(tmp_path, ["a.png"], keeps_inodes=True) == []
    assert find_folder_mtime_ns(tmp_path) is None


def test_without_a_media_folder_every_file_is_gone(tmp_path: Path) -> None:
    """The absence is known; whether to believe it is decided elsewhere."""
    assert look_again(tmp_path, ["a.png", "b.png"], keeps_inodes=True) == {"a.png": None, "b.png": None}


def test_behind_a_linked_media_folder_nothing_is_known_of_any_file(tmp_path: Path) -> None:
    """They count neither as present nor as gone."""
    (tmp_path / "media").symlink_to("/tmp")
    assert look_again(tmp_path, ["a.png"], keeps_inodes=True) == {}


LSTAT_FAILS = tuple(Refusal(call, errno.EIO) for call in ("newfstatat", "statx", "lstat", "stat"))


def test_a_file_that_the_system_refuses_to_describe_is_odd_and_not_gone(root: Path) -> None:
    """Only "no such file" says something about the file (H19, I25)."""
    (root / "media" / "a.png").write_bytes(b"x")
    assert call_refused(LSTAT_FAILS, lambda: look_again(root, ["a.png"], keeps_inodes=True)) == {}
    with pytest.raises(OSError, match="Input/output error"):
        call_refused(LSTAT_FAILS, lambda: probe_names(root, ["a.png"], keeps_inodes=True))


def test_a_folder_that_breaks_off_is_an_error(root: Path) -> None:
    """An incomplete listing is an error."""
    (root / "media" / "a.png").write_bytes(b"x")
    with pytest.raises(OSError, match="Input/output error"):
        call_refused([Refusal("getdents64", errno.EIO)], lambda: listed(root))


def test_progress_is_told_now_and_then(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reports the number of files so far."""
    monkeypatch.setattr("strandline.folders.media_listing.PROGRESS_EVERY", 3)
    for number in range(8):
        (root / "media" / f"{number}").touch()
    told: list[int] = []
    list_media_folder(root, keeps_inodes=True, comparing=False, on_progress=told.append)
    assert told == [3, 6]


def test_probing_finds_regular_files_in_the_order_that_was_asked(root: Path) -> None:
    """They have the stamps that a listing would give. Names without a file are omitted."""
    for name in ("a.png", "b.png"):
        (root / "media" / name).write_bytes(b"x")
    (root / "media" / "c.png").mkdir()
    found = probe_names(root, ["b.png", "missing.png", "c.png", "a.png"], keeps_inodes=True)
    assert found == [(name, stamp_of((root / "media" / name).lstat())) for name in ("b.png", "a.png")]
    assert look_again(root, ["a.png", "z"], keeps_inodes=False) == {
        "a.png": stamp_of((root / "media" / "a.png").lstat(), keeps_inodes=False), "z": None,
    }  # fmt: skip


def test_all_names_are_told_whatever_they_are(root: Path) -> None:
    """Files, folders, and links alike."""
    for name in NAMES:
        (root / "media" / name).touch()
    (root / "media" / "folder").mkdir()
    assert set(iter_names(root)) == {*NAMES, "folder"}


def test_where_letter_case_counts_each_found_name_is_its_own_spelling(root: Path) -> None:
    """Two files whose names differ only in case stay two files, whatever a listing showed."""
    names = ["a1.png", "a1.PNG"]
    for name in names:
        (root / "media" / name).touch()
    assert find_spellings(root, names, ["a1.PNG"]) == names
    assert find_spellings(root, names, []) == names
    assert find_spellings(root, [], []) == []


@pytest.mark.parametrize(
    ("listed", "spelled"), [([], "a1.png"), (["A1.Png"], "A1.Png"), (["a1.pnG"], "a1.pnG")]
)
def test_where_letter_case_is_folded_a_name_is_spelled_as_it_was_listed(
    root: Path, listed: list[str], spelled: str
) -> None:
    """Otherwise one file would have two rows, and one of them would soon be missing.

    Here links make every spelling lead to the file, as on a disk that folds case. ``trials/mounts`` has real ones.
    """
    (root / "media" / "a1.png").touch()
    for extension in ("PNG", "Png", "pNg", "pnG", "PNg", "PnG", "pNG"):
        os.link(root / "media" / "a1.png", root / "media" / f"a1.{extension}")
    assert find_spellings(root, ["a1.png", "a1.PNG"], listed) == [spelled]
