"""Plans: what is sent for a found image: how much of it, with which headers, and whether at all.

The tag is the hash of the bytes, so a browser that has them is answered without reading any. Under a content id they
never change, so the browser does not even need to ask. A derived picture (a small copy, or one that browsers can
show) has its own tag and lasts as long as the image.

A plan never runs a decoder. If a copy must be made first, the plan is a :class:`Drawing`, which runs only on the
decoding lane.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from strandline import FoundImage
from strandline.errors import InvalidInputError
from strandline.model.image_ids import ImageId, is_content_id
from strandline.model.media_types import find_media_type
from strandline.model.values import dataclass
from strandline.pictures.decoding import MAX_SIZE as MAX_SIZE
from strandline.pictures.decoding import Thumbnail
from strandline.runtime.assembly import LocalStore
from strandline.web.answers import HARMLESS
from strandline.web.api.parameters import check_single
from strandline.web.images.ranges import Part, find_part, is_not_modified

Headers = list[tuple[bytes, bytes]]

AT_ONCE_BYTES = 1024 * 1024
"""Up to this size, an image is read and sent in one piece; larger ones piece by piece."""

PIECE_BYTES = 256 * 1024

MAX_WAIT_S = 300
"""Limit of ``?wait=`` in seconds. Browsers and proxies time out not far above."""

PARAMETERS = ("w", "wait", "original", "sd", "fetch", "quiet")
"""The names that a query may have."""

IMAGE_KEY = "key"
"""The guard reads it, and messages do not advertise it."""

ASKED = frozenset({b"if-none-match", b"range", b"if-range", b"sec-fetch-site", b"sec-fetch-mode"})
"""The request headers that a plan uses."""

REDIRECTED = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"})
"""Pictures that are nothing but pixels. Anything else needs the headers that only this server sends (SVG)."""

_NOT_KEPT = (b"cache-control", b"no-store")
_SAFE = [(name.encode(), value.encode()) for name, value in HARMLESS.items()]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the query asks for."""

    sd: str | None = None
    width: int | None = None
    original: bool = False
    fetch: bool = False
    quiet: bool = False
    """If there is no picture now, a small copy from before, or nothing instead of a problem: for a tile."""
    wait_s: float = 0.0


@dataclass(slots=True)
class Plan:
    """An answer that is ready to be sent."""

    status: int
    headers: Headers
    body: bytes = b""
    rest: FoundImage | None = None
    """If there is more than ``body``: read it from here, and close it."""
    rest_offset: int = 0
    rest_end: int = 0


@dataclass(frozen=True, slots=True)
class Drawing:
    """A copy that must be made before it can be sent. Draw it on the decoding lane."""

    found: FoundImage
    size: int
    lasting: Headers
    asked: Mapping[bytes, str]
    etag: str
    is_head: bool

    def draw(self, store: LocalStore) -> Plan:
        """Makes the copy, or takes it from the cache if another request has made it meanwhile. Closes the image.

        Raises:
            StrandlineError: The image cannot be read or drawn.
            UnsatisfiableRangeError: The range begins after the end of the copy; its argument is the copy's size.
        """
        with self.found:
            small = store.thumbnails.get(self.found, self.size)
        return _plan_small(small, self.lasting, self.asked, self.etag, self.is_head)


def parse_wish(query: bytes) -> Wish:
    """Parses the query.

    Raises:
        InvalidInputError: A value is invalid, or a name is unknown or comes twice.
    """
    if not query:
        return Wish()
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    check_single(pairs)
    given = dict(pairs)
    unknown = next((name for name in given if name not in (*PARAMETERS, IMAGE_KEY)), None)
    if unknown is not None:
        raise InvalidInputError(f"an image has no parameter {unknown[:40]!r}; it has {', '.join(PARAMETERS)}")
    return Wish(
        sd=given.get("sd") or None,
        width=_parse_number(given, "w", MAX_SIZE) if "w" in given else None,
        original=_parse_flag(given, "original"),
        fetch=_parse_flag(given, "fetch"),
        quiet=_parse_flag(given, "quiet"),
        wait_s=float(_parse_number(given, "wait", MAX_WAIT_S, least=0)) if "wait" in given else 0.0,
    )


def plan_answer(
    store: LocalStore, found: FoundImage, wish: Wish, asked: Mapping[bytes, str], *, is_head: bool
) -> Plan | Drawing:
    """Decides what to send of a found image. Closes it unless there is more to read or draw.

    Reads the image or the cache, and runs no decoder.

    Raises:
        StrandlineError: It cannot be read.
        UnsatisfiableRangeError: The range begins after its end; its argument is the size.
    """
    keep_open = False
    try:
        variant = _variant_of(found, wish)
        etag = f'"{found.sha256}{variant and "-" + variant}"'
        lasting = _lasting_headers(found, etag)
        if is_not_modified(asked.get(b"if-none-match"), etag):
            return Plan(304, lasting)
        if variant:
            size = wish.width or MAX_SIZE
            small = store.thumbnails.find(found, size)
            if small is not None:
                return _plan_small(small, lasting, asked, etag, is_head)
            keep_open = True
            return Drawing(found, size, lasting, asked, etag, is_head=is_head)
        if not is_head and may_be_sent_on(asked, found.media_type):
            address = found.find_address(store.now())
            if address is not None:
                return _plan_redirect(found, address)
        plan = _plan_original(found, lasting, asked, etag, is_head)
        keep_open = plan.rest is not None
        return plan
    finally:
        if not keep_open:
            found.close()


def may_be_sent_on(asked: Mapping[bytes, str], media_type: str) -> bool:
    """Whether a client may be told to get the bytes elsewhere. Pure.

    Not a page of this server, whose policy lets no other server in; not a script, which would need the other server's
    permission; and not one that goes on with what it has by the tag of this server.
    """
    is_own = asked.get(b"sec-fetch-site") == "same-origin"
    is_script = asked.get(b"sec-fetch-mode") == "cors"
    return media_type in REDIRECTED and not (is_own or is_script or b"if-range" in asked)


def _plan_redirect(found: FoundImage, address: str) -> Plan:
    """Nobody keeps it: in a minute it leads nowhere. The other server does not learn where it was found."""
    headers = [
        (b"location", address.encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"content-length", b"0"),
        *_SAFE,
    ]
    if found.from_other_sd:
        headers.append((b"strandline-from-other-sd", b"1"))
    return Plan(307, headers)


def plan_nothing() -> Plan:
    """The answer to a quiet request for an image that cannot be shown now."""
    return Plan(204, [_NOT_KEPT, *_SAFE])


def plan_recalled(store: LocalStore, image_id: ImageId, wish: Wish, *, is_head: bool) -> Plan:
    """The answer to a quiet request for an image whose bytes are away, with their folder or in the cloud: the small
    copy that was made while they were here, or nothing. Reads the cache.
    """
    small = None if wish.width is None else store.thumbnails.recall(image_id, wish.width)
    if small is None:
        return plan_nothing()
    headers = [_NOT_KEPT, *_SAFE, (b"content-type", small.media_type.encode())]
    length = (b"content-length", str(len(small.data)).encode())
    return Plan(200, [*headers, length], b"" if is_head else small.data)


def _variant_of(found: FoundImage, wish: Wish) -> str:
    """What to make of the image; empty if it is sent unchanged. Pure."""
    if wish.original:
        return ""
    if wish.width is not None:
        return f"w{wish.width}"
    media_type = find_media_type(found.media_type)
    return "" if media_type is None or media_type.shown_by_browsers else "shown"


def _lasting_headers(found: FoundImage, etag: str) -> Headers:
    """The headers that a 304 repeats. Under a legacy id, or without a proof, the bytes may be others tomorrow."""
    lasts = is_content_id(found.image_id) and found.proven
    cache = b"private, max-age=31536000, immutable" if lasts else b"private, no-cache"
    headers = [(b"etag", etag.encode()), (b"cache-control", cache)]
    if found.from_other_sd:
        headers.append((b"strandline-from-other-sd", b"1"))
    return headers


def _plan_original(
    found: FoundImage, lasting: Headers, asked: Mapping[bytes, str], etag: str, is_head: bool
) -> Plan:
    part = _find_part(asked, etag, found.size_bytes)
    status, offset, end, headers = _head_of(found.media_type, found.size_bytes, part)
    headers = lasting + headers
    if is_head:
        return Plan(status, headers)
    first = found.read_piece(offset, end - offset if end - offset <= AT_ONCE_BYTES else PIECE_BYTES)
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
    """Status, first byte, end (exclusive), and the headers for them."""
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
