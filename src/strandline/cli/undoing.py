"""How a command says that it can be undone: with one command line, which undoes exactly this.

A few ids stand in it. More are written into a list in the home, which the command line names.
"""

from __future__ import annotations

import itertools
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from strandline.cli.writing import say
from strandline.errors import StrandlineError
from strandline.model.remedies import say_command

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from strandline.cli.session import Session
    from strandline.model.changes import FileChange
    from strandline.model.image_ids import ImageId

MOST_IDS = 3
"""Ids that stand in the command. With more, nobody could read it."""

LISTS_KEPT = 100
"""Lists of earlier commands that stay. Each has 33 bytes for a file."""


def say_undo(session: Session, done: Iterable[FileChange], why: str = "to undo") -> None:
    """Says on stderr how what was moved to the trash comes back: these files, and no others."""
    done = list(done)
    ids = list(dict.fromkeys(str(change.image_id) for change in done))
    numbers = [each.trash_id or str(each.image_id) for each in done]
    if len(ids) <= MOST_IDS and _has_more(session, Counter(str(change.image_id) for change in done)):
        ids = numbers
    words = _name(session, ids, numbers)
    say(f"{why}, run {say_command('trash', 'restore', *words)}")


def _has_more(session: Session, done: Mapping[str, int]) -> bool:
    """Whether another file of one of the images is in the trash: its id would bring that back, too."""
    with suppress(StrandlineError), session.open_store(warns=False) as store:
        return any(len(store.trash.list_deleted(image_id)) > number for image_id, number in done.items())
    return False


def say_undo_saving(session: Session, sd_name: str, ids: Iterable[ImageId | None]) -> None:
    """Says on stderr how images leave a storage directory again that came into it just now."""
    all_ids = list(dict.fromkeys(str(each) for each in ids))
    words = _name(session, all_ids, all_ids)
    say(f"to undo, run {say_command('delete', '--sd', sd_name, *words)}")


def _name(session: Session, ids: Sequence[str], listed: Sequence[str]) -> Sequence[str]:
    """Few ids, or the list that has all of them. If that cannot be written, all of them."""
    if len(ids) <= MOST_IDS:
        return ids
    try:
        return ["--files-from", str(_write_list(session.find_home() / "undo", listed))]
    except OSError:
        return listed


def _write_list(folder: Path, lines: Sequence[str]) -> Path:
    """Writes the lines into a new file of the folder, and removes the oldest ones there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in sorted(folder.glob("*.txt"))[: 1 - LISTS_KEPT]:
        with suppress(OSError):
            old.unlink()
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    for number in itertools.count():
        path = folder / f"{now}-{number:03}.txt"
        with suppress(FileExistsError), path.open("x", encoding="ascii") as file:
            file.writelines(f"{line}\n" for line in lines)
            return path
    raise AssertionError("counting does not end")
