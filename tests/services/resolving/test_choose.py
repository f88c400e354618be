"""Two different versions of a named picture: a person keeps one, or both, and can undo it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.machine import Machine
from builders.pictures import make_picture
from builders.storage import id_of
from strandline.errors import EntryNotFoundError, FileChangedError, RefusedError
from strandline.model.conflicts import Keep
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import TrashReason
from strandline.services.resolving.choose import choose_version, undo_choice
from strandline.services.resolving.listing import list_conflicts
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.trashing.contents import list_trash
from strandline.services.trashing.restore import restore_entries
from strandline.services.trashing.trash import file_of

MINE, THEIRS, OTHER = (make_picture("png", seed=seed) for seed in range(3))
FILE, COPY = "pictures/sea.png", "pictures/sea.sync-conflict-20260101-101010-ABCDEFG.png"
BESIDE = "pictures/sea, other version.png"


@pytest.fixture
def vault(machine: Machine) -> StorageDir:
    """A vault with two versions of one picture."""
    root = machine.folder / "vault"
    (root / "pictures").mkdir(parents=True)
    (root / "Note.md").write_text("![[sea.png]]")
    (root / FILE).write_bytes(MINE)
    (root / COPY).write_bytes(THEIRS)
    sd = add_storage_dir(machine.bench, root).sd
    machine.clock.pass_time(minutes=10)
    scan_storage_dir(machine.bench, sd)
    return sd


def see(sd: StorageDir) -> dict[str, bytes]:
    """All pictures of the vault."""
    root = Path(sd.path)
    return {
        f"pictures/{name}": (root / "pictures" / name).read_bytes() for name in os.listdir(root / "pictures")
    }


def list_pictures_in_trash(machine: Machine) -> list[bytes]:
    """The bytes of what is in the trash."""
    return [file_of(machine.bench, entry).read_bytes() for entry in list_trash(machine.bench)]


@pytest.mark.parametrize(
    ("keep", "after"),
    [
        (Keep.FILE, {FILE: MINE}),
        (Keep.COPY, {FILE: THEIRS}),
        (Keep.BOTH, {FILE: MINE, BESIDE: THEIRS}),
    ],
)
def test_one_or_both_are_kept_and_it_can_be_undone(
    machine: Machine, vault: StorageDir, keep: Keep, after: dict[str, bytes]
) -> None:
    """The file keeps its name, so notes lead to what was kept. No conflict copy is left; undo brings both back."""
    chosen = choose_version(machine.bench, vault, COPY, keep)
    assert see(vault) == after
    assert list_conflicts(machine.bench, [vault]).conflicts == ()
    everything = [*see(vault).values(), *list_pictures_in_trash(machine)]
    assert {MINE, THEIRS} <= set(everything)
    machine.clock.pass_time(minutes=10)
    assert chosen.undo is not None
    assert undo_choice(machine.bench, chosen.undo).refused == ()
    assert see(vault) == {FILE: MINE, COPY: THEIRS}


def test_what_was_not_kept_comes_back_beside_it(machine: Machine, vault: StorageDir) -> None:
    """It is a version, no damaged file. After an undo, nothing of it is left in the trash."""
    chosen = choose_version(machine.bench, vault, COPY, Keep.COPY)
    (entry,) = (each for each in list_trash(machine.bench) if each.reason is TrashReason.VERSION)
    assert (entry.path, entry.image_id) == (FILE, id_of(MINE))
    report = restore_entries(machine.bench, [entry.trash_id])
    assert [row.path for row in report.done] == [BESIDE]
    assert see(vault) == {FILE: THEIRS, BESIDE: MINE}
    machine.clock.pass_time(minutes=10)
    assert undo_choice(machine.bench, str(chosen.undo)).refused == ()
    assert see(vault) == {FILE: MINE, COPY: THEIRS, BESIDE: MINE}
    assert list_trash(machine.bench) == []


def test_a_dry_run_changes_nothing(machine: Machine, vault: StorageDir) -> None:
    """It says what would happen, and there is nothing to undo."""
    tried = choose_version(machine.bench, vault, COPY, Keep.COPY, dry_run=True)
    assert ([row.path for row in tried.changes.plan], tried.changes.done, tried.undo) == ([COPY], (), None)
    assert see(vault) == {FILE: MINE, COPY: THEIRS}


@pytest.mark.parametrize("text", ["", "x", f"{'0' * 32}:file", f"{'0' * 32}:both:0", f"{'0' * 32}:copy:../x"])
def test_another_text_undoes_nothing(machine: Machine, vault: StorageDir, text: str) -> None:
    """It is refused, and nothing changes."""
    with pytest.raises(EntryNotFoundError):
        undo_choice(machine.bench, text)
    assert see(vault) == {FILE: MINE, COPY: THEIRS}


def test_a_name_that_is_taken_is_left_alone(machine: Machine, vault: StorageDir) -> None:
    """The next one is taken."""
    Path(vault.path, BESIDE).write_bytes(OTHER)
    chosen = choose_version(machine.bench, vault, COPY, Keep.BOTH)
    assert chosen.kept_as == "pictures/sea, other version 2.png"
    assert see(vault)[BESIDE] == OTHER


def test_what_is_no_choice_is_refused(machine: Machine, vault: StorageDir) -> None:
    """No conflict copy; equal bytes; a copy that a note uses. Nothing is changed."""
    with pytest.raises(EntryNotFoundError):
        choose_version(machine.bench, vault, FILE, Keep.FILE)
    Path(vault.path, "Note.md").write_text(f"![[{Path(COPY).name}]]")
    with pytest.raises(RefusedError, match="uses"):
        choose_version(machine.bench, vault, COPY, Keep.FILE)
    Path(vault.path, COPY).write_bytes(MINE)
    with pytest.raises(RefusedError, match="nothing to choose"):
        choose_version(machine.bench, vault, COPY, Keep.BOTH)
    assert see(vault) == {FILE: MINE, COPY: MINE}


def test_equal_bytes_are_folded(machine: Machine, vault: StorageDir) -> None:
    """Somebody chose on another machine, or a choice was killed in the middle."""
    Path(vault.path, FILE).write_bytes(THEIRS)
    chosen = choose_version(machine.bench, vault, COPY, Keep.COPY)
    assert see(vault) == {FILE: THEIRS}
    undo_choice(machine.bench, str(chosen.undo))
    assert see(vault) == {FILE: THEIRS, COPY: THEIRS}


@pytest.mark.parametrize("keep", [Keep.COPY, Keep.BOTH])
def test_an_edit_since_is_not_undone(machine: Machine, vault: StorageDir, keep: Keep) -> None:
    """Undo never replaces what somebody saved meanwhile."""
    chosen = choose_version(machine.bench, vault, COPY, keep)
    Path(vault.path, chosen.kept_as or FILE).write_bytes(OTHER)
    machine.clock.pass_time(minutes=10)
    with pytest.raises(FileChangedError):
        undo_choice(machine.bench, str(chosen.undo))
    assert OTHER in see(vault).values()
