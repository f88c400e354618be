"""Scanning: a media folder is listed and the difference is written to the catalog (SPEC §6, phase 2).

Look (one listing), decide (:func:`~strandline.model.listing.plan_difference`,
:func:`~strandline.model.states.after_listing`), do (batches, each one transaction). Whether the SD is online is
asked before the listing *and again after it*: nothing is concluded from a listing that an unmount may have cut
short. What surprises: a scan opens no image, except to prove what arrived since the last one; and a scan that
finds nothing writes nothing.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from strandline.catalog import image_files, journal, storage_dirs
from strandline.catalog.database import Transaction
from strandline.catalog.times import as_microseconds
from strandline.folders.filesystems import MountKind
from strandline.folders.media_folder import list_media_folder, probe_names
from strandline.model.events import ScanFinished, ScanProgress, ScanStarted, StorageDirSuspect
from strandline.model.image_files import FileState, ImageFile, parse_stamp
from strandline.model.listing import (
    ONLINE_ONLY_LINE,
    Difference,
    FreshNames,
    MediaListing,
    OddEntry,
    OddKind,
    is_too_much_gone,
    name_of_known_line,
    plan_difference,
    sort_names,
    split_line,
)
from strandline.model.media_names import split_wanted_name
from strandline.model.reports import Finding, ScanReport
from strandline.model.states import EXPECTED, HERE, Seen, after_listing, event_between, register_listed
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.services.online import move_to_state, refresh
from strandline.services.prove import Outcome, prove_file
from strandline.services.workbench import Workbench

T = TypeVar("T")
OnProgress = Callable[[StorageDir, int, int], None]
"""Called with the SD, the files handled, and the files in all (0 while that is unknown)."""


def scan_storage_dir(
    bench: Workbench,
    sd: StorageDir,
    *,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
    prove_arrivals: bool = True,
) -> ScanReport:
    """Scans one SD and writes what changed; a second scan right after it finds and writes nothing.

    ``prove_arrivals`` reads what is new or changed since the last scan, and what was still arriving; else the caller
    is to read ``report.arrivals``. What the very first scan of an SD registers stays unproven, for the verifier or
    the first reader. Single files that fail are findings.

    Cost: one ``scandir``, one ``lstat`` a file. Memory: about 150 bytes a file.

    Raises:
        StrandlineError: The catalog failed. What was written by then stands.
    """
    scan = _Scan(bench, refresh(bench, sd), on_progress, cancel, prove_arrivals)
    started = bench.monotonic()
    scan.run()
    scan.report.seconds = bench.monotonic() - started
    return scan.report


class _Scan:
    """One scan of one SD, step by step."""

    def __init__(
        self,
        bench: Workbench,
        sd: StorageDir,
        on_progress: OnProgress | None,
        cancel: threading.Event | None,
        prove_arrivals: bool,
    ) -> None:
        self.bench = bench
        self.sd = sd
        self.on_progress = on_progress
        self.cancel = cancel
        self.prove_arrivals = prove_arrivals
        self.report = ScanReport(sd)
        self.total = 0
        self.done = 0

    def run(self) -> None:
        if not self.sd.is_reachable:
            self._add_finding(self.sd.state.value, self.sd.problem or "it cannot be read now")
            return
        self.bench.announce(ScanStarted(at=self.bench.now(), sd_id=self.sd.sd_id))
        with self.bench.catalog.read() as conn:
            known_count = image_files.count_rows(conn, self.sd.number)
        listing = self._list(known_count)
        self.sd = self.report.sd = refresh(self.bench, self.sd)
        if not self.sd.is_reachable:
            self._add_finding(self.sd.state.value, self.sd.problem or "it went away during the scan")
            return
        if listing is None:
            if known_count:
                self._set_suspect(known_count, known_count)
            return
        self.total = len(listing.lines)
        if known_count:
            self._apply_difference(listing)
        else:
            self._register_all(listing)
        if not self.report.cancelled:
            self._finish()

    def _list(self, known_count: int) -> MediaListing | None:
        bench, sd = self.bench, self.sd
        keeps_inodes = bench.keeps_inodes(sd)
        on_progress = None if self.on_progress is None else lambda done: self._tell(done, 0)
        try:
            return list_media_folder(
                sd.path, keeps_inodes=keeps_inodes, comparing=known_count > 0, on_progress=on_progress
            )
        except FileNotFoundError:
            with bench.catalog.read() as conn:
                unaccepted = image_files.count_unaccepted(conn, sd.number)
            return None if unaccepted else MediaListing(set() if known_count else [])
        except NotADirectoryError:
            self._add_finding(
                "unreadable", "'media' is not a folder; rename it, so that images can be kept there"
            )
        except OSError as error:
            what = (
                "a link, which is never followed"
                if error.errno == errno.ELOOP
                else f"unreadable: {error.strerror}"
            )
            self._add_finding("unreadable", f"the media folder is {what}")
        return None

    def _register_all(self, listing: MediaListing) -> None:
        """The first scan: no row exists, so nothing has to be compared."""
        names = sort_names((), listing.odd)
        self._note_odd(listing.odd)
        files = (
            (name, *wanted, stamp)
            for name, stamp in map(split_line, sorted(listing.lines))
            if (wanted := self._split_or_sort(names, name)) is not None
        )
        now_us = as_microseconds(self.bench.now())
        while batch := list(islice(files, self.bench.limits.scan_batch_files)):
            empty = [file for file in batch if file[3].startswith("0:")]
            full = [file for file in batch if not file[3].startswith("0:")] if empty else batch
            with self.bench.catalog.write() as transaction:
                for some, state in ((full, FileState.PRESENT), (empty, FileState.ARRIVING)):
                    image_files.insert_listed(transaction, self.sd.number, some, state, now_us)
            self.report.added += len(batch)
            if not self._go_on(len(batch)):
                return
        self._apply_seen((), names.evicted, names, vanishing_held=False)
        self._count_ignored(names)

    def _split_or_sort(self, names: FreshNames, name: str) -> tuple[str, str] | None:
        wanted = split_wanted_name(name)
        if wanted is None:
            names.add_unwanted(name)
        return wanted

    def _apply_difference(self, listing: MediaListing) -> None:
        with self.bench.catalog.snapshot() as conn:
            difference = plan_difference(listing.lines, image_files.iter_lines(conn, self.sd.number))
        names = sort_names(difference.fresh, listing.odd)
        self._note_odd(listing.odd)
        self.report.unchanged = difference.unchanged
        self.done = difference.unchanged
        self._drop_known_evictions(difference, names)
        stale = {name_of_known_line(line) for line in difference.stale}
        gone = sorted(stale - names.images.keys() - names.evicted.keys())
        held = self._brake(gone)
        self._apply_seen(gone, names.evicted, names, vanishing_held=held)
        self._count_ignored(names)

    def _drop_known_evictions(self, difference: Difference, names: FreshNames) -> None:
        """Files that are known to be in the cloud and still are: unchanged."""
        for name in [name for name in names.evicted if ONLINE_ONLY_LINE.format(name) in difference.stale]:
            difference.stale.discard(ONLINE_ONLY_LINE.format(name))
            del names.evicted[name]
            self.report.unchanged += 1

    def _brake(self, gone: Sequence[str]) -> bool:
        """Whether absence is not believed now; moves the SD to suspect or back to online."""
        unaccepted = 0
        with self.bench.catalog.read() as conn:
            expected = image_files.count_expected(conn, self.sd.number)
            for some in _batched(gone, image_files.KEYS_AT_ONCE):
                rows = image_files.find_rows(conn, self.sd.number, some).values()
                unaccepted += sum(not row.absence_accepted for row in rows)
        if is_too_much_gone(unaccepted, expected):
            self._set_suspect(unaccepted, expected)
            return True
        if self.sd.state is StorageDirState.SUSPECT:
            self.sd = self.report.sd = move_to_state(self.bench, self.sd, StorageDirState.ONLINE, None)
        return False

    def _apply_seen(
        self, gone: Sequence[str], evicted: dict[str, Seen], names: FreshNames, *, vanishing_held: bool
    ) -> None:
        seen: list[tuple[str, Seen | None]] = [(name, None) for name in gone]
        seen += [(name, Seen(parse_stamp(stamp))) for name, stamp in names.images.items()]
        seen += [(name, how) for name, how in evicted.items() if name not in names.images]
        for batch in _batched(seen, self.bench.limits.scan_batch_files):
            with self.bench.catalog.write() as transaction:
                for name, how, row in self._with_rows(transaction, batch):
                    self._apply_one(transaction, name, how, row, vanishing_held=vanishing_held)
            if not self._go_on(len(batch)):
                return

    def _with_rows(
        self, transaction: Transaction, batch: Sequence[tuple[str, Seen | None]]
    ) -> Iterator[tuple[str, Seen | None, ImageFile | None]]:
        rows = image_files.find_rows(transaction.conn, self.sd.number, [name for name, _ in batch])
        for name, how in batch:
            yield name, how, rows.get(name)

    def _apply_one(
        self,
        transaction: Transaction,
        name: str,
        seen: Seen | None,
        row: ImageFile | None,
        *,
        vanishing_held: bool,
    ) -> None:
        now = self.bench.now()
        if row is None:
            if seen is not None and (wanted := split_wanted_name(name)) is not None:
                new = register_listed(self.sd.number, name, *wanted, seen, now)
                if image_files.insert_row(transaction, new):
                    self.report.added += 1
                    self._note_arrival(new)
            return
        if seen is not None and seen.online_only and row.state in HERE and self._is_here(name):
            return  # a placeholder that was left behind beside the real file
        new = after_listing(row, seen, now, vanishing_held=vanishing_held)
        if new is row or not image_files.update_row(transaction, row, new):
            return
        self._count(row, new)
        event = event_between(row, new, self.sd.sd_id, now)
        if event is not None:
            journal.append_event(transaction, event)
        self._note_arrival(new)

    def _is_here(self, name: str) -> bool:
        return bool(probe_names(self.sd.path, [name], keeps_inodes=True))

    def _note_arrival(self, row: ImageFile) -> None:
        is_arrival = self.sd.first_scan_done and not row.proof_is_current
        if is_arrival and row.state in HERE and row.absent_since is None:
            self.report.arrivals.append(row.filename)

    def _count(self, old: ImageFile, new: ImageFile) -> None:
        report = self.report
        if new.state is FileState.MISSING:
            report.missing += 1
        elif new.absent_since is not None:
            report.absent += 1
        elif old.absent_since is not None or old.state not in EXPECTED:
            report.returned += 1
        else:
            report.changed += 1

    def _finish(self) -> None:
        report = self.report
        with self.bench.catalog.read() as conn:
            arriving = image_files.list_rows_in_state(conn, self.sd.number, FileState.ARRIVING)
            damaged = image_files.list_rows_in_state(conn, self.sd.number, FileState.DAMAGED)
        for row in damaged:
            self._add_finding("damaged", "its bytes are broken and have not changed for a day", row)
        first = not self.sd.first_scan_done
        if report.found_changes or first:
            with self.bench.catalog.write() as transaction:
                if first:
                    storage_dirs.mark_first_scan_done(transaction, self.sd.number)
                if report.found_changes:
                    journal.append_event(transaction, self._finished())
        if self.prove_arrivals:
            looked_at = set(report.arrivals) | {
                row.filename for row in arriving if row.stamp is not None and row.stamp.size_bytes
            }
            self._prove(sorted(looked_at))
        with self.bench.catalog.read() as conn:
            report.arriving = len(image_files.list_rows_in_state(conn, self.sd.number, FileState.ARRIVING))

    def _prove(self, filenames: Sequence[str]) -> None:
        if self.bench.mount_at(self.sd.path).kind in (MountKind.FUSE, MountKind.WEBDAV):
            return
        for filename in filenames:
            if self.cancel is not None and self.cancel.is_set():
                self.report.cancelled = True
                return
            result = prove_file(self.bench, self.sd, filename)
            if result.outcome is Outcome.UNREADABLE:
                self._add_finding("unreadable", result.reason, result.row, filename)

    def _finished(self) -> ScanFinished:
        report = self.report
        return ScanFinished(
            at=self.bench.now(), sd_id=self.sd.sd_id, added=report.added, changed=report.changed,
            absent=report.absent, missing=report.missing, returned=report.returned,
        )  # fmt: skip

    def _note_odd(self, odd: Iterable[OddEntry]) -> None:
        for entry in odd:
            if entry.kind is OddKind.UNREADABLE:
                self._add_finding("unreadable", "the system refuses to describe it", filename=entry.name)
            elif entry.kind is not OddKind.DATALESS and split_wanted_name(entry.name) is not None:
                kind = "symlink" if entry.kind is OddKind.SYMLINK else "not-a-file"
                message = f"a {entry.kind.value} has the name of an image; it is never followed or opened"
                self._add_finding(kind, message, filename=entry.name)

    def _count_ignored(self, names: FreshNames) -> None:
        report = self.report
        report.conflict_copies = len(names.conflict_copies)
        report.placeholders_unparsed = len(names.placeholders_unparsed)
        report.temporaries = len(names.temporaries)
        report.strays = len(names.strays)

    def _set_suspect(self, absent: int, known: int) -> None:
        problem = (
            f"{absent} of {known} known images are gone at once; that is rarely meant, so none is taken for "
            "missing. If it is meant, say so with 'strandline sd confirm'"
        )
        self._add_finding("suspect", problem)
        event = StorageDirSuspect(
            at=self.bench.now(), sd_id=self.sd.sd_id, name=self.sd.name, path=self.sd.path,
            absent=absent, known=known,
        )  # fmt: skip
        self.sd = self.report.sd = move_to_state(self.bench, self.sd, StorageDirState.SUSPECT, problem, event)

    def _go_on(self, handled: int) -> bool:
        self.done += handled
        self._tell(self.done, self.total)
        if self.cancel is not None and self.cancel.is_set():
            self.report.cancelled = True
        return not self.report.cancelled

    def _tell(self, done: int, total: int) -> None:
        if self.on_progress is not None:
            self.on_progress(self.sd, done, total)
        self.bench.announce(ScanProgress(at=self.bench.now(), sd_id=self.sd.sd_id, done=done, total=total))

    def _add_finding(
        self, kind: str, message: str, row: ImageFile | None = None, filename: str | None = None
    ) -> None:
        name = filename if row is None else row.filename
        self.report.findings.append(Finding(kind, message, name, None if row is None else row.image_id))


def _batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
