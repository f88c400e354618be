"""Calls to one place of the file system, each with the right time limit.

On a local disk calls are made directly, because handing one to another thread costs more than a look at a file.
Elsewhere each call has a limit. A *small* look is one for which no cloud asks its server (5 s; after that the place
rests for a while). A *patient* call may download (``read.fetch_timeout_s``). On a share, which downloads nothing, it
ends as soon as a small look gets no answer either. If a call reports progress, its limit restarts whenever that
changes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from strandline.folders.filesystems import Mount, MountKind
from strandline.folders.media_folder import is_evicted
from strandline.folders.opening import can_be_dataless
from strandline.folders.plain_identity import read_plain_identity
from strandline.folders.time_limits import SlowPlaces, begin, begin_elsewhere, within
from strandline.model.values import dataclass

if TYPE_CHECKING:
    from strandline.folders.odd_names import OddNameIndex

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Means:
    """What all local folders of a program share."""

    slow_places: SlowPlaces
    odd_names: OddNameIndex
    scratch: Path
    """The folder for temporaries, in STRANDLINE_HOME; need not exist."""
    fetch_timeout_s: float
    max_memory_bytes: int
    """Larger files are read into an unnamed temporary file."""
    read_max_bytes: int
    """Larger files are not read."""


@dataclass(frozen=True, slots=True)
class TimedCalls:
    """Calls to the place of ``root``, with its current mount."""

    root: str
    mount: Mount
    means: Means

    @property
    def is_local(self) -> bool:
        """A disk of this machine, or memory."""
        return self.mount.kind is MountKind.LOCAL

    def small(self, call: Callable[[], T]) -> T:
        """Makes a small look, for which no cloud asks its server."""
        if self.is_local:
            return call()
        return self.means.slow_places.within(self.mount.place, call)

    def small_through_links(self, call: Callable[[], T]) -> T:
        """Makes a small look that follows the links on the way to the root. On a local disk, one of them may lead to
        a place that hangs. That link then rests, and no other path does.
        """
        link = _find_link(self.root) if self.is_local else None
        return self.small(call) if link is None else self.means.slow_places.within(link, call)

    def patient(
        self,
        call: Callable[[], T],
        *,
        late: Callable[[T], object] | None = None,
        progress: Callable[[], object] | None = None,
        kind: str | None = None,
        more_s: float = 0.0,
    ) -> T:
        """Makes a call that may take long. The arguments are those of :meth:`SlowPlaces.patiently`."""
        if self.is_local:
            return call()
        is_share = self.mount.kind is MountKind.NETWORK
        return self.means.slow_places.patiently(
            self.mount.place,
            self.means.fetch_timeout_s + more_s,
            call,
            small_look=(lambda: read_plain_identity(self.root)) if is_share else None,
            late=late,
            progress=progress,
            kind=kind,
        )

    def fetching(self, path: str, call: Callable[[], T], *, late: Callable[[T], object] | None = None) -> T:
        """Makes a call that may download the file: patient, also on a local disk if the file's bytes are in the
        cloud.
        """
        if self.is_local and can_be_dataless() and is_evicted(path):
            return within(self.mount.place, self.means.fetch_timeout_s, call, late=late)
        return self.patient(call, late=late)

    def begin(self, call: Callable[[], object]) -> None:
        """Makes a call without waiting for its result."""
        if self.is_local:
            call()
        else:
            begin(self.mount.place, call)

    def begin_elsewhere(self, call: Callable[[], object]) -> None:
        """The same, in a destructor."""
        if self.is_local:
            call()
        else:
            begin_elsewhere(self.mount.place, call)


def _find_link(path: str) -> str | None:
    """The first link on the way to an absolute path. One ``lstat`` per part; none follows a link."""
    anchor = Path(path).anchor
    parts = path[len(anchor) :].split(os.sep)
    return next(filter(os.path.islink, accumulate(parts, os.path.join, initial=anchor)), None)
