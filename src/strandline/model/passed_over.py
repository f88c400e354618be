"""Folders that are passed over, because another program keeps them for itself: nothing in them is reported. Pure."""

from __future__ import annotations

import re

_NAMES = re.compile(
    r"\..*|node_modules|__pycache__|bower_components|@eaDir|#recycle|\$RECYCLE\.BIN|System Volume Information"
    r"|lost\+found|.*\.photoslibrary|.*\.dtBase2",
    re.DOTALL | re.IGNORECASE,
)
"""Version stores, trashes, caches, settings, and libraries that one program looks after. A dot in front means hidden.
"""

_PATHS = re.compile(r"(?:.*/)?logseq/(?:bak|\.recycle)", re.DOTALL)


def is_passed_over(path: str) -> bool:
    """Whether nothing in the folder with this path is listed. Only its own name counts, not those above it."""
    return bool(_NAMES.fullmatch(path.rpartition("/")[2]) or _PATHS.fullmatch(path))
