"""Moved folders: one cause of many findings, because the pictures of a folder, or its notes, are elsewhere. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable
from typing import NamedTuple
from urllib.parse import unquote

from strandline.model.note_checks import Finding, MovedFolder

LEAST = 5
"""Findings with one cause. Fewer are told one by one."""


class Expected(NamedTuple):
    """A picture that a note expects at one path, and that is at another one."""

    path: str
    now: str
    was_there: bool
    """It is known that it was at the path before."""
    finding: Finding


def find_moved_folders(expected: Iterable[Expected], folders: Container[str]) -> list[MovedFolder]:
    """The folders that explain :data:`LEAST` findings each, with those, the most first.

    ``folders`` are those that are there: what is missing in one of these has another cause.
    """
    groups = defaultdict[tuple[str, str], list[Expected]](list)
    for each in expected:
        pair = split_moved(each.path, each.now, folders)
        if pair is not None:
            groups[pair].append(each)
    found = [_describe(*pair, some) for pair, some in groups.items() if len(some) >= LEAST]
    return sorted(found, key=lambda each: (-len(each.findings), each.old))


def split_moved(path: str, now: str, folders: Container[str] = ()) -> tuple[str, str] | None:
    """The outermost folder of the first path that is not there, and the one that it seems to be now: ``a/x/1.png``
    and ``b/x/1.png`` give ``a`` and ``b``.

    None if the names differ, or if the first folder is there.
    """
    old, new = path.split("/"), now.split("/")
    if old.pop() != new.pop() or not old or old == new or "/".join(old) in folders:
        return None
    while len(old) > 1 and new and old[-1] == new[-1] and "/".join(old[:-1]) not in folders:
        del old[-1], new[-1]
    return "/".join(old), "/".join(new)


def _is_from_another_folder(each: Expected) -> bool:
    """Whether the destination would lead to where the picture is now, if the note were in another folder."""
    target = unquote(each.finding.target or "")
    if each.was_there or not target.startswith(("../", "./")):
        return False
    while target.startswith(("../", "./")):
        target = target.partition("/")[2]
    return f"/{each.now}".endswith(f"/{target}")


def _describe(old: str, new: str, some: list[Expected]) -> MovedFolder:
    notes = {(each.finding.note or "").rpartition("/")[0] for each in some}
    folder = next(iter(notes)) if len(notes) == 1 else ""
    has_moved = folder and all(map(_is_from_another_folder, some))
    findings = tuple(each.finding for each in some)
    return MovedFolder(old, new, findings, len({each.path for each in some}), folder if has_moved else None)
