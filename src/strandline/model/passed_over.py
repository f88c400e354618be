"""Folders that are passed over, because another program keeps them for itself: nothing in them is reported.

A file in one still exists if a note names it. Pure.
"""

from __future__ import annotations

import re

_NAMES = frozenset(
    {"node_modules", "__pycache__", "bower_components", "@eadir", "#recycle", "$recycle.bin",
     "system volume information", "lost+found"}
)  # fmt: skip
"""Version stores, trashes, and caches, in lower case. A dot in front means hidden."""

_ENDINGS = (".photoslibrary", ".dtbase2")
"""Libraries that one program looks after."""

_PATHS = ("/logseq/bak", "/logseq/.recycle")


def is_passed_over(path: str) -> bool:
    """Whether nothing in the folder with this path is listed. Only its own name counts, not those above it."""
    name = path.rpartition("/")[2].lower()
    return name.startswith(".") or name in _NAMES or name.endswith(_ENDINGS) or f"/{path}".endswith(_PATHS)


def is_in_passed_over(path: str) -> bool:
    """Whether the file or folder with this path is in a folder that is passed over."""
    parts = path.split("/")
    return any(is_passed_over("/".join(parts[:number])) for number in range(1, len(parts)))


_NEVER_READ = frozenset(
    {".git", ".svn", ".hg", ".venv", ".trash", ".stversions", ".stfolder", ".dropbox.cache", ".sync", ".cache",
     ".mypy_cache", ".ruff_cache", ".pytest_cache", ".tox", ".Trashes", ".Spotlight-V100", ".fseventsd"}
)  # fmt: skip
"""What other programs keep for themselves: old versions, deleted files, caches."""


_OLD_FILES = re.compile(
    r"\.trash|\.stversions|\.Trash-.*|\.Trashes|#recycle|@Recycle|\$RECYCLE\.BIN|\.dropbox\.cache|\.recycle|\.sync",
    re.IGNORECASE,
)


def has_old_files(path: str) -> bool:
    """Whether a passed-over folder is where a program keeps deleted files or old versions."""
    return bool(_OLD_FILES.fullmatch(path.rpartition("/")[2])) or f"/{path}".endswith(_PATHS)


def has_settings(path: str) -> bool:
    """Whether a passed-over folder may have settings that name pictures: ``.obsidian``, ``.vscode``."""
    name = path.rpartition("/")[2]
    return name.startswith(".") and name not in _NEVER_READ and not name.startswith(".Trash-")
