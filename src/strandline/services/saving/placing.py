"""Placing: where a new picture is saved in a folder of named pictures, and under which name (SPEC §15).

The place is looked at once for each save, or for each group of saves. The catalog knows all names in the tree, so no
folder is listed for them. A name that the disk has, and the catalog has not, is noticed when it is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING

from strandline.errors import EntryNotFoundError, InvalidInputError, InvalidPathError, StrandlineError
from strandline.folders.disk_errors import disk_errors
from strandline.model.image_files import FileState
from strandline.model.layout import LAYOUTS
from strandline.model.markdown import format_markdown, format_named_markdown
from strandline.model.new_names import iter_names, plan_name
from strandline.model.picture_places import NEWEST, OBSIDIAN_FOLDER, iter_folders
from strandline.model.portable_names import fold_path
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.notes.profiles import OBSIDIAN
from strandline.services.checking.messages import say_saved_not_shown
from strandline.services.storage_dirs.paths import is_accepted

if TYPE_CHECKING:
    import os

    from strandline.folders.port import Folder
    from strandline.model.image_files import ImageFile
    from strandline.model.media_types import MediaType
    from strandline.model.picture_places import PlacesLook
    from strandline.model.reports import ImageInfo
    from strandline.services.saving.intake import TakenSource
    from strandline.services.workbench import Workbench

NAMES_AT_ONCE = 50
"""Names that the catalog is asked about in one statement. Most are free at once; many screenshots have one name."""


class Placing:
    """The place of new pictures in one storage directory."""

    def __init__(self, bench: Workbench, sd: StorageDir, note: str | os.PathLike[str] | None = None) -> None:
        self._bench = bench
        self._sd = sd
        self._folder = bench.folder(sd)
        self.note = None if note is None else _check_note(self._folder, sd, note)

    @cached_property
    def folder(self) -> str:
        """The folder for new pictures, as the disk spells it; empty for the root. It need not exist.

        Raises:
            DiskError: It cannot be searched at this moment.
        """
        with disk_errors("look into", self._sd.path):
            look = self._look
            with self._bench.catalog.read() as reader:
                newest = reader.files.list_newest_paths(self._sd.number, limit=NEWEST)
            for wish in iter_folders(look, newest, self.note):
                with suppress(NotADirectoryError):
                    return self._folder.spell_folder(wish)
        raise AssertionError("the last one is the root")

    @cached_property
    def _look(self) -> PlacesLook:
        return self._folder.look_at_places()

    def find_warning(self, path: str) -> str | None:
        """What to say about a picture at this path: that the person's program does not show it in notes. None if it
        does, or if that cannot be told.
        """
        extension = path.rpartition(".")[2].lower()
        if extension not in OBSIDIAN.not_shown:
            return None
        with suppress(OSError, StrandlineError):
            if OBSIDIAN_FOLDER in self._look.there:
                return say_saved_not_shown(extension, OBSIDIAN)
        return None

    def iter_free_names(
        self, taken: TakenSource, media_type: MediaType, together: Collection[str] = ()
    ) -> Iterator[str]:
        """The paths under which the picture could be saved, best first, without an end: no file in the tree has the
        name, by the catalog and on any system. ``together`` are folded names that others are about to get.

        A path of which the same bytes are gone is free for them.
        """
        now = self._bench.now().astimezone()
        stem, extension = plan_name(taken.original_name, media_type, now, keeps_name=taken.keeps_name)
        names = iter_names(stem, extension)
        prefix = f"{self.folder}/" if self.folder else ""
        while True:
            some = list(islice(names, NAMES_AT_ONCE))
            folded = [fold_path(name) for name in some]
            with self._bench.catalog.read() as reader:
                rows = reader.files.list_rows_with_name(self._sd.number, folded)
            in_use = {fold_path(row.filename) for row in rows if not _is_place_of(row, prefix, taken)}
            for name, key in zip(some, folded, strict=True):
                if key not in in_use and key not in together:
                    yield prefix + name

    def format_markdown(self, path: str, name: str) -> str:
        """The Markdown for the note, or else for a note in the root."""
        return format_named_markdown(path, name, self.note)


def find_folder(bench: Workbench, sd: StorageDir) -> str:
    """The folder in which a new picture would be saved, if it is for no note.

    Raises:
        DiskError: It cannot be searched at this moment.
    """
    if sd.layout is not LayoutKind.NAMED:
        return LAYOUTS[sd.layout].images_folder
    return Placing(bench, sd).folder


def format_markdown_of(bench: Workbench, info: ImageInfo, note: str | os.PathLike[str] | None = None) -> str:
    """The Markdown that shows an image, by its first present file, or else by its first one.

    Raises:
        InvalidPathError, EntryNotFoundError, InvalidInputError: The note is none there, or makes no difference.
    """
    shown = next((file for file in info.files if file.state is FileState.PRESENT), info.files[0])
    name = info.original_name or info.image_id
    if shown.sd.layout is LayoutKind.NAMED:
        checked = None if note is None else _check_note(bench.folder(shown.sd), shown.sd, note)
        return format_named_markdown(shown.path, name, checked)
    check_has_no_note(shown.sd, note)
    return format_markdown(bench.limits.markdown, shown.filename, name)


def check_has_no_note(sd: StorageDir, note: object) -> None:
    """Raises if a note is given, although the pictures of this storage directory are all in one folder.

    Raises:
        InvalidInputError: A note was given.
    """
    if note is not None:
        raise InvalidInputError(
            f"{sd.name!r} keeps its images by id in 'media', whichever note they are for; omit the note"
        )


def _is_place_of(row: ImageFile, prefix: str, taken: TakenSource) -> bool:
    """Whether exactly these bytes were at the path where they would be saved now, and are gone."""
    is_gone = row.state in (FileState.MISSING, FileState.TRASHED) or row.absent_since is not None
    is_same = row.proof is not None and row.proof.sha256 == taken.copy.sha256
    return is_gone and is_same and row.path == prefix + row.filename


def _check_note(folder: Folder, sd: StorageDir, note: str | os.PathLike[str]) -> str:
    """The note's path below the root. It may be given from the root, or absolute.

    Raises:
        InvalidPathError: It is outside of the storage directory.
        EntryNotFoundError: There is no such file.
    """
    given = PurePath(note)
    with suppress(ValueError):
        given = given.relative_to(sd.path)
    path = given.as_posix()
    if given.is_absolute() or ".." in given.parts or not given.parts or not is_accepted(path):
        raise InvalidPathError(
            f"{str(note)[:200]!r} is not a note in {sd.name!r}; give its path from {sd.path}",
            path=str(note)[:200],
        )
    with (
        disk_errors("look at", folder.where(path), FileNotFoundError, NotADirectoryError),
        suppress(FileNotFoundError, NotADirectoryError),
    ):
        if folder.describe(path).kind == "file":
            return path
    raise EntryNotFoundError(f"{sd.name!r} has no note {path[:200]!r}; check the path", path=path[:200])
