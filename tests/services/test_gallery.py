"""The gallery's listing: counted once, however many ask, and closed quietly."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from builders.catalogs import add_sd
from builders.clocks import FakeClock
from builders.image_rows import NOW
from builders.machine import open_machine
from builders.pictures import make_picture
from builders.postgres import shared_server
from builders.storage import id_of
from strandline.catalog.images import ImageReader
from strandline.catalog.postgres.database import open_postgres
from strandline.errors import CatalogLockedError
from strandline.model.image_files import FileStamp, ImageFilter
from strandline.model.image_ids import ImageId
from strandline.model.months import Months
from strandline.model.states import Seen, register_listed
from strandline.services import gallery as gallery_service
from strandline.services.gallery import Gallery
from strandline.services.workbench import Limits, Workbench

ALL = ImageFilter()


def test_of_several_who_come_first_one_counts(tmp_path: Path) -> None:
    """A page and its scripts ask at once. They get the same answer, from one walk over the images."""
    with open_machine(tmp_path) as machine:
        machine.add("one", *(make_picture("png", seed=seed) for seed in range(3)))
        gallery = Gallery(machine.bench)
        together = threading.Barrier(4)

        def ask() -> object:
            together.wait(10)
            return gallery.get_months(ALL)

        with ThreadPoolExecutor(4) as pool:
            first, *others = [each.result() for each in [pool.submit(ask) for _ in range(4)]]
        assert gallery.get_months(ALL).total == 3
        assert all(each is first for each in others)


def test_counting_that_failed_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the catalog could not be read once, the gallery recovers."""
    monkeypatch.setattr(gallery_service, "QUICK_S", -1.0)
    monkeypatch.setattr(gallery_service, "QUICK_IMAGES", -1)
    monkeypatch.setattr(gallery_service, "REST_S", 0.0)
    with open_machine(tmp_path) as machine:
        one = machine.add("one", make_picture("png", seed=1))
        gallery = Gallery(machine.bench)
        assert gallery.get_months(ALL).total == 1
        machine.put(one, make_picture("png", seed=2))
        machine.scan(one)
        machine.clock.pass_time(seconds=60)
        with monkeypatch.context() as broken:
            broken.setattr(ImageReader, "list_places", _refuse)
            assert _ask_and_wait(gallery).total == 1
        assert not _ask_and_wait(gallery).is_fresh
        assert gallery.get_months(ALL).total == 2


def _refuse(*_: object, **__: object) -> object:
    raise CatalogLockedError("the catalog is in use by another process")


def _ask_and_wait(gallery: Gallery) -> Months:
    """The answer, after the background work that it started has ended."""
    before = set(threading.enumerate())
    found = gallery.get_months(ALL)
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    return found


def test_counting_that_is_overtaken_by_the_end_is_quiet(tmp_path: Path) -> None:
    """A store that closes during the count causes no error in a thread."""
    with open_machine(tmp_path) as machine:
        gallery = Gallery(machine.bench)
        machine.bench.catalog.close()
        before = set(threading.enumerate())
        gallery.begin()
        for thread in set(threading.enumerate()) - before:
            thread.join(10)


def test_a_small_gallery_is_never_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the last walk was slow because the machine was busy."""
    monkeypatch.setattr(gallery_service, "QUICK_S", -1.0)
    with open_machine(tmp_path) as machine:
        one = machine.add("one", make_picture("png", seed=1))
        gallery = Gallery(machine.bench)
        assert gallery.get_months(ALL).total == 1
        machine.put(one, make_picture("png", seed=2))
        machine.scan(one)
        found = gallery.get_months(ALL)
        assert (found.total, found.is_fresh) == (2, True)


def test_who_is_patient_gets_what_is_there_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is drawn once waits for a walk that is not too long; nobody else waits after a change."""
    monkeypatch.setattr(gallery_service, "QUICK_S", -1.0)
    monkeypatch.setattr(gallery_service, "QUICK_IMAGES", -1)
    monkeypatch.setattr(gallery_service, "REST_S", 3600.0)  # no walk begins in the background
    with open_machine(tmp_path) as machine:
        one = machine.add("one", make_picture("png", seed=1))
        gallery = Gallery(machine.bench)
        assert gallery.get_months(ALL).total == 1
        machine.put(one, make_picture("png", seed=2))
        machine.scan(one)
        hasty = gallery.get_months(ALL)
        assert (hasty.total, hasty.is_fresh) == (1, False)
        patient = gallery.get_months(ALL, patience_s=3600)
        assert (patient.total, patient.is_fresh) == (2, True)


def test_the_neighbors_of_an_image_are_those_of_its_listing(tmp_path: Path) -> None:
    """In the order of the listing. At an end there is none, and outside of it there are no neighbors at all."""
    with open_machine(tmp_path) as machine:
        machine.add("one", *(make_picture("png", seed=seed) for seed in range(4)))
        machine.add("two", make_picture("png", seed=9))
        gallery = Gallery(machine.bench)
        for chosen in (ALL, ImageFilter(sd=1), ImageFilter(sd=1, reverse=True)):
            ids = [each.image_id for each in gallery.list_after(chosen, after=None, limit=9).images]
            found = [gallery.find_neighbors(chosen, each) for each in ids]
            assert [each.before for each in found] == [None, *ids[:-1]]
            assert [each.after for each in found] == [*ids[1:], None]
        other = id_of(make_picture("png", seed=9))
        assert gallery.find_neighbors(ImageFilter(sd=1), other) == (None, None)


@pytest.mark.slow  # a server takes seconds to start
def test_a_counted_listing_has_its_images_at_their_positions(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Near the beginning of a month and deep in it, in both directions, also after a change."""
    monkeypatch.setattr(gallery_service, "EVERY", 2)
    clock = FakeClock()
    with shared_server(request).lent_database() as url, closing(open_postgres(url)) as catalog:
        gallery = Gallery(Workbench(
            catalog, tmp_path, Limits(), now=clock.now, monotonic=clock.monotonic, sleep=clock.sleep
        ))  # fmt: skip
        with catalog.write() as writer:
            sds = [add_sd(writer, name) for name in ("one", "two")]
        for numbers in (range(9), range(9, 12)):
            with catalog.write() as writer:
                for number in numbers:
                    image_id = ImageId(f"{number:032x}")
                    seen = Seen(FileStamp(1, (number * 5 % 24) * 86_400 * 3 * 10**9 + 10**9, 1))
                    for sd in sds[: 1 + number % 2]:
                        path = f"media/{image_id}.png"
                        writer.files.insert_row(register_listed(sd, path, image_id, "image/png", seen, NOW))
            for chosen in (ALL, ImageFilter(reverse=True), ImageFilter(sd=sds[0])):
                whole = gallery.list_after(chosen, after=None, limit=99)
                found = [
                    image.image_id
                    for month, count in gallery.get_months(chosen).months
                    for offset in range(count)
                    for image in gallery.list_month(chosen, month, offset=offset, limit=1).images
                ]
                assert found == [image.image_id for image in whole.images]
                assert whole.total == len(found) == numbers.stop
                assert gallery.list_month(chosen, "1970-01", offset=99, limit=1).images == ()
