"""Images that only a conflict copy shows: listings say so, as a lookup does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders.catalogs import dump
from builders.dialects import conflict_name
from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir, name_of, put_half, put_image, set_mtime
from strandline.model.image_files import FileState, ImageFilter
from strandline.model.reports import ImageInfo
from strandline.model.verdicts import Verdict
from strandline.services.finding.describe import find_image_info, list_images
from strandline.services.finding.explain import explain_image
from strandline.services.finding.search import find_image
from strandline.services.inspecting.inspect import inspect_storage_dir
from strandline.services.proving.backlog import verify_unproven
from strandline.services.proving.prove import prove_file
from strandline.services.storage_dirs.confirm import accept_missing
from strandline.services.storage_dirs.manage import count_files

GOOD, OTHER = make_picture("png", seed=1), make_picture("png", seed=2)
ID, NAME = id_of(GOOD), name_of(GOOD)
COPY = conflict_name(NAME, "syncthing")


def info(machine: Machine, image_id: str = ID) -> ImageInfo:
    """The image as a listing gives it."""
    page = list_images(machine.bench, ImageFilter(), after=None, limit=10)
    return next(image for image in page.images if image.image_id == image_id)


def listed(machine: Machine) -> list[str]:
    """The ids of all images."""
    return [
        image.image_id for image in list_images(machine.bench, ImageFilter(), after=None, limit=10).images
    ]


def test_an_image_whose_file_is_half_is_listed_as_its_conflict_copy_shows_it(machine: Machine) -> None:
    """Its own file is still arriving all the same, and may be read only after the scan."""
    sd = machine.add("Notes")
    put_half(Path(sd.path), GOOD)
    put_image(Path(sd.path), GOOD, COPY)
    machine.scan(sd)
    assert explain_image(machine.bench, ID).verdict is Verdict.FROM_CONFLICT_COPY
    assert (info(machine).from_conflict_copy, info(machine).best.state) == (True, FileState.ARRIVING)
    assert info(machine).to_json()["from_conflict_copy"] is True


def test_an_image_of_which_only_a_conflict_copy_is_here_is_listed(machine: Machine) -> None:
    """From the first scan on. Its own file is missing, nobody is told of an image that went, and a second scan
    writes nothing.
    """
    root = make_storage_dir(machine.folder / "Notes")
    put_image(root, GOOD, COPY)
    sd = machine.add_again(root)
    assert listed(machine) == [ID]
    assert (info(machine).from_conflict_copy, info(machine).best.path) == (True, f"media/{NAME}")
    assert info(machine).best.state is FileState.MISSING
    assert machine.events("image.missing") == []
    before = dump(machine.bench.catalog)
    machine.scan(sd)
    assert dump(machine.bench.catalog) == before
    found = find_image(machine.bench, ID)
    assert found is not None
    with found:
        assert found.from_conflict_copy


@pytest.mark.parametrize("taken_at", [None, datetime(2019, 7, 4, 12, tzinfo=UTC)])
def test_what_only_a_conflict_copy_shows_has_the_facts_of_the_copy(
    machine: Machine, taken_at: datetime | None
) -> None:
    """Size, pixels, and dates, so it is listed under the day of the picture, not under the day of the scan."""
    data = make_picture("jpg", seed=3, size=(90, 60), taken_at=taken_at)
    root = make_storage_dir(machine.folder / "Notes")
    put_image(root, data, conflict_name(name_of(data), "syncthing"))
    copy = next((root / "media").iterdir())
    set_mtime(copy, 400 * 86_400)
    sd = machine.add_again(root)
    best = info(machine, id_of(data)).best
    assert (best.width, best.height, best.taken_at) == (90, 60, taken_at)
    assert best.stamp is not None
    assert (best.stamp.size_bytes, best.mtime) == (len(data), mtime_of(copy))
    month = f"{taken_at or mtime_of(copy):%Y-%m}"
    with machine.bench.catalog.snapshot() as reader:
        assert reader.images.list_places(ImageFilter(), every=500).months == ((month, 1),)
    copy.rename(copy.with_name(name_of(data)))
    machine.scan(sd)
    verify_unproven(machine.bench, sd, may_read=lambda _: True)
    best = info(machine, id_of(data)).best
    assert (best.state, best.is_proven, best.width) == (FileState.PRESENT, True, 90)


def mtime_of(path: Path) -> datetime:
    """The file's own time, to the microsecond."""
    return datetime.fromtimestamp(path.stat().st_mtime_ns // 1000 / 1e6, UTC)


def test_a_copy_with_other_bytes_shows_nothing(machine: Machine) -> None:
    """It is read once, and never listed."""
    sd = machine.add("Notes")
    put_image(Path(sd.path), OTHER, COPY)
    machine.scan(sd)
    assert listed(machine) == []
    assert find_image_info(machine.bench, ID) is None


@pytest.mark.parametrize("is_same", [True, False])
def test_of_a_legacy_id_the_whole_copies_must_agree(machine: Machine, is_same: bool) -> None:
    """Nobody could choose between two."""
    sd = machine.add("Notes")
    for number, data in enumerate((GOOD, GOOD if is_same else OTHER)):
        put_image(Path(sd.path), data, f"{LEGACY_ID} ({number}).png")
    machine.scan(sd)
    assert listed(machine) == [LEGACY_ID] * is_same


def test_the_image_is_as_before_when_its_file_is_good_again(machine: Machine) -> None:
    """The copy is forgotten. So is one that is gone."""
    sd = machine.add("Notes")
    put_half(Path(sd.path), GOOD)
    put_image(Path(sd.path), GOOD, COPY)
    machine.scan(sd)
    put_image(Path(sd.path), GOOD)
    prove_file(machine.bench, sd, NAME)
    assert not info(machine).from_conflict_copy
    machine.scan(sd)
    with machine.bench.catalog.read() as reader:
        assert reader.copies.list_copies_in(sd.number) == []


def test_a_copy_that_is_gone_shows_nothing(machine: Machine) -> None:
    """The image is missing then."""
    sd = machine.add("Notes")
    put_image(Path(sd.path), GOOD, COPY)
    machine.scan(sd)
    (machine.media(sd) / COPY).unlink()
    machine.scan(sd)
    assert not info(machine).from_conflict_copy


def test_a_copy_in_a_folder_that_is_away_shows_nothing(machine: Machine) -> None:
    """As nobody could open it."""
    sd = machine.add("Notes")
    put_image(Path(sd.path), GOOD, COPY)
    machine.scan(sd)
    machine.take_away(sd)
    machine.scan(sd)
    assert not info(machine).from_conflict_copy


def test_an_image_that_a_conflict_copy_shows_is_not_given_up(machine: Machine) -> None:
    """Only the others are gone, and only these are counted. Once the copy is gone, so is the image."""
    sd = machine.add("Notes")
    put_image(Path(sd.path), GOOD, COPY)
    gone = machine.put(sd, OTHER)
    machine.scan(sd)
    gone.unlink()
    machine.scan(sd)
    machine.clock.pass_time(seconds=61)
    machine.scan(sd)
    (counts,) = count_files(machine.bench, [sd])
    assert (counts.missing, counts.shown_from_copies) == (1, 1)
    facts = {
        item.image_id: dict(item.facts)
        for item in inspect_storage_dir(machine.bench, sd).in_catalog_not_on_disk
    }
    assert [facts[each].get("shown_from") for each in (ID, id_of(OTHER))] == ["a conflict copy", None]
    assert accept_missing(machine.bench, sd) == 1
    assert accept_missing(machine.bench, sd) == 0
    assert listed(machine) == [ID]
    assert info(machine).from_conflict_copy
    Path(sd.path, "media", COPY).unlink()
    machine.scan(sd)
    assert accept_missing(machine.bench, sd) == 1
    assert listed(machine) == []


def test_a_file_that_fails_after_the_first_scan_is_replaced_in_the_list(machine: Machine) -> None:
    """Files from the first scan are read only later. The image is then listed as the lookup shows it."""
    root = make_storage_dir(machine.folder / "Notes")
    put_half(root, GOOD)
    put_image(root, GOOD, COPY)
    sd = machine.add_again(root)
    assert not info(machine).from_conflict_copy  # nobody has read its own file
    verify_unproven(machine.bench, sd, may_read=lambda _: True)
    assert (info(machine).from_conflict_copy, info(machine).best.state) == (True, FileState.ARRIVING)
