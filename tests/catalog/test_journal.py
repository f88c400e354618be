"""The journal: numbered, kept within its limits, replayed without a gap."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.catalogs import opened, sql_of
from builders.image_rows import CONTENT_ID, NOW
from strandline.catalog.database import SqliteCatalog
from strandline.catalog.journal import JournalLimits
from strandline.model.events import Event, ImageAvailable, ScanFinished, StorageDirAdded
from strandline.model.image_files import FileState


def added(at: datetime = NOW, name: str = "Notes") -> StorageDirAdded:
    """An event."""
    return StorageDirAdded(at=at, sd_id=None, name=name, path="/ä\n\"'")


def append(catalog: SqliteCatalog, *events: Event) -> None:
    """Appends the events in one transaction."""
    with catalog.write() as writer:
        for event in events:
            writer.journal.append_event(event)


def replay(catalog: SqliteCatalog, since: int = 0, limit: int = 1_000_000) -> list[Event]:
    """The events after the number."""
    with catalog.read() as reader:
        return reader.journal.list_events(since=since, limit=limit)


def bounds(catalog: SqliteCatalog) -> tuple[int, int]:
    """Oldest and newest number."""
    with catalog.read() as reader:
        return reader.journal.get_bounds()


def test_events_come_back_as_they_were_with_their_numbers(tmp_path: Path) -> None:
    """Every type with all its facts, in the order of the commits."""
    events = [
        added(),
        ImageAvailable(
            at=NOW, sd_id="s", image_id=CONTENT_ID, filename=f"{CONTENT_ID}.png", state=FileState.PRESENT
        ),
        ScanFinished(at=NOW, sd_id="s", added=1, changed=2, absent=3, missing=4, returned=5),
    ]
    with opened(tmp_path / "c.db") as catalog:
        append(catalog, *events)
        again = replay(catalog)
    assert [event.seq for event in again] == [1, 2, 3]
    assert [event.as_json() | {"seq": None} for event in again] == [event.as_json() for event in events]


@pytest.mark.parametrize(("number", "count"), [(2**70, 0), (2**63 - 1, 0), (-(2**70), 1)])
def test_any_number_is_a_place_in_the_journal(tmp_path: Path, number: int, count: int) -> None:
    """After the last one or before the first, however far: SQLite's integers are limited, Python's are not."""
    with opened(tmp_path / "c.db") as catalog:
        append(catalog, added())
        assert len(replay(catalog, since=number)) == count
        assert len(replay(catalog, limit=number)) == (number > 0)


def test_a_replay_begins_after_the_number_and_ends_at_the_limit(tmp_path: Path) -> None:
    """A subscriber reads page by page and misses nothing."""
    with opened(tmp_path / "c.db") as catalog:
        append(catalog, *[added()] * 10)
        pages, since = [], 0
        while page := replay(catalog, since, limit=4):
            pages.append([event.seq for event in page])
            since = page[-1].seq or 0
    assert pages == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


def test_the_bounds_tell_what_can_be_replayed(tmp_path: Path) -> None:
    """(1, 0) for an empty journal, otherwise the oldest and the newest number."""
    with opened(tmp_path / "c.db") as catalog:
        assert bounds(catalog) == (1, 0)
        append(catalog, added(), added())
        assert bounds(catalog) == (1, 2)


def test_numbers_go_on_after_everything_was_dropped(tmp_path: Path) -> None:
    """A catalog never uses a number twice."""
    with opened(tmp_path / "c.db") as catalog:
        append(catalog, added())
        with catalog.write() as writer:
            sql_of(writer).execute("DELETE FROM journal")
        assert bounds(catalog) == (2, 1)
        append(catalog, added())
        assert bounds(catalog) == (2, 2)


def test_no_more_than_so_many_events_are_kept(tmp_path: Path) -> None:
    """The oldest are dropped, once per thousand appends."""
    with opened(tmp_path / "c.db", journal_limits=JournalLimits(max_events=1500)) as catalog:
        append(catalog, *[added()] * 3000)
        assert bounds(catalog) == (1501, 3000)
        append(catalog, *[added()] * 999)
        assert bounds(catalog) == (1501, 3999)


def test_events_older_than_the_limit_are_dropped(tmp_path: Path) -> None:
    """By the times in the journal."""
    with opened(tmp_path / "c.db", journal_limits=JournalLimits(max_age=timedelta(days=30))) as catalog:
        append(catalog, *[added(NOW)] * 500, *[added(NOW + timedelta(days=31))] * 500)
        assert bounds(catalog) == (501, 1000)


def test_the_limits_are_a_hundred_thousand_events_or_thirty_days() -> None:
    """The documented default."""
    assert JournalLimits() == JournalLimits(100_000, timedelta(days=30))


@pytest.mark.parametrize("wrong_by", [timedelta(days=-3650), timedelta(days=3650)])
def test_a_clock_that_was_wrong_for_a_while_leaves_no_gap(tmp_path: Path, wrong_by: timedelta) -> None:
    """The journal always has everything after some number, so nobody misses an event without noticing."""
    with opened(tmp_path / "c.db", journal_limits=JournalLimits(max_age=timedelta(days=30))) as catalog:
        append(catalog, *[added(NOW)] * 300, *[added(NOW + wrong_by)] * 300, *[added(NOW)] * 400)
        kept = [event.seq for event in replay(catalog)]
        assert kept == list(range(bounds(catalog)[0], 1001))
        assert len(kept) >= 400


@given(st.text(max_size=40))
def test_any_text_survives_in_an_event(name: str) -> None:
    """People choose names and paths."""
    with TemporaryDirectory() as folder, opened(Path(folder, "c.db")) as catalog:
        append(catalog, added(name=name))
        (event,) = replay(catalog)
    assert isinstance(event, StorageDirAdded)
    assert event.name == name
