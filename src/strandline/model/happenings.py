"""Happenings: events that happened together count as one, so a hundred thousand images are one line. Pure.

Only events of images are put together: those of one type, in one storage directory, on one day, none of them long
after the one before. What was saved here, and what came back, is never among what arrived. Others may have happened
in between, but what was removed before something came back is not told with what was removed after it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from strandline.model.events import Event, ImageAvailable, ImageEvent, ImageRemoved, is_save

TOGETHER = timedelta(minutes=1)
"""Between two events of one happening. What comes later is another one to a person, who reads one time for all."""

SAVED_TOGETHER = timedelta(seconds=15)
"""The same for what was saved here. An import writes all the time, and the next one begins when a person says so."""


def find_returns(events: Sequence[Event]) -> set[int | None]:
    """The numbers of those that tell of an image that came back after it was removed, as by an undo.

    Args:
        events: Newest first. What was removed before them is not known.
    """
    removed = set[Hashable]()
    found = set[int | None]()
    for event in reversed(events):
        if isinstance(event, ImageRemoved):
            removed.add((event.sd_id, event.image_id))
        elif (
            isinstance(event, ImageAvailable) and not event.saved and (event.sd_id, event.image_id) in removed
        ):
            found.add(event.seq)
    return found


class _Key(NamedTuple):
    """What the events of a happening have in common."""

    type: str
    sd_id: str | None
    is_save: bool
    is_return: bool
    day: Hashable

    def is_opposite(self, other: _Key) -> bool:
        """Whether one takes away what the other brings back."""
        is_removal = ImageRemoved.type in (self.type, other.type)
        return is_removal and self.is_return != other.is_return and self.sd_id == other.sd_id


def group_events(
    events: Sequence[Event], *, most: int, day_of: Callable[[datetime], Hashable]
) -> tuple[list[list[Event]], int]:
    """The happenings, each with its events, and how many of the events they cover. Both are newest first.

    Law: each covered event is in exactly one happening, in its order.

    Args:
        events: Newest first.
        most: The largest number of happenings. The first event that would begin a further one is not covered.
        day_of: The day of a time, for the reader.
    """
    groups: list[list[Event]] = []
    open_groups: dict[_Key, list[Event]] = {}
    returns = find_returns(events)
    for number, event in enumerate(events):
        key = _Key(event.type, event.sd_id, is_save(event), event.seq in returns, day_of(event.at))
        for other in [each for each in open_groups if each.is_opposite(key)]:
            del open_groups[other]
        group = open_groups.get(key) if isinstance(event, ImageEvent) else None
        together = SAVED_TOGETHER if is_save(event) else TOGETHER
        if group is not None and abs(group[-1].at - event.at) <= together:
            group.append(event)
            continue
        if len(groups) == most:
            return groups, number
        groups.append([event])
        open_groups[key] = groups[-1]
    return groups, len(events)
