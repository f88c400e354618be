"""Rescuing: what is missing or bad is looked for in folders that a person names, and brought back (SPEC §19).

A missing file goes to where it was, never over anything. A bad one is healed (``verifying.heal``). Each file is
looked at again at the moment it is written, and so is the file that it is brought back from.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from strandline.errors import FileChangedError, SourceNotFoundError, StrandlineError, UnreadableFileError
from strandline.model.changes import FileChange, HealReport, RefusedChange
from strandline.model.storage_dirs import StorageDir
from strandline.model.verification import FAULT_OF_STATE, HEALED_FROM_BYTES, Fault, VerifyFinding
from strandline.model.wanted import RescueReport, WantedFile, choose_found
from strandline.services.proving.prove import Outcome, prove_file
from strandline.services.rescuing.search import OnSearched, Search
from strandline.services.rescuing.wanted import list_wanted
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.trashing.restore import bring_back
from strandline.services.verifying.heal import check_folders, heal_findings, read_file
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.model.image_files import ImageFile
    from strandline.model.image_ids import ImageId


def rescue(
    bench: Workbench,
    wanted: Sequence[WantedFile],
    folders: Sequence[str],
    *,
    dry_run: bool = False,
    on_searched: OnSearched | None = None,
    cancel: threading.Event | None = None,
) -> RescueReport:
    """Looks through the folders for exactly the bytes of these files, and brings them back. Durable when it returns.

    Idempotent, and one that is refused does not stop the others. ``dry_run`` only says what was found. ``cancel``
    ends the search, or the rescue after the file that is being brought back.

    Cost: one ``lstat`` per file in the folders, and a read of each that has the size of something wanted. If the size
    of something wanted is unknown, a read of each picture.

    Raises:
        SourceNotFoundError: One of the folders is not there.
    """
    check_folders(bench, folders)
    search = Search(bench, wanted, on_searched or (lambda *_: None), cancel)
    search.look_through(folders)
    pairs, not_found = choose_found(wanted, lambda content_id: search.found.get(content_id, []))
    done: list[FileChange] = []
    kept: list[FileChange] = []
    refused: list[RefusedChange] = []
    for each, path in pairs:
        if cancel is not None and cancel.is_set():
            search.is_complete = False
            break
        try:
            done += [each.change] if _bring_back(bench, each, path, kept, dry_run=dry_run) else []
        except StrandlineError as error:
            refused.append(each.change.refuse(error))
    plan = tuple(each.change for each, _ in pairs)
    return RescueReport(
        HealReport(plan, tuple(done), tuple(refused), kept=tuple(kept)),
        tuple(not_found),
        search.files,
        search.checked,
        tuple(search.unread),
        search.is_complete,
    )


def heal_known(
    bench: Workbench, sd: StorageDir, image_id: ImageId | None = None, *, dry_run: bool = False
) -> HealReport:
    """Gives the files of one storage directory that the catalog knows to be bad, or those of one image among them,
    their right bytes back, from wherever those are on this machine. Each is read once more before. A missing file is
    not brought back.
    """
    findings: list[VerifyFinding] = []
    refused: list[RefusedChange] = []
    for each in list_wanted(bench, [sd]):
        if each.fault not in HEALED_FROM_BYTES or image_id not in (None, each.image_id):
            continue
        try:
            finding = _look_again(bench, each)
        except StrandlineError as error:
            refused.append(each.change.refuse(error))
        else:
            findings += [] if finding is None else [finding]
    _, report = heal_findings(bench, findings, lambda *_: [], dry_run=dry_run)
    plan = (*report.plan, *(each.change for each in refused))
    return HealReport(plan, report.done, (*report.refused, *refused), kept=report.kept)


def _bring_back(
    bench: Workbench, wanted: WantedFile, path: str, kept: list[FileChange], *, dry_run: bool
) -> bool:
    """Returns whether the file is good now: after a dry run, it is not. Notes another image that was saved before."""
    sd = check_writable(bench, wanted.sd)
    if wanted.fault is Fault.MISSING:
        with ExitStack() as opened:
            copy, written_at = read_file(bench, path, opened)
            if not wanted.image.is_right(copy.sha256):
                raise FileChangedError(f"{path} has other bytes now than when it was found", path=path)
            mtime_ns = wanted.mtime_ns
            if mtime_ns is None and written_at is not None:
                mtime_ns = int(written_at.timestamp() * 1e9)
            bring_back(bench, sd, wanted.path, copy, mtime_ns, dry_run=dry_run)
            return not dry_run
    finding = _look_again(bench, wanted)
    if finding is None:
        return not dry_run
    _, report = heal_findings(bench, [finding], lambda *_: [path], dry_run=dry_run)
    if report.refused:
        raise report.refused[0].error
    kept += report.kept
    return bool(report.done)


def _look_again(bench: Workbench, wanted: WantedFile) -> VerifyFinding | None:
    """What is wrong with the file now. None if nothing is.

    Raises:
        SourceNotFoundError, FileChangedError, UnreadableFileError: Nobody can tell, or it is gone.
    """
    sd = wanted.sd
    folder = bench.folder(sd)
    name = folder.layout.name_of(wanted.path)
    result = prove_file(bench, sd, name)
    fault, found = wanted.fault, None if result.copy is None else result.copy.sha256
    match result.outcome:
        case Outcome.GONE:
            raise SourceNotFoundError(
                f"there is no {folder.where(name)} any more; scan twice, a minute apart, and try again",
                source=wanted.path,
            )
        case Outcome.CHANGING:
            raise FileChangedError(f"{folder.where(name)} is being written now; try again", path=wanted.path)
        case Outcome.UNREADABLE:
            raise UnreadableFileError(f"cannot read {folder.where(name)}: {result.reason}", path=wanted.path)
        case Outcome.GOOD:
            if fault is not Fault.ALTERED or not _is_altered(bench, sd, wanted.path, result.row):
                return None
        case Outcome.BAD:
            assert result.row is not None
            fault = FAULT_OF_STATE.get(result.row.state, Fault.DAMAGED)
    return VerifyFinding(
        sd, wanted.path, wanted.image_id, fault, result.reason, wanted.size_bytes, wanted.sha256, found
    )


def _is_altered(bench: Workbench, sd: StorageDir, path: str, row: ImageFile | None) -> bool:
    """Whether the file is still the one whose bytes changed although nobody wrote to it."""
    with bench.catalog.read() as reader:
        altered = next((each for each in reader.earlier.list_altered(sd.number) if each.path == path), None)
    if altered is None or row is None or row.proof is None:
        return False
    return row.stamp == altered.stamp and row.proof.sha256 != altered.sha256
