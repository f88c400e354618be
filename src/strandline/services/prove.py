"""Proving: a file's bytes are read once and checked against its id, and the catalog is told (SPEC §6).

Look (:func:`look_at`), decide (:func:`~strandline.model.states.after_look`), do (:func:`prove_file`). Whoever
hands out bytes hands out the very copy that was proven, never a second reading. What surprises: proving is also
how a file gets registered; a row need not exist before.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from strandline.catalog import image_files, journal
from strandline.errors import (
    DiskError,
    ImageTooLargeError,
    PictureTooLargeError,
    UndecodablePictureError,
    UnreadableFileError,
)
from strandline.folders.media_folder import MEDIA_FOLDER
from strandline.folders.opening import open_regular
from strandline.folders.proof_copies import ProofCopy, read_proof_copy
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import content_id_of, is_content_id
from strandline.model.media_names import split_wanted_name
from strandline.model.media_types import SNIFF_BYTES, Family, find_media_type, sniff_media_type
from strandline.model.states import (
    Look,
    Seen,
    after_look,
    event_between,
    is_reliable,
    register_listed,
    wants_decoding,
)
from strandline.model.storage_dirs import StorageDir
from strandline.model.structure import ends_in_zeros, walk_structure
from strandline.pictures.decoding import check_decodes
from strandline.pictures.facts import read_facts
from strandline.services.workbench import Workbench

ATTEMPTS = 5
"""How often a row that other processes keep moving is read again before its look is given up."""

_CANNOT_SHOW_HOLES = (Family.RIFF, Family.ISO)
"""Their structure gives lengths only, so preallocated zeros look whole (SPEC §3)."""


class Outcome(StrEnum):
    """How proving one file ended."""

    GOOD = "good"
    """Present, and the bytes are those of its id."""
    BAD = "bad"
    """Arriving, damaged or foreign; the row says which."""
    CHANGING = "changing"
    """It was written to while it was read: look again when it is quiet."""
    GONE = "gone"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What proving one file came to."""

    outcome: Outcome
    row: ImageFile | None = None
    copy: ProofCopy | None = None
    """The proven bytes, where the outcome is GOOD; the bytes as they were read, where it is BAD."""
    reason: str = ""
    """Why it is not good, in a sentence."""


def path_of(sd: StorageDir, filename: str) -> Path:
    """Where an image file of the SD lies."""
    return Path(sd.path, MEDIA_FOLDER, filename)


def has_reliable_proof(row: ImageFile) -> bool:
    """True where the row's proof may be relied on if the file's stamp still is the row's."""
    return (
        row.state is FileState.PRESENT
        and row.proof_is_current
        and row.proof is not None
        and is_reliable(row.proof)
    )


def prove_file(bench: Workbench, sd: StorageDir, filename: str) -> ProofResult:
    """Reads the file, checks it, and writes what it is to the catalog, with the event that this makes.

    ``filename`` must be a wanted name. Idempotent: an unchanged file that was proven before writes nothing.
    Cost: one open, one read, one hash, at most one commit.
    """
    keeps_inodes = bench.keeps_inodes(sd)
    path = path_of(sd, filename)
    try:
        with open_regular(path, keeps_inodes=keeps_inodes) as opened:
            copy = read_proof_copy(
                opened,
                max_memory_bytes=bench.limits.max_memory_bytes,
                limit_bytes=bench.limits.save_max_bytes,
                scratch=bench.scratch,
            )
            moving = copy.changed_while_read or not opened.is_named_by(path)
    except FileNotFoundError:
        return ProofResult(Outcome.GONE, reason="the file is no longer there")
    except (UnreadableFileError, ImageTooLargeError, DiskError) as error:
        return ProofResult(Outcome.UNREADABLE, reason=error.message)
    if moving:
        return ProofResult(Outcome.CHANGING, reason="it is being written at this moment")
    return _record(bench, sd, filename, copy)


def _record(bench: Workbench, sd: StorageDir, filename: str, copy: ProofCopy) -> ProofResult:
    with bench.catalog.read() as conn:
        row = image_files.find_row(conn, sd.number, filename)
    for _ in range(ATTEMPTS):
        now = bench.now()
        known = row or _new_row(sd, filename, copy, now)
        look = look_at(bench, known, copy, now)
        proven = after_look(known, look, now)
        if proven is row or write_row(bench, sd, row, proven, now):
            good = proven.state is FileState.PRESENT
            return ProofResult(Outcome.GOOD if good else Outcome.BAD, proven, copy, look.reason)
        with bench.catalog.read() as conn:
            row = image_files.find_row(conn, sd.number, filename)
    return ProofResult(Outcome.CHANGING, reason="other processes keep changing what is known of it")


def _new_row(sd: StorageDir, filename: str, copy: ProofCopy, now: datetime) -> ImageFile:
    found = split_wanted_name(filename)
    assert found is not None, "only wanted names are proven"
    return register_listed(sd.number, filename, *found, Seen(copy.stamp), now)


def write_row(bench: Workbench, sd: StorageDir, old: ImageFile | None, new: ImageFile, now: datetime) -> bool:
    """Writes the row and the event that the move is, in one transaction; False where another was quicker."""
    event = event_between(old, new, sd.sd_id, now)
    with bench.catalog.write() as transaction:
        if old is None:
            if not image_files.insert_row(transaction, new):
                return False
        elif not image_files.update_row(transaction, old, new):
            return False
        if event is not None:
            journal.append_event(transaction, event)
    return True


def look_at(bench: Workbench, row: ImageFile, copy: ProofCopy, now: datetime) -> Look:
    """What the bytes tell, as far as the row's id makes it matter.

    A content id whose hash fits needs neither walk nor decoder; a legacy id is walked, and decoded where its
    structure alone cannot be trusted. Never raises for anything that is wrong with the bytes.
    """
    buffer = copy.buffer
    media_type = sniff_media_type(bytes(buffer[:SNIFF_BYTES]))
    if media_type is None:
        empty = copy.size_bytes == 0
        reason = (
            "the file is empty" if empty else "its first bytes are of no image type that Strandline knows"
        )
        fits = is_content_id(row.image_id) and content_id_of(copy.sha256) == row.image_id
        return Look(copy.stamp, copy.sha256, None, whole=False, reason="" if fits else reason)
    name = media_type.name
    facts = read_facts(buffer, name)
    if is_content_id(row.image_id) and content_id_of(copy.sha256) == row.image_id:
        return Look(
            copy.stamp, copy.sha256, name, whole=True,
            width=facts.width, height=facts.height, taken_at=facts.taken_at,
        )  # fmt: skip
    walked = walk_structure(buffer, media_type)
    holes = (
        media_type.family in _CANNOT_SHOW_HOLES and not is_content_id(row.image_id) and ends_in_zeros(buffer)
    )
    whole = walked.whole and not holes
    reason = "it ends in zeros: space was reserved and the bytes have not come" if holes else walked.reason
    decodes = None
    needs_decoding = media_type.family in _CANNOT_SHOW_HOLES
    if wants_decoding(row, structure_whole=whole, needs_decoding=needs_decoding, now=now):
        decodes, why_not = _try_decoding(bench, buffer, name)
        reason = reason or why_not
    if whole and is_content_id(row.image_id):
        reason = "it is a whole image, and not the one that its name promises"
    return Look(
        copy.stamp, copy.sha256, name, whole=whole, open_ended=walked.open_ended, decodes=decodes, reason=reason,
        trailing_bytes=walked.end is not None and walked.end < copy.size_bytes,
        width=facts.width, height=facts.height, taken_at=facts.taken_at,
    )  # fmt: skip


def _try_decoding(bench: Workbench, buffer: bytes | mmap.mmap, media_type: str) -> tuple[bool | None, str]:
    """Whether the picture decodes to its last row, and why not; None where it is too large to be tried."""
    limits = bench.limits
    try:
        check_decodes(buffer, media_type, max_pixels=limits.max_pixels, timeout_s=limits.decode_timeout_s)
    except UndecodablePictureError as error:
        return False, error.message
    except PictureTooLargeError:
        return None, ""
    return not ends_in_zeros(buffer), ""


def extension_fits(row: ImageFile) -> bool:
    """False where the bytes, when they were last read, were of another type than the extension says."""
    by_name = split_wanted_name(row.filename)
    by_bytes = find_media_type(row.media_type)
    return by_name is None or by_bytes is None or by_name[1] == by_bytes.name
