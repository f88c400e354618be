"""Taking in: the pictures that are elsewhere in a storage directory are saved in its media folder (SPEC §7).

They stay where they are, because notes point to them. The same bytes are stored once, so a picture that is there
already is read, and not written again. There may be thousands, so the work is done in steps that end in time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from urllib.parse import quote, unquote

from strandline.errors import StorageDirOfflineError, StrandlineError, UnreadableFileError
from strandline.folders.disk_errors import as_unreadable, disk_errors
from strandline.folders.port import Folder
from strandline.model.identity.sd_ids import IDENTITY_FILE
from strandline.model.reports import Finding, Saved, TakenIn
from strandline.model.storage_dirs import StorageDir
from strandline.model.suitable_folders import may_be_picture
from strandline.services.saving.intake import NewImage, begin_copy
from strandline.services.saving.save_several import MOST_BYTES, MOST_TOGETHER, save_several
from strandline.services.storage_dirs.presence import refresh
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.workbench import Workbench

PIECE_BYTES = 1024 * 1024
"""Read at once."""


def list_pictures_elsewhere(bench: Workbench, sd: StorageDir) -> list[str]:
    """The paths of the files outside the media folder whose extensions are those of pictures, sorted.

    Leaves out hidden files and folders, leftovers of sync clients, links, and other storage directories. None in a
    folder of named pictures: there, they are images where they are. Cost: one ``scandir`` per folder, and one
    ``lstat`` per picture. Reads no bytes.

    Raises:
        StorageDirOfflineError: It is not there now.
        DiskError: It cannot be listed now.
    """
    sd = refresh(bench, sd)
    if not sd.is_reachable:
        raise StorageDirOfflineError(
            f"{sd.name!r} is {sd.state.value}; {sd.problem}", sd_id=sd.sd_id, path=sd.path
        )
    folder = bench.folder(sd)
    if not folder.layout.names_are_ids:
        return []
    with disk_errors("list", sd.path):
        return sorted(entry.path for entry in folder.look_at(_iter_names(folder)) if entry.kind == "file")


def take_in(bench: Workbench, sd: StorageDir, *, after: str = "", limit_s: float | None = None) -> TakenIn:
    """Saves the pictures of :func:`list_pictures_elsewhere`, or those that come after ``after``. Idempotent.

    Stops after the first group that ends beyond ``limit_s``. ``next`` of the result is then the ``after`` to go on
    with. A picture that cannot be saved is a finding, and the others are saved.

    Raises:
        ReadOnlyStorageDirError, CopiedStorageDirError, StorageDirOfflineError, StorageDirIncompleteError: It must not
            be written to.
        DiskError: It cannot be listed now.
    """
    sd = check_writable(bench, sd)
    paths = list_pictures_elsewhere(bench, sd)
    passed = unquote(after, errors="surrogateescape")
    waiting = [path for path in paths if path > passed]
    begun, at = bench.monotonic(), 0
    saved: list[Saved] = []
    failed: list[Finding] = []
    while at < len(waiting):
        at += _take_group(bench, sd, waiting[at : at + MOST_TOGETHER], saved, failed)
        if limit_s is not None and bench.monotonic() - begun >= limit_s:
            break
    following = quote(waiting[at - 1], errors="surrogateescape") if 0 < at < len(waiting) else None
    return TakenIn(tuple(saved), tuple(failed), len(paths) - len(waiting) + at, len(paths), following)


def _iter_names(folder: Folder) -> Iterator[str]:
    """What may be a picture, by its name."""
    others: list[str] = []
    for above, entries in groupby(folder.iter_tree(), key=itemgetter(0)):
        names = [name for _, name in entries]
        if above and IDENTITY_FILE in names:
            others.append(above)
        if any(
            above == other or above.startswith(f"{other}/")
            for other in (folder.layout.images_folder, *others)
        ):
            continue
        for name in names:
            if may_be_picture(name):
                yield f"{above}/{name}" if above else name


def _take_group(
    bench: Workbench, sd: StorageDir, paths: list[str], saved: list[Saved], failed: list[Finding]
) -> int:
    """Saves some of the paths together, at least one. Returns how many."""
    folder, done, size_bytes = bench.folder(sd), 0, 0
    images: list[tuple[str, NewImage]] = []
    with ExitStack() as opened:
        for path in paths:
            done += 1
            try:
                image, image_bytes = _read(bench, folder, path, opened)
            except StrandlineError as error:
                failed.append(Finding(error.code, error.message, path))
                continue
            images.append((path, image))
            size_bytes += image_bytes
            if size_bytes > MOST_BYTES:
                break
        results = save_several(bench, [image for _, image in images], sd)
    for (path, _), result in zip(images, results, strict=True):
        if isinstance(result, StrandlineError):
            failed.append(Finding(result.code, result.message, path))
        else:
            saved.append(result)
    return done


def _read(bench: Workbench, folder: Folder, path: str, opened: ExitStack) -> tuple[NewImage, int]:
    """The file's bytes with its name and time, and its size. Follows no link, and fetches nothing from the cloud.

    Raises:
        UnreadableFileError: It cannot be read now, or changes meanwhile.
    """
    where = os.path.join(folder.root, path)
    writer = opened.enter_context(begin_copy(bench, max_memory_bytes=MOST_BYTES))
    try:
        before = folder.describe(path)
        if not before.is_here:
            raise UnreadableFileError(
                f"the bytes of {where} are in the cloud; have the sync client download it", path=where
            )
        while writer.size_bytes <= bench.limits.save_max_bytes:  # a larger one is refused by the save
            if not (piece := folder.read_piece(path, writer.size_bytes, PIECE_BYTES)[0]):
                break
            writer.write(piece)
        after = folder.describe(path)
    except OSError as error:
        raise as_unreadable(error, where) from error
    if (before.size_bytes, before.mtime_s, before.inode) != (after.size_bytes, after.mtime_s, after.inode):
        raise UnreadableFileError(f"{where} is being written now; take it in when that is done", path=where)
    modified_at = None
    with suppress(ValueError, OverflowError, OSError):  # a time that no calendar has
        modified_at = datetime.fromtimestamp(before.mtime_s, UTC)
    return NewImage(writer.finish(), os.path.basename(path), modified_at), writer.size_bytes
