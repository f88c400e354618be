"""A query means the same on every face, and says which part of it is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strandline.errors import InvalidInputError
from strandline.model.image_files import FileState, ImageFilter, Sort
from strandline.model.queries import MAX_FOLDER, MAX_TEXT, ImageState, Query, parse_month, parse_query


def day(year: int, month: int, day: int) -> datetime:
    """The beginning of the day."""
    return datetime(year, month, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), ImageFilter()),
        (Query(text="", type="", state="", taken_from="", taken_to="", month=""), ImageFilter()),
        (Query(text="  "), ImageFilter()),
        (Query(text=" See "), ImageFilter(text="See")),
        (Query(type="JPG"), ImageFilter(media_type="image/jpeg")),
        (Query(type=".png"), ImageFilter(media_type="image/png")),
        (Query(type="image/webp"), ImageFilter(media_type="image/webp")),
        (Query(state="damaged"), ImageFilter(state=FileState.DAMAGED)),
        (Query(state=FileState.MISSING), ImageFilter(state=FileState.MISSING)),
        (Query(state="incomplete"), ImageFilter(state=FileState.PRESENT, is_incomplete=True)),
        (Query(taken_from="2026-02-28"), ImageFilter(since=day(2026, 2, 28))),
        (Query(taken_to=date(2026, 2, 28)), ImageFilter(until=day(2026, 3, 1))),
        (Query(taken_to="9999-12-31"), ImageFilter()),
        (Query(month="9999-12"), ImageFilter(since=day(9999, 12, 1))),
        (Query(month="9999-12", taken_to="9999-12-30"), ImageFilter(since=day(9999, 12, 1), until=day(9999, 12, 31))),
        (Query(month="2026-12"), ImageFilter(since=day(2026, 12, 1), until=day(2027, 1, 1))),
        (
            Query(month="2026-12", taken_from="2026-12-24"),
            ImageFilter(since=day(2026, 12, 24), until=day(2027, 1, 1)),
        ),
        (Query(month="2026-12", taken_to="2026-12-24"), ImageFilter(since=day(2026, 12, 1), until=day(2026, 12, 25))),
        (Query(folder="Trips/Lisbon"), ImageFilter(folder="Trips/Lisbon")),
        (Query(folder="./Trips//Lisbon/"), ImageFilter(folder="Trips/Lisbon")),
        (Query(folder="."), ImageFilter()),
        (Query(sort="arrived", reverse=True), ImageFilter(sort=Sort.ARRIVED, reverse=True)),
    ],
)  # fmt: skip
def test_each_part_narrows_the_answer(query: Query, expected: ImageFilter) -> None:
    """What is empty or missing does not."""
    assert parse_query(query, None) == expected


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query(type="text/plain"), "'text/plain' is not an image type"),
        (Query(state="gone"), "there is no state 'gone'; the states are present, "),
        (Query(sort="size"), "there is no order 'size'; the orders are taken, arrived"),
        (Query(month="2026-13"), "'2026-13' is not a month; give it as 2026-11"),
        (Query(month="2026"), "is not a month"),
        (Query(month="10000-01"), "is not a month"),
        (Query(month="٢٠٢٤-٠٥"), "is not a month"),
        (Query(taken_from="2026-02-30"), "'2026-02-30' is not a day"),
        (Query(taken_to="20261231"), "is not a day"),
        (
            Query(taken_from="2026-03-02", taken_to="2026-03-01"),
            "the first day 2026-03-02, the last day 2026-03-01",
        ),
        (Query(taken_from="2026-03-02", month="2026-02"), "the first day 2026-03-02, the month 2026-02"),
        (Query(taken_to=date(2026, 1, 31), month="2026-02"), "the last day 2026-01-31, the month 2026-02"),
        (Query(folder="/home/me/Trips"), "'/home/me/Trips' is not a folder's path in a storage directory"),
        (Query(folder="Trips/../.."), "give one such as Trips/Lisbon"),
        (Query(folder="a\0"), "is not a folder's path"),
        (Query(folder="\udcff"), "is not a folder's path"),
        (Query(folder="x" * (MAX_FOLDER + 1)), "at most 4,096 characters, not 4,097"),
        (Query(text="x" * (MAX_TEXT + 1)), "a search has at most 200 characters, not 201"),
    ],
)
def test_what_is_wrong_is_named(query: Query, words: str) -> None:
    """An empty answer would look like an answer."""
    with pytest.raises(InvalidInputError) as caught:
        parse_query(query, None)
    assert words in caught.value.message


def test_each_state_of_a_file_can_be_asked_for() -> None:
    """And what else tiles say of present ones."""
    more = {"incomplete", "unseen", "unread"}
    assert {state.value for state in ImageState} == {state.value for state in FileState} | more
    for state in more:
        found = parse_query(Query(state=state), None)
        assert (found.state, getattr(found, f"is_{state}")) == (FileState.PRESENT, True)


@given(st.dates())
@example(date.max)
def test_each_day_is_in_its_month(some_day: date) -> None:
    """A month begins with its first day and ends before the next month's."""
    begin, end = parse_month(some_day.isoformat()[:7])
    at = datetime(some_day.year, some_day.month, some_day.day, tzinfo=UTC)
    assert begin <= at
    assert begin.day == 1
    if end is None:
        assert (begin.year, begin.month) == (9999, 12)
    else:
        assert at < end
        assert end.day == 1
        assert (end - timedelta(days=1)).month == some_day.month
