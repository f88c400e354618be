"""Exporting: everything that only the catalog knows, ready for JSON, so a rebuilt catalog loses nothing (SPEC §1)."""

from __future__ import annotations

from strandline.model.events import format_time
from strandline.services.workbench import Workbench

EXPORT_FORMAT = 1
JOURNAL_AT_ONCE = 10_000


def export_catalog(bench: Workbench) -> dict[str, object]:
    """The SDs, original names with their sources, the journal, and the index of the trash. Reads one snapshot."""
    with bench.catalog.snapshot() as reader:
        events: list[dict[str, object]] = []
        since = 0
        while page := reader.journal.list_events(since=since, limit=JOURNAL_AT_ONCE):
            events += [event.to_json() for event in page]
            since = page[-1].seq or since
        return {
            "format": EXPORT_FORMAT,
            "exported_at": format_time(bench.now()),
            "epoch": bench.catalog.epoch,
            "storage_dirs": [sd.to_json() for sd in reader.sds.list_storage_dirs()],
            "origins": reader.origins.list_origins(),
            "trash": [each.to_json() for each in reader.trash.list_trashed()],
            "journal": events,
        }
