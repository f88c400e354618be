"""An observer that is independent of Strandline: when are the right bytes under their final name?"""

from __future__ import annotations

import hashlib
import time
from multiprocessing.connection import Connection
from pathlib import Path

from inotify_simple import INotify, flags  # type: ignore[import-untyped]

_CHANGES = flags.CREATE | flags.MODIFY | flags.CLOSE_WRITE | flags.MOVED_TO | flags.ATTRIB


def observe(media: Path, pictures: dict[str, bytes], tell: Connection) -> None:
    """Sends ``"ready"``, then ``(name, monotonic ns)`` for each picture that has arrived. Ends after the last one.

    The time is taken after the read: the bytes were complete then, perhaps a little earlier.
    """
    missing = {name: hashlib.sha256(data).digest() for name, data in pictures.items()}
    sizes = {name: len(data) for name, data in pictures.items()}
    with INotify() as inotify:
        inotify.add_watch(media, _CHANGES)
        tell.send("ready")
        while missing:
            for name in {event.name for event in inotify.read()} & missing.keys():
                if _has_arrived(media / name, sizes[name], missing[name]):
                    tell.send((name, time.monotonic_ns()))
                    del missing[name]


def _has_arrived(path: Path, size_bytes: int, digest: bytes) -> bool:
    try:
        if path.stat().st_size != size_bytes:
            return False
        return hashlib.sha256(path.read_bytes()).digest() == digest
    except FileNotFoundError:
        return False
