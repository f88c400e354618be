"""``/i/{id}``: the bytes of images, as fast as this server does anything; an ASGI endpoint of its own.

The tag is the hash of the bytes, so a browser that has them is answered without reading any; under a content id they
never change, so it need not even ask. What surprises: what a request is answered is decided in one crossing to the
store's threads, and for most images the whole answer comes back with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from strandline.errors import ImageOnlineOnlyError, InvalidInputError, StrandlineError
from strandline.folders.media_folder import HAS_CLOUD_FLAGS
from strandline.model.image_ids import ImageId, is_content_id, parse_image_id
from strandline.model.media_types import find_media_type
from strandline.model.reports import Verdict
from strandline.model.storage_dirs import StorageDir
from strandline.pictures.decoding import MAX_SIZE, Thumbnail
from strandline.runtime.assembly import LocalStore
from strandline.services.explain import explain_image, not_found_error
from strandline.services.hand_out import HandOut, find_hand_out
from strandline.services.lookup import look_up
from strandline.services.thumbnails import get_thumbnail
from strandline.web.answers import HARMLESS
from strandline.web.backend import Backend
from strandline.web.problems import answer_error, answer_refusal
from strandline.web.ranges import Part, UnsatisfiableRangeError, find_part, is_not_modified
from strandline.web.waiting import Waiting

Headers = list[tuple[bytes, bytes]]

PREFIX = "/i/"

AT_ONCE_BYTES = 1024 * 1024
"""Up to here an image is read and sent in one piece; larger ones piece by piece."""

PIECE_BYTES = 256 * 1024

MAX_WAIT_S = 300.0
"""Of ``?wait=``; browsers and proxies give up not far above."""

_WANTED = frozenset({b"if-none-match", b"range", b"if-range"})
_SAFE = [(name.encode(), value.encode()) for name, value in HARMLESS.items()]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the query asks for."""

    sd: str | None = None
    width: int | None = None
    original: bool = False
    fetch: bool = False
    wait_s: float = 0.0


@dataclass(slots=True)
class Plan:
    """An answer, ready to be sent."""

    status: int
    headers: Headers
    body: bytes = b""
    rest: HandOut | None = None
    """Where there is more than ``body``: read it from here, and close it."""
    rest_offset: int = 0
    rest_end: int = 0


class ImageBytes:
    """The endpoint. One for a server."""

    def __init__(self, backend: Backend, waiting: Waiting) -> None:
        self._backend = backend
        self._waiting = waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except StrandlineError as error:
            answer = answer_error(error)
        except UnsatisfiableRangeError as error:
            answer = answer_refusal(
                "range-not-satisfiable", headers={"content-range": f"bytes */{error.args[0]}"}
            )
        if isinstance(answer, Response):
            await answer(scope, receive, send)
        elif answer is not None:
            await self._send(answer, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Plan | Response | None:
        if scope["method"] not in ("GET", "HEAD"):
            return answer_refusal("method-not-allowed", headers={"allow": "GET, HEAD"})
        image_id = parse_image_id(scope["path"][len(PREFIX) :])
        wish = parse_wish(scope["query_string"])
        headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in _WANTED}

        def plan() -> Plan:
            return plan_answer(
                self._backend.store, image_id, wish, headers, is_head=scope["method"] == "HEAD"
            )

        if wish.wait_s:
            return await self._waiting.until_there(image_id, wish.wait_s, plan, receive)
        lane = self._backend.crossing.slow if wish.width is None else self._backend.crossing.decoding
        return await lane(plan)

    async def _send(self, plan: Plan, send: Send) -> None:
        await send({"type": "http.response.start", "status": plan.status, "headers": plan.headers})
        source = plan.rest
        if source is None:
            await send({"type": "http.response.body", "body": plan.body})
            return
        try:
            await send({"type": "http.response.body", "body": plan.body, "more_body": True})
            offset = plan.rest_offset
            while offset < plan.rest_end:
                length = min(PIECE_BYTES, plan.rest_end - offset)
                piece = await self._backend.crossing.slow(lambda o=offset, n=length: source.read(o, n))  # type: ignore[misc]
                offset += length
                await send({"type": "http.response.body", "body": piece, "more_body": offset < plan.rest_end})
        finally:
            source.close()


def parse_wish(query: bytes) -> Wish:
    """What the query asks for; names that mean nothing here are let be.

    Raises:
        InvalidInputError: A value cannot be used.
    """
    if not query:
        return Wish()
    given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    return Wish(
        sd=given.get("sd") or None,
        width=_parse_number(given, "w", MAX_SIZE) if "w" in given else None,
        original=_parse_flag(given, "original"),
        fetch=_parse_flag(given, "fetch"),
        wait_s=float(_parse_number(given, "wait", int(MAX_WAIT_S), least=0)) if "wait" in given else 0.0,
    )


def plan_answer(
    store: LocalStore, image_id: ImageId, wish: Wish, headers: Mapping[bytes, str], *, is_head: bool
) -> Plan:
    """Looks the image up and decides what is sent. Runs in a thread of the store's.

    Raises:
        StrandlineError: It cannot be shown; why, is what the error says.
        UnsatisfiableRangeError: The range lies beyond its end; with its size.
    """
    bench = store.bench
    sd = None if wish.sd is None else store.get_storage_dir(wish.sd)
    if not wish.fetch:
        _check_is_here(store, image_id, sd)
    found = find_hand_out(bench, image_id, sd)
    if found is None:
        raise not_found_error(explain_image(bench, image_id))
    keep_open = False
    try:
        variant = _variant_of(found, wish)
        etag = f'"{found.sha256}{variant and "-" + variant}"'
        lasting = _lasting_headers(found, etag)
        if is_not_modified(headers.get(b"if-none-match"), etag):
            return Plan(304, lasting)
        if variant:
            small = get_thumbnail(bench, store.thumbnails, found, wish.width or MAX_SIZE)
            return _plan_small(small, lasting, headers, etag, is_head)
        plan = _plan_original(found, lasting, headers, etag, is_head)
        keep_open = plan.rest is not None
        return plan
    finally:
        if not keep_open:
            found.close()


def _check_is_here(store: LocalStore, image_id: ImageId, sd: StorageDir | None) -> None:
    """Refuses to fetch what is in the cloud only; on most systems no file can say so, and nothing is looked at."""
    if HAS_CLOUD_FLAGS and look_up(store.bench, image_id, sd).verdict is Verdict.ONLINE_ONLY:
        raise ImageOnlineOnlyError(
            f"the bytes of image {image_id} are in the cloud; add ?fetch=1 to download them",
            image_id=image_id,
        )


def _variant_of(found: HandOut, wish: Wish) -> str:
    """What is made of the image; nothing where it is sent as it is."""
    if wish.original:
        return ""
    if wish.width is not None:
        return f"w{wish.width}"
    media_type = find_media_type(found.media_type)
    return "" if media_type is None or media_type.shown_by_browsers else "shown"


def _lasting_headers(found: HandOut, etag: str) -> Headers:
    """What a 304 repeats. Under a legacy id, and where nobody vouches for the bytes, they may be others tomorrow."""
    lasts = is_content_id(found.image_id) and found.proven
    cache = b"private, max-age=31536000, immutable" if lasts else b"private, no-cache"
    headers = [(b"etag", etag.encode()), (b"cache-control", cache)]
    if found.from_other_sd:
        headers.append((b"strandline-from-other-sd", b"1"))
    return headers


def _plan_original(
    found: HandOut, lasting: Headers, asked: Mapping[bytes, str], etag: str, is_head: bool
) -> Plan:
    part = _find_part(asked, etag, found.size_bytes)
    status, offset, end, headers = _head_of(found.media_type, found.size_bytes, part)
    headers = lasting + headers
    if is_head:
        return Plan(status, headers)
    first = found.read(offset, end - offset if end - offset <= AT_ONCE_BYTES else PIECE_BYTES)
    if offset + len(first) == end:
        return Plan(status, headers, first)
    return Plan(status, headers, first, found, offset + len(first), end)


def _plan_small(
    small: Thumbnail, lasting: Headers, asked: Mapping[bytes, str], etag: str, is_head: bool
) -> Plan:
    part = _find_part(asked, etag, len(small.data))
    status, offset, end, headers = _head_of(small.media_type, len(small.data), part)
    return Plan(status, lasting + headers, b"" if is_head else small.data[offset:end])


def _find_part(asked: Mapping[bytes, str], etag: str, size_bytes: int) -> Part | None:
    return find_part(asked.get(b"range"), asked.get(b"if-range"), etag, size_bytes)


def _head_of(media_type: str, size_bytes: int, part: Part | None) -> tuple[int, int, int, Headers]:
    """Status, the first byte, the one after the last, and the headers that tell of them."""
    status, offset, end = (
        (200, 0, size_bytes) if part is None else (206, part.offset, part.offset + part.length)
    )
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(end - offset).encode()),
        (b"accept-ranges", b"bytes"),
        *_SAFE,
    ]
    if part is not None:
        headers.append((b"content-range", f"bytes {offset}-{end - 1}/{size_bytes}".encode()))
    return status, offset, end, headers


def _parse_flag(given: Mapping[str, str], name: str) -> bool:
    if given.get(name, "0") not in ("0", "1"):
        raise InvalidInputError(f"give {name}=1 or leave it out")
    return given.get(name) == "1"


def _parse_number(given: Mapping[str, str], name: str, most: int, *, least: int = 1) -> int:
    text = given[name]
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise InvalidInputError(f"give {name} as a whole number from {least} to {most}")
    return int(text)
