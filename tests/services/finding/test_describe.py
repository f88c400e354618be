"""Describing: what the catalog knows about images, best file first, in pages that never skip or repeat."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from builders.machine import Machine
from builders.pictures import make_picture
from builders.storage import id_of, make_pictures, make_storage_dir, name_of, put_half, set_mtime
from strandline.errors import InvalidCursorError
from strandline.model.image_files import FileState, ImageFilter
from strandline.services.finding import describe
from strandline.services.finding.describe import find_image_info, iter_images, list_images
from strandline.services.proving.prove import prove_file
from strandline.services.saving.save import save_image
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench

PICTURE = make_picture("png", seed=1)
ID, NAME = id_of(PICTURE), name_of(PICTURE)

ALL = ImageFilter()


def test_an_image_that_nobody_knows_has_no_info(machine: Machine) -> None:
    """This holds even if it is on the disk: describing does not search."""
    one = machine.add("one")
    machine.put(one, PICTURE)
    assert find_image_info(machine.bench, ID) is None


def test_the_best_file_comes_first(machine: Machine) -> None:
    """Proven before unproven before half. The image's facts come from the best file."""
    half, unproven, proven = (machine.add(name) for name in ("half", "unproven", "proven"))
    put_half(Path(half.path), PICTURE)
    for sd in (unproven, proven):
        machine.put(sd, PICTURE)
    machine.scan(unproven)
    prove_file(machine.bench, half, NAME)
    prove_file(machine.bench, proven, NAME)
    info = find_image_info(machine.bench, ID)
    assert info is not None
    assert [file.sd.name for file in info.files] == ["proven", "unproven", "half"]
    assert [file.file.is_proven for file in info.files] == [True, False, False]
    assert (info.best.width, info.best.height) == (64, 48)


def test_in_the_listing_of_a_folder_its_own_file_comes_first(tmp_path: Path, bench: Workbench) -> None:
    """With its name and state, wherever a better file is. Otherwise the best one comes first."""
    root = tmp_path / "Vault"
    for path in ("Trips/castle.png", "attachments/burg.png"):
        (root / path).parent.mkdir(parents=True)
        (root / path).write_bytes(PICTURE)
    vault = add_storage_dir(bench, root).sd
    half = add_storage_dir(bench, make_storage_dir(tmp_path / "Half")).sd
    put_half(Path(half.path), PICTURE)
    scan_storage_dir(bench, half)
    prove_file(bench, half, NAME)

    def describe(chosen: ImageFilter) -> tuple[str | None, str, FileState]:
        (listed,) = list_images(bench, chosen, after=None, limit=1).images
        assert list(iter_images(bench, chosen)) == [listed]
        assert find_image_info(bench, ID, chosen) == listed
        return listed.original_name, listed.files[0].path, listed.best.state

    castle = ("castle.png", "Trips/castle.png", FileState.PRESENT)
    burg = ("burg.png", "attachments/burg.png", FileState.PRESENT)
    assert describe(ALL) == castle
    assert describe(replace(ALL, folder="Trips")) == castle
    assert describe(replace(ALL, folder="attachments")) == burg
    assert describe(replace(ALL, sd=vault.number, folder="attachments")) == burg
    assert describe(replace(ALL, sd=half.number)) == ("castle.png", f"media/{NAME}", FileState.ARRIVING)


def test_names_and_facts_are_told(machine: Machine) -> None:
    """The JSON has the keys of the contract."""
    one = machine.add("one")
    save_image(machine.bench, PICTURE, one, name="holiday.png")
    info = find_image_info(machine.bench, ID)
    assert info is not None
    told = json.loads(json.dumps(info.to_json()))
    assert (told["original_name"], told["names"], told["size_bytes"]) == (
        "holiday.png",
        ["holiday.png"],
        len(PICTURE),
    )
    assert set(told) == {
        "image_id", "media_type", "width", "height", "size_bytes", "whole", "taken_at",
        "from_conflict_copy", "original_name", "names", "sd_count", "files",
    }  # fmt: skip
    (file,) = told["files"]
    assert {"sd_id", "sd_name", "filename", "state", "proven", "size_bytes"} <= set(file)
    assert file["proven"] is True


def test_a_copys_name_is_not_what_an_image_is_called(machine: Machine) -> None:
    """A sync client kept a second version with the same bytes, and that one was saved first."""
    one = machine.add("one")
    for name in ("beach (conflicted copy 2026-01-02).png", "beach.png", "sea.png"):
        machine.clock.pass_time(seconds=1)
        save_image(machine.bench, PICTURE, one, name=name)
    info = find_image_info(machine.bench, ID)
    assert info is not None
    assert (info.original_name, info.names[-1]) == ("beach.png", "beach (conflicted copy 2026-01-02).png")
    (listed,) = list_images(machine.bench, replace(ALL, text="beach"), after=None, limit=1).images
    assert listed.original_name == "beach.png"


def test_pages_hold_every_image_once_newest_first(machine: Machine) -> None:
    """This holds if images are in several SDs, and if more arrive between two pages."""
    pictures = make_pictures(23)
    one = machine.add("one", *pictures)
    for age, data in enumerate(pictures):
        set_mtime(machine.media(one) / name_of(data), seconds_ago=1000 * (age + 1))
    machine.scan(one)
    two = machine.add("two", *pictures[::2])
    for age, data in enumerate(pictures[::2]):
        set_mtime(machine.media(two) / name_of(data), seconds_ago=1000 * (2 * age + 1))
    machine.scan(two)
    seen: list[str] = []
    after = None
    while True:
        page = list_images(machine.bench, ALL, after=after, limit=5)
        assert page.total == (23 if not seen else 24)
        seen += [image.image_id for image in page.images]
        if len(seen) == 5:
            machine.put(one, PICTURE)
            machine.scan(one)
        if page.next is None:
            break
        after = page.next
    assert seen == [id_of(data) for data in pictures]


def test_images_are_given_one_after_another(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, each once, also if one arrives and one goes between two pages."""
    monkeypatch.setattr(describe, "PAGE", 2)
    pictures = make_pictures(7)
    one = machine.add("one", *pictures)
    for age, data in enumerate(pictures):
        set_mtime(machine.media(one) / name_of(data), seconds_ago=1000 * (age + 1))
    machine.scan(one)
    found = iter_images(machine.bench, ALL)
    first = next(found).image_id
    machine.put(one, PICTURE)
    machine.scan(one)
    with machine.bench.catalog.write() as writer:
        (row,) = writer.files.list_rows_of_images([id_of(pictures[4])])[id_of(pictures[4])]
        assert writer.files.delete_row(row)
    rest = [image.image_id for image in found]
    assert [first, *rest] == [id_of(data) for data in pictures if data != pictures[4]]


def test_a_listing_is_of_one_sd_and_one_state_if_asked(machine: Machine) -> None:
    """An image counts if one of its files matches."""
    one, two = machine.add("one", PICTURE), machine.add("two", *make_pictures(3))
    half = make_picture("png", seed=77)
    put_half(Path(two.path), half)
    machine.scan(two)
    for sd, state, count in (
        (None, None, 5),
        (one, None, 1),
        (two, None, 4),
        (two, FileState.ARRIVING, 0),
        (None, FileState.MISSING, 0),
    ):
        page = list_images(
            machine.bench, ImageFilter(None if sd is None else sd.number, state), after=None, limit=100
        )
        assert (page.total, len(page.images), page.next) == (count, count, None)


@pytest.mark.parametrize("cursor", ["", "x", "0", "-1:2", "é", "a" * 10_000, "1:../../x"])
def test_a_cursor_of_somebody_else_is_an_error(machine: Machine, cursor: str) -> None:
    """It is invalid input, not an empty page."""
    with pytest.raises(InvalidCursorError):
        list_images(machine.bench, ALL, after=cursor, limit=5)
