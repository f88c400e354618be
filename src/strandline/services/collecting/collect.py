"""Unused pictures: reported, and collected into the trash (SPEC §20).

Collecting is careful before anything else. It does nothing while anything that may name a picture was not read. A
picture must have been here for 30 days, and unused at two looks a week apart. At most a tenth of a storage directory
goes in a week, one of several files with the same bytes stays, and all of it can be restored.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime

from strandline.errors import UnreadTextsError
from strandline.model.deletions import DeletePlan, DeleteStep
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import content_id_of
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import TrashedFile, TrashReason
from strandline.model.unused import (
    SHARE_SPAN,
    CollectReport,
    FolderUsage,
    Gap,
    UnusedFile,
    UnusedReport,
    choose_to_collect,
)
from strandline.services.collecting.usage import Key, find_usage
from strandline.services.storage_dirs.presence import refresh_storage_dirs
from strandline.services.trashing.delete import delete_files
from strandline.services.workbench import Workbench

ROWS_AT_ONCE = 5_000

MOST_GAPS = 5
"""Gaps that a message names."""

_ANY_TIME = datetime(9999, 1, 1, tzinfo=UTC)


def find_unused(bench: Workbench, sds: Collection[StorageDir] | None = None) -> UnusedReport:
    """The pictures of these storage directories, or of all, that no text of *any* storage directory names.

    Remembers since when, unless something was not read. Changes no file.

    Cost: a listing of each storage directory, and a read of each text in it. Memory: some hundred bytes per picture.
    """
    known = refresh_storage_dirs(bench)
    return _compare(bench, sds, known, [row for sd in known for row in _iter_rows(bench, sd)])


def _compare(
    bench: Workbench,
    sds: Collection[StorageDir] | None,
    known: Sequence[StorageDir],
    rows: Sequence[ImageFile],
) -> UnusedReport:
    usage = find_usage(bench, known, rows)
    wanted = {sd.number for sd in (known if sds is None else sds)}
    now = bench.now()
    lately = _list_collected(bench, now)
    unused: list[UnusedFile] = []
    folders: list[FolderUsage] = []
    for sd in known:
        own = [row for row in rows if row.sd == sd.number]
        free = [row for row in own if (row.sd, row.path) not in usage.used]
        since = _remember(bench, sd, [row.path for row in free], now, has_gaps=bool(usage.gaps))
        if sd.number in wanted:
            here = {row.path for row in own}  # restored, or never removed by a collect that was killed
            gone = sum(_was_in(sd, entry) and entry.path not in here for entry in lately)
            named = usage.named[sd.number]
            folders.append(FolderUsage(sd, len(own), len(free), usage.texts[sd.number], named, gone))
            unused += _describe(bench, sd, free, since, now)
    images = sum(each.images for each in folders)
    return UnusedReport(tuple(unused), tuple(usage.gaps), images, usage.texts.total(), tuple(folders))


def collect(
    bench: Workbench,
    sds: Collection[StorageDir] | None = None,
    *,
    dry_run: bool = False,
    cancel: threading.Event | None = None,
) -> CollectReport:
    """Moves unused pictures to the trash. All texts are read just now. Folders without notes of their own are left
    out, unless they are in ``sds``. ``cancel`` stops before the next picture.

    Raises:
        UnreadTextsError: Something that may name pictures was not read.
    """
    known = refresh_storage_dirs(bench)
    rows = [row for sd in known for row in _iter_rows(bench, sd)]
    report = _compare(bench, sds, known, rows)
    if report.gaps:
        raise UnreadTextsError(say_gaps(report.gaps), gaps=[gap.to_json() for gap in report.gaps])
    chosen, left = choose_to_collect(
        report.unused, report.folders, _list_copies(rows), bench.now(), named=sds is not None
    )
    steps = tuple(DeleteStep(each.sd, each.path, each.image_id, each.size_bytes) for each in chosen)
    plan = DeletePlan(steps, (), ())
    deleted = delete_files(bench, plan, dry_run=dry_run, reason=TrashReason.COLLECTED, cancel=cancel)
    apart = () if sds is not None else tuple(each.sd for each in report.folders if not each.has_notes)
    return CollectReport(
        deleted.plan, deleted.done, deleted.refused, deleted.complete, left=left, without_notes=apart
    )


def say_gaps(gaps: Sequence[Gap], done: str = "collected") -> str:
    """Why nothing is done."""
    shown = "; ".join(
        f"{gap.path} in {gap.sd.name!r}: {gap.reason}" if gap.path else f"{gap.sd.name!r}: {gap.reason}"
        for gap in gaps[:MOST_GAPS]
    )
    more = f"; and {len(gaps) - MOST_GAPS:,} more" if len(gaps) > MOST_GAPS else ""
    return (
        f"nothing is {done}, because what was not read may use any picture: {shown}{more}; make it readable, or "
        "move it away, and try again"
    )


def _iter_rows(bench: Workbench, sd: StorageDir) -> Iterator[ImageFile]:
    """The files of the storage directory that are here, by path."""
    after = ""
    while True:
        with bench.catalog.read() as reader:
            rows = reader.ranges.list_to_verify(sd.number, _ANY_TIME, after=after, limit=ROWS_AT_ONCE)
        if not rows:
            return
        after = rows[-1].path
        yield from (row for row in rows if row.state is FileState.PRESENT and row.image_id is not None)


def _list_copies(rows: Sequence[ImageFile]) -> dict[Key, str]:
    """Which bytes each file has, as an id: files with equal ones have the same."""
    return {
        (row.sd, row.path): content_id_of(row.proof.sha256) if row.proof is not None else str(row.image_id)
        for row in rows
    }


def _list_collected(bench: Workbench, now: datetime) -> list[TrashedFile]:
    """What was collected within the span that a tenth is for, and did not come back since."""
    with bench.catalog.read() as reader:
        return [
            entry
            for entry in reader.trash.list_trashed()
            if entry.reason is TrashReason.COLLECTED and now - entry.trashed_at < SHARE_SPAN
        ]


def _was_in(sd: StorageDir, entry: TrashedFile) -> bool:
    return entry.sd_path == sd.path or (entry.sd_id is not None and entry.sd_id in (sd.sd_id, *sd.aliases))


def _remember(
    bench: Workbench, sd: StorageDir, paths: Sequence[str], now: datetime, *, has_gaps: bool
) -> dict[str, datetime]:
    """Since when each is unused. A look with gaps forgets what is used, and learns nothing new."""
    with bench.catalog.write() as writer:
        known = writer.notes.list_unused(sd.number)
        writer.notes.forget_unused(sd.number, known.keys() - set(paths))
        if not has_gaps:
            writer.notes.put_unused(sd.number, [path for path in paths if path not in known], now)
    return known


def _describe(
    bench: Workbench, sd: StorageDir, rows: Sequence[ImageFile], since: dict[str, datetime], now: datetime
) -> Iterator[UnusedFile]:
    with bench.catalog.read() as reader:
        images = [row.image_id for row in rows if row.image_id is not None]
        names = reader.origins.list_names_of_images(images)
    for row in rows:
        assert row.image_id is not None, "only files with an image are compared"
        first_seen = max(row.first_seen, row.mtime or row.first_seen)
        size_bytes = None if row.stamp is None else row.stamp.size_bytes
        yield UnusedFile(
            sd,
            row.path,
            row.image_id,
            size_bytes,
            first_seen,
            since.get(row.path, now),
            tuple(names.get(row.image_id, ())),
        )
