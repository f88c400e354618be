"""Conflict copies: what is known of one, and what resolves it so that no bytes are lost. Pure.

A sync client that finds two versions of a file keeps both, the second one under another name. Which one is right can
often be told: a content id says which bytes it means, and the catalog remembers which bytes a bad file had.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import ClassVar, NamedTuple

from strandline.errors import InvalidInputError
from strandline.model.changes import ChangeReport, FileChange, change_of
from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.model.values import dataclass

GONE = ""
"""Instead of the hash of a plain file that is not there."""


class Remedy(StrEnum):
    """What resolves a conflict. The values appear in JSON."""

    FOLD = "fold"
    """Its bytes are those of the plain file: the copy goes to the trash."""
    HEAL = "heal"
    """It has the right bytes, and the plain file is bad or gone: the plain file gets them."""
    KEEP_BOTH = "keep-both"
    """It has other bytes: they become an image under their own id."""
    LEAVE = "leave"
    """Nothing is done."""


class Keep(StrEnum):
    """What a person keeps of two different versions of a named picture."""

    FILE = "file"
    """The file. The copy goes to the trash."""
    COPY = "copy"
    """The copy, under the file's name. The bytes that the file had go to the trash."""
    BOTH = "both"
    """The copy gets a name of its own beside the file."""


def parse_keep(text: str) -> Keep:
    """What a person keeps, by its name.

    Raises:
        InvalidInputError: There is no such choice.
    """
    try:
        return Keep(text)
    except ValueError as error:
        raise InvalidInputError(
            f"{text[:60]!r} is not a choice; give {', '.join(Keep)}", parameter="keep", value=text[:60]
        ) from error


_WAS_THERE = ":was-there"
_DETAILS = {Keep.FILE: "", Keep.COPY: "[0-9a-f]{64}", Keep.BOTH: f"[1-9][0-9]?(?:{_WAS_THERE})?"}
"""What the detail of an undo looks like."""

MOST_VERSIONS = 99
"""Names that are tried for another version."""


class Choice(NamedTuple):
    """A remedy, and why."""

    remedy: Remedy
    reason: str


class KnownFile(NamedTuple):
    """What the catalog knows of a plain file."""

    sha256: str | None
    """Of the bytes that it should have, or had when it was good."""
    is_good: bool
    """Whether the bytes that it has now are fine, as far as anybody knows."""


NOTHING_KNOWN = KnownFile(None, is_good=False)


def choose_remedy(
    layout: LayoutKind, image_id: ImageId | None, copy: str | None, plain: str | None, known: KnownFile
) -> Choice:
    """What resolves the conflict.

    Law: a copy is folded only if the plain file has exactly its bytes. Law: a file gets other bytes only if its
    content id promises them, or if it is not good and had them.

    Args:
        layout: What names mean.
        image_id: The id in the copy's name; None if names do not say it.
        copy: The SHA-256 of the copy; None if it is unknown.
        plain: That of the plain file, or :data:`GONE`; None if it is unknown.
        known: What the catalog knows of the plain file.
    """
    if copy is None or plain is None:
        return Choice(Remedy.LEAVE, "it, or the file that it is a copy of, cannot be read now")
    if copy == plain:
        return Choice(Remedy.FOLD, "it has the same bytes as the file that it is a copy of")
    if layout is LayoutKind.IDS and image_id is not None and is_content_id(image_id):
        if content_id_of(copy) == image_id:
            state = "gone" if plain == GONE else "wrong"
            return Choice(
                Remedy.HEAL, f"it has the right bytes, and the file that it is a copy of is {state}"
            )
        return Choice(Remedy.KEEP_BOTH, "it has other bytes than its name promises")
    if layout is LayoutKind.NAMED:
        return _choose_named(copy, plain, known)
    if copy == known.sha256 and not known.is_good:
        return Choice(Remedy.HEAL, "it has the bytes that the file had when it was good")
    if known.is_good and plain != GONE:
        return Choice(Remedy.KEEP_BOTH, "it has other bytes than the file that it is a copy of")
    return Choice(Remedy.LEAVE, "nobody knows which bytes its image had, so it may be all that is left of it")


def _choose_named(copy: str, plain: str, known: KnownFile) -> Choice:
    if plain == GONE:
        return Choice(Remedy.LEAVE, "it is an image of its own, and the file that it is a copy of is gone")
    if copy == known.sha256 and not known.is_good:
        return Choice(Remedy.HEAL, "it has the bytes that the file had when it was good")
    return Choice(
        Remedy.LEAVE, "it and the file that it is a copy of are different pictures; keep one, or both"
    )


@dataclass(frozen=True, slots=True)
class Conflict(JsonForm):
    """One conflict copy."""

    sd: StorageDir
    path: str
    """Relative to the storage directory, with ``/``."""
    image_id: ImageId | None
    """The id in its name, or that of a named picture's bytes."""
    size_bytes: int | None
    of: str | None
    """The path of the file that it is a copy of; None if its name does not say."""
    bytes_are: str
    """``duplicate``, ``true``, ``different``, ``no plain file``, ``not examined``, as in an inspection; for copies of
    ``SD_ID`` also ``recorded``.
    """
    remedy: Remedy
    reason: str
    """Why this remedy."""
    sha256: str | None = None
    plain_sha256: str | None = None
    """That of the plain file, or :data:`GONE`; None if it is unknown."""

    JSON: ClassVar[Table] = {
        "image_id": "image_id", "sd_id": "sd.sd_id", "sd_name": "sd.name",
        **own_keys("path", "size_bytes", "of"), "bytes": "bytes_are", **own_keys("remedy", "reason"),
    }  # fmt: skip

    @property
    def change(self) -> FileChange:
        """Its row in a report."""
        return change_of(self.sd, self.path, self.image_id, self.size_bytes)

    @property
    def needs_choice(self) -> bool:
        """Whether there are two different versions of a named picture, of which a person keeps one, or both."""
        is_both = self.sha256 is not None and self.plain_sha256 not in (None, GONE, self.sha256)
        return self.sd.layout is LayoutKind.NAMED and self.remedy is Remedy.LEAVE and is_both


@dataclass(frozen=True, slots=True)
class UnlistedFolder(JsonForm):
    """A storage directory whose conflict copies are not known."""

    sd: StorageDir
    reason: str

    JSON: ClassVar[Table] = {"sd_id": "sd.sd_id", "sd_name": "sd.name", "reason": "reason"}


@dataclass(frozen=True, slots=True)
class ConflictListing(JsonForm):
    """The conflict copies of some storage directories, by path."""

    conflicts: tuple[Conflict, ...]
    not_listed: tuple[UnlistedFolder, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolveReport(JsonForm):
    """What became of conflict copies. After a dry run, nothing did."""

    changes: ChangeReport
    resolved: tuple[Conflict, ...]
    """Those of ``changes.done``, or after a dry run, those that would be."""
    left: tuple[Conflict, ...]
    """Those that nothing is done about, with the reason."""
    not_listed: tuple[UnlistedFolder, ...] = ()
    chosen: tuple[Conflict, ...] = ()
    """All that were meant, by storage directory and path."""

    JSON: ClassVar[Table] = {
        "plan": "changes.plan", "done": "changes.done", "refused": "changes.refused",
        **own_keys("resolved", "left", "not_listed"),
    }  # fmt: skip


class ChoiceUndo(NamedTuple):
    """What undoing a choice needs beside the trash, as one text: it fits on a command line and in an address."""

    trash_id: str
    """Of the copy, which is in the trash."""
    keep: Keep
    detail: str = ""
    """The SHA-256 of the bytes that the file had, if the copy was kept; which name the copy got, if both were, and
    whether a file with its bytes had that name before.
    """

    def find_own_file(self, of: str) -> str | None:
        """The path that the choice has given to the copy of ``of``. None if it wrote no file beside it."""
        if self.keep is not Keep.BOTH or self.detail.endswith(_WAS_THERE):
            return None
        return next(islice(list_free_names(of), int(self.detail) - 1, None))

    def __str__(self) -> str:
        return ":".join(filter(None, self))


def say_name(number: int, *, was_there: bool) -> str:
    """The detail of an undo if both versions were kept: which of :func:`list_free_names` the copy got."""
    return f"{number}{_WAS_THERE if was_there else ''}"


def parse_undo(text: str) -> ChoiceUndo | None:
    """The text of an undo, read back; None if it is another text."""
    trash_id, _, rest = text.partition(":")
    keep, _, detail = rest.partition(":")
    if not re.fullmatch("[0-9a-f]{32}", trash_id) or keep not in _DETAILS:
        return None
    return ChoiceUndo(trash_id, Keep(keep), detail) if re.fullmatch(_DETAILS[Keep(keep)], detail) else None


@dataclass(frozen=True, slots=True)
class ChosenVersion(JsonForm):
    """What a person kept. After a dry run, nothing was done."""

    conflict: Conflict
    keep: Keep
    changes: ChangeReport
    kept_as: str | None = None
    """Where the copy's bytes are now if both were kept."""
    undo: str | None = None
    """The text that undoes it; None after a dry run."""

    JSON: ClassVar[Table] = {
        "plan": "changes.plan", "done": "changes.done", "refused": "changes.refused",
        **own_keys("keep", "kept_as", "undo"),
    }  # fmt: skip


def list_free_names(path: str) -> Iterator[str]:
    """Names for another version beside a file, the likeliest first: ``sea, other version.jpg``. No sync client gives
    its conflict copies such names.
    """
    folder, slash, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    for number in range(1, MOST_VERSIONS + 1):
        which = "other version" if number == 1 else f"other version {number}"
        yield f"{folder}{slash}{stem}, {which}{dot}{extension}"
