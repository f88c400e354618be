"""``/api/v1/verification``: all bytes are read again, and what went bad is found."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from strandline.model.verification import VerifyReport
from strandline.runtime.care_jobs import CareJob
from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.parameters import Body
from strandline.web.backend import Backend, TheBackend
from strandline.web.verifications import VERIFICATION, begin_verification

router = APIRouter(tags=["sds"])


class NewVerification(Body):
    """What to read."""

    sds: list[str] | None = Field(
        None,
        max_length=1000,
        description="Storage directories: identity, alias, path or name; null for all, without those whose bytes "
        "would be downloaded.",
    )
    full: bool = Field(False, description="Read every image, however recently it was read.")


@router.post("/verification", status_code=202, responses=responses.accepted(schemas.OneVerification))
async def start_verification(backend: TheBackend, wanted: NewVerification) -> Response:
    """Starts to read the images that were not read for 30 days. Returns at once.

    409 if one is running. What it finds is healed by `POST /sds/{sd}/heal`.
    """

    def start() -> Response:
        begin_verification(backend, wanted.sds, full=wanted.full)
        return _answer(backend, 202)

    return await backend.crossing.slow(start)


@router.get("/verification", responses=responses.ok(schemas.OneVerification))
async def get_verification(backend: TheBackend) -> Response:
    """The progress of the latest verification since the server started, and its report.

    The report is that of `strandline verify`.
    """
    return _answer(backend, 200)


@router.delete("/verification", status_code=202, responses=responses.accepted(schemas.OneVerification))
async def cancel_verification(backend: TheBackend) -> Response:
    """Ends the verification after the files that are being read. The next one goes on where it was."""
    if (job := backend.care.find(VERIFICATION)) is not None:
        job.cancel.set()
    return _answer(backend, 202)


def _answer(backend: Backend, status: int) -> Response:
    job = backend.care.find(VERIFICATION)
    told = schemas.OneVerification(None if job is None else _describe(job))
    return answer(told, status=status)


def _describe(job: CareJob[VerifyReport]) -> schemas.Verification:
    error = None if job.error is None else job.error.message
    if job.is_fault:
        error = "this is a fault in Strandline; the server's log says what went wrong"
    return schemas.Verification(not job.has_ended, job.started_at, job.done, job.total, job.result, error)
