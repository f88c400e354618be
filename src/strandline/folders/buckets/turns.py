"""Writes where a server keeps no conditions: programs that share a catalog take turns (SPEC §24).

One has the lock of a key, looks, writes, and looks again. Other tools know nothing of the lock: what they write
between the looks is overwritten, and nobody can tell. A write whose program lost its lock meanwhile may still arrive.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeAlias

from strandline.errors import StrandlineError
from strandline.folders.buckets.client import BucketClient, number_of
from strandline.folders.buckets.refusals import ReplacedError
from strandline.model.values import dataclass

Hold: TypeAlias = Callable[[str, float], AbstractContextManager[Callable[[], None]]]
"""Holds the lock of this name, at most for so many seconds in which nothing is asked. What it gives raises an error
if the lock was lost.
"""

SPARE_S = 5.0
"""For a program that is slow between two requests."""


class Writes(Protocol):
    """Conditional writes, as of :class:`~strandline.folders.buckets.client.BucketClient`."""

    def create(self, path: str, data: bytes, about: dict[str, str] | None = None) -> str:
        """Writes an object that must not be there yet."""
        ...

    def replace(self, path: str, data: bytes, e_tag: str, about: dict[str, str] | None = None) -> str:
        """Replaces exactly this version."""
        ...


@dataclass(frozen=True, slots=True)
class WritesInTurn:
    """Conditional writes whose conditions are looked at by the writer. The condition is sent, too: a server that
    keeps it now and then keeps out what comes late.
    """

    client: BucketClient
    hold: Hold
    sends_versions: bool
    """Whether the server understands ``If-Match``. If it does not, it may refuse all of them."""

    def create(self, path: str, data: bytes, about: dict[str, str] | None = None) -> str:
        """Two HEADs and one PUT.

        Raises:
            FileExistsError: There is one, or somebody else wrote another one at the same moment.
            TimeoutError: The lock was lost meanwhile. It may be written.
        """
        with self._turn(path) as check:
            if self._find(path) is not None:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
            check()
            e_tag = self.client.create(path, data, about)
            self._check_after(check, path)
            if (there := self._find(path)) is not None and number_of(there) != number_of(e_tag):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
            return e_tag

    def replace(self, path: str, data: bytes, e_tag: str, about: dict[str, str] | None = None) -> str:
        """One HEAD and one PUT.

        Raises:
            ReplacedError: It is another version by now, or none.
            TimeoutError: The lock was lost meanwhile. It may be written.
        """
        with self._turn(path) as check:
            there = self._find(path)
            if there is None or number_of(there) != number_of(e_tag):
                raise ReplacedError(errno.ESTALE, f"{path} is another version now", "try again")
            check()
            if self.sends_versions:
                written = self.client.replace(path, data, e_tag, about)
            else:
                written = self.client.overwrite(path, data, about)
            self._check_after(check, path)
            return written

    @contextmanager
    def _turn(self, path: str) -> Iterator[Callable[[], None]]:
        address, options = self.client.address, self.client.options
        # Without the endpoint: machines may know it by different names.
        name = f"{address.bucket}/{address.key_of(path)}"
        with self.hold(name, 2 * options.timeout_s * (options.retries + 1) + SPARE_S) as check:
            yield check

    def _find(self, path: str) -> str | None:
        try:
            return self.client.head(path).e_tag
        except FileNotFoundError:
            return None

    def _check_after(self, check: Callable[[], None], path: str) -> None:
        try:
            check()
        except StrandlineError as error:
            raise TimeoutError(
                errno.ETIMEDOUT, f"the lock for {path} was lost while it was written; look at it again"
            ) from error
