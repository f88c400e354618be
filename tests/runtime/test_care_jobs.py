"""Jobs of the pages of care: one at a time of each kind, remembered, and ended with the server."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from strandline.errors import InvalidInputError, RefusedError
from strandline.runtime.care_jobs import FRESH_S, NEWS_S, REST, UNTOLD_S, CareJob, CareJobs, Kind

NUMBERS = Kind[int]("numbers")
OTHERS = Kind[int]("others")
LIMIT_S = 10.0


@pytest.fixture
def jobs() -> CareJobs:
    """No jobs yet."""
    return CareJobs(lambda: datetime(2026, 11, 30, tzinfo=UTC))


def test_a_fresh_result_is_shown_again_and_a_forgotten_one_is_not(jobs: CareJobs) -> None:
    """However often a page is opened, its look is made once."""
    made: list[int] = []

    def work(_: CareJob[int]) -> int:
        made.append(1)
        return len(made)

    first = jobs.look(NUMBERS, work)
    assert first.ended.wait(LIMIT_S)
    assert jobs.look(NUMBERS, work) is first
    assert jobs.find(NUMBERS) is first
    assert jobs.find(OTHERS) is None
    jobs.forget(NUMBERS)
    second = jobs.look(NUMBERS, work)
    assert second.ended.wait(LIMIT_S)
    assert (first.result, second.result) == (1, 2)


def test_jobs_that_follow_the_same_one_begin_once(jobs: CareJobs) -> None:
    """So a form that is sent twice is done once, and no two pages mean the same number."""
    shown = jobs.start(OTHERS, lambda _: 1)
    first = jobs.start(NUMBERS, lambda _: 2, shown.number)
    assert jobs.start(NUMBERS, lambda _: 3, shown.number) is first
    assert first.ended.wait(LIMIT_S)
    assert jobs.start(NUMBERS, lambda _: 3, shown.number) is first
    again = jobs.start(NUMBERS, lambda _: 4)
    assert again.ended.wait(LIMIT_S)
    assert (first.result, again.result) == (2, 4)
    assert len({shown.number, first.number, again.number}) == 3


def test_a_look_rests_twenty_times_as_long_as_it_took() -> None:
    """And some seconds at least. What failed is tried again at once."""
    job = CareJob(NUMBERS, datetime(2026, 11, 30, tzinfo=UTC), begun_s=100.0)
    assert job.is_fresh(10_000.0), "it runs"
    job.ended_s = 110.0
    job.ended.set()
    assert job.is_fresh(110.0 + REST * 10 - 1)
    assert not job.is_fresh(110.0 + REST * 10)
    job.begun_s = 110.0
    assert job.is_fresh(110.0 + FRESH_S - 1)
    assert not job.is_fresh(110.0 + FRESH_S)
    job.error = InvalidInputError("no")
    assert not job.is_fresh(110.0)


def test_news_is_told_for_a_minute_or_until_something_else_begins(jobs: CareJobs) -> None:
    """The minute begins when somebody looks. Much later, nobody asks."""
    job = jobs.start(NUMBERS, lambda _: 1)
    assert job.ended.wait(LIMIT_S)
    began_s = job.ended_s + UNTOLD_S / 2
    told = [job.tell(began_s + s) for s in (0.0, NEWS_S, NEWS_S + 1)]
    assert told == [True, True, False]
    assert not CareJob(NUMBERS, datetime(2026, 11, 30, tzinfo=UTC)).tell(UNTOLD_S + 1)
    assert job.tell(began_s)
    jobs.end_news()
    assert not job.tell(began_s)


def test_errors_are_values_and_faults_are_told(jobs: CareJobs) -> None:
    """Neither ends anything else."""

    def refuse(_: CareJob[int]) -> int:
        raise InvalidInputError("not this")

    def fail(_: CareJob[int]) -> int:
        raise ZeroDivisionError

    refused, failed = jobs.start(NUMBERS, refuse), jobs.start(OTHERS, fail)
    assert refused.ended.wait(LIMIT_S)
    assert failed.ended.wait(LIMIT_S)
    assert (str(refused.error), refused.is_fault, failed.error, failed.is_fault) == (
        "not this",
        False,
        None,
        True,
    )


def test_a_second_change_is_refused_and_the_end_of_the_server_cancels(jobs: CareJobs) -> None:
    """It may have another aim than the one that runs. A look returns the one that runs."""

    def wait(job: CareJob[int]) -> int:
        job.note_progress(1, 2)
        assert job.cancel.wait(LIMIT_S)
        return 7

    job = jobs.start(NUMBERS, wait)
    with pytest.raises(RefusedError):
        jobs.start(NUMBERS, wait)
    assert jobs.look(NUMBERS, wait) is job
    assert not job.has_ended
    jobs.stop()
    assert job.ended.wait(LIMIT_S)
    assert (job.result, job.done, job.total) == (7, 1, 2)
    for thread in threading.enumerate():
        if thread.name.startswith("strandline-numbers"):
            thread.join(LIMIT_S)  # it has ended its work, but perhaps not itself
            assert not thread.is_alive()
