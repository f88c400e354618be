"""Deleting: files move to the trash and come back, on every kind of folder, and whatever happens meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from builders.identities import B
from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of, put_half
from strandline.errors import InSeveralFoldersError
from strandline.folders import setting_aside
from strandline.model.changes import ChangeReport, NamedFile
from strandline.model.image_files import FileState
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import TrashReason
from strandline.services.finding.search import find_image
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.trashing import trash
from strandline.services.trashing.contents import empty_trash, list_trash
from strandline.services.trashing.delete import delete_files, plan_delete
from strandline.services.trashing.restore import restore_images

ONE, TWO = (make_picture("png", seed=seed) for seed in range(2))
ID, NAME = id_of(ONE), name_of(ONE)


def delete(machine: Machine, *image_ids: ImageId, sds: tuple[StorageDir, ...] = ()) -> ChangeReport:
    """Plans it and does it."""
    return delete_files(machine.bench, plan_delete(machine.bench, image_ids, sds))


def add_vault(machine: Machine, **files: bytes) -> StorageDir:
    """A folder of named pictures: ``a__b`` is ``a/b.png``."""
    root = machine.folder / "vault"
    for name, data in {"Note": b"![[sea.png]]", **files}.items():
        path = root / (name.replace("__", "/") + (".md" if name == "Note" else ".png"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return add_storage_dir(machine.bench, root).sd


def refusals(report: ChangeReport) -> list[str]:
    """The codes of what was refused."""
    return [each.error.code for each in report.refused]


class TestDelete:
    """An image leaves its folder."""

    def test_it_goes_to_the_trash_and_comes_back(self, machine: Machine) -> None:
        """Bytes, name, and mtime are as before. Listeners are told of both, once."""
        one = machine.add("one", ONE, TWO)
        os.utime(machine.media(one) / NAME, (10**9, 10**9))
        machine.get(ID)
        before = (machine.media(one) / NAME).lstat()
        report = delete(machine, ID)
        assert report.done == report.plan
        assert [(change.image_id, change.sd_id, change.path) for change in report.done] == [
            (ID, one.sd_id, f"media/{NAME}")
        ]
        assert sorted(os.listdir(machine.media(one))) == [name_of(TWO)]
        assert find_image(machine.bench, ID) is None
        assert machine.row(one, NAME).state is FileState.TRASHED  # type: ignore[union-attr]
        assert len(machine.events("image.removed")) == 1
        restored = restore_images(machine.bench, [ID])
        assert (restored.done, restored.refused) == (restored.plan, ())
        after = (machine.media(one) / NAME).lstat()
        assert (machine.get(ID).read(), after.st_mtime_ns) == (ONE, before.st_mtime_ns)
        assert (list_trash(machine.bench), len(machine.events("image.available"))) == ([], 2)
        assert not any(path.is_file() for path in machine.bench.trash_folder.rglob("*"))

    def test_a_scan_does_not_miss_it(self, machine: Machine) -> None:
        """It is neither absent nor missing, and no brake holds."""
        one = machine.add("one", ONE, TWO)
        delete(machine, ID, id_of(TWO))
        for _ in range(3):
            machine.clock.pass_time(minutes=2)
            report = scan_storage_dir(machine.bench, one)
            assert (report.absent, report.missing, report.sd.state.value) == (0, 0, "online")

    def test_a_file_that_comes_back_by_sync_is_here_again(self, machine: Machine) -> None:
        """Another machine may still have it."""
        one = machine.add("one", ONE, TWO)
        delete(machine, ID)
        machine.put(one, ONE)
        machine.scan(one)
        assert machine.get(ID).read() == ONE
        assert restore_images(machine.bench, [ID]).refused == ()
        assert list_trash(machine.bench) == []

    def test_an_image_that_the_catalog_does_not_know_is_found(self, machine: Machine) -> None:
        """As for everything that is asked for by id."""
        one = machine.add("one", TWO)
        machine.put(one, ONE)
        assert len(delete(machine, ID).done) == 1
        assert os.listdir(machine.media(one)) == [name_of(TWO)]

    def test_legacy_and_bad_files_can_go_too(self, machine: Machine) -> None:
        """Whatever is under the image's name is what people see, and what they delete."""
        one = machine.add("one", TWO)
        machine.put(one, ONE, f"{LEGACY_ID}.png")
        put_half(Path(one.path), ONE)
        machine.scan(one)
        assert len(delete(machine, LEGACY_ID, ID).done) == 2
        assert len(restore_images(machine.bench, [LEGACY_ID, ID]).done) == 2
        assert machine.get(LEGACY_ID).read() == ONE

    def test_somebody_must_say_from_which_folder(self, machine: Machine) -> None:
        """Nothing is deleted until then. Only the copies in those folders go."""
        one, two = machine.add("one", ONE), machine.add("two", ONE)
        with pytest.raises(InSeveralFoldersError, match="'one', 'two'"):
            plan_delete(machine.bench, [ID])
        assert len(delete(machine, ID, sds=(two,)).done) == 1
        assert (machine.media(one) / NAME).exists()
        assert not (machine.media(two) / NAME).exists()
        assert delete(machine, ID).done[0].sd_id == one.sd_id
        assert len(restore_images(machine.bench, [ID]).done) == 2

    def test_what_is_gone_is_refused(self, machine: Machine) -> None:
        """Also if it goes between the plan and the deed."""
        one = machine.add("one", ONE, TWO)
        plan = plan_delete(machine.bench, [ID, ImageId("0" * 32)])
        (machine.media(one) / NAME).unlink()
        report = delete_files(machine.bench, plan)
        assert (refusals(report), report.done) == (["image-not-found", "source-not-found"], ())

    def test_the_notes_that_use_it_are_named(self, machine: Machine) -> None:
        """Before anything happens."""
        vault = add_vault(machine, sea=ONE)
        plan = plan_delete(machine.bench, [ID])
        assert [(use.sd.name, use.note, use.line) for use in plan.uses] == [("vault", "Note.md", 1)]
        assert Path(vault.path, "sea.png").exists()


class TestNamed:
    """Pictures with names."""

    def test_each_copy_goes_and_comes_back(self, machine: Machine) -> None:
        """In its own folder, which is made again."""
        vault = add_vault(machine, sea=ONE, a__copy=ONE, other=TWO)
        assert len(delete(machine, ID).done) == 2
        Path(vault.path, "a").rmdir()
        assert sorted(os.listdir(vault.path)) == ["Note.md", "other.png"]
        assert len(restore_images(machine.bench, [ID]).done) == 2
        assert Path(vault.path, "a/copy.png").read_bytes() == ONE
        assert len(machine.get(ID).path.name) > 0

    @pytest.mark.parametrize("name", ["Screenshot 10:22:33", "what?", "aux", "a <b> *", "dot."])
    def test_a_name_that_other_systems_refuse_comes_back(self, machine: Machine, name: str) -> None:
        """It was there, so it can be there again: an undo asks for nothing new."""
        vault = add_vault(machine, **{name: ONE}, other=TWO)
        assert len(delete(machine, ID).done) == 1
        report = restore_images(machine.bench, [ID])
        assert refusals(report) == []
        assert Path(vault.path, f"{name}.png").read_bytes() == ONE

    def test_one_file_alone_can_go(self, machine: Machine) -> None:
        """If a person means the file, not the image."""
        vault = add_vault(machine, sea=ONE, a__copy=ONE)
        plan = plan_delete(machine.bench, [], files=[NamedFile(vault, "a/copy.png", ID)])
        assert [change.path for change in delete_files(machine.bench, plan).done] == ["a/copy.png"]
        assert Path(vault.path, "sea.png").exists()

    def test_other_bytes_stay(self, machine: Machine) -> None:
        """The file was replaced after the person looked at it."""
        vault = add_vault(machine, sea=ONE)
        plan = plan_delete(machine.bench, [ID])
        Path(vault.path, "sea.png").write_bytes(TWO)
        assert refusals(delete_files(machine.bench, plan)) == ["file-changed"]
        assert Path(vault.path, "sea.png").read_bytes() == TWO
        assert machine.get(id_of(TWO)).read() == TWO


class TestRefusals:
    """What a deletion relies on is not there: nothing happens, and the reason is given."""

    def test_a_folder_that_may_not_be_written_to(self, machine: Machine) -> None:
        """It was added as read-only."""
        one = machine.add_again(Path(machine.add("one", ONE).path))
        with machine.bench.catalog.write() as writer:
            writer.sds.delete_storage_dir(one.number)
        machine.add_again(Path(one.path), read_only=True)
        assert refusals(delete(machine, ID)) == ["sd-read-only"]
        assert (machine.media(one) / NAME).exists()

    def test_a_folder_that_is_away(self, machine: Machine) -> None:
        """Its image is known, and stays."""
        one = machine.add("one", ONE)
        away = machine.take_away(one)
        assert refusals(delete(machine, ID)) == ["sd-offline"]
        away.rename(one.path)
        assert machine.get(ID).read() == ONE

    def test_a_suspect_folder(self, machine: Machine) -> None:
        """Nobody knows yet what became of it."""
        pictures = [make_picture("png", seed=seed) for seed in range(20)]
        one = machine.add("one", ONE, *pictures)
        for picture in pictures[2:]:
            (machine.media(one) / name_of(picture)).unlink(missing_ok=True)
        machine.scan(one)
        assert machine.known_state(one) == "suspect"
        assert refusals(delete(machine, ID)) == ["sd-offline"]

    def test_a_full_trash(self, machine: Machine) -> None:
        """What fits goes; the rest stays, with what makes room."""
        one = machine.add("one", ONE, TWO)
        machine.bench.limits = replace(machine.bench.limits, trash_max_bytes=len(ONE) + 10)
        report = delete(machine, ID, id_of(TWO))
        assert (len(report.done), refusals(report)) == (1, ["trash-full"])
        assert "`strandline trash empty`" in report.refused[0].error.message
        assert os.listdir(machine.media(one)) == [name_of(TWO)]

    def test_a_dry_run_says_the_same(self, machine: Machine) -> None:
        """And does nothing."""
        one = machine.add("one", ONE)
        plan = plan_delete(machine.bench, [ID])
        assert delete_files(machine.bench, plan, dry_run=True) == ChangeReport(plan.changes)
        machine.take_away(one)
        assert refusals(delete_files(machine.bench, plan, dry_run=True)) == ["sd-offline"]


class TestRestore:
    """Back to where it was, and never over anything."""

    @pytest.mark.parametrize("take", [lambda path: path.write_bytes(TWO), lambda path: path.mkdir()])
    def test_nothing_is_replaced(self, machine: Machine, take: Callable[[Path], object]) -> None:
        """The entry stays in the trash. Once the place is free, it comes back."""
        vault = add_vault(machine, sea=ONE)
        delete(machine, ID)
        take(Path(vault.path, "sea.png"))
        assert refusals(restore_images(machine.bench, [ID], dry_run=True)) == ["place-taken"]
        assert refusals(restore_images(machine.bench, [ID])) == ["place-taken"]
        Path(vault.path, "sea.png").rename(Path(vault.path, "other"))
        assert len(restore_images(machine.bench, [ID]).done) == 1

    def test_only_into_one_folder(self, machine: Machine) -> None:
        """The other copies stay in the trash."""
        one, two = machine.add("one", ONE), machine.add("two", ONE)
        delete(machine, ID, sds=(one, two))
        assert [change.sd_name for change in restore_images(machine.bench, [ID], two).done] == ["two"]
        assert not (machine.media(one) / NAME).exists()
        assert refusals(restore_images(machine.bench, [ID], two)) == ["image-not-found"]

    def test_bytes_that_changed_in_the_trash_do_not_come_back(self, machine: Machine) -> None:
        """They are not what was deleted."""
        machine.add("one", ONE)
        delete(machine, ID)
        (entry,) = list_trash(machine.bench)
        trash.file_of(machine.bench, entry).write_bytes(TWO)
        report = restore_images(machine.bench, [ID])
        assert (refusals(report), report.done) == (["wrong-bytes"], ())
        trash.file_of(machine.bench, entry).unlink()
        assert refusals(restore_images(machine.bench, [ID])) == ["disk-error"]

    def test_a_forgotten_folder_must_be_added_again(self, machine: Machine) -> None:
        """Then its files come back."""
        one = machine.add("one", ONE)
        delete(machine, ID)
        with machine.bench.catalog.write() as writer:
            writer.sds.delete_storage_dir(one.number)
        assert refusals(restore_images(machine.bench, [ID])) == ["sd-not-found"]
        machine.add_again(Path(one.path))
        assert len(restore_images(machine.bench, [ID]).done) == 1

    def test_replaced_bytes_are_no_deleted_image(self, machine: Machine) -> None:
        """A save put the right ones in their place."""
        one = machine.add("one", ONE)
        machine.put(one, ONE[:300], NAME)
        trash.copy_to_trash(machine.bench, one, NAME, ID, TrashReason.REPLACED)
        assert refusals(restore_images(machine.bench, [ID])) == ["image-not-found"]


class TestEmpty:
    """Only what has been in the trash for its grace time leaves it."""

    def test_the_grace_time_is_kept(self, machine: Machine) -> None:
        """By this machine's clock; a dry run says what would go."""
        one = machine.add("one", ONE, TWO)
        delete(machine, ID)
        machine.clock.pass_time(hours=24 * 29)
        delete(machine, id_of(TWO))
        assert empty_trash(machine.bench).plan == ()
        machine.clock.pass_time(hours=25)
        assert [change.image_id for change in empty_trash(machine.bench, dry_run=True).plan] == [ID]
        assert len(list_trash(machine.bench)) == 2
        assert [change.image_id for change in empty_trash(machine.bench).done] == [ID]
        assert [entry.image_id for entry in list_trash(machine.bench)] == [id_of(TWO)]
        assert machine.row(one, NAME) is None
        assert machine.row(one, name_of(TWO)) is not None


class TestRecovery:
    """A process was killed while it deleted, or the catalog was lost."""

    def test_a_file_that_was_moved_untold_is_told(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The next scan, or the next look at the trash, tells it, once."""
        one = machine.add("one", ONE, TWO)
        machine.get(ID)
        monkeypatch.setattr("strandline.services.trashing.delete.record_deletion", _die)
        with pytest.raises(RuntimeError):
            delete(machine, ID)
        machine.scan(one)
        machine.scan(one)
        assert (machine.row(one, NAME).state, len(machine.events("image.removed"))) == (  # type: ignore[union-attr]
            FileState.TRASHED,
            1,
        )
        assert len(restore_images(machine.bench, [ID]).done) == 1

    def test_half_made_entries_are_removed_after_a_day(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A description without bytes says nothing of anything."""
        one = machine.add("one", ONE)
        monkeypatch.setattr(setting_aside, "_rename", _die)
        monkeypatch.setattr(trash, "_remove", lambda _: None)
        with pytest.raises(RuntimeError):
            delete(machine, ID)
        monkeypatch.undo()
        assert (machine.media(one) / NAME).read_bytes() == ONE
        trash.recover(machine.bench, one)
        assert list(machine.bench.trash_folder.rglob("about.json")) != []
        machine.clock.pass_time(hours=48)
        trash.recover(machine.bench, one)
        assert list(machine.bench.trash_folder.rglob("about.json")) == []

    def test_the_trash_of_an_earlier_identity_is_found(self, machine: Machine) -> None:
        """The index lost an entry in a power cut, and meanwhile the storage directory has another identity."""
        one = machine.add("one", ONE, TWO)
        delete(machine, ID)
        with machine.bench.catalog.write() as writer:
            writer.trash.delete_trashed(writer.trash.list_trash_ids())
        (Path(one.path) / "SD_ID").write_text(f"{B}\n")
        machine.clock.pass_time(minutes=10)
        machine.scan(one)
        [known] = machine.list_storage_dirs()
        assert known.sd_id == B
        assert [entry.path for entry in list_trash(machine.bench)] == [f"media/{NAME}"]
        assert len(restore_images(machine.bench, [ID]).done) == 1

    def test_a_rebuilt_catalog_finds_the_trash(self, machine: Machine) -> None:
        """The description has everything."""
        one = machine.add("one", ONE, TWO)
        delete(machine, ID)
        with machine.bench.catalog.write() as writer:
            writer.trash.delete_trashed(writer.trash.list_trash_ids())
            writer.sds.delete_storage_dir(one.number)
        machine.add_again(Path(one.path))
        assert [entry.path for entry in list_trash(machine.bench)] == [f"media/{NAME}"]
        assert len(restore_images(machine.bench, [ID]).done) == 1

    @pytest.mark.parametrize(
        "path", ["../../x.png", "/etc/passwd", "media/../x.png", "", "media/", "media/x\0.png"]
    )
    def test_a_description_cannot_lead_elsewhere(self, machine: Machine, path: str) -> None:
        """It may have come from another machine."""
        one = machine.add("one", ONE)
        delete(machine, ID)
        (entry,) = list_trash(machine.bench)
        folder = trash.folder_of(machine.bench, entry)
        about = (folder / "about.json").read_text().replace(f"media/{NAME}", path.replace("\0", "\\u0000"))
        (folder / "about.json").write_text(about)
        assert path == "" or trash.read_about(folder) is None
        assert one.sd_id is not None


def _die(*_: object, **__: object) -> None:
    raise RuntimeError("the process is killed")
