"""How a storage directory is, at a glance, and how the pages mend what an inspection found. Pure.

What can be found, and what it means, is in ``model/discrepancies``.
"""

from __future__ import annotations

from typing import NamedTuple

from strandline.model.discrepancies import COPIED, PICTURES_ELSEWHERE, Discrepancy, Grade, Verb
from strandline.model.image_files import FileState
from strandline.model.note_checks import say_lost
from strandline.model.plain_words import say_checked, say_count, show_plainly
from strandline.model.storage_dirs import LayoutKind, StorageDirQuestion, StorageDirState
from strandline.model.sync_status import FileItem, SyncStatus
from strandline.web.pages.words import say_sentence

VERBS: dict[str, str] = {
    Verb.SCAN: "Scan now",
    Verb.SAVE: "drop it into the gallery",
    Verb.ADOPT: "on the image's page",
    Verb.RESTORE: "on the image's page",
    Verb.COMPARE: "on the image's page",
    Verb.RESOLVE: "“Conflict copies” on the page Care",
    Verb.ACCEPT_MISSING: "a button appears here once they count as missing",
    Verb.SHOW_AS_IS: "The file's page",
}

NO_IMAGES = {LayoutKind.IDS: "Its media folder has none.", LayoutKind.NAMED: "No picture is anywhere in it."}

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
    # While so many are gone that no absence is believed, the one button is above.
    confirm = {Verb.ACCEPT_MISSING: "“Confirm”, above"} if status.sd.state is StorageDirState.SUSPECT else {}
    return [_describe(row, items, VERBS | confirm) for row, items in status.list_discrepancies()]


def _describe(row: Discrepancy, items: list[FileItem], verbs: dict[str, str]) -> Found:
    heading, meaning, remedy = map(
        _say_folder, (row.say_heading(len(items)), row.meaning, row.say_remedy(verbs))
    )
    return Found(row.key, heading, TONES[row.grade], meaning, remedy, items)


def _say_folder(words: str) -> str:
    """The pages call it as people do."""
    return words.replace("storage directories", "folders").replace("storage directory", "folder")


def say_missed(missed: int, name: str) -> str:
    """How many references of its notes lead to no picture. The name of the folder is plain already. Pure."""
    return say_lost(missed, f"the notes of {name}")


def judge_health(status: SyncStatus, missed: int = 0) -> Health:
    """The health from an inspection. Law: the tone is ``good`` exactly if nothing needs attention, notes miss
    no picture (``missed``), and all images are checked.
    """
    state = status.sd.state
    said = next((problem.message for problem in status.problems), status.sd.problem or "")
    if state is StorageDirState.OFFLINE:
        return Health(
            "bad", "Offline", say_sentence(said) + " Nothing is concluded about its images meanwhile."
        )
    if state is StorageDirState.INCOMPLETE:
        return Health("wait", "Waiting for its identity", say_sentence(said))
    if state is StorageDirState.SUSPECT and status.sd.question is not StorageDirQuestion.ACCEPT_ABSENCES:
        return Health("bad", "Its images cannot be listed", say_sentence(said))
    if state is StorageDirState.SUSPECT:
        message = (
            " If the folder is still syncing, wait. If they were deleted on purpose, confirm that; until then "
            "nothing is called missing."
        )
        return Health("bad", "Too many files are gone at once", say_sentence(said) + message)
    if is_copied(status):
        return Health("bad", "Two folders have the same identity", say_sentence(said))
    if any(problem.kind == PICTURES_ELSEWHERE for problem in status.problems):
        return Health("wait", "Its pictures are not in its media folder", say_sentence(said))
    if status.problems:
        return Health("bad", "Something is wrong with the folder", say_sentence(said))
    name, found = show_plainly(status.sd.name), list_found(status)
    bad, waiting = ([each for each in found if each.tone == tone] for tone in ("bad", "wait"))
    if bad:
        number = sum(len(each.items) for each in bad)
        title = f"{say_count(number, 'image')} in {name} {'needs' if number == 1 else 'need'} you"
        also = [_join(waiting)] if waiting else []
        also += [say_missed(missed, name)] if missed else []
        rest = f"Besides, {'; '.join(also)}" if also else "Everything else is shown as usual"
        return Health("bad", title, f"{_join(bad)}. {rest}.")
    if missed:
        return Health("wait", say_missed(missed, name), f"Besides, {_join(waiting)}." if waiting else "")
    if missing := count_missing(status):
        title = f"{say_count(missing, 'image is', 'images are')} missing in {name}"
        return Health("bad", title, f"{_join(waiting)}. If the folder is still syncing, wait.")
    if waiting:
        return Health("wait", f"Nothing in {name} needs you now", f"{_join(waiting)}. No cause for alarm.")
    if status.unchecked_count:
        checked = say_checked(status.checked_count, status.in_catalog_count)
        return Health("wait", f"Everything in {name} is there; {checked}", UNCHECKED)
    if not status.on_disk_count:
        return Health("wait", f"No images in {name} yet", NO_IMAGES[status.sd.layout])
    remarks = "Other things were seen, too. None of them needs attention." if found else ""
    return Health("good", f"Everything in {name} is there and checked", remarks)


def count_missing(status: SyncStatus) -> int:
    """The images that count as missing, and that no conflict copy shows. The others were only not seen lately."""
    facts = [dict(item.facts) for item in status.in_catalog_not_on_disk]
    return sum(each.get("state") == FileState.MISSING and not each.get("shown_from") for each in facts)


def is_copied(status: SyncStatus) -> bool:
    """Whether another folder here has the same identity."""
    return any(problem.kind == COPIED for problem in status.problems)


def _join(found: list[Found]) -> str:
    *others, last = [each.heading for each in found]
    return f"{', '.join(others)} and {last}" if others else last
