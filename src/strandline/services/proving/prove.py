"""Proving: a file's bytes are read once and checked against its id, and the result goes into the catalog (SPEC §6).

Look (:func:`look_at`), decide (:func:`~strandline.model.states.after_look`), do (:func:`prove_file`). The copy that
was proven is the copy that is handed out; there is no second reading. Proving also registers a file: it needs no row
before.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from strandline.errors import (
    DecodingInterruptedError,
    DiskError,
    ImageTooLargeError,
)
from strandline.model.events import ImageAvailable
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import content_id_of
from strandline.model.layout import ID_LAYOUT, Layout
from strandline.model.media_types import SNIFF_BYTES, MediaType
from strandline.model.pointers import explain_pointer
from strandline.model.states import (
    DAMAGED_AFTER,
    Look,
    Seen,
    after_look,
    event_between,
    has_proof_of,
    needs_hash,
    register_listed,
    unchanged_for,
    wants_decoding,
    would_condemn,
)
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass
from strandline.pictures.facts import read_facts
from strandline.services.proving.committed import is_committed
from strandline.services.proving.drawing import (
    CANNOT_SHOW_HOLES,
    HOLE,
    UNKNOWN_TYPE,
    shorten,
    try_decoding,
    walk_strictly,
)
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.catalog.port import Writer
    from strandline.folders.port import Folder, ProofCopy
    from strandline.model.structure import Structure

ATTEMPTS = 5
"""How often to start again if a file is replaced while it is read, or its row changes meanwhile."""

COPIES_ASKED = 64
"""Of an image with more copies in one storage directory, only so many are asked whether they have moved."""

ANOTHER_IMAGE = "it is a whole image, and not the one that its name promises"


class Outcome(StrEnum):
    """The result of proving one file."""

    GOOD = "good"
    """Present, with the bytes of its id."""
    BAD = "bad"
    """Arriving, damaged, or foreign; see the row."""
    CHANGING = "changing"
    """It was written to while it was read: look again when it is quiet."""
    GONE = "gone"
    UNREADABLE = "unreadable"
    """It cannot be read, or its decoder was interrupted. This says nothing about the image (hazard H19)."""


@dataclass(frozen=True, slots=True)
class ProofResult:
    """The result of proving one file, with details."""

    outcome: Outcome
    row: ImageFile | None = None
    copy: ProofCopy | None = None
    """The proven bytes if the outcome is GOOD; the bytes as they were read if it is BAD."""
    reason: str = ""
    """Why it is not good, in a sentence."""


def prove_file(bench: Workbench, sd: StorageDir, name: str) -> ProofResult:
    """Reads the file, checks it, and writes the result to the catalog, with its event.

    ``name`` must be an image's name. Idempotent: an unchanged file that was proven before writes nothing. Cost:
    one open, one read, one hash, at most one commit. The row is read before the file. If it has changed since, both
    are read again. Otherwise half a file, read before its last bytes arrived, could undo the proof of the whole,
    which would then be announced twice.
    """
    folder = bench.folder(sd)
    path = folder.layout.path_of(name)
    for _ in range(ATTEMPTS):
        with bench.catalog.read() as reader:
            row = reader.files.find_row(sd.number, path)
        try:
            reading = folder.read_image(name)
        except FileNotFoundError:
            return ProofResult(Outcome.GONE, reason="the file is no longer there")
        except TimeoutError as error:
            return ProofResult(Outcome.UNREADABLE, reason=f"its disk gave {error}")
        except (ImageTooLargeError, DiskError) as error:
            return ProofResult(Outcome.UNREADABLE, reason=error.message)
        if reading.copy.changed_while_read:
            break
        if not reading.is_replaced and (result := _record(bench, sd, name, row, reading.copy)):
            return result
    return ProofResult(Outcome.CHANGING, reason="it is being written at this moment")


def _record(
    bench: Workbench, sd: StorageDir, name: str, row: ImageFile | None, copy: ProofCopy
) -> ProofResult | None:
    """Updates the row by the bytes. None if it has changed since it was read."""
    now = bench.now()
    known = row or _new_row(bench, sd, name, copy, now)
    folder = bench.folder(sd)
    try:
        look = look_at(bench, known, copy, now, folder.layout, folder)
    except DecodingInterruptedError as error:
        return ProofResult(Outcome.UNREADABLE, row, reason=error.message)
    look = replace(look, ctime_ns=copy.ctime_ns) if folder.keeps_ctimes else look
    proven = after_look(known, look, now, folder.layout)
    write = write_row if folder.layout.names_are_ids else write_named_row
    if proven is not row and not write(bench, sd, row, proven, now):
        return None
    good = proven.state is FileState.PRESENT
    return ProofResult(Outcome.GOOD if good else Outcome.BAD, proven, copy, look.reason)


def _new_row(bench: Workbench, sd: StorageDir, name: str, copy: ProofCopy, now: datetime) -> ImageFile:
    layout = bench.folder(sd).layout
    found = layout.split(name)
    assert found is not None, "only wanted names are proven"
    return register_listed(sd.number, layout.path_of(name), *found, Seen(copy.stamp), now)


def write_row(bench: Workbench, sd: StorageDir, old: ImageFile | None, new: ImageFile, now: datetime) -> bool:
    """Writes the row and the event for the change in one transaction. False if another writer was faster."""
    event = event_between(old, new, sd.sd_id, now)
    with bench.catalog.write() as writer:
        if old is None:
            if not writer.files.insert_row(new):
                return False
        elif not writer.files.update_row(old, new):
            return False
        if old is not None:
            remember_bytes(writer, old, new, now)
        if event is not None:
            writer.journal.append_event(event)
    return True


def remember_bytes(writer: Writer, old: ImageFile, new: ImageFile, now: datetime) -> None:
    """Remembers the proven bytes that the file had before, if it has others now."""
    if old.proof is not None and not has_proof_of(new, old.proof.sha256):
        writer.earlier.remember(old, now)


def write_named_row(
    bench: Workbench, sd: StorageDir, old: ImageFile | None, new: ImageFile, now: datetime
) -> bool:
    """The same for a file whose name says no id. Records the name as one of the image's.

    If the same bytes were under another name that is gone, the file was moved: that row is dropped, and nothing is
    told again, unless the image was called missing.
    """
    is_shown = new.state is FileState.PRESENT and new.proof_is_current
    before = _find_left_row(bench, sd, new) if is_shown else None
    if before is not None and old is None:
        new = replace(new, first_seen=before.first_seen)
    event = event_between(old, new, sd.sd_id, now)
    with bench.catalog.write() as writer:
        if old is None:
            if not writer.files.insert_row(new):
                return False
        elif not writer.files.update_row(old, new):
            return False
        if old is not None:
            remember_bytes(writer, old, new, now)
        if is_shown and new.image_id is not None:
            note_name(writer, sd, new, now)
            if before is not None and writer.files.delete_row(before):
                writer.earlier.remember(before, now)
                is_told = isinstance(event, ImageAvailable) and before.state is not FileState.MISSING
                event = None if is_told else event
        if event is not None:
            writer.journal.append_event(event)
    return True


def _find_left_row(bench: Workbench, sd: StorageDir, new: ImageFile) -> ImageFile | None:
    """The row of the same image whose file is gone, so it was moved. During the first scan, all were just listed.

    What a person deleted was not moved: its removal was told, and so is its return.

    Cost: a statement, and an ``lstat`` per copy, of at most :data:`COPIES_ASKED`.
    """
    if new.image_id is None or not sd.first_scan_done:
        return None
    with bench.catalog.read() as reader:
        others = {
            row.path: row
            for row in reader.files.list_copies(sd.number, new.image_id, limit=COPIES_ASKED)
            if row.path != new.path and row.state is not FileState.TRASHED
        }
    if not others:
        return None
    folder = bench.folder(sd)
    names = {folder.layout.name_of(path): path for path in others}
    now_there = folder.look_again(names)
    left = [others[path] for name, path in names.items() if now_there.get(name, True) is None]
    return min(left, key=lambda row: (row.filename != new.filename, row.path), default=None)


def note_name(writer: Writer, sd: StorageDir, row: ImageFile, now: datetime) -> None:
    """Records the file's name as one of its image's, so that people find it by that. Idempotent."""
    if row.image_id is not None:
        writer.origins.add_origin(row.image_id, row.filename, f"{sd.path}/{row.path}", now)


def look_at(
    bench: Workbench,
    row: ImageFile,
    copy: ProofCopy,
    now: datetime,
    layout: Layout = ID_LAYOUT,
    folder: Folder | None = None,
) -> Look:
    """What the bytes show, as far as it matters for the row's id.

    The structure is always walked. For a content id with the right hash, it only shows whether the picture is whole.
    For a legacy id, and if names say no ids, it decides. There, the picture is also decoded if its structure alone
    cannot be trusted and no proof of exactly these bytes is known. Nor is it if the bytes are in ``folder`` and are
    those that git has for this file. Never raises because of the bytes.

    Raises:
        DecodingInterruptedError: A decoder was needed and was interrupted, so the result is unknown.
    """
    media_type = layout.sniff(bytes(copy.buffer[:SNIFF_BYTES]))
    if media_type is None:
        pointer = explain_pointer(bytes(copy.buffer[:SNIFF_BYTES]), copy.size_bytes)
        reason = pointer or ("the file is empty" if copy.size_bytes == 0 else UNKNOWN_TYPE)
        return Look(copy.stamp, copy.sha256, None, whole=False, is_pointer=pointer is not None, reason=reason)
    look = _read_facts(copy, media_type)
    is_promised = needs_hash(row, layout)
    if is_promised and content_id_of(copy.sha256) == row.image_id:
        walked = copy.find_structure(media_type)
        return replace(look, whole=walked.whole, reason=walked.reason)
    look = _add_structure(look, copy, walk_strictly(copy, media_type))
    if is_promised:
        return look if look.reason else replace(look, reason=ANOTHER_IMAGE)
    may_need_zeros = shorten(copy, media_type) is not None
    if may_need_zeros:
        look = _add_structure(look, copy, copy.find_structure(media_type))
    needs_decoding = media_type.family in CANNOT_SHOW_HOLES
    if not layout.names_are_ids and (needs_decoding or not look.whole or look.open_ended):
        with bench.catalog.read() as reader:
            look = replace(look, vouched=reader.files.find_wholeness(copy.sha256))
        can_be_right = look.whole or unchanged_for(row, now) >= DAMAGED_AFTER
        if (
            look.vouched is None
            and can_be_right
            and folder is not None
            and is_committed(bench, folder, row.path, copy)
        ):
            look = replace(look, vouched=copy.find_structure(media_type).whole)
        if look.vouched is not None:
            return look
    if wants_decoding(
        row, copy.sha256, structure_whole=look.whole, needs_decoding=needs_decoding, now=now, layout=layout
    ):
        be_sure = look.whole and would_condemn(row, now)
        decodes, why_not = try_decoding(bench, copy, media_type, be_sure=be_sure)
        if decodes is None and may_need_zeros:
            return replace(look, whole=False, reason=HOLE)
        look = replace(look, decodes=decodes, reason=look.reason or why_not)
    return look


def _add_structure(look: Look, copy: ProofCopy, walked: Structure) -> Look:
    return replace(
        look,
        whole=walked.whole,
        open_ended=walked.open_ended,
        trailing_bytes=walked.end is not None and walked.end < copy.size_bytes,
        reason=walked.reason,
    )


def look_at_good_bytes(copy: ProofCopy) -> Look | None:
    """What the bytes of an id-named picture that is known to be good say of it. None if their type is not known."""
    media_type = ID_LAYOUT.sniff(bytes(copy.buffer[:SNIFF_BYTES]))
    return None if media_type is None else _read_facts(copy, media_type)


def _read_facts(copy: ProofCopy, media_type: MediaType) -> Look:
    facts = read_facts(copy.buffer, media_type.name)
    return Look(
        copy.stamp, copy.sha256, media_type.name, whole=True,
        width=facts.width, height=facts.height, taken_at=facts.taken_at,
    )  # fmt: skip
