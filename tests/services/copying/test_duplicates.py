"""Duplicates: what the catalog says of them, and that folding takes no picture from any note."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from strandline.errors import UnreadTextsError
from strandline.model.changes import ChangeReport
from strandline.model.storage_dirs import StorageDir
from strandline.services.copying.duplicates import fold, list_duplicates, plan_fold
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.trashing.contents import list_trash

ONE, TWO, THREE = (make_picture("png", seed=seed) for seed in range(3))
ID, NAME = id_of(ONE), name_of(ONE)


def add_vault(machine: Machine, name: str = "vault", **files: bytes) -> StorageDir:
    """A folder of named pictures: ``a__b_png`` is ``a/b.png``."""
    root = machine.folder / name
    for each, data in files.items():
        path = root / ".".join(each.replace("__", "/").rsplit("_", 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return add_storage_dir(machine.bench, root).sd


def do_fold(machine: Machine) -> ChangeReport:
    """Plans it and does it."""
    return fold(machine.bench, plan_fold(machine.bench))


def list_files(sd: StorageDir) -> list[str]:
    """All files in it, by path."""
    root = Path(sd.path)
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


class TestReport:
    """By the catalog alone."""

    def test_files_with_the_same_bytes_are_a_group(self, machine: Machine) -> None:
        """With the space they take besides one of them. What is there once is none."""
        vault = add_vault(machine, a_png=ONE, b__c_png=ONE, d_png=ONE, e_png=TWO)
        (group,) = list_duplicates(machine.bench).groups
        assert [file.path for file in group.files] == ["a.png", "b/c.png", "d.png"]
        assert {file.image_id for file in group.files} == {ID}
        assert group.extra_bytes == 2 * len(ONE)
        assert list_duplicates(machine.bench, [vault]).groups == (group,)

    def test_two_generations_of_ids_are_a_group(self, machine: Machine) -> None:
        """A legacy id and a content id of the same bytes."""
        one = machine.add("one", ONE, TWO)
        machine.put(one, ONE, f"{LEGACY_ID}.png")
        machine.scan(one)
        machine.get(LEGACY_ID)
        machine.get(ID)
        (group,) = list_duplicates(machine.bench).groups
        assert {file.image_id for file in group.files} == {ID, LEGACY_ID}

    def test_backups_are_counted_and_listed_if_asked(self, machine: Machine) -> None:
        """They take no extra space."""
        one, two = add_vault(machine, "one", a_png=ONE), add_vault(machine, "two", b_png=ONE, c_png=TWO)
        report = list_duplicates(machine.bench)
        assert (report.groups, report.in_several, report.extra_bytes) == ((), 1, 0)
        (group,) = list_duplicates(machine.bench, [two], across=True).groups
        assert [file.sd.number for file in group.files] == [one.number, two.number]

    def test_what_changed_since_does_not_count(self, machine: Machine) -> None:
        """Nor what is gone."""
        vault = add_vault(machine, a_png=ONE, b_png=ONE, c_png=ONE)
        Path(vault.path, "a.png").write_bytes(TWO)
        Path(vault.path, "b.png").unlink()
        machine.scan(vault)
        assert list_duplicates(machine.bench).groups == ()

    def test_links_to_one_file_take_no_space(self, machine: Machine) -> None:
        """They are a group all the same."""
        root = machine.folder / "vault"
        root.mkdir(parents=True)
        (root / "a.png").write_bytes(ONE)
        os.link(root / "a.png", root / "b.png")
        add_storage_dir(machine.bench, root)
        (group,) = list_duplicates(machine.bench).groups
        assert (len(group.files), group.extra_bytes) == (2, 0)


class TestFold:
    """Superfluous files go to the trash."""

    def test_those_that_notes_name_stay(self, machine: Machine) -> None:
        """By a reference, or anywhere in a text."""
        vault = add_vault(
            machine,
            Note_md=b"![[Some%20where.png]] ![](img/used.png)\n",
            Script_py=b"open('in code.png')",
            img__used_png=ONE,
            copy_png=ONE,
            img__other_png=ONE,
            Some__where_png=TWO,
        )
        Path(vault.path, "in code.png").write_bytes(ONE)
        machine.scan(vault)
        report = do_fold(machine)
        assert sorted(change.path or "" for change in report.done) == ["copy.png", "img/other.png"]
        assert list_files(vault) == ["Note.md", "Script.py", "Some/where.png", "img/used.png", "in code.png"]
        assert len(list_trash(machine.bench)) == 2
        assert do_fold(machine).plan == ()

    def test_one_always_stays(self, machine: Machine) -> None:
        """In each storage directory: those of two are backups of one another."""
        one = add_vault(machine, "one", a_png=ONE, b_png=ONE)
        two = add_vault(machine, "two", c_png=ONE, longer_png=ONE)
        assert len(do_fold(machine).done) == 2
        assert (list_files(one), list_files(two)) == (["a.png"], ["c.png"])

    def test_a_note_elsewhere_counts(self, machine: Machine) -> None:
        """In any storage directory."""
        one = add_vault(machine, "one", a_png=ONE, bb_png=ONE)
        add_vault(machine, "two", Note_md=b"see ../one/bb.png")
        do_fold(machine)
        assert list_files(one) == ["bb.png"]

    def test_an_id_in_a_text_counts(self, machine: Machine) -> None:
        """Without an extension, too. Otherwise, the id of the bytes stays."""
        one = machine.add("one", ONE, TWO)
        for data, legacy in ((ONE, LEGACY_ID), (TWO, LEGACY_ID.replace("1234", "4321"))):
            machine.put(one, data, f"{legacy}.png")
            machine.scan(one)
            machine.get(legacy)  # type: ignore[arg-type]
            machine.get(id_of(data))
        add_vault(machine, Note_md=f"http://localhost/i/{LEGACY_ID}".encode())
        do_fold(machine)
        assert sorted(os.listdir(machine.media(one))) == sorted([f"{LEGACY_ID}.png", name_of(TWO)])

    def test_nothing_goes_while_a_text_is_unread(self, machine: Machine) -> None:
        """A storage directory that is away may have a note."""
        add_vault(machine, "one", a_png=ONE, b_png=ONE)
        two = add_vault(machine, "two", Note_md=b"")
        Path(two.path).rename(machine.folder / "away")
        with pytest.raises(UnreadTextsError, match="nothing is moved, because"):
            plan_fold(machine.bench)

    def test_bytes_are_compared_at_the_moment_of_acting(self, machine: Machine) -> None:
        """If one that stays, or the one that goes, has other bytes by now, it stays."""
        vault = add_vault(machine, a_png=ONE, bb_png=ONE, c_png=TWO, dd_png=TWO)
        steps = plan_fold(machine.bench)
        assert [each.step.path for each in steps] == ["bb.png", "dd.png"] or len(steps) == 2
        Path(vault.path, "a.png").write_bytes(THREE)
        Path(vault.path, "dd.png").write_bytes(THREE)
        report = fold(machine.bench, steps)
        assert ([each.code for each in report.refused], report.done) == (["file-changed"] * 2, ())
        assert len(list_files(vault)) == 4

    def test_a_dry_run_moves_nothing(self, machine: Machine) -> None:
        """It says what would go."""
        vault = add_vault(machine, a_png=ONE, bb_png=ONE)
        report = fold(machine.bench, plan_fold(machine.bench), dry_run=True)
        assert [change.path for change in report.possible] == ["bb.png"]
        assert len(list_files(vault)) == 2
