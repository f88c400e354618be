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
    from strandline.model.changes import HealReport

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MOST_NAMED = 20


@router.post("/inspect/{sd}/heal")
async def heal(backend: TheBackend, sd: str) -> Response:
    """Heals what is known to be bad, and shows the folder as it is then."""

    def act() -> Response:
        found = backend.store.get_storage_dir(sd)
        try:
            note, status = describe_healing(backend.base, backend.store.heal_known(found)), 200
            backend.care.forget_looks()
        except StrandlineError as error:
            note, status = Note("bad", "That did not work", [error.message]), http_status_of(error)
        return draw_status(backend, sd, note, status)

    return await backend.crossing.slow(act)


def describe_healing(base: str, report: HealReport) -> Note:
    """The result, for a person: failures first, and what became of other pictures. Pure."""
    if not report.plan:
        return Note("good", "Nothing is known to be bad any more", [])
    lines = [f"'{each.change.path}': {each.error.message}" for each in report.refused]
    lines += [f"the other picture that had the name is kept as '{each.path}'" for each in report.kept]
    lines += [f"'{each.path}' is healed; its bad bytes are in the trash" for each in report.done]
    more = len(lines) - MOST_NAMED
    lines = [*lines[:MOST_NAMED], *([f"and {more:,} more"] if more > 0 else [])]
    address, link = link_to_kept(base, report)
    if report.refused:
        return Note(
            "bad", f"{say_count(len(report.refused), 'file')} could not be healed", lines, address, link
        )
    return Note("good", f"{say_count(len(report.done), 'file')} healed", lines, address, link)


def link_to_kept(base: str, report: HealReport) -> tuple[str, str]:
    """The way to another picture that was kept, where it can be deleted, too. Empty if there is none. Pure."""
    if not report.kept:
        return "", ""
    if len(report.kept) == 1:
        return f"{base}/image/{report.kept[0].image_id}", "Show the other picture"
    return f"{base}/?sort=arrived", "Show the other pictures"
