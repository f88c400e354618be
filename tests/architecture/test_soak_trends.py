"""The soak's verdict: the hour with the leak is not flat, and the hour after the fix is."""

from __future__ import annotations

import pytest

from trials.soak.samples import Sample, Trend, find_trends

SAMPLES = 720
LEAKING_MB = [86, 135, 143, 150, 158, 161, 160, 160, 160, 165, 165, 167, 169]
MENDED_MB = [77, 102, 104, 107, 110, 111, 108, 110, 112, 112, 113, 106, 110]
"""The daemon's memory at each twelfth of an hour, from docs/reliability.md."""


def trend_of(course_mb: list[int]) -> Trend:
    """The trend of a memory with this course, in straight lines."""
    samples = []
    for number in range(SAMPLES):
        part, way = divmod(number * (len(course_mb) - 1) / SAMPLES, 1)
        low, high = course_mb[int(part)], course_mb[int(part) + 1]
        samples.append(Sample(5.0 * number, low + (high - low) * way, 80.0, 46.0, 28.0))
    found = {trend.name: trend for trend in find_trends(samples)}
    assert all(trend.is_flat for name, trend in found.items() if name != "memory_mb")
    return found["memory_mb"]


def test_the_hour_that_leaked_is_not_flat() -> None:
    """It grew by some twenty megabytes, ever more slowly."""
    assert not trend_of(LEAKING_MB).is_flat


def test_the_hour_after_the_mend_is() -> None:
    """It filled its caches, then stayed."""
    assert trend_of(MENDED_MB).is_flat


@pytest.mark.parametrize("mb_an_hour", [20, 40])
def test_what_creeps_all_the_time_is_not_flat(mb_an_hour: int) -> None:
    """It grows by as much as in the first soak, or more."""
    assert not trend_of([100 + mb_an_hour * part // 12 for part in range(13)]).is_flat
