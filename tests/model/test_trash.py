"""The rules of the trash: when something may leave it, and what goes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strandline.model.image_ids import ImageId
from strandline.model.trash import TrashedFile, TrashReason, TrashRules, choose_to_restore

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def make_entry(
    number: int = 1, at: datetime = NOW, path: str = "media/x.png", reason: TrashReason = TrashReason.DELETED
) -> TrashedFile:
    """An entry of the trash."""
    image_id = ImageId("0" * 32)
    return TrashedFile(f"{number:032x}", "an identity", "/Notes", path, image_id, 7, "0" * 64, reason, at)


@pytest.mark.parametrize("days", [0, 1, 30])
def test_a_file_may_leave_from_the_moment_until_which_it_is_kept(days: int) -> None:
    """Neither earlier nor later."""
    rules, entry = TrashRules(100, timedelta(days=days)), make_entry()
    until = rules.kept_until(entry)
    assert until == NOW + timedelta(days=days)
    assert rules.may_leave(entry, until)
    assert not rules.may_leave(entry, until - timedelta(microseconds=1))


def test_a_time_that_no_calendar_has_is_the_last_one() -> None:
    """A clock that was wrong must not make the trash unreadable."""
    entry = make_entry(at=datetime(9999, 12, 20, tzinfo=UTC))
    assert TrashRules(100, timedelta(days=30)).kept_until(entry) == datetime.max.replace(tzinfo=UTC)


def test_each_place_gets_what_was_deleted_from_it_last() -> None:
    """What was replaced because it was wrong goes nowhere."""
    first, last = make_entry(1), make_entry(2, NOW + timedelta(hours=1))
    other = make_entry(3, path="media/y.png")
    replaced = make_entry(4, NOW + timedelta(hours=2), reason=TrashReason.REPLACED)
    assert choose_to_restore([first, last, other, replaced]) == ([last, other], [first])
