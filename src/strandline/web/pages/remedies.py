"""Remedies: what an inspection found, for a person: how bad it is, what it means, and what to do.

Pure. In a folder that is being synced, most discrepancies are no cause for alarm, and the page says so. Only a few of
them make a storage directory anything but healthy.
"""

from __future__ import annotations

from typing import NamedTuple

from strandline.model.storage_dirs import StorageDirState
from strandline.model.sync_status import FileItem, SyncStatus


class Remedy(NamedTuple):
    """What one list of a :class:`SyncStatus` means."""

    kind: str
    """The list's name there."""
    one: str
    """Follows "1 "."""
    many: str
    tone: str
    advice: str


REMEDIES = (
    Remedy(
        "damaged",
        "damaged image",
        "damaged images",
        "bad",
        "The bytes are not whole and have not changed for a day. If another folder has the image, its page can "
        "restore it from there. Otherwise look for good files on your other machines, in the sync client's version "
        "history, or in a backup, and put them in place. They are noticed automatically. Strandline never deletes a "
        "damaged file by itself.",
    ),
    Remedy(
        "incomplete",
        "incomplete image",
        "incomplete images",
        "bad",
        "Each file has exactly the bytes of its id, but they are not a whole picture: it was half copied when it was "
        "saved, or half written. It is shown as far as it goes. Look for the whole picture where it came from and "
        "save that; it gets an id of its own.",
    ),
    Remedy(
        "unreadable",
        "file that cannot be read",
        "files that cannot be read",
        "bad",
        "The system did not let Strandline read them. Check their permissions and the disk.",
    ),
    Remedy(
        "foreign",
        "other image under an image's name",
        "other images under images' names",
        "bad",
        "Somebody edited the file in place, or another program uses such names. The image's own page can adopt what "
        "is there as a new image and, if another folder has the original, restore it.",
    ),
    Remedy(
        "in_catalog_not_on_disk",
        "image in the catalog that is not on the disk",
        "images in the catalog that are not on the disk",
        "wait",
        "Not there yet, moved, or deleted elsewhere. If they come back, nothing needs to be done. If they are gone "
        "for good, accept that below, and they are no longer listed.",
    ),
    Remedy(
        "on_disk_not_in_catalog",
        "image on the disk that is not in the catalog",
        "images on the disk that are not in the catalog",
        "wait",
        "New since the last scan. Scan now registers them.",
    ),
    Remedy(
        "size_differs",
        "image of another size than the catalog says",
        "images of other sizes than the catalog says",
        "wait",
        "Changed since the last scan. Scan now looks again.",
    ),
    Remedy(
        "arriving",
        "image still arriving",
        "images still arriving",
        "wait",
        "Part of it is here. Let the sync client finish; it appears by itself. A file that stays like this for a day "
        "is called damaged.",
    ),
    Remedy(
        "differing_copies",
        "image whose copies in other folders differ",
        "images whose copies in other folders differ",
        "wait",
        "The same name has different bytes in two folders. Compare them on the image's page, and keep "
        "the right one.",
    ),
    Remedy(
        "case_clashes",
        "name that differs from another in letter case only",
        "names that differ from others in letter case only",
        "wait",
        "The lower-case name is used. Machines with other disks see only one of them: remove the one you do not "
        "need.",
    ),
    Remedy(
        "symlinks",
        "symbolic link",
        "symbolic links",
        "wait",
        "Links are never followed. Put the files themselves there.",
    ),
    Remedy(
        "wrong_extension",
        "image whose extension does not match its bytes",
        "images whose extensions do not match their bytes",
        "",
        "They are shown anyway, because the bytes count. Nothing needs to be done.",
    ),
    Remedy(
        "conflict_copies",
        "conflict copy",
        "conflict copies",
        "",
        "Left by a sync client. One with the true bytes, or a duplicate, can go once the image itself is good; one "
        "that differs should be looked at first. Strandline never deletes it.",
    ),
    Remedy(
        "online_only",
        "image in the cloud only",
        "images in the cloud only",
        "",
        "Only their names are on this machine. Their bytes are fetched when you open them. Nothing needs to be done.",
    ),
    Remedy(
        "temporaries",
        "temporary file",
        "temporary files",
        "",
        "Files on their way, or left by a program that was stopped. They usually disappear by themselves.",
    ),
    Remedy(
        "strays",
        "file that is not an image",
        "files that are not images",
        "",
        "Left alone, and not shown. To keep a picture among them, drop it into the gallery.",
    ),
)  # fmt: skip
"""Worst news first."""


class Discrepancy(NamedTuple):
    """One list of an inspection that is not empty."""

    remedy: Remedy
    items: list[FileItem]

    @property
    def heading(self) -> str:
        """``3 damaged images``."""
        number = len(self.items)
        return f"{number:,} {self.remedy.one if number == 1 else self.remedy.many}"


class Health(NamedTuple):
    """How a storage directory is, at a glance."""

    tone: str
    title: str
    message: str


def list_discrepancies(status: SyncStatus) -> list[Discrepancy]:
    """What was found, worst first."""
    lists = ((remedy, getattr(status, remedy.kind)) for remedy in REMEDIES)
    return [Discrepancy(remedy, items) for remedy, items in lists if items]


def judge_health(status: SyncStatus) -> Health:
    """One glance at an inspection. Law: tone ``good`` exactly where nothing waits for anybody."""
    state = status.sd.state
    said = next((problem.message for problem in status.problems), status.sd.problem or "")
    if state is StorageDirState.OFFLINE:
        return Health("bad", "Offline", _sentence(said) + " Nothing is concluded about its images meanwhile.")
    if state is StorageDirState.INCOMPLETE:
        return Health("wait", "Waiting for its identity", _sentence(said))
    if state is StorageDirState.SUSPECT and "confirm" not in said:
        return Health("bad", "Its images cannot be listed", _sentence(said))
    if state is StorageDirState.SUSPECT:
        message = (
            " If the folder is still syncing, wait. If they were deleted on purpose, confirm that; until then "
            "nothing is called missing."
        )
        return Health("bad", "Too many files are gone at once", _sentence(said) + message)
    if status.problems:
        return Health("bad", "Something is wrong with the folder", _sentence(said))
    found = list_discrepancies(status)
    bad = [each for each in found if each.remedy.tone == "bad"]
    if bad:
        return Health(
            "bad", _join(bad), "The files, and what to do, are below. Everything else is shown as usual."
        )
    waiting = [each for each in found if each.remedy.tone == "wait"]
    if waiting:
        return Health(
            "wait", _join(waiting), "No cause for alarm. What it means, and whether to do anything, is below."
        )
    remarks = " Other things that were seen are below. None of them needs attention." if found else ""
    return Health("good", "Healthy", f"Disk and catalog agree.{remarks}")


def _join(found: list[Discrepancy]) -> str:
    first, *others = found
    return f"{first.heading}, and more" if others else first.heading


def _sentence(text: str) -> str:
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
