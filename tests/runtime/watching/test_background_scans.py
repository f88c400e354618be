"""Background scans: when they run, what they pass on, and that they rest when there is nothing to do."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from builders.storage import make_pictures, make_storage_dir, name_of, open_bench, put_half, put_image
from builders.watching import LIMIT_S, RunningClock
from strandline.errors import CatalogLockedError
from strandline.model.events import Event
from strandline.runtime.scan_jobs import ScanJob, ScanJobs, ScanState
from strandline.runtime.settings import Settings
from strandline.runtime.watching import background_scans
from strandline.runtime.watching.background_scans import LONGEST_WAIT_S, BackgroundScans
from strandline.services.proving.arrivals import Arrival, look_at_arrival
from strandline.services.proving.backlog import verify_unproven
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import (
    forget_storage_dir,
    get_by_number,
    list_storage_dirs,
)
from strandline.services.workbench import Limits, Workbench


class CountingClock(RunningClock):
    """Counts how often it is read: a waiting thread reads it rarely, a spinning one all the time."""

    asked = 0

    def monotonic(self) -> float:
        """The machine's own, counted."""
        self.asked += 1
        return super().monotonic()


class Found:
    """Collects what scans found, and can be waited for."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, list[str], list[str]]] = []
        self._came = threading.Condition()

    def __call__(self, number: int, arrivals: Sequence[str], arriving: Sequence[str]) -> None:
        """Receives it, like the thread that looks at arrivals."""
        with self._came:
            self.calls.append((number, sorted(arrivals), sorted(arriving)))
            self._came.notify_all()

    def wait_for(self, count: int) -> None:
        """Waits for this many calls in all."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.calls) >= count, LIMIT_S), self.calls


@contextmanager
def scans(bench: Workbench, settings: Settings | None = None) -> Iterator[tuple[BackgroundScans, Found]]:
    """Background scans that run in their own thread."""
    found, stop = Found(), threading.Event()
    scans = BackgroundScans(
        bench, settings or Settings(), ScanJobs(bench), stop, found, lambda: list_storage_dirs(bench)
    )
    thread = threading.Thread(target=scans.run, daemon=True)
    thread.start()
    try:
        yield scans, found
    finally:
        stop.set()
        scans.wake()
        thread.join(LIMIT_S)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread looks ten times as often, so the tests wait a tenth as long."""
    monkeypatch.setattr(background_scans, "LONGEST_WAIT_S", LONGEST_WAIT_S / 10)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A storage directory with three images."""
    return make_storage_dir(tmp_path / "sd", *make_pictures(3))


def count_unproven(bench: Workbench) -> int:
    """Files that were registered but never read."""
    with bench.catalog.read() as reader:
        return len(reader.files.list_unproven(1, limit=1000))


def test_a_scan_hands_on_what_arrived_and_what_is_arriving(home: Path, root: Path) -> None:
    """It registers and reads nothing. One thread reads all files."""
    new, half = make_pictures(2, first_seed=50)
    with open_bench(home, RunningClock()) as bench:
        sd = add_storage_dir(bench, root).sd
        put_image(root, new)
        assert look_at_arrival(bench, sd, put_half(root, half)) is Arrival.FAILED
        settings = Settings.load(home, {}, {"watch.verify_bytes_per_hour": 0})
        with scans(bench, settings) as (running, found):
            running.plan(1, 0)
            found.wait_for(1)
        assert found.calls[0] == (1, [name_of(new)], [name_of(half)])
        assert count_unproven(bench) == 4


def test_between_scans_unproven_files_are_proven(home: Path, root: Path) -> None:
    """These are the files of the first scan. One that turns out to be half is passed on for another look."""
    half = put_half(root, make_pictures(1, first_seed=50)[0])
    with open_bench(home, RunningClock()) as bench:
        add_storage_dir(bench, root)
        assert count_unproven(bench) == 4
        with scans(bench) as (running, found):
            running.plan(1, 0)
            found.wait_for(2)
        assert count_unproven(bench) == 0
        assert found.calls == [(1, [], []), (1, [], [half])]


def wait_for_missing(bench: Workbench, found: Found) -> None:
    """Waits for the scan that finds a file missing."""
    while True:
        with bench.catalog.read() as reader:
            events = reader.journal.list_events(since=0, limit=1000)
        if any(event.type == "image.missing" for event in events):
            return
        found.wait_for(len(found.calls) + 1)


def test_an_absent_file_is_decided_after_a_minute_whatever_comes_in_between(home: Path, root: Path) -> None:
    """Another change causes a scan within the minute. The one after it comes all the same, not when the next periodic
    one is due.
    """
    clock = RunningClock()
    with open_bench(home, clock) as bench:
        sd = add_storage_dir(bench, root).sd
        verify_unproven(bench, sd, may_read=lambda _: True)
        next((root / "media").iterdir()).unlink()
        with scans(bench) as (running, found):
            running.plan(1, 0)
            found.wait_for(1)
            running.plan(1, 0)
            found.wait_for(len(found.calls) + 1)
            clock.pass_time(seconds=61)
            wait_for_missing(bench, found)


def test_a_file_that_was_absent_before_the_start_is_decided_soon(home: Path, root: Path) -> None:
    """The program ended within the minute."""
    clock = RunningClock()
    with open_bench(home, clock) as bench:
        sd = add_storage_dir(bench, root).sd
        verify_unproven(bench, sd, may_read=lambda _: True)
        next((root / "media").iterdir()).unlink()
        scan_storage_dir(bench, sd)
        with scans(bench) as (running, found):
            running.plan(1, 0)
            found.wait_for(1)
            clock.pass_time(seconds=61)
            wait_for_missing(bench, found)


def test_after_the_backlog_comes_a_look_for_hidden_edits(home: Path, root: Path) -> None:
    """A file whose edit no listing shows is passed on for another look, like any that is not right."""
    with open_bench(home, RunningClock()) as bench:
        sd = add_storage_dir(bench, root).sd
        verify_unproven(bench, sd, may_read=lambda _: True)
        path = min((root / "media").iterdir())
        before = path.stat()
        path.write_bytes(b"x" * before.st_size)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        with scans(bench) as (running, found):
            running.plan(1, 0)
            found.wait_for(2)
        assert found.calls == [(1, [], []), (1, [], [path.name])]


def test_a_file_that_cannot_be_read_is_left_until_the_next_scan(home: Path, root: Path) -> None:
    """The thread rests: it does not retry the same file all the time."""
    clock = CountingClock()
    with open_bench(home, clock, limits=Limits(read_max_bytes=10)) as bench:
        add_storage_dir(bench, root)
        with scans(bench) as (running, found):
            running.plan(1, 0)
            found.wait_for(2)
            clock.asked = 0
            assert not threading.Event().wait(0.5)
            assert clock.asked < 50
        assert count_unproven(bench) == 3


def test_a_spent_budget_waits_and_goes_on(home: Path, root: Path) -> None:
    """One image an hour is really one image an hour. Scans are not affected."""
    clock = RunningClock()
    settings = Settings.load(home, {}, {"watch.verify_bytes_per_hour": 300, "scan.periodic_s": 86_000})
    with open_bench(home, clock) as bench:
        add_storage_dir(bench, root)
        with scans(bench, settings) as (running, found):
            running.plan(1, 0)
            found.wait_for(1)
            for left in (2, 1, 0):
                wait_until_unproven(bench, left)
                clock.pass_time(hours=2)
            found.wait_for(2)


def wait_until_unproven(bench: Workbench, count: int) -> None:
    """The thread checks its budget once a second."""
    pause = threading.Event()
    for _ in range(int(LIMIT_S / 0.02)):
        if count_unproven(bench) <= count:
            break
        pause.wait(0.02)
    assert count_unproven(bench) == count


def test_the_next_scan_comes_by_itself(home: Path, root: Path) -> None:
    """It runs every ``scan.periodic_s``, whatever else is requested. A vanished file requests a scan in 61 s."""
    clock = RunningClock()
    with open_bench(home, clock) as bench:
        add_storage_dir(bench, root)
        with scans(bench) as (running, found):
            running.plan(1, 0)
            found.wait_for(2)
            clock.pass_time(seconds=Settings().scan.periodic_s)
            found.wait_for(4)
            next((root / "media").iterdir()).unlink()
            running.plan(1, 0)
            found.wait_for(6)
            clock.pass_time(seconds=62)
            found.wait_for(8)


def test_a_catalog_that_refuses_is_asked_again(
    home: Path, root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """There is a warning, and the scan runs a little later."""
    monkeypatch.setattr(background_scans, "RETRY_S", 0.05)
    refusals = iter([CatalogLockedError("the catalog is in use by another process")])

    def refuse_once(*_: object) -> object:
        for refusal in refusals:
            raise refusal
        return get_by_number(bench, 1)

    monkeypatch.setattr(background_scans, "reconsider", refuse_once)
    with open_bench(home, RunningClock()) as bench:
        add_storage_dir(bench, root)
        with scans(bench) as (running, found):
            running.plan(1, 0)
            found.wait_for(1)
    assert "'sd' could not be scanned: the catalog is in use by another process" in caplog.messages


def test_what_was_forgotten_is_not_scanned(home: Path, root: Path, caplog: pytest.LogCaptureFixture) -> None:
    """There is no warning: somebody did it on purpose."""
    other = make_storage_dir(root.with_name("other"))
    with open_bench(home, RunningClock()) as bench:
        for folder in (root, other):
            add_storage_dir(bench, folder)
        forget_storage_dir(bench, get_by_number(bench, 1))
        with scans(bench) as (running, found):
            running.plan(1, 0)
            running.plan(2, 0.01)
            found.wait_for(1)
    assert {number for number, _, _ in found.calls} == {2}
    assert caplog.messages == []


def test_a_scan_under_way_ends_when_it_is_to_stop(
    home: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends between two batches, so stopping never waits for a million files. Meanwhile it can be followed."""
    with open_bench(home, RunningClock(), limits=Limits(scan_batch_files=1)) as bench:
        sd = add_storage_dir(bench, root).sd
        for data in make_pictures(20, first_seed=50):
            put_image(root, data)
        stop, jobs = threading.Event(), ScanJobs(bench)
        running = BackgroundScans(bench, Settings(), jobs, stop, Found(), lambda: [sd])
        followed: list[ScanJob | None] = []

        def end_at_first_progress(event: Event) -> None:
            if event.type == "scan.progress":
                followed.append(jobs.find_running(sd))
                stop.set()

        bench.announce = end_at_first_progress
        running.plan(1, 0)
        running.run()
        with bench.catalog.read() as reader:
            assert reader.files.count_rows(1) < 10
        (job,) = jobs.list_jobs()
        assert followed[0] is job
        assert (job.state, job.total, job.ended.is_set()) == (ScanState.CANCELLED, 23, True)
