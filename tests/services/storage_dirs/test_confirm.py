"""Confirming, accepting, and forgetting: what only a person can decide, and its exact effect."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from builders.catalogs import list_rows
from builders.clocks import FakeClock
from builders.identities import A, B
from builders.identity_folders import as_somebody_without_rights, contents
from builders.journal import list_event_types
from builders.snapshots import snapshot
from builders.storage import make_pictures, make_storage_dir, name_of, open_bench
from strandline.errors import (
    StorageDirConflictError,
    StorageDirIncompleteError,
    StorageDirOfflineError,
    UnwritableFolderError,
)
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.confirm import accept_missing, confirm_storage_dir
from strandline.services.storage_dirs.manage import forget_storage_dir
from strandline.services.storage_dirs.presence import reconsider_storage_dirs, refresh
from strandline.services.workbench import Workbench

PICTURES = make_pictures(10)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A storage directory with ten images."""
    return make_storage_dir(tmp_path / "Notes", *PICTURES, sd_id=A)


def count_by_state(bench: Workbench, sd: StorageDir) -> dict[str, int]:
    """The number of rows in each state; absent ones count as such."""
    counts: dict[str, int] = {}
    with bench.catalog.read() as reader:
        for row in list_rows(reader, sd.number):
            state = "absent" if row.absent_since and row.state is not FileState.MISSING else row.state.value
            counts[state] = counts.get(state, 0) + 1
    return counts


@pytest.mark.parametrize("left", [None, "", A[:20], "\0" * 36, "nothing of sense"])
def test_a_lost_identity_is_written_back_and_nothing_else_is_done(
    bench: Workbench, root: Path, sd: StorageDir, left: str | None
) -> None:
    """If ``SD_ID`` was deleted, emptied, or torn, it gets the known value again. Missing files are not touched."""
    (root / "SD_ID").unlink()
    if left is not None:
        (root / "SD_ID").write_text(left)
    for data in PICTURES[:8]:
        (root / "media" / name_of(data)).unlink()
    confirmed = confirm_storage_dir(bench, sd)
    assert (confirmed.sd.sd_id, confirmed.sd.state.value) == (A, "online")
    assert (confirmed.identity_restored, confirmed.accepted) == (True, 0)
    assert contents(root) == {"SD_ID": f"{A}\n".encode(), "media": "folder"}
    assert count_by_state(bench, sd) == {"present": 10}
    assert scan_storage_dir(bench, sd).sd.state.value == "suspect"


@pytest.mark.parametrize("place", ["SD_ID", ".sd-id", "SD_ID.conflict1"])
def test_another_identity_is_never_written_over(
    bench: Workbench, root: Path, sd: StorageDir, place: str
) -> None:
    """If another disk is at the path now, the message says to add it."""
    shutil.rmtree(root)
    root.mkdir()
    (root / place).write_text(B)
    before = snapshot(root)
    with pytest.raises(StorageDirConflictError, match=B):
        confirm_storage_dir(bench, sd)
    assert snapshot(root) == before
    assert refresh(bench, sd).sd_id == A


@pytest.mark.parametrize("what", ["folder", "link"])
def test_what_is_no_file_is_not_replaced(bench: Workbench, root: Path, sd: StorageDir, what: str) -> None:
    """A folder or a link in place of ``SD_ID`` does not come from a bad write."""
    (root / "SD_ID").unlink()
    if what == "folder":
        (root / "SD_ID").mkdir()
    else:
        (root / "SD_ID").symlink_to("/etc/hostname")
    before = snapshot(root)
    with pytest.raises(StorageDirConflictError, match=what):
        confirm_storage_dir(bench, sd)
    assert snapshot(root) == before


def test_a_folder_that_is_gone_cannot_be_confirmed(bench: Workbench, root: Path, sd: StorageDir) -> None:
    """There is nothing to write into, and nothing is created."""
    root.rename(root.with_name("away"))
    with pytest.raises(StorageDirOfflineError):
        confirm_storage_dir(bench, sd)
    assert not root.exists()


def test_what_never_had_an_identity_has_none_to_restore(bench: Workbench, tmp_path: Path) -> None:
    """It is still arriving. The message names the command that helps."""
    root = tmp_path / "Late"
    (root / "media").mkdir(parents=True)
    (root / "media" / name_of(PICTURES[0])).write_bytes(PICTURES[0])
    late = add_storage_dir(bench, root).sd
    with pytest.raises(StorageDirIncompleteError, match="--new-identity"):
        confirm_storage_dir(bench, late)


def test_an_identity_that_cannot_be_written_back_is_an_error() -> None:
    """If the folder refuses, there is an error, and the SD stays offline."""
    with as_somebody_without_rights() as folder, open_bench(folder / "home") as bench:
        root = make_storage_dir(folder / "Notes", sd_id=A)
        sd = add_storage_dir(bench, root).sd
        (root / "SD_ID").unlink()
        root.chmod(0o500)
        with pytest.raises(UnwritableFolderError):
            confirm_storage_dir(bench, sd)
        root.chmod(0o700)
        assert refresh(bench, sd).state.value == "offline"


def test_confirming_accepts_that_files_are_gone(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir
) -> None:
    """Before, nothing becomes missing, however long. Afterwards it may, and later absences count separately."""
    for data in PICTURES[:8]:
        (root / "media" / name_of(data)).unlink()
    assert scan_storage_dir(bench, sd).sd.state.value == "suspect"
    clock.pass_time(days=3)
    assert scan_storage_dir(bench, sd).missing == 0
    assert confirm_storage_dir(bench, sd).sd.state.value == "online"
    assert count_by_state(bench, sd) == {"absent": 8, "present": 2}
    assert scan_storage_dir(bench, sd).missing == 8
    assert count_by_state(bench, sd) == {"missing": 8, "present": 2}
    for data in PICTURES[8:]:
        (root / "media" / name_of(data)).unlink()
    assert scan_storage_dir(bench, sd).sd.state.value == "suspect"


def test_confirming_accepts_that_the_whole_media_folder_is_gone(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir
) -> None:
    """No scan could have marked the files, so the confirmation does."""
    shutil.rmtree(root / "media")
    assert scan_storage_dir(bench, sd).sd.state.value == "suspect"
    assert confirm_storage_dir(bench, sd).sd.state.value == "online"
    clock.pass_time(minutes=2)
    assert scan_storage_dir(bench, sd).sd.state.value == "online"
    assert count_by_state(bench, sd) == {"missing": 10}


@pytest.mark.parametrize("what", ["link", "file"])
def test_a_media_folder_that_became_something_else_is_not_gone(
    bench: Workbench, tmp_path: Path, root: Path, sd: StorageDir, what: str
) -> None:
    """Nobody looks behind a link, so the absence is not accepted either."""
    (root / "media").rename(tmp_path / "elsewhere")
    if what == "link":
        (root / "media").symlink_to(tmp_path / "elsewhere")
    else:
        (root / "media").write_text("x")
    assert scan_storage_dir(bench, sd).sd.state.value == "suspect"
    confirm_storage_dir(bench, sd)
    assert count_by_state(bench, sd) == {"present": 10}


def test_accepting_missing_images_drops_them_and_says_so(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir
) -> None:
    """Only missing ones, each reported once as ``image.removed``. A second time there are none."""
    for data in PICTURES[:3]:
        (root / "media" / name_of(data)).unlink()
    scan_storage_dir(bench, sd)
    clock.pass_time(minutes=2)
    assert scan_storage_dir(bench, sd).missing == 3
    (root / "media" / name_of(PICTURES[5])).unlink()
    scan_storage_dir(bench, sd)
    assert accept_missing(bench, sd) == 3
    assert count_by_state(bench, sd) == {"absent": 1, "present": 6}
    assert list_event_types(bench, "image.removed") == ["image.removed"] * 3
    assert accept_missing(bench, sd) == 0


def test_forgetting_touches_no_file(bench: Workbench, root: Path, sd: StorageDir) -> None:
    """The catalog's data is gone, the folder is unchanged, and adding it again finds everything."""
    before = snapshot(root)
    forget_storage_dir(bench, sd)
    assert reconsider_storage_dirs(bench) == []
    again = add_storage_dir(bench, root)
    assert again.sd.number != sd.number
    assert again.scan is not None
    assert again.scan.added == 10
    assert snapshot(root) == before
