"""How a storage directory is, at a glance, and how the pages mend what an inspection found. Pure.

What can be found, and what it means, is in ``model/discrepancies``.
"""

from __future__ import annotations

from typing import NamedTuple

from strandline.model.discrepancies import Discrepancy, Grade, Verb
from strandline.model.plain_words import say_checked
from strandline.model.storage_dirs import StorageDirState
from strandline.model.sync_status import FileItem, SyncStatus

VERBS: dict[str, str] = {
    Verb.SCAN: "Scan now",
    Verb.SAVE: "drop it into the gallery",
    Verb.ADOPT: "on the image's page",
    Verb.RESTORE: "on the image's page",
    Verb.COMPARE: "on the image's page",
    Verb.ACCEPT_MISSING: "the button below",
    Verb.SHOW_AS_IS: "The file's page",
}

UNCHECKED = (
    "The bytes of the others are checked in the background, or, in the cloud and on slow places, when somebody opens "
    "them."
)
"""What happens to images that nobody has checked."""

TONES = {Grade.FINDING: "bad", Grade.WARNING: "bad", Grade.WAITING: "wait", Grade.NOTE: ""}


class Found(NamedTuple):
    """One non-empty list of an inspection, as the pages show it."""

    key: str
    heading: str
    """``3 damaged images``."""
    tone: str
    meaning: str
    remedy: str
    items: list[FileItem]


class Health(NamedTuple):
    """The health of a storage directory at a glance."""

    tone: str
    title: str
    message: str


def list_found(status: SyncStatus) -> list[Found]:
    """The findings, worst first."""
    return [_describe(row, items) for row, items in status.list_discrepancies()]


def _describe(row: Discrepancy, items: list[FileItem]) -> Found:
    remedy = row.say_remedy(VERBS)
    return Found(row.key, row.say_heading(len(items)), TONES[row.grade], row.meaning, remedy, items)


def judge_health(status: SyncStatus) -> Health:
    """The health from an inspection. Law: the tone is ``good`` exactly if nothing needs attention and all images are
    checked.
    """
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
    found = list_found(status)
    bad = [each for each in found if each.tone == "bad"]
    if bad:
        return Health(
            "bad", _join(bad), "The files, and what to do, are below. Everything else is shown as usual."
        )
    waiting = [each for each in found if each.tone == "wait"]
    if waiting:
        return Health(
            "wait", _join(waiting), "No cause for alarm. What it means, and whether to do anything, is below."
        )
    if status.unchecked_count:
        checked = say_checked(status.checked_count, status.in_catalog_count)
        return Health("wait", checked, f"Disk and catalog agree. {UNCHECKED}")
    remarks = " Other things that were seen are below. None of them needs attention." if found else ""
    return Health("good", "Healthy", f"Disk and catalog agree.{remarks}")


def _join(found: list[Found]) -> str:
    first, *others = found
    return f"{first.heading}, and more" if others else first.heading


def _sentence(text: str) -> str:
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
