"""``/api/v1/images``: images are listed, counted by month, described, explained, copied, and adopted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from strandline.errors import ImageTooLargeError, InvalidInputError
from strandline.model import queries
from strandline.model.defaults import IMAGES_PER_PAGE, TILE_SIZE
from strandline.model.months import Months
from strandline.model.queries import parse_month
from strandline.model.reports import Explanation, ImageInfo, ImagePage, Saved
from strandline.web.answers import answer
from strandline.web.api import responses, schemas
from strandline.web.api.parameters import Body, FolderQuery, ImageIdPath, Limit, SdQuery, TheQuery
from strandline.web.backend import Backend, TheBackend

router = APIRouter(tags=["images"])

DATA_URL_BYTES = 32 * 1024 * 1024
"""The largest image that becomes a ``data:`` URL. Each one needs four times its size in memory, and there may be
eight at once.
"""

AtQuery = Annotated[str | None, Query(description="Begin in this month of the listing, `YYYY-MM`.")]
OffsetQuery = Annotated[int, Query(ge=0, le=2**53, description="How many images to skip in the month.")]
AfterQuery = Annotated[str | None, Query(max_length=300, description="The `next` of the page before.")]


class Copy(Body):
    """The target of a copy."""

    sd: str = Field(min_length=1, description="A storage directory: identity, alias, path or name.")


class Adoption(Body):
    """The file whose bytes become an image of their own."""

    sd: str = Field(min_length=1, description="A storage directory: identity, alias, path or name.")
    filename: str = Field(
        min_length=1, max_length=255, description="A foreign file's name in its media folder."
    )


@router.get("/images", responses=responses.ok(ImagePage))
async def list_images(
    backend: TheBackend,
    query: TheQuery,
    at: AtQuery = None,
    offset: OffsetQuery = 0,
    after: AfterQuery = None,
    limit: Limit = IMAGES_PER_PAGE,
) -> Response:
    """A page of images: by cursor, or from a position inside a month of `/images/months`."""

    def list_page() -> Response:
        if at is None and offset:
            raise InvalidInputError("an offset counts inside a month: give the month as at=, too")
        if at is not None and after is not None:
            raise InvalidInputError("give a month with an offset, or a cursor, not both")
        chosen = backend.store.choose(query)
        gallery = backend.store.gallery
        if at is None:
            return answer(gallery.list_after(chosen, after=after, limit=limit))
        parse_month(at, "at")
        return answer(gallery.list_month(chosen, at, offset=offset, limit=limit))

    return await backend.crossing.quick(list_page)


@router.get("/images/months", responses=responses.ok(Months))
async def list_months(backend: TheBackend, query: TheQuery) -> Response:
    """The number of images in each month, in order: the months when pictures were taken, or when they arrived.

    Shows the length of a listing before any of it is fetched.
    """
    return await backend.crossing.quick(
        lambda: answer(backend.store.gallery.get_months(backend.store.choose(query)))
    )


@router.get("/images/{image_id}", responses=responses.ok(schemas.ImageDetails))
async def get_image(
    backend: TheBackend, image_id: ImageIdPath, sd: SdQuery = None, folder: FolderQuery = None
) -> Response:
    """Everything known about one image. If the catalog does not know it, searches the disks.

    Its files in this storage directory and folder come first, as in a listing of them.
    """
    within = queries.Query(sd=sd, folder=folder)
    return await backend.crossing.slow(
        lambda: answer(describe(backend, backend.store.info(image_id, within)))
    )


@router.get("/images/{image_id}/files", responses=responses.ok(schemas.Files))
async def list_files(backend: TheBackend, image_id: ImageIdPath) -> Response:
    """Every file of the image, in every storage directory."""
    return await backend.crossing.slow(lambda: answer(schemas.Files(backend.store.info(image_id).files)))


@router.get("/images/{image_id}/explanation", responses=responses.ok(Explanation))
async def explain_image(backend: TheBackend, image_id: ImageIdPath) -> Response:
    """Why the image is shown or not, and what comes next."""
    return await backend.crossing.slow(lambda: answer(backend.store.explain(image_id)))


@router.get("/images/{image_id}/data-url", responses=responses.ok(schemas.DataUrl))
async def get_data_url(backend: TheBackend, image_id: ImageIdPath, sd: SdQuery = None) -> Response:
    """The proven image as a ``data:`` URL. 413 above 32 MiB: `/i/{id}` has it, piece by piece."""

    def read() -> Response:
        with backend.store.get(image_id, sd) as found:
            if found.size_bytes > DATA_URL_BYTES:
                raise ImageTooLargeError(
                    f"this image has {found.size_bytes:,} bytes, and a data: URL is made of at most "
                    f"{DATA_URL_BYTES:,}; get it from {backend.base}/i/{found.image_id}",
                    limit_bytes=DATA_URL_BYTES,
                )
            return answer(schemas.DataUrl(found.data_url()))

    return await backend.crossing.slow(read)


@router.post("/images/{image_id}/copy", status_code=201, responses=responses.created(Saved))
async def copy_image(backend: TheBackend, image_id: ImageIdPath, wanted: Copy) -> Response:
    """Saves a good copy in a storage directory. Replaces a file with wrong bytes. 200 if a good file was there
    already.
    """
    return await backend.crossing.slow(lambda: _answer_saved(backend.store.copy(image_id, wanted.sd)))


@router.post("/images/adopt", status_code=201, responses=responses.created(Saved))
async def adopt_image(backend: TheBackend, wanted: Adoption) -> Response:
    """Saves another image that is under an image's name as a new image. 200 if that image exists already."""
    return await backend.crossing.slow(lambda: _answer_saved(backend.store.adopt(wanted.sd, wanted.filename)))


def _answer_saved(saved: Saved) -> Response:
    return answer(saved, status=201 if saved.new else 200)


def describe(backend: Backend, info: ImageInfo) -> schemas.ImageDetails:
    """The image's JSON, with its Markdown and URLs."""
    url = f"{backend.base}/i/{info.image_id}"
    urls = schemas.Urls(url, f"{url}?w={TILE_SIZE}")
    return schemas.ImageDetails(info, backend.store.format_markdown(info), urls)
