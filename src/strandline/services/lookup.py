"""On-demand lookup: an image asked for by id is found wherever it lies, registered, proven, and handed out (SPEC §5).

The order is the one promise: the given SD's rows, discovery in it, the other SDs' rows, discovery in them, and
last a conflict copy. A stale row never blocks, and a bad file is passed over for a good one in any SD. What
surprises: whatever hands out bytes reads them once, proves that very copy, and hands out *it*; the file is never
read a second time.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from strandline.catalog import image_files, storage_dirs
from strandline.errors import DiskError, ImageNotFoundError, ImageTooLargeError, UnreadableFileError
from strandline.folders.media_folder import HAS_CLOUD_FLAGS, is_evicted, probe_names
from strandline.folders.odd_names import NO_ODD_NAMES, OddNames
from strandline.folders.opening import open_regular
from strandline.folders.proof_copies import ProofCopy, read_proof_copy
from strandline.folders.time_limits import within
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.media_names import candidate_names, split_wanted_name
from strandline.model.media_types import SNIFF_BYTES, sniff_media_type
from strandline.model.reports import Verdict
from strandline.model.states import EXPECTED, Seen, register_listed
from strandline.model.storage_dirs import StorageDir
from strandline.model.structure import walk_structure
from strandline.services.online import refresh
from strandline.services.prove import (
    Outcome,
    ProofResult,
    has_reliable_proof,
    path_of,
    prove_file,
    write_row,
)
from strandline.services.workbench import Workbench

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image that was found and proven, and how to get at its bytes.

    ``read``, ``open`` and ``data_url`` hand out proven bytes only: where the file has changed since it was found,
    the lookup runs again.
    """

    image_id: ImageId
    filename: str
    path: Path
    media_type: str
    size_bytes: int
    sd: StorageDir
    proven: bool
    """False for a legacy image that only decoding vouches for, and for ``as_is`` bytes."""
    from_other_sd: bool = False
    """It does not lie in the SD that was asked for: people who share only that one cannot see it."""
    from_conflict_copy: bool = False
    """Only a sync client's conflict copy holds its bytes."""
    _sha256: str | None = field(default=None, repr=False, compare=False)
    _copy: ProofCopy | None = field(default=None, repr=False, compare=False)
    _again: Callable[[], FoundImage] | None = field(default=None, repr=False, compare=False)

    def read(self) -> bytes:
        """All bytes.

        Raises:
            ImageNotFoundError: The file has gone bad since, and no SD has a good one.
        """
        return self._proof_copy().read()

    def open(self) -> BinaryIO:
        """A binary file object over the proven bytes, at byte 0; in memory up to 64 MiB."""
        return self._proof_copy().open()

    def data_url(self) -> str:
        """``data:<media type>;base64,…``."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.read()).decode()}"

    @property
    def sha256(self) -> str:
        """SHA-256 of the proven bytes in hex. Reads them only where no reliable proof says it already."""
        return self._sha256 or self._proof_copy().sha256

    def lend_copy(self) -> ProofCopy:
        """The proven bytes with their hash, without another copy being made; a context manager."""
        return self._proof_copy()

    def _proof_copy(self) -> ProofCopy:
        if self._copy is not None:
            return self._copy
        assert self._again is not None
        return self._again()._proof_copy()


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether an image is here, by what the catalog and one ``lstat`` say; no byte is read."""

    exists: bool
    state: FileState | None
    verdict: Verdict


@dataclass(slots=True)
class Candidate:
    """A file that may be the image."""

    sd: StorageDir
    filename: str
    row: ImageFile | None
    """None where discovery found it and the catalog did not know it."""


def find_image(
    bench: Workbench, image_id: ImageId, sd: StorageDir | None = None, *, with_bytes: bool = False
) -> FoundImage | None:
    """The image, proven, or None where no reachable SD can show it.

    ``with_bytes`` reads and checks the bytes in any case; otherwise a reliable proof that still fits the file is
    relied on, and the bytes are read when they are asked for.

    Cost of a hit that is proven: one read of ``SD_ID``, one ``lstat``; of a discovery: up to 18 ``lstat``, one
    read, one commit; of a miss: 18 ``lstat`` an SD.
    """
    for candidate in iter_candidates(bench, image_id, sd):
        found = _try_candidate(bench, image_id, candidate, sd, with_bytes=with_bytes)
        if found is not None:
            return found
    return _find_in_conflict_copies(bench, image_id, sd)


def look_up(bench: Workbench, image_id: ImageId, sd: StorageDir | None = None) -> Presence:
    """Whether the image is here. Reads no bytes; registers what it discovers, unproven."""
    states = set()
    for candidate in iter_candidates(bench, image_id, sd):
        row = _register(bench, candidate) if candidate.row is None else candidate.row
        if row is None or row.state not in EXPECTED or not _is_there(candidate, row):
            continue
        if row.state in (FileState.PRESENT, FileState.ONLINE_ONLY):
            return Presence(True, row.state, Verdict.SHOWN)
        states.add(row.state)
    for state, verdict in _FAILURES.items():
        if state in states:
            return Presence(False, state, verdict)
    offline = any(not other.is_reachable for other in list_refreshed(bench))
    return Presence(False, None, Verdict.SD_OFFLINE if offline else Verdict.NOT_FOUND)


_FAILURES = {
    FileState.ARRIVING: Verdict.ARRIVING,
    FileState.DAMAGED: Verdict.DAMAGED,
    FileState.FOREIGN: Verdict.FOREIGN,
}


def find_as_is(bench: Workbench, image_id: ImageId, sd: StorageDir | None = None) -> FoundImage | None:
    """Whatever bytes lie under the image's name, half or wrong: for people who want the top half of a picture."""
    for candidate in iter_candidates(bench, image_id, sd):
        copy = _read_copy(bench, candidate.sd, candidate.filename)
        if copy is not None and copy.size_bytes:
            return _found_copy(image_id, candidate.sd, candidate.filename, copy, sd)
    return None


def iter_candidates(bench: Workbench, image_id: ImageId, sd: StorageDir | None) -> Iterator[Candidate]:
    """The files that may be the image, in the order in which they are to be tried; lazily."""
    with bench.catalog.read() as conn:
        rows = image_files.list_rows_of_image(conn, image_id)
        sds = storage_dirs.list_storage_dirs(conn)
    if sd is not None:
        yield from _candidates_in(bench, image_id, refresh(bench, sd), rows, discover=True)
    others = [other for other in sds if sd is None or other.number != sd.number]
    reachable = {other.number: refresh(bench, other) for other in others}
    for row in rows:
        if row.sd in reachable:
            yield from _candidates_in(bench, image_id, reachable[row.sd], [row], discover=False)
    for other in reachable.values():
        yield from _candidates_in(bench, image_id, other, rows, discover=True, skip_rows=True)


def list_refreshed(bench: Workbench) -> list[StorageDir]:
    """All SDs as they are now, in the order in which they were added."""
    with bench.catalog.read() as conn:
        sds = storage_dirs.list_storage_dirs(conn)
    return [refresh(bench, sd) for sd in sds]


def _candidates_in(
    bench: Workbench,
    image_id: ImageId,
    sd: StorageDir,
    rows: list[ImageFile],
    *,
    discover: bool,
    skip_rows: bool = False,
) -> Iterator[Candidate]:
    if not sd.is_reachable:
        return
    known = {row.filename: row for row in rows if row.sd == sd.number}
    if not skip_rows:
        for row in known.values():
            yield Candidate(sd, row.filename, row)
    if discover:
        for name in discover_names(bench, image_id, sd):
            if name not in known:
                yield Candidate(sd, name, None)


def discover_names(bench: Workbench, image_id: ImageId, sd: StorageDir) -> list[str]:
    """Names of files in the SD that by their name are the image, preferred first. Looks, never opens."""
    try:
        found = bench.bounded(
            sd.path, lambda: probe_names(sd.path, candidate_names(image_id), keeps_inodes=True)
        )
    except OSError:
        return []
    names = [name for name, _ in found]
    return names + [name for name in list_odd_names(bench, sd, image_id).spellings if name not in names]


def _try_candidate(
    bench: Workbench, image_id: ImageId, candidate: Candidate, asked: StorageDir | None, *, with_bytes: bool
) -> FoundImage | None:
    sd, row = candidate.sd, candidate.row
    if row is not None and not with_bytes and still_proven(bench, candidate, row):
        return _found_row(bench, image_id, sd, row, None, asked)
    try:
        result = _prove_or_fetch(bench, candidate)
    except TimeoutError:
        return None
    if result.outcome is not Outcome.GOOD or result.row is None:
        return None
    return _found_row(bench, image_id, sd, result.row, result.copy, asked)


def _prove_or_fetch(bench: Workbench, candidate: Candidate) -> ProofResult:
    """Proves the file; where its bytes are in the cloud, opening it fetches them, within the limit for that."""
    sd, name = candidate.sd, candidate.filename
    if HAS_CLOUD_FLAGS and is_evicted(path_of(sd, name)):
        return within(bench.limits.fetch_timeout_s, lambda: prove_file(bench, sd, name))
    return prove_file(bench, sd, name)


def still_proven(bench: Workbench, candidate: Candidate, row: ImageFile) -> bool:
    """True where a proof that may be relied on is of the very file that lies there now. One open, no read."""
    if not has_reliable_proof(row):
        return False
    try:
        with open_regular(
            path_of(candidate.sd, row.filename), keeps_inodes=bench.keeps_inodes(candidate.sd)
        ) as opened:
            return opened.stamp == row.stamp
    except (FileNotFoundError, UnreadableFileError):
        return False


def _found_row(
    bench: Workbench,
    image_id: ImageId,
    sd: StorageDir,
    row: ImageFile,
    copy: ProofCopy | None,
    asked: StorageDir | None,
) -> FoundImage:
    from_other = asked is not None and sd.number != asked.number
    if from_other:
        log.warning("image %s was asked for in %r and found in %r", image_id, asked and asked.name, sd.name)

    def again() -> FoundImage:
        found = find_image(bench, image_id, asked, with_bytes=True)
        if found is None:
            raise ImageNotFoundError(f"image {image_id} has changed since it was found; ask for it again")
        return found

    assert row.stamp is not None
    return FoundImage(
        image_id=image_id, filename=row.filename, path=path_of(sd, row.filename), media_type=row.media_type,
        size_bytes=row.stamp.size_bytes, sd=sd, proven=row.is_proven, from_other_sd=from_other,
        _sha256=None if row.proof is None else row.proof.sha256,
        _copy=copy, _again=again,
    )  # fmt: skip


def _find_in_conflict_copies(
    bench: Workbench, image_id: ImageId, asked: StorageDir | None
) -> FoundImage | None:
    """The bytes in a conflict copy, by their hash; for a legacy id if all whole ones agree. Writes nothing."""
    whole: list[FoundImage] = []
    for sd in sorted(list_refreshed(bench), key=lambda sd: asked is None or sd.number != asked.number):
        for name in list_odd_names(bench, sd, image_id).conflict_copies:
            found = read_conflict_copy(bench, image_id, sd, name, asked)
            if found is not None and is_content_id(image_id):
                return found
            if found is not None:
                whole.append(found)
    hashes = {found.sha256 for found in whole}
    return whole[0] if len(hashes) == 1 else None


def read_conflict_copy(
    bench: Workbench, image_id: ImageId, sd: StorageDir, name: str, asked: StorageDir | None = None
) -> FoundImage | None:
    """The conflict copy's bytes if they are the image's (content id) or a whole image (legacy id), else None."""
    copy = _read_copy(bench, sd, name)
    if copy is None or copy.changed_while_read:
        return None
    sniffed = sniff_media_type(bytes(copy.buffer[:SNIFF_BYTES]))
    if is_content_id(image_id):
        good = content_id_of(copy.sha256) == image_id
    else:
        good = sniffed is not None and walk_structure(copy.buffer, sniffed).whole
    if not good:
        return None
    found = _found_copy(image_id, sd, name, copy, asked)
    return replace(found, proven=is_content_id(image_id), from_conflict_copy=True)


def _read_copy(bench: Workbench, sd: StorageDir, name: str) -> ProofCopy | None:
    try:
        with open_regular(path_of(sd, name)) as opened:
            return read_proof_copy(
                opened,
                max_memory_bytes=bench.limits.max_memory_bytes,
                limit_bytes=bench.limits.save_max_bytes,
                scratch=bench.scratch,
            )
    except (FileNotFoundError, UnreadableFileError, ImageTooLargeError, DiskError):
        return None


def _found_copy(
    image_id: ImageId, sd: StorageDir, name: str, copy: ProofCopy, asked: StorageDir | None
) -> FoundImage:
    sniffed = sniff_media_type(bytes(copy.buffer[:SNIFF_BYTES]))
    return FoundImage(
        image_id=image_id,
        filename=name,
        path=path_of(sd, name),
        media_type="application/octet-stream" if sniffed is None else sniffed.name,
        size_bytes=copy.size_bytes,
        sd=sd,
        proven=False,
        from_other_sd=asked is not None and sd.number != asked.number,
        _copy=copy,
    )


def list_odd_names(bench: Workbench, sd: StorageDir, image_id: ImageId) -> OddNames:
    """Other names under which the image may lie in the SD; empty where it cannot be listed now."""
    if not sd.is_reachable:
        return NO_ODD_NAMES
    try:
        return bench.bounded(sd.path, lambda: bench.odd_names.find(sd.path, image_id))
    except OSError:
        return NO_ODD_NAMES


def _is_there(candidate: Candidate, row: ImageFile) -> bool:
    if row.state is FileState.ONLINE_ONLY:
        return True
    return bool(probe_names(candidate.sd.path, [row.filename], keeps_inodes=True))


def _register(bench: Workbench, candidate: Candidate) -> ImageFile | None:
    """Registers a discovered file from its ``lstat`` alone: present, unproven."""
    sd, wanted = candidate.sd, split_wanted_name(candidate.filename)
    found = probe_names(sd.path, [candidate.filename], keeps_inodes=bench.keeps_inodes(sd))
    if wanted is None or not found:
        return None
    now = bench.now()
    row = register_listed(sd.number, candidate.filename, *wanted, Seen(found[0][1]), now)
    write_row(bench, sd, None, row, now)
    return row
