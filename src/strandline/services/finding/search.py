"""Finding an image by its id: found wherever it is, registered, proven, and opened (SPEC §5).

``candidates`` gives the files in the promised order; here each is tried. A stale row never blocks, and a bad file is
passed over for a good one in any storage directory. A file that a proof vouches for is only opened; any other is read
once, and that very copy is proven and handed out.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from strandline.errors import DiskError, ImageArrivingError, ImageTooLargeError, UnreadableFileError
from strandline.logs import get_logger
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.media_types import SNIFF_BYTES
from strandline.model.states import has_reliable_proof
from strandline.model.storage_dirs import StorageDir
from strandline.services.finding.candidates import Candidate, Search, goes_past_forgotten
from strandline.services.finding.found_image import FoundImage
from strandline.services.proving.drawing import can_be_image
from strandline.services.proving.prove import Outcome, prove_file
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.folders.port import OpenImage, ProofCopy

log = get_logger(__name__)

MAX_CONFLICT_COPIES = 50
"""Maximum number of conflict copies that are read for one image. Syncthing keeps ten, and anybody can make a
thousand.
"""

UNKNOWN_TYPE = "application/octet-stream"
"""The media type of bytes of no known type that are returned as they are."""


@goes_past_forgotten
def find_image(
    bench: Workbench,
    image_id: ImageId,
    sd: StorageDir | None = None,
    *,
    relying_on_proofs: bool = True,
    may_fetch: bool = True,
) -> FoundImage | None:
    """The image, proven and opened, or None if no reachable storage directory can show it.

    Unless ``relying_on_proofs``, the bytes are read and checked in spite of earlier proofs. Unless ``may_fetch``,
    nothing is downloaded from a cloud.

    Cost of a proven hit: three statements, a small read of ``SD_ID``, one open of the file. Of a discovery: up to 18
    ``lstat``, one read, one commit. Of a miss: 18 ``lstat`` per storage directory.
    """

    def find(search: Search) -> FoundImage | None:
        for candidate in search.iter_candidates():
            found = _try_candidate(search, candidate, relying_on_proofs=relying_on_proofs)
            if found is not None:
                return found
        return _find_in_conflict_copies(search)

    search = Search(bench, image_id, sd, may_fetch=may_fetch)
    found = find(search)
    if found is None and search.is_worth_repeating():
        found = find(Search(bench, image_id, sd, may_fetch=may_fetch))
    return found


def find_as_is(bench: Workbench, image_id: ImageId, sd: StorageDir | None = None) -> FoundImage | None:
    """The image; if it cannot be shown, any bytes of it, half or damaged.

    For people who want the top half of a picture. Another image under its name is never returned.
    """
    found = find_image(bench, image_id, sd)
    if found is not None:
        return found
    search = Search(bench, image_id, sd)
    for candidate in search.iter_candidates():
        if candidate.row is not None and candidate.row.state is FileState.FOREIGN:
            continue
        if not bench.folder(candidate.sd).layout.names_are_ids:
            continue  # nothing says that these bytes have to do with the image
        copy = read_copy(bench, candidate.sd, candidate.filename)
        if copy is not None and copy.size_bytes:
            return _found_in_copy(search, candidate.sd, candidate.filename, copy)
    return None


def _try_candidate(search: Search, candidate: Candidate, *, relying_on_proofs: bool) -> FoundImage | None:
    bench, sd, row = search.bench, candidate.sd, candidate.row
    if row is not None and relying_on_proofs:
        opened = open_proven(bench, sd, row)
        if opened is not None:
            return _found_in_file(search, sd, row, opened)
    result = prove_file(bench, sd, candidate.filename)
    if result.outcome is Outcome.GONE:
        search.note_gone(candidate)
    if result.outcome is not Outcome.GOOD or result.row is None or result.copy is None:
        return None
    if result.row.image_id != search.image_id:  # a named file has other bytes by now
        return None
    return _found_in_file(search, sd, result.row, result.copy)


def open_proven(bench: Workbench, sd: StorageDir, row: ImageFile) -> OpenImage | None:
    """The row's file, open, if it has a reliable proof for exactly the file that is there now.

    One open and no read. If the disk keeps the time of changes (``ctime``), it also detects an edit that keeps size
    and mtime.
    """
    proof = row.proof
    if proof is None or not has_reliable_proof(row):
        return None
    try:
        folder = bench.folder(sd)
        file = folder.open_image(folder.layout.name_of(row.path))
    except (OSError, UnreadableFileError):
        return None
    if file.stamp == row.stamp and file.ctime_ns in (None, proof.ctime_ns):
        return file
    file.close()
    return None


def _found_in_file(
    search: Search, sd: StorageDir, row: ImageFile, bytes_from: OpenImage | ProofCopy
) -> FoundImage:
    assert row.stamp is not None
    assert row.proof is not None
    return FoundImage(
        image_id=search.image_id,
        relative_path=row.path,
        media_type=row.media_type,
        size_bytes=row.stamp.size_bytes,
        sha256=row.proof.sha256,
        sd=sd,
        proven=row.is_proven,
        from_other_sd=_tell_if_elsewhere(search, sd),
        from_conflict_copy=False,
        whole=row.is_whole,
        bytes_from=bytes_from,
        find_again=partial(_find_again, search, row.proof.sha256),
    )


def _find_again(search: Search, sha256: str) -> ProofCopy:
    """The same bytes, read and proven now.

    Raises:
        ImageArrivingError: No storage directory has them any more.
    """
    found = find_image(search.bench, search.image_id, search.asked, relying_on_proofs=False)
    if found is None or found.sha256 != sha256:
        raise ImageArrivingError(
            f"image {search.image_id} has changed since it was found; ask for it again",
            image_id=search.image_id,
        )
    return found.lend_copy()


def _find_in_conflict_copies(search: Search) -> FoundImage | None:
    """The bytes in a conflict copy, by their hash; for a legacy id, if all whole copies agree. Writes nothing."""
    only: FoundImage | None = None
    for number, (sd, name) in enumerate(search.iter_conflict_copies()):
        if number == MAX_CONFLICT_COPIES:
            log.warning("image %s has more than %d conflict copies", search.image_id, MAX_CONFLICT_COPIES)
            break
        copy = read_conflict_copy(search.bench, search.image_id, sd, name)
        if copy is None:
            continue
        if only is not None and only.sha256 != copy.sha256:
            return None  # two different whole images with one legacy id: nobody knows which is meant
        only = only or _found_in_copy(search, sd, name, copy, of_conflict=True)
        if is_content_id(search.image_id):
            break
    return only


def read_conflict_copy(bench: Workbench, image_id: ImageId, sd: StorageDir, name: str) -> ProofCopy | None:
    """The conflict copy's bytes if they are the image's (content id) or a whole image (legacy id), otherwise None."""
    copy = read_copy(bench, sd, name)
    if copy is None or copy.changed_while_read:
        return None
    return copy if can_be_image(copy, image_id) else None


def read_copy(bench: Workbench, sd: StorageDir, name: str) -> ProofCopy | None:
    """The file's bytes. None if they cannot be read now."""
    try:
        return bench.folder(sd).read_image(name).copy
    except (OSError, DiskError, ImageTooLargeError):
        return None


def _found_in_copy(
    search: Search, sd: StorageDir, name: str, copy: ProofCopy, *, of_conflict: bool = False
) -> FoundImage:
    """The image under a name without a row."""
    layout = search.bench.folder(sd).layout
    sniffed = layout.sniff(bytes(copy.buffer[:SNIFF_BYTES]))
    return FoundImage(
        image_id=search.image_id,
        relative_path=layout.path_of(name),
        media_type=UNKNOWN_TYPE if sniffed is None else sniffed.name,
        size_bytes=copy.size_bytes,
        sha256=copy.sha256,
        sd=sd,
        proven=content_id_of(copy.sha256) == search.image_id,
        from_other_sd=_tell_if_elsewhere(search, sd),
        from_conflict_copy=of_conflict,
        whole=None,
        bytes_from=copy,
        find_again=lambda: copy,
    )


def _tell_if_elsewhere(search: Search, sd: StorageDir) -> bool:
    """Whether the image is in another SD than the requested one. If so, logs it."""
    if not search.is_elsewhere(sd):
        return False
    assert search.asked is not None
    log.warning(
        "image %s was asked for in %r and found in %r: who shares only the first cannot see it",
        search.image_id, search.asked.name, sd.name,
    )  # fmt: skip
    return True
