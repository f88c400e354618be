"""Happenings: what belongs together is one, and nothing is lost or told twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain, pairwise

from hypothesis import given
from hypothesis import strategies as st

from strandline.model.events import (
    Event,
    ImageAvailable,
    ImageEvent,
    ImageMissing,
    ImageRemoved,
    StorageDirAdded,
    is_save,
)
from strandline.model.happenings import TOGETHER, find_returns, group_events
from strandline.model.image_files import FileState
from strandline.model.image_ids import ImageId

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
ONE, TWO = "one", "two"


def make_event(kind: type[Event], sd_id: str, at: datetime, seq: int) -> Event:
    """An event of the kind."""
    if kind is StorageDirAdded:
        return StorageDirAdded(at=at, sd_id=sd_id, seq=seq, name=sd_id, path=f"/{sd_id}")
    assert issubclass(kind, ImageEvent)
    image_id = ImageId(f"{seq:032x}")
    return kind(at=at, sd_id=sd_id, seq=seq, image_id=image_id, filename="x.png", state=FileState.PRESENT)


@st.composite
def draw_events(draw: st.DrawFn) -> list[Event]:
    """Newest first, of several kinds and folders, some close together and some not."""
    steps = draw(
        st.lists(
            st.tuples(
                st.sampled_from([ImageAvailable, ImageMissing, StorageDirAdded]),
                st.sampled_from([ONE, TWO]),
                st.sampled_from([0, 1, 599, 600, 601, 20_000, -30]),
            ),
            max_size=40,
        )
    )
    at, events = NOON, list[Event]()
    for number, (kind, sd_id, seconds) in enumerate(steps):
        at -= timedelta(seconds=seconds)
        events.append(make_event(kind, sd_id, at, 1000 - number))
    return events


def day_of(at: datetime) -> date:
    """By the calendar of UTC."""
    return at.date()


@given(draw_events(), st.integers(0, 12))
def test_every_covered_event_is_in_one_happening(events: list[Event], most: int) -> None:
    """In its order, and none is left out. A happening is of one type, folder, and day, without long gaps."""
    groups, covered = group_events(events, most=most, day_of=day_of)
    assert len(groups) <= most
    assert covered == len(events) or len(groups) == most
    assert sorted(chain(*groups), key=lambda event: -(event.seq or 0)) == events[:covered]
    assert [group[0] for group in groups] == sorted(
        (group[0] for group in groups), key=lambda event: -(event.seq or 0)
    )
    for group in groups:
        assert len({(event.type, event.sd_id, day_of(event.at)) for event in group}) == 1
        assert len(group) == 1 or isinstance(group[0], ImageEvent)
        assert all(abs(newer.at - older.at) <= TOGETHER for newer, older in pairwise(group))


@given(draw_events())
def test_grouping_goes_on_where_it_ended(events: list[Event]) -> None:
    """Page by page, every event is covered exactly once."""
    rest, seen = events, list[Event]()
    while rest:
        groups, covered = group_events(rest, most=3, day_of=day_of)
        assert covered > 0
        seen += chain(*groups)
        rest = rest[covered:]
    assert sorted(seen, key=lambda event: -(event.seq or 0)) == events


def test_two_folders_that_fill_at_once_are_two_happenings() -> None:
    """Their events take turns; each folder is told once."""
    events = [
        make_event(ImageAvailable, (ONE, TWO)[n % 2], NOON - timedelta(seconds=n), 100 - n) for n in range(50)
    ]
    groups, _ = group_events(events, most=10, day_of=day_of)
    assert [(len(group), group[0].sd_id) for group in groups] == [(25, ONE), (25, TWO)]


def test_what_was_saved_here_is_not_among_what_arrived() -> None:
    """A person finds the own pictures, however many others are checked at the same time."""
    one = ImageAvailable(
        at=NOON, sd_id=ONE, image_id=ImageId("0" * 32), filename="x.png", state=FileState.PRESENT
    )
    events = [replace(one, seq=10 - number, saved=number in (1, 3)) for number in range(5)]
    groups, covered = group_events(events, most=10, day_of=day_of)
    assert covered == 5
    assert [[is_save(event) for event in group] for group in groups] == [[False] * 3, [True] * 2]


def test_what_came_back_is_not_among_what_arrived() -> None:
    """An undo brings back what was removed before. What arrives first and is removed later does not come back."""
    here = ImageAvailable(
        at=NOON, sd_id=ONE, image_id=ImageId("0" * 32), filename="x.png", state=FileState.PRESENT, seq=9
    )
    gone = ImageRemoved(
        at=NOON, sd_id=ONE, image_id=here.image_id, filename="x.png", state=FileState.TRASHED, seq=8
    )
    other = replace(here, image_id=ImageId("1" * 32), seq=7)
    events = [here, gone, other, replace(here, seq=6)]
    assert find_returns(events) == {9}
    groups, _ = group_events(events, most=10, day_of=day_of)
    assert [[event.seq for event in group] for group in groups] == [[9], [8], [7, 6]]


def test_two_imports_are_two_happenings() -> None:
    """What is saved in a row is one; the next one begins when a person says so. Arrivals have more time."""

    def take_turns(*, saved: bool) -> list[Event]:
        one = ImageAvailable(
            at=NOON,
            sd_id=ONE,
            image_id=ImageId("0" * 32),
            filename="x.png",
            state=FileState.PRESENT,
            saved=saved,
        )
        return [replace(one, seq=9 - n, at=NOON - timedelta(seconds=s)) for n, s in enumerate((0, 4, 30, 41))]

    def count(events: list[Event]) -> list[int]:
        return [len(group) for group in group_events(events, most=10, day_of=day_of)[0]]

    assert (count(take_turns(saved=True)), count(take_turns(saved=False))) == ([2, 2], [4])
