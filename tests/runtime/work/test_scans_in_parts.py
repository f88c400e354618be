"""A scan in parts finds what an ordinary scan finds, and concludes that something is gone only from all parts."""

from __future__ import annotations

import pytest

from builders.s3_server import S3Server
from builders.storage import make_pictures, name_of
from fault_kit.object_store import Asked
from runtime.work.conftest import Shop, report_of, upload
from strandline.catalog.postgres.work.queue import WorkQueue
from strandline.catalog.postgres.work.statements import WorkPart
from strandline.model.events import ScanFinished
from strandline.model.scan_parts import ScanPart
from strandline.model.storage_dirs import StorageDirState
from strandline.model.work import WorkKind, WorkState
from strandline.runtime.work import orders

PICTURES = make_pictures(80)
GONE = sorted(PICTURES, key=name_of)[::16]
"""Five of them, in different parts: few enough that their absence is believed."""


def lose(shop: Shop) -> None:
    """Another program deletes five images."""
    for data in GONE:
        shop.team.machine.other.delete(f"media/{name_of(data)}")


def is_one_listing(asked: Asked) -> bool:
    """Whether one part of the images is listed: the one that begins at the middle of all ids."""
    return asked.is_list and asked.query.get("start-after", [""])[0].rpartition("/")[2].startswith("8000")


def test_it_finds_what_an_ordinary_scan_finds(shop: Shop) -> None:
    """New, changed, gone, and what is none of that. An ordinary scan after it finds nothing."""
    machine = shop.team.machine
    upload(shop, PICTURES)
    machine.other.put("media/notes.txt", b"no image")
    task = shop.do(WorkKind.SCAN)
    assert (task.state, task.done, task.parts_done) == (WorkState.FINISHED, 81, task.parts)
    assert shop.count_states(PICTURES) == {"proven": 80}
    assert not report_of(shop).found_changes
    more = make_pictures(10, first_seed=1000)
    upload(shop, more)
    lose(shop)
    assert shop.do(WorkKind.SCAN).state is WorkState.FINISHED
    assert shop.count_states(PICTURES) == {"proven": 75, "absent": 5}
    assert shop.count_states(more) == {"proven": 10}
    machine.clock.pass_time(minutes=2)
    shop.do(WorkKind.SCAN)
    assert shop.count_states(GONE) == {"missing": 5}
    ends = [event for event in machine.store.events(limit=1000) if isinstance(event, ScanFinished)]
    assert [(each.added, each.absent, each.missing) for each in ends] == [(80, 0, 0), (10, 5, 0), (0, 0, 5)]
    assert not report_of(shop).found_changes
    machine.put(GONE[0])
    shop.do(WorkKind.SCAN)
    assert shop.count_states(GONE) == {"proven": 1, "missing": 4}


def test_a_part_hands_over_what_is_too_much_for_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knew that there are so many images. Nothing is lost in between."""
    upload(shop, PICTURES)
    monkeypatch.setattr(orders, "FIRST_PARTS", 1)
    task = shop.do(WorkKind.SCAN)
    assert task.parts > 4
    assert (task.done, task.findings) == (80, 0)


@pytest.mark.parametrize("is_mutant", [False, True])
def test_a_part_that_fails_lets_nothing_become_absent(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, is_mutant: bool
) -> None:
    """Not even what other parts did not find. The mutant takes a part that was given up for one that is well."""
    upload(shop, PICTURES)
    shop.do(WorkKind.SCAN)
    lose(shop)
    shop.answer(is_one_listing, 500)
    if is_mutant:

        def give_up_quietly(queue: WorkQueue, part: WorkPart, _problem: str, *, attempts: int) -> None:
            del attempts
            queue.end_part(part, done=0, since=0, findings=0, result=ScanPart().to_text())

        monkeypatch.setattr(WorkQueue, "fail_part", give_up_quietly)
    task = shop.do(WorkKind.SCAN)
    absent = shop.count_states(PICTURES).get("absent", 0)
    if is_mutant:
        assert absent > 0
        return
    assert (task.state, task.parts_failed, absent) == (WorkState.FAILED, 1, 0)
    assert "500" in (task.problem or "")
    assert shop.work.read_status().failed == [task]
    shop.faulty.rule = lambda _: None
    assert shop.do(WorkKind.SCAN).state is WorkState.FINISHED
    assert shop.count_states(PICTURES) == {"proven": 75, "absent": 5}
    assert shop.work.read_status().failed == []


def test_the_brake_holds_over_all_parts(shop: Shop) -> None:
    """In each part some are gone; together they are too many. Nothing becomes missing, and the scan says why."""
    upload(shop, PICTURES)
    shop.do(WorkKind.SCAN)
    for data in PICTURES[:30]:
        shop.team.machine.other.delete(f"media/{name_of(data)}")
    for _ in range(2):
        task = shop.do(WorkKind.SCAN)
        shop.team.machine.clock.pass_time(minutes=2)
    assert shop.count_states(PICTURES) == {"proven": 50, "absent": 30}
    assert shop.sd.state is StorageDirState.SUSPECT
    assert "30 of 80" in (task.problem or "")


@pytest.mark.parametrize("status", [404, 403])
def test_an_identity_that_is_gone_at_the_end_lets_nothing_become_absent(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """All parts were listed while it was there."""
    upload(shop, PICTURES)
    shop.do(WorkKind.SCAN)
    lose(shop)
    machine, work = shop.team.machine, shop.work
    task = work.add(WorkKind.SCAN, shop.sd)
    list_results = WorkQueue.list_results

    def lose_identity(queue: WorkQueue, number: int) -> list[str]:
        shop.answer(lambda asked: asked.key.endswith("/SD_ID"), status)
        return list_results(queue, number)

    monkeypatch.setattr(WorkQueue, "list_results", lose_identity)
    shop.run()
    assert work.get_task(task.id).state is WorkState.FAILED
    shop.faulty.rule = lambda _: None
    assert shop.count_states(PICTURES) == {"proven": 80}
    assert machine.sd.is_reachable


def test_named_pictures_are_scanned_by_one_worker(shop: Shop, s3_server: S3Server) -> None:
    """Servers sort names with slashes differently, so they cannot be listed in parts."""
    other = s3_server.make_place()
    for number, data in enumerate(PICTURES[:25]):
        other.put(f"{number % 3}/picture {number}.png", data)
    named = shop.team.machine.store.add_storage_dir(other.address).sd
    task = shop.work.add(WorkKind.SCAN, named)
    assert task.parts == 1
    shop.run()
    assert shop.work.get_task(task.id).state is WorkState.FINISHED
    with shop.team.machine.store.bench.catalog.read() as reader:
        assert reader.files.count_rows(named.number) == 25
        assert reader.files.count_unchecked(named.number) == 0
