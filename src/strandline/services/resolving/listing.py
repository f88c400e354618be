"""Listing: all conflict copies of a storage directory, also of ``SD_ID``, and what resolves each (SPEC §21)."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from strandline.folders.disk_errors import explain_unlistable
from strandline.folders.port import Folder
from strandline.model.conflicts import (
    NOTHING_KNOWN,
    Conflict,
    ConflictListing,
    KnownFile,
    Remedy,
    UnlistedFolder,
    choose_remedy,
)
from strandline.model.identity.sd_ids import IDENTITY_FILE
from strandline.model.image_files import FileState, parse_stamp
from strandline.model.image_ids import content_id_of
from strandline.model.listing import split_line
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_names import NameKind
from strandline.services.rescuing.wanted import recall_bytes
from strandline.services.resolving.examine import ConflictCopy, examine, iter_conflict_copies
from strandline.services.scanning.ignored import read_ignored
from strandline.services.storage_dirs.presence import look, refresh
from strandline.services.workbench import Workbench

COPY_KINDS = frozenset({NameKind.CONFLICT_COPY, NameKind.DUPLICATE})

RECORDED = "recorded"
"""The value of a copy of ``SD_ID`` is kept elsewhere in the storage directory."""


def list_conflicts(bench: Workbench, sds: Iterable[StorageDir]) -> ConflictListing:
    """The conflict copies of these storage directories, by path. Changes nothing.

    Cost: one listing of each, and a read of each copy and of the file that it is a copy of.
    """
    conflicts: list[Conflict] = []
    not_listed: list[UnlistedFolder] = []
    for each in sds:
        sd = refresh(bench, each)
        if not sd.is_reachable:
            not_listed.append(UnlistedFolder(sd, f"it is {sd.state.value}: {sd.problem}"))
            continue
        try:
            copies = _list_copies(bench, sd)
        except OSError as error:
            not_listed.append(UnlistedFolder(sd, explain_unlistable(error)))
            continue
        conflicts += list_identity_conflicts(bench, sd)
        conflicts += sorted(judge_copies(bench, sd, copies), key=lambda conflict: conflict.path)
    return ConflictListing(tuple(conflicts), tuple(not_listed))


def _list_copies(bench: Workbench, sd: StorageDir) -> list[ConflictCopy]:
    folder = read_ignored(bench, sd)
    try:
        lines = folder.list_images(comparing=False).lines
    except FileNotFoundError:
        return []  # there is no media folder
    if not folder.layout.names_are_ids:
        return list(iter_conflict_copies(folder.layout, lines))
    found = []
    for line in lines:
        name, stamp = split_line(line)
        if is_id_copy(folder, name):
            found.append(ConflictCopy(name, parse_stamp(stamp).size_bytes))
    return found


def is_id_copy(folder: Folder, name: str) -> bool:
    """Whether a name in a media folder is that of a conflict copy."""
    layout = folder.layout
    return layout.split(name) is None and layout.explain(name).kind in COPY_KINDS


def judge_copies(bench: Workbench, sd: StorageDir, copies: Sequence[ConflictCopy]) -> Iterator[Conflict]:
    """What resolves each of the copies, by their bytes as they are now."""
    folder = bench.folder(sd)
    layout = folder.layout
    present = [copy for copy in copies if not folder.is_evicted(copy.name)]
    for each in examine(folder, present, most_copies=sys.maxsize, most_bytes=sys.maxsize):
        of = None if each.stands_for is None else layout.path_of(each.stands_for)
        known = NOTHING_KNOWN if of is None else _recall(bench, sd, of, each.plain_sha256)
        remedy, reason = choose_remedy(sd.layout, each.image_id, each.sha256, each.plain_sha256, known)
        named_id = None if layout.names_are_ids or each.sha256 is None else content_id_of(each.sha256)
        yield Conflict(
            sd,
            layout.path_of(each.name),
            each.image_id or named_id,
            each.size_bytes,
            of,
            each.bytes_are,
            remedy,
            reason,
            each.sha256,
            each.plain_sha256,
        )


def _recall(bench: Workbench, sd: StorageDir, path: str, plain: str | None) -> KnownFile:
    """What the catalog knows of a plain file that has these bytes now."""
    with bench.catalog.read() as reader:
        row = reader.files.find_row(sd.number, path)
        if row is None:
            return NOTHING_KNOWN
        altered = next((each for each in reader.earlier.list_altered(sd.number) if each.path == path), None)
        if altered is not None and altered.stamp == row.stamp:
            return KnownFile(altered.sha256, is_good=row.proof is None or row.proof.sha256 != plain)
        sha256, _ = recall_bytes(reader, sd, row)
    # Bytes that nobody has looked at may be an edit, so they count as good.
    return KnownFile(sha256, is_good=row.state is FileState.PRESENT)


def list_identity_conflicts(bench: Workbench, sd: StorageDir) -> list[Conflict]:
    """The conflict copies of ``SD_ID``. One is folded only if its value is kept elsewhere in the folder."""
    sighting = look(bench, sd.path)
    recorded = {file.value for file in sighting.former if file.unfit is None}
    plain = None if sighting.plain is None else sighting.plain.value
    recorded.add(plain)
    found = []
    for copy in sighting.copies:
        is_recorded = copy.value is not None and copy.value in recorded
        is_other_case = copy.name.lower() == IDENTITY_FILE.lower()  # on some disks it is the file itself
        if copy.value is None:
            remedy, reason = Remedy.LEAVE, "it has no identity in it"
        elif plain is None:
            remedy, reason = Remedy.LEAVE, "SD_ID itself has no identity in it"
        elif is_other_case:
            remedy, reason = Remedy.LEAVE, "some systems take it for SD_ID itself"
        elif is_recorded:
            remedy, reason = Remedy.FOLD, "its value is kept in SD_ID or in SD_ID.was-…"
        else:
            remedy, reason = Remedy.LEAVE, "its value is kept nowhere else"
        told = RECORDED if is_recorded else "different" if copy.value is not None else "not examined"
        found.append(Conflict(sd, copy.name, None, None, IDENTITY_FILE, told, remedy, reason))
    return sorted(found, key=lambda conflict: conflict.path)
