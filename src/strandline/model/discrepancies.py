"""The one table of discrepancies: what an inspection can find, how bad it is, what it means, and what mends it.

Command line, pages, API, and exit status read it here. In a folder that is being synced, most discrepancies are no
cause for alarm, and the table says so. A remedy names verbs in braces; each face says how it does them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from strandline.model.plain_words import say_count
from strandline.model.storage_dirs import StorageDirState


class Grade(StrEnum):
    """How bad a discrepancy is."""

    FINDING = "finding"
    """``inspect`` exits with 1, and the storage directory is not called healthy."""
    WARNING = "warning"
    """Bad news about an image, yet the folder may be as its owner wants it."""
    WAITING = "waiting"
    """It passes, or waits for somebody to look at it."""
    NOTE = "note"
    """Nothing needs to be done."""

    @property
    def is_bad(self) -> bool:
        """True if a person should hear it as bad news."""
        return self in (Grade.FINDING, Grade.WARNING)


COPIED = "copied"
"""The kind of the finding that another folder here has the same identity, so neither is written to."""

PICTURES_ELSEWHERE = "pictures-elsewhere"
"""The kind of the finding that a folder has no images in its media folder, and pictures in other places."""


class Verb(StrEnum):
    """What a remedy can ask for. Each face knows its own words for every verb."""

    SCAN = "scan"
    SAVE = "save"
    ADOPT = "adopt"
    RESTORE = "restore"
    COMPARE = "compare"
    RESOLVE = "resolve"
    ACCEPT_MISSING = "accept_missing"
    SHOW_AS_IS = "show_as_is"


class Discrepancy(NamedTuple):
    """One kind of discrepancy: a list of a sync status."""

    key: str
    """The list's name in ``SyncStatus`` and in JSON."""
    one: str
    """Follows "1 "."""
    many: str
    grade: Grade
    meaning: str
    remedy: str
    """With ``{verb}`` for each :class:`Verb`."""

    def say_heading(self, number: int) -> str:
        """``3 damaged images``."""
        return say_count(number, self.one, self.many)

    def say_remedy(self, verbs: dict[str, str]) -> str:
        """What to do, in the words of the face whose verbs these are."""
        return self.remedy.format_map(verbs)


DISCREPANCIES = (
    Discrepancy(
        "damaged",
        "damaged image",
        "damaged images",
        Grade.FINDING,
        "The bytes are not whole and have not changed for a day.",
        "If another storage directory has the image, restore it from there ({restore}). Otherwise look for a good "
        "file on your other machines, in the sync client's versions, or in a backup, and put it in place; it is "
        "noticed automatically. Strandline never deletes a damaged file. {show_as_is} shows what there is.",
    ),
    Discrepancy(
        "incomplete",
        "incomplete image",
        "incomplete images",
        Grade.FINDING,
        "Each file has exactly the bytes of its id, but they are not a whole picture: it was half copied when it was "
        "saved, or half written. It is shown as far as it goes.",
        "Look for the whole picture where it came from, and save that ({save}); it gets an id of its own.",
    ),
    Discrepancy(
        "unreadable",
        "file that cannot be read",
        "files that cannot be read",
        Grade.FINDING,
        "The system did not let Strandline read them.",
        "Check their permissions and the disk.",
    ),
    Discrepancy(
        "foreign",
        "other image under an image's name",
        "other images under images' names",
        Grade.WARNING,
        "Somebody edited the file in place, or another program uses such names.",
        "Keep what is there as a new image ({adopt}). If another storage directory has the original, restore it "
        "({restore}); otherwise look for it on your other machines.",
    ),
    Discrepancy(
        "in_catalog_not_on_disk",
        "image missing on the disk",
        "images missing on the disk",
        Grade.WAITING,
        "Not there yet, moved, or deleted elsewhere.",
        "If they come back, nothing needs to be done. A scan calls what was not seen for a minute missing ({scan}). "
        "If they are gone for good, accept that then ({accept_missing}), and they are no longer listed.",
    ),
    Discrepancy(
        "on_disk_not_in_catalog",
        "image on the disk that is not in the catalog",
        "images on the disk that are not in the catalog",
        Grade.WAITING,
        "New since the last scan.",
        "A scan registers them ({scan}).",
    ),
    Discrepancy(
        "size_differs",
        "image of another size than the catalog says",
        "images of other sizes than the catalog says",
        Grade.WAITING,
        "Changed since the last scan.",
        "A scan looks again ({scan}).",
    ),
    Discrepancy(
        "arriving",
        "image still arriving",
        "images still arriving",
        Grade.WAITING,
        "Only a part is here.",
        "Let the sync client finish; what arrives appears automatically. A file that stays like this for a day is "
        "called damaged.",
    ),
    Discrepancy(
        "differing_copies",
        "image whose copies in other storage directories differ",
        "images whose copies in other storage directories differ",
        Grade.WAITING,
        "The same name has different bytes in two storage directories.",
        "Compare them ({compare}), and keep the right one.",
    ),
    Discrepancy(
        "case_clashes",
        "name that differs from another in letter case only",
        "names that differ from others in letter case only",
        Grade.WAITING,
        "The lower-case name is used. Machines with other disks see only one of them.",
        "Remove the one you do not need.",
    ),
    Discrepancy(
        "symlinks",
        "symbolic link",
        "symbolic links",
        Grade.WAITING,
        "Links are never followed.",
        "Put the files themselves there.",
    ),
    Discrepancy(
        "wrong_extension",
        "image whose extension does not match its bytes",
        "images whose extensions do not match their bytes",
        Grade.NOTE,
        "Strandline shows them anyway, because the bytes count. Obsidian and browsers show no HEIC, HEIF, TIFF, or "
        "JPEG XL, whatever its name is.",
        "Convert those of these formats to JPEG or PNG if notes embed them. The others can stay.",
    ),
    Discrepancy(
        "conflict_copies",
        "conflict copy",
        "conflict copies",
        Grade.NOTE,
        "Left by a sync client. They stay until you have them resolved.",
        "{resolve} takes away duplicates, heals images with true bytes, and keeps bytes that differ. One whose plain "
        "file is gone should be looked at first.",
    ),
    Discrepancy(
        "online_only",
        "image in the cloud only",
        "images in the cloud only",
        Grade.NOTE,
        "Only their names are on this machine. Their bytes are fetched when you open them.",
        "Nothing needs to be done.",
    ),
    Discrepancy(
        "temporaries",
        "temporary file",
        "temporary files",
        Grade.NOTE,
        "Files on their way, or left by a program that was stopped.",
        "They usually disappear by themselves.",
    ),
    Discrepancy(
        "strays",
        "file without an image's name",
        "files without an image's name",
        Grade.NOTE,
        "Left alone, and not shown, whatever is in them.",
        "To keep a picture among them, save it ({save}).",
    ),
)
"""Worst news first."""

SHOWN_FROM_COPIES = Discrepancy(
    "shown_from_copies",
    "image shown from a conflict copy, because its own file is missing",
    "images shown from conflict copies, because their own files are missing",
    Grade.WAITING,
    "Nothing is lost: a sync client's copy has the bytes.",
    "{resolve} puts the bytes back under the image's name.",
)
"""Those of the missing images that conflict copies show. They are no list of their own in JSON."""


def say_passing(*, arriving: int, shown_from_copies: int) -> list[str]:
    """What is not as it should be, and no cause for alarm: parts of a sentence, the same on every page."""
    rows = {row.key: row for row in DISCREPANCIES}
    return [
        row.say_heading(number)
        for row, number in ((rows["arriving"], arriving), (SHOWN_FROM_COPIES, shown_from_copies))
        if number
    ]


GRAVE_KINDS: frozenset[str] = frozenset(row.key for row in DISCREPANCIES if row.grade is Grade.FINDING) | (
    frozenset(StorageDirState) - {StorageDirState.ONLINE} | {COPIED}
)
"""Kinds of findings that make ``scan`` and ``inspect`` exit with 1; all others are information."""
