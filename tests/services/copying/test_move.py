"""Moving: a proven copy first, then the source goes to the trash; whatever speaks against it, the source stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from strandline.errors import InSeveralFoldersError
from strandline.model.changes import NamedFile
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.model.transfers import TransferReport
from strandline.services.copying import move as move_module
from strandline.services.copying.move import move_files, plan_move
from strandline.services.saving.copy import copy_image
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.trashing.contents import list_trash
from strandline.services.trashing.restore import restore_images

ONE, TWO, THREE = (make_picture("png", seed=seed) for seed in range(3))
ID, NAME = id_of(ONE), name_of(ONE)


def move(
    machine: Machine,
    to: StorageDir,
    *image_ids: ImageId,
    source: StorageDir | None = None,
    insists: bool = False,
) -> TransferReport:
    """Plans it and does it."""
    return move_files(machine.bench, plan_move(machine.bench, image_ids, to, source), insists=insists)


def add_vault(machine: Machine, **files: bytes) -> StorageDir:
    """A folder of named pictures: ``a__b_png`` is ``a/b.png``."""
    root = machine.folder / "vault"
    for name, data in files.items():
        path = root / ".".join(name.replace("__", "/").rsplit("_", 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return add_storage_dir(machine.bench, root).sd


def codes(report: TransferReport) -> list[str]:
    """Of what was refused."""
    return [each.code for each in report.report.refused]


def test_it_is_there_and_no_longer_here(machine: Machine) -> None:
    """The row is that of the source, which can be restored. The second time, there is nothing to do."""
    one, two = machine.add("one", ONE, TWO), machine.add("two", THREE)
    report = move(machine, two, ID)
    assert [(change.sd_id, change.path) for change in report.report.done] == [(one.sd_id, f"media/{NAME}")]
    assert [(change.sd_id, change.path) for change in report.copied] == [(two.sd_id, f"media/{NAME}")]
    assert os.listdir(machine.media(one)) == [name_of(TWO)]
    assert machine.get(ID).read() == ONE
    again = move(machine, two, ID)
    assert (again.report.plan, again.report.done, again.report.refused) == ((), (), ())
    restore_images(machine.bench, [ID])
    assert (machine.media(one) / NAME).read_bytes() == ONE
    assert (machine.media(two) / NAME).read_bytes() == ONE


def test_somebody_must_say_from_which_folder(machine: Machine) -> None:
    """If there are several besides the target. Until then, nothing moves."""
    one, two, three = machine.add("one", ONE), machine.add("two", ONE), machine.add("three", TWO)
    with pytest.raises(
        InSeveralFoldersError, match="'one', 'two'; nothing was moved; say from which with --from"
    ):
        plan_move(machine.bench, [ID], three)
    assert len(move(machine, three, ID, source=one).report.done) == 1
    assert len(move(machine, three, ID).report.done) == 1
    assert not (machine.media(two) / NAME).exists()
    assert codes(move(machine, three, ImageId("0" * 32))) == ["image-not-found"]


class TestNotes:
    """Pictures that notes of the source use."""

    def test_they_stay_unless_a_person_insists(self, machine: Machine) -> None:
        """Those that no note uses go. The notes are named before."""
        vault = add_vault(machine, Note_md=b"# Sea\n![[sea.png]]", sea_png=ONE, lake_png=TWO)
        two = machine.add("two", THREE)
        plan = plan_move(machine.bench, [ID, id_of(TWO)], two)
        assert [(use.note, use.line) for use in plan.uses] == [("Note.md", 2)]
        report = move_files(machine.bench, plan)
        assert codes(report) == ["image-in-use"]
        assert "sea.png in 'vault' is used by Note.md:2" in report.report.refused[0].message
        assert [change.path for change in report.report.done] == ["lake.png"]
        assert not (machine.media(two) / NAME).exists()
        assert codes(move(machine, two, ID, insists=True)) == []
        assert sorted(os.listdir(vault.path)) == ["Note.md"]

    def test_a_note_that_comes_between_plan_and_deed_counts(self, machine: Machine) -> None:
        """The notes are read again."""
        vault = add_vault(machine, Note_md=b"", sea_png=ONE)
        plan = plan_move(machine.bench, [ID], machine.add("two", THREE))
        Path(vault.path, "New.md").write_text("![](sea.png)")
        assert codes(move_files(machine.bench, plan)) == ["image-in-use"]

    def test_what_cannot_be_read_may_use_it(self, machine: Machine) -> None:
        """A broken drawing of Obsidian's."""
        add_vault(machine, Board_canvas=b'{"sea.png"', sea_png=ONE)
        report = move(machine, machine.add("two", THREE), ID)
        assert codes(report) == ["image-in-use"]
        assert "nobody can tell" in report.report.refused[0].message

    def test_all_that_a_note_uses_can_move(self, machine: Machine) -> None:
        """Only these files, whatever copies they have."""
        vault = add_vault(machine, Note_md=b"![](a/sea.png)", a__sea_png=ONE, b__copy_png=ONE)
        two = machine.add("two", THREE)
        plan = plan_move(machine.bench, [], two, note=str(Path(vault.path, "Note.md")))
        report = move_files(machine.bench, plan, insists=True)
        assert [change.path for change in report.report.done] == ["a/sea.png"]
        assert Path(vault.path, "b/copy.png").exists()


class TestSourceStays:
    """Whenever the copy is not exactly what is in the source."""

    def test_if_the_source_has_other_bytes(self, machine: Machine) -> None:
        """A legacy id names other bytes in the target; nothing is replaced."""
        one, two = machine.add("one", THREE), machine.add("two", THREE)
        machine.put(one, ONE, f"{LEGACY_ID}.png")
        machine.put(two, TWO, f"{LEGACY_ID}.png")
        report = move(machine, two, LEGACY_ID, source=one)
        assert codes(report) == ["different-bytes"]
        assert (machine.media(one) / f"{LEGACY_ID}.png").read_bytes() == ONE
        assert (machine.media(two) / f"{LEGACY_ID}.png").read_bytes() == TWO

    def test_if_it_is_damaged(self, machine: Machine) -> None:
        """A good twin gets into the target; the bad bytes are somebody's to judge."""
        one, two, three = machine.add("one", ONE), machine.add("two", ONE), machine.add("three", TWO)
        (machine.media(one) / NAME).write_bytes(ONE[:-20])
        report = move(machine, three, ID, source=one)
        assert codes(report) == ["file-changed"]
        assert (machine.media(one) / NAME).read_bytes() == ONE[:-20]
        assert (machine.media(three) / NAME).read_bytes() == ONE
        assert (machine.media(two) / NAME).exists()

    def test_if_the_copy_went_bad_in_the_target(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is read there before the source goes."""
        one, two = machine.add("one", ONE), machine.add("two", TWO)

        def copy_and_damage(*args: object, **options: object) -> object:
            saved = copy_image(*args, **options)  # type: ignore[arg-type]
            path = machine.media(two) / NAME
            path.write_bytes(ONE[:-1] + b"?")
            return saved

        monkeypatch.setattr(move_module, "copy_image", copy_and_damage)
        assert codes(move(machine, two, ID)) == ["wrong-bytes"]
        assert (machine.media(one) / NAME).read_bytes() == ONE

    def test_if_both_are_one_file(self, machine: Machine) -> None:
        """A folder may be mounted twice."""
        one, two = machine.add("one", ONE), machine.add("two", TWO)
        os.link(machine.media(one) / NAME, machine.media(two) / NAME)
        report = move(machine, two, ID, source=one)
        assert codes(report) == ["refused"]
        assert "are one file on the disk" in report.report.refused[0].message
        assert list_trash(machine.bench) == []

    def test_if_it_would_lose_its_id(self, machine: Machine) -> None:
        """Among named pictures, ids are those of bytes."""
        one = machine.add("one", TWO)
        machine.put(one, ONE, f"{LEGACY_ID}.png")
        machine.scan(one)
        report = move(machine, add_vault(machine, Note_md=b"hello"), LEGACY_ID)
        assert codes(report) == ["refused"]
        assert "could not keep its id" in report.report.refused[0].message

    def test_if_the_target_is_away(self, machine: Machine) -> None:
        """A dry run knows it, too."""
        one, two = machine.add("one", ONE), machine.add("two", TWO)
        plan = plan_move(machine.bench, [ID], two)
        Path(two.path).rename(machine.folder / "away")
        assert codes(move_files(machine.bench, plan, dry_run=True)) == ["sd-offline"]
        assert codes(move_files(machine.bench, plan)) == ["sd-offline"]
        assert (machine.media(one) / NAME).exists()


def test_one_of_several_files_can_be_meant(machine: Machine) -> None:
    """By its path."""
    vault = add_vault(machine, sea_png=ONE, copy_png=ONE, Note_md=b"")
    two = machine.add("two", THREE)
    plan = plan_move(machine.bench, [], two, files=[NamedFile(vault, "copy.png", ID)])
    assert [change.path for change in move_files(machine.bench, plan).report.done] == ["copy.png"]
    assert len(move(machine, two, ID).report.done) == 1
    assert sorted(os.listdir(vault.path)) == ["Note.md"]
