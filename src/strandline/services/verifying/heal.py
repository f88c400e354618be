"""Healing: a file with wrong bytes gets the right ones back, if they are anywhere within reach (SPEC §17).

The wrong bytes go to the trash first. Under a content id, a save does it. A legacy or named file gets only bytes that
the catalog knows to have been its own, and only if it still has exactly the wrong ones that were found.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from strandline.errors import (
    DiskError,
    EntryNotFoundError,
    FileChangedError,
    ImageArrivingError,
    SourceNotFoundError,
    StrandlineError,
    UnreadableFileError,
)
from strandline.folders.disk_errors import disk_errors
from strandline.folders.port import Folder, SaveMode
from strandline.model.changes import FileChange, HealReport, RefusedChange, change_of
from strandline.model.image_ids import content_id_of, is_content_id
from strandline.model.media_types import SNIFF_BYTES
from strandline.model.reports import Saved
from strandline.model.states import choose_mtime
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.model.trash import TrashReason
from strandline.model.verification import HEALED_FROM_BYTES, Fault, VerifyFinding
from strandline.services.finding.originals import find_original_among
from strandline.services.finding.search import find_image
from strandline.services.proving.prove import prove_file
from strandline.services.saving.entries import read_entry
from strandline.services.saving.foreign import keep_foreign
from strandline.services.saving.save import save_image
from strandline.services.steps import Steps
from strandline.services.storage_dirs.paths import can_be_path, shorten
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.trashing.replace import replace_file
from strandline.services.trashing.trash import open_bytes
from strandline.services.verifying.given_folders import GivenFolders
from strandline.services.verifying.quiet import QuietFiles
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from datetime import datetime

    from strandline.folders.port import AsideCopy, ProofCopy, WrittenFile
    from strandline.model.image_files import ImageFile


class Replacing(NamedTuple):
    """How the wrong bytes are replaced."""

    reason: TrashReason = TrashReason.REPLACED
    """Why they are in the trash."""
    mtime_ns: int | None = None
    """The time that the file gets. None is that of its writing: sync clients then take it to the other machines."""


NO_VERSION = Replacing()
"""They are wrong, and not what somebody may want back."""

ListFiles = Callable[[VerifyFinding, str | None], Iterable[str]]
"""Files on this machine that may have the right bytes of a finding, whose SHA-256 may be known. None of them is
believed. It may end with ``EntryNotFoundError``, which says where it did not look.
"""


def heal(
    bench: Workbench,
    findings: Iterable[VerifyFinding],
    folders: Sequence[str] = (),
    *,
    dry_run: bool = False,
    cancel: threading.Event | None = None,
) -> tuple[list[VerifyFinding], HealReport]:
    """Gives the files of the findings their right bytes back. Returns the findings as they are now, and what was
    done.

    The bytes come from another file of the image, a conflict copy, the trash, one of the given ``folders``, or the
    file that it was saved from. A file that is gone is not brought back: somebody may have deleted it. Durable when
    it returns. ``dry_run`` only says which files have good bytes somewhere. ``cancel`` stops before the next file.

    Cost: a read of each good file; and for ``folders`` one listing, and a read of each file in them that has the
    right size, or, if nobody knows the size, of each picture.

    Raises:
        SourceNotFoundError: One of the folders is not there.
    """
    check_folders(bench, folders)
    given = GivenFolders(bench, folders)
    return heal_findings(bench, findings, given.iter_files, dry_run=dry_run, cancel=cancel)


def heal_findings(
    bench: Workbench,
    findings: Iterable[VerifyFinding],
    list_files: ListFiles,
    *,
    dry_run: bool = False,
    how: Replacing = NO_VERSION,
    cancel: threading.Event | None = None,
) -> tuple[list[VerifyFinding], HealReport]:
    """The same, with the files that a person has elsewhere."""
    done: list[FileChange] = []
    kept: list[FileChange] = []
    refused: list[RefusedChange] = []
    after: list[VerifyFinding] = []
    findings, quiet = list(findings), QuietFiles(bench)
    if not dry_run:
        _look_at_all(quiet, findings)
    steps = Steps(findings, cancel)
    for finding in steps:
        if finding.fault not in HEALED_FROM_BYTES:
            after.append(finding)
            continue
        try:
            saved = _heal(bench, finding, list_files, None if dry_run else quiet, how)
        except StrandlineError as error:
            refused.append(finding.change.refuse(error))
            after.append(finding)
        else:
            done += [] if dry_run else [finding.change]
            if saved is not None and saved.new:
                kept.append(change_of(finding.sd, saved.path, saved.image_id, saved.size_bytes))
            kept_as = None if saved is None else saved.path
            after.append(finding if dry_run else replace(finding, is_healed=True, kept_as=kept_as))
    after += findings[len(after) :]
    plan = tuple(finding.change for finding in findings if finding.fault in HEALED_FROM_BYTES)
    return after, HealReport(plan, tuple(done), tuple(refused), steps.complete, tuple(kept))


def _look_at_all(quiet: QuietFiles, findings: Iterable[VerifyFinding]) -> None:
    """The first look at each file that is to be healed, so that they all become quiet together."""
    for finding in findings:
        if finding.fault in HEALED_FROM_BYTES:
            folder = quiet.bench.folder(finding.sd)
            with suppress(StrandlineError):  # the look before it is healed says it
                quiet.look_at(folder, folder.layout.name_of(finding.path))


def check_folders(bench: Workbench, folders: Iterable[str]) -> None:
    """Raises ``SourceNotFoundError`` if one of the folders that a person names is not there."""
    for path in folders:
        if not can_be_path(path):
            raise SourceNotFoundError(
                f"there is no folder {shorten(path)!r}; check the path", source=shorten(path)
            )
        try:
            bench.folder_at(os.path.abspath(path)).find_real_root()
        except OSError as error:
            raise SourceNotFoundError(
                f"there is no folder {path} ({error.strerror or error}); check the path", source=path
            ) from error


def _heal(
    bench: Workbench,
    finding: VerifyFinding,
    list_files: ListFiles,
    quiet: QuietFiles | None,
    how: Replacing,
) -> Saved | None:
    """Heals one file, or without ``quiet`` only looks for its bytes.

    Returns what somebody's foreign image under its id was saved as, if there was one.
    """
    sd = check_writable(bench, finding.sd)
    folder = bench.folder(sd)
    name = folder.layout.name_of(finding.path)
    if finding.fault is Fault.ARRIVING and not _is_promised(sd, finding):
        raise ImageArrivingError(
            f"{folder.where(name)} may be arriving in a new version, which older bytes must not replace; if it stays "
            "as it is for a day, it is damaged, and can be healed",
            path=finding.path,
        )
    with ExitStack() as opened:
        copy = _find_good(bench, sd, finding, list_files, opened)
        if quiet is None:
            return None
        quiet.wait_for(folder, name)
        if not _is_promised(sd, finding):
            _replace(bench, sd, folder, name, finding, copy, how)
            return None
        kept = keep_foreign(bench, sd, name, prove_file(bench, sd, name))
        if name == _name_for(folder, finding, copy):
            save_image(bench, copy, sd, image_id=finding.image_id)
        else:
            _replace(bench, sd, folder, name, finding, copy)
        return kept


def _is_promised(sd: StorageDir, finding: VerifyFinding) -> bool:
    """Whether the file's name says which bytes it must have, now and always."""
    return finding.image_id is not None and sd.layout is LayoutKind.IDS and is_content_id(finding.image_id)


def _name_for(folder: Folder, finding: VerifyFinding, copy: ProofCopy) -> str | None:
    """The name under which a save would write the image: in lower case, with the extension of its type."""
    media_type = folder.layout.sniff(bytes(copy.buffer[:SNIFF_BYTES]))
    if media_type is None or finding.image_id is None:
        return None
    return folder.layout.name_for(finding.image_id, media_type)


def _find_good(
    bench: Workbench, sd: StorageDir, finding: VerifyFinding, list_files: ListFiles, opened: ExitStack
) -> ProofCopy:
    """Bytes that are right, read just now.

    Raises:
        EntryNotFoundError: There are none within reach, or nobody knows what they were.
    """
    image_id, sha256 = finding.image_id, finding.sha256
    is_promised = _is_promised(sd, finding)
    if sha256 is None and not is_promised:
        raise EntryNotFoundError(
            f"nobody knows which bytes {finding.path} had when it was good, so nothing can stand for them",
            path=finding.path,
        )

    def is_right(found: str) -> bool:
        return content_id_of(found) == image_id if is_promised else found == sha256

    errors: list[StrandlineError] = []
    for copy in _iter_copies(bench, finding, sha256, list_files, opened, errors):
        if is_right(copy.sha256):
            return copy
    for error in errors:
        if isinstance(error, DiskError) and not isinstance(error, UnreadableFileError):
            raise error  # the right bytes may be there
    too_many = next((error.message for error in errors if isinstance(error, EntryNotFoundError)), None)
    raise EntryNotFoundError(
        f"no file within reach has the right bytes of {finding.path}; {too_many or 'look for them in a backup'}",
        path=finding.path,
    )


def _iter_copies(
    bench: Workbench,
    finding: VerifyFinding,
    sha256: str | None,
    list_files: ListFiles,
    opened: ExitStack,
    errors: list[StrandlineError],
) -> Iterator[ProofCopy]:
    """Bytes that may be right, the likeliest first. What cannot be read is passed over, with its error."""
    images = (finding.image_id, None if sha256 is None else content_id_of(sha256))
    for image_id in dict.fromkeys(images):
        with _noting(errors):
            found = None if image_id is None else find_image(bench, image_id)
            if found is not None:
                opened.callback(found.close)
                yield found.lend_copy()
    with bench.catalog.read() as reader:
        entries = reader.trash.list_trashed_bytes(sha256, finding.image_id)
        rows: list[ImageFile] = []
        if finding.image_id is not None:
            rows = reader.files.list_rows_of_image(finding.image_id)
    for entry in entries:
        with _noting(errors):
            yield open_bytes(bench, entry, opened)
    with _noting(errors):
        for path in list_files(finding, sha256):
            with _noting(errors):
                yield read_file(bench, path, opened)[0]
    if finding.image_id is not None:
        original = find_original_among(bench, finding.image_id, rows, sha256)
        if original is not None:
            with _noting(errors):
                yield read_file(bench, original, opened)[0]


@contextmanager
def _noting(errors: list[StrandlineError]) -> Iterator[None]:
    try:
        yield
    except StrandlineError as error:
        errors.append(error)


def read_file(bench: Workbench, path: str, opened: ExitStack) -> tuple[ProofCopy, datetime | None]:
    """The bytes of any file, and when it was last written to. Raises ``UnreadableFileError``."""
    folder, name = os.path.dirname(path), os.path.basename(path)
    return read_entry(bench, bench.folder_at(folder), name, opened)


def _replace(
    bench: Workbench,
    sd: StorageDir,
    folder: Folder,
    name: str,
    finding: VerifyFinding,
    copy: ProofCopy,
    how: Replacing = NO_VERSION,
) -> None:
    """Puts the right bytes in place of exactly the wrong ones that were found, which go to the trash first."""
    where = folder.where(name)
    image_id = finding.image_id or content_id_of(copy.sha256)
    if how.reason is TrashReason.VERSION and finding.found_sha256 is not None:
        image_id = content_id_of(finding.found_sha256)  # a picture of its own, not a bad file of the other
    mtime_ns = None if how.mtime_ns is None else choose_mtime(how.mtime_ns, bench.now())

    def is_judged(copied: AsideCopy) -> bool:
        return copied.sha256 in (finding.found_sha256, copy.sha256)

    def write(allowed: Callable[[], bool]) -> WrittenFile | None:
        check_writable(bench, sd)
        with suppress(FileExistsError), copy.open() as data:
            return folder.write_image(name, data, SaveMode.REPLACE, allowed, mtime_ns=mtime_ns)
        return None

    key = (sd.number, name)
    bench.being_saved.add(key)
    try:
        with disk_errors("write", where):
            done = replace_file(bench, sd, name, image_id, how.reason, is_judged=is_judged, write=write)
    finally:
        bench.being_saved.discard(key)
    if done is None:
        raise FileChangedError(
            f"{where} has other bytes now than were found; verify again", path=finding.path
        )
    trashed = done[1]
    with bench.catalog.write(durable=True) as writer:
        writer.trash.insert_trashed(trashed)
        if finding.fault is Fault.ALTERED:
            writer.earlier.forget_altered(sd.number, finding.path)
    prove_file(bench, sd, name)
