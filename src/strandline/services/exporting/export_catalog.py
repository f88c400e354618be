"""Exporting: everything that only the catalog knows, ready for JSON, so a rebuilt catalog loses nothing (SPEC §1)."""

from __future__ import annotations

from strandline.catalog.port import Reader
from strandline.model.catalog_exports import EXPORT_FORMAT
from strandline.model.events import format_time
from strandline.model.storage_dirs import StorageDir
from strandline.services.workbench import Workbench

JOURNAL_AT_ONCE = 10_000


def export_catalog(bench: Workbench) -> dict[str, object]:
    """The SDs, original names with their sources, what was where in them, the journal, and the index of the trash.

    Reads one snapshot.
    """
    with bench.catalog.snapshot() as reader:
        events: list[dict[str, object]] = []
        since = 0
        while page := reader.journal.list_events(since=since, limit=JOURNAL_AT_ONCE):
            events += [event.to_json() for event in page]
            since = page[-1].seq or since
        sds = reader.sds.list_storage_dirs()
        return {
            "format": EXPORT_FORMAT,
            "exported_at": format_time(bench.now()),
            "epoch": bench.catalog.epoch,
            "storage_dirs": [sd.to_json() for sd in sds],
            "origins": reader.origins.list_origins(),
            "history": [row for sd in sds if sd.sd_id is not None for row in _list_history(reader, sd)],
            "trash": [each.to_json() for each in reader.trash.list_trashed()],
            "journal": events,
        }


def _list_history(reader: Reader, sd: StorageDir) -> list[dict[str, object]]:
    """What was remembered, and the files that are gone now, whose rows still tell it."""
    gone = [
        (row.path, row.proof.sha256, row.proof.stamp.size_bytes, row.proof.proven_at, row.absent_since)
        for row in reader.files.iter_noteworthy_rows(sd.number)
        if row.proof is not None and row.absent_since is not None
    ]
    earlier = [
        (each.path, each.sha256, each.size_bytes, each.since, each.until)
        for each in reader.earlier.list_earlier(sd.number)
    ]
    return [
        {
            "sd_id": sd.sd_id, "path": path, "sha256": sha256, "size_bytes": size_bytes,
            "since": format_time(since), "until": format_time(until),
        }
        for path, sha256, size_bytes, since, until in (*earlier, *gone)
    ]  # fmt: skip
