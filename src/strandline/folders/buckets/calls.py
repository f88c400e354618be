"""Calls to one bucket, each with the right time limit, and many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from strandline.folders.buckets.client import BucketClient
from strandline.folders.time_limits import SlowPlaces
from strandline.model.values import dataclass

if TYPE_CHECKING:
    from strandline.folders.buckets.trying import SharedMemory
    from strandline.folders.buckets.turns import Hold, Writes

T = TypeVar("T")
K = TypeVar("K")

AT_ONCE = 16
"""Requests at a time. More made no difference to a server on the same machine, and is impolite to others."""


@dataclass(frozen=True, slots=True)
class BucketMeans:
    """What all buckets of a program share."""

    slow_places: SlowPlaces
    scratch: Path
    memory: Path
    """The folder for what was found out about endpoints, in STRANDLINE_HOME; need not exist."""
    fetch_timeout_s: float
    max_memory_bytes: int
    read_max_bytes: int
    hold: Hold | None = None
    """The lock of one name among all programs that share the catalog, if others do."""
    shared_memory: SharedMemory | None = None
    """What they know of the servers of buckets."""


@dataclass(frozen=True, slots=True)
class BucketCalls:
    """Calls to one place in a bucket.

    A small call is one request. If it is not answered within ``read.io_timeout_s``, the bucket rests for a minute, so
    that a lookup in other storage directories need not wait again. Any other call may take long, and its limit
    restarts with each progress.
    """

    client: BucketClient
    means: BucketMeans
    rests_alone: bool = False
    """Whether other places in the bucket go on if this one does not answer: nothing depends on it."""

    @property
    def place(self) -> str:
        """Buckets at one endpoint with one name go dead together."""
        own = f"/{self.client.address.prefix}" if self.rests_alone else ""
        return f"{self.client.options.endpoint or 's3:/'}/{self.client.address.bucket}{own}"

    def where(self, path: str) -> str:
        """The address of an object."""
        return f"{self.client.address.text}/{path}" if path else self.client.address.text

    @property
    def writes(self) -> Writes:
        """How objects are written that others may write as well: by conditions, or, if the server was seen to keep
        none, in turn with all who share the catalog. They must all choose alike, so each write asks what any of them
        saw.
        """
        from strandline.folders.buckets.trying import recall

        known = recall(self, of_others=True)
        if self.means.hold is None or known is None:
            return self.client
        if known.creates_once and known.replaces_only_the_same:
            return self.client
        from strandline.folders.buckets.turns import WritesInTurn

        return WritesInTurn(self.client, self.means.hold, sends_versions=known.replaces_only_the_same)

    def small(self, call: Callable[[], T]) -> T:
        """Makes one request whose answer is small."""
        return self.means.slow_places.within(self.place, call)

    def patient(self, call: Callable[[], T], progress: Callable[[], object] | None = None) -> T:
        """Makes a call that may take long."""
        options = self.client.options
        limit_s = max(self.means.fetch_timeout_s, options.timeout_s * (options.retries + 2))
        return self.means.slow_places.patiently(self.place, limit_s, call, progress=progress)

    def each(self, items: Iterable[K], ask: Callable[[K], T]) -> list[T | OSError]:
        """The answer for each item, or its error, in order. Up to 16 at once.

        After an error that is not about one object, the rest are not asked and have the same error.
        """
        todo: Sequence[K] = list(items)
        done = 0
        failed: list[OSError] = []

        def ask_one(item: K) -> T | OSError:
            nonlocal done
            if failed:
                return failed[0]
            try:
                return ask(item)
            except (FileNotFoundError, FileExistsError) as answer:
                return answer
            except OSError as error:
                failed.append(error)
                return error
            finally:
                done += 1

        def ask_all() -> list[T | OSError]:
            if len(todo) < 2:
                return [ask_one(item) for item in todo]
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(min(AT_ONCE, len(todo)), "strandline-bucket") as threads:
                return list(threads.map(ask_one, todo))

        return self.patient(ask_all, progress=lambda: done)
