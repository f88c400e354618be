"""What a scan reports: its numbers and findings, its progress, its first and its last event.

If the scan changed something, its last event goes into the journal. Otherwise it is live only. So a page that shows a
running scan always learns that it ended.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterable

from strandline.folders.disk_errors import as_unreadable
from strandline.folders.port import Folder
from strandline.model.events import ScanFinished, ScanProgress, ScanStarted
from strandline.model.image_files import FileState, ImageFile
from strandline.model.layout import Layout
from strandline.model.listing import FreshNames, OddEntry, OddKind
from strandline.model.reports import Finding, ScanReport
from strandline.model.states import EXPECTED
from strandline.model.storage_dirs import StorageDir
from strandline.services.scanning.last_scans import note_scan
from strandline.services.workbench import Workbench

OnProgress = Callable[[StorageDir, int, int], None]
"""Called with the SD, the number of handled files, and the number of all files (0 while unknown)."""


class ScanAccount:
    """The account of one scan: what it has done so far, and its reports to listeners."""

    def __init__(
        self, bench: Workbench, sd: StorageDir, on_progress: OnProgress | None, cancel: threading.Event | None
    ) -> None:
        self._bench = bench
        self._on_progress = on_progress
        self._cancel = cancel
        self.report = ScanReport(sd)
        self.total = 0
        """Number of files in the listing; 0 before it exists."""
        self._done = 0
        self._told: tuple[int, int] | None = None

    @property
    def listing_progress(self) -> Callable[[int], None] | None:
        """The listing's progress callback, if anybody listens."""
        return None if self._on_progress is None else lambda done: self._tell(done, 0)

    def started(self) -> None:
        """Reports that the scan begins. Live only."""
        self._bench.announce(ScanStarted(at=self._bench.now(), sd_id=self.report.sd.sd_id))

    def finished(self) -> None:
        """Reports that the scan has ended, and what it changed."""
        report = self.report
        event = ScanFinished(
            at=self._bench.now(), sd_id=report.sd.sd_id, added=report.added, changed=report.changed,
            absent=report.absent, missing=report.missing, returned=report.returned,
        )  # fmt: skip
        if not report.found_changes:
            self._bench.announce(event)
            return
        with self._bench.catalog.write() as writer:
            writer.journal.append_event(event)

    def go_on(self, handled: int) -> bool:
        """Counts files as handled and reports it. False if the scan must end here."""
        self._done = min(self._done + handled, self.total)
        self._tell(self._done, self.total)
        return not self.is_cancelled()

    def expect(self, files: int) -> None:
        """Begins another round, over this many files."""
        self.total, self._done = files, 0

    def complete(self) -> None:
        """Reports that all files are handled."""
        self._tell(self.total, self.total)
        unreadable = sum(finding.kind == "unreadable" for finding in self.report.findings)
        note_scan(self._bench, self.report.sd, unreadable)

    def is_cancelled(self) -> bool:
        """Whether the scan was cancelled. The report says so from then on."""
        if self._cancel is not None and self._cancel.is_set():
            self.report.cancelled = True
        return self.report.cancelled

    def count(self, old: ImageFile, new: ImageFile) -> None:
        """Counts one row's change by its kind."""
        report = self.report
        if new.state is FileState.MISSING:
            report.missing += 1
        elif new.absent_since is not None:
            report.absent += 1
        elif old.absent_since is not None or old.state not in EXPECTED:
            report.returned += 1
        else:
            report.changed += 1

    def count_ignored(self, names: FreshNames) -> None:
        """Counts names that are not images'."""
        report = self.report
        report.conflict_copies = len(names.conflict_copies)
        report.placeholders_unparsed = len(names.placeholders_unparsed)
        report.temporaries = len(names.temporaries)
        report.strays = len(names.strays)

    def note_odd(self, layout: Layout, odd: Iterable[OddEntry]) -> None:
        """Adds findings for entries with an image's name that are no files, and for those that cannot be
        described.
        """
        for entry in odd:
            if entry.kind is OddKind.DATALESS or layout.split(entry.name) is None:
                continue
            if entry.kind is OddKind.UNREADABLE:
                self.add_finding("unreadable", "the system refuses to describe it", filename=entry.name)
            else:
                kind = "symlink" if entry.kind is OddKind.SYMLINK else "not-a-file"
                message = f"a {entry.kind.value} has the name of an image; it is never followed or opened"
                self.add_finding(kind, message, filename=entry.name)

    def note_unreadable(self, folder: Folder, closed: Iterable[str]) -> None:
        """Adds findings for images that this user may not read, also if they could be read before."""
        told = {finding.filename for finding in self.report.findings if finding.kind == "unreadable"}
        images = {name: wanted[0] for name in closed if (wanted := folder.layout.split(name)) is not None}
        if not images:
            return
        error = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        for name in folder.find_unreadable(name for name in images if name not in told):
            message = as_unreadable(error, folder.where(name)).message
            self.report.findings.append(Finding("unreadable", message, name, images[name]))

    def note_damaged(self, rows: Iterable[ImageFile]) -> None:
        """Adds findings for the files that are damaged now."""
        for row in rows:
            self.add_finding("damaged", "its bytes are broken and have not changed for a day", row)

    def add_finding(
        self, kind: str, message: str, row: ImageFile | None = None, filename: str | None = None
    ) -> None:
        """Adds a line to the report's findings."""
        name = row.filename if filename is None and row is not None else filename
        self.report.findings.append(Finding(kind, message, name, None if row is None else row.image_id))

    def _tell(self, done: int, total: int) -> None:
        if (done, total) == self._told:
            return
        self._told = (done, total)
        sd = self.report.sd
        if self._on_progress is not None:
            self._on_progress(sd, done, total)
        self._bench.announce(ScanProgress(at=self._bench.now(), sd_id=sd.sd_id, done=done, total=total))
