"""Adopting an image that was edited in place, and restoring the original from a good copy: nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir, name_of
from strandline.errors import (
    ImageNotFoundError,
    InvalidPathError,
    ReadOnlyStorageDirError,
    RefusedError,
)
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir
from strandline.services.finding.search import find_image
from strandline.services.saving.adopt import adopt_image
from strandline.services.saving.copy import copy_image

ORIGINAL = make_picture("png", seed=1)
EDITED = make_picture("png", seed=2)
ID, NAME = id_of(ORIGINAL), name_of(ORIGINAL)


def edit_in_place(machine: Machine, sd: StorageDir) -> Path:
    """Writes another image under the image's name, quiet long enough to be foreign."""
    path = machine.put(sd, EDITED, NAME)
    for _ in range(2):
        find_image(machine.bench, ID, sd)
        machine.clock.pass_time(seconds=3)
    row = machine.row(sd, NAME)
    assert row is not None
    assert row.state is FileState.FOREIGN
    return path


def test_an_edited_image_is_adopted_and_stays_where_it_is(machine: Machine) -> None:
    """It is then shown under its own id. Doing it again writes nothing."""
    one = machine.add("one")
    path = edit_in_place(machine, one)
    saved = adopt_image(machine.bench, one, NAME)
    assert (saved.image_id, saved.new) == (id_of(EDITED), True)
    assert machine.get(id_of(EDITED)).read() == EDITED
    assert path.read_bytes() == EDITED
    assert find_image(machine.bench, ID) is None
    assert not adopt_image(machine.bench, one, NAME).new


@pytest.mark.parametrize("data", [ORIGINAL, ORIGINAL[:300], b""], ids=["good", "arriving", "empty"])
def test_only_another_whole_image_is_adopted(machine: Machine, data: bytes) -> None:
    """The image itself, or a file that may still become it, is left alone."""
    one = machine.add("one")
    machine.put(one, data, NAME)
    with pytest.raises(RefusedError, match="nothing was done"):
        adopt_image(machine.bench, one, NAME)
    assert [path.name for path in machine.media(one).iterdir()] == [NAME]


@pytest.mark.parametrize("name", ["../SD_ID", "note.txt", f"../media/{NAME}", NAME + "\0"])
def test_a_name_that_is_no_images_is_refused_before_any_disk_is_touched(machine: Machine, name: str) -> None:
    """Names come from a request: none leads out of the media folder."""
    with pytest.raises(InvalidPathError):
        adopt_image(machine.bench, machine.add("one"), name)


def test_the_original_comes_back_from_a_good_twin(machine: Machine) -> None:
    """The edited image is kept under its own id, and its bytes are in the trash as well."""
    one, two = machine.add("one"), machine.add("two", ORIGINAL)
    path = edit_in_place(machine, one)
    saved = copy_image(machine.bench, ID, one)
    assert (saved.image_id, saved.filename, saved.new) == (ID, NAME, True)
    assert path.read_bytes() == ORIGINAL
    assert machine.get(id_of(EDITED), one).read() == EDITED
    assert [copy.read_bytes() for copy in machine.bench.trash_folder.glob(f"*/*/{NAME}")] == [EDITED]
    assert (machine.media(two) / NAME).read_bytes() == ORIGINAL
    assert not copy_image(machine.bench, ID, one).new


def test_a_legacy_image_is_copied_under_its_own_id(machine: Machine) -> None:
    """If other whole bytes already have the id, they stay: that folder has its image."""
    one, two, three = machine.add("one"), machine.add("two"), machine.add("three")
    machine.put(one, ORIGINAL, f"{LEGACY_ID}.png")
    assert copy_image(machine.bench, LEGACY_ID, two).new
    assert (machine.media(two) / f"{LEGACY_ID}.png").read_bytes() == ORIGINAL
    other = machine.put(three, EDITED, f"{LEGACY_ID}.png")
    assert not copy_image(machine.bench, LEGACY_ID, three).new
    assert other.read_bytes() == EDITED


def test_what_cannot_be_copied_says_why(machine: Machine) -> None:
    """There is no good file, or the folder is read-only. Nothing is written."""
    one = machine.add("one")
    with pytest.raises(ImageNotFoundError):
        copy_image(machine.bench, ID, one)
    machine.add("two", ORIGINAL)
    root = make_storage_dir(machine.folder / "three")
    three = machine.add_again(root, read_only=True)
    with pytest.raises(ReadOnlyStorageDirError):
        copy_image(machine.bench, ID, three)
    assert list((root / "media").iterdir()) == []
