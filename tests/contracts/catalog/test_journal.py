"""The journal: every committed event, in an order in which a reader can follow it, and none twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.image_rows import CONTENT_ID, NOW
from contracts.catalog.kinds import Opener
from strandline.catalog.journal import JournalLimits
from strandline.catalog.port import Catalog
from strandline.model.events import Event, ImageAvailable, ScanFinished, StorageDirAdded
from strandline.model.image_files import FileState

LIMIT_S = 60


def added(name: str = "Notes", after: timedelta = timedelta(0)) -> StorageDirAdded:
    """An event."""
    return StorageDirAdded(at=NOW + after, sd_id=None, name=name, path="/ä\n\"'")


def append(catalog: Catalog, *events: Event) -> None:
    """Appends the events in one transaction."""
    with catalog.write() as writer:
        for event in events:
            writer.journal.append_event(event)


def replay(catalog: Catalog, since: int = 0, limit: int = 1_000_000) -> list[Event]:
    """The events after the number."""
    with catalog.read() as reader:
        return reader.journal.list_events(since=since, limit=limit)


def bounds(catalog: Catalog) -> tuple[int, int]:
    """Oldest and newest number."""
    with catalog.read() as reader:
        return reader.journal.get_bounds()


def numbers(events: list[Event]) -> list[int]:
    """Their numbers, which grow. Some may be left out."""
    found = [event.seq for event in events if event.seq is not None]
    assert len(found) == len(events)
    assert all(one < next_one for one, next_one in pairwise(found))
    return found


def test_events_come_back_as_they_were_with_their_numbers(empty: Catalog) -> None:
    """Every type with all its facts, in the order of the commits."""
    events = [
        added(),
        ImageAvailable(
            at=NOW, sd_id="s", image_id=CONTENT_ID, filename=f"{CONTENT_ID}.png", state=FileState.PRESENT
        ),
        ScanFinished(at=NOW, sd_id="s", added=1, changed=2, absent=3, missing=4, returned=5),
    ]
    append(empty, *events)
    again = replay(empty)
    assert numbers(again)[0] > 0
    assert [event.to_json() | {"seq": None} for event in again] == [event.to_json() for event in events]


@pytest.mark.parametrize(("number", "count"), [(2**70, 0), (2**63 - 1, 0), (-(2**70), 1)])
def test_any_number_is_a_place_in_the_journal(empty: Catalog, number: int, count: int) -> None:
    """After the last one or before the first, however far: a database's integers are limited, Python's are not."""
    append(empty, added())
    assert len(replay(empty, since=number)) == count
    assert len(replay(empty, limit=number)) == (number > 0)


def test_a_replay_begins_after_the_number_and_ends_at_the_limit(empty: Catalog) -> None:
    """A subscriber reads page by page and misses nothing."""
    append(empty, *[added()] * 10)
    whole, pages, since = replay(empty), list[list[Event]](), 0
    while page := replay(empty, since, limit=4):
        pages.append(page)
        since = numbers(page)[-1]
    assert list(map(len, pages)) == [4, 4, 2]
    assert [event for page in pages for event in page] == whole


def test_the_bounds_tell_what_can_be_replayed(empty: Catalog) -> None:
    """(1, 0) for an empty journal, otherwise the oldest and the newest number."""
    assert bounds(empty) == (1, 0)
    append(empty, added(), added())
    assert list(bounds(empty)) == numbers(replay(empty))


def test_newest_come_first_and_can_be_chosen(empty: Catalog) -> None:
    """By type, by storage directory, and between two numbers, which are not included."""
    scans = [
        ScanFinished(at=NOW, sd_id=sd_id, added=1, changed=0, absent=0, missing=0, returned=0)
        for sd_id in "ab"
    ]
    append(empty, added(), *scans, added())
    first, a, b, last = replay(empty)

    def newest(
        since: int | None = None,
        before: int | None = None,
        types: list[str] | None = None,
        sd_ids: list[str] | None = None,
        limit: int = 10,
    ) -> list[Event]:
        with empty.read() as reader:
            return reader.journal.list_newest(
                since=since, before=before, types=types, sd_ids=sd_ids, limit=limit
            )

    assert newest() == [last, b, a, first]
    assert newest(limit=1) == [last]
    assert newest(since=first.seq, before=last.seq) == [b, a]
    assert newest(types=["scan.finished"], sd_ids=["a"]) == [a]
    assert newest(types=[]) == []


@pytest.mark.parametrize("wrong_by", [timedelta(days=-3650), timedelta(days=3650)])
def test_what_is_kept_is_everything_after_some_number(open_it: Opener, wrong_by: timedelta) -> None:
    """Old events go, the newest stay, and a clock that was wrong for a while leaves no gap."""
    catalog = open_it(limits=JournalLimits(max_events=2000, max_age=timedelta(days=30)))
    names = [str(number) for number in range(5000)]
    for start in range(0, len(names), 500):
        is_wrong = start == 1500
        append(
            catalog,
            *[added(name, wrong_by if is_wrong else timedelta(0)) for name in names[start : start + 500]],
        )
    kept = replay(catalog)
    assert [event.name for event in kept if isinstance(event, StorageDirAdded)] == names[-len(kept) :]
    assert 500 <= len(kept) <= 4000
    assert bounds(catalog) == (numbers(kept)[0], numbers(kept)[-1])


@given(st.text(max_size=40))
def test_any_text_is_kept_in_an_event(shared_catalog: Catalog, name: str) -> None:
    """Names and paths come from people."""
    before = bounds(shared_catalog)[1]
    append(shared_catalog, added(name))
    (event,) = replay(shared_catalog, since=before)
    assert isinstance(event, StorageDirAdded)
    assert event.name == name


class TakenBackError(Exception):
    """Ends a transaction without a commit."""


def write_some(catalog: Catalog, writer: str, count: int) -> None:
    """Commits of one or two events, and between them transactions that are taken back."""
    for number in range(count):
        with suppress(TakenBackError), catalog.write() as transaction:
            transaction.journal.append_event(added(f"{writer}-{number}"))
            if number % 3 == 1:
                raise TakenBackError
            if number % 3 == 2:
                transaction.journal.append_event(added(f"{writer}-{number}+"))


def expected(writer: str, count: int) -> list[str]:
    """What such a writer leaves in the journal."""
    names = [[f"{writer}-{n}"] + [f"{writer}-{n}+"] * (n % 3 == 2) for n in range(count) if n % 3 != 1]
    return [name for some in names for name in some]


def test_events_become_visible_in_the_order_of_their_numbers(open_it: Opener) -> None:
    """A reader that asks for what comes after its last number misses nothing, however many write at once.

    Two writers share one connection to the catalog, a third one has its own, as another process has.
    """
    one, other = open_it(), open_it()
    done = threading.Event()

    def follow() -> list[Event]:
        seen: list[Event] = []
        is_last = False
        while not is_last:
            is_last = done.is_set()  # read before the journal
            seen += replay(open_reader, numbers(seen)[-1] if seen else 0, limit=7 if not is_last else 10_000)
        return seen

    open_reader = open_it()
    with ThreadPoolExecutor(4) as pool:
        following = pool.submit(follow)
        writers = {"a": one, "b": one, "c": other}
        for writing in [pool.submit(write_some, catalog, name, 40) for name, catalog in writers.items()]:
            writing.result(LIMIT_S)
        done.set()
        seen = following.result(LIMIT_S)
    assert seen == replay(one)
    told = [event.name for event in seen if isinstance(event, StorageDirAdded)]
    for name in writers:
        assert [each for each in told if each.startswith(name)] == expected(name, 40)


def test_a_number_is_never_used_twice(open_it: Opener) -> None:
    """A transaction that was taken back, or a catalog that was closed, changes nothing about that."""
    first = open_it()
    write_some(first, "a", 5)
    last = numbers(replay(first))[-1]
    first.close()
    again = open_it()
    append(again, added())
    assert numbers(replay(again, since=last)) == [bounds(again)[1]]


def test_a_run_of_like_events_is_counted_without_reading_it(empty: Catalog) -> None:
    """It ends at another type or storage directory, and before a time; what a filter leaves out does not end it."""

    def available(sd_id: str | None, minutes: int) -> ImageAvailable:
        at = NOW + timedelta(minutes=minutes)
        return ImageAvailable(
            at=at, sd_id=sd_id, image_id=CONTENT_ID, filename="x.png", state=FileState.PRESENT
        )

    append(
        empty,
        available("s", 0),
        replace(added(), sd_id="s"),
        *(available("s", minutes) for minutes in range(1, 6)),
    )
    append(empty, available(None, 6), available("s", 7), available("s", 8))
    with empty.read() as reader:
        journal = reader.journal

        def measure(event: Event, since_minutes: int = 0, **chosen: list[str] | None) -> tuple[int, int]:
            conditions = {"types": None, "sd_ids": None} | chosen
            since = NOW + timedelta(minutes=since_minutes)
            more, oldest = journal.measure_run(event, since=since, **conditions)
            return more, oldest - first

        newest = journal.list_newest(since=None, before=None, types=None, sd_ids=None, limit=100)
        first = newest[-1].seq or 0
        assert measure(newest[0]) == (1, 8)
        assert measure(newest[0], sd_ids=["s"]) == (6, 2)
        assert measure(newest[0], sd_ids=["s"], types=["image.available"]) == (7, 0)
        assert measure(newest[0], 4, sd_ids=["s"]) == (3, 5)
        assert measure(newest[2]) == (0, 7)
        assert measure(newest[-1]) == (0, 0)
    append(empty, replace(available("s", 9), saved=True), available("s", 10), available("s", 11))
    with empty.read() as reader:
        journal = reader.journal
        newest = journal.list_newest(since=None, before=None, types=None, sd_ids=None, limit=100)
        assert measure(newest[0])[0] == 1, "what was saved here ends it"
        assert measure(newest[2])[0] == 0
