"""Lookup: the order of storage directories. Nothing stale or bad blocks it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.storage import id_of, make_pictures, make_storage_dir, name_of
from strandline.folders.filesystems import Mount
from strandline.model.image_files import FileState
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.model.verdicts import Verdict
from strandline.services.finding.explain import explain_image
from strandline.services.finding.look_up import look_up
from strandline.services.finding.search import find_image
from strandline.services.storage_dirs.manage import forget_storage_dir
from strandline.services.workbench import Workbench

PICTURE = make_picture("png", seed=1)
ID, NAME = id_of(PICTURE), name_of(PICTURE)


def test_a_hit_in_the_given_sd_touches_no_other(machine: Machine) -> None:
    """Neither a row nor discovery notices that the other SD has gone away."""
    one, other = machine.add("one", PICTURE), machine.add("other", PICTURE)
    machine.take_away(other)
    found = machine.get(ID, one)
    assert (found.sd.number, found.from_other_sd) == (one.number, False)
    unknown = machine.put(one, make_picture("png", seed=2))
    machine.get(id_of(unknown.read_bytes()), one)
    assert machine.known_state(other) == "online"


def test_a_hit_by_a_row_touches_no_sd_without_one(machine: Machine) -> None:
    """Without a given SD, rows come first, and only their SDs are searched."""
    machine.add("one", PICTURE)
    empty = machine.add("empty")
    machine.take_away(empty)
    machine.get(ID)
    assert machine.known_state(empty) == "online"


def test_the_given_sd_is_searched_before_the_rows_of_others(machine: Machine) -> None:
    """An unknown file in the given SD wins over a proven one elsewhere."""
    other = machine.add("other", PICTURE)
    machine.get(ID)
    one = machine.add("one")
    machine.put(one, PICTURE)
    found = machine.get(ID, one)
    assert found.sd.number == one.number
    without = machine.get(ID)
    assert without.sd.number == other.number


def test_proven_rows_come_before_unproven_ones(machine: Machine) -> None:
    """The first SD has the image unproven; the second one's proven file is preferred."""
    first, second = machine.add("first", PICTURE), machine.add("second", PICTURE)
    machine.get(ID, second)
    found = machine.get(ID)
    assert found.sd.number == second.number
    row = machine.row(first, NAME)
    assert row is not None
    assert row.proof is None


def test_between_equals_the_order_of_adding_decides(machine: Machine) -> None:
    """This holds for unproven rows, and for files that only discovery finds."""
    first, second = machine.add("first", PICTURE), machine.add("second", PICTURE)
    found = machine.get(ID)
    assert found.sd.number == first.number
    unknown = make_picture("png", seed=2)
    machine.put(second, unknown)
    machine.put(first, unknown)
    discovered = machine.get(id_of(unknown))
    assert discovered.sd.number == first.number


@pytest.mark.parametrize("is_known", [True, False], ids=["by row", "by discovery"])
def test_what_comes_from_another_sd_is_said_and_logged(
    machine: Machine, caplog: pytest.LogCaptureFixture, is_known: bool
) -> None:
    """People who share only the requested SD cannot see it."""
    one, other = machine.add("one"), machine.add("other")
    machine.put(other, PICTURE)
    if is_known:
        machine.scan(other)
    with caplog.at_level(logging.WARNING):
        found = machine.get(ID, one)
    assert found.from_other_sd
    assert found.sd.number == other.number
    assert [record.getMessage() for record in caplog.records] == [
        f"image {ID} was asked for in 'one' and found in 'other': who shares only the first cannot see it"
    ]
    caplog.clear()
    without = machine.get(ID)
    assert not without.from_other_sd
    assert not caplog.records


def test_a_conflict_copy_of_another_sd_is_logged_too(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """Every result from elsewhere is logged."""
    one, other = machine.add("one"), machine.add("other")
    machine.put(other, PICTURE, f"{ID} (1).png")
    with caplog.at_level(logging.WARNING):
        found = machine.get(ID, one)
    assert found.from_other_sd
    assert len(caplog.records) == 1


def test_a_stale_row_never_blocks(machine: Machine) -> None:
    """If the row's file is gone, it is found under another extension, then in another SD, then nowhere."""
    one, other = machine.add("one", PICTURE), machine.add("other", PICTURE)
    machine.get(ID, one)
    (machine.media(one) / NAME).rename(machine.media(one) / f"{ID}.PNG")
    found = machine.get(ID, one)
    assert (found.filename, found.sd.number) == (f"{ID}.PNG", one.number)
    (machine.media(one) / f"{ID}.PNG").unlink()
    found = machine.get(ID, one)
    assert found.sd.number == other.number
    (machine.media(other) / NAME).unlink()
    assert find_image(machine.bench, ID, one) is None


@pytest.mark.parametrize("look", [find_image, look_up])
def test_a_file_that_was_given_up_and_is_back_is_known_again(
    machine: Machine, look: Callable[[Workbench, ImageId], object]
) -> None:
    """It was missing in two scans, but is here now: the first lookup corrects its row."""
    one = machine.add("one", PICTURE, make_picture("png", seed=2))
    path = (machine.media(one) / NAME).rename(machine.folder / "away.png")
    machine.scan(one)
    machine.clock.pass_time(minutes=2)
    machine.scan(one)
    assert _state_of(machine, one) is FileState.MISSING
    assert not look_up(machine.bench, ID).exists
    path.rename(machine.media(one) / NAME)
    assert look(machine.bench, ID)
    assert _state_of(machine, one) is FileState.PRESENT
    assert look_up(machine.bench, ID).exists


def test_a_proven_file_that_was_absent_for_a_moment_is_proven_again(machine: Machine) -> None:
    """Its proof still matches, although its row says that it is absent."""
    one = machine.add("one", PICTURE, make_picture("png", seed=2))
    machine.clock.pass_time(minutes=1)
    machine.get(ID)
    path = (machine.media(one) / NAME).rename(machine.folder / "away.png")
    machine.scan(one)
    path.rename(machine.media(one) / NAME)
    assert machine.get(ID).proven
    row = machine.row(one, NAME)
    assert row is not None
    assert row.absent_since is None


def _state_of(machine: Machine, sd: StorageDir) -> FileState:
    row = machine.row(sd, NAME)
    assert row is not None
    return row.state


@pytest.mark.parametrize("bad", [b"", PICTURE[:100], make_picture("png", seed=7), b"no image"])
@pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
def test_a_bad_file_is_passed_over_for_a_good_one(machine: Machine, bad: bytes, is_known: bool) -> None:
    """In the same SD under another extension, and in any other SD."""
    one = machine.add("one")
    machine.put(one, bad, NAME)
    if is_known:
        machine.scan(one)
    other = machine.add("other", PICTURE)
    found = machine.get(ID, one)
    assert found.sd.number == other.number
    assert found.read() == PICTURE
    machine.put(one, PICTURE, f"{ID}.jpg")
    found = machine.get(ID, one)
    assert (found.filename, found.sd.number) == (f"{ID}.jpg", one.number)


def test_a_proven_file_that_went_bad_is_passed_over(machine: Machine) -> None:
    """A reliable proof of the earlier bytes does not count."""
    one, other = machine.add("one", PICTURE), machine.add("other", PICTURE)
    machine.clock.pass_time(minutes=1)
    machine.get(ID, one)
    machine.put(one, PICTURE[:-1], NAME)
    found = machine.get(ID, one)
    assert found.sd.number == other.number


def test_what_is_found_is_registered_once(machine: Machine) -> None:
    """With its proof and one event. A second lookup writes nothing."""
    one = machine.add("one")
    machine.put(one, PICTURE)
    machine.clock.pass_time(minutes=1)
    found = machine.get(ID)
    assert found.proven
    row = machine.row(one, NAME)
    assert row is not None
    assert row.is_proven
    assert (row.width, row.height) == (64, 48)
    version = machine.bench.catalog.read_version()
    machine.get(ID)
    assert not machine.bench.catalog.changed_since(version)
    assert len(machine.events("image.available")) == 1


def test_many_callers_at_once_are_harmless(machine: Machine) -> None:
    """Twelve threads request an unknown image: one row, one event, and the right bytes for all."""
    one = machine.add("one")
    pictures = make_pictures(6)
    for data in pictures:
        machine.put(one, data)
    start = threading.Barrier(12)

    def read_all() -> list[bytes]:
        start.wait()
        return [found.read() for data in pictures if (found := find_image(machine.bench, id_of(data)))]

    with ThreadPoolExecutor(12) as pool:
        results = [task.result() for task in [pool.submit(read_all) for _ in range(12)]]
    assert all(result == pictures for result in results)
    assert len(machine.events("image.available")) == len(pictures)


def test_an_sd_that_is_gone_or_comes_back_is_noticed(machine: Machine) -> None:
    """While offline it is skipped, and the result says so. When it is back, it is used without help."""
    one = machine.add("one", PICTURE)
    away = machine.take_away(one)
    assert find_image(machine.bench, ID, one) is None
    assert look_up(machine.bench, ID).verdict == "sd-offline"
    assert machine.known_state(one) == "offline"
    row = machine.row(one, NAME)
    assert row is not None
    assert row.state is FileState.PRESENT
    away.rename(one.path)
    machine.get(ID, one)
    assert machine.known_state(one) == "online"


def test_an_sd_that_goes_away_during_a_lookup_ends_nothing(machine: Machine) -> None:
    """The next SD has the image, too, even if it was first found in the lost one."""
    one, other = machine.add("one", PICTURE), machine.add("other", PICTURE)
    machine.clock.pass_time(minutes=1)
    machine.get(ID, one)
    Path(one.path, "media").rename(machine.folder / "media, gone")
    found = machine.get(ID, one)
    assert found.sd.number == other.number


def test_another_sd_at_the_known_path_is_not_taken_for_it(machine: Machine) -> None:
    """If another identity is there now, its files do not count."""
    one = machine.add("one", *make_pictures(3))
    machine.take_away(one)
    make_storage_dir(Path(one.path), PICTURE)
    assert find_image(machine.bench, ID) is None
    assert machine.known_state(one) == "offline"


def test_a_forgotten_sd_is_not_searched(machine: Machine) -> None:
    """Neither by rows nor by discovery; the same for a legacy id."""
    one = machine.add("one", PICTURE)
    machine.put(one, PICTURE, f"{LEGACY_ID}.png")
    machine.get(ID)
    forget_storage_dir(machine.bench, one)
    assert find_image(machine.bench, ID) is None
    assert find_image(machine.bench, LEGACY_ID) is None
    assert find_image(machine.bench, ID, one) is None


def is_found(bench: Workbench, image_id: ImageId) -> bool:
    """By a read."""
    return find_image(bench, image_id) is not None


def is_said_to_exist(bench: Workbench, image_id: ImageId) -> bool:
    """By a look."""
    return look_up(bench, image_id).exists


def is_explained_as_shown(bench: Workbench, image_id: ImageId) -> bool:
    """By the whole trace."""
    return explain_image(bench, image_id).verdict is Verdict.SHOWN


@pytest.mark.parametrize("ask", [is_found, is_said_to_exist, is_explained_as_shown])
def test_an_sd_that_is_forgotten_during_a_search_hides_no_other(
    machine: Machine, ask: Callable[[Workbench, ImageId], bool]
) -> None:
    """Another process forgets it between a look at the disk and a write to the catalog. The image is in another
    SD.
    """
    one, other = machine.add("one"), machine.add("other")
    for sd in (one, other):
        machine.put(sd, PICTURE)
    machine.clock.pass_time(seconds=10)
    find_mount, forgotten = machine.bench.find_mount, list[StorageDir]()

    def find_mount_and_forget(path: str) -> Mount:
        if path == one.path and not forgotten:
            forgotten.append(one)
            forget_storage_dir(machine.bench, one)
        return find_mount(path)

    machine.bench.find_mount = find_mount_and_forget
    assert ask(machine.bench, ID)
    assert forgotten == [one]
    assert machine.get(ID).sd.number == other.number
