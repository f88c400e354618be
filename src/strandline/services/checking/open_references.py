"""Telling what notes miss: a check of a storage directory, compared with what was told before.

The first check tells nothing, as a first scan does: it only learns what is so.
"""

from __future__ import annotations

from collections.abc import Callable
from unicodedata import normalize

from strandline.catalog.port import Writer
from strandline.errors import DiskError, SourceNotFoundError
from strandline.model.events import ReferenceEvent, ReferenceMissing, ReferenceResolved
from strandline.model.note_checks import CheckOptions, NoteCheck
from strandline.model.open_references import MOST_FILES, OpenReference, plan_news
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.notes.file_index import name_of
from strandline.services.checking.known_notes import check_notes
from strandline.services.checking.texts import find_note_elsewhere
from strandline.services.storage_dirs.presence import refresh
from strandline.services.workbench import Workbench


def tell_references(bench: Workbench, sd: StorageDir, go_on: Callable[[], None] = lambda: None) -> None:
    """Checks the notes of the SD, and writes what is new, with its events.

    If the SD is not all there, or was never scanned to the end, nothing can be concluded, and nothing is done. Nor is
    it in one with more than :data:`MOST_FILES` images.

    Cost: a listing, an ``lstat`` per note, and a read of each changed one. No picture is read.

    Args:
        bench: The tools.
        sd: On a disk of this machine: the check has no time limit.
        go_on: Called at each note. What it raises ends the check.
    """
    if not _can_conclude(bench, sd):
        return
    try:
        check = check_notes(bench, sd, options=CheckOptions(reads_pictures=False), go_on=go_on)
    except (DiskError, SourceNotFoundError):  # it is away, and the next scan says so
        return
    _write(bench, sd, check)


def tell_check(bench: Workbench, sd: StorageDir, check: NoteCheck) -> None:
    """Does the same with a check that somebody else has just made. Cost: a look at the SD, and a transaction.

    A check of a part of the SD tells nothing. Nor does one on a network drive: nobody would tell what comes back.
    """
    if check.path == sd.path and bench.folder(sd).is_local and _can_conclude(bench, sd):
        _write(bench, sd, check)


def _can_conclude(bench: Workbench, sd: StorageDir) -> bool:
    if sd.state is not StorageDirState.ONLINE or not sd.first_scan_done:
        return False
    with bench.catalog.read() as reader:
        return reader.files.count_rows(sd.number) <= MOST_FILES


def _write(bench: Workbench, sd: StorageDir, check: NoteCheck) -> None:
    """Writes what is new in the check, with its events, in one transaction: two checks at once tell it once."""
    sd = refresh(bench, sd)
    if sd.state is not StorageDirState.ONLINE:  # it may have gone meanwhile, or too much of it
        return
    with bench.catalog.write() as writer:
        known = writer.notes.list_open(sd.number)
        is_first = not writer.notes.is_checked(sd.number)
        news = plan_news(known, check.findings, list_unread(check), bench.now(), check.emptied)
        if is_first or news.missing or news.resolved or news.moved:
            writer.notes.forget_open(sd.number, [each.key for each in news.resolved])
            writer.notes.set_open(sd.number, [*news.missing, *news.moved])
            writer.notes.mark_checked(sd.number, bench.now())
        if not is_first:
            _tell(bench, writer, sd, ReferenceMissing, news.missing)
            _tell(bench, writer, sd, ReferenceResolved, news.resolved)


def list_unread(check: NoteCheck) -> set[str]:
    """The notes and folders that the check could not read. A note in the cloud has its own name here, too: its
    placeholder's is another one, and the open references have the note's, which may be decomposed. Pure.
    """
    paths = {each.path for each in check.unread}
    for path in tuple(paths):
        if note := find_note_elsewhere(name_of(path)):
            folder = path.removesuffix(name_of(path))
            paths.update(folder + each for each in (note, normalize("NFD", note)))
    return paths


def _tell(
    bench: Workbench,
    writer: Writer,
    sd: StorageDir,
    kind: type[ReferenceEvent],
    references: list[OpenReference],
) -> None:
    for each in references:
        writer.journal.append_event(
            kind(
                at=bench.now(), sd_id=sd.sd_id, note=each.note, line=each.line, target=each.target, path=each.path
            )
        )  # fmt: skip


def list_open_references(bench: Workbench, sd: StorageDir) -> list[OpenReference]:
    """What the notes of the SD missed at the last check of all of them, by note and line. What was on its way is left
    out.
    """
    with bench.catalog.read() as reader:
        return [each for each in reader.notes.list_open(sd.number) if not each.on_its_way]
