"""What is wanted: files that are missing or bad, and what is known of their right bytes (SPEC §19)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from strandline.model.conflict_copies import find_shown
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.states import EXPECTED, FAILED, find_stale_date
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.model.verification import FAULT_OF_STATE, AlteredFile, Fault, any_decayed
from strandline.model.wanted import NotYetMissing, WantedFile
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from datetime import datetime

    from strandline.catalog.port import Reader

_MAY_COME_BACK = EXPECTED - frozenset(FAULT_OF_STATE)
"""States of files that are not wanted."""

AT_ONCE = 500
"""Images that the catalog is asked about in one statement."""


def list_wanted(bench: Workbench, sds: Sequence[StorageDir]) -> list[WantedFile]:
    """The files of these storage directories that are missing, arriving, damaged, foreign, or altered, by path.

    As the last scan and the last look at each file found them: reads only the catalog.
    """
    found: list[WantedFile] = []
    now = bench.now()
    with bench.catalog.snapshot() as reader:
        for sd in sds:
            wanted = [
                *(
                    _want(reader, sd, row, fault, now)
                    for state, fault in FAULT_OF_STATE.items()
                    for row in reader.files.list_rows_in_state(sd.number, state)
                ),
                *_iter_altered(reader, sd, reader.earlier.list_altered(sd.number)),
            ]
            found += sorted(wanted, key=lambda each: each.path)
        return _name(reader, found)


def list_not_yet_missing(bench: Workbench, sds: Sequence[StorageDir]) -> list[NotYetMissing]:
    """The storage directories with files that were not there at the last scan, and that a later one has to miss again
    before they are missing (SPEC §6): a sync client may be replacing them. Reads only the catalog.
    """
    found: list[NotYetMissing] = []
    with bench.catalog.read() as reader:
        for sd in sds:
            rows = reader.files.iter_noteworthy_rows(sd.number)
            files = sum(row.absent_since is not None and row.state in _MAY_COME_BACK for row in rows)
            found += [NotYetMissing(sd, files)] if files else []
    return found


def _want(reader: Reader, sd: StorageDir, row: ImageFile, fault: Fault, now: datetime) -> WantedFile:
    sha256, size_bytes = recall_bytes(reader, sd, row)
    mtime_ns = row.stamp.mtime_ns if row.stamp is not None and row.proof_is_current else None
    return WantedFile(
        sd, row.path, row.image_id, fault, (), size_bytes, sha256, mtime_ns,
        is_decayed=row.state in FAILED and any_decayed(row, reader.earlier.list_by_name(sd.number, row.filename)),
        stale_since=find_stale_date(row, now),
    )  # fmt: skip


def recall_bytes(reader: Reader, sd: StorageDir, row: ImageFile) -> tuple[str | None, int | None]:
    """SHA-256 and size of the file's bytes when they were good. None if nobody knows."""
    if row.proof is not None:
        sha256, size_bytes = row.proof.sha256, row.proof.stamp.size_bytes
    else:
        earlier = reader.earlier.list_by_name(sd.number, row.filename)
        last = next((each for each in earlier if each.path == row.path), None)
        if last is None:
            return None, None
        sha256, size_bytes = last.sha256, last.size_bytes
    is_promised = sd.layout is LayoutKind.IDS and row.image_id is not None and is_content_id(row.image_id)
    if is_promised and content_id_of(sha256) != row.image_id:
        return None, None  # of another image that was under the name
    return sha256, size_bytes


def _iter_altered(reader: Reader, sd: StorageDir, altered: Iterable[AlteredFile]) -> Iterable[WantedFile]:
    for each in altered:
        row = reader.files.find_row(sd.number, each.path)
        if row is not None and row.stamp == each.stamp and row.state is FileState.PRESENT:
            image_id = content_id_of(each.sha256) if sd.layout is LayoutKind.NAMED else row.image_id
            yield WantedFile(
                sd, each.path, image_id, Fault.ALTERED, (), each.size_bytes, each.sha256, each.stamp.mtime_ns
            )


def _name(reader: Reader, wanted: Sequence[WantedFile]) -> list[WantedFile]:
    """With the names that people gave, and whether the image is shown from elsewhere."""
    ids = list(dict.fromkeys(each.image_id for each in wanted if each.image_id is not None))
    names: dict[ImageId, list[str]] = {}
    elsewhere: set[ImageId] = set()
    shown: set[tuple[int, ImageId]] = set()
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        names |= reader.origins.list_names_of_images(some)
        for image_id, rows in reader.files.list_rows_of_images(some).items():
            if any(row.state is FileState.PRESENT and row.absent_since is None for row in rows):
                elsewhere.add(image_id)
        copies = reader.copies.list_copies_of(some)
        elsewhere |= find_shown(copies)
        for sd in {copy.sd for copy in copies}:
            shown |= {(sd, image_id) for image_id in find_shown(copy for copy in copies if copy.sd == sd)}
    return [
        replace(
            _with_names(each, names, elsewhere),
            is_shown_from_copy=each.fault is Fault.MISSING and (each.sd.number, each.image_id) in shown,
        )
        for each in wanted
    ]


def _with_names(each: WantedFile, names: dict[ImageId, list[str]], elsewhere: set[ImageId]) -> WantedFile:
    own = [each.path.rpartition("/")[2]] if each.sd.layout is LayoutKind.NAMED else []
    saved = [] if each.image_id is None else names.get(each.image_id, [])
    is_elsewhere = each.image_id in elsewhere and each.fault is not Fault.ALTERED
    return replace(each, names=tuple(dict.fromkeys([*saved, *own])), is_elsewhere=is_elsewhere)
