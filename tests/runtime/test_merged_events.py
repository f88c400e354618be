"""Events of the journal and live-only ones in one sequence: as they happened, each kind in its own order."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from strandline.model.events import Event, ScanStarted
from strandline.runtime.live_events import merge_by_time

events = st.lists(st.integers(0, 9)).map(
    lambda seconds: [ScanStarted(at=datetime.fromtimestamp(second, UTC), sd_id=None) for second in seconds]
)


@given(events, events)
def test_each_kind_keeps_its_order(journal: list[Event], live_only: list[Event]) -> None:
    """Nothing is lost or doubled, also if a clock was set back."""
    merged = merge_by_time(journal, live_only)
    assert len(merged) == len(journal) + len(live_only)
    for kind in (journal, live_only):
        own = {id(event) for event in kind}
        assert [id(event) for event in merged if id(event) in own] == [id(event) for event in kind]


@given(
    events.map(lambda some: sorted(some, key=lambda event: event.at)),
    events.map(lambda some: sorted(some, key=lambda event: event.at)),
)
def test_what_happened_earlier_comes_first(journal: list[Event], live_only: list[Event]) -> None:
    """If the clock ran on, the whole sequence is in order."""
    times = [event.at for event in merge_by_time(journal, live_only)]
    assert times == sorted(times)
