"""The identity files in the root of a storage directory: looked at, never changed.

:func:`look_at_identity` fills a value that ``model/identity/rules.py`` decides from. Everything in the root comes
from other machines, so links are not followed, nothing is waited for, and at most 257 bytes of a file are read.
``SD_ID`` is looked for by name even if the listing does not show it, because a disk that folds case may list it as
``sd_id``.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import defaultdict
from pathlib import Path

from strandline.folders.media_folder import MEDIA_FOLDER
from strandline.folders.opening import READ_FLAGS, is_dataless, stamp_of
from strandline.model.identity.sd_ids import (
    IDENTITY_FILE,
    LEGACY_IDENTITY_FILE,
    MAX_IDENTITY_BYTES,
)
from strandline.model.identity.sightings import (
    IdentityFile,
    IdentityRole,
    IdentitySighting,
    LookError,
    MediaFolder,
    Unfit,
    find_identity_name,
    is_system_litter,
    judge_former,
    judge_identity,
)
from strandline.model.values import dataclass


def look_without_answer() -> IdentitySighting:
    """What is seen of a folder whose disk does not answer in time."""
    return IdentitySighting(errors=(LookError("", errno.ETIMEDOUT, "its disk does not answer"),))


def look_at_identity(root: Path) -> IdentitySighting:
    """Everything in the root that concerns the identity. Changes nothing, and never raises because of the root's
    content.

    Cost: two stats and one listing of the root; an lstat for each name that concerns ``SD_ID`` or ``.sd-id``; an
    open, fstat, and read for those that are regular local files; and the listing of ``media`` up to the first name
    that is not litter. Memory is proportional to the number of such names.
    """
    errors: list[LookError] = []
    try:
        before = root.stat()
        found = _list_by_role(root)
        plain = _look_at_first(root, IDENTITY_FILE, found[IdentityRole.PLAIN], errors)
        legacy = _look_at_first(root, LEGACY_IDENTITY_FILE, found[IdentityRole.LEGACY], errors)
        copies = _look_at_each(root, found[IdentityRole.COPY])
        former = tuple(map(judge_former, _look_at_each(root, found[IdentityRole.FORMER])))
        sighting = IdentitySighting(
            plain=plain,
            legacy=legacy,
            copies=copies,
            former=former,
            temporaries=_look_at_each(root, found[IdentityRole.TEMPORARY]),
            hints=_look_at_each(root, found[IdentityRole.HINT]),
            media=_look_at_media(root),
            errors=tuple(errors),
            root_device=before.st_dev,
            root_inode=before.st_ino,
        )
        after = root.stat()
    except OSError as error:
        return IdentitySighting(errors=(_as_look_error("", error),))
    if (after.st_dev, after.st_ino) != (before.st_dev, before.st_ino):
        # If it was mounted or unmounted in between, half of what was seen belongs to another folder.
        moved = OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return IdentitySighting(errors=(_as_look_error("", moved),))
    return sighting


@dataclass(frozen=True, slots=True)
class _Listed:
    name: str
    is_placeholder: bool


def _list_by_role(root: Path) -> dict[IdentityRole, list[_Listed]]:
    found: dict[IdentityRole, list[_Listed]] = defaultdict(list)
    with os.scandir(root) as entries:
        for entry in entries:
            if meaning := find_identity_name(entry.name):
                found[meaning.role].append(_Listed(entry.name, meaning.is_placeholder))
    for listed in found.values():
        listed.sort(key=lambda each: each.name)
    return found


def _look_at_first(
    root: Path, name: str, listed: list[_Listed], errors: list[LookError]
) -> IdentityFile | None:
    """``SD_ID`` or ``.sd-id``, by name (a disk that folds case may list another spelling), otherwise its
    placeholder.
    """
    try:
        if found := look_at_file(root, name):
            return found
    except OSError as error:
        errors.append(_as_look_error(name, error))
        return None
    placeholders = [each for each in listed if each.is_placeholder]
    return _look_at_each(root, placeholders[:1])[0] if placeholders else None


def _look_at_each(root: Path, listed: list[_Listed]) -> tuple[IdentityFile, ...]:
    """The files under these names. If one cannot be read (other than ``SD_ID`` itself), it is only marked."""
    files = []
    for each in listed:
        try:
            found = look_at_file(root, each.name)
        except OSError:
            found = IdentityFile(each.name, unfit=Unfit.UNREADABLE)
        if found and each.is_placeholder:
            found = IdentityFile(each.name, unfit=Unfit.EVICTED, stamp=found.stamp)
        if found:
            files.append(found)
    return tuple(files)


def look_at_file(root: Path, name: str) -> IdentityFile | None:
    """What has this name, by an lstat and, for a regular local file, an open, fstat, and read.

    Returns:
        None if there is no such entry.

    Raises:
        OSError: It cannot be examined now.
    """
    path = os.path.join(root, name)
    try:
        found = os.lstat(path)
        stamp = stamp_of(found)
        if unfit := _find_unfit(found):
            return IdentityFile(name, unfit=unfit, stamp=stamp)
        fd = os.open(path, READ_FLAGS)
    except FileNotFoundError:
        return None
    try:
        opened = os.fstat(fd)
        if unfit := _find_unfit(opened):
            return IdentityFile(name, unfit=unfit, stamp=stamp)
        return judge_identity(name, os.read(fd, MAX_IDENTITY_BYTES + 1), stamp_of(opened))
    finally:
        os.close(fd)


def _find_unfit(found: os.stat_result) -> Unfit | None:
    """Why it must not be read, by a stat alone."""
    if stat.S_ISLNK(found.st_mode):
        return Unfit.LINK
    if stat.S_ISDIR(found.st_mode):
        return Unfit.FOLDER
    if not stat.S_ISREG(found.st_mode):
        return Unfit.SPECIAL
    return Unfit.EVICTED if is_dataless(found) else None


def _look_at_media(root: Path) -> MediaFolder:
    path = os.path.join(root, MEDIA_FOLDER)
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            return MediaFolder.LINK
        if not stat.S_ISDIR(mode):
            return MediaFolder.FILE
        with os.scandir(path) as entries:
            holds_nothing = all(is_system_litter(entry.name) for entry in entries)
        return MediaFolder.EMPTY if holds_nothing else MediaFolder.FILLED
    except FileNotFoundError:
        return MediaFolder.ABSENT
    except OSError:
        return MediaFolder.UNLISTABLE


def _as_look_error(name: str, error: OSError) -> LookError:
    return LookError(name, error.errno or 0, error.strerror or str(error))
