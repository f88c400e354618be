"""The journal in SQLite: numbers without gaps, and exactly what is dropped when."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders.catalogs import opened, sql_of
from builders.image_rows import NOW
from strandline.catalog.database import SqliteCatalog
from strandline.catalog.journal import JournalLimits
from strandline.model.events import Event, StorageDirAdded


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
