"""Pointers: the line of text under an image's name while its bytes are kept elsewhere (hazard H22).

git-annex writes one for an unlocked file that was not fetched yet, and for a locked one if a disk has no links. Git
LFS writes one for every file before ``git lfs pull``. A pointer may stay unchanged for years. It is neither half an
image nor a damaged one.
"""

from __future__ import annotations

import re

MAX_POINTER_BYTES = 32 * 1024
"""git-annex does not accept a longer text as a pointer, and so never writes one."""

_POINTERS = (
    (re.compile(rb"(?:(?:\.\./)*\.git)?/annex/objects/"), "git-annex", "git annex get"),
    (re.compile(rb"version https://git-lfs\.github\.com/spec/"), "Git LFS", "git lfs pull"),
)


def explain_pointer(head: bytes, size_bytes: int) -> str | None:
    """Who keeps the bytes and how to get them, in a sentence. None if the file is no pointer.

    Args:
        head: The file's first bytes, at least a hundred.
        size_bytes: The file's size.
    """
    if size_bytes > MAX_POINTER_BYTES:
        return None
    for pattern, keeper, command in _POINTERS:
        if pattern.match(head):
            return f"{keeper} keeps its bytes elsewhere; '{command}' brings them here"
    return None
