"""The status of a store: what a monitor asks, and what a person should look at. Pure.

A status says what the catalog knows. It never calls all well what nobody could look at: a folder that is away, or
that was not scanned for long, is a reason of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, NamedTuple

from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.image_files import FileState
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.storage_dirs import FileCounts, StorageDir, StorageDirState, find_same_identities
from strandline.model.values import dataclass

ENOUGH_BYTES = 10 * 1024 * 1024
"""Room for one large photo. If the home has less, nothing more can be noted in the catalog soon."""

SCAN_OVERDUE = timedelta(days=7)
"""A watcher scans each folder at least once a day, and at its start. After a week, nobody does."""


class Outcome(StrEnum):
    """What a status comes to."""

    WELL = "well"
    LOOK = "look"
    """A person should look at something."""
    UNKNOWN = "unknown"
    """Nothing is known to be wrong, but not everything can be told now."""


class FileMeasures(NamedTuple):
    """Numbers of a storage directory's files that are there."""

    size_bytes: int = 0
    oldest_unchecked: datetime | None = None
    """Since when the file that waits longest for a look at its bytes has been as it is; None if none waits."""
    oldest_proof: datetime | None = None
    """When the file whose bytes were read longest ago was read; None if none ever was."""
    incomplete: int = 0
    """Those with the bytes of their id that are no whole image."""
    arrivals: int = 0
    """Those that arrived after the first scan and were not read yet."""


@dataclass(frozen=True, slots=True)
class StorageDirStatus(JsonForm):
    """The numbers of one storage directory."""

    sd: StorageDir
    counts: FileCounts
    measures: FileMeasures
    last_scan: datetime | None
    missing_references: int | None
    """Pictures that its notes miss; None if a watcher never checked them."""
    unreadable: int = 0
    """Images and folders that the last scan could not read."""
    has_unchecked_notes: bool = False
    """Whether it is a folder of named pictures whose notes a watcher would check, and nobody ever did."""

    JSON: ClassVar[Table] = {
        "sd_id": "sd.sd_id", "name": "sd.name", "path": "sd.path", "layout": "sd.layout", "state": "sd.state",
        "problem": "sd.problem", "images": "counts.images", "size_bytes": "measures.size_bytes", "states": "states",
        "checked": "counts.checked", "unchecked": "counts.unchecked", "incomplete": "measures.incomplete",
        "shown_from_copies": "counts.shown_from_copies", "arrivals_waiting": "arrivals_waiting",
        "oldest_unchecked": "measures.oldest_unchecked", "oldest_proof": "measures.oldest_proof",
        "last_scan": "last_scan", "missing_references": "missing_references", "unreadable": "unreadable",
    }  # fmt: skip

    @property
    def states(self) -> dict[str, int]:
        """The number of its image files in each state; those in the trash have none."""
        found = {state.value: self.counts.noteworthy.get(state.value, 0) for state in FileState}
        del found[FileState.TRASHED.value]
        others = sum(number for state, number in found.items() if state != FileState.PRESENT.value)
        return found | {FileState.PRESENT.value: self.counts.images - others}

    @property
    def arrivals_waiting(self) -> int:
        """Files that are not whole yet, and those that arrived and were not read yet."""
        return self.counts.arriving + self.measures.arrivals


@dataclass(frozen=True, slots=True)
class StatusReason(JsonForm):
    """One reason why a person should look, or why something cannot be told."""

    kind: str
    """offline, incomplete-sd, suspect, copied, not-scanned, unreadable, damaged, foreign, incomplete, missing,
    missing-references, or notes-unchecked; of the home, no-folder or home-full."""
    sd: StorageDir | None
    """None if it concerns the home."""
    count: int | None
    """How many files or references; None if it concerns the folder as a whole."""
    message: str
    """Follows the name of the folder, or the home, and a colon."""

    JSON: ClassVar[Table] = {
        "kind": "kind", "sd_id": "sd_id", "name": "sd.name", "count": "count", "message": "message",
    }  # fmt: skip

    @property
    def sd_id(self) -> StorageDirId | None:
        """The storage directory's identity; None if none has arrived yet, or if it concerns the home."""
        return None if self.sd is None else self.sd.sd_id


CANNOT_TELL = frozenset({"offline", "incomplete-sd", "no-folder", "notes-unchecked"})
"""The kinds of reasons that say nothing bad about any image."""


@dataclass(frozen=True, slots=True)
class StoreStatus(JsonForm):
    """What a monitor asks about a store."""

    measured_at: datetime
    sds: tuple[StorageDirStatus, ...]
    images: int
    """Distinct images, as the gallery counts them."""
    trash_files: int
    trash_bytes: int
    journal_events: int
    decoder_failures: dict[str, int]
    """By error code, of this process since it started."""
    home_free_bytes: int | None = None
    """How much may still be written to the disk of the home; None if it does not say."""

    JSON: ClassVar[Table] = {
        **own_keys("outcome", "summary", "reasons", "measured_at", "images", "size_bytes"),
        "trash": {"files": "trash_files", "size_bytes": "trash_bytes"},
        "journal": {"events": "journal_events"},
        "home": {"free_bytes": "home_free_bytes"},
        **own_keys("decoder_failures", "sds"),
    }

    @property
    def reasons(self) -> tuple[StatusReason, ...]:
        """Why it is not well: first of the home, then by storage directory. Empty if it is."""
        return (*find_home_reasons(self.sds, self.home_free_bytes), *find_reasons(self.sds, self.measured_at))

    @property
    def outcome(self) -> Outcome:
        """What to look at comes before what cannot be told."""
        return decide_outcome(self.reasons)

    @property
    def size_bytes(self) -> int:
        """The bytes of all files that are there."""
        return sum(each.measures.size_bytes for each in self.sds)

    @property
    def summary(self) -> str:
        """All of it in one sentence."""
        return say_status(self)


def find_reasons(sds: Sequence[StorageDirStatus], now: datetime) -> list[StatusReason]:
    """Why a person should look at the storage directories, or what cannot be told of them, in their order. Pure.

    Laws: a storage directory that is not online has a reason; one without files and references in a bad state, that
    is online and was scanned lately, and read, has none.
    """
    copied = {each.number for pair in find_same_identities(status.sd for status in sds) for each in pair}
    return [
        StatusReason(kind, status.sd, count, message)
        for status in sds
        for kind, count, message in _judge(status, now, is_copied=status.sd.number in copied)
    ]


def find_home_reasons(sds: Sequence[StorageDirStatus], free_bytes: int | None) -> list[StatusReason]:
    """Why a person should look at the home. A home without folders may be another one than was meant. Pure."""
    reasons = []
    if free_bytes is not None and free_bytes < ENOUGH_BYTES:
        said = (
            f"its disk has only {say_bytes(free_bytes)} left, so hardly anything can be noted in the catalog"
        )
        reasons.append(StatusReason("home-full", None, None, said))
    if not sds:
        reasons.append(StatusReason("no-folder", None, None, "no storage directory was added to it"))
    return reasons


def decide_outcome(reasons: Iterable[StatusReason]) -> Outcome:
    """What the reasons come to. Pure."""
    kinds = {reason.kind for reason in reasons}
    return Outcome.LOOK if kinds - CANNOT_TELL else Outcome.UNKNOWN if kinds else Outcome.WELL


def say_status(status: StoreStatus) -> str:
    """One sentence for a person. Pure."""
    if not status.sds:
        return "There is no storage directory yet."
    size = f"{say_count(status.images, 'image')} ({say_bytes(status.size_bytes)})"
    all_of_it = f"{size} in {say_count(len(status.sds), 'folder')}"
    of_sds = [(reason.kind, reason.sd.number) for reason in status.reasons if reason.sd is not None]
    looks = {number for kind, number in of_sds if kind not in CANNOT_TELL}
    away = {number for kind, number in of_sds if kind != "notes-unchecked"} - looks
    unread = {number for _, number in of_sds} - looks - away
    look_at, not_seen, of_notes = (
        [show_plainly(each.sd.name) for each in status.sds if each.sd.number in numbers]
        for numbers in (looks, away, unread)
    )
    if any(reason.kind == "home-full" for reason in status.reasons):
        look_at.append("the home" if look_at else "The home")
    said = [f"{_join(look_at)} {'needs' if len(look_at) == 1 else 'need'} a look"] if look_at else []
    said += [f"{_join(not_seen)} cannot be looked at now"] if not_seen else []
    said += [f"the notes of {_join(of_notes)} were not looked at yet"] if of_notes else []
    if not said:
        return f"All is well: {all_of_it}."
    beginning = "" if look_at else "Nothing is known to be wrong, but "
    return f"{beginning}{', and '.join(said)}. In all: {all_of_it}."


def _join(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _judge(
    status: StorageDirStatus, now: datetime, *, is_copied: bool
) -> Iterable[tuple[str, int | None, str]]:
    sd, counts = status.sd, status.counts
    problem = sd.problem or "it cannot be read now"
    if sd.state is StorageDirState.OFFLINE:
        yield "offline", None, f"offline: {problem}"
        return
    if sd.state is StorageDirState.INCOMPLETE:
        yield "incomplete-sd", None, f"waits for its identity: {problem}"
        return
    if sd.state is StorageDirState.SUSPECT:
        yield "suspect", None, problem
    if is_copied:
        yield "copied", None, "another folder here has the same identity, so nothing is written to either"
    if status.last_scan is None:
        yield "not-scanned", None, "it was never scanned to the end"
    elif now - status.last_scan > SCAN_OVERDUE:
        days = (now - status.last_scan).days
        yield "not-scanned", None, f"it was last scanned {say_count(days, 'day')} ago"
    for kind, number, words in (
        (
            "unreadable",
            status.unreadable,
            ("image or folder cannot be read", "images or folders cannot be read"),
        ),
        ("damaged", counts.noteworthy.get("damaged", 0), ("image is damaged", "images are damaged")),
        (
            "foreign",
            counts.noteworthy.get("foreign", 0),
            ("file has another image's bytes", "files have other bytes"),
        ),
        (
            "incomplete",
            status.measures.incomplete,
            ("image was saved incomplete", "images were saved incomplete"),
        ),
        ("missing", counts.missing, ("image is missing", "images are missing")),
        (
            "missing-references",
            status.missing_references or 0,
            ("reference in its notes leads to no picture", "references in its notes lead to no picture"),
        ),
    ):
        if number > 0:
            yield kind, number, say_count(number, *words)
    if status.has_unchecked_notes:
        yield "notes-unchecked", None, "its notes were not looked at yet"
