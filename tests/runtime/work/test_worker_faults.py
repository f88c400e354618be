"""Faults of ours in a worker: they are told, they are counted, and they end nothing else."""

from __future__ import annotations

import logging
import threading

import pytest

from builders.workers import LIMIT_S
from runtime.work.conftest import Shop
from strandline.model.work import WorkKind, WorkState
from strandline.runtime.work import doing, worker
from strandline.runtime.work.doing import ATTEMPTS, Doing, TryAgainError
from strandline.runtime.work.orders import Work
from strandline.runtime.work.worker import WorkerOptions, run_worker


def test_a_fault_in_the_schedule_does_not_keep_a_worker_from_ending(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the schedule is looked at again. Then the worker ends once it should."""
    stop, looked = threading.Event(), threading.Semaphore(0)

    def fail(_: Work) -> None:
        looked.release()
        raise TypeError("cannot unpack")

    monkeypatch.setattr(Work, "order_what_is_due", fail)
    monkeypatch.setattr(worker, "DUE_S", 0.0)
    monkeypatch.setattr(worker, "GLANCE_S", 0.01)
    working = threading.Thread(
        target=run_worker,
        args=(shop.team.machine.store, WorkerOptions(1, "test"), stop, fail),
        daemon=True,
    )
    with caplog.at_level(logging.ERROR, "strandline"):
        working.start()
        assert all(looked.acquire(timeout=LIMIT_S) for _ in range(3))
        stop.set()
        working.join(LIMIT_S)
    assert not working.is_alive()
    assert "could not be looked after" in caplog.text


def test_a_fault_in_a_last_step_is_counted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some attempts the task has failed, and the schedule orders another one when it is due."""

    def fail(*_: object, **__: object) -> None:
        raise TypeError("an unexpected keyword")

    monkeypatch.setattr(doing, "parse_scan_part", fail)
    task = shop.work.add(WorkKind.SCAN, shop.sd)
    job = Doing(shop.team.machine.store.bench, shop.work)
    with shop.work.queue._transaction() as connection:
        parts = connection.execute("SELECT number FROM parts WHERE task = ?", (task.number,)).fetchall()
    for (part,) in parts:
        job.do_part(part)
    for _ in range(ATTEMPTS - 1):
        with pytest.raises(TryAgainError):
            job.finish(task.number)
    job.finish(task.number)
    ended = shop.work.get_task(task.id)
    assert (ended.state, "log of the worker" in (ended.problem or "")) == (WorkState.FAILED, True)
    assert shop.work.add(WorkKind.SCAN, shop.sd).number != task.number
