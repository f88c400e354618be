"""Where months begin, in both databases' way to round."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strandline.catalog.dialect import SQLITE
from strandline.catalog.image_months import FIRST_US, LAST_US, find_bounds, find_start, is_counted, say_month
from strandline.catalog.postgres.dialect import POSTGRES
from strandline.model.image_files import ImageCursor, ImageFilter, Sort

times = st.integers(-(2**63), 2**63 - 1) | st.integers(FIRST_US - 10**9, LAST_US + 10**9)


@given(times | st.integers(-(10**6), 10**6))
@example(0)
@example(-1_000_000)
@example(-999_999)
def test_a_time_is_within_its_month(at_us: int) -> None:
    """And the times at both ends of the month are in it, their neighbors are not."""
    conn = sqlite3.connect(":memory:")

    def month_of(us: int) -> str:
        (month,) = conn.execute(f"SELECT {say_month('us', SQLITE)} FROM (SELECT ? AS us)", (us,)).fetchone()
        return str(month)

    month = month_of(at_us)
    since_us, until_us = find_bounds(month)
    assert since_us is None or since_us <= at_us
    assert until_us is None or at_us < until_us
    for first_us in (since_us, until_us):
        if first_us is not None:
            assert (month_of(first_us) == month) is (first_us == since_us)
            assert (month_of(first_us - 1) == month) is (first_us == until_us)
    conn.close()


def test_a_listing_of_a_month_begins_before_its_first_image() -> None:
    """In both directions. Nothing is before the ends of the calendar."""
    assert find_start("1970-02", reverse=True) == ImageCursor(31 * 86_400 * 10**6, 0, "")
    assert find_start("1970-01", reverse=False) == ImageCursor(31 * 86_400 * 10**6, 0, "")
    assert find_start("0001-01", reverse=True) is None
    assert find_start("9999-12", reverse=False) is None


@pytest.mark.parametrize("chosen", [ImageFilter(sort=Sort.ARRIVED), ImageFilter(media_type="image/png")])
def test_what_is_not_counted(chosen: ImageFilter) -> None:
    """Listings by anything else than storage directory, and everything in SQLite."""
    assert not is_counted(chosen, POSTGRES)
    assert is_counted(ImageFilter(sd=1, reverse=True), POSTGRES)
    assert not is_counted(ImageFilter(), SQLITE)
