"""Copying many images: by ids, by files, and by a note; idempotent, and one that is refused stops no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.named_vault import put
from builders.pictures import make_picture
from builders.storage import id_of, name_of, put_half
from strandline.errors import SourceNotFoundError, StorageDirNotFoundError
from strandline.model.changes import NamedFile
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.model.transfers import TransferReport
from strandline.services.copying.copies import copy_files, plan_copy
from strandline.services.importing.import_images import import_images
from strandline.services.storage_dirs.add import add_storage_dir

ONE, TWO, THREE = (make_picture("png", seed=seed) for seed in range(3))
ID, NAME = id_of(ONE), name_of(ONE)


def copy(machine: Machine, to: StorageDir, *image_ids: ImageId, note: Path | None = None) -> TransferReport:
    """Plans it and does it."""
    plan = plan_copy(machine.bench, image_ids, to, note=None if note is None else str(note))
    return copy_files(machine.bench, plan)


def add_vault(machine: Machine, **files: bytes) -> StorageDir:
    """A folder of named pictures: ``a__b_png`` is ``a/b.png``."""
    root = machine.folder / "vault"
    for name, data in files.items():
        path = root / ".".join(name.replace("__", "/").rsplit("_", 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return add_storage_dir(machine.bench, root).sd


def test_what_is_there_is_not_written_again(machine: Machine) -> None:
    """It counts as done. So does everything the second time."""
    one, two = machine.add("one", ONE, TWO), machine.add("two", TWO)
    before = (machine.media(two) / name_of(TWO)).lstat().st_ino
    report = copy(machine, two, ID, id_of(TWO), ID)
    assert [change.path for change in report.report.done] == [f"media/{NAME}", f"media/{name_of(TWO)}"]
    assert [change.path for change in report.copied] == [f"media/{NAME}"]
    assert {change.sd_id for change in report.report.plan} == {two.sd_id}
    assert (machine.media(two) / name_of(TWO)).lstat().st_ino == before
    assert (machine.media(two) / NAME).read_bytes() == ONE
    assert (machine.media(one) / NAME).exists()
    again = copy(machine, two, ID, id_of(TWO))
    assert (len(again.report.done), again.copied, again.report.refused) == (2, (), ())


def test_one_that_is_refused_stops_no_other(machine: Machine) -> None:
    """An image that is nowhere, and one that is only half here."""
    one, two = machine.add("one", ONE), machine.add("two", TWO)
    put_half(Path(one.path), THREE)
    report = copy(machine, two, ImageId("0" * 32), id_of(THREE), ID)
    assert [each.code for each in report.report.refused] == ["image-not-found", "image-arriving"]
    assert [change.image_id for change in report.report.done] == [ID]


def test_a_dry_run_writes_nothing(machine: Machine) -> None:
    """It says what would be refused."""
    machine.add("one", ONE)
    two = machine.add("two", TWO)
    plan = plan_copy(machine.bench, [ID, ImageId("0" * 32)], two)
    report = copy_files(machine.bench, plan, dry_run=True)
    assert ([change.image_id for change in report.report.possible], report.report.done) == ([ID], ())
    assert not (machine.media(two) / NAME).exists()


def test_progress_is_told(machine: Machine) -> None:
    """After each image."""
    machine.add("one", ONE, TWO)
    two, told = machine.add("two", THREE), []
    plan = plan_copy(machine.bench, [ID, id_of(TWO)], two)
    copy_files(machine.bench, plan, on_done=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


class TestNotes:
    """All that a note uses."""

    def test_its_pictures_are_copied(self, machine: Machine) -> None:
        """Each once, resolved as by a check; what is not there is told with its place."""
        vault = add_vault(
            machine,
            Note_md=b"![[sea.png]]\n![](img/lake.png)\n![[sea.png]]\n![[gone.png]]\n[](https://example.org/x.png)\n",
            Other_md=b"![[hill.png]]",
            img__sea_png=ONE,
            img__lake_png=TWO,
            img__hill_png=THREE,
        )
        two = machine.add("two")
        report = copy(machine, two, note=Path(vault.path, "Note.md"))
        assert {change.image_id for change in report.copied} == {ID, id_of(TWO)}
        (refused,) = report.report.refused
        assert refused.code == "source-not-found"
        assert refused.message.startswith("Note.md:4 refers to gone.png, which is not in 'vault'")
        assert len(copy(machine, two, note=Path(vault.path)).report.done) == 3

    def test_names_stay_as_notes_have_them(self, machine: Machine) -> None:
        """Extension, letter case, and percent sign: the copied note finds its pictures."""
        names = ["tram 28.jpeg", "cat 62.JPG", "100% wool 57.jpeg", "a#1.JPEG"]
        vault = machine.folder / "from"
        for seed, name in enumerate(names):
            put(vault, f"attachments/{name}", make_picture("jpg", seed=seed))
        put(vault, "Note.md", "".join(f"![[{name}]]\n" for name in names[:3]).encode() + b"![](a%231.JPEG)")
        put(vault, ".obsidian/app.json", b"{}")
        put(machine.folder / "to", "Old.md", b"")
        add_storage_dir(machine.bench, vault)
        to = add_storage_dir(machine.bench, machine.folder / "to").sd
        report = copy(machine, to, note=vault / "Note.md")
        assert sorted(Path(str(change.path)).name for change in report.copied) == sorted(names)
        imported = machine.folder / "imported"
        put(imported, "Old.md", b"")
        into = add_storage_dir(machine.bench, imported).sd
        done = import_images(machine.bench, [vault], into).done
        assert sorted(Path(image.path).name for image in done) == sorted(names)

    def test_a_damaged_picture_is_refused(self, machine: Machine) -> None:
        """The others are copied."""
        vault = add_vault(machine, Note_md=b"![](a.png)![](b.png)", a_png=ONE, b_png=TWO[: len(TWO) // 2])
        report = copy(machine, machine.add("two"), note=Path(vault.path, "Note.md"))
        assert [each.code for each in report.report.refused] == ["image-arriving"]
        assert [change.image_id for change in report.report.done] == [ID]

    def test_a_note_must_be_in_a_storage_directory(self, machine: Machine) -> None:
        """And be there."""
        two = machine.add("two", ONE)
        elsewhere = machine.folder / "Note.md"
        elsewhere.write_text("![](a.png)")
        with pytest.raises(StorageDirNotFoundError, match="is in no storage directory"):
            plan_copy(machine.bench, [], two, note=str(elsewhere))
        with pytest.raises(SourceNotFoundError):
            plan_copy(machine.bench, [], two, note=str(Path(two.path, "Note.md")))


def test_a_file_means_its_image(machine: Machine) -> None:
    """As a path that a person types."""
    one, two = machine.add("one", ONE), machine.add("two")
    plan = plan_copy(machine.bench, [], two, [NamedFile(one, f"media/{NAME}", ID)])
    assert len(copy_files(machine.bench, plan).copied) == 1


def test_a_legacy_image_gets_the_id_of_its_bytes_among_named_pictures(machine: Machine) -> None:
    """Its row says under which id it is there."""
    one = machine.add("one", TWO)
    machine.put(one, ONE, f"{LEGACY_ID}.png")
    machine.scan(one)
    vault = add_vault(machine, Note_md=b"hello")
    report = copy(machine, vault, LEGACY_ID)
    assert [change.image_id for change in report.report.done] == [ID]
