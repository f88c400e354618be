"""Reading identity files on a real disk: nothing is followed, blocks, or is changed."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.identities import A, B, C, S
from builders.identity_folders import as_somebody_without_rights, contents, decide_there, lay
from strandline.folders.identity_files import look_at_identity
from strandline.folders.plain_identity import read_plain_identity
from strandline.model.identity.decisions import IdentityOutcome
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.identity.sightings import MediaFolder, Unfit

WAS = "SD_ID.was-"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty storage directory."""
    path = tmp_path / "sd"
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (A, A),
        (f"\ufeff{A.upper()}\r\n", A),
        ("", None),
        (A[:22], None),
        (f"{A}\n{B}", None),
        (b"\0" * 36, None),
    ],
)
def test_the_short_look_reads_the_identity(
    root: Path, content: str | bytes, value: StorageDirId | None
) -> None:
    """One open is enough for every lookup. A file that is no identity gives None."""
    lay(root, {"SD_ID": content})
    assert read_plain_identity(root) == value
    assert read_plain_identity(str(root)) == value


def make_fifo(path: Path) -> None:
    """A FIFO without a writer."""
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    """A socket without a listener. It is bound from inside its folder, because socket paths are short."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


def make_link(path: Path) -> None:
    """A link to a valid identity."""
    target = path.parent.parent / "elsewhere"
    target.write_text(S)
    path.symlink_to(target)


ODDITIES = [
    (Path.mkdir, Unfit.FOLDER),
    (make_link, Unfit.LINK),
    (lambda path: path.symlink_to("nowhere"), Unfit.LINK),
    (lambda path: path.symlink_to(path.name), Unfit.LINK),
    (make_fifo, Unfit.SPECIAL),
    (make_socket, Unfit.SPECIAL),
]


@pytest.mark.timeout(10)
@pytest.mark.parametrize(("make", "unfit"), ODDITIES)
def test_oddities_are_named_and_never_followed(root: Path, make: type, unfit: Unfit) -> None:
    """I26: a link, FIFO, socket, or folder under any of the names is not read and blocks nothing."""
    for name in ("SD_ID", ".sd-id", "SD_ID 2", WAS + B):
        make(root / name)
    assert read_plain_identity(root) is None
    found = look_at_identity(root)
    assert [each.unfit for each in found.files] == [unfit] * 4
    assert [each.value for each in found.files] == [None] * 4
    assert found.errors == ()
    assert decide_there(root).outcome is IdentityOutcome.INCOMPLETE


def test_nothing_there_is_said_so(root: Path) -> None:
    """For the short look, a missing SD_ID is "no such file". For the long one, a missing root is a failed look."""
    with pytest.raises(FileNotFoundError):
        read_plain_identity(root)
    assert look_at_identity(root).plain is None
    assert look_at_identity(root).errors == ()
    [error] = look_at_identity(root / "away").errors
    assert (error.name, error.errno) == ("", errno.ENOENT)
    assert decide_there(root / "away").outcome is IdentityOutcome.UNAVAILABLE


def test_a_root_that_is_no_folder_is_unavailable(tmp_path: Path) -> None:
    """If the root is a file, the look fails. It is not an empty folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        read_plain_identity(tmp_path / "file")
    [error] = look_at_identity(tmp_path / "file").errors
    assert error.errno == errno.ENOTDIR


class Remounted(type(Path())):  # type: ignore[misc]
    """A path that leads to another folder after the first stat."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """The first folder's stat; from then on the other one is there."""
        found = super().stat(follow_symlinks=follow_symlinks)
        other = Path(f"{self}-other")
        if other.exists():
            Path(self).rename(f"{self}-before")
            other.rename(self)
        return found  # type: ignore[no-any-return]


def test_a_root_that_changes_under_the_look_is_unavailable(root: Path) -> None:
    """H17: half of one folder and half of another, as during a mount, decide nothing."""
    lay(root.parent, {"sd-other": None, "sd-other/SD_ID": A})
    [error] = look_at_identity(Remounted(root)).errors
    assert (error.name, error.errno) == ("", errno.ESTALE)
    assert decide_there(root).sd_id == A


@pytest.mark.parametrize("name", ["SD_ID", ".sd-id"])
def test_an_unreadable_identity_is_unavailable(name: str) -> None:
    """Rule 1 on a disk: a file that exists but cannot be read decides nothing, and no write is planned."""
    with as_somebody_without_rights() as folder:
        lay(folder, {"SD_ID": A, ".sd-id": B})
        (folder / name).chmod(0)
        [error] = look_at_identity(folder).errors
        assert (error.name, error.errno) == (name, errno.EACCES)
        assert decide_there(folder).outcome is IdentityOutcome.UNAVAILABLE
        assert decide_there(folder).steps == ()


def test_an_unlistable_root_is_unavailable() -> None:
    """If the names cannot be listed, copies and former values are unknown."""
    with as_somebody_without_rights() as folder:
        lay(folder, {"SD_ID": A})
        folder.chmod(0o100)
        assert read_plain_identity(folder) == A
        assert decide_there(folder).outcome is IdentityOutcome.UNAVAILABLE


def test_an_unreadable_copy_is_only_marked() -> None:
    """It does not matter beside a valid SD_ID. Without one, nobody knows which value is the smallest."""
    with as_somebody_without_rights() as folder:
        lay(folder, {"SD_ID": A, "SD_ID 2": B, "SD_ID 3": C})
        (folder / "SD_ID 2").chmod(0)
        assert [each.unfit for each in look_at_identity(folder).copies] == [Unfit.UNREADABLE, None]
        assert decide_there(folder).sd_id == A
        (folder / "SD_ID").unlink()
        assert decide_there(folder).outcome is IdentityOutcome.INCOMPLETE


def test_a_look_finds_every_role(root: Path) -> None:
    """SD_ID, .sd-id, copies, former values, temporaries, and hints, each sorted by name. Everything else is
    ignored.
    """
    lay(
        root,
        {
            "SD_ID": A, ".sd-id": B, "sd_id (1)": C, "SD_ID..path1": S, WAS + C: C, ".syncthing.SD_ID.tmp": A[:9],
            "Copy of SD_ID": S, "media/x.png": "", "notes.md": "SD_ID", f".~{'0' * 32}.tmp": S,
        },
    )  # fmt: skip
    found = look_at_identity(root)
    assert (found.plain and found.plain.value, found.legacy and found.legacy.value) == (A, B)
    assert [(each.name, each.value) for each in found.copies] == [("SD_ID..path1", S), ("sd_id (1)", C)]
    assert [each.value for each in found.former] == [C]
    assert [each.name for each in found.temporaries] == [".syncthing.SD_ID.tmp"]
    assert [each.name for each in found.hints] == ["Copy of SD_ID"]
    assert found.media is MediaFolder.FILLED
    assert (found.root_device, found.root_inode) == (root.stat().st_dev, root.stat().st_ino)


@pytest.mark.parametrize("name", [".SD_ID.icloud", "SD_ID.nextcloud", "SD_ID.rsls"])
def test_a_placeholder_is_an_identity_in_the_cloud(root: Path, name: str) -> None:
    """H21: a placeholder is not read, whatever it contains, and no new identity is made beside it."""
    lay(root, {name: A})
    found = look_at_identity(root)
    assert found.plain is not None
    assert (found.plain.name, found.plain.value, found.plain.unfit) == (name, None, Unfit.EVICTED)
    assert decide_there(root).outcome is IdentityOutcome.INCOMPLETE
    lay(root, {"SD_ID": B})
    assert decide_there(root).sd_id == B


def test_a_former_value_in_the_cloud_is_known_by_its_name(root: Path) -> None:
    """Freeing up space must not lose an alias."""
    lay(root, {"SD_ID": A, f".{WAS}{B}.icloud": "stub"})
    assert decide_there(root).aliases == {B}


@pytest.mark.parametrize(
    ("names", "media"),
    [
        ([], MediaFolder.EMPTY),
        ([".DS_Store", "desktop.ini", "Thumbs.db"], MediaFolder.EMPTY),
        ([".DS_Store", "x.png"], MediaFolder.FILLED),
        ([".x.png.icloud"], MediaFolder.FILLED),
        (["._x.png"], MediaFolder.FILLED),
    ],
)
def test_media_holds_something_or_only_litter(root: Path, names: list[str], media: MediaFolder) -> None:
    """System litter does not count. Anything else may be the images of somebody's SD."""
    lay(root, {"media": None, **{f"media/{name}": "" for name in names}})
    assert look_at_identity(root).media is media


def test_media_may_be_no_folder(root: Path) -> None:
    """A link, a file, or a folder that cannot be listed does not count as empty."""
    assert look_at_identity(root).media is MediaFolder.ABSENT
    (root / "media").write_text("")
    assert look_at_identity(root).media is MediaFolder.FILE
    (root / "media").unlink()
    (root / "media").symlink_to(root.parent)
    assert look_at_identity(root).media is MediaFolder.LINK
    with as_somebody_without_rights() as folder:
        lay(folder, {"media": None})
        (folder / "media").chmod(0)
        assert look_at_identity(folder).media is MediaFolder.UNLISTABLE
        assert decide_there(folder).outcome is IdentityOutcome.INCOMPLETE


def test_a_stamp_changes_with_any_identity_file(root: Path) -> None:
    """If two looks have equal stamps, no byte, time, or inode changed, and no file came or went."""
    lay(root, {"SD_ID 2": A, ".syncthing.SD_ID.tmp": "", "media/x.png": ""})
    stamp = look_at_identity(root).stamp
    lay(root, {"media/y.png": "", "notes.md": ""})
    assert look_at_identity(root).stamp == stamp
    changes: list[Callable[[], None]] = [
        lambda: lay(root, {".syncthing.SD_ID.tmp": "0"}),
        lambda: os.utime(root / "SD_ID 2", ns=(1, 1)),
        lambda: lay(root, {"SD_ID 3": A}),
        lambda: (root / "SD_ID 2").unlink(),
        lambda: lay(root, {"SD_ID": ""}),
    ]
    seen = {stamp}
    for change in changes:
        change()
        stamp = look_at_identity(root).stamp
        assert stamp not in seen
        seen.add(stamp)


def test_a_look_changes_nothing_and_leaks_nothing(root: Path) -> None:
    """Names, bytes, and times stay the same, and no descriptor stays open."""
    lay(root, {"SD_ID": A, ".sd-id": B, "SD_ID 2": "", WAS + C: C, "media/x.png": ""})
    (root / "SD_ID 3").mkdir()
    before = contents(root), root.stat().st_mtime_ns, len(list(Path("/dev/fd").iterdir()))
    look_at_identity(root)
    read_plain_identity(root)
    assert (contents(root), root.stat().st_mtime_ns, len(list(Path("/dev/fd").iterdir()))) == before
