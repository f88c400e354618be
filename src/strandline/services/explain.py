"""Explaining: why an image is shown or not, as a value that holds the whole trace (SPEC §5).

Every storage directory is asked, the catalog and the disk; files that are there are looked at again, so that what
is told is true now. What surprises: every failed ``get`` carries this trace, so "not found" always says where was
looked and what was there instead.
"""

from __future__ import annotations

import os
import stat

from strandline.catalog import image_files
from strandline.errors import (
    ImageArrivingError,
    ImageDamagedError,
    ImageForeignError,
    ImageNotFoundError,
    ImageOnlineOnlyError,
    ImageUnreachableError,
)
from strandline.folders.media_folder import HAS_CLOUD_FLAGS, is_evicted
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import ImageId, is_content_id
from strandline.model.media_names import candidate_names
from strandline.model.reports import DiskFact, Explanation, StorageDirTrace, Verdict
from strandline.model.states import EXPECTED
from strandline.model.storage_dirs import StorageDir
from strandline.services.lookup import (
    discover_names,
    list_odd_names,
    list_refreshed,
    read_conflict_copy,
)
from strandline.services.prove import Outcome, path_of, prove_file
from strandline.services.workbench import Workbench

GRAVEST_LAST = (
    Verdict.SHOWN,
    Verdict.FROM_CONFLICT_COPY,
    Verdict.ARRIVING,
    Verdict.ONLINE_ONLY,
    Verdict.DAMAGED,
    Verdict.FOREIGN,
)
"""The verdict on an image is the first of these that any of its files has."""

_ERRORS: dict[Verdict, type[ImageNotFoundError]] = {
    Verdict.ARRIVING: ImageArrivingError,
    Verdict.ONLINE_ONLY: ImageOnlineOnlyError,
    Verdict.DAMAGED: ImageDamagedError,
    Verdict.FOREIGN: ImageForeignError,
    Verdict.SD_OFFLINE: ImageUnreachableError,
}

_VERDICTS = {
    "present": Verdict.SHOWN,
    "conflict-copy": Verdict.FROM_CONFLICT_COPY,
    "arriving": Verdict.ARRIVING,
    "online-only": Verdict.ONLINE_ONLY,
    "damaged": Verdict.DAMAGED,
    "foreign": Verdict.FOREIGN,
}


def explain_image(bench: Workbench, image_id: ImageId) -> Explanation:
    """The trace of an image over all SDs. Cost: that of a lookup, and a reading of each file that is there."""
    traces = tuple(_trace(bench, image_id, sd) for sd in list_refreshed(bench))
    verdict = judge(traces)
    return Explanation(image_id, verdict, _summary(image_id, verdict, traces), traces, _next(verdict, traces))


def judge(traces: tuple[StorageDirTrace, ...]) -> Verdict:
    """What the traces come to. Pure.

    Law: an image that any SD can show is shown, whatever the others say.
    """
    seen = {_VERDICTS[fact.what] for trace in traces for fact in trace.disk if fact.what in _VERDICTS}
    for verdict in GRAVEST_LAST:
        if verdict in seen:
            return verdict
    if any(not trace.sd.is_reachable for trace in traces):
        return Verdict.SD_OFFLINE
    return Verdict.NOT_FOUND


def not_found_error(bench: Workbench, image_id: ImageId) -> ImageNotFoundError:
    """The error that says why the image cannot be handed out, with the trace."""
    explanation = explain_image(bench, image_id)
    message = explanation.summary if explanation.next is None else f"{explanation.summary} {explanation.next}"
    cls = _ERRORS.get(explanation.verdict, ImageNotFoundError)
    return cls(
        message,
        trace=explanation,
        image_id=image_id,
        verdict=explanation.verdict.value,
        sds=[trace.as_json() for trace in explanation.sds],
    )


def _trace(bench: Workbench, image_id: ImageId, sd: StorageDir) -> StorageDirTrace:
    facts = tuple(_list_disk_facts(bench, image_id, sd)) if sd.is_reachable else ()
    with bench.catalog.read() as conn:
        rows = [row for row in image_files.list_rows_of_image(conn, image_id) if row.sd == sd.number]
    return StorageDirTrace(sd, tuple(rows), facts)


def _list_disk_facts(bench: Workbench, image_id: ImageId, sd: StorageDir) -> list[DiskFact]:
    with bench.catalog.read() as conn:
        rows = {
            row.filename: row for row in image_files.list_rows_of_image(conn, image_id) if row.sd == sd.number
        }
    found = discover_names(bench, image_id, sd)
    odd = list_odd_names(bench, sd, image_id)
    names = found + [name for name in rows if name not in found and rows[name].state in EXPECTED]
    facts = [fact for name in names if (fact := _describe_file(bench, sd, name, rows.get(name))) is not None]
    told = {fact.filename for fact in facts}
    facts += [
        fact for name in candidate_names(image_id) if name not in told and (fact := _describe_odd(sd, name))
    ]
    facts += [
        DiskFact(name, "online-only", None, "a placeholder: the image is in the cloud and not on this disk")
        for name in odd.placeholders
        if not any(fact.what == "online-only" for fact in facts)
    ]
    return facts + [_describe_copy(bench, image_id, sd, name) for name in odd.conflict_copies]


def _describe_file(bench: Workbench, sd: StorageDir, name: str, row: ImageFile | None) -> DiskFact | None:
    if row is not None and row.state is FileState.ONLINE_ONLY:
        size_bytes = None if row.stamp is None else row.stamp.size_bytes
        return DiskFact(name, "online-only", size_bytes, "its bytes are in the cloud, not on this disk")
    if HAS_CLOUD_FLAGS and is_evicted(path_of(sd, name)):
        return DiskFact(name, "online-only", None, "its bytes are in the cloud, not on this disk")
    result = prove_file(bench, sd, name)
    if result.outcome is Outcome.GONE:
        return None
    if result.outcome is Outcome.UNREADABLE:
        return DiskFact(name, "unreadable", None, result.reason)
    if result.row is None or result.row.stamp is None:
        return DiskFact(name, "arriving", None, result.reason)
    size_bytes = result.row.stamp.size_bytes
    return DiskFact(name, result.row.state.value, size_bytes, _describe_state(result.row, result.reason))


def _describe_state(row: ImageFile, reason: str) -> str:
    size = "" if row.stamp is None else f"{row.stamp.size_bytes:,} bytes"
    match row.state:
        case FileState.PRESENT if row.is_proven:
            return f"here and whole ({size})"
        case FileState.PRESENT:
            return f"here ({size}); its structure is odd, and it decodes to the last row"
        case FileState.ARRIVING:
            return f"{size} are here, and that is not all of it yet: {reason}"
        case FileState.DAMAGED:
            return f"{size} are here, unchanged for more than a day, and broken: {reason}"
        case FileState.FOREIGN:
            return f"{size} of another image lie under this name: {reason}"
        case _:
            return reason


def _describe_odd(sd: StorageDir, name: str) -> DiskFact | None:
    try:
        mode = os.lstat(path_of(sd, name)).st_mode
    except OSError:
        return None
    if stat.S_ISREG(mode):
        return None
    what = "symlink" if stat.S_ISLNK(mode) else "folder" if stat.S_ISDIR(mode) else "special file"
    return DiskFact(name, what, None, f"a {what} has the image's name; it is never followed or opened")


def _describe_copy(bench: Workbench, image_id: ImageId, sd: StorageDir, name: str) -> DiskFact:
    copy = read_conflict_copy(bench, image_id, sd, name)
    if copy is None:
        return DiskFact(name, "other-copy", None, "a conflict copy that does not hold the image's bytes")
    how = "holds exactly the image's bytes" if is_content_id(image_id) else "is a whole image"
    return DiskFact(name, "conflict-copy", copy.size_bytes, f"a conflict copy that {how}")


def _summary(image_id: ImageId, verdict: Verdict, traces: tuple[StorageDirTrace, ...]) -> str:
    where = ", ".join(repr(trace.sd.name) for trace in traces if _has(trace, verdict))
    match verdict:
        case Verdict.SHOWN:
            return f"image {image_id} is shown from {where}."
        case Verdict.FROM_CONFLICT_COPY:
            return (
                f"image {image_id} is shown from a conflict copy in {where}; its own file is missing or bad."
            )
        case Verdict.ARRIVING:
            return f"image {image_id} is still arriving in {where}."
        case Verdict.ONLINE_ONLY:
            return f"image {image_id} is in the cloud; {where} has only its placeholder on this machine."
        case Verdict.DAMAGED:
            return (
                f"image {image_id} is damaged in {where}: its bytes are not whole and have stopped changing."
            )
        case Verdict.FOREIGN:
            return f"under the name of image {image_id}, {where} holds another image."
        case Verdict.SD_OFFLINE:
            away = ", ".join(repr(trace.sd.name) for trace in traces if not trace.sd.is_reachable)
            return f"image {image_id} is in no reachable storage directory; {away} cannot be read now."
        case _:
            searched = len(traces)
            return (
                f"image {image_id} is in none of the {searched} storage directories."
                if searched
                else (f"image {image_id} cannot be found: no storage directory is known.")
            )


def _has(trace: StorageDirTrace, verdict: Verdict) -> bool:
    return any(_VERDICTS.get(fact.what) is verdict for fact in trace.disk)


def _next(verdict: Verdict, traces: tuple[StorageDirTrace, ...]) -> str | None:
    match verdict:
        case Verdict.SHOWN:
            return None
        case Verdict.FROM_CONFLICT_COPY:
            return "Look at the conflict copy and rename it if it is the right one; Strandline never does."
        case Verdict.ARRIVING:
            return "It is looked at again when the file changes; let the sync client finish."
        case Verdict.ONLINE_ONLY:
            return "Have the sync client keep it on this device, or open it there once."
        case Verdict.DAMAGED:
            return "Copy it again from another machine; good bytes are noticed by themselves."
        case Verdict.FOREIGN:
            return "Save that file as a new image, and copy the original from another machine."
        case Verdict.SD_OFFLINE:
            return "Bring it back (mount the disk, sign in, or see 'strandline sd list'), then try again."
        case _:
            if not traces:
                return "Add one with 'strandline sd add PATH'."
            return "Check that the folder has finished syncing on this machine and on the one that made the image."
