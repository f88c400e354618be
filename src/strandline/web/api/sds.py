"""``/api/v1/sds``: storage directories are listed, added, renamed, moved, forgotten, and confirmed."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from strandline.errors import InvalidInputError, InvalidPathError
from strandline.model.buckets import is_bucket_address
from strandline.model.changes import ChangeReport
from strandline.model.reports import AddedStorageDir, TakenIn
from strandline.model.storage_dirs import StorageDir
from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.parameters import Body, SdPath
from strandline.web.backend import Backend, TheBackend

router = APIRouter(tags=["sds"])

STEP_LIMIT_S = 2.0
"""A step of taking in ends after about this time, so that its progress can be shown."""

SCAN_WAIT_S = 2.0
"""If the scan ends within this time (some 100,000 files), the answer contains its report."""


class NewStorageDir(Body):
    """A folder to add."""

    path: str = Field(min_length=1, max_length=4096, description="Its path on the server's machine.")
    name: str | None = None
    new_identity: bool = Field(False, description="Give it a new identity, whatever is there.")
    read_only: bool = Field(False, description="Never write anything to it.")
    layout: str | None = Field(None, description="ids or named; without it, what is in the folder decides.")
    shared: bool = Field(
        False,
        description="Of a folder of named pictures: write SD_LAYOUT and SD_ID into it, for all machines.",
    )
    insists: bool = Field(
        False, description="Take an unusual folder, too: a home, or a folder of the system."
    )


class StorageDirChange(Body):
    """The changes. Omitted fields stay."""

    name: str | None = None
    path: str | None = Field(None, min_length=1, max_length=4096, description="Its path now.")


@router.get("/sds", responses=responses.ok(schemas.StorageDirs))
async def list_sds(backend: TheBackend) -> Response:
    """All storage directories in their last known state, in the order in which they were added."""
    return await backend.crossing.quick(
        lambda: answer(schemas.StorageDirs(describe(backend, backend.store.list_storage_dirs())))
    )


@router.post("/sds", status_code=201, responses=responses.created(AddedStorageDir))
async def add_sd(backend: TheBackend, wanted: NewStorageDir) -> Response:
    """Adds a folder, decides its identity, and scans it. Idempotent. 200 if it was known.

    If the scan takes longer than two seconds, it continues in the background. `scan` is then null, and `Location` is
    the scan's.
    """

    return await backend.crossing.slow(lambda: _add(backend, wanted))


@router.get("/sds/{sd}", responses=responses.ok(schemas.OneStorageDir))
async def get_sd(backend: TheBackend, sd: SdPath) -> Response:
    """One storage directory in its last known state."""
    return await backend.crossing.quick(lambda: _answer_one(backend, backend.store.get_storage_dir(sd)))


@router.patch("/sds/{sd}", responses=responses.ok(schemas.OneStorageDir))
async def change_sd(backend: TheBackend, sd: SdPath, change: StorageDirChange) -> Response:
    """Renames it, sets its new path, or does both or neither. No file is touched."""

    def apply() -> Response:
        found = backend.store.get_storage_dir(sd)
        if change.path is not None:
            found = backend.store.move_storage_dir(found, check_whole(change.path), name=change.name)
        elif change.name is not None:
            found = backend.store.rename_storage_dir(found, change.name)
        else:
            raise InvalidInputError("give a new name or a new path")
        return _answer_one(backend, found)

    return await backend.crossing.slow(apply)


@router.delete("/sds/{sd}", status_code=204, responses=responses.problems())
async def forget_sd(backend: TheBackend, sd: SdPath) -> Response:
    """Forgets it. No file is touched."""
    await backend.crossing.slow(lambda: backend.store.forget_storage_dir(sd))
    return Response(status_code=204)


@router.post("/sds/{sd}/confirm", responses=responses.ok(schemas.OneStorageDir))
async def confirm_sd(backend: TheBackend, sd: SdPath) -> Response:
    """Restores a lost identity; otherwise accepts that files are gone. Does only one of the two."""
    return await backend.crossing.slow(lambda: _answer_one(backend, backend.store.confirm_storage_dir(sd).sd))


@router.post("/sds/{sd}/accept-missing", responses=responses.ok(schemas.Dropped))
async def accept_missing(backend: TheBackend, sd: SdPath) -> Response:
    """Forgets missing files."""
    return await backend.crossing.slow(lambda: answer(schemas.Dropped(backend.store.accept_missing(sd))))


@router.post("/sds/{sd}/take-in", responses=responses.ok(TakenIn))
async def take_in(
    backend: TheBackend,
    sd: SdPath,
    after: Annotated[str, Query(max_length=16384, description="The `next` of the step before.")] = "",
) -> Response:
    """Saves pictures that are elsewhere in it in its media folder, for some seconds. They stay where they are, too.

    Repeat it with `after` until `next` is null. Pictures that are there already are not saved twice.
    """
    return await backend.crossing.slow(
        lambda: answer(backend.store.take_in(sd, after=after, limit_s=STEP_LIMIT_S))
    )


def _add(backend: Backend, wanted: NewStorageDir) -> Response:
    known = {sd.number for sd in backend.store.list_storage_dirs()}
    added = backend.store.add_storage_dir(
        check_whole(wanted.path), wanted.name, new_identity=wanted.new_identity,
        read_only=wanted.read_only, layout=wanted.layout, shared=wanted.shared, insists=wanted.insists, scan=False,
    )  # fmt: skip
    headers = {}
    if added.sd.is_reachable:
        job = backend.store.scans.start(added.sd)
        added = replace(added, scan=backend.store.scans.wait(job, SCAN_WAIT_S))
        if added.scan is None:
            headers["location"] = f"{backend.base}/api/v1/scans/{job.id}"
    return answer(added, status=200 if added.sd.number in known else 201, headers=headers)


def check_whole(path: str) -> str:
    """The path as it is. Refuses a relative one: the client does not know where the server was started. The address
    of a bucket is whole.

    Raises:
        InvalidPathError: It is relative, or no system could have it.
    """
    is_whole = os.path.isabs(path) or path.startswith("~") or is_bucket_address(path)
    if not (is_whole and can_be_path(path)):
        raise InvalidPathError(f"give the whole path of the folder, not {path[:200]!r}", path=path[:200])
    return path


def expand_whole(path: str) -> str:
    """The path with ``~`` as the home of who runs the server.

    Raises:
        InvalidPathError: As for :func:`check_whole`.
    """
    return os.path.expanduser(check_whole(path))


def can_be_path(text: str) -> bool:
    """Whether the system accepts the text as a path: no NUL, and every character can be encoded. Pure."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def describe(backend: Backend, sds: list[StorageDir]) -> list[schemas.StorageDirDetails]:
    """The storage directories, with the numbers of their images and their running scans."""
    counted = zip(sds, backend.store.count_files_of(sds), strict=True)
    return [
        schemas.StorageDirDetails(sd, counts, backend.store.scans.find_running(sd)) for sd, counts in counted
    ]


def _answer_one(backend: Backend, sd: StorageDir) -> Response:
    return answer(schemas.OneStorageDir(*describe(backend, [sd])))


@router.post("/sds/{sd}/heal", responses=responses.ok(ChangeReport))
async def heal(
    backend: TheBackend,
    sd: SdPath,
    dry_run: Annotated[bool, Query(description="Only say what could be healed.")] = False,
) -> Response:
    """Gives the files that are known to be bad their right bytes back, from wherever those are on this machine.

    The bad bytes go to the trash. A missing file is not brought back. 200 also if some, or all, could not be healed:
    `refused` says why.
    """
    return await backend.crossing.slow(lambda: answer(backend.store.heal_known(sd, dry_run=dry_run)))
