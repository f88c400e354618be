"""Which folders can be storage directories: decided from what was found out about a folder. Pure.

Each image belongs to exactly one storage directory, so none can be in another one. And a folder that many programs
write to is none that one sync client looks after.
"""

from __future__ import annotations

from collections.abc import Iterable

from strandline.model.media_types import find_media_type_by_extension
from strandline.model.remedies import refer_to, say_add, say_command, say_forget, say_new_identity
from strandline.model.storage_dirs import StorageDir, find_probable_copy
from strandline.model.sync_names import NameKind, explain_name
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """What is known about a folder that somebody wants to add."""

    root: str
    """Absolute, without links."""
    is_system_root: bool = False
    """The root of the disk with the user's home."""
    is_user_home: bool = False
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
    """Whether a file of this name, outside a media folder, may be a user's picture: by its extension, unless it is
    hidden or a leftover of a sync client.
    """
    if name.startswith(".") or find_media_type_by_extension(name.rpartition(".")[2]) is None:
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


def find_objection(facts: FolderFacts) -> str | None:
    """Why the folder cannot be a storage directory, and what to do instead. None if it can."""
    if facts.is_system_root:
        return f"{facts.root} is the root of the disk; add the folder in it that something keeps in sync"
    if facts.is_user_home:
        return (
            f"{facts.root} is your home folder, where many programs keep their files; add the folder in it that "
            "something keeps in sync"
        )
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
