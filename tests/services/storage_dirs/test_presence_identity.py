"""An identity that changes: when it is the same folder with another value, and when it is another folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.identities import A, B, C
from builders.identity_folders import contents, lay
from builders.journal import list_event_types
from builders.snapshots import snapshot
from builders.storage import make_pictures, make_storage_dir, name_of, open_bench, rows_of
from strandline.model.identity.decisions import IdentityDecision
from strandline.model.identity.sd_ids import find_identity_in
from strandline.model.storage_dirs import StorageDir
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs import presence
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.confirm import confirm_storage_dir
from strandline.services.storage_dirs.manage import forget_storage_dir, get_by_number, get_storage_dir
from strandline.services.storage_dirs.presence import reconsider, reconsider_storage_dirs, refresh
from strandline.services.workbench import Workbench

PICTURES = make_pictures(8)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A storage directory with eight images."""
    return make_storage_dir(tmp_path / "Notes", *PICTURES, sd_id=A)


def remove_images(root: Path, count: int) -> None:
    """Deletes the first of them."""
    for data in PICTURES[:count]:
        (root / "media" / name_of(data)).unlink()


EXPLAINED: dict[str, Callable[[Path], None]] = {
    "a conflict copy has the old value": lambda root: lay(
        root, {"SD_ID.sync-conflict-20240501-120000-ABCDEFG": A}
    ),
    "it is kept as a former value": lambda root: lay(root, {f"SD_ID.was-{A}": A}),
    "an old program and a former value": lambda root: lay(root, {".sd-id": A, f"SD_ID.was-{C}": C}),
    "half of the files are there": lambda root: remove_images(root, 4),
    "all files are there": lambda _root: None,
}


@pytest.mark.parametrize("how", EXPLAINED)
@pytest.mark.parametrize("command", [refresh, reconsider])
def test_an_identity_that_changed_for_a_reason_is_the_same_folder(
    bench: Workbench,
    root: Path,
    sd: StorageDir,
    how: str,
    command: Callable[[Workbench, StorageDir], StorageDir],
) -> None:
    """The old value becomes an alias, there is one event, and no image is lost or found."""
    before = rows_of(bench, sd)
    (root / "SD_ID").write_text(f"{B}\n")
    EXPLAINED[how](root)
    if "value" in how or "program" in how:
        remove_images(root, 8)  # so that only the explanation counts
    changed = command(bench, sd)
    assert (changed.number, changed.sd_id, changed.state.value) == (sd.number, B, "online")
    assert A in changed.aliases
    assert get_storage_dir(bench, A).number == sd.number
    assert command(bench, changed) == changed
    assert list_event_types(bench, "sd.") == ["sd.added", "sd.identity_changed"]
    assert rows_of(bench, sd) == before


@pytest.mark.parametrize(
    "command", [refresh, reconsider, lambda bench, sd: add_storage_dir(bench, sd.path).sd]
)
def test_an_identity_that_another_program_replaced_is_kept_in_the_folder(
    bench: Workbench,
    clock: FakeClock,
    tmp_path: Path,
    root: Path,
    sd: StorageDir,
    command: Callable[[Workbench, StorageDir], StorageDir],
) -> None:
    """As ``SD_ID.was-…``, once, by the first machine that notices it. All others learn the alias from there."""
    with open_bench(tmp_path / "other", clock) as other, open_bench(tmp_path / "new", clock) as new:
        twin = add_storage_dir(other, root).sd
        (root / "SD_ID").write_text(f"{B}\n")
        changed = command(bench, sd)
        kept = {"SD_ID": f"{B}\n".encode(), f"SD_ID.was-{A}": f"{A}\n".encode(), "media": "folder"}
        assert contents(root) == kept
        there = snapshot(root)
        assert (changed.sd_id, changed.aliases) == (B, (A,))
        assert command(bench, changed) == changed
        assert command(other, twin).aliases == (A,)
        assert add_storage_dir(new, root).sd.aliases == (A,)
        assert snapshot(root) == there


def test_two_programs_that_fight_over_an_identity_leave_two_values(
    bench: Workbench, root: Path, sd: StorageDir
) -> None:
    """However often they replace each other's value, each value is kept once, and there is no further event."""
    for value in (B, A) * 4:
        (root / "SD_ID").write_text(f"{value}\n")
        sd = refresh(bench, sd)
        assert sd.sd_id == value
    assert set(contents(root)) == {"SD_ID", f"SD_ID.was-{A}", f"SD_ID.was-{B}", "media"}


@pytest.mark.parametrize(
    "files",
    [{"SD_ID": A[:20]}, {"SD_ID": ""}, {".SD_ID.icloud": "bplist"}, {"SD_ID.conflict1": B}, {"SD_ID": None}],
    ids=str,
)
def test_nothing_is_kept_of_an_identity_that_may_be_arriving(
    bench: Workbench, root: Path, sd: StorageDir, files: dict[str, str | bytes | None]
) -> None:
    """Half a file, a placeholder, or a conflict copy does not mean that a program replaced ``SD_ID``."""
    (root / "SD_ID").unlink()
    lay(root, files)
    for _ in range(2):
        refresh(bench, sd)
    assert not [name for name in contents(root) if name.startswith(f"SD_ID.was-{A}")]


def test_an_identity_that_cannot_be_kept_is_an_alias_on_this_machine(
    bench: Workbench, root: Path, sd: StorageDir
) -> None:
    """Something else has the file's name: the folder is still used, and nothing is replaced."""
    (root / "SD_ID").write_text(f"{B}\n")
    (root / f"SD_ID.was-{A}").mkdir()
    changed = refresh(bench, sd)
    assert (changed.sd_id, changed.aliases, changed.state.value) == (B, (A,), "online")
    assert contents(root)[f"SD_ID.was-{A}"] == "folder"


def test_an_identity_that_changed_before_any_file_was_known_is_the_same_folder(
    bench: Workbench, tmp_path: Path
) -> None:
    """Without known files, the path decides."""
    root = make_storage_dir(tmp_path / "Empty", sd_id=A)
    sd = add_storage_dir(bench, root).sd
    (root / "SD_ID").write_text(B)
    changed = refresh(bench, sd)
    assert (changed.number, changed.sd_id, changed.aliases) == (sd.number, B, (A,))


@pytest.mark.parametrize("left", [0, 3])
def test_another_storage_directory_in_its_place_is_not_taken_for_it(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir, left: int
) -> None:
    """With fewer than half of the files and no explanation, it is offline, and nothing is ever concluded."""
    before = rows_of(bench, sd)
    (root / "SD_ID").write_text(B)
    remove_images(root, 8 - left)
    there = snapshot(root)
    for _ in range(3):
        seen = refresh(bench, sd)
        assert (seen.sd_id, seen.state.value) == (A, "offline")
        assert B in (seen.problem or "")
        report = scan_storage_dir(bench, sd)
        assert (report.findings[0].kind, report.found_changes) == ("offline", False)
        clock.pass_time(days=1)
    assert rows_of(bench, sd) == before
    assert snapshot(root) == there
    assert list_event_types(bench) == ["sd.added", "scan.finished", "sd.offline"]
    added = add_storage_dir(bench, root)
    assert (added.sd.sd_id, added.sd.number != sd.number) == (B, True)


@pytest.mark.parametrize("days", [0, 1])
def test_a_disk_in_the_place_of_an_emptied_one_is_not_taken_for_it(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir, days: int
) -> None:
    """Its files are absent or missing, but known. If none of them is there, it is another SD (H14)."""
    remove_images(root, 8)
    assert scan_storage_dir(bench, sd).sd.state.value == "suspect"
    if days:  # a person accepts their absence
        confirm_storage_dir(bench, sd)
        clock.pass_time(days=days)
        assert scan_storage_dir(bench, sd).missing == 8
    root.rename(root.with_name("disk A"))
    make_storage_dir(root, *make_pictures(3, first_seed=50), sd_id=B)
    before = rows_of(bench, sd)
    (seen,) = reconsider_storage_dirs(bench)
    assert (seen.sd_id, seen.state.value, seen.aliases) == (A, "offline", ())
    assert scan_storage_dir(bench, sd).added == 0
    assert rows_of(bench, sd) == before


def test_an_old_programs_identity_wins_until_it_has_lost_once(
    bench: Workbench, root: Path, sd: StorageDir
) -> None:
    """A new ``.sd-id`` is migrated (notes refer to it). If there is a former value, it becomes an alias."""
    lay(root, {".sd-id": B})
    (migrated,) = reconsider_storage_dirs(bench)
    assert (migrated.number, migrated.sd_id, migrated.aliases) == (sd.number, B, (A,))
    assert set(contents(root)) == {"SD_ID", f"SD_ID.was-{A}", "media"}
    lay(root, {".sd-id": C})
    (kept,) = reconsider_storage_dirs(bench)
    assert (kept.sd_id, kept.aliases) == (B, tuple(sorted([A, C])))
    assert find_identity_in((root / "SD_ID").read_bytes()) == B


def test_an_identity_that_it_had_before_needs_no_explanation(
    bench: Workbench, root: Path, sd: StorageDir
) -> None:
    """Two programs may fight over ``SD_ID``. An alias means the same folder, whatever happened to its files."""
    (root / "SD_ID").write_text(B)
    assert refresh(bench, sd).sd_id == B
    remove_images(root, 8)
    (root / "SD_ID").write_text(A)
    back = refresh(bench, get_by_number(bench, sd.number))
    assert (back.sd_id, back.aliases, back.state.value) == (A, (B,), "online")


def test_one_that_is_forgotten_while_all_are_listed_hides_no_other(
    bench: Workbench, root: Path, sd: StorageDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process forgets it between the look at its new identity and the write to the catalog."""
    other = add_storage_dir(bench, make_storage_dir(tmp_path / "Other", sd_id=C)).sd
    (root / "SD_ID").write_text(f"{B}\n")
    really_adopt = presence.adopt_identity

    def forget_and_adopt(bench: Workbench, sd: StorageDir, decision: IdentityDecision) -> StorageDir:
        forget_storage_dir(bench, sd)
        return really_adopt(bench, sd, decision)

    monkeypatch.setattr(presence, "adopt_identity", forget_and_adopt)
    assert [listed.number for listed in reconsider_storage_dirs(bench)] == [other.number]
