"""Thumbnails as work: made once for all machines, in advance, and never twice (SPEC §25)."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from bench.cost_model import DRAWING, GETS_PER_PROOF
from builders.bucket_machine import open_bucket_machine
from builders.other_thread import run_in_thread
from builders.s3_server import OtherProgram, S3Server
from builders.served import serving
from builders.storage import id_of, make_pictures, name_of
from builders.workers import LIMIT_S, open_team
from fault_kit.object_store import Asked, Fault, run_faulty_store
from runtime.work.conftest import SMALL, Shop, upload
from strandline.errors import RefusedError
from strandline.model.defaults import TILE_SIZE
from strandline.model.work import WorkKind, WorkState, WorkTask
from strandline.pictures.shared_copies import shared_name_of
from strandline.runtime.assembly import LocalStore
from strandline.runtime.work import orders, worker
from strandline.runtime.work.doing import ATTEMPTS, Doing, TryAgainError
from strandline.runtime.work.worker import WorkerOptions, run_worker
from strandline.services import thumbnails

PICTURES = make_pictures(13)
HALF = make_pictures(1, first_seed=500)[0][:-40]
"""The right bytes for its id, which nobody can draw."""


def tile_of(data: bytes) -> str:
    """The name of its thumbnail."""
    return shared_name_of(hashlib.sha256(data).hexdigest(), TILE_SIZE)


TILES = sorted(map(tile_of, PICTURES))


@pytest.fixture
def place(s3_server: S3Server) -> OtherProgram:
    """Where machines share thumbnails."""
    return s3_server.make_place()


@pytest.fixture
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server, place: OtherProgram,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shop]:  # fmt: skip
    """An empty bucket, a worker, and a place for thumbnails."""
    monkeypatch.setattr(orders, "FIRST_PARTS", 4)
    monkeypatch.setattr(worker, "LOOK_S", 0.1)
    with (
        run_faulty_store(s3_server.endpoint) as faulty,
        open_team(
            request, tmp_path, s3_server, endpoint=faulty.endpoint, images_per_part=SMALL,
            shared_thumbnails=place.address,
        ) as team,
    ):  # fmt: skip
        team.machine.add()
        yield Shop(team, faulty)


def count_asked(shop: Shop, place: OtherProgram, method: str) -> Counter[str]:
    """How often each thumbnail was asked for with this method."""
    keys = [asked.key for asked in shop.faulty.asked if asked.method == method]
    return Counter(key.removeprefix(place.prefix) for key in keys if key.startswith(place.prefix))


def work_until_empty(store: LocalStore) -> None:
    """One worker."""
    options = WorkerOptions(1, "test", until_empty=True)
    run_in_thread(lambda: run_worker(store, options, threading.Event()))


def prove(shop: Shop, pictures: list[bytes]) -> None:
    """Another program uploads them, and somebody asks for them."""
    upload(shop, pictures)
    for data in pictures:
        shop.team.machine.store.get(id_of(data)).close()


def newest(shop: Shop) -> WorkTask:
    """The task that was ordered last."""
    return max(shop.work.read_status().tasks, key=lambda task: task.number)


def only_part(shop: Shop) -> int:
    """The number of the one part there is."""
    with shop.work.queue._transaction() as connection:
        ((number,),) = connection.execute("SELECT number FROM parts").fetchall()
    return int(number)


def test_two_workers_make_all_of_them_once(
    shop: Shop, place: OtherProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By themselves, after what is new was proven, and only of that. A server then shows them, and draws none. What
    nobody can draw is counted.
    """
    monkeypatch.setattr(orders, "CLOCKS_DIFFER", timedelta(hours=-1))
    prove(shop, make_pictures(1, first_seed=700))
    shop.team.machine.clock.pass_time(hours=2)
    upload(shop, [*PICTURES, HALF])
    shop.work.add(WorkKind.SCAN, shop.sd)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work_until_empty, [shop.team.machine.store] * 2))
    tasks = sorted(shop.work.read_status().tasks, key=lambda task: task.number)
    assert [task.kind.value for task in tasks] == ["scan", "arrivals", "thumbnails"]
    made = tasks[-1]
    assert (made.state, made.done, made.total, made.parts) == (WorkState.FINISHED, 14, 14, 2)
    assert (made.findings, made.problem) == (1, None)
    assert place.list_names() == TILES
    assert count_asked(shop, place, "PUT") == Counter(TILES)
    assert count_asked(shop, place, "HEAD") == Counter([*TILES, tile_of(HALF)])
    reads = Counter(asked.key.rpartition("/")[2] for asked in shop.faulty.asked if asked.method == "GET")
    assert {reads[name_of(data)] for data in PICTURES} == {GETS_PER_PROOF + DRAWING["GET"]}
    assert DRAWING == {"GET": 1, "HEAD": 1, "PUT": 1}

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it was drawn again")

    monkeypatch.setattr(thumbnails, "make_thumbnail", refuse)
    for data in PICTURES:
        assert shop.team.machine.store.thumbnail(id_of(data), TILE_SIZE).media_type == "image/webp"


def test_what_is_done_twice_is_there_once(shop: Shop, place: OtherProgram) -> None:
    """By two workers at the same time, and by a later one, which reads no image."""
    few = PICTURES[:2]
    prove(shop, few)
    both_have_looked = threading.Barrier(2)

    def hold(asked: Asked) -> Fault:
        if asked.method == "HEAD" and asked.key.endswith(tile_of(few[0])):
            both_have_looked.wait(LIMIT_S)
        return None

    shop.faulty.rule = hold
    task = shop.work.add(WorkKind.THUMBNAILS, shop.sd)
    part, doing = only_part(shop), Doing(shop.team.machine.store.bench, shop.work)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(doing.do_part, [part, part]))
    doing.finish(task.number)
    ended = shop.work.get_task(task.id)
    assert (ended.state, ended.done, ended.findings) == (WorkState.FINISHED, 2, 0)
    assert count_asked(shop, place, "PUT") == Counter(2 * [*map(tile_of, few)])
    made = {name: place.get(name) for name in place.list_names()}
    assert sorted(made) == sorted(map(tile_of, few))
    shop.faulty.rule = lambda _: None
    shop.faulty.asked.clear()
    shop.work.add(WorkKind.THUMBNAILS, shop.sd)
    doing.do_part(only_part(shop))
    assert {name: place.get(name) for name in place.list_names()} == made
    assert not [asked for asked in shop.faulty.asked if "/media/" in asked.key]
    assert not count_asked(shop, place, "PUT")


def test_later_ones_are_only_of_what_is_new(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was proven since the last ones were ordered. A person's order is of all. What comes while they are made
    has its own, later.
    """
    monkeypatch.setattr(orders, "CLOCKS_DIFFER", timedelta(hours=-1))
    work = shop.work
    prove(shop, PICTURES[:2])
    work.order_thumbnails(shop.sd)
    assert newest(shop).total == 2
    work.queue.end_task(newest(shop).number, WorkState.FINISHED, None)
    shop.team.machine.clock.pass_time(hours=2)
    prove(shop, PICTURES[2:3])
    work.order_thumbnails(shop.sd)
    task = newest(shop)
    assert task.total == 1
    work.order_thumbnails(shop.sd)
    assert newest(shop) == task
    doing = Doing(shop.team.machine.store.bench, work)
    doing.do_part(only_part(shop))
    doing.finish(task.number)
    again = newest(shop)
    assert (again.kind, again.state, again.total) == (WorkKind.THUMBNAILS, WorkState.WORKING, 1)
    work.cancel(again.id)
    work.order_thumbnails(shop.sd)
    assert newest(shop).total == 1
    work.cancel(newest(shop).id)
    assert work.add(WorkKind.THUMBNAILS, shop.sd).total == 3


def test_the_page_orders_them(shop: Shop) -> None:
    """With a button that is there because machines share some."""
    prove(shop, PICTURES[:1])
    with serving(shop.team.machine.store) as served:
        assert "Make thumbnails" in served.client.get("/status/work").text
        asked = {"kind": "thumbnails", "sd": str(shop.sd.sd_id)}
        assert served.client.post("/status/work/add", data=asked).status_code == 303
        page = served.client.get("/status/work").text
        assert "<span>make thumbnails</span>" in page
        assert "0 of 1 image, waiting" in page
        (task,) = served.get("/work")["tasks"]
        assert (task["kind"], task["total"]) == ("thumbnails", 1)


def test_a_place_that_is_away_is_said(shop: Shop, place: OtherProgram) -> None:
    """The task fails with the reason, and the next one makes it good."""
    prove(shop, PICTURES[:1])
    shop.answer(lambda asked: asked.key.startswith(place.prefix), 403)
    task = shop.work.add(WorkKind.THUMBNAILS, shop.sd)
    part, doing = only_part(shop), Doing(shop.team.machine.store.bench, shop.work)
    for _ in range(ATTEMPTS - 1):
        with pytest.raises(TryAgainError):
            doing.do_part(part)
    doing.do_part(part)
    doing.finish(task.number)
    failed = shop.work.get_task(task.id)
    assert failed.state is WorkState.FAILED
    assert f"at {place.address}" in str(failed.problem)
    shop.faulty.rule = lambda _: None
    shop.work.add(WorkKind.THUMBNAILS, shop.sd)
    doing.do_part(only_part(shop))
    doing.finish(newest(shop).number)
    assert newest(shop).state is WorkState.FINISHED
    assert shop.work.read_status().failed == []
    assert place.list_names() == [tile_of(PICTURES[0])]


def test_a_machine_that_shares_none_leaves_them_alone(
    shop: Shop, tmp_path: Path, s3_server: S3Server
) -> None:
    """It orders none, and its worker passes them by, as those of a kind that it does not know."""
    task = shop.work.add(WorkKind.THUMBNAILS, shop.sd)
    url = shop.team.environment["STRANDLINE_CATALOG_URL"]
    with open_bucket_machine(
        tmp_path / "other", s3_server, shop.team.machine.other, catalog_url=url
    ) as other:
        with pytest.raises(RefusedError, match=r"set pictures\.shared_thumbnails"):
            other.store.work.add(WorkKind.THUMBNAILS, other.sd)
        other.store.work.order_thumbnails(other.sd)
        work_until_empty(other.store)
    assert shop.work.get_task(task.id) == task
