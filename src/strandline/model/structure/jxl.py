"""JPEG XL: the boxes of its container tile the file and have all parts of the codestream.

A bare codestream says nowhere how long it is: that follows from its entropy coding, which only a decoder knows. So it
is whole as far as its head goes, and open-ended. ISO/IEC 18181-2, sections 9.2 to 9.7.
"""

from __future__ import annotations

from strandline.model.structure.boxes import Box, iter_boxes
from strandline.model.structure.verdict import NotWholeError, Structure

CODESTREAM = b"\xff\x0a"
CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"

_HEAD_BYTES = 16
"""Fewer bytes are no picture: the head, and the code of at least one pixel."""
_PART_NUMBER_BYTES = 4
_IS_LAST_PART = 0x80


def walk_jxl(data: memoryview) -> Structure:
    """Walks containers. Reads only the headers of boxes."""
    if bytes(data[: len(CODESTREAM)]) == CODESTREAM:
        if len(data) < _HEAD_BYTES:
            raise NotWholeError(f"the data ends within its head, at byte {len(data)}")
        return Structure(whole=True, end=len(data), open_ended=True)
    if bytes(data[: len(CONTAINER)]) != CONTAINER:
        raise NotWholeError("the head of a JPEG XL is missing")
    box: Box | None = None
    is_complete = False
    for box in iter_boxes(data, 0, len(data)):
        if box.kind == b"jxlc":
            is_complete = box.end - box.body >= _HEAD_BYTES
        elif box.kind == b"jxlp" and box.end - box.body > _PART_NUMBER_BYTES:
            is_complete = is_complete or bool(data[box.body] & _IS_LAST_PART)
    if box is None or not is_complete:
        raise NotWholeError("the data ends before the last part of the picture")
    return Structure(whole=True, end=len(data), open_ended=box.is_open_ended)


def find_codestream(data: memoryview) -> memoryview:
    """The codestream, or the first part of it. Empty if there is none.

    Raises:
        NotWholeError: The boxes before it do not tile the file.
    """
    if bytes(data[: len(CODESTREAM)]) == CODESTREAM:
        return data
    for box in iter_boxes(data, 0, len(data)):
        if box.kind == b"jxlc":
            return data[box.body : box.end]
        if box.kind == b"jxlp":
            return data[box.body + _PART_NUMBER_BYTES : box.end]
    return data[:0]
