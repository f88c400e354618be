"""Anchors: how a storage directory without an identity file is recognized. Pure (SPEC §4).

Nothing is written into such a folder, so it has only what it is: the place of its root, the settings folder of the
program that people use it with, and the files that are known. If none of them is there, another folder, or none, is
mounted at its path, and it is offline.
"""

from __future__ import annotations

from strandline.model.values import dataclass

ANCHOR_NAMES = (
    ".obsidian",
    ".git",
    "logseq",
    ".foam",
    ".vscode",
    "dendron.yml",
    "mkdocs.yml",
    ".joplin",
    ".stfolder",
)
"""Names in a root that say which folder it is, if the root itself was replaced."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """What a root looks like."""

    place: str
    """The root's file system and inode. A mount point has the same one after another disk was mounted there."""
    names: frozenset[str]
    """Those of :data:`ANCHOR_NAMES` that it has."""


@dataclass(frozen=True, slots=True)
class AnchorLook:
    """What is at the path now."""

    anchors: Anchors
    is_mount_point: bool = False
    """Another disk at the same place may have the same numbers."""


def is_same_folder(known: Anchors | None, now: AnchorLook, *, asked: int, there: int) -> bool:
    """Whether the folder at the path is the one that was known there.

    Law: what was just seen is recognized, unless it is a mount point of which nothing is left.

    Args:
        known: None if it was never seen.
        now: What is there.
        asked: Number of known files that were looked for.
        there: How many of them are there.
    """
    if known is None or is_same_place(known, now) or (asked and 2 * there >= asked):
        return True
    return bool(known.names & now.anchors.names) or (asked == 0 and known.place == now.anchors.place)


def shows_anything(known: Anchors | None, now: AnchorLook) -> bool:
    """Whether the root has any of what the folder was recognized by, so that a person may call it the same one."""
    return known is not None and (is_same_place(known, now) or bool(known.names & now.anchors.names))


def is_same_place(known: Anchors, now: AnchorLook) -> bool:
    """Whether the root itself says that it is the same, so that no known file must be looked for."""
    return known.place == now.anchors.place and not now.is_mount_point
