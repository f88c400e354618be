"""Ages and sizes as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import InvalidInputError
from strandline.model.amounts import find_begin, parse_age, parse_rate, parse_size


@pytest.mark.parametrize(
    ("text", "hours"), [("12h", 12), ("30d", 720), ("2w", 336), (" 1 D ", 24), ("0h", 0)]
)
def test_ages(text: str, hours: int) -> None:
    """Hours, days, and weeks."""
    assert parse_age(text) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("500", 500),
        ("500B", 500),
        ("1.5kB", 1500),
        ("20GiB", 20 << 30),
        ("3 MB", 3_000_000),
        ("1tib", 1 << 40),
    ],
)
def test_sizes(text: str, size: int) -> None:
    """GB counts in thousands, GiB in 1024s."""
    assert (parse_size(text), parse_rate(f"{text}/h")) == (size, size)


@given(st.text(max_size=12))
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    """Nothing is guessed."""
    for parse in (parse_age, parse_size, parse_rate):
        try:
            assert parse(text)
        except InvalidInputError as error:
            assert "; give a" in error.message  # noqa: PT017
        else:
            assert any(char.isdigit() for char in text)


def test_what_is_older_than_the_calendar_begins_with_it() -> None:
    """``999999d`` is an age as any other."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert find_begin(parse_age("2w"), now) == datetime(2026, 11, 8, tzinfo=UTC)
    for age in (parse_age("999999d"), timedelta.max):
        assert find_begin(age, now) == datetime.min.replace(tzinfo=UTC)
