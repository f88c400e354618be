"""A folder that the operating system shows: on a disk of this machine, on a share, or behind a FUSE mount.

The first kind of :class:`~strandline.folders.port.Folder`. Each call has the limit that fits it
(``timed_calls``). A write gets more time the more bytes it has.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from strandline import folders as parts
from strandline.errors import StrandlineError
from strandline.folders.disk_errors import disk_errors
from strandline.folders.filesystems import MountKind
from strandline.folders.media_folder import (
    find_folder_mtime_ns,
    find_spellings,
    find_touched,
    find_unreadable,
    is_evicted,
    iter_names,
    look_again,
    open_image_file,
    probe_names,
)
from strandline.folders.odd_names import NO_ODD_NAMES
from strandline.folders.opening import OpenedFile, can_be_dataless
from strandline.folders.plain_identity import read_plain_identity
from strandline.model.layout import ID_LAYOUT, Layout
from strandline.model.values import dataclass

if TYPE_CHECKING:
    from strandline.folders.identity_writes import AppliedIdentity
    from strandline.folders.odd_names import OddNames
    from strandline.folders.open_images import LocalOpenImage
    from strandline.folders.opened_folders import OpenedFolder
    from strandline.folders.port import SaveMode
    from strandline.folders.proof_copies import Hashed, Reading
    from strandline.folders.saving import WrittenFile
    from strandline.folders.setting_aside import AsideCopy
    from strandline.folders.timed_calls import TimedCalls
    from strandline.folders.tree import Entry, FoundFile, PathPage
    from strandline.model.identity.anchors import AnchorLook
    from strandline.model.identity.decisions import IdentityDecision
    from strandline.model.identity.sd_ids import StorageDirId
    from strandline.model.identity.sightings import IdentitySighting
    from strandline.model.image_files import FileStamp
    from strandline.model.image_ids import ImageId
    from strandline.model.layout_choice import LayoutLook
    from strandline.model.listing import MediaListing
    from strandline.model.name_ranges import NameRange
    from strandline.model.picture_places import PlacesLook
    from strandline.model.storage_dirs import LayoutKind

SLOWEST_BYTES_PER_S = 256 * 1024
"""A write gets an extra second for this many bytes: a share may send them all in the last step, the fsync."""

_NEVER_READ_UNASKED = (MountKind.FUSE, MountKind.WEBDAV)
"""Reading there would download from the cloud (SPEC §6)."""


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """The place of a storage directory in a file system: its path and its current mount."""

    calls: TimedCalls
    layout: Layout = ID_LAYOUT

    # --- what kind of place it is -----------------------------------------------------------------------------

    @property
    def root(self) -> str:
        """The path."""
        return self.calls.root

    @property
    def place(self) -> str:
        """The mount."""
        return self.calls.mount.place

    @property
    def kind(self) -> str:
        """The file system's type."""
        return self.calls.mount.fstype

    @property
    def is_local(self) -> bool:
        """A disk of this machine, or memory."""
        return self.calls.is_local

    @property
    def tells_changes(self) -> bool:
        """Changes made elsewhere send no notice through a share."""
        return self.is_local

    @property
    def may_be_read_unasked(self) -> bool:
        """Not through FUSE or WebDAV."""
        return self.calls.mount.kind not in _NEVER_READ_UNASKED

    @property
    def keeps_inodes(self) -> bool:
        """By the file system's type."""
        return self.calls.mount.keeps_inodes

    @property
    def keeps_ctimes(self) -> bool:
        """Local POSIX disks do."""
        return self.calls.mount.keeps_ctimes

    @property
    def may_respell_names(self) -> bool:
        """Many file systems do."""
        return True

    @property
    def reads_at_once(self) -> int:
        """A disk has one head, or is faster than the hashing."""
        return 1

    @property
    def can_list_some(self) -> bool:
        """No system call does."""
        return False

    @property
    def lets_files_go(self) -> bool:
        """Into the trash."""
        return True

    # --- images -----------------------------------------------------------------------------------------------

    def where(self, name: str) -> str:
        """The path of an image."""
        path = self.layout.path_of(name).rstrip("/")
        return os.path.join(self.root, *path.split("/")) if path else self.root

    def list_images(
        self, *, comparing: bool, on_progress: Callable[[int], None] | None = None
    ) -> MediaListing:
        """One ``scandir``, one ``lstat`` a file."""
        from strandline.model.listing import MediaListing

        listing = MediaListing([])
        list_all = parts.media_listing.list_media_folder
        if self._is_tree:
            list_all = partial(parts.media_listing.list_named_pictures, is_ignored=self.layout.ignores)

        def list_them() -> MediaListing:
            return list_all(
                self.root,
                keeps_inodes=self.keeps_inodes,
                comparing=comparing,
                on_progress=on_progress,
                into=listing,
            )

        return self.calls.patient(
            list_them, kind="listings", progress=lambda: len(listing.lines) + len(listing.odd)
        )

    def list_some(self, names: NameRange, *, limit: int) -> MediaListing:
        """A folder is listed whole, and in no order."""
        from strandline.model.listing import take_range

        return take_range(self.list_images(comparing=False), names, limit)

    def list_names(self) -> set[str]:
        """One ``scandir`` per folder."""
        names: set[str] = set()
        iter_all = parts.tree.iter_tree_names if self._is_tree else iter_names
        self.calls.patient(
            lambda: names.update(iter_all(self.root)), kind="listings", progress=lambda: len(names)
        )
        return names

    def has_images_folder(self) -> bool:
        """One ``lstat``."""
        return self.calls.small(lambda: _exists(os.path.join(self.root, self.layout.images_folder)))

    def find_changed_ns(self) -> int | None:
        """The folder's mtime. A tree has none that moves with each of its names."""
        if self._is_tree:
            return None
        return self.calls.small(lambda: find_folder_mtime_ns(self.root))

    def probe(self, names: Iterable[str]) -> list[tuple[str, FileStamp]]:
        """One ``lstat`` a name."""
        return self.calls.patient(
            lambda: probe_names(self.root, names, keeps_inodes=self.keeps_inodes, folder=self._images)
        )

    def look_again(self, names: Collection[str]) -> dict[str, FileStamp | None]:
        """One ``lstat`` a name."""
        again: dict[str, FileStamp | None] = {}
        try:
            return self.calls.patient(
                lambda: look_again(
                    self.root, names, keeps_inodes=self.keeps_inodes, folder=self._images, into=again
                ),
                progress=lambda: len(again),
            )
        except TimeoutError:
            return {}

    def find_touched(self, ctimes: Mapping[str, int]) -> list[str]:
        """One ``lstat`` a name."""
        try:
            return self.calls.patient(lambda: find_touched(self.root, ctimes, self._images))
        except TimeoutError:
            return []

    def find_unreadable(self, names: Iterable[str]) -> list[str]:
        """Asks the system about each, without opening it."""
        return self.calls.patient(lambda: find_unreadable(self.root, names, self._images))

    def find_spellings(self, names: Sequence[str], odd_spellings: Collection[str]) -> list[str]:
        """Asks the file system whether it folds letter case."""
        return self.calls.patient(lambda: find_spellings(self.root, names, odd_spellings))

    def find_odd_names(self, image_id: ImageId) -> OddNames:
        """One ``lstat``, and a listing if that is due. Human names have no odd spellings: nothing is looked at."""
        if not self.layout.names_are_ids:
            return NO_ODD_NAMES
        return self.calls.patient(lambda: self.calls.means.odd_names.find(self.root, image_id))

    def is_evicted(self, name: str) -> bool:
        """One ``lstat``, and none on Linux."""
        if not can_be_dataless():
            return False
        try:
            return self.calls.small(lambda: is_evicted(self._path(name)))
        except TimeoutError:
            return False

    def open_image(self, name: str) -> LocalOpenImage:
        """Through the descriptor of the images' folder; follows no link."""
        file = self.calls.fetching(self._path(name), lambda: self._open(name), late=OpenedFile.close)
        return parts.open_images.LocalOpenImage(self.calls, file)

    def read_image(self, name: str) -> Reading:
        """One open, one read, one hash."""
        path, means = self._path(name), self.calls.means

        def read() -> Reading:
            with self._open(name) as opened:
                copy = parts.proof_copies.read_proof_copy(
                    opened,
                    max_memory_bytes=means.max_memory_bytes,
                    limit_bytes=means.read_max_bytes,
                    scratch=means.scratch,
                )
                return parts.proof_copies.Reading(copy, is_replaced=not opened.is_named_by(path))

        return self.calls.fetching(path, read, late=lambda reading: reading.copy.close())

    def hash_image(self, name: str, *, limit_bytes: int) -> Hashed:
        """One open. Its limit restarts with each piece that was read."""
        read_bytes = 0

        def count(size_bytes: int) -> None:
            nonlocal read_bytes
            read_bytes += size_bytes

        def hash_it() -> Hashed:
            with self._open(name) as opened:
                return parts.proof_copies.hash_file(opened, limit_bytes=limit_bytes, on_progress=count)

        return self.calls.patient(hash_it, progress=lambda: read_bytes)

    def _path(self, name: str) -> str:
        return f"{self.root}/{self.layout.path_of(name)}"

    def _open(self, name: str) -> OpenedFile:
        return open_image_file(self.root, name, keeps_inodes=self.keeps_inodes, folder=self._images)

    @property
    def _images(self) -> str:
        return self.layout.images_folder

    @property
    def _is_tree(self) -> bool:
        return not self.layout.images_folder

    # --- writing ----------------------------------------------------------------------------------------------

    def write_image(
        self,
        name: str,
        source: bytes | BinaryIO,
        mode: SaveMode,
        allowed: Callable[[], bool],
        *,
        mtime_ns: int | None = None,
    ) -> WrittenFile:
        """By the first of three ways that the file system allows (``saving``)."""
        folder, last, opening = self._way_to(name)
        given_up = threading.Event()

        def write() -> WrittenFile:
            return parts.saving.write_whole(
                folder,
                last,
                source,
                scratch=self.calls.means.scratch,
                mode=mode,
                lone_rename_allowed=lambda: not given_up.is_set() and allowed(),
                keeps_inodes=self.keeps_inodes,
                mtime_ns=mtime_ns,
                opening=opening,
            )

        size_bytes = len(source) if isinstance(source, bytes) else _size_of(source)
        try:
            return self._with_kept_times(self.calls.patient(write, more_s=size_bytes / SLOWEST_BYTES_PER_S))
        except BaseException:
            given_up.set()
            raise

    def write_new_images(
        self, files: Sequence[tuple[str, bytes, int | None]], allowed: Callable[[str], bool]
    ) -> list[WrittenFile | OSError | StrandlineError]:
        """One sync of each folder for all names in it."""
        given_up = threading.Event()
        by_folder: dict[str, list[int]] = {}
        for number, (name, _, _) in enumerate(files):
            prefix = name[: name.rfind("/") + 1] if self._is_tree else ""
            by_folder.setdefault(prefix, []).append(number)

        def write_in(prefix: str, numbers: list[int]) -> list[WrittenFile | OSError | StrandlineError]:
            folder, _, opening = self._way_to(prefix)
            return parts.saving.write_several(
                folder,
                [(files[number][0].removeprefix(prefix), *files[number][1:]) for number in numbers],
                scratch=self.calls.means.scratch,
                lone_rename_allowed=lambda last: not given_up.is_set() and allowed(prefix + last),
                keeps_inodes=self.keeps_inodes,
                opening=opening,
            )

        def write() -> list[WrittenFile | OSError | StrandlineError]:
            results: dict[int, WrittenFile | OSError | StrandlineError] = {}
            for prefix, numbers in by_folder.items():
                results.update(zip(numbers, write_in(prefix, numbers), strict=True))
            return [results[number] for number in range(len(files))]

        size_bytes = sum(len(data) for _, data, _ in files)
        try:
            written = self.calls.patient(write, more_s=len(files) + size_bytes / SLOWEST_BYTES_PER_S)
        except BaseException:
            given_up.set()
            raise
        return [
            result if isinstance(result, OSError | StrandlineError) else self._with_kept_times(result)
            for result in written
        ]

    def _with_kept_times(self, written: WrittenFile) -> WrittenFile:
        return written if self.keeps_ctimes else replace(written, ctime_ns=None)

    def ensure_durable(self, name: str) -> None:
        """An fsync of the file and its folder."""
        folder, last, opening = self._way_to(name, make=False)
        self.calls.patient(lambda: parts.saving.ensure_durable(folder, last, opening=opening))

    def _way_to(
        self, name: str, *, make: bool = True
    ) -> tuple[Path, str, Callable[[Path], AbstractContextManager[OpenedFolder]]]:
        """The folder of a name, for messages, its last part, and how the folder is opened, and made if it is not
        there. In a tree, through no link on the way.
        """
        if not self._is_tree:
            folders = parts.opened_folders
            opening = folders.open_or_make_folder if make else folders.open_folder
            return Path(self.root, self._images), name, opening
        above, slash, last = name.rpartition("/")

        def open_it(_: Path) -> AbstractContextManager[OpenedFolder]:
            return parts.opened_folders.open_below(Path(self.root), above or slash, make=make)

        return Path(self.root, above), last, open_it

    def open_shelf(self) -> None:
        """The home's trash is for them."""
        return

    def put_aside(self, name: str, folder: Path, aside: str) -> AsideCopy:
        """Reads it once."""
        above, last, opening = self._way_to(name, make=False)
        return self.calls.fetching(
            self._path(name),
            lambda: parts.setting_aside.copy_aside(
                above,
                last,
                folder,
                aside,
                scratch=self.calls.means.scratch,
                keeps_inodes=self.keeps_inodes,
                opening=opening,
            ),
        )

    def move_aside(
        self, name: str, folder: Path, aside: str, judge: Callable[[AsideCopy], None]
    ) -> AsideCopy:
        """A rename on one disk, otherwise a copy and an unlink."""
        above, last, opening = self._way_to(name, make=False)
        given_up = threading.Event()

        def judge_in_time(copy: AsideCopy) -> None:
            if given_up.is_set():
                raise TimeoutError
            judge(copy)

        def move() -> AsideCopy:
            return parts.setting_aside.move_aside(
                above,
                last,
                folder,
                aside,
                judge_in_time,
                scratch=self.calls.means.scratch,
                keeps_inodes=self.keeps_inodes,
                opening=opening,
            )

        try:
            return self.calls.fetching(self._path(name), move)
        except BaseException:
            given_up.set()
            raise

    def remove_leftovers(self, now: datetime) -> tuple[str, ...]:
        """In the root and the images' folder; only files that a note in scratch marks as ours. In a tree, where the
        notes say.
        """
        root, scratch = Path(self.root), self.calls.means.scratch

        def remove() -> tuple[str, ...]:
            if self._is_tree:
                return parts.temporaries.remove_noted_temporaries(root, scratch=scratch, now=now)
            removed: list[str] = []
            for folder in (root, root / self._images):
                if folder.is_dir() and not folder.is_symlink():
                    removed += parts.temporaries.remove_own_temporaries(folder, scratch=scratch, now=now)
            return tuple(removed)

        with disk_errors("list", self.root):
            return self.calls.patient(remove, kind="listings")

    def find_guarantees(self, *, forgets: bool = False) -> None:  # noqa: ARG002
        """The operating system's are known."""
        return

    def recall_guarantees(self) -> None:
        """None are needed."""
        return

    def ask_time(self) -> None:
        """A file system has no clock of its own."""
        return

    # --- identity ---------------------------------------------------------------------------------------------

    def read_identity(self) -> StorageDirId | None:
        """One open, fstat and read."""
        return self.calls.small(lambda: read_plain_identity(self.root))

    def look_at_identity(self) -> IdentitySighting:
        """A listing of the root, and a look at each file that concerns the identity."""
        try:
            return self.calls.small(lambda: parts.identity_files.look_at_identity(Path(self.root)))
        except TimeoutError:
            return parts.identity_files.look_without_answer()

    def apply_identity(self, decision: IdentityDecision) -> AppliedIdentity:
        """Small files, written whole."""
        with disk_errors("write the identity in", self.root):
            return self.calls.patient(
                lambda: parts.identity_writes.apply_identity(
                    Path(self.root), decision, scratch=self.calls.means.scratch
                )
            )

    def write_layout(self, kind: LayoutKind) -> None:
        """A small file, written whole."""
        with disk_errors("write the layout in", self.root):
            self.calls.patient(
                lambda: parts.identity_writes.write_layout(
                    Path(self.root), kind, scratch=self.calls.means.scratch
                )
            )

    def find_place(self) -> tuple[int, int] | None:
        """Device and inode: if they are equal, two paths lead to one folder."""
        try:
            found = self.calls.small(lambda: os.stat(self.root))
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def find_real_root(self) -> str:
        """One or two ``lstat`` per part of the path."""

        def look() -> str:
            try:
                root = os.path.realpath(self.root, strict=True)
            except NotADirectoryError as error:  # a part of it
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.root) from error
            if not stat.S_ISDIR(os.stat(root).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), root)
            return root

        return self.calls.small_through_links(look)

    def find_likely_root(self) -> str:
        """One or two ``lstat`` per existing part of the path."""
        return self.calls.small_through_links(lambda: os.path.realpath(self.root))

    def spell_root(self) -> str:
        """An ``lstat`` per part of the path. If nothing is there, a listing of each folder above."""
        if self.calls.small_through_links(lambda: os.path.lexists(self.root)):
            return self.root
        if self.is_local:
            return self.calls.small_through_links(lambda: parts.file_tree.spell_missing(self.root))
        return self.calls.patient(lambda: parts.file_tree.spell_missing(self.root), kind="listings")

    def look_at_layout(self) -> LayoutLook:
        """A listing of the root, and one of the media folder up to the first image with an id."""
        try:
            return self.calls.patient(lambda: parts.layout_look.look_at_layout(self.root), kind="listings")
        except TimeoutError:
            from strandline.model.layout_choice import (
                LayoutLook,  # here: only adding and looking again need it
            )

            return LayoutLook(is_known=False)

    def look_at_places(self) -> PlacesLook:
        """An ``lstat`` per sign, and one read."""
        return self.calls.patient(lambda: parts.places_look.look_at_places(self.root))

    def spell_folder(self, path: str) -> str:
        """Two ``lstat`` per part. A listing only of the folder in which a part is missing, or spelled otherwise."""
        return self.calls.patient(lambda: parts.places_look.spell_folder(self.root, path))

    def look_at_anchors(self) -> AnchorLook:
        """Some calls of ``lstat``."""
        return self.calls.small(lambda: parts.layout_look.look_at_anchors(self.root))

    # --- the tree ---------------------------------------------------------------------------------------------

    def list_paths(
        self, folders: Sequence[str], *, after: str, limit: int, fits: Callable[[str], bool] = bool
    ) -> PathPage:
        """One ``scandir`` per folder, no ``lstat`` per file. Memory: the paths of the page."""
        listed = 0

        def count_and_ask(path: str) -> bool:
            nonlocal listed
            listed += 1
            return fits(path)

        return self.calls.patient(
            lambda: parts.tree.list_paths(self.root, folders, after=after, limit=limit, fits=count_and_ask),
            kind="listings",
            progress=lambda: listed,
        )

    def look_at(self, paths: Iterable[str]) -> list[Entry]:
        """One ``lstat`` per path; in a tree, one per part of it."""
        look = parts.tree.look_at_safely if self._is_tree else parts.tree.look_at
        return self.calls.patient(lambda: look(self.root, paths))

    def describe(self, path: str) -> Entry:
        """One ``lstat`` per part of the path."""
        return self.calls.patient(lambda: parts.tree.describe(self.root, path))

    def read_piece(self, path: str, offset: int, size_bytes: int) -> tuple[bytes, int]:
        """One open and one read."""
        return self.calls.patient(lambda: parts.tree.read_piece(self.root, path, offset, size_bytes))

    def iter_tree(self) -> Iterator[tuple[str, str]]:
        """One ``scandir`` per folder."""
        walk = os.walk(self.root)
        while (step := self.calls.patient(lambda: next(walk, None), kind="listings")) is not None:
            above, folders, names = step
            folders[:] = [name for name in folders if not name.startswith(".")]  # version stores, .git
            relative = os.path.relpath(above, self.root).replace(os.sep, "/")
            for name in (*names, *folders):
                yield ("" if relative == "." else relative), name

    def iter_files(self, refused: list[str]) -> Iterator[list[FoundFile]]:
        """One open and one ``scandir`` per folder, one ``lstat`` per file."""
        walk = parts.tree.iter_files(self.root, refused)
        while (found := self.calls.patient(lambda: next(walk, None), kind="listings")) is not None:
            yield found

    def list_folders(self) -> list[str]:
        """One ``scandir``."""
        return self.calls.small(lambda: parts.tree.list_folders(self.root))

    def list_folders_in(self, path: str) -> list[str]:
        """One open per part of the path, and one ``scandir``."""
        return self.calls.patient(
            lambda: parts.tree_walk.list_folders_in(self.root, path, self.layout.is_ignored), kind="listings"
        )

    def find_unwritable(self) -> str | None:
        """Checks this user's permissions. Writes nothing."""
        folders = (self.root, os.path.join(self.root, self.layout.images_folder))
        return self.calls.small(lambda: parts.tree.find_unwritable(folders))

    def find_unlistable(self) -> str | None:
        """Checks this user's permissions. Lists nothing."""
        folders = (self.root, os.path.join(self.root, self.layout.images_folder))
        return self.calls.small(lambda: parts.tree.find_unlistable(folders))

    def find_free_bytes(self) -> int | None:
        """One ``statvfs``."""
        return self.calls.small(lambda: parts.tree.find_free_bytes(self.root))

    def find_used_files(self) -> int | None:
        """One ``statvfs``."""
        return self.calls.small(lambda: parts.tree.find_used_files(self.root))


def _size_of(source: BinaryIO) -> int:
    start = source.tell()
    end = source.seek(0, os.SEEK_END)
    source.seek(start)
    return end - start


def _exists(path: str) -> bool:
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True
