"""The verification that a person or a program asks for: one at a time, in a thread of its own, for page and API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from strandline.model.verification import VERIFY_AFTER, VerifyReport
from strandline.runtime.care_jobs import CareJob, Kind
from strandline.web.backend import Backend

VERIFICATION = Kind[VerifyReport]("verification")


def begin_verification(backend: Backend, sds: Sequence[str] | None, *, full: bool) -> CareJob[VerifyReport]:
    """Starts to read what was not read for 30 days, or everything. Without ``sds``, in all storage directories.

    Raises:
        StorageDirNotFoundError: There is no such storage directory.
        RefusedError: One is running.
    """
    known = None if sds is None else [backend.store.get_storage_dir(sd) for sd in sds]

    def verify(job: CareJob[VerifyReport]) -> VerifyReport:
        try:
            return backend.store.verify(
                known,
                older_than=timedelta(0) if full else VERIFY_AFTER,
                progress=lambda _, done, total, __: job.note_progress(done, total),
                cancel=job.cancel,
            )
        finally:
            backend.care.forget_looks()

    return backend.care.start(VERIFICATION, verify)
