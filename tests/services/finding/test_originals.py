"""If an image is gone, the file that it was once saved from may still have its bytes: ``explain`` names it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.machine import LEGACY_ID, Machine, open_machine
from builders.opens import noting_opens
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from strandline.errors import ImageNotFoundError
from strandline.model.verdicts import Verdict
from strandline.services.finding.explain import explain_with_original, get_image
from strandline.services.finding.originals import MOST_FILES
from strandline.services.saving.save import save_image

PICTURE, OTHER = make_picture("png", seed=1), make_picture("png", seed=2)
ID, NAME = id_of(PICTURE), name_of(PICTURE)


def save_and_lose(machine: Machine, source: Path) -> None:
    """Saves it, and then somebody deletes its file in the storage directory."""
    saved = save_image(machine.bench, source, machine.add("my notes"))
    (machine.media(machine.list_storage_dirs()[0]) / saved.filename).unlink()


def test_the_original_of_a_missing_image_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its absolute path, also if the save was given a relative one, with a command that brings the image back."""
    source = tmp_path / "my holiday.png"
    source.write_bytes(PICTURE)
    monkeypatch.chdir(tmp_path)
    with open_machine(tmp_path) as machine:
        save_and_lose(machine, Path("my holiday.png"))
        explanation = explain_with_original(machine.bench, ID)
        assert (explanation.verdict, explanation.original) == (Verdict.NOT_FOUND, str(source))
        assert f"`strandline save '{source}' --sd 'my notes'`" in (explanation.next or "")
        save_image(machine.bench, source, machine.list_storage_dirs()[0])
        assert explain_with_original(machine.bench, ID).original is None


def test_an_image_with_an_id_of_its_own_is_brought_back_under_it(tmp_path: Path) -> None:
    """Its id says nothing about bytes. The last proof does."""
    source = tmp_path / "holiday.png"
    source.write_bytes(PICTURE)
    with open_machine(tmp_path) as machine:
        sd = machine.add("one")
        saved = save_image(machine.bench, source, sd, image_id=LEGACY_ID)
        (machine.media(sd) / saved.filename).unlink()
        explanation = explain_with_original(machine.bench, LEGACY_ID)
        assert explanation.original == str(source)
        assert f"--id {LEGACY_ID}`" in (explanation.next or "")
        source.write_bytes(PICTURE[:-1] + b"x")
        assert explain_with_original(machine.bench, LEGACY_ID).original is None


def put_link(path: Path) -> None:
    real = path.rename(path.with_suffix(".real"))
    path.symlink_to(real)


def put_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def put_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


CHANGES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "other bytes of its size": lambda path: path.write_bytes(PICTURE[:-1] + b"x"),
    "another picture": lambda path: path.write_bytes(OTHER),
    "a link": put_link,
    "a FIFO": put_fifo,
    "a folder": put_folder,
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_file_that_is_not_the_image_any_more_is_not_named(tmp_path: Path, how: str) -> None:
    """Nothing is said of bytes that were not read just now."""
    source = tmp_path / "holiday.png"
    source.write_bytes(PICTURE)
    with open_machine(tmp_path) as machine:
        save_and_lose(machine, source)
        CHANGES[how](source)
        explanation = explain_with_original(machine.bench, ID)
        assert explanation.original is None
        assert "save" not in (explanation.next or "")


def test_few_files_are_read_and_none_by_a_lookup(tmp_path: Path) -> None:
    """A person waits for ``explain``. A program that asks for an image does not want its originals."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    with open_machine(tmp_path) as machine:
        sd = machine.add("one")
        for number in range(MOST_FILES + 3):
            (folder / f"{number}.png").write_bytes(PICTURE)
            save_image(machine.bench, folder / f"{number}.png", sd)
            (folder / f"{number}.png").write_bytes(PICTURE[:-1] + b"x")
            machine.clock.pass_time(seconds=1)
        (machine.media(sd) / NAME).unlink()
        with noting_opens(folder) as list_opened:
            with pytest.raises(ImageNotFoundError):
                get_image(machine.bench, ID)
            assert list_opened() == []
            assert explain_with_original(machine.bench, ID).original is None
            assert 0 < len(set(list_opened())) <= MOST_FILES


def test_a_folder_that_must_not_be_written_to_is_not_offered(tmp_path: Path) -> None:
    """The original is named all the same."""
    source = tmp_path / "holiday.png"
    source.write_bytes(PICTURE)
    with open_machine(tmp_path) as machine:
        save_and_lose(machine, source)
        with machine.bench.catalog.write() as writer:
            writer.sds.update_read_only(machine.list_storage_dirs()[0].number, read_only=True)
        explanation = explain_with_original(machine.bench, ID)
        assert explanation.original == str(source)
        assert "strandline save" not in (explanation.next or "")
