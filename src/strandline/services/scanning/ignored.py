"""What is to be left alone in a folder of named pictures: read before each listing, and used until the next one."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from strandline.catalog.image_files.reader import KEYS_AT_ONCE
from strandline.errors import StrandlineError
from strandline.folders.port import Folder
from strandline.model.ignored import IGNORE_FILE, MAX_IGNORE_BYTES, IsIgnored
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.services.ignored_paths import parse_ignored
from strandline.services.workbench import Workbench


def read_ignored(bench: Workbench, sd: StorageDir) -> Folder:
    """The storage directory's folder, which from now on leaves alone what its ``.strandlineignore`` says.

    If it cannot be read now, what it said before holds. Cost: a look, and a read if it is there.
    """
    if sd.layout is LayoutKind.NAMED:
        with suppress(OSError, StrandlineError):
            bench.ignored[sd.path] = look_at_ignored(bench.folder(sd))
    return bench.folder(sd)


def look_at_ignored(folder: Folder) -> IsIgnored | None:
    """What the folder's ``.strandlineignore`` says now. None if there is none, or if it names nothing.

    Raises:
        OSError, UnreadableFileError: It is unknown.
    """
    try:
        data, size_bytes = folder.read_piece(IGNORE_FILE, 0, MAX_IGNORE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return parse_ignored(data) if size_bytes == len(data) else None


def drop_ignored(bench: Workbench, sd: StorageDir, folder: Folder, unlisted: Iterable[str]) -> set[str]:
    """Drops the rows of files that are ignored now. They are not gone, so nothing is told. Returns their names."""
    if folder.layout.ignores is None:
        return set()
    ignored = sorted(name for name in unlisted if folder.layout.is_ignored(name))
    with bench.catalog.read() as reader:
        noteworthy = [row.path for row in reader.files.iter_noteworthy_rows(sd.number)]
    paths = [
        *map(folder.layout.path_of, ignored),
        *(path for path in noteworthy if folder.layout.is_ignored(folder.layout.name_of(path))),
    ]
    for start in range(0, len(paths), KEYS_AT_ONCE):
        with bench.catalog.write() as writer:
            some = paths[start : start + KEYS_AT_ONCE]
            for row in writer.files.find_rows(sd.number, some).values():
                writer.earlier.remember(row, bench.now())
                writer.files.delete_row(row)
    return set(ignored)
