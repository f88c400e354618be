"""On-demand lookup: an image asked for by id is found wherever it lies, registered, proven, and handed out (SPEC §5).

``candidates`` gives the files in the promised order; here each is tried. A stale row never blocks, and a bad file is
passed over for a good one in any SD. What surprises: whatever hands out bytes reads them once, proves that very
copy, and hands out *it*; the file is never read a second time.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from strandline.errors import DiskError, ImageArrivingError, ImageTooLargeError, UnreadableFileError
from strandline.folders.media_folder import open_image_file, probe_names
from strandline.folders.proof_copies import ProofCopy
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.media_names import split_wanted_name
from strandline.model.media_types import SNIFF_BYTES, sniff_media_type
from strandline.model.reports import Verdict
from strandline.model.states import EXPECTED, Seen, after_listing, register_listed
from strandline.model.storage_dirs import StorageDir
from strandline.services.finding.candidates import Candidate, Search, goes_past_forgotten, is_in_cloud
from strandline.services.proving.prove import (
    Outcome,
    has_reliable_proof,
    is_whole,
    path_of,
    prove_file,
    read_image_file,
    write_row,
)
from strandline.services.workbench import Workbench

log = logging.getLogger(__name__)

MAX_CONFLICT_COPIES = 50
"""So many are read for one image at most: Syncthing keeps ten of a file, and anybody can make a thousand."""

_FAILURES = {
    FileState.ARRIVING: Verdict.ARRIVING,
    FileState.DAMAGED: Verdict.DAMAGED,
    FileState.FOREIGN: Verdict.FOREIGN,
}
"""What the states of files that cannot be shown come to; the most hopeful first."""

UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image that was found, and how to get at its bytes.

    ``read``, ``open`` and ``data_url`` hand out the bytes that hash to ``sha256``, and no others: where the file has
    changed since it was found, they are looked for again, in all SDs.
    """

    image_id: ImageId
    filename: str
    path: Path
    media_type: str
    size_bytes: int
    sha256: str
    """Of the bytes, in hex."""
    sd: StorageDir
    proven: bool
    """False for a legacy image that only decoding or its own structure in a conflict copy vouches for, and for
    bytes that are handed out as they are."""
    from_other_sd: bool
    """It does not lie in the SD that was asked for: people who share only that one cannot see it."""
    from_conflict_copy: bool
    """Only a sync client's conflict copy holds its bytes."""
    lend_copy: Callable[[], ProofCopy] = field(repr=False, compare=False)
    """The bytes with their hash, without another copy being made. Do not close it: others may read from it."""

    def read(self) -> bytes:
        """All bytes.

        Raises:
            ImageArrivingError: The file has changed since, and no SD has these bytes any more.
        """
        return self.lend_copy().read()

    def open(self) -> BinaryIO:
        """A binary file object over the bytes, at byte 0; in memory up to 64 MiB. Raises as :meth:`read`."""
        return self.lend_copy().open()

    def data_url(self) -> str:
        """``data:<media type>;base64,…``. Raises as :meth:`read`."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.read()).decode()}"


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether an image is here, by what the catalog and one ``lstat`` say; no byte is read."""

    exists: bool
    state: FileState | None
    verdict: Verdict
    proven: bool = False
    """A proof vouches for the very file that lies there now."""


@goes_past_forgotten
def find_image(
    bench: Workbench,
    image_id: ImageId,
    sd: StorageDir | None = None,
    *,
    with_bytes: bool = False,
    may_fetch: bool = True,
) -> FoundImage | None:
    """The image, proven, or None where no reachable SD can show it.

    ``with_bytes`` reads and checks the bytes in any case; otherwise a reliable proof that still fits the file is
    relied on, and the bytes are read when they are asked for. Unless ``may_fetch``, what is in the cloud stays there.

    Cost of a hit that is proven: a small read of ``SD_ID``, one open of the file; of a discovery: up to 18
    ``lstat``, one read, one commit; of a miss: 18 ``lstat`` an SD.
    """
    search = Search(bench, image_id, sd, may_fetch=may_fetch)
    found = _find(search, with_bytes=with_bytes)
    if found is None and search.is_worth_repeating():
        found = _find(Search(bench, image_id, sd, may_fetch=may_fetch), with_bytes=with_bytes)
    return found


@goes_past_forgotten
def look_up(bench: Workbench, image_id: ImageId, sd: StorageDir | None = None) -> Presence:
    """Whether the image is here. Reads no bytes; registers what it discovers, unproven."""
    search = Search(bench, image_id, sd)
    presence = _look_up(search)
    if not presence.exists and search.is_worth_repeating():
        presence = _look_up(Search(bench, image_id, sd))
    return presence


def _find(search: Search, *, with_bytes: bool) -> FoundImage | None:
    for candidate in search.iter_candidates():
        found = _try_candidate(search, candidate, with_bytes=with_bytes)
        if found is not None:
            return found
    return _find_in_conflict_copies(search)


def _look_up(search: Search) -> Presence:
    states, unreadable = set(), False
    for candidate in search.iter_candidates():
        try:
            row = _look_at_row(search.bench, candidate)
        except OSError:
            unreadable = True  # which is not the same as gone
            continue
        if row is None:
            search.note_gone(candidate)
            continue
        if row.state is FileState.PRESENT:
            return Presence(True, row.state, Verdict.SHOWN, proven=row.is_proven)
        states.add(row.state)
    if FileState.ONLINE_ONLY in states or search.has_placeholder():
        return Presence(True, FileState.ONLINE_ONLY, Verdict.ONLINE_ONLY)
    for state, verdict in _FAILURES.items():
        if state in states:
            return Presence(False, state, verdict)
    if unreadable:
        return Presence(False, None, Verdict.UNREADABLE)
    return Presence(False, None, Verdict.SD_OFFLINE if search.is_incomplete() else Verdict.NOT_FOUND)


def find_as_is(bench: Workbench, image_id: ImageId, sd: StorageDir | None = None) -> FoundImage | None:
    """The image, and if nobody can show it, whatever bytes there are of it, half or damaged.

    For people who want the top half of a picture. Another image that lies under its name is never handed out.
    """
    found = find_image(bench, image_id, sd)
    if found is not None:
        return found
    search = Search(bench, image_id, sd)
    for candidate in search.iter_candidates():
        if candidate.row is not None and candidate.row.state is FileState.FOREIGN:
            continue
        copy = _read_copy(bench, candidate.sd, candidate.filename)
        if copy is not None and copy.size_bytes:
            return _found_in_copy(search, candidate.sd, candidate.filename, copy)
    return None


def _try_candidate(search: Search, candidate: Candidate, *, with_bytes: bool) -> FoundImage | None:
    bench, sd, row = search.bench, candidate.sd, candidate.row
    if row is not None and not with_bytes and is_still_proven(bench, sd, row):
        return _found_in_file(search, sd, row, None)
    result = prove_file(bench, sd, candidate.filename)
    if result.outcome is Outcome.GONE:
        search.note_gone(candidate)
    if result.outcome is not Outcome.GOOD or result.row is None:
        return None
    return _found_in_file(search, sd, result.row, result.copy)


def is_still_proven(bench: Workbench, sd: StorageDir, row: ImageFile) -> bool:
    """True where a proof that may be relied on is of the very file that lies there now. One open, no read."""
    if not has_reliable_proof(row):
        return False

    def has_its_stamp() -> bool:
        with open_image_file(sd.path, row.filename, keeps_inodes=bench.keeps_inodes(sd)) as opened:
            return opened.stamp == row.stamp

    try:
        return bench.patient(sd.path, has_its_stamp)
    except (OSError, UnreadableFileError):
        return False


def _found_in_file(search: Search, sd: StorageDir, row: ImageFile, copy: ProofCopy | None) -> FoundImage:
    """What a current proof vouches for; without a copy, the bytes are read when they are asked for."""
    assert row.stamp is not None
    assert row.proof is not None
    sha256 = row.proof.sha256
    return FoundImage(
        image_id=search.image_id,
        filename=row.filename,
        path=path_of(sd, row.filename),
        media_type=row.media_type,
        size_bytes=row.stamp.size_bytes,
        sha256=sha256,
        sd=sd,
        proven=row.is_proven,
        from_other_sd=_tell_if_elsewhere(search, sd),
        from_conflict_copy=False,
        lend_copy=partial(_read_again, search, sha256) if copy is None else _lender_of(copy),
    )


def _read_again(search: Search, sha256: str) -> ProofCopy:
    found = find_image(search.bench, search.image_id, search.asked, with_bytes=True)
    if found is None or found.sha256 != sha256:
        raise ImageArrivingError(
            f"image {search.image_id} has changed since it was found; ask for it again",
            image_id=search.image_id,
        )
    return found.lend_copy()


def _find_in_conflict_copies(search: Search) -> FoundImage | None:
    """The bytes in a conflict copy, by their hash; for a legacy id if all whole ones agree. Writes nothing."""
    only: FoundImage | None = None
    for number, (sd, name) in enumerate(search.iter_conflict_copies()):
        if number == MAX_CONFLICT_COPIES:
            log.warning("image %s has more than %d conflict copies", search.image_id, MAX_CONFLICT_COPIES)
            break
        copy = read_conflict_copy(search.bench, search.image_id, sd, name)
        if copy is None:
            continue
        if only is not None and only.sha256 != copy.sha256:
            return None  # two different whole images of one legacy id: nobody can say which is meant
        only = only or _found_in_copy(search, sd, name, copy, of_conflict=True)
        if is_content_id(search.image_id):
            break
    return only


def read_conflict_copy(bench: Workbench, image_id: ImageId, sd: StorageDir, name: str) -> ProofCopy | None:
    """The conflict copy's bytes if they are the image's (content id) or a whole image (legacy id), else None."""
    copy = _read_copy(bench, sd, name)
    if copy is None or copy.changed_while_read:
        return None
    good = content_id_of(copy.sha256) == image_id if is_content_id(image_id) else is_whole(copy)
    return copy if good else None


def _read_copy(bench: Workbench, sd: StorageDir, name: str) -> ProofCopy | None:
    try:
        return read_image_file(bench, sd, name).copy
    except (OSError, DiskError, ImageTooLargeError):
        return None


def _found_in_copy(
    search: Search, sd: StorageDir, name: str, copy: ProofCopy, *, of_conflict: bool = False
) -> FoundImage:
    """What lies under a name that no row vouches for."""
    sniffed = sniff_media_type(bytes(copy.buffer[:SNIFF_BYTES]))
    return FoundImage(
        image_id=search.image_id,
        filename=name,
        path=path_of(sd, name),
        media_type=UNKNOWN_TYPE if sniffed is None else sniffed.name,
        size_bytes=copy.size_bytes,
        sha256=copy.sha256,
        sd=sd,
        proven=content_id_of(copy.sha256) == search.image_id,
        from_other_sd=_tell_if_elsewhere(search, sd),
        from_conflict_copy=of_conflict,
        lend_copy=_lender_of(copy),
    )


def _lender_of(copy: ProofCopy) -> Callable[[], ProofCopy]:
    return lambda: copy


def _tell_if_elsewhere(search: Search, sd: StorageDir) -> bool:
    """Whether the image lies in another SD than was asked for; says so in the log."""
    if not search.is_elsewhere(sd):
        return False
    assert search.asked is not None
    log.warning(
        "image %s was asked for in %r and found in %r: who shares only the first cannot see it",
        search.image_id, search.asked.name, sd.name,
    )  # fmt: skip
    return True


def _look_at_row(bench: Workbench, candidate: Candidate) -> ImageFile | None:
    """The candidate's row as one ``lstat`` makes it; None where nothing lies there now.

    What the catalog did not know, or had given up, is registered: present, unproven; or online-only.

    Raises:
        OSError: The disk does not say whether something lies there.
    """
    sd, row, name = candidate.sd, candidate.row, candidate.filename
    keeps_inodes = bench.keeps_inodes(sd)
    found = bench.patient(sd.path, lambda: probe_names(sd.path, [name], keeps_inodes=keeps_inodes))
    if not found:
        return None
    now, seen = bench.now(), Seen(found[0][1], online_only=is_in_cloud(bench, sd, name))
    if row is None:
        wanted = split_wanted_name(name)
        assert wanted is not None
        new = register_listed(sd.number, name, *wanted, seen, now)
    else:
        new = after_listing(row, seen, now, vanishing_held=False)
    if new is not row and (row is None or row.state not in EXPECTED):
        write_row(bench, sd, row, new, now)
    return new
