"""Files are copied and moved into the trash: on one disk, and between two. What changes meanwhile stays."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from builders.save_places import IN_MEMORY, repeating
from fault_kit.refusing_kernel import NO_RENAME_FLAGS, Refusal, call_refused
from strandline.errors import RefusedError, UnreadableFileError
from strandline.folders.opening import stamp_of
from strandline.folders.setting_aside import AsideCopy, copy_aside, move_aside

DATA = b"some bytes"


def fine(_: AsideCopy) -> None:
    """Lets everything go."""


@pytest.fixture
def sd(tmp_path: Path) -> Path:
    """A folder with one file."""
    folder = tmp_path / "sd"
    folder.mkdir()
    (folder / "x.png").write_bytes(DATA)
    return folder


@pytest.fixture(params=["one disk", "two disks", "one disk, like FUSE"])
def trash(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder on the same disk as :func:`sd`, or on another one."""
    if request.param != "two disks":
        (tmp_path / "trash").mkdir()
        yield tmp_path / "trash"
        return
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as elsewhere:
        yield Path(elsewhere)


@pytest.fixture
def kernel(request: pytest.FixtureRequest) -> tuple[Refusal, ...]:
    """What the system refuses."""
    name = request.node.callspec.params.get("trash", "")
    return (NO_RENAME_FLAGS,) if name.endswith("FUSE") else ()


Act = Callable[..., AsideCopy]


def move_at_once(sd: Path, name: str, trash: Path, aside: str, *, scratch: Path) -> AsideCopy:
    """A move that nobody objects to."""
    return move_aside(sd, name, trash, aside, fine, scratch=scratch)


class TestMove:
    """The file leaves its folder, and all of it is in the other one."""

    def test_a_file_moves(self, sd: Path, trash: Path, kernel: tuple[Refusal, ...], tmp_path: Path) -> None:
        """Bytes, hash, size, and the stamp that it had."""
        before = stamp_of((sd / "x.png").lstat())
        moved = call_refused(kernel, lambda: move_aside(sd, "x.png", trash, "y.png", fine, scratch=tmp_path))
        assert moved == AsideCopy(
            before, hashlib.sha256(DATA).hexdigest(), len(DATA), changed_meanwhile=False
        )
        assert (list(sd.iterdir()), (trash / "y.png").read_bytes()) == ([], DATA)

    def test_what_is_not_wanted_stays(self, sd: Path, trash: Path, tmp_path: Path) -> None:
        """The caller sees what would move before anything does."""

        def refuse(copy: AsideCopy) -> None:
            assert copy.sha256 == hashlib.sha256(DATA).hexdigest()
            raise RefusedError("these bytes stay")

        with pytest.raises(RefusedError, match="these bytes stay"):
            move_aside(sd, "x.png", trash, "y.png", refuse, scratch=tmp_path)
        assert ((sd / "x.png").read_bytes(), list(trash.iterdir())) == (DATA, [])

    @pytest.mark.parametrize("change", ["replaced", "written to"])
    def test_a_file_that_changes_at_the_last_moment_stays(
        self, sd: Path, trash: Path, kernel: tuple[Refusal, ...], tmp_path: Path, change: str
    ) -> None:
        """Another program replaces it, or writes to it, after it was judged. No byte is lost."""

        def interfere(_: AsideCopy) -> None:
            if change == "written to":
                (sd / "x.png").write_bytes(b"other bytes, and more of them")
                return
            (tmp_path / "new").write_bytes(b"other bytes, and more of them")
            (tmp_path / "new").rename(sd / "x.png")

        moved = call_refused(
            kernel, lambda: move_aside(sd, "x.png", trash, "y.png", interfere, scratch=tmp_path)
        )
        assert moved.changed_meanwhile
        assert (sd / "x.png").read_bytes() == b"other bytes, and more of them"

    @pytest.mark.parametrize("act", [move_at_once, copy_aside])
    def test_nothing_in_the_trash_is_replaced(self, sd: Path, trash: Path, tmp_path: Path, act: Act) -> None:
        """The caller must avoid a taken name."""
        (trash / "y.png").write_bytes(b"earlier")
        with pytest.raises(FileExistsError):
            act(sd, "x.png", trash, "y.png", scratch=tmp_path)
        assert ((trash / "y.png").read_bytes(), (sd / "x.png").read_bytes()) == (b"earlier", DATA)

    @pytest.mark.parametrize("act", [move_at_once, copy_aside])
    def test_only_regular_files_are_taken(self, sd: Path, trash: Path, tmp_path: Path, act: Act) -> None:
        """No link is followed. A missing file is an answer of its own."""
        (sd / "link.png").symlink_to("/etc/hostname")
        with pytest.raises(UnreadableFileError, match="a symbolic link"):
            act(sd, "link.png", trash, "y.png", scratch=tmp_path)
        with pytest.raises(FileNotFoundError):
            act(sd, "gone.png", trash, "y.png", scratch=tmp_path)
        assert list(trash.iterdir()) == []


class TestCopy:
    """The copy that is made before a wrong file is replaced."""

    def test_a_copy_is_the_same_bytes(self, sd: Path, trash: Path, tmp_path: Path) -> None:
        """Bytes, hash, and size of the copy; stamp of the original, which is unchanged."""
        before = stamp_of((sd / "x.png").lstat())
        copy = copy_aside(sd, "x.png", trash, "y.png", scratch=tmp_path)
        assert copy == AsideCopy(before, hashlib.sha256(DATA).hexdigest(), len(DATA), changed_meanwhile=False)
        assert [path.name for path in trash.iterdir()] == ["y.png"]
        assert ((trash / "y.png").read_bytes(), stamp_of((sd / "x.png").lstat())) == (DATA, before)

    def test_an_original_that_changes_meanwhile_is_told(self, sd: Path, trash: Path, tmp_path: Path) -> None:
        """The trash would not contain what is replaced, so the caller must stop."""
        times = count(1)
        (sd / "x.png").write_bytes(bytes(1_000_000))
        with repeating(lambda: os.utime(sd / "x.png", ns=(0, next(times)))):
            copies = [
                copy_aside(sd, "x.png", trash, f"{number}.png", scratch=tmp_path) for number in range(10)
            ]
        assert any(copy.changed_meanwhile for copy in copies)
