"""A file that is called arriving, and will hardly arrive: its own date decides words, never a state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from builders.image_rows import CONTENT_ID
from strandline.model.image_files import FileStamp, FileState, ImageFile
from strandline.model.states import find_stale_date

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "state", "changed", "is_stale"),
    [
        (timedelta(days=1500), FileState.ARRIVING, timedelta(0), True),
        (timedelta(hours=23), FileState.ARRIVING, timedelta(0), False),
        (timedelta(days=1500), FileState.ARRIVING, timedelta(seconds=3), False),
        (timedelta(days=1500), FileState.DAMAGED, timedelta(0), False),
        (timedelta(days=-9), FileState.ARRIVING, timedelta(0), False),
    ],
)
def test_only_an_old_file_that_nobody_touched_is_stale(
    age: timedelta, state: FileState, changed: timedelta, is_stale: bool
) -> None:
    """Not one that changed since it was first seen, and not one with a date in the future."""
    seen = NOW - timedelta(minutes=10)
    mtime = NOW - age
    row = ImageFile(
        sd=1,
        path="media/a.png",
        image_id=CONTENT_ID,
        media_type="image/png",
        state=state,
        stamp=FileStamp(10, int(mtime.timestamp()) * 10**9, 1),
        first_seen=seen,
        unchanged_since=seen + changed,
    )
    assert find_stale_date(row, NOW) == (mtime if is_stale else None)
