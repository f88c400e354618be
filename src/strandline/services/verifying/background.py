"""Verifying in the background: files that are due are read again when nothing else is to be read (SPEC §17)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from strandline.logs import get_logger
from strandline.model.storage_dirs import StorageDir
from strandline.services.verifying.verify import Verification
from strandline.services.workbench import Workbench

log = get_logger(__name__)

REST_S = 6 * 3600.0
"""Between two looks in the background for files that are due: one walk over the rows of a storage directory."""


class BackgroundVerification:
    """Reads files again that were not read for long, when nothing else is to be read. Remembers where it rests."""

    def __init__(self, bench: Workbench, older_than: timedelta) -> None:
        self._bench = bench
        self._older_than = older_than
        self._next_s: dict[int, float] = {}

    def go_on(
        self, sd: StorageDir, *, may_read: Callable[[int], bool], cancel: threading.Event | None = None
    ) -> bool:
        """Reads what is due. Only on local disks. False if the budget or a cancel ended it, so that some is left.

        What it finds becomes an event, as with every look at a file, and a warning in the log. Once nothing is due,
        it rests for six hours. It does not if the storage directory went away.
        """
        is_off = self._older_than <= timedelta(0) or not self._bench.folder(sd).is_local
        if is_off or self._bench.monotonic() < self._next_s.get(sd.number, 0.0):
            return True
        verification = Verification(
            self._bench, self._older_than, may_read, lambda *_: None, cancel, is_background=True
        )
        verification.verify(sd, may_fetch=False)
        for finding in verification.findings:
            log.warning("%s in %r is %s: %s", finding.path, sd.name, finding.fault.value, finding.message)
        is_away = any(gap.files is None for gap in verification.not_verified)
        if not verification.is_over and not is_away:
            self._next_s[sd.number] = self._bench.monotonic() + REST_S
        return not verification.is_over
