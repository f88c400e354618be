"""The journal for listeners: what happened, newest first, and the position from which a listener continues.

As text, a position is the catalog's epoch and a number. So a position from another catalog is noticed. A number alone
means this catalog, whichever it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from strandline.model.event_ids import format_event_id, parse_event_id
from strandline.model.events import Event, JournalPosition
from strandline.services.storage_dirs.manage import StorageDirRef, as_storage_dir
from strandline.services.workbench import Workbench


class Journal:
    """The journal of one store. Thread-safe. Each call costs one or two statements."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._catalog = bench.catalog

    def list_newest(
        self,
        *,
        limit: int,
        since: int | None = None,
        before: int | None = None,
        types: Sequence[str] | None = None,
        sd: StorageDirRef | None = None,
    ) -> list[Event]:
        """Up to ``limit`` events, newest first; None leaves a condition out. The bounds are not included."""
        sd_ids = self._list_ids(sd)
        with self._catalog.read() as reader:
            return reader.journal.list_newest(
                since=since, before=before, types=types, sd_ids=sd_ids, limit=limit
            )

    def measure_run(
        self,
        event: Event,
        *,
        since: datetime,
        types: Sequence[str] | None = None,
        sd: StorageDirRef | None = None,
    ) -> tuple[int, int]:
        """How many events like this one come right before it, not before ``since``, and the oldest one's number."""
        sd_ids = self._list_ids(sd)
        with self._catalog.read() as reader:
            return reader.journal.measure_run(event, since=since, types=types, sd_ids=sd_ids)

    def find_position(self, last_seen: str | None = None) -> JournalPosition:
        """The position after the last seen event. Without one, or if it is unknown here, the current position."""
        with self._catalog.read() as reader:
            oldest, newest = reader.journal.get_bounds()
        if not last_seen:
            return JournalPosition(newest)
        known = parse_event_id(last_seen)
        is_ours = known is not None and known.epoch in (None, self._catalog.epoch)
        if known is not None and is_ours and oldest - 1 <= known.seq <= newest:
            return JournalPosition(known.seq)
        return JournalPosition(newest, is_reset=True)

    def format_position(self, seq: int) -> str:
        """The position after the event with that number, as text for :meth:`find_position`."""
        return format_event_id(self._catalog.epoch, seq)

    def _list_ids(self, ref: StorageDirRef | None) -> list[str] | None:
        if ref is None:
            return None
        sd = as_storage_dir(self._bench, ref)
        return [str(each) for each in (sd.sd_id, *sd.aliases) if each is not None]
