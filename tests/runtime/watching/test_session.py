"""Watching sessions: every event of every process, once and in order; only one process watches."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from builders.program import LIMIT_S, started
from builders.storage import make_pictures, make_storage_dir, name_of, open_bench, put_half, put_image
from builders.watching import EventReader, RunningClock, connect_bell, watching
from strandline.catalog import journal
from strandline.catalog.journal import JournalLimits
from strandline.errors import CatalogError, StrandlineError
from strandline.model.events import Event, StorageDirOnline
from strandline.runtime import live_events
from strandline.runtime.assembly import LocalStore, open_store
from strandline.runtime.process_lock import ProcessLock
from strandline.runtime.settings import Settings
from strandline.runtime.watching import session
from strandline.runtime.watching.session import LOCK_FILE, watch_events
from strandline.services.workbench import Workbench

AVAILABLE = "image.available"

SAVE_MANY = """
import sys
from strandline import open_store
sys.path.insert(0, sys.argv[1])
from builders.storage import make_pictures
with open_store() as store:
    print("ready", flush=True)
    sys.stdin.readline()
    for data in make_pictures(40, first_seed=int(sys.argv[2])):
        store.save(data, sd="sd")
"""
"""A process that saves forty images when told to begin."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A storage directory with three images."""
    return make_storage_dir(tmp_path / "sd", *make_pictures(3))


@pytest.fixture
def store(home: Path, root: Path) -> Iterator[LocalStore]:
    """A store that has added it."""
    with open_store(home) as store:
        store.add_storage_dir(root)
        yield store


def numbers(events: list[Event]) -> list[int]:
    """The sequence numbers of events that have one."""
    return [event.seq for event in events if event.seq is not None]


def picture(number: int) -> bytes:
    """One that the fixtures do not have."""
    return make_pictures(1, first_seed=1000 + number)[0]


def is_watched(home: Path) -> bool:
    """Whether any process holds the watcher's lock."""
    lock = ProcessLock(home / LOCK_FILE)
    is_free = lock.try_acquire()
    lock.release()
    return not is_free


# --- once -----------------------------------------------------------------------------------------------------


@pytest.fixture
def miserly(home: Path, root: Path) -> Iterator[LocalStore]:
    """A store with the folder, whose background verifier may read nothing."""
    with open_store(home, overrides={"watch.verify_bytes_per_hour": 0}) as store:
        store.add_storage_dir(root)
        yield store


def test_once_tells_what_it_found_and_ends(miserly: LocalStore, root: Path) -> None:
    """All proofs are made, whatever the byte budget. A second run has no events."""
    half = put_half(root, picture(1))
    with miserly.watch(once=True) as events:
        told = list(events)
    assert sorted(event.type for event in told if event.seq) == [
        *["image.arriving"],
        *[AVAILABLE] * 3,
        "scan.finished",
    ]
    assert {getattr(event, "filename", None) for event in told if event.type == "image.arriving"} == {half}
    with miserly.watch(once=True) as events:
        assert numbers(list(events)) == []


def test_once_raises_what_ended_it(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader learns that the scans did not finish."""

    def refuse(*_: object, **__: object) -> None:
        raise CatalogError("the catalog gave an unexpected answer")

    monkeypatch.setattr(session, "scan_storage_dir", refuse)
    with store.watch(once=True) as events, pytest.raises(CatalogError, match="unexpected"):
        list(events)


def test_once_does_not_need_the_lock(store: LocalStore, home: Path) -> None:
    """It works while another process watches."""
    lock = ProcessLock(home / LOCK_FILE)
    assert lock.try_acquire()
    with store.watch(once=True) as events:
        assert sum(event.type == AVAILABLE for event in events) == 3
    lock.release()


# --- where to begin, and how to end ---------------------------------------------------------------------------


def test_it_begins_with_what_the_start_up_scan_finds(store: LocalStore, root: Path) -> None:
    """It gives neither earlier events nor a gap."""
    before = numbers(store.events())
    name = put_image(root, picture(1))
    with store.watch() as events:
        reader = EventReader(events)
        reader.wait_for(AVAILABLE, name)
    reader.join()
    assert numbers(reader.read)[0] == before[-1] + 1


def test_since_replays_the_journal_first(store: LocalStore, root: Path) -> None:
    """From any number on, each event once, old and new in one sequence, also over more than one page."""
    with store.watch(once=True) as events:
        list(events)
    whole = store.events(since=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live_events, "PAGE", 2)
        with store.watch(since=2) as events:
            reader = EventReader(events)
            reader.wait_for(AVAILABLE, put_image(root, picture(1)))
        reader.join()
    replayed = [event for event in reader.read if event.seq is not None]
    assert replayed[: len(whole) - 2] == whole[2:]
    assert reader.read[: len(whole) - 2] == whole[2:], "what happens now comes after it"
    assert numbers(replayed) == list(range(3, 3 + len(replayed)))


def test_a_number_from_another_catalog_begins_anew(
    store: LocalStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A reset comes first, and then all that there is, rather than waiting forever; with a warning."""
    with store.watch(once=True, since=1_000_000) as events:
        told = list(events)
    assert [event.type for event in told].index("reset") == 0
    assert [event.type for event in told].count("reset") == 1
    assert numbers(told)[0] == 1
    assert [message.partition(":")[0] for message in caplog.messages] == ["this catalog has no event 1000000"]


def test_events_that_are_no_longer_kept_are_missed_aloud(
    home: Path, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A request for events older than the journal gives a reset, the rest, and a warning."""
    limits = JournalLimits(10, timedelta(days=30))
    with open_bench(home, RunningClock(), journal_limits=limits) as bench:
        fill_journal(bench, root, 1000)
        with watch_events(bench, Settings(), connect_bell(bench), once=True, since=5) as events:
            assert next(events).type == "reset"
            first = next(event for event in events if event.seq is not None)
    assert first.seq == 991
    assert caplog.messages == ["events before number 991 are no longer kept"]


def test_numbers_that_were_left_out_are_no_loss(
    home: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After the machine was started again, numbers jump ahead; a reader that goes on has missed nothing."""
    boot_id = tmp_path / "boot_id"
    monkeypatch.setattr(journal, "BOOT_ID", boot_id)
    for boot in ("first", "second"):
        boot_id.write_text(boot)
        with open_bench(home, RunningClock()) as bench:
            fill_journal(bench, root, 5)
    with (
        open_bench(home, RunningClock()) as bench,
        watch_events(bench, Settings(), connect_bell(bench), once=True, since=5) as events,
    ):
        assert numbers(list(events)) == [journal.JUMP + number for number in range(6, 11)]
    assert caplog.messages == []


def fill_journal(bench: Workbench, root: Path, count: int) -> None:
    """Appends irrelevant events."""
    event = StorageDirOnline(at=bench.now(), sd_id=None, name="sd", path=str(root))
    with bench.catalog.write() as writer:
        for _ in range(count):
            writer.journal.append_event(event)


@pytest.mark.parametrize("consumed", [0, 1, 2])
def test_a_block_that_is_left_early_ends_everything(store: LocalStore, home: Path, consumed: int) -> None:
    """This holds however little was read. The iterator ends, and another process can watch."""
    before = {thread.ident for thread in threading.enumerate()}
    with store.watch() as events:
        assert len(list(islice(events, consumed))) == consumed
        assert is_watched(home)
    assert list(events) == []
    assert not is_watched(home)
    assert [thread.name for thread in threading.enumerate() if thread.ident not in before] == []


def test_an_error_in_the_block_gives_everything_back(store: LocalStore, home: Path) -> None:
    """For example on Ctrl-C."""
    with pytest.raises(KeyboardInterrupt), store.watch():
        raise KeyboardInterrupt
    assert not is_watched(home)


def test_a_failed_start_gives_everything_back(
    store: LocalStore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the catalog cannot be read: an error, no lock, no thread."""

    class Refusing:
        def __init__(self, *_: object) -> None:
            raise CatalogError("the catalog is in use")

    monkeypatch.setattr(session, "Watcher", Refusing)
    with pytest.raises(StrandlineError), store.watch():
        pass
    assert not is_watched(home)


def test_arrivals_are_recorded_while_nobody_reads(store: LocalStore, root: Path) -> None:
    """The watcher runs from the start of the block, so a late reader misses nothing."""
    with store.watch() as events:
        name = put_image(root, picture(1))
        image_id = name.partition(".")[0]
        pause = threading.Event()
        while not any(getattr(event, "image_id", None) == image_id for event in store.events(limit=10_000)):
            assert not pause.wait(0.02)
        assert any(getattr(event, "filename", None) == name for event in events)


# --- several processes ----------------------------------------------------------------------------------------


def test_two_processes_save_while_a_third_reads(store: LocalStore, home: Path, root: Path) -> None:
    """No number occurs twice or is left out, and each image is available exactly once."""
    tests = str(Path(__file__).parents[2])
    savers = [
        subprocess.Popen(
            [sys.executable, "-c", SAVE_MANY, tests, str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for seed in (5000, 6000)
    ]  # fmt: skip
    try:
        for saver in savers:
            assert saver.stdout is not None
            assert saver.stdout.readline() == "ready\n"
        with store.watch() as events:
            reader = EventReader(events)
            for saver in savers:
                assert saver.stdin is not None
                saver.stdin.write("go\n")
                saver.stdin.flush()
            for data in make_pictures(40, first_seed=7000):
                store.save(data, sd="sd")
            reader.wait_until(lambda events: sum(event.type == AVAILABLE for event in events) >= 3 + 120)
        reader.join()
    finally:
        for saver in savers:
            saver.kill()
            saver.communicate()
    told = numbers(reader.read)
    assert told == list(range(told[0], told[0] + len(told)))
    available = [getattr(event, "filename", "") for event in reader.read if event.type == AVAILABLE]
    assert sorted(available) == sorted(path.name for path in (root / "media").iterdir())


def test_a_second_session_follows_the_first(store: LocalStore, home: Path, root: Path) -> None:
    """One watches, the other reads its journal: the same numbers, in one process or in two."""
    with open_bench(home) as bench, store.watch() as events, watching(bench) as second:
        first = EventReader(events)
        name = put_image(root, picture(1))
        assert first.wait_for(AVAILABLE, name) == second.wait_for(AVAILABLE, name)
    first.join()


def test_a_killed_watcher_is_followed_by_the_next(home: Path, root: Path, store: LocalStore) -> None:
    """A kill leaves no stale lock: a follower takes over and finds what arrived in between."""
    with started("watch", "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        with store.watch() as events:
            reader = EventReader(events)
            by_the_other = put_image(root, picture(1))
            reader.wait_for(AVAILABLE, by_the_other)
            process.kill()
            process.wait()
            by_us = put_image(root, picture(2))
            reader.wait_for(AVAILABLE, by_us)
        reader.join()
    assert [reader.types_of(name).count(AVAILABLE) for name in (by_the_other, by_us)] == [1, 1]


def test_the_command_takes_over_too(home: Path, root: Path, store: LocalStore) -> None:
    """Two ``strandline watch``: the second prints the first's events, and continues alone when the first is
    killed.
    """
    with started("watch", "--json") as first:
        assert first.stdout is not None
        first.stdout.readline()
        with started("watch", "--json", "--since", "0") as second:
            assert second.stdout is not None
            for number in (1, 2):
                name = put_image(root, picture(number))
                event = find_available(map(json.loads, second.stdout), name)
                assert event["seq"] is not None
                first.kill()
                first.wait(LIMIT_S)


def find_available(events: Iterator[dict[str, Any]], name: str) -> dict[str, Any]:
    """The event that says the file is available."""
    return next(event for event in events if event["type"] == AVAILABLE and event["filename"] == name)


def test_live_only_events_have_no_number(store: LocalStore) -> None:
    """They cannot be replayed, and are never in the journal."""
    with store.watch(once=True) as events:
        told = list(events)
    assert {event.type for event in told if event.seq is None} >= {"scan.started"}
    assert {event.type for event in store.events()}.isdisjoint({"scan.started", "scan.progress"})
    assert name_of(make_pictures(1)[0]) in {getattr(event, "filename", None) for event in told}
