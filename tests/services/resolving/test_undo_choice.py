"""Undoing a choice: it changes all or nothing, can be repeated, and never loses a version."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders.machine import Machine
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
from strandline.errors import (
    DiskError,
    DiskFullError,
    EntryNotFoundError,
    FileChangedError,
    RefusedError,
    TrashFullError,
)
from strandline.folders.local import LocalFolder
from strandline.folders.port import SaveMode
from strandline.model.conflicts import Keep
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import TrashReason
from strandline.services.resolving import choose
from strandline.services.resolving.choose import choose_version, undo_choice
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.trashing.contents import list_trash

BOTH_AGAIN = {FILE: MINE, COPY: THEIRS}


@pytest.fixture
def vault(machine: Machine) -> StorageDir:
    """A vault with two versions of one picture."""
    return make_versions(machine)


def make_choice(machine: Machine, vault: StorageDir, keep: Keep, copy: str = COPY) -> str:
    """Chooses, and lets the file become quiet. Returns the text that undoes it."""
    chosen = choose_version(machine.bench, vault, copy, keep)
    machine.clock.pass_time(minutes=10)
    return str(chosen.undo)


def refuse_replacing(patch: pytest.MonkeyPatch, error: OSError) -> None:
    """From now on, files can be made, and none can be replaced."""

    def write_image(
        folder: LocalFolder, name: str, source: Any, mode: SaveMode, allowed: Callable[[], bool], **rest: Any
    ) -> Any:
        if mode is SaveMode.REPLACE:
            raise error
        return real(folder, name, source, mode, allowed, **rest)

    real = LocalFolder.write_image
    patch.setattr(LocalFolder, "write_image", write_image)


@pytest.mark.parametrize("keep", list(Keep))
def test_a_version_that_is_taken_away_meanwhile_stays_in_the_trash(
    machine: Machine, vault: StorageDir, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync client moves the copy away as soon as it is back. Its bytes are not lost, and it can be undone again."""
    undo = make_choice(machine, vault, keep)

    def restore_and_lose(*given: Any, **how: Any) -> Any:
        report = real(*given, **how)
        Path(vault.path, COPY).unlink(missing_ok=True)
        return report

    real: Any = vars(choose)["restore_entries"]
    with monkeypatch.context() as patch:
        patch.setattr(choose, "restore_entries", restore_and_lose)
        undo_choice(machine.bench, undo)
    assert see(vault) == {FILE: MINE}
    assert THEIRS in list_pictures_in_trash(machine)
    undo_choice(machine.bench, undo)
    assert see(vault) == BOTH_AGAIN


def test_an_undo_for_which_there_is_no_room_changes_nothing(
    machine: Machine, vault: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It works when there is room again, and nothing is left in the trash."""
    undo = make_choice(machine, vault, Keep.COPY)
    kept = list_trash(machine.bench)
    with monkeypatch.context() as patch:
        refuse_replacing(patch, OSError(errno.ENOSPC, "no room"))
        with pytest.raises(DiskFullError):
            undo_choice(machine.bench, undo)
    assert (see(vault), list_trash(machine.bench)) == ({FILE: THEIRS}, kept)
    undo_choice(machine.bench, undo)
    assert (see(vault), list_trash(machine.bench)) == (BOTH_AGAIN, [])


def test_choices_are_undone_from_the_last_to_the_first(machine: Machine, vault: StorageDir) -> None:
    """The other way is refused, and changes nothing."""
    second = COPY.replace("ABCDEFG", "HIJKLMN")
    Path(vault.path, second).write_bytes(OTHER)
    scan_storage_dir(machine.bench, vault)
    undos = [make_choice(machine, vault, Keep.COPY, copy) for copy in (COPY, second)]
    with pytest.raises(FileChangedError):
        undo_choice(machine.bench, undos[0])
    assert see(vault) == {FILE: OTHER}
    for undo in reversed(undos):
        assert undo_choice(machine.bench, undo).refused == ()
        machine.clock.pass_time(minutes=10)
    assert see(vault) == {FILE: MINE, COPY: THEIRS, second: OTHER}
    assert list_trash(machine.bench) == []


@pytest.mark.parametrize(
    ("keep", "step"),
    [
        (Keep.COPY, "restore_entries"),
        (Keep.COPY, "forget_entries"),
        (Keep.BOTH, "take_out"),
        (Keep.BOTH, "forget_entries"),
    ],
)
def test_an_undo_that_ended_early_goes_on(
    machine: Machine, vault: StorageDir, keep: Keep, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done counts."""
    undo = make_choice(machine, vault, keep)

    def die(*given: Any, **how: Any) -> Any:
        if how.get("dry_run"):
            return real(*given, **how)
        raise KeyboardInterrupt

    real = getattr(choose, step)
    with monkeypatch.context() as patch:
        patch.setattr(choose, step, die)
        with pytest.raises(KeyboardInterrupt):
            undo_choice(machine.bench, undo)
    undo_choice(machine.bench, undo)
    assert see(vault) == BOTH_AGAIN
    with pytest.raises(EntryNotFoundError):
        undo_choice(machine.bench, undo)


def test_a_version_that_a_note_uses_stays(machine: Machine, vault: StorageDir) -> None:
    """Nothing is changed, until the note names another picture."""
    undo = make_choice(machine, vault, Keep.BOTH)
    note = Path(vault.path, "Other.md")
    note.write_text(f"![[{Path(BESIDE).name}]]")
    with pytest.raises(RefusedError, match=r"Other.md:1 uses"):
        undo_choice(machine.bench, undo)
    assert see(vault) == {FILE: MINE, BESIDE: THEIRS}
    note.write_text("")
    undo_choice(machine.bench, undo)
    assert see(vault) == BOTH_AGAIN


def test_a_file_that_was_there_before_stays(machine: Machine, vault: StorageDir) -> None:
    """The choice did not make it."""
    Path(vault.path, BESIDE).write_bytes(THEIRS)
    undo = make_choice(machine, vault, Keep.BOTH)
    assert see(vault) == {FILE: MINE, BESIDE: THEIRS}
    undo_choice(machine.bench, undo)
    assert see(vault) == BOTH_AGAIN | {BESIDE: THEIRS}


def test_the_file_gets_its_time_back(machine: Machine, vault: StorageDir) -> None:
    """Bytes and time are as they were before the choice."""
    path = Path(vault.path, FILE)
    os.utime(path, ns=(0, 1_500_000_000_123_456_789))
    scan_storage_dir(machine.bench, vault)
    undo = make_choice(machine, vault, Keep.COPY)
    assert path.stat().st_mtime_ns != 1_500_000_000_123_456_789
    undo_choice(machine.bench, undo)
    assert path.stat().st_mtime_ns == 1_500_000_000_123_456_789


@pytest.mark.parametrize(
    ("error", "in_trash"), [(OSError(errno.ENOSPC, "no room"), 0), (TimeoutError("no answer"), 1)]
)
def test_a_choice_that_fails_says_so(
    machine: Machine,
    vault: StorageDir,
    error: OSError,
    in_trash: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The bytes of the file are in the trash only if it may still be replaced."""
    refuse_replacing(monkeypatch, error)
    with pytest.raises(DiskError):
        choose_version(machine.bench, vault, COPY, Keep.COPY)
    assert see(vault) == BOTH_AGAIN
    assert [each.reason for each in list_trash(machine.bench)] == [TrashReason.VERSION] * in_trash


def test_the_trash_must_have_room_for_both(machine: Machine, vault: StorageDir) -> None:
    """The copy goes there, and the bytes that the file had."""
    room = len(MINE) + len(THEIRS)
    machine.bench.limits = replace(machine.bench.limits, trash_max_bytes=room - 1)
    with pytest.raises(TrashFullError):
        choose_version(machine.bench, vault, COPY, Keep.COPY)
    assert (see(vault), list_trash(machine.bench)) == (BOTH_AGAIN, [])
    machine.bench.limits = replace(machine.bench.limits, trash_max_bytes=room)
    choose_version(machine.bench, vault, COPY, Keep.COPY)
    assert see(vault) == {FILE: THEIRS}
