"""The ways in which a file arrives, as generators: at each ``yield``, anything else may happen.

Observed with real clients (hazards H1 to H6): the bytes are right only at the end, and sometimes never.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stateful.replica import Replica
from stateful.words import Word

if TYPE_CHECKING:
    from stateful.cloud import Client, Version

HOUR_NS = 3_600_000_000_000


class Arrival(Word):
    """How one version of one file arrives."""

    WHOLE = "whole"
    """A temporary and a rename; the mtime is set afterwards."""
    AFTER_A_GAP = "after a gap"
    """The old file is deleted, then the new one renamed (Syncthing, Seafile)."""
    GROWING = "growing"
    """In place, in pieces, under the final name (rsync --inplace, cp, SMB)."""
    RESERVED = "reserved"
    """Full size at once, with zeros until the bytes arrive."""
    CUT_FIRST = "cut first"
    """First a truncated version by a clean rename, later the full one."""
    CUT_FOR_EVER = "cut for ever"
    """A truncated version that the client considers complete (rsync --partial)."""
    TWICE = "twice"
    PLACE_FIRST = "place first"
    """First a placeholder, then the file."""
    TIMES_LATER = "times later"
    """Afterwards its attributes change once more."""


@dataclass(eq=False, slots=True)
class Flight:
    """A file on its way."""

    key: str
    steps: Iterator[bool]
    """True before each step that is left."""


def iter_steps(client: Client, key: str, version: Version, how: Arrival, pieces: int) -> Iterator[bool]:
    """Brings the version to the client's replica."""
    replica, data = client.replica, version.data
    if data is None:
        replica.remove(key)
        client.finish(key, version)
        return
    if how in (Arrival.CUT_FOR_EVER, Arrival.RESERVED, Arrival.CUT_FIRST) and not key.startswith("media/"):
        how = Arrival.GROWING  # an identity that stays truncated never settles
    match how:
        case Arrival.WHOLE:
            replica.put(key, data, version.mtime_ns)
        case Arrival.AFTER_A_GAP:
            finish = replica.put_temporary(key, data)
            replica.remove(key)
            yield True
            finish(version.mtime_ns)
        case Arrival.GROWING:
            yield from _grow(replica, key, data, pieces)
            if replica.read(key) != data:  # somebody interfered: it is fetched again
                replica.put(key, data)
            replica.set_time(key, version.mtime_ns)
        case Arrival.RESERVED:
            replica.write(key, bytes(len(data)))
            yield True
            replica.write(key, data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
            yield True
            replica.write(key, data, version.mtime_ns)
        case Arrival.CUT_FIRST:
            replica.put(key, data[: len(data) * 2 // 3], version.mtime_ns)
            yield True
            replica.put(key, data, version.mtime_ns)
        case Arrival.CUT_FOR_EVER:
            replica.put(key, data[: len(data) // 2], version.mtime_ns)
            client.finish(key, version)
            client.stays_here.add(key)  # it does not send its own mistake
            return
        case Arrival.TWICE:
            replica.put(key, data, version.mtime_ns)
            yield True
            replica.put(key, data, version.mtime_ns)
        case Arrival.PLACE_FIRST:
            client.keep_place(key, "icloud")
            replica.remove(key)
            yield True
            replica.put(key, data, version.mtime_ns)
        case Arrival.TIMES_LATER:
            replica.put(key, data, version.mtime_ns)
            yield True
            replica.set_time(key, version.mtime_ns + HOUR_NS)
    client.finish(key, version)


def iter_copying(replica: Replica, key: str, data: bytes, pieces: int) -> Iterator[bool]:
    """A person's own copy, in place. No client knows that it is not complete yet."""
    yield from _grow(replica, key, data, pieces)


def _grow(replica: Replica, key: str, data: bytes, pieces: int) -> Iterator[bool]:
    size = max(1, len(data) // pieces)
    replica.write(key, data[:size])
    for start in range(size, len(data), size):
        yield True
        if not replica.append(key, data[start : start + size], at=start):
            return
