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
- the end of an ISO file whose last box is open-ended (``Structure.open_ended``), beyond what its items name;
- any end of a bare JPEG XL codestream, where only a decoder knows how long it is. It is always open-ended;
- whether plain pixels (BMP, TIFF, ICO) that are zero at the end are black, or have not arrived. They are open-ended,
  too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from strandline.model.media_types import Family, MediaType
from strandline.model.structure.bmp import walk_bmp
from strandline.model.structure.gif import walk_gif
from strandline.model.structure.ico import walk_ico
from strandline.model.structure.iso import walk_iso
from strandline.model.structure.jpeg import walk_jpeg
from strandline.model.structure.jxl import walk_jxl
from strandline.model.structure.png import walk_png
from strandline.model.structure.riff import walk_riff
from strandline.model.structure.svg import walk_svg
from strandline.model.structure.tiff import walk_tiff
from strandline.model.structure.verdict import NotWholeError, Structure, ends_in_zeros

if TYPE_CHECKING:
    import mmap

__all__ = ["Structure", "ends_in_zeros", "walk_structure"]

_WALKERS: dict[Family, Callable[[memoryview], Structure]] = {
    Family.PNG: walk_png,
    Family.JPEG: walk_jpeg,
    Family.GIF: walk_gif,
    Family.RIFF: walk_riff,
    Family.ISO: walk_iso,
    Family.SVG: walk_svg,
    Family.BMP: walk_bmp,
    Family.TIFF: walk_tiff,
    Family.ICO: walk_ico,
    Family.JXL: walk_jxl,
}


def walk_structure(data: bytes | bytearray | memoryview | mmap.mmap, media_type: MediaType) -> Structure:
    """Walks the data as a picture of that type, which should be the sniffed one.

    Never raises, whatever the bytes, and copies no pixels. The cost is linear: the speed of ``crc32`` for PNG and of
    ``memchr`` for JPEG, almost nothing for WebP, ISO, BMP, and JPEG XL, and a step per strip for TIFF. Memory is
    bounded, whatever sizes the data claims.

    Laws: a proper prefix that cuts before ``end`` is never whole (except for an open-ended ISO file and a bare
    JPEG XL codestream). A whole picture of another format than ISO and JPEG XL stays whole, with the same ``end``, if
    bytes are appended.
    """
    with memoryview(data) as view:
        try:
            return _WALKERS[media_type.family](view)
        except NotWholeError as cut:
            return Structure(whole=False, reason=str(cut))
