"""Structure: is a picture *whole*, that is, does walking its parts reach the end that they promise?

Half-synced files keep their name and often their size, and decoders fill the missing part with gray. So this walks
the parts themselves without decoding a pixel: chunks, segments, blocks, boxes, elements. Bytes after the end are
allowed if the format ends by itself (motion photos, trailing newlines).

What surprises is what a walk cannot see, because the format does not say it:

- a hole *inside* a part. Only PNG has checksums. A JPEG scan can be seen to end, but not to be right;
- zeros at the end of a WebP or ISO file (preallocated, not yet filled) if its last part began before them.
  PNG, JPEG, GIF, and SVG end in a mark, which zeros erase. :func:`ends_in_zeros` is for the other two;
- an optional part that is missing as a whole at the end of an ISO file: nothing promises a trailing ``free`` box or
  the video of a motion photo;
- the end of an ISO file whose last box is open-ended (``Structure.open_ended``), beyond what its items name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from strandline.model.media_types import Family, MediaType
from strandline.model.structure.gif import walk_gif
from strandline.model.structure.iso import walk_iso
from strandline.model.structure.jpeg import walk_jpeg
from strandline.model.structure.png import walk_png
from strandline.model.structure.riff import walk_riff
from strandline.model.structure.svg import walk_svg
from strandline.model.structure.verdict import NotWholeError, Structure

if TYPE_CHECKING:
    import mmap

__all__ = ["Structure", "ends_in_zeros", "walk_structure"]

SUSPICIOUS_ZEROS = 64
"""This many zero bytes at the end of a compressed picture are no coincidence. Shorter runs occur in real files."""

_WALKERS: dict[Family, Callable[[memoryview], Structure]] = {
    Family.PNG: walk_png,
    Family.JPEG: walk_jpeg,
    Family.GIF: walk_gif,
    Family.RIFF: walk_riff,
    Family.ISO: walk_iso,
    Family.SVG: walk_svg,
}


def walk_structure(data: bytes | bytearray | memoryview | mmap.mmap, media_type: MediaType) -> Structure:
    """Walks the data as a picture of that type, which should be the sniffed one.

    Never raises, whatever the bytes, and copies no pixels. The cost is linear: the speed of ``crc32`` for PNG and of
    ``memchr`` for JPEG, almost nothing for WebP and ISO. Memory is bounded, whatever sizes the data claims.

    Laws: a proper prefix that cuts before ``end`` is never whole (except for an open-ended ISO file). A whole PNG,
    JPEG, GIF, WebP, or SVG stays whole, with the same ``end``, if bytes are appended.
    """
    with memoryview(data) as view:
        try:
            return _WALKERS[media_type.family](view)
        except NotWholeError as cut:
            return Structure(whole=False, reason=str(cut))


def ends_in_zeros(data: bytes | bytearray | memoryview | mmap.mmap, count: int = SUSPICIOUS_ZEROS) -> bool:
    """True if there are at least ``count`` bytes and the last ``count`` are zero: space was allocated but never
    filled.
    """
    with memoryview(data) as view:
        return len(view) >= count and view[len(view) - count :] == bytes(count)
