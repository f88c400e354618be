"""Storage directories: listed, named, renamed, moved, and forgotten (SPEC §4). No file is ever touched here.

An identity outweighs everything: text that is the identity of one SD means that SD, whatever others are called, and
whichever others had that identity before.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from strandline.catalog.port import Reader, Writer
from strandline.errors import (
    InvalidNameError,
    StorageDirConflictError,
    StorageDirNotFoundError,
    StorageDirOfflineError,
)
from strandline.model.identity.anchors import shows_anything
from strandline.model.identity.sd_ids import StorageDirId, find_storage_dir_id
from strandline.model.identity.sightings import IdentitySighting
from strandline.model.remedies import say_add, say_forget
from strandline.model.storage_dirs import FileCounts, StorageDir, StorageDirState
from strandline.services.storage_dirs.paths import (
    check_outside,
    find_real_path,
    list_known_at,
    resolve_root,
    shorten,
)
from strandline.services.storage_dirs.presence import NAMES_ASKED, decide_again, look, reconsider, refresh
from strandline.services.workbench import Workbench

MAX_NAME_LENGTH = 100

_STEPS = (".", "..")
"""Parts of an address that clients leave out before they send it."""

StorageDirRef = StorageDir | str | os.PathLike[str]
"""A StorageDir, or text: an identity, an alias, a path, or a name, in that order."""


def list_storage_dirs(bench: Workbench) -> list[StorageDir]:
    """All SDs in the catalog, in the order in which they were added. Accesses no storage directory."""
    with bench.catalog.read() as reader:
        return reader.sds.list_storage_dirs()


def count_files(bench: Workbench, sds: Sequence[StorageDir]) -> list[FileCounts]:
    """The numbers of the storage directories' image files in the catalog, in the same order.

    Cost: one statement, and one more for each that misses files. One that was forgotten meanwhile has none.
    """
    from strandline.model.conflict_copies import find_shown  # here: most storage directories miss nothing

    with bench.catalog.read() as reader:
        counted = reader.files.count_of_each([sd.number for sd in sds])
        counts = [counted.get(sd.number, FileCounts(0, {}, 0)) for sd in sds]
        return [
            replace(each, shown_from_copies=len(find_shown(reader.copies.list_copies_of_missing(sd.number))))
            if "missing" in each.noteworthy
            else each
            for sd, each in zip(sds, counts, strict=True)
        ]


def get_storage_dir(bench: Workbench, ref: StorageDirRef) -> StorageDir:
    """The SD with this identity, alias, path, or name, in that order.

    Raises:
        StorageDirNotFoundError: There is none.
    """
    if isinstance(ref, StorageDir):
        return get_by_number(bench, ref.number)
    text = os.fspath(ref)
    sds = list_storage_dirs(bench)
    found = find_by_identity(sds, text) or find_by_path_or_name(sds, text, find_real_path(bench, text))
    if found is not None:
        return found
    known = ", ".join(repr(sd.name) for sd in sds) or f"none yet; add one with {say_add()}"
    raise StorageDirNotFoundError(
        f"no storage directory is known as {shorten(text)!r}; known are: {known}", value=shorten(text)
    )


def as_storage_dir(bench: Workbench, ref: StorageDirRef) -> StorageDir:
    """The SD as it was given, without a look at the catalog; otherwise as :func:`get_storage_dir`."""
    return ref if isinstance(ref, StorageDir) else get_storage_dir(bench, ref)


def find_by_identity(sds: list[StorageDir], text: str) -> StorageDir | None:
    """The SD with this identity, otherwise the one with this alias; reachable ones first. Pure."""
    sd_id = find_storage_dir_id(text)
    if sd_id is None:
        return None
    sds = sorted(sds, key=_reachable_first)
    current = (sd for sd in sds if sd.sd_id == sd_id)
    return next(current, None) or next((sd for sd in sds if sd_id in sd.aliases), None)


def find_by_path_or_name(sds: list[StorageDir], text: str, real_path: str | None) -> StorageDir | None:
    """The SD at the path, otherwise the one with the name (exact case first); reachable ones first. Pure."""
    matches = (
        lambda sd: sd.path in (text, real_path),
        lambda sd: sd.name == text,
        lambda sd: sd.name.casefold() == text.casefold(),
    )
    sds = sorted(sds, key=_reachable_first)
    return next((sd for is_match in matches for sd in sds if is_match(sd)), None)


def get_by_number(bench: Workbench, number: int) -> StorageDir:
    """The SD with the local number.

    Raises:
        StorageDirNotFoundError: It was forgotten.
    """
    with bench.catalog.read() as reader:
        sd = reader.sds.find_storage_dir(number)
    if sd is None:
        raise StorageDirNotFoundError(f"that storage directory was forgotten; add it again with {say_add()}")
    return sd


def rename_storage_dir(bench: Workbench, sd: StorageDir, name: str) -> StorageDir:
    """Renames the SD in this catalog.

    Raises:
        InvalidNameError: The name is empty, too long, or contains control characters.
        StorageDirConflictError: Another SD has that name.
    """
    name = check_name(name)
    with bench.catalog.write() as writer:
        _set_name(writer, sd.number, name)
    return get_by_number(bench, sd.number)


def _set_name(writer: Writer, number: int, name: str) -> None:
    writer.sds.hold_all()
    check_name_is_free(writer, name, number)
    writer.sds.update_name(number, name)


def move_storage_dir(
    bench: Workbench, sd: StorageDir, path: str | os.PathLike[str], name: str | None = None
) -> StorageDir:
    """Sets the SD's new path, and with a name also its new name: both, or neither. A folder without any identity is
    accepted if something else of the SD is there, or if no file of the SD is known: its identity may be on its way.

    Raises:
        InvalidPathError, StorageDirNotFoundError, CatalogInsideStorageDirError, UnsuitableFolderError: As for adding.
        InvalidNameError: As for :func:`rename_storage_dir`.
        StorageDirConflictError: The folder has another identity, belongs to another SD, or has nothing of this one
            although files of it are known; or another SD has the name. Nothing was changed.
        StorageDirOfflineError: Whether it has anything of this one cannot be told now.
    """
    name = None if name is None else check_name(name)
    root = resolve_root(bench, path)
    if root != sd.path:
        from strandline.services.storage_dirs.suitable import (
            check_suitable,  # here: every question loads this module
        )

        check_suitable(bench, root, known=sd)
    check_outside(bench.home, root)
    _check_free(bench, sd, root)
    sighting = look(bench, root)
    found = decide_again(sd, sighting, quiet=False).sd_id
    if found is not None and not _is_ours(sd, sighting, found):
        raise StorageDirConflictError(
            f"{root} has the identity {found}, not that of {sd.name!r}; to use it as well, run {say_add(root)}",
            path=root,
        )
    _check_shows_it(bench, sd, root, sighting)
    with bench.catalog.write() as writer:
        if name is not None:
            _set_name(writer, sd.number, name)
        set_place(writer, sd.number, root, bench.now())
    return reconsider(bench, get_by_number(bench, sd.number))


def set_place(writer: Writer, number: int, root: str, now: datetime) -> None:
    """Writes the SD's new path. Files that were absent at the old path start to be absent at the new one only now."""
    writer.sds.update_path(number, root)
    writer.files.restart_absences(number, now)


def forget_storage_dir(bench: Workbench, sd: StorageDir) -> None:
    """Drops the SD from this catalog."""
    with bench.catalog.write() as writer:
        writer.sds.delete_storage_dir(sd.number)


def check_name(name: str) -> str:
    """The name, stripped of surrounding spaces.

    Raises:
        InvalidNameError: It is empty, longer than 100 characters, contains unprintable characters, or could not be a
            part of an address: it has a ``/``, or is ``.`` or ``..``.
    """
    name = name.strip()
    problem = _find_fault(name)
    if problem is not None:
        raise InvalidNameError(
            f"{problem}; choose one of 1 to {MAX_NAME_LENGTH} printable characters, without a /",
            value=name[:MAX_NAME_LENGTH],
        )
    return name


def _find_fault(name: str) -> str | None:
    if not name:
        return "the name is empty"
    if len(name) > MAX_NAME_LENGTH:
        return f"the name has {len(name):,} characters"
    if not name.isprintable():
        return "the name has characters that cannot be printed"
    return f"{name!r} cannot be a part of an address" if "/" in name or name in _STEPS else None


def check_name_is_free(reader: Reader, name: str, *own: int) -> None:
    """Refuses a name that another SD has than the ``own`` ones, by number.

    Raises:
        StorageDirConflictError: Another one has it.
    """
    for other in reader.sds.list_storage_dirs():
        if other.number not in own and other.name == name:
            raise StorageDirConflictError(f"{name!r} is the name of {other.path} already; choose another one")


def name_after(root: str) -> str:
    """A valid name (see :func:`check_name`) from the folder's own. Pure."""
    shown = "".join(
        letter if letter.isprintable() and letter != "/" else " " for letter in os.path.basename(root) or root
    )
    name = shown.strip()[:MAX_NAME_LENGTH].strip()
    return "storage directory" if not name or name in _STEPS else name


def find_free_name(writer: Writer, name: str) -> str:
    """The name, or the name with " 2", " 3" … appended if another SD has it."""
    taken = {sd.name for sd in writer.sds.list_storage_dirs()}
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name} {count}"
    return candidate


def _reachable_first(sd: StorageDir) -> bool:
    return not sd.is_reachable


def _check_free(bench: Workbench, sd: StorageDir, root: str) -> None:
    """An SD that is only remembered at the root, because its disk was once mounted there, is no conflict."""
    for known in list_known_at(bench, root):
        there = refresh(bench, known)
        if there.number != sd.number and there.state is not StorageDirState.OFFLINE:
            raise StorageDirConflictError(
                f"{root} is {there.name!r} already; if that one is no longer needed, run {say_forget(there)} first",
                path=root,
            )


def _is_ours(sd: StorageDir, sighting: IdentitySighting, found: StorageDirId) -> bool:
    if sd.sd_id is None or sd.provisional:
        return True
    return found in (sd.sd_id, *sd.aliases) or sd.sd_id in sighting.candidates | sighting.former_values


def _check_shows_it(bench: Workbench, sd: StorageDir, root: str, sighting: IdentitySighting) -> None:
    """Refuses a place that shows nothing of the SD. Otherwise an empty one would count as this SD, emptied.

    Cost: if its identity is not there, a look at up to 64 names.
    """
    ids = {sd.sd_id, *sd.aliases} & (sighting.candidates | sighting.former_values)
    if ids or (sighting.may_show_one_later and not sd.provisional):
        return
    with bench.catalog.read() as reader:
        known = reader.files.list_some_paths(sd.number, limit=NAMES_ASKED)
        anchors = reader.sds.find_anchors(sd.number)
    if not known:
        return
    folder = bench.folder(replace(sd, path=root))
    spellings = dict.fromkeys(
        spelling
        for name in map(folder.layout.name_of, known)
        for spelling in (name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFD")))
    )
    try:
        is_shown = bool(folder.probe(spellings)) or shows_anything(anchors, folder.look_at_anchors())
        reason = sighting.errors[0].reason if sighting.errors else None
    except OSError as error:
        is_shown, reason = False, error.strerror or str(error)
    if is_shown:
        return
    if reason is not None:
        raise StorageDirOfflineError(
            f"{root} cannot be read now ({reason}), so Strandline cannot tell whether {sd.name!r} is there; nothing "
            "was changed; try again when it answers",
            sd_id=sd.sd_id, path=root,
        )  # fmt: skip
    raise StorageDirConflictError(
        f"nothing of {sd.name!r} is at {root}: neither its identity, nor any file that is known of it; give the "
        f"folder that has its files, or wait until they have arrived there; to begin from nothing, run "
        f"{say_forget(sd)}, then run {say_add(root)}",
        path=root,
    )
