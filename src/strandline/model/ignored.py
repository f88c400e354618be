"""What a person wants to be left alone in a folder: the lines of ``.strandlineignore``. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

IGNORE_FILE = ".strandlineignore"
"""In the root, in the syntax of ``.gitignore``."""

MAX_IGNORE_BYTES = 1024 * 1024
"""A longer file is no list that a person wrote."""

IsIgnored: TypeAlias = "Callable[[str], bool]"
"""Of a path relative to the root, with ``/``; a folder's ends with one."""
