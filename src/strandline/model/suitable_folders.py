"""Which folders can be storage directories: decided from what was found out about a folder. Pure.

Each image belongs to exactly one storage directory, so none can be in another one. And a folder that many programs
write to is none that one sync client looks after.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from strandline.model.media_types import find_media_type_by_extension
from strandline.model.remedies import refer_to, say_add, say_command, say_forget, say_new_identity
from strandline.model.storage_dirs import StorageDir, find_probable_copy
from strandline.model.sync_names import NameKind, explain_name
from strandline.model.values import dataclass

MANY_ENTRIES = 1_000_000
"""More files and folders than this are hardly ever one person's notes or pictures: a person is asked first."""

_SYSTEM_FOLDERS = re.compile(
    r"/(?:bin|boot|etc|home|lib\d*|lost\+found|media|mnt|opt|run|sbin|tmp|usr|var)"
    r"|/(?:dev(?!/shm/)|proc|sys)(?:/.*)?"
    r"|/(?:Applications|Library|Network|System|Users|Volumes|private|cores)"
    r"|/private/(?:tmp|var|etc)"
    r"|[A-Za-z]:\\(?:Windows|Users|ProgramData|Program Files(?: \(x86\))?)(?:\\System32)?",
    re.DOTALL,
)
"""Folders of the system, on Linux, macOS, and Windows: many programs write to them, and other people's files are in
them. What is below /dev/shm is somebody's own, and in memory.
"""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a folder is not taken as a storage directory."""

    message: str
    """What it is, and what to do instead."""
    may_insist: bool = False
    """It is only unusual: a person who wants it can have it."""
    is_question: bool = False
    """It may well be meant, so a person is asked."""


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """What is known about a folder that somebody wants to add."""

    root: str
    """Absolute, without links."""
    is_system_root: bool = False
    """The root of the disk with the user's home."""
    is_user_home: bool = False
    holds_user_home: bool = False
    """The user's home is somewhere in it."""
    is_very_large: bool = False
    """It has more than :data:`MANY_ENTRIES` files and folders, and each would be looked at."""
    media_of: str | None = None
    """The folder above, if it has an identity and this is its media folder."""
    inside: StorageDir | None = None
    """A storage directory that is there now, and that this folder is in."""
    contains: StorageDir | None = None
    """A storage directory that is there now, and that is in this folder."""


@dataclass(frozen=True, slots=True)
class Subfolder:
    """A folder that a person may choose."""

    path: str
    """As it would be typed."""
    objection: str | None
    """Why it cannot be a storage directory; None if it can."""


_NEVER_PICTURES = frozenset({NameKind.LITTER, NameKind.PLACEHOLDER, NameKind.TEMPORARY})


def may_be_picture(name: str) -> bool:
    """Whether a file of this name, outside a media folder, may be a user's picture that can be saved there: by its
    extension, unless it is hidden or a leftover of a sync client.
    """
    media_type = find_media_type_by_extension(name.rpartition(".")[2])
    if name.startswith(".") or media_type is None or not media_type.has_id_names:
        return False
    return explain_name(name, lambda _: False).kind not in _NEVER_PICTURES


def choose_subfolders(names: Iterable[str], begun: str) -> list[str]:
    """The names that begin with what was typed, in any letter case, by name. Hidden ones only if a dot was typed."""
    wanted = begun.casefold()
    fits = (name for name in names if name.casefold().startswith(wanted))
    return sorted(
        (name for name in fits if begun.startswith(".") or not name.startswith(".")),
        key=lambda name: (name.casefold(), name),
    )


HAS_PICTURES_ELSEWHERE = "has no images in its media folder but has pictures elsewhere"


def say_pictures_elsewhere(sd: StorageDir, example: str) -> str:
    """That a folder has no images in its media folder, but pictures in other places, and what to do about it.

    ``example`` is the path of one of them below the root.
    """
    found = f"{sd.path} {HAS_PICTURES_ELSEWHERE}, such as {sd.path}/{example}"
    if sd.read_only:
        return f"{found}; they are not shown, and nothing is copied into a read-only folder"
    command = say_command("save", "-r", sd.path, "--sd", refer_to(sd))
    return f"{found}; to copy them into its media folder, run {command}"


def say_same_identity(sd: StorageDir, twin: StorageDir) -> str:
    """That two folders here have the same identity, which one is probably the copy, and what to do about it."""
    same = f"{sd.path} and {twin.path} have the same identity"
    copy = find_probable_copy(sd, twin)
    if copy is not None:
        later = f"{same}; {copy.name!r} was added later, so it is probably the copy"
        if copy.is_left_as_is:
            return f"{later}; to be able to save again, run {say_forget(copy)}"
        return f"{later}; to give it another one, run {say_new_identity(copy.path)}"
    same = f"{same}, so it is not clear which is the copy"
    changeable = [each for each in (sd, twin) if not each.is_left_as_is]
    if len(changeable) == 2:
        first, second = (say_new_identity(each.path) for each in changeable)
        return f"{same}; give the copy another one: run {first} or {second}"
    if changeable:
        return f"{same}; if it is {changeable[0].path}, run {say_new_identity(changeable[0].path)}"
    return f"{same}; forget the copy: run {say_forget(sd)} or {say_forget(twin)}"


def find_objection(facts: FolderFacts, *, insists: bool = False) -> Objection | None:
    """Why the folder is not taken as a storage directory. None if it is.

    Args:
        facts: What is known about it.
        insists: A person wants it although it is unusual.
    """
    refusal = _find_refusal(facts)
    if refusal is not None:
        return Objection(refusal)
    oddity = None if insists else _find_oddity(facts)
    if oddity is None:
        return None
    command = say_add(facts.root, "--yes")
    return Objection(
        f"{facts.root} {oddity}; to add it all the same, run {command}",
        may_insist=True,
        is_question=not is_odd_root(facts),
    )


def is_odd_root(facts: FolderFacts) -> bool:
    """Whether the place itself speaks against the folder."""
    return (
        facts.is_system_root
        or facts.is_user_home
        or facts.holds_user_home
        or _SYSTEM_FOLDERS.fullmatch(facts.root) is not None
    )


def _find_oddity(facts: FolderFacts) -> str | None:
    """What is unusual about the folder, and what would be better. None if nothing is."""
    better = "add the folder in it that something keeps in sync"
    if facts.is_system_root:
        return f"is the root of the disk; {better}"
    if facts.is_user_home:
        return f"is your home folder, where many programs keep their files; {better}"
    if facts.holds_user_home:
        return f"has your home folder in it, and perhaps those of other people; {better}"
    if is_odd_root(facts):
        return f"belongs to the system, and many programs write to it; {better}"
    if facts.is_very_large:
        return (
            f"has more than {MANY_ENTRIES:,} files and folders, and each scan would look at all of them; if your "
            "pictures are in a part of it, add that part, or list the other parts in a file .strandlineignore in it"
        )
    return None


def _find_refusal(facts: FolderFacts) -> str | None:
    """Why the folder cannot be a storage directory, whatever a person wants. None if it can."""
    if facts.media_of is not None:
        return (
            f"{facts.root} is the media folder of a storage directory; to add that one, run "
            f"{say_add(facts.media_of)}"
        )
    if facts.inside is not None:
        return (
            f"{facts.root} is inside the storage directory {facts.inside.name!r}, and none can be in another one; "
            f"to save its pictures there, run "
            f"{say_command('save', '-r', facts.root, '--sd', refer_to(facts.inside))}"
        )
    if facts.contains is not None:
        return (
            f"{facts.root} contains the storage directory {facts.contains.name!r}, and none can be in another one; "
            f"add a folder beside {facts.contains.path}"
        )
    return None
