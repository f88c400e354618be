"""The tree that a check is about: its notes, pictures, and other files, sorted by what they are for."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from itertools import chain

from strandline.errors import UnreadableFileError
from strandline.folders.file_tree import (
    TreeListing,
    find_linked_folder,
    is_work_tree,
    list_tree,
    look_at_file,
    read_file,
)
from strandline.model.identity.sd_ids import IDENTITY_FILE
from strandline.model.ignored import IGNORE_FILE
from strandline.model.image_ids import ImageId, is_content_id
from strandline.model.layout import ID_LAYOUT
from strandline.model.layout_choice import LAYOUT_FILE
from strandline.model.passed_over import has_old_files, has_settings, is_passed_over
from strandline.model.portable_names import fold_path
from strandline.model.sync_names import NameKind, explain_name, may_be_conflict_copy
from strandline.notes.file_index import FileIndex, folder_of, name_of
from strandline.notes.note_names import NOTE_EXTENSIONS
from strandline.notes.picture_names import EXTENSIONS, is_picture_name, may_name_picture
from strandline.notes.profiles import (
    MKDOCS,
    Scope,
    is_sign,
    list_scopes,
    read_docs_dir,
    with_docs_dir,
)
from strandline.services.checking.texts import ONLY_IN_CLOUD, is_text_elsewhere
from strandline.services.ignored_paths import parse_ignored

FOAM_SETTINGS = ".vscode/settings.json"
MOST_LINKED = 20_000
"""Files behind one link. Their names tell whether a picture may be there."""

MAX_CONFIG_BYTES = 1024 * 1024
"""Larger files are no settings."""

_APPLE_DOUBLE = "._"
"""macOS keeps attributes of ``x.png`` in ``._x.png`` on disks that have none."""


class NoteTree:
    """Everything below a root, from one listing.

    Args:
        root: From where references are resolved.
        below: Only what is at or below this path, relative to the root, is reported.

    Raises:
        OSError: The root cannot be listed.
    """

    def __init__(self, root: str, below: str = "") -> None:
        self.root = root
        self._prefix = os.path.join(root, "")
        self.below = below
        self._listing = list_tree(root, self._enters)
        self.notes: list[str] = []
        self.pictures: list[str] = []
        self.others: list[str] = []
        self._copies_found: dict[str, str | None] = {}
        for folder, names in self._listing.folders.items():
            self._sort(f"{folder}/" if folder else "", names)

    def _enters(self, path: str) -> bool:
        return not is_passed_over(path) or f"{self.below}/".startswith(f"{path}/")

    def _sort(self, prefix: str, names: Iterable[str]) -> None:
        kinds = {"note": self.notes, "picture": self.pictures, "other": self.others}
        for name in names:
            kind = _KIND_OF.get(name.rpartition(".")[2].lower(), "other")
            if kind == "picture" and name.startswith(_APPLE_DOUBLE):
                kind = "other"
            kinds[kind].append(prefix + name)

    @property
    def refused(self) -> dict[str, str]:
        """Folders that could not be listed, and why. What they contain is unknown."""
        return self._listing.refused

    @property
    def folders(self) -> Iterable[str]:
        """The folders that were listed, relative to the root."""
        return filter(None, self._listing.folders)

    @cached_property
    def index(self) -> FileIndex:
        """The pictures, for resolving."""
        unlisted = [*self._listing.not_entered, *self._listing.refused]
        return FileIndex(self.pictures, self._listing.links, unlisted, self.folders)

    @cached_property
    def scopes(self) -> list[Scope]:
        """Which folders follow which rules, the innermost first."""
        signs = [path for path in self._listing.not_entered if is_sign(name_of(path))]
        signs += [path for path in self.others if is_sign(name_of(path))]
        if b'"foam.' in (self._read_config(FOAM_SETTINGS) or b""):
            signs.append(".foam")
        return [self._with_docs_dir(scope) for scope in list_scopes(signs)]

    def _with_docs_dir(self, scope: Scope) -> Scope:
        if scope.profile is not MKDOCS:
            return scope
        for name in ("mkdocs.yml", "mkdocs.yaml"):
            config = self._read_config(scope.join("", name))
            if config is not None and (docs_dir := read_docs_dir(config.decode(errors="replace"))):
                return Scope(scope.folder, with_docs_dir(scope.profile, docs_dir))
        return scope

    def _read_config(self, path: str) -> bytes | None:
        try:
            return read_file(self.locate(path), MAX_CONFIG_BYTES)
        except (OSError, UnreadableFileError):
            return None

    def shows_same_as(self, other: NoteTree) -> bool:
        """Whether both listings show the same files and folders, so that they give the same answers."""
        return self._listing == other._listing

    def locate(self, path: str) -> str:
        """The path on this machine."""
        return self._prefix + path

    def is_there(self, path: str) -> bool:
        """Whether a file is at a path that the listing does not show. One ``lstat``."""
        try:
            return look_at_file(self.locate(path)) is not None
        except OSError:
            return True  # it is unknown, and so not missing

    @cached_property
    def is_in_git(self) -> bool:
        """Whether the root is the root of a work tree."""
        return is_work_tree(self.root)

    def find_hidden(self, name: str) -> str | None:
        """A place that is not listed and may have a file of this name: its path. None if there is none.

        No tool shows what is in a trash or among old versions, so a file there is none.
        """
        found = self._hidden_names.get(fold_path(name))
        return found or next(iter([*self.refused, *self._unlisted_links]), None)

    @cached_property
    def _linked(self) -> dict[str, TreeListing | None]:
        """What is behind the links to folders: only names are looked at. None if it is unknown: more than a person
        links to, or on a disk that may not answer.
        """
        linked = ((link, find_linked_folder(self.locate(link))) for link in self._listing.links)
        return {link: _list_linked(folder) for link, folder in linked if folder is not None}

    def iter_unread_texts(self) -> Iterator[tuple[str, str]]:
        """What may have texts that nobody can read here, and why: placeholders of texts, and links to folders."""
        for path in self.others:
            if is_text_elsewhere(name_of(path)):
                yield path, ONLY_IN_CLOUD
        for path in self._linked:
            yield path, "it leads to another folder, which is not read"

    @property
    def _unlisted_links(self) -> list[str]:
        return [link for link, listing in self._linked.items() if listing is None]

    @cached_property
    def _hidden_names(self) -> dict[str, str]:
        """The names, folded, in folders that are passed over, behind links, and of links to files, each with a place
        where it is.
        """
        names = {fold_path(name_of(link)): link for link in self._listing.links}
        listings = [(link, listing) for link, listing in self._linked.items() if listing is not None]
        for folder in self._listing.not_entered:
            if name_of(folder) != ".git" and not has_old_files(folder):  # neither has what a tool shows
                with suppress(OSError):
                    listings.append((folder, list_tree(self.locate(folder), lambda _path: True)))
        for place, listing in listings:
            names.update(dict.fromkeys(map(fold_path, chain(*listing.folders.values())), place))
        return names

    def find_old_version(self, name: str) -> str | None:
        """The path of a deleted file or an old version that had this name, in the folder of some program."""
        stem, _, extension = name.rpartition(".")
        return self._old_names.get(name) or next(
            (
                path
                for old, path in self._old_names.items()
                if old.startswith(f"{stem}~") and old.endswith(f".{extension}")  # as Syncthing calls them
            ),
            None,
        )

    @cached_property
    def _old_names(self) -> dict[str, str]:
        """The pictures in trashes and among old versions, by name."""
        return {name_of(path): path for path in self.iter_old_pictures()}

    def iter_old_pictures(self) -> Iterator[str]:
        """The paths of the pictures in trashes and among old versions. Cost: a listing of each such folder."""
        for folder in filter(has_old_files, self._listing.not_entered):
            with suppress(OSError):
                for inner, names in list_tree(self.locate(folder), lambda _path: True).folders.items():
                    for name in filter(is_picture_name, names):
                        yield "/".join(filter(None, (folder, inner, name)))

    def has_note_of(self, name: str) -> bool:
        """Whether a wiki link to this name means a note, as ``[[Title.png]]`` means ``Title.png.md``."""
        return fold_path(name) in self._note_titles

    @cached_property
    def _note_titles(self) -> frozenset[str]:
        return frozenset(fold_path(name_of(path).rpartition(".")[0]) for path in self.notes)

    def find_conflict_copy(self, name: str) -> str | None:
        """A conflict copy of the missing file that a sync client left, in any folder. Cost: the copies whose names
        begin like its name, once for each name.
        """
        if name not in self._copies_found:
            self._copies_found[name] = next(self._iter_conflict_copies(name), None)
        return self._copies_found[name]

    def _iter_conflict_copies(self, name: str) -> Iterator[str]:
        stem = name.rpartition(".")[0]
        for other, path in self._copies_by_name[bisect_left(self._copies_by_name, (stem, "")) :]:
            if not other.startswith(stem):
                return
            is_longer_name = other[len(stem) : len(stem) + 1].isalnum()  # no client's mark begins like that
            if not is_longer_name and explain_name(other, name.__eq__).kind is NameKind.CONFLICT_COPY:
                yield path

    @cached_property
    def _copies_by_name(self) -> list[tuple[str, str]]:
        """What may be conflict copies: most pictures are none, and a search tells that at once."""
        named = ((name_of(path), path) for path in (*self.pictures, *self.others))
        return sorted((name, path) for name, path in named if may_be_conflict_copy(name))

    @property
    def has_identity(self) -> bool:
        """Whether the root is a storage directory whose images are named by ids."""
        return IDENTITY_FILE in self._listing.folders[""]

    def find_content_id(self, path: str) -> ImageId | None:
        """What the bytes of a picture must hash to: it is an image of a storage directory with a content id."""
        folder, _, name = path.rpartition("/")
        root, _, inner = folder.rpartition("/")
        around = self._listing.folders.get(root, ())
        if inner != ID_LAYOUT.images_folder or IDENTITY_FILE not in around or LAYOUT_FILE in around:
            return None
        named = ID_LAYOUT.split(name)
        image_id = named[0] if named else None
        return image_id if image_id is not None and is_content_id(image_id) else None

    def is_reported(self, path: str) -> bool:
        """Whether findings about the path are reported: it is below the checked path, and nobody ignores it."""
        is_below = not self.below or path == self.below or path.startswith(f"{self.below}/")
        return is_below and not self._is_ignored(path)

    def count_reported_pictures(self) -> int:
        """How many pictures :meth:`is_reported` is true of."""
        is_all = not self.below and IGNORE_FILE not in self._listing.folders[""]
        return len(self.pictures) if is_all else sum(map(self.is_reported, self.pictures))

    @cached_property
    def _is_ignored(self) -> Callable[[str], bool]:
        lines = self._read_config(IGNORE_FILE)
        return (None if lines is None else parse_ignored(lines)) or (lambda _path: False)

    def iter_stand_ins(self) -> Iterator[tuple[str, str, NameKind]]:
        """The paths of pictures that are not here themselves, each with the placeholder or temporary that is."""
        for path in self.others:
            name = name_of(path)
            if name.startswith(_APPLE_DOUBLE) or not may_name_picture(os.fsencode(name)):
                continue
            meaning = explain_name(name, is_picture_name)
            if meaning.stands_for and meaning.kind in (NameKind.PLACEHOLDER, NameKind.TEMPORARY):
                folder = folder_of(path)
                picture = f"{folder}/{meaning.stands_for}" if folder else meaning.stands_for
                yield picture, path, meaning.kind

    def iter_settings(self) -> Iterator[str]:
        """Files in passed-over folders that may name pictures, such as the settings of Obsidian's plug-ins."""
        for folder in filter(has_settings, self._listing.not_entered):
            try:
                listing = list_tree(self.locate(folder), lambda path: not path.endswith("node_modules"))
            except OSError as error:
                self._listing.refused[folder] = error.strerror or str(error)
                continue
            for inner, names in listing.folders.items():
                yield from ("/".join(filter(None, (folder, inner, name))) for name in names)


def _list_linked(folder: str) -> TreeListing | None:
    if not folder:
        return None
    try:
        listing = list_tree(folder, lambda path: not is_passed_over(path), most=MOST_LINKED)
    except OSError:
        return None
    return listing if not (listing.is_cut or listing.links or listing.refused) else None


_KIND_OF = {**dict.fromkeys(EXTENSIONS, "picture"), **dict.fromkeys(NOTE_EXTENSIONS, "note")}
