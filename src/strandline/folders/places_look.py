"""What a folder shows of where its pictures belong, and how the disk spells the folder in which one is saved."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from strandline.errors import RefusedError, StrandlineError
from strandline.folders.media_folder import open_image_file, searched_folder
from strandline.folders.opened_folders import OpenedFolder, open_below
from strandline.folders.opening import read_some
from strandline.model.picture_places import MAX_SETTINGS_BYTES, SETTINGS, SIGNS, PlacesLook
from strandline.model.portable_names import fold_path


def look_at_places(root: str) -> PlacesLook:
    """One ``lstat`` per sign, and one read. Follows no link. What cannot be read is left out."""
    there: list[str] = []
    with suppress(OSError), searched_folder(root, "") as searched:
        for sign in SIGNS:
            with suppress(OSError):
                path, dir_fd = searched.locate(sign)
                mode = os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
                    there.append(sign)
    settings: dict[str, bytes] = {}
    for name in SETTINGS:
        with suppress(OSError, StrandlineError):
            with open_image_file(root, name, keeps_inodes=True, folder="") as opened:
                data = read_some(opened, MAX_SETTINGS_BYTES + 1)
            if len(data) <= MAX_SETTINGS_BYTES:
                settings[name] = data
    return PlacesLook(frozenset(there), settings)


def spell_folder(root: str, path: str) -> str:
    """The path of a folder as the disk spells it, as far as it exists.

    Cost: an open and two ``lstat`` per part. A folder is listed only if the part is missing in it, or if the disk
    finds it under another spelling.

    Raises:
        NotADirectoryError: Something else, or a link, is in the place of a part.
        OSError: It is unknown.
    """
    spelled: list[str] = []
    parts = path.split("/") if path else []
    for number, part in enumerate(parts):
        try:
            with open_below(Path(root), "/".join(spelled)) as above:
                actual = _spell(above, part)
        except RefusedError as error:  # a link since the last look
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path) from error
        if actual is None:
            return "/".join([*spelled, *parts[number:]])
        spelled.append(actual)
    return "/".join(spelled)


def _spell(above: OpenedFolder, part: str) -> str | None:
    """The name of the folder in the open one. None if there is none."""
    found = _look(above, part)
    if found is not None:
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(above.path / part))
        twin = _look(above, part.swapcase()) if part.swapcase() != part else None
        if twin is None or (twin.st_dev, twin.st_ino) != (found.st_dev, found.st_ino):
            return part
    folded = fold_path(part)
    names = sorted(name for name in _list(above) if fold_path(name) == folded)
    for name in (part, *names) if part in names else names:
        seen = _look(above, name)
        if seen is not None and stat.S_ISDIR(seen.st_mode):
            return name
    return part if found is not None else None


def _look(above: OpenedFolder, name: str) -> os.stat_result | None:
    try:
        return os.stat(above.at(name), dir_fd=above.fd, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _list(above: OpenedFolder) -> list[str]:
    return os.listdir(above.path if above.fd is None else above.fd)
