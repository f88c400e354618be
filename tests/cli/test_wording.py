"""Sizes, counts, days, and states in words."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from builders.image_rows import NOW
from builders.reports import make_file, make_storage_dir
from strandline.cli.wording import (
    find_time,
    say_day,
    say_list,
    say_pixels,
    say_state,
    say_time,
    say_type,
)
from strandline.model.deletions import say_trash_full
from strandline.model.image_files import FileStamp, FileState
from strandline.model.reports import ImageFileReport, ImageInfo
from strandline.model.trash import TrashRules
from strandline.model.unused import Gap
from strandline.services.collecting.collect import MOST_GAPS, say_gaps


def test_lists() -> None:
    """The last word is joined by "and"."""
    assert [say_list(words) for words in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("media_type", "word"), [("image/jpeg", "jpeg"), ("image/svg+xml", "svg"), ("image/heic", "heic")]
)
def test_types(media_type: str, word: str) -> None:
    """The names that people use."""
    assert say_type(media_type) == word


@pytest.mark.parametrize(
    ("state", "colour"),
    [(FileState.PRESENT, "green"), (FileState.MISSING, "red"), (FileState.ARRIVING, "yellow")],
)
def test_a_state_has_its_color(state: FileState, colour: str) -> None:
    """Good and bad news differ on a terminal. Everything else waits."""
    assert say_state(replace(make_file(), state=state)).colour == colour


def test_the_day_is_the_cameras() -> None:
    """This machine's time zone does not move a picture from New Year's Eve into the next year."""
    taken = make_file(taken_at=datetime(2023, 12, 31, 23, 59, tzinfo=UTC))
    info = ImageInfo(taken.image_id, (ImageFileReport(taken, sd=None),))  # type: ignore[arg-type]
    assert f"{find_time(info):%Y-%m-%d}" == "2023-12-31"


@pytest.mark.parametrize(
    ("mtime_ns", "year"), [(1_700_000_000 * 10**9, 2023), (-(10**30), NOW.year), (10**30, NOW.year)]
)
def test_without_a_camera_the_file_s_time_counts(mtime_ns: int, year: int) -> None:
    """By which it is sorted. A time that no calendar has is not shown; then the first sight counts."""
    file = replace(make_file(), stamp=FileStamp(1, mtime_ns, 1), first_seen=NOW)
    info = ImageInfo(file.image_id, (ImageFileReport(file, sd=None),))  # type: ignore[arg-type]
    assert find_time(info).year == year


def test_unknown_pixels_are_not_made_up() -> None:
    """Unknown pixels are a question mark."""
    assert say_pixels(make_file(width=4032, height=3024)) == "4032x3024"
    assert say_pixels(make_file()) == "?"


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_times_at_the_ends_of_the_calendar(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """Years have four digits, and what no local calendar has is told in UTC."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert say_day(datetime(476, 9, 4, 12, tzinfo=UTC)) == "0476-09-04"
        assert say_time(datetime.min.replace(tzinfo=UTC)).startswith("0001-01-01 0")
        assert say_time(datetime.max.replace(tzinfo=UTC)).startswith("9999-12-31 ")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_more_and_days_are_counted_in_english() -> None:
    """No *2 mores*, and no *1 days*."""
    gaps = [Gap(make_storage_dir(), None, "gone")] * (MOST_GAPS + 2)
    assert "; and 2 more;" in say_gaps(gaps)
    assert "for 1 day, or" in say_trash_full(TrashRules(1, timedelta(days=1)), 1, 1)
