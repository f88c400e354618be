"""``data:`` URLs: pictures as text, as browsers and editors copy them. Pure."""

from __future__ import annotations

from strandline.errors import InvalidDataUrlError

_SCHEME = "data:"


def is_data_url(text: str) -> bool:
    """Whether the text begins as one."""
    return text[: len(_SCHEME)].lower() == _SCHEME


def parse_data_url(url: str) -> bytes:
    """The bytes of a ``data:`` URL, base64 or percent-encoded.

    Raises:
        InvalidDataUrlError: It has no comma, or its base64 is invalid.
    """
    import base64  # here, like the next import: few people save data: URLs
    from urllib.parse import unquote_to_bytes

    head, comma, body = url.partition(",")
    if not comma:
        raise InvalidDataUrlError("the data: URL has no comma before its data; copy it again, whole")
    data = unquote_to_bytes(body)
    if not head.lower().endswith(";base64"):
        return data
    try:
        compact = b"".join(data.split()).rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
        return base64.b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
    except ValueError as error:
        raise InvalidDataUrlError(
            f"the data: URL's base64 is broken ({error}); copy it again, whole"
        ) from error


def shorten_data_url(url: str) -> str:
    """Its beginning, for people."""
    return url if len(url) <= 60 else url[:57] + "..."
