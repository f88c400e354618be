"""Parts: done twice, paused, cancelled, failed, lost, and those of a worker that woke up late."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

import pytest

from builders.storage import id_of, make_pictures, name_of
from builders.workers import LIMIT_S, STALLED_AFTER_S
from fault_kit.object_store import Asked, Fault
from runtime.work.conftest import Shop, upload
from strandline.catalog.image_files.writer import ImageFileWriter
from strandline.catalog.postgres.work.queue import WorkQueue
from strandline.errors import RefusedError, TaskNotFoundError
from strandline.model.image_files import ImageFile
from strandline.model.storage_dirs import StorageDir
from strandline.model.work import WorkKind, WorkState
from strandline.runtime.scan_jobs import ScanJobs
from strandline.runtime.watching.background_scans import BackgroundScans
from strandline.runtime.work.doing import Doing
from strandline.runtime.work.orders import Work
from strandline.services.scanning.scan import scan_storage_dir

PICTURES = make_pictures(40)


def scan_only(shop: Shop) -> None:
    """Registers the pictures, and orders nothing."""
    upload(shop, PICTURES)
    scan_storage_dir(shop.team.machine.store.bench, shop.sd, prove_arrivals=False)


def take_jobs(shop: Shop) -> list[int]:
    """The numbers of the parts that have a job."""
    with shop.work.queue._transaction() as connection:
        rows = connection.execute(
            "SELECT args FROM procrastinate_jobs WHERE task_name = 'part' ORDER BY id"
        ).fetchall()
    return [args["number"] for (args,) in rows]


@pytest.mark.parametrize("is_mutant", [False, True])
def test_two_workers_do_one_part_and_each_image_is_told_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, is_mutant: bool
) -> None:
    """The first one read the images, slept, and woke up after the second one was done. The mutant writes without
    asking whether the row is as it was read.
    """
    upload(shop, PICTURES[:8])
    machine, bench = shop.team.machine, shop.team.machine.store.bench
    scan_storage_dir(bench, shop.sd, prove_arrivals=False)
    shop.work.add(WorkKind.PROVE, shop.sd)
    (part,) = take_jobs(shop)
    first = min(map(name_of, PICTURES[:8]))
    sleeps, wakes = threading.Event(), threading.Event()

    def hold(asked: Asked) -> Fault:
        if not sleeps.is_set() and asked.method == "GET" and asked.key.endswith(first):
            sleeps.set()
            wakes.wait(LIMIT_S)
        return None

    if is_mutant:

        def update_anyway(writer: ImageFileWriter, old: ImageFile, new: ImageFile) -> bool:
            now = writer.find_row(old.sd, old.path)
            return now is not None and update_row(writer, now, new)

        update_row = ImageFileWriter.update_row
        monkeypatch.setattr(ImageFileWriter, "update_row", update_anyway)
    doing = Doing(bench, shop.work)
    shop.faulty.rule = hold
    sleeper = threading.Thread(target=doing.do_part, args=(part,))
    sleeper.start()
    assert sleeps.wait(LIMIT_S)
    doing.do_part(part)
    wakes.set()
    sleeper.join(LIMIT_S)
    told = Counter(machine.told())
    assert (set(told.values()) == {1}) is not is_mutant
    assert len(told) == 8


def test_a_task_is_paused_resumed_and_cancelled(shop: Shop) -> None:
    """Paused, it has no jobs, and a part that is being done stops. What was done stays."""
    scan_only(shop)
    work = shop.work
    task = work.add(WorkKind.VERIFY, shop.sd)
    assert len(take_jobs(shop)) == task.parts == 4
    assert work.pause(task.id).state is WorkState.PAUSED
    assert work.pause(task.id).state is WorkState.PAUSED
    assert take_jobs(shop) == []
    shop.work.queue.mend(30.0)
    assert take_jobs(shop) == []
    assert work.resume(task.id).state is WorkState.WORKING
    assert len(take_jobs(shop)) == 4
    Doing(shop.team.machine.store.bench, work).do_part(take_jobs(shop)[0])
    done = work.get_task(task.id).done
    assert work.cancel(task.id).state is WorkState.CANCELLED
    assert take_jobs(shop) == []
    ended = work.cancel(task.id)
    assert (ended.state, ended.done, ended.parts_done, ended.ended_at is None) == (
        WorkState.CANCELLED,
        done,
        1,
        False,
    )
    with pytest.raises(RefusedError, match="order it again"):
        work.resume(task.id)
    with pytest.raises(TaskNotFoundError):
        work.pause("99")
    assert work.read_status().failed == []


def test_one_task_of_a_kind_at_a_time(shop: Shop) -> None:
    """To order it again gives the open one. One that is wanted first comes before all others."""
    scan_only(shop)
    work = shop.work
    task = work.add(WorkKind.VERIFY, shop.sd)
    scan = work.add(WorkKind.SCAN, shop.sd)
    assert work.add(WorkKind.VERIFY, shop.sd) == task
    first = work.add(WorkKind.VERIFY, shop.sd, is_first=True)
    assert (first.number, first.is_first) == (task.number, True)
    assert [each.number for each in work.read_status().tasks] == [task.number, scan.number]
    with work.queue._transaction() as connection:
        (kind,) = connection.execute(
            "SELECT tasks.kind FROM procrastinate_fetch_job_v2(NULL, NULL) AS job "
            "JOIN parts ON parts.number = CAST(job.args ->> 'number' AS bigint) "
            "JOIN tasks ON tasks.number = parts.task"
        ).fetchone()
    assert kind == "verify"


def test_an_image_that_somebody_asks_for_waits_for_nobody(shop: Shop) -> None:
    """The server that is asked proves it, and the worker passes it by."""
    scan_only(shop)
    with shop.team.machine.store.get(id_of(PICTURES[7])) as found:
        assert found.proven
    shop.faulty.asked.clear()
    task = shop.do(WorkKind.PROVE)
    assert (task.state, task.done) == (WorkState.FINISHED, 39)
    assert not [asked for asked in shop.faulty.asked if asked.key.endswith(name_of(PICTURES[7]))]
    assert set(Counter(shop.team.machine.told()).values()) == {1}


def test_lost_jobs_are_made_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happens to the queue, what is to be done stands in our own tables."""
    scan_only(shop)
    task = shop.work.add(WorkKind.VERIFY, shop.sd)
    with shop.work.queue._transaction() as connection:
        connection.execute("TRUNCATE procrastinate_jobs CASCADE")
    assert shop.work.queue.mend(30.0) == 4
    rests: list[float] = []

    def note(queue: WorkQueue, stalled_after_s: float, *, rests_s: float) -> int:
        rests.append(rests_s)
        return mend(queue, stalled_after_s, rests_s=rests_s)

    mend = WorkQueue.mend
    monkeypatch.setattr(WorkQueue, "mend", note)
    shop.run()
    assert shop.work.get_task(task.id).state is WorkState.FINISHED
    assert min(rests) > STALLED_AFTER_S / 4, "workers leave it to each other"


def test_images_that_cannot_be_read_are_findings(shop: Shop) -> None:
    """After some tries. The others are proven, and a bucket that is away makes the task fail instead."""
    scan_only(shop)
    bad = name_of(PICTURES[3])
    shop.answer(lambda asked: asked.key.endswith(bad), 403)
    task = shop.do(WorkKind.PROVE)
    assert (task.state, task.findings) == (WorkState.FINISHED, 1)
    assert shop.count_states(PICTURES) == {"proven": 39, "unproven": 1}
    shop.answer(lambda _: True, 503)
    failed = shop.do(WorkKind.PROVE)
    assert failed.state is WorkState.FAILED
    assert "cannot be reached" in (failed.problem or "")
    shop.faulty.rule = lambda _: None
    assert shop.do(WorkKind.PROVE).state is WorkState.FINISHED
    assert shop.count_states(PICTURES) == {"proven": 40}


def test_a_verification_finds_what_went_bad(shop: Shop) -> None:
    """As `verify` does: each file is read, and the bad one is told."""
    scan_only(shop)
    shop.do(WorkKind.PROVE)
    machine = shop.team.machine
    machine.put(PICTURES[1], name_of(PICTURES[0]))
    machine.clock.pass_time(days=40)
    task = shop.do(WorkKind.VERIFY)
    assert (task.state, task.done, task.findings) == (WorkState.FINISHED, 40, 1)
    assert shop.do(WorkKind.VERIFY).total == 1


def test_the_schedule_orders_what_is_due(shop: Shop) -> None:
    """Scans again and again, verifications after some days; nothing twice."""
    scan_only(shop)
    work = shop.work
    work.settings = replace(work.settings, scan_every_s=3600.0, verify_again_days=30)
    work.order_what_is_due()
    work.order_what_is_due()
    assert sorted(task.kind.value for task in work.read_status().tasks) == ["scan", "verify"]
    shop.run()
    work.order_what_is_due()
    assert not any(task.is_open for task in work.read_status().tasks)
    shop.team.machine.clock.pass_time(hours=2)
    work.order_what_is_due()
    assert [task.kind.value for task in work.read_status().tasks if task.is_open] == ["scan"]


def test_a_forgotten_storage_directory_takes_its_tasks_along(shop: Shop) -> None:
    """Its jobs find nothing to do."""
    scan_only(shop)
    task = shop.work.add(WorkKind.VERIFY, shop.sd)
    shop.team.machine.store.forget_storage_dir(shop.sd)
    with pytest.raises(TaskNotFoundError):
        shop.work.get_task(task.id)
    shop.run()
    assert shop.work.read_status().waiting_parts == 0


def test_servers_leave_scans_to_workers(shop: Shop) -> None:
    """While one is there. When it scanned last is known on every machine."""
    bench = shop.team.machine.store.bench
    assert (bench.has_workers(), bench.find_scan_by_workers(1)) == (False, None)
    task = shop.do(WorkKind.SCAN)
    assert bench.find_scan_by_workers(1) == shop.work.get_task(task.id).ended_at
    assert not bench.has_workers()
    with shop.work.queue._transaction() as connection:
        connection.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    assert bench.has_workers()
    upload(shop, PICTURES[:3])
    scans = BackgroundScans(
        bench, shop.team.machine.store.settings, ScanJobs(bench), threading.Event(), lambda *_: None, list
    )
    scans._scan(1)
    assert shop.count_states(PICTURES[:3]) == {"unknown": 3}


def test_what_comes_while_arrivals_are_proven_is_proven_too(shop: Shop) -> None:
    """An open task may have passed it, so another one follows. Then there is an end."""
    bench, work = shop.team.machine.store.bench, shop.work
    upload(shop, PICTURES[:5])
    scan_storage_dir(bench, shop.sd, prove_arrivals=False)
    task = work.add(WorkKind.ARRIVALS, shop.sd)
    Doing(bench, work).do_part(take_jobs(shop)[0])
    upload(shop, PICTURES[5:9])
    scan_storage_dir(bench, shop.sd, prove_arrivals=False)
    work.follow_up(shop.sd)
    assert [each.number for each in work.read_status().tasks] == [task.number]
    shop.run()
    assert shop.count_states(PICTURES[:9]) == {"proven": 9}
    assert [each.kind for each in work.read_status().tasks] == [WorkKind.ARRIVALS] * 2


def test_what_comes_while_such_a_task_ends_is_proven_too(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last step plans thumbnails before it ends the task, and that takes a while."""
    bench, work = shop.team.machine.store.bench, shop.work
    upload(shop, PICTURES[:5])
    scan_storage_dir(bench, shop.sd, prove_arrivals=False)
    work.add(WorkKind.ARRIVALS, shop.sd)
    late = [PICTURES[5:9]]

    def plan(_: Work, sd: StorageDir) -> None:
        while late:
            upload(shop, late.pop())
            scan_storage_dir(bench, sd, prove_arrivals=False)
            work.follow_up(sd)

    monkeypatch.setattr(Work, "order_thumbnails", plan)
    shop.run()
    assert shop.count_states(PICTURES[:9]) == {"proven": 9}
