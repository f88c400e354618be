"""A decoder process: reads pictures from its standard input and answers on its standard output, one at a time.

Pictures come from other machines, and decoders are large C programs. Here a crash, a loop, or a greedy allocation
affects nothing else: the process can be killed at any moment. It knows no path and receives bytes, never a file. It
ends when its parent closes the pipe or dies.

A message is two lengths, a JSON header, and some bytes. The process first moves its standard output elsewhere, so
that nothing a library prints can get between two messages.
"""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import sys
from typing import Any, BinaryIO

Header = dict[str, Any]

IDLE_S = 60.0
"""After this long without work a process ends and frees its memory. A new one starts in a fifth of a second."""

MAX_DATA_BYTES = 3 * 1024**3
"""Memory limit of one process, if the system supports one: room for 200 million RGB pixels, some copies of them, and
a large file. It also limits the files that libvips writes to disk for very large pictures.
"""

MAX_OPEN_FILES = 256
"""Enough for the fonts of an SVG. A decoder gets bytes and opens no picture itself."""

NICENESS = 10
"""Added to that of the parent, on POSIX: on a busy machine its other answers go first."""

_NO_MEMORY = ("out of memory", "memory allocation", "cannot allocate", "not enough memory")
"""What libraries say if an allocation failed, in lower case: libvips, libheif, the system, libde265."""

_LENGTHS = struct.Struct(">IQ")


def write_message(stream: BinaryIO, header: Header, data: bytes | memoryview = b"") -> None:
    """Writes one message and flushes it."""
    head = json.dumps(header).encode()
    stream.write(_LENGTHS.pack(len(head), len(data)) + head)
    stream.write(data)
    stream.flush()


def read_message(stream: BinaryIO) -> tuple[Header, bytes] | None:
    """The next message, or None if the stream ends before it is complete."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_bytes, data_bytes = _LENGTHS.unpack(lengths)
    head, data = stream.read(head_bytes), stream.read(data_bytes)
    if len(head) < head_bytes or len(data) < data_bytes:
        return None
    return json.loads(head), data


def main() -> None:
    """Answers requests until there are no more, or none arrives for :data:`IDLE_S`."""
    requests, replies = sys.stdin.buffer, _take_standard_output()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; it then closes the pipe
    _limit_resources()
    from strandline.pictures import pixels

    pixels.set_up()
    write_message(replies, {"ready": True})
    while _has_more(requests) and (message := read_message(requests)):
        request, data = message
        _set_alarm(request["timeout_s"] + 1)
        reply, result = _answer(request, data)
        _set_alarm(0)
        write_message(replies, reply, result)
        if "no_memory" in reply:
            return  # the memory that is short may be held by this process


def _answer(request: Header, data: bytes) -> tuple[Header, bytes]:
    from strandline.pictures import pixels

    try:
        if request["size"] is None:
            pixels.decode_whole(data, request["media_type"], request["max_pixels"])
            return {}, b""
        media_type, small, width, height = pixels.make_small(
            data, request["media_type"], request["size"], request["max_pixels"]
        )
    except pixels.NoDecoderError as error:
        return {"no_decoder": str(error)}, b""
    except pixels.TooManyPixelsError as error:
        return {"too_large": str(error), "pixels": error.pixels}, b""
    except MemoryError:
        return {"no_memory": "out of memory"}, b""
    except Exception as error:  # noqa: BLE001  (a request's boundary: hostile bytes make decoders raise anything)
        return {"no_memory" if _is_want_of_memory(error) else "undecodable": _one_line(error)}, b""
    return {"media_type": media_type, "width": width, "height": height}, small


def _is_want_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    if "security limit" in text:  # libheif's own limit for any picture, reported as an allocation error, too
        return False
    return any(words in text for words in _NO_MEMORY)


def _one_line(error: Exception) -> str:
    """The decoder's first line of substance: libvips's "unable to …" says only what it was asked to do."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line for line in lines if line and not line.startswith("unable to ")]
    return (said or [type(error).__name__])[0][:200]


def _take_standard_output() -> BinaryIO:
    """A stream to the pipe that was standard output. From now on standard output is standard error."""
    taken = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return taken


def _limit_resources() -> None:
    if os.name != "posix":
        return
    import resource

    os.nice(NICENESS)
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: MAX_DATA_BYTES,
        resource.RLIMIT_NOFILE: MAX_OPEN_FILES,
    }
    if sys.platform == "linux":
        limits[resource.RLIMIT_DATA] = MAX_DATA_BYTES
    for kind, limit in limits.items():
        hard = resource.getrlimit(kind)[1]  # this user's limit may be lower, and cannot be raised
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, limit))


def _has_more(requests: BinaryIO) -> bool:
    """Waits for a request. Nothing is left in a buffer: the next request is sent only after this one is answered."""
    return os.name != "posix" or bool(select.select([requests], [], [], IDLE_S)[0])


def _set_alarm(seconds: float) -> None:
    """Makes the system end this process after a time, even if its parent is gone; 0 cancels it."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
