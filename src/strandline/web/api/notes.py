"""``/api/v1/sds/{sd}``: what the notes of a storage directory refer to, and missing pictures that are put back."""

from __future__ import annotations

import os

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from strandline.errors import InvalidPathError
from strandline.model.buckets import is_bucket_address
from strandline.model.note_checks import NoteCheck
from strandline.model.storage_dirs import StorageDir
from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.parameters import Body, SdPath
from strandline.web.backend import TheBackend

router = APIRouter(tags=["sds"])


class PutBackPictures(Body):
    """Which missing pictures should be put back."""

    note: str = Field(
        "",
        max_length=4096,
        description="Only for this note, or the notes in this folder: its path from the root.",
    )
    from_others: bool = Field(False, description="Also copy bytes from other storage directories.")
    from_renamed: bool = Field(
        False, description="Also copy from a folder that was renamed. To rename it back is better."
    )
    dry_run: bool = Field(False, description="Only say what would happen.")


@router.get("/sds/{sd}/open-references", responses=responses.ok(schemas.OpenReferences))
async def list_open_references(backend: TheBackend, sd: SdPath) -> Response:
    """The pictures that its notes missed at the last check by a watcher, by note and line."""
    return await backend.crossing.quick(
        lambda: answer(schemas.OpenReferences(backend.store.list_open_references(sd)))
    )


@router.get("/sds/{sd}/check", responses=responses.ok(NoteCheck))
async def check_notes(backend: TheBackend, sd: SdPath) -> Response:
    """Reads its notes and compares what they refer to with the pictures that are there: one answer of `strandline
    check --json`. Writes nothing.

    It takes as long as reading the notes that have changed; paths in the findings are relative to the root.
    """
    return await backend.crossing.slow(lambda: answer(backend.store.check_notes(sd)))


@router.post("/sds/{sd}/put-back", responses=responses.ok(schemas.PuttingBack))
async def put_back(backend: TheBackend, sd: SdPath, wanted: PutBackPictures) -> Response:
    """Copies the bytes of missing pictures to where the notes expect them, as `strandline put-back` does.

    Never replaces a file, and changes no note. Each picture is `done`, or says `why` not. Without `from_others`, the
    bytes of other storage directories are only named. Send it with `dry_run` first.
    """

    def put() -> Response:
        store = backend.store
        plan = store.plan_put_back(_find_path(store.get_storage_dir(sd), wanted.note))
        done = store.put_back_all(
            plan,
            from_others=wanted.from_others or wanted.dry_run,
            from_renamed=wanted.from_renamed,
            dry_run=wanted.dry_run,
        )
        return answer(schemas.PuttingBack(done, wanted.dry_run))

    return await backend.crossing.slow(put)


def _find_path(sd: StorageDir, note: str) -> str:
    """The absolute path of the note.

    Raises:
        InvalidPathError: It leads out of the storage directory.
    """
    if is_bucket_address(sd.path):
        return sd.path
    path = os.path.normpath(os.path.join(sd.path, note))
    if (
        os.path.isabs(note)
        or "\0" in note
        or not (path == sd.path or path.startswith(os.path.join(sd.path, "")))
    ):
        raise InvalidPathError(f"note must be a path from the root of {sd.name!r}, not {note!r}", path=note)
    return path
