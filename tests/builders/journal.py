"""What the journal says, short enough to compare."""

from __future__ import annotations

from strandline.services.workbench import Workbench


def list_event_types(bench: Workbench, beginning: str = "") -> list[str]:
    """The types of all events in the journal that begin so, oldest first."""
    with bench.catalog.read() as reader:
        events = reader.journal.list_events(since=0, limit=10_000)
    return [event.type for event in events if event.type.startswith(beginning)]
