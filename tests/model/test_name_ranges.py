"""Ranges of names: each name is in exactly one, however they are divided."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from strandline.model.name_ranges import (
    EVERYTHING,
    MOST_HANDED_OVER,
    NameRange,
    split_at,
    split_by_id,
    split_rest,
)

IDS = st.text("0123456789abcdef", min_size=32, max_size=32)
NAMES = IDS.map(lambda digits: f"{digits}.png") | st.text(max_size=12)


def count_homes(ranges: list[NameRange], name: str) -> int:
    """In how many of them the name is."""
    return sum(each.has(name) for each in ranges)


@given(images=st.integers(0, 10**6), size=st.integers(10**3, 10**6), name=NAMES.filter(bool))
def test_each_name_is_in_one_range_of_ids(images: int, size: int, name: str) -> None:
    """Also one that does not begin with an id."""
    ranges = split_by_id(images, size)
    places = [each.through or "\U0010ffff" for each in ranges]
    assert places == sorted(set(places))
    assert (ranges[0].after, ranges[-1].through) == ("", "")
    home = ranges[bisect_left(places, name)]
    assert home.has(name)
    assert all(before.through == after.after for before, after in pairwise(ranges))


@given(cuts=st.lists(NAMES.filter(bool), unique=True).map(sorted), name=NAMES.filter(bool))
def test_each_name_is_in_one_range_between_cuts(cuts: list[str], name: str) -> None:
    """A cut is the last name of its range."""
    ranges = split_at(cuts)
    assert count_homes(ranges, name) == 1
    assert all(each.has(cut) for each, cut in zip(ranges, cuts, strict=False))


@given(
    bounds=st.lists(IDS, min_size=2, max_size=2, unique=True).map(sorted),
    last=NAMES,
    name=NAMES.filter(bool),
    has_end=st.booleans(),
    size=st.integers(10, 1000),
)
def test_what_is_handed_over_has_each_name_once(
    bounds: list[str], last: str, name: str, has_end: bool, size: int
) -> None:
    """Nothing that was listed, nothing beyond the part, and everything in between."""
    whole = NameRange(bounds[0], bounds[1] if has_end else "")
    if not whole.has(last):
        return
    rest = split_rest(whole, last, size, size)
    assert 1 <= len(rest) <= MOST_HANDED_OVER
    assert count_homes(rest, name) == (whole.has(name) and name > last)


def test_the_rest_is_divided_as_it_began() -> None:
    """A quarter of the range had enough for one part, so the rest is three parts."""
    assert split_rest(EVERYTHING, "40000000.png", 100, 100) == [
        NameRange("40000000.png", "800000"),
        NameRange("800000", "c00000"),
        NameRange("c00000", ""),
    ]
