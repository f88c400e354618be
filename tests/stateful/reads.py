"""The simulated kernel: fsync is counted and not executed, reads of images are counted, and randomness is seeded.

Nothing else of the system is changed: files, folders, inotify, and SQLite are real. A power cut loses only what the
simulator deletes itself, so the effect of fsync is tested elsewhere (``tests/faults``).
"""

from __future__ import annotations

import os
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from strandline.folders import proof_copies
from strandline.folders.opening import OpenedFile
from strandline.model.image_files import FileStamp

Read = tuple[str, FileStamp]
"""Path and stamp of a file that was read."""


class Reads:
    """The files that a store has read."""

    _log: list[Read] | None = None
    """The log of the active store: only one is active at a time."""

    def __init__(self) -> None:
        self.total = 0

    def begin(self) -> None:
        """From now on, reads belong to this store."""
        Reads._log = []

    def end(self) -> list[Read]:
        """What was read since."""
        log, Reads._log = Reads._log or [], None
        self.total += len(log)
        return log

    @staticmethod
    def note(opened: OpenedFile) -> None:
        """Records a read."""
        if Reads._log is not None:
            Reads._log.append((str(opened.path), opened.stamp))


@contextmanager
def simulated_kernel() -> Iterator[Counter[str]]:
    """The simulator's kernel while the block runs. Yields the number of skipped calls."""
    calls: Counter[str] = Counter()
    dice = random.Random(0)

    def count(name: str) -> None:
        calls[name] += 1

    read = proof_copies.read_proof_copy

    def read_counted(opened: OpenedFile, **how: object) -> proof_copies.ProofCopy:
        Reads.note(opened)
        return read(opened, **how)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _fd: count("fsync"))
        patch.setattr(os, "fdatasync", lambda _fd: count("fdatasync"))
        patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=dice.getrandbits(128), version=4))
        patch.setattr(proof_copies, "read_proof_copy", read_counted)
        yield calls
