"""A store's events: each image that starts to be shown is announced once, and no other image is.

A subscriber of the journal considers an image *available*, *gone*, or otherwise, and must never be wrong about which
ones are shown. What surprises: after a power cut the journal is shorter, and the subscriber starts again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stateful.deeds import Key, Look, check
from strandline.model.events import ImageAvailable, ImageChanged, ImageEvent, ImageRemoved
from strandline.model.image_files import FileState, ImageFile

if TYPE_CHECKING:
    from stateful.machine import Machine

_SHOWN = (ImageAvailable, ImageChanged)
_TOLD_TO_BE_OTHERWISE = (
    FileState.ARRIVING,
    FileState.DAMAGED,
    FileState.FOREIGN,
    FileState.MISSING,
    FileState.TRASHED,
)


@dataclass(slots=True)
class ToldLaws:
    """Checks a machine's events."""

    machine: Machine
    _seq: int = 0
    _shown: dict[Key, bool | None] = field(default_factory=dict)
    """Whether each file was last reported as shown; None if unknown."""
    _removed: set[Key] = field(default_factory=set)
    """The files that were last reported as removed."""

    def judge(self, before: Look, after: Look) -> None:
        """Compares the events between two looks with the changes of the rows."""
        told: set[Key] = set()
        for event in self.machine.list_events(since=self._seq):
            check(event.seq == self._seq + 1, "told", f"{event} comes after the number {self._seq}")
            self._seq += 1
            if isinstance(event, ImageEvent):
                keys = _find_keys(event, before, after)
                told |= keys
                for key in keys:
                    self._take_in(key, event, is_sure=len(keys) == 1)
        for key in self._shown.keys() - after.rows.keys():
            del self._shown[key]
            self._removed.discard(key)
        for key, row in after.rows.items():
            self._check_belief(key, row)
            if is_shown(row) and _get_shown_hash(before.rows.get(key, row)) not in ("", _get_shown_hash(row)):
                check(key in told, "told", f"{row.filename} is another one, and nobody was told")

    def begin_anew(self) -> None:
        """After a power cut: files that are shown were announced; the others are unknown."""
        events = self.machine.list_events(since=0)
        self._seq = events[-1].seq or 0 if events else 0
        self._removed.clear()
        self._shown = {key: True if is_shown(row) else None for key, row in self.machine.rows().items()}

    def _take_in(self, key: Key, event: ImageEvent, *, is_sure: bool) -> None:
        was_shown = self._shown.get(key, False) if is_sure else None
        if isinstance(event, ImageAvailable):
            check(was_shown is not True, "told", f"{event.filename} was told to be available already")
        elif isinstance(event, ImageChanged):
            check(was_shown is not False, "told", f"{event.filename} was told to be another, and never to be")
        if isinstance(event, ImageRemoved):
            check(key not in self._removed, "told", f"{event.filename} was told to be removed already")
            self._removed.add(key)
        else:
            self._removed.discard(key)
        self._shown[key] = isinstance(event, _SHOWN) if is_sure else None

    def _check_belief(self, key: Key, row: ImageFile) -> None:
        believed = self._shown.get(key, False)
        if is_shown(row):
            check(believed is not False, "told", f"{row.filename} is shown, and nobody was told")
        elif row.state in _TOLD_TO_BE_OTHERWISE:
            check(believed is not True, "told", f"{row.filename} is {row.state}, and was told to be shown")


def _find_keys(event: ImageEvent, before: Look, after: Look) -> set[Key]:
    """The rows that the event can be about. There may be several if folders had one identity in turn."""
    sds = [*before.sds.values(), *after.sds.values()]
    keys = {(sd.number, event.filename) for sd in sds if event.sd_id in (sd.sd_id, *sd.aliases)}
    keys &= before.rows.keys() | after.rows.keys()
    check(bool(keys), "told", f"{event} is about no file that is known")
    return keys


def is_shown(row: ImageFile) -> bool:
    """Whether it is proven and present now."""
    return row.state is FileState.PRESENT and row.proof_is_current and row.absent_since is None


def _get_shown_hash(row: ImageFile) -> str:
    return row.proof.sha256 if row.proof is not None and is_shown(row) else ""
