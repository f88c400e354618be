"""Taking in: the pictures that are elsewhere in a storage directory are saved in its media folder (SPEC §7).

They stay where they are, because notes point to them. The same bytes are stored once, so a picture that is there
already is read, and not written again. There may be thousands, so the work is done in steps that end in time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from urllib.parse import quote, unquote

from strandline.errors import StorageDirOfflineError, StrandlineError
from strandline.folders.disk_errors import disk_errors
from strandline.folders.port import Folder
from strandline.model.identity.sd_ids import IDENTITY_FILE
from strandline.model.reports import Finding, Saved, TakenIn
from strandline.model.storage_dirs import StorageDir
from strandline.model.suitable_folders import may_be_picture
from strandline.services.saving.entries import read_entry
from strandline.services.saving.intake import NewImage
from strandline.services.saving.save_several import MOST_BYTES, MOST_TOGETHER, save_several
from strandline.services.storage_dirs.presence import refresh
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.workbench import Workbench


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
                copy, modified_at = read_entry(bench, folder, path, opened)
            except StrandlineError as error:
                failed.append(Finding(error.code, error.message, path))
                continue
            images.append((path, NewImage(copy, os.path.basename(path), modified_at)))
            size_bytes += copy.size_bytes
            if size_bytes > MOST_BYTES:
                break
        results = save_several(bench, [image for _, image in images], sd)
    for (path, _), result in zip(images, results, strict=True):
        if isinstance(result, StrandlineError):
            failed.append(Finding(result.code, result.message, path))
        else:
            saved.append(result)
    return done
