"""What a check says about a finding: what is wrong, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from strandline.model.media_types import MediaType
from strandline.model.note_checks import FindingKind, Remembered
from strandline.model.portable_names import explain_difference, fold_path
from strandline.model.remedies import say_command
from strandline.model.sync_names import NameKind
from strandline.notes.file_index import name_of
from strandline.notes.profiles import Profile
from strandline.notes.resolver import Resolved, Verdict
from strandline.services.checking.picture_state import PictureState

UNUSED = "no note, canvas, or setting in this folder names it"

MISSING = "no file here has that name; wait if the folder is syncing, or put it back, or remove the reference"

NEVER_SEEN = (
    "never seen on this machine; wait if the folder is syncing, or put it there, or remove the reference"
)


def say_verdict(
    resolved: Resolved, profile: Profile, say_path: Callable[[str], str]
) -> tuple[FindingKind | None, str]:
    """The kind of finding that a verdict is, and its message. No kind if the picture was found."""
    where = " or ".join(map(say_path, resolved.candidates[:2]))
    match resolved.verdict:
        case Verdict.FOUND:
            return None, ""
        case Verdict.MISSING:
            return FindingKind.MISSING, MISSING
        case Verdict.MISPLACED:
            place = f"a file of that name is at {where}, where {profile.title} does not look"
            return FindingKind.MISPLACED, f"{place}; move it, or change the reference"
        case Verdict.AMBIGUOUS:
            return FindingKind.AMBIGUOUS, f"it may mean {where}: {resolved.why}; write the folder too"
        case Verdict.NOT_PORTABLE:
            file = say_path(resolved.path or "")
            return FindingKind.NOT_PORTABLE, f"{resolved.why}; the file is {file}"
        case _:
            return FindingKind.OUTSIDE, f"{resolved.why}, so it was not looked at"


def say_remembered(was: Remembered, path: str, say_path: Callable[[str], str], root: str) -> str:
    """The message about a picture that was here before, at the path or at another one.

    ``root`` is the folder that the offered command is about, as a path that works anywhere on this machine.
    """
    here = (
        "it was here"
        if was.path == path
        else f"it was at {say_path(was.path)}{_say_spelling(path, was.path)}"
    )
    if was.deleted is not None and not was.places:
        restore = say_command("trash", "restore", was.deleted)
        return f"it was deleted on this machine; {restore} brings it back, or remove the reference"
    back = say_command("put-back", root)
    told = f"{here} {_say_until(was)}"
    if not was.places and was.until is None:
        return f"{told}; scan again to learn whether it was moved, or put it back, or remove the reference"
    if not was.places:
        return f"{told}, and no image here has its bytes now; {back} also looks in trashes and old versions"
    place = was.places[0]
    where = say_path(place.path) if place.sd is None else f"{place.path} in {place.sd!r}"
    return f"{told}, and the same bytes are now at {where}; {back} copies that file back, or change the reference"


def say_namesake(was: Remembered, say_path: Callable[[str], str]) -> str:
    """The message about a picture that was never where the note expects it, while one of its name was elsewhere."""
    at = say_path(was.path)
    told = f"no file here has that name; a picture of that name was at {at} {_say_until(was)}"
    if was.deleted is not None and not was.places:
        restore = say_command("trash", "restore", was.deleted)
        return f"{told}; if it is the right one, {restore} brings it back there"
    if was.places:
        place = was.places[0]
        where = say_path(place.path) if place.sd is None else f"{place.path} in {place.sd!r}"
        return f"{told}, and its bytes are now at {where}; if it is the right one, change the reference"
    return f"{told}; was the note moved? Put the picture back, or change or remove the reference"


def _say_until(was: Remembered) -> str:
    if was.deleted is not None:
        return "until it was deleted on this machine"
    return "at the last scan" if was.until is None else f"until {_say_time(was.until)}"


def _say_spelling(written: str, actual: str) -> str:
    """How the spelling of the same path, or of the same name in another folder, differs. Empty if it does not."""
    if fold_path(written) != fold_path(actual):
        written, actual = name_of(written), name_of(actual)
    if written == actual or fold_path(written) != fold_path(actual):
        return ""
    return f" (another {explain_difference(written, actual)})"


def say_old_version(path: str) -> str:
    """The message about a picture that was never seen, while a program keeps a file that had its name."""
    return f"never seen on this machine, but {path} had that name; if it is the right picture, copy it back"


def _say_time(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def say_fault(fault: PictureState) -> str:
    """The message about the bytes of a picture."""
    match fault.kind:
        case FindingKind.ARRIVING:
            return f"{fault.why}; wait for the sync client"
        case FindingKind.IN_CLOUD:
            return f"the picture is not on this machine: {fault.why}"
        case _:
            return f"{fault.why}; replace it by a good copy"


def say_not_shown(extension: str, profile: Profile) -> str:
    """The message about a picture that is there, in a format that the tool does not show."""
    return f"the picture is here, but {_say_what_hides(extension, profile)}; convert it to JPEG or PNG"


def say_bytes_not_shown(extension: str, media_type: MediaType, profile: Profile) -> str:
    """The message about a picture whose bytes have a format that the tool does not show, unlike its name."""
    what = _name_format(media_type.extension)
    return (
        f"the picture is here, but it is a {what}, although its name ends in .{extension}, and "
        f"{_say_what_hides(media_type.extension, profile)}; convert it to JPEG or PNG"
    )


def say_hidden_by_heading(profile: Profile) -> str:
    """The message about an embedded picture with ``#`` in its name."""
    return (
        f"the picture is here, but {profile.title} takes what follows # for a heading of a note; give it a name "
        "without #"
    )


def say_saved_not_shown(extension: str, profile: Profile) -> str:
    """The message about a picture that has just been saved in a format that the tool does not show."""
    return f"{_say_what_hides(extension, profile)}; to see it in a note, save it as JPEG or PNG"


def _say_what_hides(extension: str, profile: Profile) -> str:
    return f"{profile.title} shows no {_name_format(extension)} without a plug-in"


def _name_format(extension: str) -> str:
    return _FORMATS.get(extension, extension.upper())


_FORMATS = {"tif": "TIFF", "jxl": "JPEG XL"}
"""Formats that are not called like their extension."""


def say_stand_in(kind: NameKind) -> tuple[FindingKind, str]:
    """What a placeholder or a temporary in the place of the picture means."""
    if kind is NameKind.PLACEHOLDER:
        return (
            FindingKind.IN_CLOUD,
            "the picture is in the cloud: the sync client left a placeholder; download it",
        )
    return FindingKind.ARRIVING, "the sync client is still writing it; wait for it"


def say_unfinished(path: str, settled_s: float) -> str:
    """The message about a missing picture of which a part came, and then nothing more."""
    since = _say_time(datetime.fromtimestamp(settled_s, UTC))
    return (
        f"only an unfinished download of it is here: {path}, which has not changed since {since}; look whether the "
        "sync client runs and still has the picture, or put it there, or remove the reference"
    )


def say_conflict_copy(copy: str) -> str:
    """The message about a missing picture of which a sync client kept a second version."""
    return f"only a conflict copy of it is here: {copy}; if it is the right one, give it the name in the note"


def say_bad_name(why: str) -> str:
    """The message about a name that other systems refuse."""
    return f"Windows or Android cannot have this file: {why}; rename it"
