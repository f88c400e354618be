"""Runs of months: small months that follow each other share a heading, so that a year of few pictures is no page of
headings. Pure. ``static/js/month-layout.js`` joins them in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from strandline.web.pages.words import say_month

SMALL = 4
"""A month with fewer images is small. It would leave most of a row empty, even on a phone."""


class MonthRun(NamedTuple):
    """A month, or several small months of one year."""

    first: str
    """In the order of the listing."""
    last: str
    total: int


def join_small_months(months: Sequence[tuple[str, int]]) -> list[MonthRun]:
    """The months in their order, small neighbors of one year as one run. Law: no image is lost, and none moves."""
    runs: list[MonthRun] = []
    was_small = False
    for month, count in months:
        is_small = count < SMALL
        if is_small and was_small and runs[-1].first[:4] == month[:4]:
            runs[-1] = MonthRun(runs[-1].first, month, runs[-1].total + count)
        else:
            runs.append(MonthRun(month, month, count))
        was_small = is_small
    return runs


def say_run(first: str, last: str) -> str:
    """``March to August 2026``, or the name of the only month. Other text is unchanged."""
    if first == last:
        return say_month(first)
    begin, end = sorted((first, last))
    return f"{date.fromisoformat(f'{begin}-01'):%B} to {say_month(end)}"
