"""Explaining: why an image is shown or not, as a value with the whole trace (SPEC §5).

It checks every storage directory, in the catalog and on the disk. Existing files are looked at again, so the answer
is true now. Every failed ``get`` has this trace, so "not found" always says where it looked and what was there
instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from strandline.errors import (
    ImageArrivingError,
    ImageDamagedError,
    ImageForeignError,
    ImageNotFoundError,
    ImageOnlineOnlyError,
    ImageUnreachableError,
)
from strandline.folders.port import Folder, can_be_dataless
from strandline.model.explanation_words import (
    INCOMPLETE,
    MENDED_BY_ORIGINAL,
    REPLACED,
    TEMPORARY,
    VERDICTS,
    find_deleted,
    is_suspect,
    say_next,
    say_next_with_original,
    say_restore,
    say_summary,
    say_writer,
)
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import ImageId, is_content_id
from strandline.model.layout import LAYOUTS
from strandline.model.reports import DiskFact, Explanation, StorageDirTrace
from strandline.model.states import EXPECTED, FAILED, find_stale_date, should_lie_there
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import RESTORABLE
from strandline.model.verdicts import Verdict
from strandline.model.verification import DECAYED
from strandline.services.finding.candidates import (
    discover,
    goes_past_forgotten,
    wait_for_replacement,
)
from strandline.services.finding.emptied import doubt_if_emptied
from strandline.services.finding.found_image import FoundImage
from strandline.services.finding.look_up import look_up
from strandline.services.finding.originals import find_original
from strandline.services.finding.search import MAX_CONFLICT_COPIES, find_image, read_copy
from strandline.services.proving.decay import has_image_decayed
from strandline.services.proving.drawing import can_be_image
from strandline.services.proving.prove import ANOTHER_IMAGE, Outcome, prove_file
from strandline.services.storage_dirs.presence import refresh_storage_dirs
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.folders.port import Entry

T = TypeVar("T")

ATTEMPTS = 3
"""How often to repeat a failed lookup if its explanation found the image, which arrived in between."""

MAX_TEMPORARIES = 10
"""Temporaries of one image that are told. A client that is stopped again and again may leave many."""

IN_THE_CLOUD = "its bytes are in the cloud, not on this disk"

_CAN_BE_SHOWN = (Verdict.SHOWN, Verdict.FROM_CONFLICT_COPY)

_ERRORS: dict[Verdict, type[ImageNotFoundError]] = {
    Verdict.ARRIVING: ImageArrivingError,
    Verdict.ONLINE_ONLY: ImageOnlineOnlyError,
    Verdict.DAMAGED: ImageDamagedError,
    Verdict.FOREIGN: ImageForeignError,
    Verdict.UNREADABLE: ImageUnreachableError,
    Verdict.SD_SUSPECT: ImageUnreachableError,
    Verdict.SD_OFFLINE: ImageUnreachableError,
}


def get_image(
    bench: Workbench, image_id: ImageId, sd: StorageDir | None = None, *, may_fetch: bool = True
) -> FoundImage:
    """The proven image. Unless ``may_fetch``, nothing is downloaded from the cloud.

    Raises:
        ImageNotFoundError: It cannot be shown now. The subclass says why; ``trace`` has the details.
    """
    # Most systems have no mark for files in the cloud, so nothing is checked there.
    if not may_fetch and can_be_dataless() and look_up(bench, image_id, sd).verdict is Verdict.ONLINE_ONLY:
        raise ImageOnlineOnlyError(
            f"the bytes of image {image_id} are in the cloud, and are downloaded only on request (fetch=1)",
            image_id=image_id,
        )
    return insist_on(bench, image_id, lambda: find_image(bench, image_id, sd, may_fetch=may_fetch))


def insist_on(bench: Workbench, image_id: ImageId, find: Callable[[], T | None]) -> T:
    """The result of ``find``. If it fails but the explanation finds the image, ``find`` is called again.

    Raises:
        ImageNotFoundError: As :func:`get_image`.
    """
    for _ in range(ATTEMPTS):
        found = find()
        if found is not None:
            return found
        explanation = explain_image(bench, image_id)
        if explanation.verdict not in _CAN_BE_SHOWN:
            raise not_found_error(explanation)
    raise ImageArrivingError(
        f"the files of image {image_id} keep changing; try again", trace=explanation, image_id=image_id
    )


def explain_with_original(bench: Workbench, image_id: ImageId) -> Explanation:
    """The trace of an image over all SDs. If it is gone or broken, also the file that it was saved from, if that is
    still on this machine. Cost: that of :func:`explain_image`, and a read of such files.
    """
    explanation = explain_image(bench, image_id)
    if explanation.verdict not in MENDED_BY_ORIGINAL:
        return explanation
    if explanation.verdict is Verdict.NOT_FOUND and find_deleted(explanation.sds) is None:
        with bench.catalog.read() as reader:
            trashed = reader.trash.list_trashed(image_id)
        if any(entry.reason in RESTORABLE for entry in trashed):  # a version that was not kept, for example
            return replace(explanation, next=say_restore(image_id))
    original = find_original(bench, image_id, explanation.sds)
    if original is None:
        return explanation
    advice = say_next_with_original(explanation, original)
    return replace(explanation, next=advice, original=original)


@goes_past_forgotten
def explain_image(bench: Workbench, image_id: ImageId) -> Explanation:
    """The trace of an image over all SDs. Cost: that of a lookup, and a read of each existing file."""
    explanation = _explain(bench, image_id)
    if explanation.verdict not in _CAN_BE_SHOWN:
        lacking = [trace.sd for trace in explanation.sds if _lacks_a_file(trace)]
        if wait_for_replacement(bench, lacking):
            explanation = _explain(bench, image_id)
    return explanation


def _explain(bench: Workbench, image_id: ImageId) -> Explanation:
    traces = tuple(_trace(bench, image_id, sd) for sd in refresh_storage_dirs(bench))
    verdict = judge(traces)
    if verdict is Verdict.FROM_CONFLICT_COPY and find_image(bench, image_id) is None:
        traces = tuple(_with_rivals(trace) for trace in traces)
        verdict = judge(traces)
    return Explanation(
        image_id, verdict, say_summary(image_id, verdict, traces), traces, say_next(verdict, traces)
    )


def judge(traces: tuple[StorageDirTrace, ...]) -> Verdict:
    """The verdict from all traces. Pure.

    Law: an image that any SD can show is shown, whatever the others say.
    """
    seen = {fact.what for trace in traces for fact in trace.disk}
    for what, verdict in VERDICTS.items():
        if what in seen:
            return verdict
    if any(is_suspect(trace) for trace in traces):
        return Verdict.SD_SUSPECT
    if any(not trace.sd.is_reachable for trace in traces):
        return Verdict.SD_OFFLINE
    return Verdict.NOT_FOUND


def not_found_error(explanation: Explanation) -> ImageNotFoundError:
    """The error for an image that cannot be shown, with the trace."""
    parts = (explanation.summary, explanation.next)
    return _ERRORS.get(explanation.verdict, ImageNotFoundError)(
        " ".join(part for part in parts if part),
        trace=explanation,
        image_id=explanation.image_id,
        verdict=explanation.verdict.value,
        sds=[trace.to_json() for trace in explanation.sds],
    )


def _trace(bench: Workbench, image_id: ImageId, sd: StorageDir) -> StorageDirTrace:
    rows = _list_rows(bench, image_id, sd)
    if not sd.is_reachable:
        return StorageDirTrace(sd, tuple(rows), ())
    facts = tuple(_iter_disk_facts(bench, image_id, sd, rows))
    trace = StorageDirTrace(sd, tuple(_list_rows(bench, image_id, sd)), facts)
    return replace(trace, sd=doubt_if_emptied(bench, sd)) if _lacks_a_file(trace) else trace


def _lacks_a_file(trace: StorageDirTrace) -> bool:
    """Whether a file that the catalog expects was not found."""
    met = {fact.filename for fact in trace.disk}
    name_of = LAYOUTS[trace.sd.layout].name_of
    return trace.sd.is_reachable and any(
        should_lie_there(row) and name_of(row.path) not in met for row in trace.catalog
    )


def _list_rows(bench: Workbench, image_id: ImageId, sd: StorageDir) -> list[ImageFile]:
    with bench.catalog.read() as reader:
        return [row for row in reader.files.list_rows_of_image(image_id) if row.sd == sd.number]


def _iter_disk_facts(
    bench: Workbench, image_id: ImageId, sd: StorageDir, rows: list[ImageFile]
) -> Iterator[DiskFact]:
    folder = bench.folder(sd)
    discovery = discover(folder, image_id)
    if discovery.problem is not None:
        yield DiskFact(folder.layout.images_folder, "unreadable", None, discovery.problem)
        yield from _describe_all(bench, image_id, sd, discovery.filenames)
        return
    if (media := _describe_media(folder)) is not None:
        yield media
        return
    known = [folder.layout.name_of(row.path) for row in rows if row.state in EXPECTED]
    names = dict.fromkeys((*discovery.filenames, *folder.layout.candidates(image_id), *known))
    facts = _describe_all(bench, image_id, sd, names)
    yield from facts
    if not facts:
        for name in discovery.odd.placeholders:
            yield DiskFact(name, "online-only", None, f"a placeholder: {IN_THE_CLOUD}")
    for name in discovery.odd.conflict_copies[:MAX_CONFLICT_COPIES]:
        yield _describe_copy(bench, image_id, sd, name)
    for name in discovery.odd.temporaries[:MAX_TEMPORARIES]:
        if (temporary := _describe_temporary(folder, name)) is not None:
            yield temporary


def _describe_all(
    bench: Workbench, image_id: ImageId, sd: StorageDir, names: Iterable[str]
) -> list[DiskFact]:
    """What is under those of the image's names that exist."""
    return [fact for name in names if (fact := _describe(bench, image_id, sd, name)) is not None]


def _describe_media(folder: Folder) -> DiskFact | None:
    """A media folder that is no folder: nothing in it is examined."""
    path = folder.layout.images_folder
    try:
        seen = _find_entry(folder, path)
    except OSError:
        return None
    if seen is None or seen.kind == "folder":
        return None
    what, kind = ("symlink", "a symlink") if seen.kind == "symlink" else ("special file", "no folder")
    return DiskFact(path, what, None, f"the media folder is {kind}, and nothing in it is looked at")


def _find_entry(folder: Folder, path: str) -> Entry | None:
    return next(iter(folder.look_at([path])), None)


def _describe(bench: Workbench, image_id: ImageId, sd: StorageDir, name: str) -> DiskFact | None:
    """What is under one of the image's names. None if it does not exist."""
    folder = bench.folder(sd)
    try:
        seen = _find_entry(folder, folder.layout.path_of(name))
    except OSError as error:
        return DiskFact(name, "unreadable", None, f"the system says: {error.strerror or error}")
    if seen is None:
        return None
    if not seen.is_here:
        return DiskFact(name, "online-only", seen.size_bytes, IN_THE_CLOUD)
    if seen.kind != "file":
        what = "special file" if seen.kind == "special" else seen.kind
        return DiskFact(name, what, None, f"a {what} has the image's name; it is never followed or opened")
    return _describe_file(bench, image_id, sd, name)


def _describe_file(bench: Workbench, image_id: ImageId, sd: StorageDir, name: str) -> DiskFact | None:
    result = prove_file(bench, sd, name)
    match result.outcome:
        case Outcome.GONE:
            return None
        case Outcome.UNREADABLE:
            return DiskFact(name, "unreadable", None, result.reason)
        case Outcome.CHANGING:
            return DiskFact(name, "arriving", None, result.reason)
    assert result.row is not None
    if result.row.image_id != image_id:
        return DiskFact(
            name, "other-bytes", _size_of(result.row), f"other bytes are here now: {_say_which(result.row)}"
        )
    what = INCOMPLETE if result.row.is_incomplete else result.row.state.value
    if result.row.state in FAILED and has_image_decayed(bench, result.row):
        return DiskFact(name, what, _size_of(result.row), DECAYED, is_decayed=True)
    message, stale_since = (
        _describe_state(result.row, result.reason),
        find_stale_date(result.row, bench.now()),
    )
    if stale_since is not None:
        message = f"{_size_of(result.row) or 0:,} bytes are here, and no whole picture: {result.reason}"
    return DiskFact(name, what, _size_of(result.row), message, stale_since=stale_since)


def _describe_state(row: ImageFile, reason: str) -> str:
    size = f"{_size_of(row) or 0:,} bytes"
    match row.state:
        case FileState.PRESENT if row.is_incomplete:
            return (
                f"here, with exactly the bytes of its id ({size}), but they are not a whole image: {reason}"
            )
        case FileState.PRESENT if row.is_proven:
            return f"checked and whole ({size})" if row.is_whole else f"checked ({size})"
        case FileState.PRESENT:
            return f"here ({size}); its structure is odd, and it decodes to the last row"
        case FileState.ARRIVING if reason == ANOTHER_IMAGE:
            return f"{REPLACED} ({size}); if it stays, it counts as another image"
        case FileState.ARRIVING:
            return f"{size} are here, and that is not all of it yet: {reason}"
        case FileState.DAMAGED:
            return f"{size} are here, unchanged for more than a day, and broken: {reason}"
        case FileState.FOREIGN:
            return f"{size} of another image are under this name: {reason}"
        case _:
            return reason


def _say_which(row: ImageFile) -> str:
    return f"image {row.image_id}" if row.image_id else "no whole image yet"


def _size_of(row: ImageFile) -> int | None:
    return None if row.stamp is None else row.stamp.size_bytes


def _describe_copy(bench: Workbench, image_id: ImageId, sd: StorageDir, name: str) -> DiskFact:
    if bench.folder(sd).is_evicted(name):
        return DiskFact(name, "online-only", None, f"a conflict copy: {IN_THE_CLOUD}")
    copy = read_copy(bench, sd, name)
    if copy is None or copy.changed_while_read:
        return DiskFact(name, "other-copy", None, "a conflict copy that cannot be read now")
    what, how = "other-copy", "does not have the image's bytes"
    if can_be_image(copy, image_id):
        what = "conflict-copy"
        how = "has exactly the image's bytes" if is_content_id(image_id) else "is a whole image"
    message = f"a conflict copy that {how}"
    return DiskFact(name, what, copy.size_bytes, message, copy.stamp.mtime, copy.sha256)


def _describe_temporary(folder: Folder, name: str) -> DiskFact | None:
    """A file that another program writes before it gives it the image's name. None if it is gone. Not read."""
    try:
        seen = _find_entry(folder, folder.layout.path_of(name))
    except OSError:
        return None
    if seen is None or seen.kind != "file":
        return None
    writer = say_writer(folder.layout.explain(name).client)
    message = (
        f"a temporary file with {seen.size_bytes or 0:,} bytes: {writer} is writing the image, or was stopped"
    )
    return DiskFact(name, TEMPORARY, seen.size_bytes, message)


def _with_rivals(trace: StorageDirTrace) -> StorageDirTrace:
    """The trace of a legacy id with different whole conflict copies: none of them can be taken for the image."""
    message = "a conflict copy that is a whole image, and another one is a different image"
    facts = [
        replace(fact, what="rival-copy", message=message) if fact.what == "conflict-copy" else fact
        for fact in trace.disk
    ]
    return replace(trace, disk=tuple(facts))
