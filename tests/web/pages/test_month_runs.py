"""Runs of months: small neighbors share a heading. No image is lost, and none moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.web.pages.month_runs import SMALL, MonthRun, join_small_months, say_run


def test_small_neighbors_of_one_year_are_one_run() -> None:
    """A large month, a lonely small one, and a new year stay what they are."""
    months = [("2026-11", 12), ("2026-10", 1), ("2026-08", 2), ("2026-05", 3), ("2026-04", 4), ("2026-01", 1),
              ("2025-12", 1)]  # fmt: skip
    assert join_small_months(months) == [
        MonthRun("2026-11", "2026-11", 12),
        MonthRun("2026-10", "2026-05", 6),
        MonthRun("2026-04", "2026-04", 4),
        MonthRun("2026-01", "2026-01", 1),
        MonthRun("2025-12", "2025-12", 1),
    ]


@given(st.dictionaries(st.dates().map(lambda day: f"{day:%Y-%m}"), st.integers(1, 2 * SMALL)), st.booleans())
def test_every_image_stays_where_it_is(counts: dict[str, int], is_reverse: bool) -> None:
    """The runs end where months end, and no two of them could be one."""
    months = sorted(counts.items(), reverse=not is_reverse)
    runs = join_small_months(months)
    assert sum(run.total for run in runs) == sum(counts.values())
    assert [run.first for run in runs] == [run.first for run in runs if run.first in counts]
    for run in runs:
        begin, end = sorted((run.first, run.last))
        assert run.total == sum(count for month, count in months if begin <= month <= end)
        assert run.first[:4] == run.last[:4]


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-11", "2026-11", "November 2026"),
        ("2026-11", "2026-08", "August to November 2026"),
        ("2026-08", "2026-11", "August to November 2026"),
        ("", "", ""),
    ],
)
def test_a_run_is_said_in_the_order_of_the_calendar(first: str, last: str, said: str) -> None:
    """Whichever way the listing goes."""
    assert say_run(first, last) == said
