"""Proving the files of a range of paths: many are read at the same time, and recorded together (SPEC §25).

The rules are those of :mod:`~strandline.services.proving.prove`, which also gets each file that they alone cannot
settle. The next files are read while the last ones are recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from strandline.errors import (
    DecodingInterruptedError,
    DiskError,
    ImageTooLargeError,
)
from strandline.model.image_files import FileState, ImageFile
from strandline.model.name_ranges import NameRange
from strandline.model.reports import Finding
from strandline.model.states import after_look, event_between
from strandline.model.storage_dirs import StorageDir
from strandline.services.proving.conflict_copies import note_copies_of
from strandline.services.proving.prove import (
    Outcome,
    ProofResult,
    look_at,
    prove_file,
    remember_bytes,
)
from strandline.services.storage_dirs.presence import check_reachable
from strandline.services.workbench import Workbench

FILES_AT_ONCE = 64
"""Recorded in one transaction. Each takes a round trip to the catalog, which others may wait for."""


def prove_range(
    bench: Workbench,
    sd: StorageDir,
    names: NameRange,
    *,
    only_arrivals: bool,
    go_on: Callable[[int], bool],
) -> list[Finding] | None:
    """Proves the files of the range that have no current proof. Safe to repeat, also in several processes at once.

    Cost: one statement, one transaction, and as many reads for each 64 files.

    Args:
        bench: The tools.
        sd: The storage directory.
        names: The paths.
        only_arrivals: Leave out what the first scan listed.
        go_on: Called with the number of files that were looked at since the last call. False ends it.

    Returns:
        The files that could not be read, or None if ``go_on`` ended it.

    Raises:
        StorageDirOfflineError: Files could not be read because the storage directory cannot be reached.
    """
    findings: list[Finding] = []
    at_once = max(bench.folder(sd).reads_at_once, 1)
    with ThreadPoolExecutor(at_once, "strandline-prove") as threads:
        for rows, looks in _iter_looks(bench, sd, names, threads, only_arrivals=only_arrivals):
            results = _record(bench, sd, rows, [look.result() for look in looks])
            if only_arrivals:
                _note_arrivals(bench, rows, results)
            unreadable = [
                Finding("unreadable", result.reason, row.filename, row.image_id)
                for row, result in zip(rows, results, strict=True)
                if result.outcome is Outcome.UNREADABLE
            ]
            if unreadable:
                check_reachable(bench, sd)
            findings += unreadable
            for row, result in zip(rows, results, strict=True):
                if result.outcome is Outcome.BAD:
                    note_copies_of(bench, sd, row.image_id)
            if not go_on(len(rows)):
                return None
    return findings


def _note_arrivals(bench: Workbench, rows: Sequence[ImageFile], results: Sequence[ProofResult]) -> None:
    now = bench.now()
    for row, result in zip(rows, results, strict=True):
        if result.outcome is Outcome.GOOD and row.proof is None:
            bench.note_arrival(max((now - row.first_seen).total_seconds(), 0.0))


def _iter_looks(
    bench: Workbench, sd: StorageDir, names: NameRange, threads: ThreadPoolExecutor, *, only_arrivals: bool
) -> Iterator[tuple[list[ImageFile], list[Future[ProofResult]]]]:
    """The rows, some at a time, with what is being read of them. The next ones are begun before these are given."""
    begun: tuple[list[ImageFile], list[Future[ProofResult]]] | None = None
    after = names.after
    while True:
        with bench.catalog.read() as reader:
            rows = reader.ranges.list_unproven(
                sd.number, after, names.through, limit=FILES_AT_ONCE, only_arrivals=only_arrivals
            )
        coming = (rows, [threads.submit(_look, bench, sd, row) for row in rows])
        if begun is not None:
            try:
                yield begun
            except GeneratorExit:
                for look in coming[1]:
                    look.cancel()
                raise
        if not rows:
            return
        begun, after = coming, rows[-1].path


def _look(bench: Workbench, sd: StorageDir, row: ImageFile) -> ProofResult:
    """What the row becomes by its bytes. ``CHANGING`` if it must be looked at alone. Keeps no bytes."""
    folder = bench.folder(sd)
    if not folder.layout.names_are_ids or folder.keeps_ctimes:
        return ProofResult(Outcome.CHANGING)
    try:
        reading = folder.read_image(folder.layout.name_of(row.path))
        if reading.copy.changed_while_read or reading.is_replaced:
            return ProofResult(Outcome.CHANGING)
        now = bench.now()
        look = look_at(bench, row, reading.copy, now, folder.layout, folder)
    except FileNotFoundError:
        return ProofResult(Outcome.GONE, reason="the file is no longer there")
    except TimeoutError as error:
        return ProofResult(Outcome.UNREADABLE, reason=f"its disk gave {error}")
    except (ImageTooLargeError, DiskError, DecodingInterruptedError) as error:
        return ProofResult(Outcome.UNREADABLE, reason=error.message)
    new = after_look(row, look, now, folder.layout)
    good = new.state is FileState.PRESENT
    return ProofResult(Outcome.GOOD if good else Outcome.BAD, new, reason=look.reason)


def _record(
    bench: Workbench, sd: StorageDir, rows: Sequence[ImageFile], results: list[ProofResult]
) -> list[ProofResult]:
    """Writes the rows that have changed, with their events, in one transaction. Rows that others have changed
    meanwhile are looked at again.
    """
    alone: list[int] = []
    now = bench.now()
    with bench.catalog.write() as writer:
        for place, (old, result) in enumerate(zip(rows, results, strict=True)):
            new = result.row
            if result.outcome is Outcome.CHANGING:
                alone.append(place)
            elif new is None or new is old:
                continue
            elif not writer.files.update_row(old, new):
                alone.append(place)
            else:
                remember_bytes(writer, old, new, now)
                if (event := event_between(old, new, sd.sd_id, now)) is not None:
                    writer.journal.append_event(event)
    for place in alone:
        name = bench.folder(sd).layout.name_of(rows[place].path)
        proven = prove_file(bench, sd, name)
        results[place] = ProofResult(proven.outcome, proven.row, None, proven.reason)
    return results
