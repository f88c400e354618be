"""Drawing: whether a picture can be drawn to its last row, and whether zeros at its end are pixels (SPEC §3).

The structure of some formats gives only lengths, so space that was reserved and never filled looks whole. A decoder
often draws such zeros as well. Of lossy WebP it can tell more: see
:func:`~strandline.model.structure.riff.shorten_last_frame`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from strandline.errors import (
    DecoderUnavailableError,
    DecodingInterruptedError,
    MissingExtraError,
    PictureTooLargeError,
    UndecodablePictureError,
)
from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.layout import ID_LAYOUT
from strandline.model.media_types import SNIFF_BYTES, Family, MediaType
from strandline.model.structure import Structure, ends_in_zeros
from strandline.model.structure.riff import shorten_last_frame
from strandline.pictures.decoding import check_decodes

if TYPE_CHECKING:
    import mmap

    from strandline.folders.port import ProofCopy
    from strandline.services.workbench import Workbench

UNKNOWN_TYPE = "its first bytes are of no image type we know"
HOLE = "it ends in zeros: space was reserved, but the bytes have not arrived"

CANNOT_SHOW_HOLES = (Family.RIFF, Family.ISO, Family.JXL)
"""Their structure gives only lengths, or nothing, so preallocated zeros look whole."""


def is_whole(copy: ProofCopy) -> bool:
    """Whether the bytes are a whole image that can have an id for a name, as far as the structure shows."""
    media_type = ID_LAYOUT.sniff(bytes(copy.buffer[:SNIFF_BYTES]))
    return media_type is not None and walk_strictly(copy, media_type).whole


def can_be_image(copy: ProofCopy, image_id: ImageId) -> bool:
    """Whether a conflict copy's bytes are the image's (content id) or a whole image (legacy id)."""
    return content_id_of(copy.sha256) == image_id if is_content_id(image_id) else is_whole(copy)


def check_drawable(bench: Workbench, copy: ProofCopy) -> None:
    """Decodes an id-named picture to its last row; a second, new decoder is asked before it counts as broken.

    Raises:
        UndecodablePictureError: It cannot be drawn to its end.
        StrandlineError: Nobody can tell.
    """
    media_type = ID_LAYOUT.sniff(bytes(copy.buffer[:SNIFF_BYTES]))
    if media_type is None:
        raise UndecodablePictureError(UNKNOWN_TYPE)
    _decode(bench, copy.buffer, media_type.name, be_sure=True)


def walk_strictly(copy: ProofCopy, media_type: MediaType) -> Structure:
    """The structure if no hash proves the bytes: zeros at the end may then be a hole (SPEC §3)."""
    walked = copy.find_structure(media_type)
    if walked.whole and media_type.family in CANNOT_SHOW_HOLES and ends_in_zeros(copy.buffer):
        return Structure(whole=False, reason=HOLE)
    return walked


def shorten(copy: ProofCopy, media_type: MediaType) -> bytes | None:
    """The picture without its last bytes, if it ends in zeros, and a decoder can tell whether they are pixels."""
    if media_type.family is not Family.RIFF or not ends_in_zeros(copy.buffer):
        return None
    if copy.find_structure(media_type).end != copy.size_bytes:
        return None
    with memoryview(copy.buffer) as view:
        return shorten_last_frame(view)


def try_decoding(
    bench: Workbench, copy: ProofCopy, media_type: MediaType, *, be_sure: bool
) -> tuple[bool | None, str]:
    """Whether the picture decodes to its last row, and if not, why. None if that cannot be tried.

    With ``be_sure``, a second, new decoder is asked before the picture counts as undecodable.
    """
    if not bench.interruptions.is_due(copy.sha256):
        raise DecodingInterruptedError("its decoder was interrupted; it will be tried again later")
    try:
        _decode(bench, copy.buffer, media_type.name, be_sure=be_sure)
        decodes = not ends_in_zeros(copy.buffer) or _needs_its_end(bench, copy, media_type)
        why_not = "" if decodes else HOLE
    except DecodingInterruptedError:
        bench.interruptions.add(copy.sha256)
        raise
    except UndecodablePictureError as error:
        decodes, why_not = False, error.message
    except (PictureTooLargeError, DecoderUnavailableError, MissingExtraError):
        decodes, why_not = None, ""
    bench.interruptions.drop(copy.sha256)
    return decodes, why_not


def _needs_its_end(bench: Workbench, copy: ProofCopy, media_type: MediaType) -> bool:
    """Whether the zeros at its end are pixels. False also if no decoder can tell."""
    shorter = shorten(copy, media_type)
    if shorter is None:
        return False
    try:
        _decode(bench, shorter, media_type.name, be_sure=False)
    except UndecodablePictureError:
        return True
    return False


def _decode(bench: Workbench, data: bytes | mmap.mmap, media_type: str, *, be_sure: bool) -> None:
    limits = bench.limits
    check = partial(
        check_decodes,
        data,
        media_type,
        max_pixels=limits.max_pixels,
        timeout_s=limits.decode_timeout_s,
    )
    try:
        check()
    except UndecodablePictureError:
        if not be_sure:
            raise
        check(fresh=True)
