"""Export on the pages: the question before an archive is downloaded, of a selection or of all that a gallery shows.

It works without scripts. A script shows the question about a selection in a dialog (``static/js/selection.js``). The
archive is sent while it is made, so the browser itself downloads it, and nothing of it is kept in the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import Response

from strandline.errors import InvalidInputError
from strandline.model.exports import ExportedImage
from strandline.model.image_ids import ImageId, parse_image_id
from strandline.model.queries import Query
from strandline.store import Store
from strandline.web.api.exports import MOST_IDS, send_export
from strandline.web.backend import Backend, TheBackend
from strandline.web.pages.choices import Choices, TheChoices, as_address, as_query, say_listing
from strandline.web.pages.rendering import PageRoute, render
from strandline.web.pages.trash_pages import MOST_PICTURES

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MOST_MEASURED = 2_000
"""Images whose sizes are added up for the question: half a second. All of 100,000 would take some ten."""

FormIds = Annotated[list[str], Form(default_factory=list, max_length=MOST_IDS)]
"""Ids with spaces between."""


OF_PLACE = frozenset({"sd", "folder", "sort", "reverse"})
"""Choices after which a gallery shows all of a place."""


class Size(NamedTuple):
    """How much an export is."""

    images: int
    size_bytes: int | None
    """None if there are too many to add up while somebody waits."""
    unknown: int
    """Images whose size nobody knows yet."""


@router.get("/export")
async def ask_about_gallery(backend: TheBackend, chosen: TheChoices) -> Response:
    """What an archive of all that the gallery of these choices shows would be."""
    return await backend.crossing.slow(lambda: _ask(backend, chosen, []))


@router.post("/export")
async def ask_about_images(backend: TheBackend, chosen: TheChoices, images: FormIds) -> Response:
    """What an archive of these images would be: ids with spaces between."""
    return await backend.crossing.slow(lambda: _ask(backend, chosen, parse_ids(images)))


@router.post("/export/archive")
async def download_archive(backend: TheBackend, chosen: TheChoices, images: FormIds) -> Response:
    """The archive: of these images, or if none is named, of all that the gallery of the choices shows."""
    ids = parse_ids(images)
    return await send_export(backend, ids or None, None if ids else as_query(chosen))


def parse_ids(texts: Sequence[str]) -> list[ImageId]:
    """The ids in a form's fields, each once.

    Raises:
        InvalidImageIdError: One is none.
        InvalidInputError: There are too many.
    """
    found = list(dict.fromkeys(parse_image_id(each) for text in texts for each in text.split()))
    if len(found) > MOST_IDS:
        raise InvalidInputError(f"choose at most {MOST_IDS:,} images")
    return found


def measure(plan: Sequence[ExportedImage]) -> Size:
    """How much it is, as far as the catalog knows. Pure."""
    sizes = [each.size_bytes for each in plan]
    return Size(len(plan), sum(filter(None, sizes)), sizes.count(None))


def _measure_images(store: Store, ids: Sequence[ImageId]) -> tuple[Size, list[ImageId]]:
    plan = store.plan_export(ids)
    return measure(plan), [each.image_id for each in plan[:MOST_PICTURES]]


def _measure_gallery(store: Store, query: Query) -> tuple[Size, list[ImageId]]:
    """All that it shows, and the first of them."""
    wanted = store.choose(query)
    total = store.gallery.get_months(wanted).total
    page = store.gallery.list_after(wanted, after=None, limit=MOST_PICTURES)
    size = measure(store.plan_export(query=query)) if total <= MOST_MEASURED else Size(total, None, 0)
    return size, [each.image_id for each in page.images]


def _ask(backend: Backend, chosen: Choices, ids: Sequence[ImageId]) -> Response:
    store = backend.store
    asked = {name for name, value in chosen.items() if value}
    size, shown = _measure_images(store, ids) if ids else _measure_gallery(store, as_query(chosen))
    return render(
        backend.base, "export.html", place="gallery", image_ids=ids, asked=as_address(chosen),
        listing=say_listing(chosen), is_filtered=bool(asked - OF_PLACE), size=size,
        shown=shown,
    )  # fmt: skip
