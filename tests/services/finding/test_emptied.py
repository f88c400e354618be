"""A folder that lost all of its files, before any scan has seen it: nothing is called gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.machine import Machine
from builders.named_vault import put
from builders.storage import id_of, make_pictures, name_of
from strandline.errors import ImageNotFoundError, ImageUnreachableError
from strandline.model.image_ids import ImageId
from strandline.model.verdicts import Verdict
from strandline.services.finding.explain import explain_image, get_image
from strandline.services.finding.look_up import look_up
from strandline.services.storage_dirs.add import add_storage_dir

ONE, TWO, THREE = make_pictures(3)


def empty(folder: Path) -> None:
    """All files go, and the folder stays."""
    for path in folder.iterdir():
        path.unlink()


def ask(machine: Machine, data: bytes) -> list[Verdict]:
    """What both kinds of lookup say."""
    return [look_up(machine.bench, id_of(data)).verdict, explain_image(machine.bench, id_of(data)).verdict]


@pytest.mark.parametrize("lose", [shutil.rmtree, empty], ids=["removed", "emptied"])
def test_an_emptied_media_folder_is_in_doubt(machine: Machine, lose: Callable[[Path], None]) -> None:
    """A half-mounted share looks like that. It is all told as after a scan, and nothing is written."""
    sd = machine.add("notes", ONE, TWO)
    lose(Path(sd.path, "media"))
    assert ask(machine, ONE) == [Verdict.SD_SUSPECT] * 2
    with pytest.raises(ImageUnreachableError, match="too many files are gone from 'notes' at once"):
        get_image(machine.bench, id_of(ONE))
    assert ask(machine, THREE) == [Verdict.NOT_FOUND] * 2


def test_an_emptied_vault_is_in_doubt(machine: Machine, tmp_path: Path) -> None:
    """The same for pictures with people's names, if they are few."""
    vault = tmp_path / "Vault"
    put(vault, "Note.md", b"")
    for number, data in enumerate((ONE, TWO)):
        put(vault, f"attachments/{number}.png", data)
    add_storage_dir(machine.bench, vault)
    (vault / "attachments").rename(tmp_path / "elsewhere")
    assert ask(machine, ONE) == [Verdict.SD_SUSPECT] * 2


def test_one_file_that_went_is_gone(machine: Machine) -> None:
    """Others are there; or there never were several."""
    sd = machine.add("notes", ONE, TWO)
    Path(sd.path, "media", name_of(ONE)).unlink()
    assert ask(machine, ONE) == [Verdict.NOT_FOUND] * 2
    alone = machine.add("alone", THREE)
    Path(alone.path, "media", name_of(THREE)).unlink()
    assert ask(machine, THREE) == [Verdict.NOT_FOUND] * 2
    with pytest.raises(ImageNotFoundError):
        get_image(machine.bench, ImageId(id_of(THREE)))
