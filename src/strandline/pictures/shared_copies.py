"""Small copies that other machines made: how they are called, and whether bytes can be one. Pure.

They come from a place where others can write, so nothing in them is believed: they are a whole WebP of at most the
wanted size, and nothing else. Whether it shows that picture, nobody can tell without drawing it again.
"""

from __future__ import annotations

import re

from strandline.model.media_types import find_media_type, sniff_media_type
from strandline.model.structure import walk_structure
from strandline.pictures.cache import FORMAT_VERSION
from strandline.pictures.decoding import Thumbnail
from strandline.pictures.facts import read_facts

SHARED_SIZES = frozenset({400, 800, 1600})
"""Those that pages ask for. Programs may ask for thousands of others, and nobody removes any from a bucket."""

MAX_SHARED_BYTES = 2 * 1024 * 1024
"""Ten times as much as a usual copy of 1,600 pixels."""

_TYPE = "image/webp"
_ALPHA = 0x10
"""The only one of the flags of WebP that a copy may have. RFC 9649, section 2.7."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


def shared_name_of(sha256: str, size: int) -> str:
    """The name for the copy of the picture whose bytes have this hash. Another version of the recipe has another."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256[:80]!r} is not a SHA-256 in hex")
    return f"v{FORMAT_VERSION}/{sha256[:2]}/{sha256}-{size}.webp"


def can_share(thumbnail: Thumbnail, size: int) -> bool:
    """Whether others may have this copy, which was made for this size."""
    is_small = len(thumbnail.data) <= MAX_SHARED_BYTES
    return size in SHARED_SIZES and is_small and thumbnail.media_type == _TYPE


def find_copy_in(data: bytes, size: int) -> Thumbnail | None:
    """The copy for this size that the bytes are, or None if they cannot be one."""
    media_type = sniff_media_type(data)
    if len(data) > MAX_SHARED_BYTES or media_type is None or media_type is not find_media_type(_TYPE):
        return None
    if data[12:16] == b"VP8X" and data[20] & ~_ALPHA:
        return None  # it moves, or has metadata or colors that no copy has
    structure = walk_structure(data, media_type)
    facts = read_facts(data, _TYPE)
    if not structure.whole or structure.end != len(data) or not facts.width or not facts.height:
        return None
    if max(facts.width, facts.height) > size:
        return None
    return Thumbnail(data, _TYPE, facts.width, facts.height)
