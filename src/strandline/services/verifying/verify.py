"""Verifying: files are read again and compared with what they were (SPEC §17).

A file that was proven is only hashed, several at a time. One with other bytes, and one that was never proven or
failed before, is proven (``proving``), which decides what it is now. Each page is recorded, so a verification that
ends early goes on where it was.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from strandline.errors import DiskError, ImageTooLargeError
from strandline.model.amounts import find_begin
from strandline.model.byte_budget import ByteBudget
from strandline.model.image_files import FileState, ImageFile
from strandline.model.name_ranges import NameRange
from strandline.model.states import find_stale_date
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.values import dataclass
from strandline.model.verification import (
    DECAYED,
    FAULT_OF_STATE,
    AlteredFile,
    Fault,
    NotVerified,
    VerifyFinding,
    VerifyReport,
    was_altered,
)
from strandline.services.proving.decay import has_image_decayed
from strandline.services.proving.prove import Outcome, prove_file
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.presence import check_reachable, refresh_storage_dirs
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.folders.port import Folder

FILES_AT_ONCE = 256
"""Files of one page: read together, and recorded in one transaction."""

PAUSE_S = 0.5
"""Between two questions whether the budget allows more."""

OnVerified = Callable[[StorageDir, int, int, int], None]
"""Called with the storage directory, its files that were read, all that are to be read, and the bytes so far."""


def count_threads() -> int:
    """How many files are read at the same time: hashing uses a processor, and the disk is busy meanwhile."""
    return min(8, (os.cpu_count() or 1) + 1)


def read_at_most(
    bench: Workbench, bytes_per_hour: int | None, cancel: threading.Event | None
) -> Callable[[int], bool]:
    """Waits before each file, so that no more is read in an hour; False if it is cancelled meanwhile. None is no
    limit.
    """
    if bytes_per_hour is None:
        return lambda _: True
    budget = ByteBudget(bytes_per_hour, bench.monotonic())

    def may_read(size_bytes: int) -> bool:
        while not budget.try_spend(size_bytes, bench.monotonic()):
            if cancel is not None and cancel.is_set():
                return False
            bench.sleep(PAUSE_S)
        return True

    return may_read


def verify_storage_dirs(
    bench: Workbench,
    sds: Iterable[StorageDir],
    *,
    older_than: timedelta,
    may_fetch: bool = False,
    may_read: Callable[[int], bool] = lambda _: True,
    on_verified: OnVerified | None = None,
    cancel: threading.Event | None = None,
) -> VerifyReport:
    """Reads the files that were not read for so long, and those that failed before. Records what it finds.

    Cost: a scan of each storage directory, and one read of each such file, several at a time. Memory: the files that
    are read at once, in pieces of 1 MiB.

    Args:
        may_fetch: Whether it may read through mounts that would download from a cloud. Files whose bytes are only in
            the cloud are never read.
        may_read: Called before each file with its size in bytes. False ends the verification.
        cancel: Ends it after the files that are being read.
    """
    verification = Verification(bench, older_than, may_read, on_verified or (lambda *_: None), cancel)
    started = bench.monotonic()
    for sd in sds:
        if not verification.is_over:
            scanned = scan_storage_dir(bench, sd, cancel=cancel, prove_arrivals=False).sd
            verification.verify(scanned, may_fetch=may_fetch)
    return VerifyReport(
        checked=verification.checked,
        ok=verification.ok,
        size_bytes=verification.size_bytes,
        fresh=verification.fresh,
        findings=tuple(verification.findings),
        not_verified=tuple(verification.not_verified),
        seconds=round(bench.monotonic() - started, 3),
        is_complete=not verification.is_over,
    )


def verify_range(
    bench: Workbench,
    sd: StorageDir,
    names: NameRange,
    *,
    older_than: timedelta,
    go_on: Callable[[int], bool],
    cancel: threading.Event,
) -> list[VerifyFinding] | None:
    """The same for the files of a range of paths, without a scan, and whatever kind of place it is.

    ``go_on`` is called with the number of files that were read since the last call. Returns None if that or
    ``cancel`` ended it. What was read until then is recorded.

    Raises:
        StorageDirOfflineError: Files are gone or could not be read because the storage directory cannot be reached.
    """
    verification = Verification(bench, older_than, lambda _: True, lambda *_: None, cancel)
    folder, after, before = bench.folder(sd), names.after, find_begin(older_than, bench.now())
    with bench.catalog.read() as reader:
        verification.altered = {each.path for each in reader.earlier.list_altered(sd.number)}
    at_once = max(count_threads(), folder.reads_at_once)
    with ThreadPoolExecutor(at_once, thread_name_prefix="verify") as threads:
        while not verification.is_over:
            with bench.catalog.read() as reader:
                rows = reader.ranges.list_to_verify(
                    sd.number, before, after=after, through=names.through, limit=FILES_AT_ONCE
                )
            if not rows:
                return verification.findings
            after = rows[-1].path
            if not verification.verify_page(sd, folder, rows, threads):
                check_reachable(bench, sd)
            if not go_on(len(rows)):
                break
    return None


@dataclass(slots=True)
class Verification:
    """One verification, of one storage directory after the other, and what it has found until now."""

    bench: Workbench
    older_than: timedelta
    may_read: Callable[[int], bool]
    on_verified: OnVerified
    cancel: threading.Event | None
    is_background: bool = False
    """Only files that are present: the watcher looks after the others, and nobody reads a list of them."""
    checked: int = 0
    ok: int = 0
    size_bytes: int = 0
    fresh: int = 0
    findings: list[VerifyFinding] = field(default_factory=list)
    not_verified: list[NotVerified] = field(default_factory=list)
    is_over: bool = False
    gone: int = 0
    """Files of the storage directory that were gone when it was their turn."""
    changing: int = 0
    """Those that were being written."""
    altered: set[str] = field(default_factory=set)
    """Paths of the storage directory whose files are known to be altered."""

    def verify(self, sd: StorageDir, *, may_fetch: bool) -> None:
        """One storage directory."""
        if not sd.is_reachable:
            self.not_verified.append(NotVerified(sd, None, f"it is {sd.state.value}: {sd.problem}"))
            return
        folder = self.bench.folder(sd)
        before = find_begin(self.older_than, self.bench.now())
        with self.bench.catalog.read() as reader:
            wanted, total = reader.files.count_to_verify(sd.number, before)
            gone = reader.files.list_rows_in_state(sd.number, FileState.MISSING)
            self.altered = {each.path for each in reader.earlier.list_altered(sd.number)}
            online_only = reader.files.count_of_each([sd.number])[sd.number].noteworthy.get("online-only", 0)
        if not may_fetch and not folder.may_be_read_unasked:
            reason = "reading it may download from a cloud; name it to have it read"
            self.not_verified.append(NotVerified(sd, total, reason))
            return
        if online_only:
            self.not_verified.append(NotVerified(sd, online_only, "their bytes are only in the cloud"))
        if sd.state is StorageDirState.ONLINE and not self.is_background:
            self.findings += [_missing(sd, row) for row in gone]
        done_before, self.gone, self.changing = self.checked, 0, 0
        away = self._read_pages(sd, folder, before, wanted)
        if away is not None:
            self.not_verified.append(NotVerified(sd, None, away))
        if self.changing:
            self.not_verified.append(NotVerified(sd, self.changing, "they were being written"))
        if away is not None or self.is_over:
            self.fresh += total - wanted
        else:  # others may have read some of them meanwhile
            self.fresh += max(total - (self.checked - done_before) - self.gone - self.changing, 0)
        self._recall_altered(sd)

    def _read_pages(self, sd: StorageDir, folder: Folder, before: datetime, wanted: int) -> str | None:
        """Reads the files that are due, page by page. Returns why the storage directory is away, if that ended it, or
        why nobody believes that so many files are gone.
        """
        done_before = self.checked
        at_once = max(count_threads(), folder.reads_at_once)
        with ThreadPoolExecutor(at_once, thread_name_prefix="verify") as threads:
            for rows in self._iter_pages(sd, before):
                told = len(self.findings)
                away = None if self.verify_page(sd, folder, rows, threads) else self._find_why_away(sd)
                if away is not None:
                    self._take_back_unreadable(told)
                    return away
                self.on_verified(sd, self.checked - done_before, wanted, self.size_bytes)
                if self.is_over:
                    return None
        return self._find_why_doubtful(sd) if self.gone and not self.is_background else None

    def _find_why_away(self, sd: StorageDir) -> str | None:
        """Why the storage directory is not there any more, if it is not. Cost: as ``refresh``."""
        now = next(iter(refresh_storage_dirs(self.bench, sds=[sd])), None)
        if now is None:
            return "it was forgotten meanwhile"
        return None if now.is_reachable else f"it is {now.state.value}: {now.problem}"

    def _find_why_doubtful(self, sd: StorageDir) -> str | None:
        """Why nobody believes that its files are gone, if so. Cost: one listing."""
        now = scan_storage_dir(self.bench, sd, cancel=self.cancel, prove_arrivals=False).sd
        is_doubtful = now.state is not StorageDirState.ONLINE and now.state is not sd.state
        return f"it is {now.state.value}: {now.problem}" if is_doubtful else None

    def _take_back_unreadable(self, told: int) -> None:
        """Drops what was found of files that could not be read because the storage directory went away."""
        found = self.findings[told:]
        self.findings[told:] = [each for each in found if each.fault is not Fault.UNREADABLE]
        self.checked -= told + len(found) - len(self.findings)

    def _iter_pages(self, sd: StorageDir, before: datetime) -> Iterator[list[ImageFile]]:
        after = ""
        while True:
            with self.bench.catalog.read() as reader:
                rows = reader.ranges.list_to_verify(sd.number, before, after=after, limit=FILES_AT_ONCE)
            if not rows:
                return
            after = rows[-1].path
            yield [row for row in rows if row.state is FileState.PRESENT or not self.is_background]

    def verify_page(
        self, sd: StorageDir, folder: Folder, rows: Sequence[ImageFile], threads: ThreadPoolExecutor
    ) -> bool:
        """Reads these files, and records what they are. False if some were gone or could not be read: the storage
        directory may be away.
        """
        allowed = list(self._take_allowed(rows))
        good: list[ImageFile] = []
        all_read = True
        for row, verdict in zip(
            allowed, threads.map(lambda row: self._hash(folder, row), allowed), strict=True
        ):
            outcome = Outcome.GOOD if verdict else self._prove(sd, folder, row)
            all_read = all_read and outcome not in (Outcome.GONE, Outcome.UNREADABLE)
            self.gone += outcome is Outcome.GONE
            self.changing += outcome is Outcome.CHANGING
            if outcome in (Outcome.GONE, Outcome.CHANGING):
                continue
            self.checked += 1
            self.size_bytes += 0 if row.stamp is None else row.stamp.size_bytes
            if verdict:
                good.append(row)
                self.ok += row.path not in self.altered
        if good:
            with self.bench.catalog.write() as writer:
                writer.files.note_verified(good, self.bench.now())
        return all_read

    def _take_allowed(self, rows: Sequence[ImageFile]) -> Iterator[ImageFile]:
        for row in rows:
            is_cancelled = self.cancel is not None and self.cancel.is_set()
            if is_cancelled or not self.may_read(0 if row.stamp is None else row.stamp.size_bytes):
                self.is_over = True
                return
            yield row

    def _hash(self, folder: Folder, row: ImageFile) -> bool:
        """Whether the file has the bytes of its proof. False if that must be looked at more closely."""
        if row.state is not FileState.PRESENT or row.proof is None or not row.proof_is_current:
            return False
        try:
            hashed = folder.hash_image(
                folder.layout.name_of(row.path), limit_bytes=self.bench.limits.read_max_bytes
            )
        except (OSError, DiskError, ImageTooLargeError):
            return False
        return hashed.sha256 == row.proof.sha256 and not hashed.changed_while_read

    def _prove(self, sd: StorageDir, folder: Folder, row: ImageFile) -> Outcome:
        """Reads the file once more, lets the rules of states decide, and reports what is wrong with it."""
        result = prove_file(self.bench, sd, folder.layout.name_of(row.path))
        match result.outcome:
            case Outcome.GONE | Outcome.CHANGING:
                pass  # the next scan notes it; the watcher looks at it
            case Outcome.UNREADABLE:
                self._find(sd, row, Fault.UNREADABLE, result.reason)
            case Outcome.GOOD if result.row is not None and was_altered(row, result.row):
                assert row.proof is not None
                assert row.stamp is not None
                with self.bench.catalog.write() as writer:
                    writer.earlier.put_altered(
                        AlteredFile(
                            sd.number,
                            row.path,
                            row.proof.sha256,
                            row.stamp.size_bytes,
                            row.stamp,
                            self.bench.now(),
                        )
                    )
            case Outcome.GOOD:
                self.ok += 1
            case Outcome.BAD:
                assert result.row is not None
                found = None if result.copy is None else result.copy.sha256
                fault = FAULT_OF_STATE.get(result.row.state, Fault.DAMAGED)
                expected = row.proof.sha256 if row.proof is not None else self._recall(sd, row)
                is_decayed = has_image_decayed(self.bench, result.row)
                message = DECAYED if is_decayed else result.reason
                self._find(sd, row, fault, message, sha256=expected, found_sha256=found)
                self.findings[-1] = replace(
                    self.findings[-1],
                    is_decayed=is_decayed,
                    stale_since=find_stale_date(result.row, self.bench.now()),
                )
        return result.outcome

    def _recall(self, sd: StorageDir, row: ImageFile) -> str | None:
        """What the file's bytes were when they were good, by the memory."""
        with self.bench.catalog.read() as reader:
            earlier = reader.earlier.list_by_name(sd.number, row.filename)
        return next((each.sha256 for each in earlier if each.path == row.path), None)

    def _recall_altered(self, sd: StorageDir) -> None:
        """Reports the altered files that nobody has written to since."""
        with self.bench.catalog.read() as reader:
            known = [
                (each, reader.files.find_row(sd.number, each.path))
                for each in reader.earlier.list_altered(sd.number)
            ]
        for altered, row in known:
            is_right = row is not None and row.proof is not None and row.proof.sha256 == altered.sha256
            if row is None or row.stamp != altered.stamp or is_right:
                with self.bench.catalog.write() as writer:
                    writer.earlier.forget_altered(sd.number, altered.path)
                continue
            found = None if row.proof is None else row.proof.sha256
            self._find(sd, row, Fault.ALTERED, DECAYED, sha256=altered.sha256, found_sha256=found)

    def _find(
        self,
        sd: StorageDir,
        row: ImageFile,
        fault: Fault,
        message: str,
        *,
        sha256: str | None = None,
        found_sha256: str | None = None,
    ) -> None:
        size_bytes = None if row.stamp is None else row.stamp.size_bytes
        self.findings.append(
            VerifyFinding(sd, row.path, row.image_id, fault, message, size_bytes, sha256, found_sha256)
        )


def _missing(sd: StorageDir, row: ImageFile) -> VerifyFinding:
    size_bytes = None if row.stamp is None else row.stamp.size_bytes
    sha256 = None if row.proof is None else row.proof.sha256
    return VerifyFinding(sd, row.path, row.image_id, Fault.MISSING, "the file is gone", size_bytes, sha256)
