"""Naive stores that look after images as one would write it first: each breaks one promise of deleting, healing, or
collecting. Each is our own store with one decision replaced, as in ``mutants``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strandline.catalog.journal import SqliteJournalWriter
from strandline.catalog.trash_index import TrashReader
from strandline.model import states
from strandline.model.events import Event, ImageRemoved
from strandline.model.image_files import FileState, ImageFile
from strandline.model.states import Seen
from strandline.model.trash import TrashRules
from strandline.services.collecting import usage
from strandline.services.copying import move
from strandline.services.scanning import scan
from strandline.services.trashing import delete, restore, trash
from strandline.services.trashing import replace as replacing
from strandline.services.trashing.trash import copy_to_trash, discard_copy


def delete_for_good(patch: pytest.MonkeyPatch) -> None:
    """Who deletes an image does not want it."""

    def record_deletion(bench: Any, writer: Any, sd: Any, path: str, trashed: Any) -> None:
        real(bench, writer, sd, path, trashed)
        writer.trash.delete_trashed([trashed.trash_id])
        discard_copy(bench, trashed)

    real = trash.record_deletion
    patch.setattr(delete, "record_deletion", record_deletion)


def empty_everything(patch: pytest.MonkeyPatch) -> None:
    """Who empties the trash wants it empty."""
    patch.setattr(TrashRules, "may_leave", lambda _rules, _trashed, _now: True)


def restore_over(patch: pytest.MonkeyPatch) -> None:
    """Who brings a file back wants that one, whatever has its place."""

    def bring_back(bench: Any, sd: Any, path: str, *rest: Any, dry_run: bool) -> bool:
        Path(sd.path, path).unlink(missing_ok=True)
        return real(bench, sd, path, *rest, dry_run=dry_run)

    real = restore.bring_back
    patch.setattr(restore, "bring_back", bring_back)


def keep_no_bad_bytes(patch: pytest.MonkeyPatch) -> None:
    """Wrong bytes are of no use."""

    def copy_and_forget(bench: Any, *what: Any) -> Any:
        trashed, copied = copy_to_trash(bench, *what)
        discard_copy(bench, trashed)
        return trashed, copied

    patch.setattr(replacing, "copy_to_trash", copy_and_forget)


def heal_from_folders_only(patch: pytest.MonkeyPatch) -> None:
    """What is in the trash is none of ours."""
    patch.setattr(TrashReader, "list_trashed_bytes", lambda *_: [])


def move_on_trust(patch: pytest.MonkeyPatch) -> None:
    """A copy that was asked for was made."""

    def copy_proven(bench: Any, step: Any, _to: Any) -> tuple[Any, str]:
        folder = bench.folder(step.sd)
        hashed = folder.hash_image(folder.layout.name_of(step.path), limit_bytes=1 << 30)
        return SimpleNamespace(new=False), hashed.sha256

    patch.setattr(move, "_copy_proven", copy_proven)


def collect_what_no_link_means(patch: pytest.MonkeyPatch) -> None:
    """An id that stands somewhere in a text is no link."""
    patch.setattr(usage, "_ID", re.compile(b"(?!)"))


def take_an_absence_for_a_deletion(patch: pytest.MonkeyPatch) -> None:
    """What another machine has deleted is deleted here as well."""

    def after_listing(row: ImageFile, seen: Seen | None, now: datetime, *, vanishing_held: bool) -> ImageFile:
        new = states.after_listing(row, seen, now, vanishing_held=vanishing_held)
        return replace(new, state=FileState.TRASHED) if new.state is FileState.MISSING else new

    patch.setattr(scan, "after_listing", after_listing)


def tell_removals_twice(patch: pytest.MonkeyPatch) -> None:
    """To be sure that everybody hears of it."""

    def append_event(writer: SqliteJournalWriter, event: Event) -> None:
        if isinstance(event, ImageRemoved):
            real(writer, event)
        real(writer, event)

    real = SqliteJournalWriter.append_event
    patch.setattr(SqliteJournalWriter, "append_event", append_event)
