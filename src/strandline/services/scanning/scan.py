"""Scanning: a media folder is listed and the difference is written to the catalog (SPEC §6).

Look (one listing), decide (:func:`~strandline.model.listing.plan_difference`,
:func:`~strandline.model.states.after_listing`), do (batches, each one writer). The scan checks whether the SD is
online before the listing *and again after it*: an unmount may have cut the listing short, and then nothing is
concluded. What surprises: files come and go during the listing, and other threads register them. So for a *known*
file, a listing is only a hint to look again, after its row was read.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain, islice
from typing import TypeVar

from strandline.catalog.image_files.reader import KEYS_AT_ONCE
from strandline.catalog.port import Reader, Writer
from strandline.catalog.times import as_microseconds
from strandline.errors import StorageDirNotFoundError
from strandline.folders.disk_errors import explain_unlistable
from strandline.model.earlier_files import MOST_REMEMBERED
from strandline.model.events import ImageArriving, ImageEvent, StorageDirSuspect
from strandline.model.image_files import FileStamp, FileState, ImageFile, parse_stamp
from strandline.model.listing import (
    ONLINE_ONLY_LINE,
    Difference,
    FreshNames,
    MediaListing,
    drain,
    is_too_much_gone,
    name_of_known_line,
    plan_difference,
    say_too_much_gone,
    sort_names,
    split_line,
)
from strandline.model.name_ranges import EVERYTHING, NameRange
from strandline.model.remedies import say_add
from strandline.model.reports import ScanReport
from strandline.model.states import (
    DAMAGED_AFTER,
    HERE,
    Seen,
    after_listing,
    event_between,
    register_listed,
)
from strandline.model.storage_dirs import StorageDir, StorageDirQuestion, StorageDirState
from strandline.services.proving.conflict_copies import note_conflict_copies
from strandline.services.proving.prove import Outcome, ProofResult, prove_file
from strandline.services.scanning.account import OnProgress, ScanAccount
from strandline.services.scanning.ignored import drop_ignored, read_ignored
from strandline.services.scanning.last_scans import note_unlistable
from strandline.services.scanning.named_files import (
    count_sizes,
    drop_unknown,
    follow_moves,
    forget_copy,
    is_unsettled,
    may_have_moved,
    prove_settled,
    prove_unknown,
)
from strandline.services.storage_dirs.presence import move_to_state, reconsider, refresh
from strandline.services.trashing.trash import recover
from strandline.services.workbench import Workbench

T = TypeVar("T")

CANCEL_NOTICED_S = 0.1
"""How late a waiting scan notices that it was cancelled."""

PROVEN_AT_ONCE = 4
"""Each may take as much memory as ``read.max_memory_bytes`` says."""

PROVEN_TOGETHER = 64
"""How late a scan that proves several at once notices that it was cancelled: after as many files."""

__all__ = ["OnProgress", "scan_storage_dir"]


def scan_storage_dir(
    bench: Workbench,
    sd: StorageDir,
    *,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
    prove_arrivals: bool = True,
    prove_all: bool = True,
) -> ScanReport:
    """Scans one SD and writes what changed. A second scan right after it finds and writes nothing.

    With ``prove_arrivals``, it reads files that are new or changed since the last scan, and those that were still
    arriving. Otherwise the caller must read ``report.arrivals``. Files from the SD's very first scan stay unproven,
    for the verifier or the first reader; but if names say no ids, ``prove_all`` reads them, too. Single files that
    fail become findings.

    Cost: one ``scandir``, one ``lstat`` per file. Memory: about 150 bytes per file.

    Raises:
        StorageDirNotFoundError: The SD was forgotten.
        StrandlineError: The catalog failed. What was written before stays.
    """
    with bench.catalog.read() as reader:
        known = reader.sds.find_storage_dir(sd.number)
    if known is None:
        raise StorageDirNotFoundError(f"{sd.name!r} was forgotten; add it again: {say_add(sd.path)}")
    with _alone(bench, known, cancel) as is_alone:
        if not is_alone:
            return ScanReport(known, cancelled=True)
        started = bench.monotonic()
        known = (reconsider if known.is_unmarked else refresh)(bench, known)
        recover(bench, known)
        report = Scan(bench, known, on_progress, cancel, prove_arrivals, prove_all).run()
        report.seconds = bench.monotonic() - started
        return report


@contextmanager
def _alone(bench: Workbench, sd: StorageDir, cancel: threading.Event | None) -> Iterator[bool]:
    """Waits for another scan of the SD in this process, which would do the same work. Yields False if cancelled."""
    lock = bench.scan_locks.setdefault(sd.number, threading.Lock())
    while not lock.acquire(timeout=CANCEL_NOTICED_S):
        if cancel is not None and cancel.is_set():
            yield False
            return
    try:
        yield True
    finally:
        lock.release()


class Scan:
    """One scan of one SD, or of a part of it, step by step."""

    def __init__(
        self,
        bench: Workbench,
        sd: StorageDir,
        on_progress: OnProgress | None,
        cancel: threading.Event | None,
        prove_arrivals: bool,
        prove_all: bool,
    ) -> None:
        self.bench = bench
        self.sd = sd
        self.prove_arrivals = prove_arrivals
        self.prove_all = prove_all and prove_arrivals
        self.account = ScanAccount(bench, sd, on_progress, cancel)
        self.report = self.account.report
        self.folder = read_ignored(bench, sd)
        self.unlistable: str | None = None  # why, if the media folder exists but cannot be listed
        self.may_read = self.folder.may_be_read_unasked
        self.conflict_copies: list[str] = []
        self.come: Counter[str] = Counter()  # how many of the listed files are new or changed, by size

    def run(self) -> ScanReport:
        if not self.is_reachable("it cannot be read now"):
            return self.report
        self.account.started()
        is_first = not self.sd.first_scan_done and not self._count_known()
        listing = self._list(comparing=not is_first)
        self._set_sd(refresh(self.bench, self.sd))
        if self.is_reachable("it went away during the scan"):
            if listing is not None:
                self._take_in(listing, is_first=is_first)
            elif known := self._count_known():
                self._hold_unlisted(known)
        self.account.finished()
        return self.report

    def _count_known(self) -> int:
        with self.bench.catalog.read() as reader:
            return reader.files.count_rows(self.sd.number)

    def is_reachable(self, otherwise: str) -> bool:
        if not self.sd.is_reachable:
            self.account.add_finding(self.sd.state.value, self.sd.problem or otherwise)
        return self.sd.is_reachable

    def _set_sd(self, sd: StorageDir) -> None:
        self.sd = self.report.sd = sd

    def _list(self, *, comparing: bool) -> MediaListing | None:
        """The listing, or None if nothing can be concluded from the folder as it is."""
        try:
            return self.folder.list_images(comparing=comparing, on_progress=self.account.listing_progress)
        except FileNotFoundError:
            with self.bench.catalog.read() as reader:
                unaccepted = reader.files.count_unaccepted(self.sd.number)
            return None if unaccepted else MediaListing(set())
        except OSError as error:
            self.unlistable = explain_unlistable(error)
        self.account.add_finding("unreadable", self.unlistable)
        note_unlistable(self.bench, self.sd)
        return None

    def _take_in(self, listing: MediaListing, *, is_first: bool) -> None:
        self.account.total = len(listing.lines)
        self.account.note_odd(self.folder.layout, listing.odd)
        for path in listing.refused:
            self.account.add_finding(
                "unreadable",
                "the folder cannot be listed, so nothing is known about what is in it",
                filename=path,
            )
        if is_first:
            self._register_all(listing)
        else:
            self._apply_difference(listing)
        if self.report.cancelled:
            return
        if not self.sd.first_scan_done:
            with self.bench.catalog.write() as writer:
                writer.sds.mark_first_scan_done(self.sd.number)
        if self.may_read and self.sd.first_scan_done:
            self._find_earlier_arrivals()
        if self.may_read and self.prove_arrivals:
            unsettled = self.read_arrivals()
            if self.prove_all and not self.folder.layout.names_are_ids:
                unsettled += prove_unknown(self.bench, self.account, self.folder)
                prove_settled(self.bench, self.account, unsettled)
        if self.may_read:
            note_conflict_copies(self.bench, self.sd, self.conflict_copies, self.account.is_cancelled)
            self.account.note_unreadable(self.folder, listing.closed)
        with self.bench.catalog.read() as reader:
            self.account.note_damaged(reader.files.list_rows_in_state(self.sd.number, FileState.DAMAGED))
            self.report.arriving = reader.files.count_in_state(self.sd.number, FileState.ARRIVING)
        if not self.folder.layout.names_are_ids and self.report.found_changes:
            with self.bench.catalog.write() as writer:
                writer.earlier.forget_oldest(self.sd.number, keep=MOST_REMEMBERED)
        self.account.complete()

    def _register_all(self, listing: MediaListing) -> None:
        """The first scan: there are no rows yet, so nothing must be compared."""
        names = sort_names(self.folder.layout, (), listing.odd)
        if self.register_new(sorted(listing.lines), names):
            self.apply_seen((), [], names, vanishing_held=False)
            self._ignore(names)

    def register_new(self, lines: Iterable[str], names: FreshNames) -> bool:
        """Registers the images among lines that the catalog does not have, as a first scan does: they are no news.
        Returns whether the scan goes on.
        """
        layout = self.folder.layout
        files = (
            (layout.path_of(name), *wanted, stamp)
            for name, stamp in map(split_line, lines)
            if (wanted := names.split(name)) is not None
        )
        now_us = as_microseconds(self.bench.now())
        while batch := list(islice(files, self.bench.limits.scan_batch_files)):
            empty = [file for file in batch if file[3].startswith("0:")]
            full = [file for file in batch if not file[3].startswith("0:")] if empty else batch
            with self.bench.catalog.write() as writer:
                for some, state in ((full, FileState.PRESENT), (empty, FileState.ARRIVING)):
                    self.report.added += writer.files.insert_listed(self.sd.number, some, state, now_us)
            if not self.account.go_on(len(batch)):
                return False
        return True

    def _apply_difference(self, listing: MediaListing) -> None:
        layout = self.folder.layout
        difference, images, names = self.compare(listing)
        if not self.account.go_on(self.report.unchanged):
            return
        unlisted = {name_of_known_line(line) for line in drain(difference.stale)}
        unlisted.difference_update(names.evicted)
        unlisted.difference_update(split_line(line)[0] for line in images)
        if listing.refused:
            unlisted = {name for name in unlisted if not listing.is_refused(name)}
        unlisted -= drop_ignored(self.bench, self.sd, self.folder, unlisted)
        gone = self.list_gone(sorted(unlisted))
        if gone and not layout.names_are_ids:
            gone, images = follow_moves(self.bench, self.report, self.folder, gone, images)
            gone = drop_unknown(self.bench, self.report, self.folder, gone)
            self.come = count_sizes(self.folder, images)
        self.apply_seen(gone, images, names, vanishing_held=self.brake(gone, images))

    def compare(
        self, listing: MediaListing, asked: NameRange = EVERYTHING
    ) -> tuple[Difference, list[str], FreshNames]:
        """The difference between a listing of these names and the catalog, the lines of new and changed images, and
        all other names. Empties the listing.
        """
        layout = self.folder.layout
        with self.bench.catalog.snapshot() as reader:
            known = reader.files.iter_lines(
                self.sd.number, layout.images_folder, after=asked.after, through=asked.through
            )
            difference = plan_difference(listing.lines, known)
        listing.lines.clear()
        names = sort_names(layout, (), listing.odd)
        images = [line for line in drain(difference.fresh) if names.split(split_line(line)[0]) is not None]
        self.report.unchanged = difference.unchanged + self._drop_known_evictions(difference, names)
        self._ignore(names)
        return difference, images, names

    def _ignore(self, names: FreshNames) -> None:
        """Counts the names that are no images'. A conflict copy may still show one."""
        self.account.count_ignored(names)
        self.conflict_copies = names.conflict_copies

    def _drop_known_evictions(self, difference: Difference, names: FreshNames) -> int:
        """Drops files that are known to be in the cloud and still are. Returns how many."""
        known = [name for name in names.evicted if ONLINE_ONLY_LINE.format(name) in difference.stale]
        for name in known:
            difference.stale.discard(ONLINE_ONLY_LINE.format(name))
            del names.evicted[name]
        return len(known)

    def list_gone(self, unlisted: Sequence[str]) -> list[str]:
        """Those of the known names that are really gone, and did not arrive during the listing.

        A disk that folds case also finds a file by its old spelling. So if the second look finds a name that was not
        listed, the names themselves are listed again. Elsewhere, the second look is the stronger proof: a listing
        may be old, or cut short.
        """
        return self._keep_gone(unlisted, self.folder.look_again(unlisted))

    def _keep_gone(self, names: Iterable[str], again: Mapping[str, FileStamp | None]) -> list[str]:
        """Those of the names that a second look shows to be gone."""
        looked_at = [name for name in names if name in again]
        came = {name for name in looked_at if again[name] is not None}
        if came and self.folder.may_respell_names:
            with suppress(OSError):  # not listed now, so it did not just arrive
                came.intersection_update(self.folder.list_names())
        return [name for name in looked_at if name not in came]

    def brake(self, gone: Sequence[str], images: Sequence[str]) -> bool:
        """Whether absence is not believed now. Moves the SD to suspect or back to online."""
        accepted = moved = 0
        come = count_sizes(self.folder, images)
        with self.bench.catalog.read() as reader:
            for some in _batched(gone, KEYS_AT_ONCE):
                for row in self.find_rows(reader, some).values():
                    if row.absence_accepted:
                        accepted += 1
                    elif row.stamp is not None and come[size := str(row.stamp.size_bytes)] > 0:
                        come[size] -= 1  # perhaps it was moved: once the new file is proven, that is known
                        moved += 1
            absent = len(gone) - accepted - moved
            known = reader.files.count_expected(self.sd.number) - accepted if absent else 0
        if is_too_much_gone(absent, known):
            self._set_suspect(absent, known, say_too_much_gone(absent, known, self.sd))
            return True
        if self.sd.state is StorageDirState.SUSPECT:
            self._set_sd(move_to_state(self.bench, self.sd, StorageDirState.ONLINE, None))
        return False

    def apply_seen(
        self, gone: Sequence[str], images: list[str], names: FreshNames, *, vanishing_held: bool
    ) -> None:
        """Writes the gone, listed, and online-only files, batch by batch. Frees lines on the way."""
        seen = chain(((name, None) for name in gone), map(_see, drain(images)), names.evicted.items())
        while batch := list(islice(seen, self.bench.limits.scan_batch_files)):
            known = list(self._look_again(batch))
            with self.bench.catalog.write() as writer:
                for name, how, row in known:
                    if row is not None:
                        self._move(writer, row, how, vanishing_held=vanishing_held)
                    elif how is not None:
                        self._register(writer, name, how)
            if not self.account.go_on(len(batch)):
                return

    def _look_again(
        self, batch: Sequence[tuple[str, Seen | None]]
    ) -> Iterator[tuple[str, Seen | None, ImageFile | None]]:
        """The batch with its rows, and the current state of known files on disk, read *after* their rows.

        Otherwise a file that was proven during the listing would be judged by its earlier state, a leftover
        placeholder would hide the real file, and one that came back would be called missing. A file that is neither
        as listed nor as known is left to the next scan.
        """
        with self.bench.catalog.read() as reader:
            rows = self.find_rows(reader, [name for name, _ in batch])
        again = self.folder.look_again(rows)
        gone = set(self._keep_gone((name for name, seen in batch if seen is None), again))
        for name, seen in batch:
            row = rows.get(name)
            if row is None:
                yield name, seen, None
            elif seen is None:
                if name in gone:
                    yield name, None, row
            elif name in again:
                stamp = again[name]
                if stamp is not None:
                    yield name, Seen(stamp), row
                elif seen.online_only:
                    yield name, seen, row

    def find_rows(self, reader: Reader, names: Sequence[str]) -> dict[str, ImageFile]:
        """The rows of those of the names that have one."""
        layout = self.folder.layout
        rows = reader.files.find_rows(self.sd.number, list(map(layout.path_of, names)))
        return {layout.name_of(path): row for path, row in rows.items()}

    def _register(self, writer: Writer, name: str, seen: Seen) -> None:
        wanted = self.folder.layout.split(name)
        if wanted is None:
            return
        now = self.bench.now()
        row = register_listed(self.sd.number, self.folder.layout.path_of(name), *wanted, seen, now)
        if writer.files.insert_row(row, listed_first=not self.sd.first_scan_done):
            self.report.added += 1
            is_news = self.sd.first_scan_done  # an empty file is known to be arriving without a look
            self._tell(writer, row, event_between(None, row, self.sd.sd_id, now) if is_news else None)

    def _move(self, writer: Writer, row: ImageFile, seen: Seen | None, *, vanishing_held: bool) -> None:
        now = self.bench.now()
        new = after_listing(row, seen, now, vanishing_held=vanishing_held)
        if new.state is FileState.MISSING and not self.folder.layout.names_are_ids:
            if forget_copy(writer, row, now):
                self.report.changed += 1
                return
            if may_have_moved(writer, row, self.come):  # once the new file is proven, that is known
                new = after_listing(row, seen, now, vanishing_held=True)
        if new is not row and writer.files.update_row(row, new):
            self.account.count(row, new)
            self._tell(writer, new, event_between(row, new, self.sd.sd_id, now))

    def _tell(self, writer: Writer, row: ImageFile, event: ImageEvent | None) -> None:
        """Appends the event, and records an arrival: to be proven, or only announced if nothing may be read
        without a request.
        """
        is_unread = row.state in HERE and row.absent_since is None and not row.proof_is_current
        if is_unread and self.sd.first_scan_done:
            self.report.arrivals.append(self.folder.layout.name_of(row.path))
            if event is None and not self.may_read:
                event = ImageArriving(
                    at=self.bench.now(), sd_id=self.sd.sd_id, image_id=row.image_id, filename=row.filename,
                    path=row.path, state=FileState.ARRIVING,
                )  # fmt: skip
        if event is not None:
            writer.journal.append_event(event)

    def _find_earlier_arrivals(self) -> None:
        """Adds files that an earlier scan registered but nobody read: a program ended, or a disk went away."""
        with self.bench.catalog.read() as reader:
            unread = map(self.folder.layout.name_of, reader.files.list_arrivals(self.sd.number))
        self.report.arrivals = list(dict.fromkeys((*self.report.arrivals, *unread)))

    def read_arrivals(self) -> list[str]:
        """Reads the arrivals since the last scan, and looks again at files that were not right then.

        Returns the names of those that only have to be quiet.
        """
        unsettled: list[str] = []
        with self.bench.catalog.read() as reader:
            paths = reader.files.list_paths_in_state(
                self.sd.number, FileState.ARRIVING, empty_before=self.bench.now() - DAMAGED_AFTER
            )
        arriving = map(self.folder.layout.name_of, paths)
        for name, result in self._prove_each(list(dict.fromkeys((*self.report.arrivals, *arriving)))):
            if result.outcome is Outcome.UNREADABLE:
                self.account.add_finding("unreadable", result.reason, result.row, name)
            if is_unsettled(result):
                unsettled.append(name)
        return unsettled

    def _prove_each(self, names: Sequence[str]) -> Iterator[tuple[str, ProofResult]]:
        """Each name with its result, which has no bytes, until the scan is cancelled. Where reads wait for a network,
        some are made at the same time.
        """

        def prove(name: str) -> ProofResult:
            return replace(prove_file(self.bench, self.sd, name), copy=None)

        at_once = min(self.folder.reads_at_once, PROVEN_AT_ONCE)
        if at_once < 2 or len(names) < 2:
            for name in names:
                if self.account.is_cancelled():
                    return
                yield name, prove(name)
            return
        from concurrent.futures import ThreadPoolExecutor  # here: few places need it

        with ThreadPoolExecutor(at_once, "strandline-prove") as threads:
            for some in _batched(names, PROVEN_TOGETHER):
                if self.account.is_cancelled():
                    return
                yield from zip(some, threads.map(prove, some), strict=True)

    def _hold_unlisted(self, known: int) -> None:
        """No conclusion can be drawn from a media folder that cannot be listed, nor is a missing one believed."""
        if self.unlistable is None:
            self._set_suspect(known, known, say_too_much_gone(known, known, self.sd))
        else:
            held = "nothing is taken for missing until it can be listed"
            self._set_suspect(0, known, f"{self.unlistable}; {held}", finding=held)

    def _set_suspect(self, absent: int, known: int, problem: str, *, finding: str | None = None) -> None:
        self.account.add_finding("suspect", finding or problem)
        event = StorageDirSuspect(
            at=self.bench.now(), sd_id=self.sd.sd_id, name=self.sd.name, path=self.sd.path,
            absent=absent, known=known,
        )  # fmt: skip
        question = StorageDirQuestion.ACCEPT_ABSENCES if absent else None
        suspect = StorageDirState.SUSPECT
        self._set_sd(move_to_state(self.bench, self.sd, suspect, problem, question, event=event))


def _see(line: str) -> tuple[str, Seen | None]:
    name, stamp = split_line(line)
    return name, Seen(parse_stamp(stamp))


def _batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
