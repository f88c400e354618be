"""Requests: what a browser, another program, or another site's page may send."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from werkzeug.http import parse_range_header

from strandline.catalog.images import format_cursor, parse_cursor
from strandline.errors import InvalidCursorError, InvalidInputError
from strandline.model.access import Caller
from strandline.model.image_files import ImageFilter
from strandline.pictures.decoding import MAX_SIZE
from strandline.web.guards import Guard, is_public
from strandline.web.heads import LOOKED_AT, Request
from strandline.web.images.plan import MAX_WAIT_S, parse_wish
from strandline.web.images.ranges import Part, UnsatisfiableRangeError, find_part, is_not_modified

ETAG = f'"{"0123456789abcdef" * 4}-w400"'

TOKEN, KEY = "t0ken-" * 8, "im4ge-key-" * 5
WIKI = "http://wiki.lan"
SESSION = "s3ssion-" * 5
GUARDS = [
    Guard(
        TOKEN, KEY, frozenset({"box.lan"}), frozenset({WIKI}), is_loopback=is_loopback,
        find_in_session=lambda value: Caller("somebody") if value == SESSION else None,
    )
    for is_loopback in (True, False)
]  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "DELETE")
HEADERS = sorted(LOOKED_AT)


def check_range(data: bytes) -> None:
    """Two bytes of size, then ``Range``, ``If-Range``, and ``If-None-Match``, one per line."""
    if len(data) < 2:
        return
    size_bytes = int.from_bytes(data[:2], "big")
    header, if_range, if_none_match, *_ = [*data[2:].decode("latin-1").split("\n"), "", ""]
    part = _find(header, None, size_bytes)
    if isinstance(part, Part):
        assert 0 <= part.offset < part.offset + part.length <= size_bytes
        again = f"bytes={part.offset}-{part.offset + part.length - 1}"
        assert _find(again, ETAG, size_bytes) == part
    assert _find(header, if_range, size_bytes) == (part if if_range.strip() == ETAG else None)
    _check_others_agree(header, part, size_bytes)

    is_known = is_not_modified(if_none_match, ETAG)
    assert not is_known or ETAG in if_none_match or if_none_match.strip() == "*"
    assert is_not_modified(f'"x", {ETAG}', ETAG)
    assert is_not_modified(f"W/{ETAG}", ETAG)


def _find(header: str, if_range: str | None, size_bytes: int) -> Part | str | None:
    try:
        return find_part(header, if_range, ETAG, size_bytes)
    except UnsatisfiableRangeError:
        return "beyond"


def _check_others_agree(header: str, part: Part | str | None, size_bytes: int) -> None:
    """If our parser and werkzeug's both see a range, they agree, except for last bytes (RFC 9110, 14.1.2).

    If a client asks for more last bytes than exist, we send all; for zero last bytes, nothing. werkzeug differs.
    """
    theirs = parse_range_header(header)
    if part is None or theirs is None or theirs.units != "bytes" or len(theirs.ranges) != 1:
        return
    if "=-" in "".join(header.split()) and not 0 < -theirs.ranges[0][0] <= size_bytes:
        return
    expected = (part.offset, part.offset + part.length) if isinstance(part, Part) else None
    assert theirs.range_for_length(size_bytes) == expected


def check_guard(data: bytes) -> None:
    """A byte that chooses guard and method, then path, query, and headers, one per line."""
    if not data:
        return
    guard = GUARDS[data[0] & 1]
    path, query, *values = [*data[1:].split(b"\n"), b"", b""]
    headers = {name: value for name, value in zip(HEADERS, values, strict=False) if value}
    # The server gives paths as text, with percent escapes decoded.
    request = Request(METHODS[data[0] // 2 % len(METHODS)], path.decode("utf-8", "replace"), query, headers)
    refusal = guard.find_refusal(request)
    origin = guard.find_allowed_origin(request)
    assert origin in (None, WIKI)
    if refusal is None:
        _check_may_pass(guard, request)
        return
    assert refusal.message.isprintable()
    given = request.get(b"host")  # the refusal names the host, whatever the client has put there
    assert not any(secret in refusal.message and secret not in given for secret in (TOKEN, KEY, SESSION))


def _check_may_pass(guard: Guard, request: Request) -> None:
    """A request that passes names one of our hosts, and has a secret or does not come from another site's page."""
    assert _is_ours(request.get(b"host"), guard)
    has_secret = TOKEN in request.get(b"authorization") or SESSION in request.get(b"cookie")
    has_key = request.path.startswith("/i/") and request.find_in_query("key") == KEY
    is_preflight = request.method == "OPTIONS" and request.get(b"origin") == WIKI
    assert has_secret or has_key or is_preflight or is_public(request)
    origin = request.get(b"origin")
    is_ours = origin == WIKI or _is_one_place(origin.partition("://")[2], request.get(b"host"))
    if request.method not in ("GET", "HEAD"):
        assert is_ours or TOKEN in request.get(b"authorization")
    elif request.get(b"sec-fetch-site") == "cross-site" and request.path.startswith(("/i/", "/api/")):
        referer = request.get(b"referer")
        is_ours = is_ours or (not origin and _is_one_place(urlsplit(referer).netloc, request.get(b"host")))
        assert TOKEN in request.get(b"authorization") or has_key or is_ours or referer.startswith(WIKI)


def _is_one_place(one: str, other: str) -> bool:
    """Whether the two hosts are the same, or both this machine with the same port."""
    parts = [urlsplit(f"http://{host.lower()}/") for host in (one, other)]
    names, ports = (
        [part.hostname for part in parts],
        [part.netloc.rpartition("]")[2].partition(":")[2] for part in parts],
    )
    are_local = all(name in ("localhost", "127.0.0.1", "::1") for name in names)
    return one.lower() == other.lower() or (are_local and ports[0] == ports[1])


def _is_ours(host: str, guard: Guard) -> bool:
    """By the rules of a browser."""
    name = urlsplit(f"http://{host}/").hostname or ""
    if name in ("localhost", *guard.allow_hosts):
        return True
    address = ipaddress.ip_address(name)
    return address.is_loopback or not guard.is_loopback


def check_query(data: bytes) -> None:
    """The query of an image's address, and the cursor of a listing."""
    try:
        wish = parse_wish(data)
    except InvalidInputError:
        pass
    else:
        assert wish.width is None or 1 <= wish.width <= MAX_SIZE
        assert 0 <= wish.wait_s <= MAX_WAIT_S
    try:
        cursor = parse_cursor(data.decode("latin-1"), ImageFilter())
    except InvalidCursorError:
        return
    assert parse_cursor(format_cursor(cursor, ImageFilter()), ImageFilter()) == cursor
