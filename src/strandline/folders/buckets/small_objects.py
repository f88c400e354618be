"""Small objects in a bucket that can be lost at any time: what machines make once for all of them (SPEC §24).

Each is written once, under a name that says what it is. Nobody waits long for one.
"""

from __future__ import annotations

from strandline.folders.buckets.calls import BucketCalls
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class SmallObjects:
    """Objects below one prefix, which is in no storage directory. Thread-safe.

    The methods raise ``OSError`` if the endpoint does not answer well. One that does not answer in time is left alone
    for a minute.
    """

    calls: BucketCalls

    def find(self, name: str, *, at_most: int) -> bytes | None:
        """The bytes of one, or None if there is none, or it has more than ``at_most``. Untrusted. One GET."""
        try:
            return self.calls.small(lambda: self.calls.client.get(name, at_most=at_most))[1]
        except FileNotFoundError:
            return None

    def has(self, name: str) -> bool:
        """Whether there is one. One HEAD."""
        try:
            self.calls.small(lambda: self.calls.client.head(name))
        except FileNotFoundError:
            return False
        return True

    def put_once(self, name: str, data: bytes, media_type: str) -> None:
        """Writes one, unless there is one. One PUT."""
        try:
            self.calls.small(lambda: self.calls.client.create(name, data, {"Content-Type": media_type}))
        except FileExistsError:
            return
