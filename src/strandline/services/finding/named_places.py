"""Named places: the files that a path or a name may mean, without asking which images they are.

A path is first taken as it is, and then without the Unicode form: Macs write the ü of ``Küche`` as two characters,
keyboards as one, and Linux tells them apart.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from unicodedata import normalize

from strandline.errors import AmbiguousImageIdError, UnreadableFileError
from strandline.folders.file_tree import list_alike
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.services.scanning.ignored import read_ignored
from strandline.services.storage_dirs.paths import can_be_path, find_real_path, spell_path
from strandline.services.workbench import Workbench


def list_places(bench: Workbench, text: str) -> Iterator[tuple[StorageDir, str]]:
    """The files that the text may mean, each with its storage directory, by the first way that finds any. Blanks
    around it belong to the name if a file is called so.
    """
    with bench.catalog.read() as reader:
        sds = reader.sds.list_storage_dirs()
    for each in dict.fromkeys((text, text.strip())):
        if found := list(_list_exact(bench, sds, each)):
            yield from found
            return


def _list_exact(bench: Workbench, sds: list[StorageDir], text: str) -> Iterator[tuple[StorageDir, str]]:
    inside = find_storage_dir(bench, sds, text)
    given = [] if inside is None else [inside]
    path = text.replace(os.sep, "/").removeprefix("./")
    reachable = [(sd, path) for sd in sds if sd.is_reachable]
    for places in (given, reachable):
        if exact := [(sd, _spell(bench, sd, path)) for sd, path in places if is_file(bench, sd, path)]:
            yield from exact
            return
    if alike := _list_alike(bench, sds, text, [*given, *reachable]):
        yield from alike
    elif "/" not in path:
        for form in dict.fromkeys((path, normalize("NFC", path), normalize("NFD", path))):
            if called := _list_called(bench, sds, form):
                yield from called
                return


def _list_alike(
    bench: Workbench, sds: list[StorageDir], text: str, places: list[tuple[StorageDir, str]]
) -> list[tuple[StorageDir, str]]:
    """The file at the path in another Unicode form, as other systems spell it. Empty if there is none.

    Raises:
        AmbiguousImageIdError: There are several in one storage directory.
    """
    if text.isascii():
        return []
    inside = find_storage_dir(bench, sds, spell_path(bench, text)) if can_be_path(text) else None
    if inside is not None and is_file(bench, *inside):
        return [inside]
    alike = {
        (sd, each): None
        for sd, path in places
        if bench.folder(sd).is_local
        for each in list_alike(sd.path, path)
        if is_file(bench, sd, each)
    }
    if len({sd for sd, _ in alike}) < len(alike):
        raise AmbiguousImageIdError(
            f"{len(alike)} files have the path {text} in different Unicode forms; give the id of the image",
            value=text,
            candidates=[],
        )
    return list(alike)


def _spell(bench: Workbench, sd: StorageDir, path: str) -> str:
    """The path of a file that is there, as the disk spells it: some disks find it under other spellings."""
    with bench.catalog.read() as reader:
        row = reader.files.find_row(sd.number, path)
    is_known = row is not None and row.absent_since is None
    if is_known or sd.layout is LayoutKind.IDS or not bench.folder(sd).is_local:
        return path
    alike = list_alike(sd.path, path)
    return alike[0] if len(alike) == 1 else path


def _list_called(bench: Workbench, sds: list[StorageDir], name: str) -> list[tuple[StorageDir, str]]:
    """The files of this name in any folder, or else those of images by id that were saved under it."""
    with bench.catalog.read() as reader:
        images = reader.origins.list_images_named(name)
        rows = [row for image in images for row in reader.files.list_rows_of_image(image)]
    by_number = {sd.number: sd for sd in sds}
    here = [row for row in rows if row.absent_since is None and by_number[row.sd].is_reachable]
    # Of a file that has just gone, no scan knows yet.
    called = [row for row in here if row.filename == name and is_file(bench, by_number[row.sd], row.path)]
    # By id, a file never has the name that people know, so the original name counts. A named picture that was renamed
    # has the name no more.
    by_id = [row for row in here if by_number[row.sd].layout is LayoutKind.IDS]
    return [(by_number[row.sd], row.path) for row in called or by_id]


def find_storage_dir(bench: Workbench, sds: list[StorageDir], text: str) -> tuple[StorageDir, str] | None:
    """The storage directory that a path on this machine leads into, and the rest of the path. The innermost."""
    if not can_be_path(text):
        return None
    given = os.path.abspath(os.path.expanduser(text))
    above = os.path.dirname(given)
    real = os.path.join(find_real_path(bench, above) or above, os.path.basename(given))
    found = [
        (sd, os.path.relpath(path, sd.path).replace(os.sep, "/"))
        for sd in sds
        for path in (given, real)
        if path.startswith(sd.path.rstrip(os.sep) + os.sep)
    ]
    return max(found, key=lambda each: len(each[0].path), default=None)


def is_file(bench: Workbench, sd: StorageDir, path: str) -> bool:
    """Whether a picture is at exactly this path of the storage directory. One ``lstat``.

    Raises:
        UnreadableFileError: The disk does not say.
    """
    folder = read_ignored(bench, sd)
    name = folder.layout.find_name(path)
    if name is None or folder.layout.split(name) is None:
        return False
    try:
        return bool(folder.probe([name]))
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise UnreadableFileError(
            f"{folder.where(name)} cannot be looked at now: {error.strerror or error}",
            path=str(folder.where(name)),
        ) from error
