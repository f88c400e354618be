"""A button of the inspector: bad files get their right bytes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response

from strandline.errors import StrandlineError
from strandline.model.plain_words import say_count
from strandline.web.backend import TheBackend
from strandline.web.pages.inspector_pages import draw_status
from strandline.web.pages.notes import Note
from strandline.web.pages.rendering import PageRoute
from strandline.web.statuses import http_status_of

if TYPE_CHECKING:
    from strandline.model.changes import ChangeReport

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MOST_NAMED = 20


@router.post("/inspect/{sd}/heal")
async def heal(backend: TheBackend, sd: str) -> Response:
    """Heals what is known to be bad, and shows the folder as it is then."""

    def act() -> Response:
        found = backend.store.get_storage_dir(sd)
        try:
            note, status = describe_healing(backend.store.heal_known(found)), 200
        except StrandlineError as error:
            note, status = Note("bad", "That did not work", [error.message]), http_status_of(error)
        return draw_status(backend, sd, note, status)

    return await backend.crossing.slow(act)


def describe_healing(report: ChangeReport) -> Note:
    """The result, for a person: failures first. Pure."""
    if not report.plan:
        return Note("good", "Nothing is known to be bad any more", [])
    lines = [f"'{each.change.path}': {each.error.message}" for each in report.refused]
    lines += [f"'{each.path}' is healed; its bad bytes are in the trash" for each in report.done]
    more = len(lines) - MOST_NAMED
    lines = [*lines[:MOST_NAMED], *([f"and {more:,} more"] if more > 0 else [])]
    if report.refused:
        return Note("bad", f"{say_count(len(report.refused), 'file')} could not be healed", lines)
    return Note("good", f"{say_count(len(report.done), 'file')} healed", lines)
