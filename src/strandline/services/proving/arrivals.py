"""Arrivals: the watcher names a file, and it is looked at, registered, proven, and announced at once (SPEC §6).

Needs no listing. A name that is gone proves nothing by itself: only a healthy scan
concludes absence, so the answer then is "scan soon".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum

from strandline.folders.port import Folder
from strandline.model.events import ImageArriving
from strandline.model.image_files import FileStamp, FileState, ImageFile, Proof
from strandline.model.layout import ID_LAYOUT
from strandline.model.passed_over import is_passed_over
from strandline.model.states import EXPECTED, Seen, after_listing, is_reliable, register_listed
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_names import NameKind
from strandline.services.proving.conflict_copies import note_copies_of
from strandline.services.proving.prove import Outcome, prove_file
from strandline.services.workbench import Workbench

NAMES_AT_ONCE = 100
"""Names of a hint that are looked at together: what is known of them costs one statement."""


class Arrival(StrEnum):
    """The result of a look at one name."""

    NOTHING = "nothing"
    """Not an image's name, nothing new, or nothing that another look would change: damaged or foreign."""
    KNOWN = "known"
    """Proven before, and unchanged: this program saved it, for example."""
    PROVEN = "proven"
    PROVEN_TOO_SOON = "proven-too-soon"
    """Right, but read so soon after its mtime that it must be read once more in two seconds."""
    FAILED = "failed"
    """Not right yet, and changed since the last look: look again in two seconds."""
    FAILED_AGAIN = "failed-again"
    """Not right yet, and unchanged since the last look: wait longer than last time."""
    BEING_SAVED = "being-saved"
    """This program is writing it, and registers it right after: look again in two seconds."""
    SCAN_SOON = "scan-soon"
    """Only a scan can judge it: a file that is gone, a placeholder, or a conflict copy of an image without a good
    file.
    """
    FOLDER = "folder"
    """A folder in which images may be: watch it, then scan."""


LOOK_AGAIN = frozenset({Arrival.PROVEN_TOO_SOON, Arrival.FAILED, Arrival.FAILED_AGAIN, Arrival.BEING_SAVED})
"""The results that another look may change, without a scan."""


def look_at_arrival(bench: Workbench, sd: StorageDir, name: str) -> Arrival:
    """Looks at one name, as :func:`look_at_arrivals` does."""
    [(_, arrival)] = look_at_arrivals(bench, sd, [name])
    return arrival


def look_at_arrivals(bench: Workbench, sd: StorageDir, names: Iterable[str]) -> Iterator[tuple[str, Arrival]]:
    """Looks at the names in the SD's media folder now, and yields each with its result.

    Names that need no read come first. Cost if nothing changed: one ``lstat`` a name, and one statement for
    :data:`NAMES_AT_ONCE` of them.

    The SD must be the result of a recent :func:`~strandline.services.storage_dirs.presence.refresh`: online, and
    still the same one.

    Raises:
        StrandlineError: The catalog failed. A problem with the file is no error but a result.
    """
    folder = bench.folder(sd)
    names = list(dict.fromkeys(names))
    for start in range(0, len(names), NAMES_AT_ONCE):
        some = names[start : start + NAMES_AT_ONCE]
        told = {name: _judge_name(bench, folder, sd, name) for name in some}
        yield from ((name, arrival) for name, arrival in told.items() if arrival is not None)
        images = [name for name, arrival in told.items() if arrival is None]
        try:
            stamps = dict(folder.probe(images))
        except OSError:
            yield from _look_at_each(bench, sd, images)
            continue
        path_of = folder.layout.path_of
        with bench.catalog.read() as reader:
            rows = reader.files.find_rows(sd.number, list(map(path_of, images)))
        for name in images:
            yield name, _judge_file(bench, folder, sd, name, stamps.get(name), rows.get(path_of(name)))


def _look_at_each(bench: Workbench, sd: StorageDir, names: list[str]) -> Iterator[tuple[str, Arrival]]:
    """One of them cannot be looked at. It must not hold up the others."""
    if len(names) == 1:
        yield names[0], Arrival.SCAN_SOON
        return
    for name in names:
        yield from look_at_arrivals(bench, sd, [name])


def _judge_name(bench: Workbench, folder: Folder, sd: StorageDir, name: str) -> Arrival | None:
    """What the name alone says. None if its file must be looked at."""
    if folder.layout.split(name) is None:
        if _is_folder_of_images(folder, name):
            return Arrival.FOLDER
        return Arrival.SCAN_SOON if _needs_scan(bench, folder, name) else Arrival.NOTHING
    if _may_change_layout(folder, sd, name):
        return Arrival.SCAN_SOON
    if (sd.number, name) in bench.being_saved:
        return Arrival.BEING_SAVED
    return Arrival.SCAN_SOON if folder.is_evicted(name) else None


def _judge_file(
    bench: Workbench,
    folder: Folder,
    sd: StorageDir,
    name: str,
    stamp: FileStamp | None,
    row: ImageFile | None,
) -> Arrival:
    """What the file is, read and recorded if that is necessary."""
    if stamp is None:
        return _after_vanishing(row)
    if row is not None and (proof := _proof_of(row, stamp)) is not None:
        if is_reliable(proof):
            return Arrival.KNOWN
        if not is_reliable(replace(proof, proven_at=bench.now())):
            return Arrival.PROVEN_TOO_SOON
    if not folder.may_be_read_unasked:
        _announce_unread(bench, sd, name, stamp)
        return Arrival.NOTHING
    if (sd.number, name) in bench.being_saved:  # it was not when its batch began
        return Arrival.BEING_SAVED
    return _prove(bench, sd, name, row)


def _needs_scan(bench: Workbench, folder: Folder, name: str) -> bool:
    """Whether a name that is no image's makes a difference: a placeholder, or the only copy of an image."""
    meaning = folder.layout.explain(name)
    if meaning.kind is NameKind.PLACEHOLDER:
        return True
    if meaning.kind not in (NameKind.CONFLICT_COPY, NameKind.DUPLICATE) or meaning.stands_for is None:
        return False
    wanted = folder.layout.split(meaning.stands_for)
    if wanted is None or wanted[0] is None:
        return False
    with bench.catalog.read() as reader:
        return bool(reader.copies.list_without_good_file([wanted[0]]))


def _may_change_layout(folder: Folder, sd: StorageDir, name: str) -> bool:
    """Whether the name is an image's with an id, in a folder of named pictures: a scan decides its layout first."""
    if folder.layout.names_are_ids or sd.is_layout_chosen:
        return False
    inner = ID_LAYOUT.find_name(name)
    return inner is not None and ID_LAYOUT.split(inner) is not None


def _is_folder_of_images(folder: Folder, name: str) -> bool:
    if folder.layout.names_are_ids or is_passed_over(name) or folder.layout.is_ignored(f"{name}/"):
        return False
    with suppress(OSError):
        return any(entry.kind == "folder" for entry in folder.look_at([name]))
    return False


def _proof_of(row: ImageFile, stamp: FileStamp) -> Proof | None:
    """The proof that is current for the file as it is now."""
    is_shown = row.state is FileState.PRESENT and row.absent_since is None
    return row.proof if is_shown and row.stamp == stamp and row.proof_is_current else None


def _after_vanishing(row: ImageFile | None) -> Arrival:
    is_news = row is not None and row.state in EXPECTED and row.absent_since is None
    return Arrival.SCAN_SOON if is_news else Arrival.NOTHING


def _prove(bench: Workbench, sd: StorageDir, name: str, before: ImageFile | None) -> Arrival:
    result = prove_file(bench, sd, name)
    row = result.row
    match result.outcome:
        case Outcome.GOOD if row is not None and row.proof is not None:
            return Arrival.PROVEN if is_reliable(row.proof) else Arrival.PROVEN_TOO_SOON
        case Outcome.BAD if row is not None and row.state is FileState.ARRIVING:
            is_same = before is not None and (before.state, before.stamp) == (row.state, row.stamp)
            if not is_same:
                note_copies_of(bench, sd, row.image_id)
            return Arrival.FAILED_AGAIN if is_same else Arrival.FAILED
        case Outcome.GONE:
            return _after_vanishing(before)
        case Outcome.CHANGING:
            return Arrival.FAILED
        case Outcome.UNREADABLE:  # a scan registers unreadable files, too
            return Arrival.SCAN_SOON if before is None else Arrival.FAILED_AGAIN
        case _:
            return Arrival.NOTHING


def _announce_unread(bench: Workbench, sd: StorageDir, name: str, stamp: FileStamp) -> None:
    """Registers the file from its ``lstat`` alone, and reports it as arriving: nobody has read it."""
    layout = bench.folder(sd).layout
    wanted, path = layout.split(name), layout.path_of(name)
    assert wanted is not None
    now, seen = bench.now(), Seen(stamp)
    with bench.catalog.write() as writer:
        row = writer.files.find_row(sd.number, path)
        if row is None:
            row = register_listed(sd.number, path, *wanted, seen, now)
            is_news = writer.files.insert_row(row)
        else:
            new = after_listing(row, seen, now, vanishing_held=False)
            is_news = new is not row and writer.files.update_row(row, new)
        if is_news:
            event = ImageArriving(
                at=now, sd_id=sd.sd_id, image_id=row.image_id, filename=row.filename, path=row.path,
                state=FileState.ARRIVING,
            )  # fmt: skip
            writer.journal.append_event(event)
