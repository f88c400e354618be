"""``/api/v1/scans``: scans are started, followed, and cancelled."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.parameters import Body
from strandline.web.backend import TheBackend

router = APIRouter(tags=["scans"])

ScanPath = Annotated[str, Path(description="The scan's `id`.")]


class NewScan(Body):
    """What to scan."""

    sd: str | None = Field(
        None, description="One storage directory: identity, alias, path or name; null for all."
    )


@router.post("/scans", status_code=202, responses=responses.accepted(schemas.StartedScans))
async def start_scan(backend: TheBackend, wanted: NewScan) -> Response:
    """Starts a scan for new, changed, and missing images. Returns at once. If one is running, returns that one."""

    def start() -> Response:
        sds = (
            backend.store.list_storage_dirs()
            if wanted.sd is None
            else [backend.store.get_storage_dir(wanted.sd)]
        )
        jobs = [backend.store.scans.start(sd) for sd in sds]
        headers = {"location": f"{backend.base}/api/v1/scans/{jobs[0].id}"} if jobs else {}
        return answer(schemas.StartedScans(jobs[0] if jobs else None, jobs), status=202, headers=headers)

    return await backend.crossing.slow(start)


@router.get("/scans", responses=responses.ok(schemas.Scans))
async def list_scans(backend: TheBackend) -> Response:
    """The scans, newest first: requested ones, and the watcher's own. Ended scans are forgotten after a while."""
    return answer(schemas.Scans(backend.store.scans.list_jobs()))


@router.get("/scans/{scan}", responses=responses.ok(schemas.OneScan))
async def get_scan(backend: TheBackend, scan: ScanPath) -> Response:
    """The progress of a scan, and its report."""
    return answer(schemas.OneScan(backend.store.scans.get(scan)))


@router.delete("/scans/{scan}", status_code=202, responses=responses.accepted(schemas.OneScan))
async def cancel_scan(backend: TheBackend, scan: ScanPath) -> Response:
    """Ends a scan after its current batch. Its work so far stays."""
    return answer(schemas.OneScan(backend.store.scans.cancel(scan)), status=202)
