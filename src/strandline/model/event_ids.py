"""The ids of events in a stream: which catalog, and which number of its journal.

Every place that takes one reads it here, and each kind of catalog passes a test that its ids are taken.
"""

from __future__ import annotations

import re
from typing import NamedTuple

EVENT_ID_PATTERN = r"^([0-9A-Za-z.]{1,64}-)?[0-9]{1,18}$"
"""For the OpenAPI document. Wider than today's epochs, so that a page that another version served is answered, too.
Eighteen digits fit into 63 bits.
"""

_match = re.compile(EVENT_ID_PATTERN.removeprefix("^").removesuffix("$")).fullmatch


class EventId(NamedTuple):
    """An event of one catalog."""

    epoch: str | None
    """Of the catalog. None means this catalog, whichever it is."""
    seq: int


def format_event_id(epoch: str, seq: int) -> str:
    """``<epoch>-<seq>``."""
    return f"{epoch}-{seq}"


def parse_event_id(text: str) -> EventId | None:
    """Parses what :func:`format_event_id` wrote, or a number alone. None if the text is neither."""
    if not _match(text):
        return None
    epoch, _, number = text.rpartition("-")
    return EventId(epoch or None, int(number))
