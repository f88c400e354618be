"""What is told about work: estimates, and what a person should look at."""

from __future__ import annotations

from datetime import UTC, datetime

from strandline.model.plain_words import say_span
from strandline.model.work import WorkerFacts, WorkKind, WorkState, WorkStatus, WorkTask, estimate_s

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def make_task(number: int, state: WorkState, kind: WorkKind = WorkKind.SCAN, sd: int = 1) -> WorkTask:
    """A task of which a hundred of a thousand images are done, ten a second."""
    return WorkTask(
        number, kind, sd, None, "archive", state, False, 100, 1000, 10, 1, 0, 0, 10.0, NOW,
        None if state in (WorkState.WORKING, WorkState.PAUSED) else NOW,
    )  # fmt: skip


def test_an_estimate_follows_from_the_rate() -> None:
    """None if nothing moves, or if nobody knows how much there is."""
    assert make_task(1, WorkState.WORKING).remaining_s == 90
    assert make_task(1, WorkState.PAUSED).remaining_s is None
    assert [estimate_s(0, 0.0), estimate_s(5, 0.0), estimate_s(1, 400.0)] == [0, None, 1]
    spans = [say_span(seconds) for seconds in (5, 600, 12_000, 100_000, 1_000_000)]
    assert spans == ["5 s", "10 min", "3 h 20 min", "28 h", "12 days"]


def test_a_failure_is_told_until_a_later_task_makes_it_good() -> None:
    """One of the same kind and storage directory. A cancelled one makes nothing good."""
    failed, done = make_task(1, WorkState.FAILED), make_task(2, WorkState.FINISHED)
    assert WorkStatus([], [failed]).failed == [failed]
    assert WorkStatus([], [done, failed]).failed == []
    assert WorkStatus([], [failed, done]).failed == [failed]
    assert WorkStatus([], [make_task(3, WorkState.CANCELLED), failed]).failed == [failed]
    assert WorkStatus([], [make_task(4, WorkState.FINISHED, sd=2), failed]).failed == [failed]


def test_it_is_stuck_if_nobody_works() -> None:
    """A paused task wants nobody, and a dead worker is nobody."""
    working = make_task(1, WorkState.WORKING)
    dead = WorkerFacts(1, "box", 7, "1.0", NOW, NOW, False, 2)
    assert WorkStatus([dead], [working]).is_stuck
    assert not WorkStatus([dead], [make_task(1, WorkState.PAUSED)]).is_stuck
    assert not WorkStatus([WorkerFacts(1, "box", 7, "1.0", NOW, NOW, True, 2)], [working]).is_stuck
