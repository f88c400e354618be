"""What a ZIP archive may be, and which of its entries are pictures. Pure. Nothing in an archive is believed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from strandline.errors import RefusedError, StrandlineError
from strandline.model.left_out import Reason, is_sidecar, judge_name
from strandline.model.plain_words import say_bytes, say_count
from strandline.model.values import dataclass

MOST_ENTRIES = 200_000
"""In one archive. A million pictures come in more than one, as Takeout gives them."""

MOST_LIST_BYTES = 64 * 1024 * 1024
"""Of its list of entries, which is in memory: more than 200,000 long names have."""

MOST_RATIO = 200
"""What an entry may unpack to, as a multiple of its size in the archive. Photographs do not shrink at all; a plain
drawing shrinks to a fiftieth.
"""

HARMLESS_BYTES = 1024 * 1024
"""What unpacks to less may have any ratio."""

MOST_DEPTH = 64
"""Folders that an entry is in."""

_LINK = 0o120000
_KIND = 0o170000
_ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, as the archive's list has it."""

    name: str
    packed_bytes: int
    size_bytes: int
    flags: int = 0
    unix_mode: int = 0
    """0 if it was not made on Unix."""

    @property
    def is_folder(self) -> bool:
        """Whether it only says that there is a folder."""
        return self.name.endswith(("/", "\\"))

    @property
    def parts(self) -> list[str]:
        """Its folders and its name, whichever separator they have."""
        return [part for part in self.name.replace("\\", "/").split("/") if part not in ("", ".", "..")]

    @property
    def own_name(self) -> str:
        """Its name without folders."""
        return self.parts[-1] if self.parts else ""


def check_archive(shown: str, archive_bytes: int, entries: Sequence[Entry], *, most_bytes: int) -> None:
    """Raises if the archive is larger than anybody needs, or was made to do harm.

    Args:
        shown: Its name, for people.
        archive_bytes: Its size.
        entries: All of them.
        most_bytes: What all of it may unpack to.

    Raises:
        RefusedError: It is refused, and nothing of it was read.
    """
    if len(entries) > MOST_ENTRIES:
        raise RefusedError(
            f"{shown} has {len(entries):,} entries, and at most {MOST_ENTRIES:,} are read; unpack it, and import the "
            "folder"
        )
    if sum(each.packed_bytes for each in entries) > archive_bytes:
        raise RefusedError(f"{shown} is broken: its entries are larger than the archive, so they overlap")
    if (total := sum(each.size_bytes for each in entries)) > most_bytes:
        raise RefusedError(
            f"{shown} unpacks to {say_bytes(total)}; raise the setting imports.max_archive_bytes "
            f"({say_bytes(most_bytes)}), or unpack it, and import the folder"
        )


def judge_entry(entry: Entry, beside: Collection[str]) -> Reason | None:
    """Why an entry is left out, by its name and those of the entries in the same folder. None if its bytes decide."""
    if entry.unix_mode & _KIND == _LINK:
        return Reason.LINK
    for part in entry.parts:
        if (reason := judge_name(part)) is not None:
            return reason
    if entry.parts and entry.parts[0] == "__MACOSX":
        return Reason.LITTER
    return Reason.SIDECAR if is_sidecar(entry.own_name, beside) else None


def find_fault(shown: str, entry: Entry, *, most_bytes: int) -> StrandlineError | None:
    """Why a picture in an archive must not be unpacked. None if it may be.

    Args:
        shown: Its archive and its name, for people.
        entry: The picture.
        most_bytes: The largest image that is saved.
    """
    if entry.flags & _ENCRYPTED:
        return RefusedError(
            f"{shown} is encrypted; unpack the archive with its password, and import the folder"
        )
    if len(entry.parts) > MOST_DEPTH:
        return RefusedError(
            f"{shown[:200]}… is in {say_count(len(entry.parts) - 1, 'folder')}, one in another"
        )
    if entry.size_bytes > most_bytes:
        return RefusedError(
            f"{shown} unpacks to {say_bytes(entry.size_bytes)}; raise the setting save.max_bytes to save it"
        )
    if entry.size_bytes > HARMLESS_BYTES and entry.size_bytes > MOST_RATIO * max(entry.packed_bytes, 1):
        return RefusedError(
            f"{shown} unpacks to more than {MOST_RATIO} times its size, as archives do that were made to fill "
            "disks; unpack it yourself if you trust it"
        )
    return None
