"""Two machines share a catalog in PostgreSQL and a bucket: what one saves or finds, the other has at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builders.bucket_machine import BucketMachine, open_bucket_machine
from builders.postgres import Server, shared_server
from builders.s3_server import OtherProgram, S3Server
from builders.storage import id_of, make_pictures, name_of
from fault_kit.object_store import run_faulty_store
from strandline.model.events import Event, ImageEvent
from strandline.model.image_files import ImageFilter
from strandline.services.proving.backlog import verify_unproven

LIMIT_S = 60
PICTURES = make_pictures(40)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """A real database server."""
    return shared_server(request)


@pytest.fixture
def place(s3_server: S3Server) -> OtherProgram:
    """A prefix in a bucket."""
    return s3_server.make_place()


@pytest.fixture
def two(
    tmp_path: Path, server: Server, s3_server: S3Server, place: OtherProgram
) -> Iterator[tuple[BucketMachine, BucketMachine]]:
    """Two machines with homes of their own."""
    with (
        server.lent_database() as url,
        open_bucket_machine(tmp_path / "one", s3_server, place, catalog_url=url) as one,
        open_bucket_machine(tmp_path / "two", s3_server, place, catalog_url=url) as other,
    ):
        yield one, other


def test_what_one_adds_and_saves_the_other_has(two: tuple[BucketMachine, BucketMachine]) -> None:
    """Without adding, scanning, or waiting; and its listeners are told."""
    one, other = two
    heard = threading.Event()
    events: list[Event] = []

    def hear(some: Sequence[Event]) -> None:
        events.extend(some)
        if any(isinstance(event, ImageEvent) for event in some):
            heard.set()

    feed = other.store.follow_events(hear)
    feed.start()
    try:
        one.add()
        saved = one.store.save(PICTURES[0], sd=one.sd)
        with other.store.get(saved.image_id) as found:
            assert found.read() == PICTURES[0]
        assert heard.wait(LIMIT_S)
    finally:
        feed.stop()
    assert [sd.path for sd in other.store.list_storage_dirs()] == [one.sd.path]
    assert [each.seq for each in events] == [each.seq for each in one.store.events(limit=100)]


def test_both_add_the_same_bucket_at_once(two: tuple[BucketMachine, BucketMachine]) -> None:
    """There is one storage directory, and its identity was made once."""
    with ThreadPoolExecutor(2) as pool:
        numbers = list(pool.map(lambda machine: machine.add().number, two))
    assert numbers[0] == numbers[1]
    (sd,) = two[0].store.list_storage_dirs()
    assert (two[0].other.get("SD_ID") or b"").decode().strip() == sd.sd_id


def test_both_scan_and_prove_at_once_and_each_image_is_told_once(
    two: tuple[BucketMachine, BucketMachine],
) -> None:
    """By the one that is faster. Nothing is told twice."""
    two[0].add()
    for picture in PICTURES:
        two[0].put(picture)

    def work(machine: BucketMachine) -> None:
        machine.scan()
        verify_unproven(machine.store.bench, machine.sd, may_read=lambda _: True)

    with ThreadPoolExecutor(2) as pool:
        for working in [pool.submit(work, machine) for machine in two]:
            working.result(LIMIT_S)
    assert Counter(two[1].told()) == {("available", name_of(picture)): 1 for picture in PICTURES}
    assert all((row := two[1].row(name_of(picture))) and row.proof_is_current for picture in PICTURES)


def test_a_database_that_is_lost_is_rebuilt_by_listing(
    tmp_path: Path, server: Server, s3_server: S3Server, place: OtherProgram
) -> None:
    """The bucket has the images and the identity; only what no bucket has is gone."""
    lost = server.make_database()
    with (
        open_bucket_machine(tmp_path / "one", s3_server, place, catalog_url=lost) as machine,
    ):
        machine.add()
        for picture in PICTURES[:5]:
            machine.store.save(picture, sd=machine.sd)
        before = machine.sd
    server.drop_database(lost)
    with (
        server.lent_database() as url,
        open_bucket_machine(tmp_path / "one", s3_server, place, catalog_url=url) as machine,
    ):
        assert machine.store.list_storage_dirs() == []
        assert machine.add().sd_id == before.sd_id
        assert sum(count for _, count in machine.store.gallery.get_months(ImageFilter()).months) == 5
        for picture in PICTURES[:5]:
            with machine.store.get(id_of(picture)) as found:
                assert found.read() == picture


def test_what_one_machine_cannot_reach_the_others_still_have(
    tmp_path: Path, server: Server, s3_server: S3Server, place: OtherProgram
) -> None:
    """One that never had the bucket tells nobody. One that lost it tells once, and who has it puts that right."""
    with (
        server.lent_database() as url,
        run_faulty_store(s3_server.endpoint) as faulty,
        open_bucket_machine(tmp_path / "one", s3_server, place, catalog_url=url) as one,
    ):
        one.add(PICTURES[0])
        faulty.rule = lambda _asked: 403
        with open_bucket_machine(
            tmp_path / "two", s3_server, place, endpoint=faulty.endpoint, catalog_url=url
        ) as other:
            assert (other.sd.state, list_states(one)) == ("offline", ["online"])
            faulty.rule = lambda _asked: None
            assert other.sd.state == "online"
            faulty.rule = lambda _asked: 403
            assert (other.sd.state, list_states(one)) == ("offline", ["offline"])
            assert (one.sd.state, list_states(one)) == ("online", ["online"])
            assert (other.sd.state, list_states(one)) == ("offline", ["online"])
        told = [event.type for event in one.store.events() if event.type.startswith("sd.o")]
        assert told == ["sd.offline", "sd.online"]


def list_states(machine: BucketMachine) -> list[str]:
    """What the catalog says, for all machines."""
    return [sd.state.value for sd in machine.store.list_storage_dirs()]
