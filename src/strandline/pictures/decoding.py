"""Decoding within limits: does a picture decode to its last row, and a small copy of it.

Both are bounded in pixels, time, and memory, whatever the bytes. A decoder process does the work (see
:mod:`~strandline.pictures.decoder_pool`) and is killed when its time is up. The process that holds the catalog never
runs a decoder and never loads a picture library.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import Any

from strandline.errors import (
    DecoderUnavailableError,
    DecodingInterruptedError,
    PictureTooLargeError,
    UndecodablePictureError,
)

MAX_PIXELS = 200_000_000
"""The largest sensors of telephones make 200 million."""

TIMEOUT_S = 20.0
"""For one picture. A HEIC of 12 million pixels takes a second on a slow machine."""

MAX_SIZE = 16_383
"""Of the longest side of a copy; WebP has no more."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small copy of a picture: upright, in sRGB, without any metadata."""

    data: bytes
    media_type: str
    """``image/webp``; ``image/jpeg`` for a copy over 2,048 pixels that has no transparency."""
    width: int
    height: int


def check_decodes(
    data: bytes | mmap.mmap,
    media_type: str,
    *,
    max_pixels: int = MAX_PIXELS,
    timeout_s: float = TIMEOUT_S,
    fresh: bool = False,
) -> None:
    """Decodes every row of every frame and keeps nothing. An SVG is drawn once.

    Holes that are filled with zeros are not always seen: WebP and HEIC decode them to something.

    Args:
        data: The whole file. It is copied to the decoder process.
        media_type: The sniffed type; the bytes are taken for nothing else.
        max_pixels: Of one frame. All frames together may have ten times as many.
        timeout_s: For decoding alone; waiting for a free decoder process comes on top.
        fresh: Asks a process that has decoded nothing yet, which takes a fifth of a second more.

    Raises:
        UndecodablePictureError: If it is truncated or broken, is of another type, or made its decoder crash.
        PictureTooLargeError: If it has more pixels, or takes more time, than allowed: nothing is known about its
            bytes then.
        DecoderUnavailableError: If no decoder could be started: nothing is known either.
        DecodingInterruptedError: If the decoder was ended from outside, or found no memory: nothing is known either.
    """
    _ask(data, media_type, None, max_pixels, timeout_s, fresh=fresh)


def make_thumbnail(
    data: bytes | mmap.mmap,
    media_type: str,
    *,
    size: int,
    max_pixels: int = MAX_PIXELS,
    timeout_s: float = TIMEOUT_S,
) -> Thumbnail:
    """A copy whose longest side is at most ``size`` (1 to :data:`MAX_SIZE`); never enlarged.

    Of an animation the first frame, and only that is decoded: a GIF whose later frames are lacking still makes a
    thumbnail. So prove the bytes first, and cache the result under the hash of the very bytes given here. Raises
    as :func:`check_decodes` does. A JPEG of 12 million pixels takes about 60 ms.
    """
    if not 1 <= size <= MAX_SIZE:
        raise ValueError(f"a thumbnail has between 1 and {MAX_SIZE} pixels a side, not {size}")
    reply, small = _ask(data, media_type, size, max_pixels, timeout_s)
    return Thumbnail(small, reply["media_type"], reply["width"], reply["height"])


def stop_decoders() -> None:
    """Ends decoder processes that are idle. They end by themselves after a minute, and start again when needed."""
    from strandline.pictures import decoder_pool

    decoder_pool.POOL.close()


def _ask(
    data: bytes | mmap.mmap,
    media_type: str,
    size: int | None,
    max_pixels: int,
    timeout_s: float,
    *,
    fresh: bool = False,
) -> tuple[dict[str, Any], bytes]:
    from strandline.pictures import decoder_pool  # here, because most starts of a program decode nothing

    request = {"media_type": media_type, "size": size, "max_pixels": max_pixels}
    try:
        with memoryview(data) as view:
            reply, result = decoder_pool.POOL.ask(request, view, timeout_s=timeout_s, fresh=fresh)
    except decoder_pool.DecoderTimeoutError:
        raise PictureTooLargeError(
            f"the picture takes longer than {timeout_s:g} s to decode; raise pictures.decode_timeout_s to try longer",
            timeout_s=timeout_s,
        ) from None
    except decoder_pool.DecoderStartError as error:
        raise DecoderUnavailableError(
            f"no picture decoder could be started ({error}); `strandline doctor` says what is missing"
        ) from error
    except decoder_pool.DecoderInterruptedError:
        raise _interrupted("it was ended") from None
    except decoder_pool.DecoderGoneError:
        raise UndecodablePictureError("the picture made its decoder crash; nothing was shown of it") from None
    if "no_memory" in reply:
        raise _interrupted(reply["no_memory"])
    if "too_large" in reply:
        raise PictureTooLargeError(
            f"the picture is too large to decode: {reply['too_large']}; raise pictures.max_pixels if you trust it",
            pixels=reply.get("pixels"),
            max_pixels=max_pixels,
        )
    if "undecodable" in reply:
        raise UndecodablePictureError(
            f"the picture cannot be decoded ({reply['undecodable']}); it may still be arriving, or be broken",
            reason=reply["undecodable"],
        )
    return reply, result


def _interrupted(reason: str) -> DecodingInterruptedError:
    return DecodingInterruptedError(
        f"the decoder gave no answer ({reason}), so nothing is known of the picture; try again when the machine has "
        "more memory free",
        reason=reason,
    )
