"""Hidden edits: a checked file whose bytes changed, and whose size, time, and inode did not (hazard H29).

Only the time of its last change tells (``ctime``), which no listing compares, because it also moves if somebody
changes a mode, makes a link, or writes an attribute. So a file with another one is neither an arrival nor unchecked.
It is read again in the background, within the verifier's budget. If its bytes are the same, nobody hears of it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import field
from math import inf

from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass
from strandline.services.proving.conflict_copies import note_copies_of
from strandline.services.proving.prove import Outcome, prove_file
from strandline.services.workbench import Workbench

LOOKS_A_ROUND = 20_000
"""Files that are looked at in one round, some 50 ms. A round follows each scan, so 100,000 take five of them."""

REST_S = 6 * 3600.0
"""No file is looked at more often than this: a backup program that puts back the time of access moves the ctime of
every file each day.
"""


@dataclass(slots=True)
class Rounds:
    """How far the rounds of one storage directory have come."""

    after: str = ""
    """The last path that was looked at; empty for a new beginning."""
    next_s: float = -inf
    """When the next beginning may be."""
    touched: deque[tuple[str, int]] = field(default_factory=deque)
    """Paths that wait to be read, with their sizes. At most those of one round."""


class HiddenEdits:
    """Looks for hidden edits, a part of each storage directory at a time. Remembers where it was."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._rounds: dict[int, Rounds] = {}

    def go_on(
        self,
        sd: StorageDir,
        *,
        may_read: Callable[[int], bool],
        cancel: threading.Event | None = None,
    ) -> bool:
        """One round: looks at the next files, and reads those that were touched. Only on local disks with ctimes.

        Cost: one statement, one ``lstat`` per file of the round, and one read of each touched one. If some wait to be
        read, none is looked at.

        Args:
            may_read: Called before each file with its size in bytes. False ends the round (the budget is spent).

        Returns:
            False if the budget or a cancel ended the round, so that files wait to be read.
        """
        folder = self._bench.folder(sd)
        if not (folder.is_local and folder.keeps_ctimes):
            return True
        rounds = self._rounds.setdefault(sd.number, Rounds())
        if not rounds.touched and (rounds.after or self._bench.monotonic() >= rounds.next_s):
            self._look(sd, rounds)
        while rounds.touched:
            path, size_bytes = rounds.touched[0]
            if (cancel is not None and cancel.is_set()) or not may_read(size_bytes):
                return False
            rounds.touched.popleft()
            result = prove_file(self._bench, sd, folder.layout.name_of(path))
            if result.outcome is Outcome.BAD and result.row is not None:
                note_copies_of(self._bench, sd, result.row.image_id)
        return True

    def _look(self, sd: StorageDir, rounds: Rounds) -> None:
        folder = self._bench.folder(sd)
        if not rounds.after:
            rounds.next_s = self._bench.monotonic() + REST_S
        with self._bench.catalog.read() as reader:
            proofs = reader.files.list_proof_times(sd.number, after=rounds.after, limit=LOOKS_A_ROUND)
        names = {folder.layout.name_of(path): (path, size_bytes) for path, size_bytes, _ in proofs}
        ctimes = dict(zip(names, (ctime_ns for _, _, ctime_ns in proofs), strict=True))
        rounds.touched.extend(names[name] for name in folder.find_touched(ctimes))
        rounds.after = proofs[-1][0] if len(proofs) == LOOKS_A_ROUND else ""
