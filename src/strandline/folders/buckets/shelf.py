"""The trash beside a storage directory in a bucket: what is replaced there is copied there first (SPEC §24).

A prefix of the same bucket, outside of every storage directory, so that every machine finds it, and no disk of one
machine has to hold it. The server copies: bytes go over the network once, when the copy is read back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from strandline.folders.buckets.calls import BucketCalls
from strandline.folders.buckets.client import BucketClient
from strandline.folders.buckets.reading import hash_object, read_copy
from strandline.folders.proof_copies import ProofCopy
from strandline.folders.setting_aside import AsideCopy
from strandline.model.buckets import BucketAddress, is_plain_key
from strandline.model.values import dataclass

T = TypeVar("T")

MAX_ABOUT_BYTES = 64 * 1024
"""A description has a path of at most 1,024 bytes, and little else."""

_NAMELESS = "bytes"
"""For a file whose own name does not fit into a longer key."""


@dataclass(frozen=True, slots=True)
class BucketShelf:
    """A :class:`~strandline.folders.port.Shelf` in a bucket."""

    calls: BucketCalls
    """To the storage directory."""
    below: BucketCalls
    """To the shelf."""

    @property
    def prefix(self) -> str:
        """What the keys of the trash begin with."""
        return self.below.client.options.trash_prefix

    def where(self, entry: str, filename: str) -> str:
        """The address of an entry's bytes."""
        return self.below.where(self._path(entry, filename))

    def take_copy(self, path: str, entry: str) -> AsideCopy:
        """Two HEADs, a copy by the server, and a read of it."""
        name, done = self._path(entry, path.rpartition("/")[2]), 0

        def count(size_bytes: int) -> None:
            nonlocal done
            done = size_bytes

        def copy() -> AsideCopy:
            before = self.calls.client.head(path)
            self.calls.client.copy(path, self.below.client.address.key_of(name))
            limit = self.below.means.read_max_bytes
            hashed = hash_object(self.below, name, limit_bytes=limit, on_progress=count)
            after = self.calls.client.head(path)
            # The copy is of either version, if there are two: its own hash says what it has.
            changed = before.stamp != after.stamp or hashed.size_bytes != after.size_bytes
            return AsideCopy(after.stamp, hashed.sha256, hashed.size_bytes, changed_meanwhile=changed)

        return self._patient(copy, lambda: done)

    def write_about(self, entry: str, data: bytes) -> None:
        """One PUT."""
        self._patient(lambda: self.below.client.create(self._about(entry), data))

    def read_about(self, entry: str) -> bytes | None:
        """One GET."""
        try:
            return self.below.small(
                lambda: self.below.client.get(self._about(entry), at_most=MAX_ABOUT_BYTES)[1]
            )
        except FileNotFoundError:
            return None

    def find_size(self, entry: str, filename: str) -> int | None:
        """One HEAD."""
        try:
            version = self.below.small(lambda: self.below.client.head(self._path(entry, filename)))
        except FileNotFoundError:
            return None
        return version.size_bytes

    def read(self, entry: str, filename: str) -> ProofCopy:
        """One GET, and one more for every further 8 MiB."""
        name = self._path(entry, filename)
        return self._patient(lambda: read_copy(self.below, name, on_progress=lambda _: None))

    def list_entries(self) -> list[str]:
        """One LIST for 1,000 of them. Nobody waits long for the list of the trash."""
        return self.below.small(lambda: self.below.client.list_level("")[0])

    def list_files(self, entry: str) -> dict[str, datetime]:
        """One LIST."""
        versions = self.below.small(lambda: self.below.client.list_level(entry)[1])
        return {version.path.rpartition("/")[2]: version.modified_at for version in versions}

    def remove(self, entry: str) -> None:
        """One LIST, and a DELETE for each object. First the description: without it, an entry is half made."""

        def delete_all() -> None:
            client = self.below.client
            client.delete(about := self._about(entry))
            for version in client.list_level(entry)[1]:
                if version.path != about:
                    client.delete(version.path)

        with suppress(OSError):
            self._patient(delete_all)

    def _patient(self, call: Callable[[], T], progress: Callable[[], object] | None = None) -> T:
        return self.below.patient(call, progress=progress)

    def _about(self, entry: str) -> str:
        return f"{entry}/about.json"

    def _path(self, entry: str, filename: str) -> str:
        path = f"{entry}/{filename}"
        fits = is_plain_key(self.below.client.address.key_of(path)) and path != self._about(entry)
        return path if fits else f"{entry}/{_NAMELESS}"


def open_shelf(calls: BucketCalls) -> BucketShelf:
    """The shelf of a place, in its bucket. Its name follows from the place alone: a bucket of named pictures may have
    another identity in each catalog. Asks nothing.
    """
    client = calls.client
    name = hashlib.sha256(client.address.prefix.encode()).hexdigest()[:32]
    prefix = f"{client.options.trash_prefix}/{name}"
    below = BucketClient(BucketAddress(client.address.bucket, prefix), client.options)
    return BucketShelf(calls, BucketCalls(below, calls.means))
