"""Decoding within limits: does a picture decode to its last row, and a small copy of it.

Both are bounded in pixels, time, and memory, whatever the bytes. A decoder process does the work (see
:mod:`~strandline.pictures.decoder_pool`) and is killed when its time is up. The process that holds the catalog never
runs a decoder and never loads a picture library.
"""

from __future__ import annotations

import mmap
import threading
from dataclasses import field
from typing import Any

from strandline.errors import (
    DecoderUnavailableError,
    DecodingInterruptedError,
    PictureTooLargeError,
    StrandlineError,
    UndecodablePictureError,
)
from strandline.model.defaults import DECODE_TIMEOUT_S, MAX_PIXELS
from strandline.model.values import dataclass

MAX_SIZE = 16_383
"""Longest side of a copy. WebP cannot be larger."""


_failures = {
    kind.code: 0
    for kind in (
        UndecodablePictureError, PictureTooLargeError, DecoderUnavailableError, DecodingInterruptedError,
    )
}  # fmt: skip
_failures_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small copy of a picture: upright, in sRGB, without metadata."""

    data: bytes = field(repr=False)
    media_type: str
    """``image/webp``, or ``image/jpeg`` for a copy over 2,048 pixels without transparency."""
    width: int
    height: int


def check_decodes(
    data: bytes | mmap.mmap,
    media_type: str,
    *,
    max_pixels: int = MAX_PIXELS,
    timeout_s: float = DECODE_TIMEOUT_S,
    fresh: bool = False,
) -> None:
    """Decodes every row of every frame and discards the pixels. An SVG is drawn once.

    It does not always detect holes that are filled with zeros: WebP and HEIC may decode them.

    Args:
        data: The whole file. It is copied to the decoder process.
        media_type: The sniffed type. No other decoder is tried.
        max_pixels: Limit for one frame. All frames together may have ten times as many.
        timeout_s: Limit for decoding alone. Waiting for a free decoder process is not included.
        fresh: Use a process that has decoded nothing yet. This takes a fifth of a second more.

    Raises:
        UndecodablePictureError: It is truncated or broken, has another type, or crashed its decoder.
        PictureTooLargeError: It exceeds the pixel or time limit. This says nothing about its bytes.
        MissingExtraError: The extra ``pictures`` is not installed. This says nothing about its bytes.
        DecoderUnavailableError: No decoder could be started, or there is none for the type here. This says nothing
            about its bytes.
        DecodingInterruptedError: The decoder was ended from outside or ran out of memory. This says nothing about its
            bytes.
    """
    _ask(data, media_type, None, max_pixels, timeout_s, fresh=fresh)


def make_thumbnail(
    data: bytes | mmap.mmap,
    media_type: str,
    *,
    size: int,
    max_pixels: int = MAX_PIXELS,
    timeout_s: float = DECODE_TIMEOUT_S,
) -> Thumbnail:
    """A copy whose longest side is at most ``size`` (1 to :data:`MAX_SIZE`) pixels; never enlarged.

    Decodes only the first frame of an animation, so a GIF that lacks later frames still gets a thumbnail. Prove the
    bytes first, and cache the result under the hash of exactly these bytes. Raises the same errors as
    :func:`check_decodes`. A JPEG of 12 million pixels takes about 60 ms.
    """
    if not 1 <= size <= MAX_SIZE:
        raise ValueError(f"a thumbnail has between 1 and {MAX_SIZE} pixels a side, not {size}")
    reply, small = _ask(data, media_type, size, max_pixels, timeout_s)
    return Thumbnail(small, reply["media_type"], reply["width"], reply["height"])


def count_failures() -> dict[str, int]:
    """How often this process got no picture from a decoder since it started, by the code of the error."""
    with _failures_lock:
        return dict(_failures)


def stop_decoders() -> None:
    """Ends idle decoder processes. Without this call they end after a minute; new ones start when needed."""
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
    try:
        return _decode(data, media_type, size, max_pixels, timeout_s, fresh=fresh)
    except StrandlineError as error:
        if error.code in _failures:  # a part that is not installed is no failure
            with _failures_lock:
                _failures[error.code] += 1
        raise


def _decode(
    data: bytes | mmap.mmap,
    media_type: str,
    size: int | None,
    max_pixels: int,
    timeout_s: float,
    *,
    fresh: bool,
) -> tuple[dict[str, Any], bytes]:
    from strandline.pictures import decoder_pool  # here, because most runs of a program decode nothing

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
    if "no_decoder" in reply:
        raise DecoderUnavailableError(
            f"the libraries that are installed here cannot decode {reply['no_decoder']}; download the picture, and "
            "open it with a program that can"
        )
    if "too_large" in reply:
        raise PictureTooLargeError(
            f"the picture is too large to decode: {reply['too_large']}; raise pictures.max_pixels if you trust it",
            pixels=reply.get("pixels"),
            max_pixels=max_pixels,
        )
    if "undecodable" in reply:
        raise UndecodablePictureError(
            f"the picture cannot be decoded ({reply['undecodable']}); it is not complete, or it is broken",
            reason=reply["undecodable"],
        )
    return reply, result


def _interrupted(reason: str) -> DecodingInterruptedError:
    return DecodingInterruptedError(
        f"the decoder gave no answer ({reason}), so nothing is known of the picture; try again when the machine has "
        "more memory free",
        reason=reason,
    )
