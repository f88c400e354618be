"""The place of a storage directory: reached by two paths, moved, copied, or mounted in turn with another one."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.identities import A, B
from builders.identity_folders import as_somebody_without_rights
from builders.journal import list_event_types
from builders.pictures import make_picture
from builders.snapshots import snapshot
from builders.storage import id_of, make_pictures, make_storage_dir, name_of, open_bench, put_image
from strandline import open_store
from strandline.errors import CopiedStorageDirError, StorageDirConflictError, StorageDirNotFoundError
from strandline.model.identity.sd_ids import find_identity_in
from strandline.model.storage_dirs import StorageDir
from strandline.services.saving.save import save_image
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import (
    forget_storage_dir,
    get_by_number,
    get_storage_dir,
    move_storage_dir,
)
from strandline.services.storage_dirs.presence import reconsider_storage_dirs, refresh
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.workbench import Workbench


@pytest.fixture
def bench(home: Path) -> Iterator[Workbench]:
    """A workbench with a clock of its own."""
    with open_bench(home) as bench:
        yield bench


def test_one_root_is_one_storage_directory_by_whatever_path(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its path, a path with extra slashes or dots, a relative one, a link, ``~``: one SD, one name."""
    root = make_storage_dir(tmp_path / "Notes", sd_id=A)
    (tmp_path / "link").symlink_to(root)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    first = add_storage_dir(bench, root).sd
    for way in (f"{root}/", f"{root}/media/..", "Notes", "link", tmp_path / "link", "~/Notes"):
        added = add_storage_dir(bench, way)
        assert (added.sd, added.copied) == (first, False)
        assert get_storage_dir(bench, way) == first
    assert reconsider_storage_dirs(bench) == [first]


def test_a_second_way_to_the_same_folder_is_told_by_device_and_inode(
    bench: Workbench, tmp_path: Path
) -> None:
    """As with a bind mount: the path is another one without a link in it, but it is the same folder."""
    root = make_storage_dir(tmp_path / "disk" / "Notes", sd_id=A)
    first = add_storage_dir(bench, root).sd
    (tmp_path / "disk").rename(tmp_path / "mnt")
    (tmp_path / "disk").symlink_to(tmp_path / "mnt")  # so the known path is another way to it now
    added = add_storage_dir(bench, tmp_path / "mnt" / "Notes")
    assert (added.sd, added.copied) == (first, False)
    assert reconsider_storage_dirs(bench) == [first]


def test_a_moved_folder_is_the_same_one_at_another_path(bench: Workbench, tmp_path: Path) -> None:
    """The old path is gone and the identity is here: number, name, and images stay, and the path is updated."""
    root = make_storage_dir(tmp_path / "Notes", *make_pictures(3), sd_id=A)
    first = add_storage_dir(bench, root, name="Mine").sd
    root.rename(tmp_path / "Elsewhere")
    added = add_storage_dir(bench, tmp_path / "Elsewhere")
    assert (added.sd.number, added.sd.name, added.sd.path) == (
        first.number, "Mine", str(tmp_path / "Elsewhere"),
    )  # fmt: skip
    assert not added.copied
    assert added.scan is not None
    assert (added.scan.added, added.scan.unchanged) == (0, 3)
    assert len(reconsider_storage_dirs(bench)) == 1


def test_a_folder_that_moved_before_its_identity_arrived_is_recognised_later(
    bench: Workbench, tmp_path: Path
) -> None:
    """While a folder is renamed, ``SD_ID`` may come last (H7). What was remembered meanwhile is merged."""
    root = make_storage_dir(tmp_path / "Notes", *make_pictures(2), sd_id=A)
    first = add_storage_dir(bench, root).sd
    new = tmp_path / "Renamed"
    shutil.copytree(root / "media", new / "media")
    assert add_storage_dir(bench, new).identity.outcome == "incomplete"
    (root / "SD_ID").rename(new / "SD_ID")
    shutil.rmtree(root)
    added = add_storage_dir(bench, new)
    assert (added.sd.number, added.sd.path, added.copied) == (first.number, str(new), False)
    assert len(reconsider_storage_dirs(bench)) == 1


def test_a_folder_whose_name_a_client_writes_in_other_code_points_has_moved(
    bench: Workbench, tmp_path: Path
) -> None:
    """Composed and decomposed names look the same but differ on Linux: offline, then recognized (H27)."""
    decomposed, composed = (unicodedata.normalize(form, "Ferienbücher") for form in ("NFD", "NFC"))
    root = make_storage_dir(tmp_path / decomposed, *make_pictures(2), sd_id=A)
    first = add_storage_dir(bench, root).sd
    root.rename(tmp_path / composed)
    assert refresh(bench, first).state.value == "offline"
    added = add_storage_dir(bench, tmp_path / composed)
    assert (added.sd.number, added.sd.path, added.copied) == (first.number, str(tmp_path / composed), False)
    assert added.scan is not None
    assert (added.scan.added, added.scan.unchanged) == (0, 2)


@pytest.mark.parametrize("say_where", [move_storage_dir, lambda bench, _sd, new: add_storage_dir(bench, new)])
def test_what_was_absent_at_the_old_place_has_a_minute_at_the_new_one(
    home: Path, tmp_path: Path, say_where: Callable[[Workbench, StorageDir, Path], object]
) -> None:
    """A client that renames a folder deletes files at the old place before it creates them at the new one (H32)."""
    clock = FakeClock()
    with open_bench(home, clock) as bench:
        pictures = make_pictures(20)
        root = make_storage_dir(tmp_path / "Notes", *pictures, sd_id=A)
        sd = add_storage_dir(bench, root).sd
        (root / "media" / name_of(pictures[0])).unlink()
        scan_storage_dir(bench, sd)
        clock.pass_time(seconds=61)
        new = root.rename(tmp_path / "Renamed")
        say_where(bench, sd, new)
        scan_storage_dir(bench, get_by_number(bench, sd.number))
        assert "image.missing" not in list_event_types(bench)
        clock.pass_time(seconds=61)
        scan_storage_dir(bench, get_by_number(bench, sd.number))
        assert list_event_types(bench).count("image.missing") == 1


def test_a_disk_that_does_not_answer_has_not_moved() -> None:
    """If the old path cannot be checked, the folder may still be there: the other one is added beside it."""
    with as_somebody_without_rights() as folder, open_bench(folder / "home") as bench:
        root = make_storage_dir(folder / "closed" / "Notes", sd_id=A)
        first = add_storage_dir(bench, root).sd
        root.parent.chmod(0)
        added = add_storage_dir(bench, make_storage_dir(folder / "Notes", sd_id=A))
        assert added.sd.number != first.number
        assert not added.copied
        root.parent.chmod(0o700)
        assert add_storage_dir(bench, folder / "Notes").copied


@pytest.fixture
def copied(home: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A storage directory with an image, and a copy of the whole folder made with a file manager."""
    original = make_storage_dir(tmp_path / "Notes", make_picture("png"), sd_id=A)
    shutil.copytree(original, tmp_path / "Notes copy")
    return original, tmp_path / "Notes copy"


def test_a_copied_folder_is_read_and_not_written(bench: Workbench, copied: tuple[Path, Path]) -> None:
    """Both folders have one identity: each is read, neither is written, and a message says what to do."""
    for root in copied:
        added = add_storage_dir(bench, root)
    assert added.copied
    assert any("--new-identity" in warning for warning in added.identity.warnings)
    assert add_storage_dir(bench, copied[0]).copied
    first, second = reconsider_storage_dirs(bench)
    assert (first.sd_id, second.sd_id, second.name) == (A, A, "Notes copy")
    assert (first.state.value, second.state.value) == ("online", "online")
    before = [snapshot(root) for root in copied]
    for sd in (first, second):
        with pytest.raises(CopiedStorageDirError):
            check_writable(bench, sd)
        with pytest.raises(CopiedStorageDirError):
            save_image(bench, make_picture("gif"), sd)
    assert [snapshot(root) for root in copied] == before


def test_losing_a_file_in_one_copy_loses_no_image(home: Path, copied: tuple[Path, Path]) -> None:
    """Reads use both folders."""
    image_id = id_of(make_picture("png"))
    with open_store(home) as store:
        sds = [store.add_storage_dir(root).sd for root in copied]
        assert {store.get(image_id, sd).path.parents[1] for sd in sds} == set(copied)
        next((copied[0] / "media").iterdir()).unlink()
        assert store.get(image_id).read() == make_picture("png")
        assert store.get(image_id, sds[0]).from_other_sd


def test_a_new_identity_makes_the_copy_a_folder_of_its_own(
    bench: Workbench, copied: tuple[Path, Path]
) -> None:
    """Its old identity is an alias, which still means the original. Both can be written."""
    first = add_storage_dir(bench, copied[0]).sd
    second = add_storage_dir(bench, copied[1]).sd
    added = add_storage_dir(bench, copied[1], new_identity=True)
    assert (added.sd.number, added.identity.outcome, added.copied) == (second.number, "generated", False)
    assert added.sd.aliases == (A,)
    assert find_identity_in((copied[1] / "SD_ID").read_bytes()) == added.sd.sd_id != A
    assert get_storage_dir(bench, A).number == first.number
    for sd in (first, added.sd):
        assert check_writable(bench, sd).number == sd.number
    assert "sd.identity_changed" in list_event_types(bench)


def test_a_copy_can_be_added_with_a_new_identity_at_once(bench: Workbench, copied: tuple[Path, Path]) -> None:
    """It is then never ambiguous."""
    add_storage_dir(bench, copied[0])
    added = add_storage_dir(bench, copied[1], new_identity=True)
    assert (added.copied, added.sd.aliases) == (False, (A,))
    assert added.scan is not None
    assert added.scan.added == 1


def test_forgetting_the_copy_frees_the_original(bench: Workbench, copied: tuple[Path, Path]) -> None:
    """The alternative. It touches no file."""
    first, second = (add_storage_dir(bench, root).sd for root in copied)
    before = snapshot(copied[1])
    forget_storage_dir(bench, second)
    assert check_writable(bench, first).number == first.number
    assert snapshot(copied[1]) == before
    with pytest.raises(StorageDirNotFoundError):
        get_by_number(bench, second.number)


@pytest.mark.parametrize("marker", ["online-only", "torn"])
def test_an_original_that_may_still_be_there_has_not_moved(
    bench: Workbench, copied: tuple[Path, Path], marker: str
) -> None:
    """Its ``SD_ID`` is in the cloud, or half here: the copy is added beside it."""
    original = add_storage_dir(bench, copied[0]).sd
    (copied[0] / "SD_ID").unlink()
    (copied[0] / (".SD_ID.icloud" if marker == "online-only" else "SD_ID")).write_text(A[:9])
    added = add_storage_dir(bench, copied[1])
    assert added.sd.number != original.number
    assert added.copied is (marker == "online-only")
    assert get_by_number(bench, original.number).path == str(copied[0])


def test_an_original_that_was_given_another_identity_by_hand_is_no_twin(
    bench: Workbench, copied: tuple[Path, Path]
) -> None:
    """What the catalog last knew does not count. The identity that it has now does."""
    add_storage_dir(bench, copied[0])
    (copied[0] / "SD_ID").write_text(B)
    added = add_storage_dir(bench, copied[1])
    assert (added.copied, added.sd.sd_id) == (False, A)
    assert [sd.sd_id for sd in reconsider_storage_dirs(bench)] == [B, A]


def test_one_folder_is_never_two_storage_directories_that_are_here(bench: Workbench, tmp_path: Path) -> None:
    """If a client emptied it and another identity arrives first, the folder is added as a new one, and the old SD
    stays offline.

    Even if its value later turns out to be an alias there: a current identity wins over an alias (SPEC §4).
    """
    root = make_storage_dir(tmp_path / "Notes", *make_pictures(4), sd_id=A)
    old = add_storage_dir(bench, root).sd
    shutil.rmtree(root / "media")
    (root / "SD_ID").write_text(B)
    new = add_storage_dir(bench, root).sd
    assert new.number != old.number
    (root / f"SD_ID.was-{A}").write_text(A)
    assert [sd.is_reachable for sd in reconsider_storage_dirs(bench)] == [False, True]
    save_image(bench, make_picture("png"), new)


def test_a_copy_stays_the_same_one_with_a_new_identity_when_its_files_are_gone(
    bench: Workbench, copied: tuple[Path, Path]
) -> None:
    """``SD_ID`` still had the identity, so no new storage directory is created."""
    for root in copied:
        second = add_storage_dir(bench, root).sd
    shutil.rmtree(copied[1] / "media")
    assert add_storage_dir(bench, copied[1], new_identity=True).sd.number == second.number


def test_adding_again_says_nothing_new_of_one_that_is_suspect(bench: Workbench, tmp_path: Path) -> None:
    """It does not become online by this."""
    root = make_storage_dir(tmp_path / "Notes", *make_pictures(5))
    sd = add_storage_dir(bench, root).sd
    shutil.rmtree(root / "media")
    assert scan_storage_dir(bench, sd).sd.state.value == "suspect"
    assert add_storage_dir(bench, root).sd.state.value == "suspect"
    assert list_event_types(bench, "sd.") == ["sd.added", "sd.suspect"]


def swap(path: Path, inside: Path, outside: Path) -> None:
    """Unmounts what is at the path to ``outside``, and mounts ``inside`` there."""
    path.rename(outside)
    inside.rename(path)


def test_two_disks_take_turns_at_one_path(bench: Workbench, tmp_path: Path) -> None:
    """Two sticks with one mount point: each comes back with its disk, and nothing is concluded about the other."""
    stick = make_storage_dir(tmp_path / "stick", *make_pictures(3), sd_id=A)
    other = make_storage_dir(tmp_path / "other", *make_pictures(2, first_seed=50), sd_id=B)
    first = add_storage_dir(bench, stick).sd
    swap(stick, other, tmp_path / "away")
    (seen,) = reconsider_storage_dirs(bench)
    assert seen.state.value == "offline"
    assert B in (seen.problem or "")
    assert "sd add" in (seen.problem or "")
    added = add_storage_dir(bench, stick)
    assert (added.sd.sd_id, added.sd.name, added.copied) == (B, "stick 2", False)
    assert added.scan is not None
    assert added.scan.added == 2
    assert [(sd.sd_id, sd.state.value) for sd in reconsider_storage_dirs(bench)] == [
        (A, "offline"),
        (B, "online"),
    ]
    assert "'stick 2' is at" in (reconsider_storage_dirs(bench)[0].problem or "")
    assert get_storage_dir(bench, stick).sd_id == B
    (stick / "SD_ID").rename(stick / ".SD_ID.icloud")
    assert add_storage_dir(bench, stick).sd.number == added.sd.number
    (stick / ".SD_ID.icloud").rename(stick / "SD_ID")
    swap(stick, tmp_path / "away", tmp_path / "other")
    assert [(sd.sd_id, sd.state.value) for sd in reconsider_storage_dirs(bench)] == [
        (A, "online"),
        (B, "offline"),
    ]
    assert get_storage_dir(bench, stick).number == first.number
    assert add_storage_dir(bench, stick).sd.number == first.number
    for sd in reconsider_storage_dirs(bench):
        report = scan_storage_dir(bench, sd)
        assert not report.found_changes
    assert list_event_types(bench, "image.") == []


def test_an_empty_mount_point_can_become_a_folder_of_its_own(bench: Workbench, tmp_path: Path) -> None:
    """With ``--new-identity``, it becomes a new SD, separate from the one whose disk is away."""
    stick = make_storage_dir(tmp_path / "stick", *make_pictures(3), sd_id=A)
    first = add_storage_dir(bench, stick).sd
    stick.rename(tmp_path / "away")
    stick.mkdir()
    again = add_storage_dir(bench, stick)
    assert (again.identity.outcome, again.sd.number, again.sd.state.value) == (
        "offline",
        first.number,
        "offline",
    )
    assert list(stick.iterdir()) == []
    added = add_storage_dir(bench, stick, new_identity=True)
    assert added.sd.number != first.number
    assert refresh(bench, first).state.value == "offline"
    assert refresh(bench, first).sd_id == A


def test_moving_touches_no_file_and_brings_the_folder_online(bench: Workbench, tmp_path: Path) -> None:
    """``sd move`` sets the new path of a folder that a person moved."""
    root = make_storage_dir(tmp_path / "Notes", *make_pictures(2), sd_id=A)
    first = add_storage_dir(bench, root).sd
    root.rename(tmp_path / "Moved")
    assert refresh(bench, first).state.value == "offline"
    before = snapshot(tmp_path / "Moved")
    moved = move_storage_dir(bench, first, tmp_path / "Moved")
    assert (moved.number, moved.path, moved.state.value) == (first.number, str(tmp_path / "Moved"), "online")
    assert snapshot(tmp_path / "Moved") == before
    assert list_event_types(bench, "sd.") == ["sd.added", "sd.offline", "sd.online"]


def test_moving_to_another_identity_is_refused(bench: Workbench, tmp_path: Path) -> None:
    """Neither to a known folder, nor to one with another identity."""
    first = add_storage_dir(bench, make_storage_dir(tmp_path / "Notes", sd_id=A)).sd
    other = make_storage_dir(tmp_path / "Other", sd_id=B)
    with pytest.raises(StorageDirConflictError, match=B):
        move_storage_dir(bench, first, other)
    add_storage_dir(bench, other)
    with pytest.raises(StorageDirConflictError, match="Other"):
        move_storage_dir(bench, first, other)
    assert get_by_number(bench, first.number) == first


def test_moving_to_a_folder_without_identity_waits_for_it(bench: Workbench, tmp_path: Path) -> None:
    """Nothing is created there. The SD comes online when ``SD_ID`` has arrived."""
    root = make_storage_dir(tmp_path / "Notes", sd_id=A)
    first = add_storage_dir(bench, root).sd
    new = tmp_path / "New"
    new.mkdir()
    assert move_storage_dir(bench, first, new).state.value == "offline"
    assert list(new.iterdir()) == []
    (root / "SD_ID").rename(new / "SD_ID")
    assert refresh(bench, get_by_number(bench, first.number)).state.value == "online"


def test_what_was_remembered_without_an_identity_can_be_moved(bench: Workbench, tmp_path: Path) -> None:
    """It never had an identity, so any folder is right."""
    root = tmp_path / "Notes"
    (root / "media").mkdir(parents=True)
    put_image(root, make_picture("png"))
    first = add_storage_dir(bench, root).sd
    empty, there = tmp_path / "Empty", make_storage_dir(tmp_path / "There", sd_id=B)
    empty.mkdir()
    assert move_storage_dir(bench, first, empty).sd_id is None
    assert list(empty.iterdir()) == []
    moved = move_storage_dir(bench, first, there)
    assert (moved.number, moved.sd_id, moved.state.value) == (first.number, B, "online")
