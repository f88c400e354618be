"""From where references are resolved: the known storage directory around a path, else the nearest folder with a
sign.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from strandline.errors import InvalidPathError, SourceNotFoundError
from strandline.folders.disk_errors import as_disk_error
from strandline.folders.file_tree import find_anchor
from strandline.notes.note_names import is_note_name
from strandline.notes.profiles import ANCHORS


def find_base(path: str) -> str:
    """The folder that the path is: of a note, the one that contains it.

    Raises:
        SourceNotFoundError: There is nothing at the path.
        InvalidPathError: It is a file, but no note.
        DiskError: Nobody knows what is there.
    """
    return path if _is_folder(path) else os.path.dirname(path)


def find_root(base: str, known_roots: Iterable[str]) -> str:
    """The root for a folder. The home folder is never the root of something in it."""
    known = next((each for each in known_roots if _contains(each, base)), None)
    return known or find_anchor(base, ANCHORS, (os.path.expanduser("~"), os.sep)) or base


def _is_folder(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceNotFoundError(f"there is no {path}; give a folder or a note", path=path) from error
    except OSError as error:
        raise as_disk_error(error, "look at", path) from error
    if stat.S_ISDIR(mode):
        return True
    if not is_note_name(path):
        raise InvalidPathError(f"{path} is neither a folder nor a note", path=path)
    return False


def _contains(root: str, path: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
