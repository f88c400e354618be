"""Two different versions of a named picture: a person keeps one, or both, and can undo it."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.machine import Machine
from builders.storage import id_of
from builders.versions import (
    BESIDE,
    COPY,
    FILE,
    MINE,
    OTHER,
    THEIRS,
    list_pictures_in_trash,
    make_versions,
    see,
)
from strandline.errors import EntryNotFoundError, FileChangedError, RefusedError
from strandline.model.conflicts import Keep
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import TrashReason
from strandline.services.resolving.choose import choose_version, undo_choice
from strandline.services.resolving.listing import list_conflicts
from strandline.services.trashing.contents import list_trash
from strandline.services.trashing.restore import restore_entries


@pytest.fixture
def vault(machine: Machine) -> StorageDir:
    """A vault with two versions of one picture."""
    return make_versions(machine)


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
