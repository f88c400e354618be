"""A folder that the operating system shows: on a disk of this machine, on a share, or behind a FUSE mount.

The one kind of :class:`~strandline.folders.port.Folder` that exists today. On a local disk calls are made directly,
because a hand-over between threads costs more than a look at a file. Elsewhere each call has a limit. A *small* look
is one that no cloud asks its server for (5 s, and then the place is left alone for a while). A *patient* one may mean
a download (``read.fetch_timeout_s``); on a share, which downloads nothing, it ends as soon as a small look is not
answered either. A listing gets that limit again as long as it moves, a write gets more of it the more bytes it has.
"""

from __future__ import annotations

import errno
import heapq
import os
import stat
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

from strandline.folders.disk_errors import as_unreadable, disk_errors
from strandline.folders.filesystems import Mount, MountKind
from strandline.folders.identity_files import look_at_identity, read_plain_identity
from strandline.folders.identity_writes import AppliedIdentity, apply_identity
from strandline.folders.media_folder import (
    find_folder_mtime_ns,
    find_spellings,
    is_evicted,
    iter_names,
    list_media_folder,
    look_again,
    open_image_file,
    probe_names,
)
from strandline.folders.odd_names import OddNameIndex, OddNames
from strandline.folders.opening import OpenedFile, can_be_dataless, is_dataless, open_regular
from strandline.folders.port import Entry, Reading
from strandline.folders.proof_copies import read_proof_copy
from strandline.folders.saving import (
    AsideCopy,
    SaveMode,
    WrittenFile,
    copy_aside,
    ensure_durable,
    write_whole,
)
from strandline.folders.temporaries import open_or_make_folder, remove_own_temporaries
from strandline.folders.time_limits import SlowPlaces, within
from strandline.model.identity.decisions import IdentityDecision
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.identity.sightings import IdentitySighting, LookError
from strandline.model.image_files import FileStamp
from strandline.model.image_ids import ImageId
from strandline.model.layout import ID_LAYOUT, Layout
from strandline.model.listing import MediaListing
from strandline.model.values import dataclass

T = TypeVar("T")

SLOWEST_BYTES_PER_S = 256 * 1024
"""A write gets a second more for each so many bytes: a share may take them all at the last step, the fsync."""

_NEVER_READ_UNASKED = (MountKind.FUSE, MountKind.WEBDAV)
"""Reading there would download from the cloud (SPEC §6)."""


@dataclass(frozen=True, slots=True)
class Means:
    """What all local folders of a program share."""

    slow_places: SlowPlaces
    odd_names: OddNameIndex
    scratch: Path
    """For temporaries, in STRANDLINE_HOME; need not exist."""
    fetch_timeout_s: float


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """The place of a storage directory in a file system, by its path and its mount as it is now."""

    root: str
    mount: Mount
    means: Means
    layout: Layout = ID_LAYOUT

    # --- what kind of place it is -----------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """The mount."""
        return self.mount.place

    @property
    def kind(self) -> str:
        """The file system's type."""
        return self.mount.fstype

    @property
    def is_local(self) -> bool:
        """A disk of this machine, or memory."""
        return self.mount.kind is MountKind.LOCAL

    @property
    def tells_changes(self) -> bool:
        """Changes made elsewhere send no notice through a share."""
        return self.is_local

    @property
    def may_be_read_unasked(self) -> bool:
        """Not through FUSE or WebDAV."""
        return self.mount.kind not in _NEVER_READ_UNASKED

    @property
    def keeps_inodes(self) -> bool:
        """By the file system's type."""
        return self.mount.keeps_inodes

    @property
    def keeps_ctimes(self) -> bool:
        """Local POSIX disks do."""
        return self.mount.keeps_ctimes

    # --- images -----------------------------------------------------------------------------------------------

    def where(self, name: str) -> Path:
        """The path of an image."""
        return Path(self.root, self.layout.path_of(name))

    def list_images(
        self, *, comparing: bool, on_progress: Callable[[int], None] | None = None
    ) -> MediaListing:
        """One ``scandir``, one ``lstat`` a file."""
        listing = MediaListing([])

        def list_them() -> MediaListing:
            return list_media_folder(
                self.root,
                keeps_inodes=self.keeps_inodes,
                comparing=comparing,
                on_progress=on_progress,
                into=listing,
            )

        return self._patient(
            list_them, kind="listings", progress=lambda: len(listing.lines) + len(listing.odd)
        )

    def list_names(self) -> set[str]:
        """One ``scandir``."""
        names: set[str] = set()
        self._patient(
            lambda: names.update(iter_names(self.root)), kind="listings", progress=lambda: len(names)
        )
        return names

    def has_images_folder(self) -> bool:
        """One ``lstat``."""
        return self._small(lambda: _exists(os.path.join(self.root, self.layout.images_folder)))

    def find_changed_ns(self) -> int | None:
        """The folder's mtime."""
        return self._small(lambda: find_folder_mtime_ns(self.root))

    def probe(self, names: Iterable[str]) -> list[tuple[str, FileStamp]]:
        """One ``lstat`` a name."""
        return self._patient(lambda: probe_names(self.root, names, keeps_inodes=self.keeps_inodes))

    def look_again(self, names: Collection[str]) -> dict[str, FileStamp | None]:
        """One ``lstat`` a name."""
        again: dict[str, FileStamp | None] = {}
        try:
            return self._patient(
                lambda: look_again(self.root, names, keeps_inodes=self.keeps_inodes, into=again),
                progress=lambda: len(again),
            )
        except TimeoutError:
            return {}

    def find_spellings(self, names: Sequence[str], odd_spellings: Collection[str]) -> list[str]:
        """Asks the file system whether it folds letter case."""
        return self._patient(lambda: find_spellings(self.root, names, odd_spellings))

    def find_odd_names(self, image_id: ImageId) -> OddNames:
        """One ``lstat``, and a listing if that is due."""
        return self._patient(lambda: self.means.odd_names.find(self.root, image_id))

    def is_evicted(self, name: str) -> bool:
        """One ``lstat``, and none on Linux."""
        if not can_be_dataless():
            return False
        try:
            return self._small(lambda: is_evicted(self.where(name)))
        except TimeoutError:
            return False

    def open_image(self, name: str) -> OpenedFile:
        """Through the descriptor of the images' folder; follows no link."""
        return self._fetching(name, lambda: self._open(name), late=OpenedFile.close)

    def read_image(self, name: str, *, max_memory_bytes: int, limit_bytes: int) -> Reading:
        """One open, one read, one hash."""

        def read() -> Reading:
            with self._open(name) as opened:
                copy = read_proof_copy(
                    opened,
                    max_memory_bytes=max_memory_bytes,
                    limit_bytes=limit_bytes,
                    scratch=self.means.scratch,
                )
                return Reading(copy, is_replaced=not opened.is_named_by(self.where(name)))

        return self._fetching(name, read, late=lambda reading: reading.copy.close())

    def _open(self, name: str) -> OpenedFile:
        return open_image_file(self.root, name, keeps_inodes=self.keeps_inodes)

    # --- writing ----------------------------------------------------------------------------------------------

    def write_image(
        self, name: str, source: bytes | BinaryIO, mode: SaveMode, allowed: Callable[[], bool]
    ) -> WrittenFile:
        """By the first of three ways that the file system allows (``saving``)."""
        folder = Path(self.root, self.layout.images_folder)
        given_up = threading.Event()

        def write() -> WrittenFile:
            return write_whole(
                folder,
                name,
                source,
                scratch=self.means.scratch,
                mode=mode,
                lone_rename_allowed=lambda: not given_up.is_set() and allowed(),
                keeps_inodes=self.keeps_inodes,
                opening=open_or_make_folder,
            )

        size_bytes = len(source) if isinstance(source, bytes) else _size_of(source)
        try:
            return self._patient(write, more_s=size_bytes / SLOWEST_BYTES_PER_S)
        except BaseException:
            given_up.set()
            raise

    def ensure_durable(self, name: str) -> None:
        """An fsync of the file, and of its folder."""
        self._patient(lambda: ensure_durable(Path(self.root, self.layout.images_folder), name))

    def put_aside(self, name: str, folder: Path, aside: str) -> AsideCopy:
        """Reads it once."""
        return self._fetching(
            name,
            lambda: copy_aside(
                self.where(name), folder, aside, scratch=self.means.scratch, keeps_inodes=self.keeps_inodes
            ),
        )

    def remove_leftovers(self, now: datetime) -> tuple[str, ...]:
        """Of the root and of the images' folder; only what a note in scratch says is ours."""

        def remove() -> tuple[str, ...]:
            removed: list[str] = []
            for folder in (Path(self.root), Path(self.root, self.layout.images_folder)):
                if folder.is_dir() and not folder.is_symlink():
                    removed += remove_own_temporaries(folder, scratch=self.means.scratch, now=now)
            return tuple(removed)

        with disk_errors("list", self.root):
            return self._patient(remove, kind="listings")

    # --- identity ---------------------------------------------------------------------------------------------

    def read_identity(self) -> StorageDirId | None:
        """One open, fstat and read."""
        return self._small(lambda: read_plain_identity(self.root))

    def look_at_identity(self) -> IdentitySighting:
        """A listing of the root, and a look at each file that tells of an identity."""
        try:
            return self._small(lambda: look_at_identity(Path(self.root)))
        except TimeoutError:
            return IdentitySighting(errors=(LookError("", errno.ETIMEDOUT, "its disk does not answer"),))

    def apply_identity(self, decision: IdentityDecision) -> AppliedIdentity:
        """Small files, written whole."""
        with disk_errors("write the identity in", self.root):
            return self._patient(
                lambda: apply_identity(Path(self.root), decision, scratch=self.means.scratch)
            )

    def find_place(self) -> tuple[int, int] | None:
        """Device and inode: equal ones are one folder, by whatever path."""
        try:
            found = self._small(lambda: os.stat(self.root))
        except OSError:
            return None
        return found.st_dev, found.st_ino

    # --- the tree ---------------------------------------------------------------------------------------------

    def list_page(self, folder: str, *, after: str = "", limit: int | None = None) -> list[Entry]:
        """One ``scandir``, one ``lstat`` an entry of the page."""

        def list_it() -> list[Entry]:
            full = self._walk(folder)[0] if folder else self.root
            with os.scandir(full) as entries:
                names = (entry.name for entry in entries if entry.name > after)
                page = sorted(names) if limit is None else heapq.nsmallest(limit, names)
            found = []
            for name in page:
                with suppress(FileNotFoundError):
                    seen = os.lstat(os.path.join(full, name))
                    found.append(_entry(f"{folder}/{name}" if folder else name, seen))
            return found

        return self._patient(list_it, kind="listings")

    def describe(self, path: str) -> Entry:
        """One ``lstat`` for each part of the path."""

        def look() -> Entry:
            return _entry(path, self._walk(path)[1])

        return self._patient(look)

    def read_piece(self, path: str, offset: int, size_bytes: int) -> tuple[bytes, int]:
        """One open and one read."""

        def read() -> tuple[bytes, int]:
            full = self._walk(path)[0]
            with open_regular(full) as opened:
                try:
                    data = (
                        os.pread(opened.fd, size_bytes, offset) if offset < opened.stamp.size_bytes else b""
                    )
                except OSError as error:
                    raise as_unreadable(error, full) from error
                return data, opened.stamp.size_bytes

        return self._patient(read)

    def iter_tree(self) -> Iterator[tuple[str, str]]:
        """One ``scandir`` a folder."""
        walk = os.walk(self.root)
        while (step := self._patient(lambda: next(walk, None), kind="listings")) is not None:
            above, folders, names = step
            folders[:] = [name for name in folders if not name.startswith(".")]  # version stores, .git
            relative = os.path.relpath(above, self.root).replace(os.sep, "/")
            for name in (*names, *folders):
                yield ("" if relative == "." else relative), name

    def find_unwritable(self) -> str | None:
        """Asks for this user's rights; writes nothing."""

        def find() -> str | None:
            folders = (self.root, os.path.join(self.root, self.layout.images_folder))
            return next((each for each in folders if _exists(each) and not _is_writable(each)), None)

        return self._small(find)

    def _walk(self, path: str) -> tuple[str, os.stat_result]:
        """The full path and what is there; every folder on the way is a real one."""
        full, parts = self.root, path.split("/")
        for number, part in enumerate(parts, 1):
            full = os.path.join(full, part)
            seen = os.lstat(full)
            if number < len(parts) and not stat.S_ISDIR(seen.st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), "/".join(parts[:number]))
        return full, seen

    # --- limits -----------------------------------------------------------------------------------------------

    def _small(self, call: Callable[[], T]) -> T:
        if self.is_local:
            return call()
        return self.means.slow_places.within(self.place, call)

    def _patient(
        self,
        call: Callable[[], T],
        *,
        late: Callable[[T], object] | None = None,
        progress: Callable[[], object] | None = None,
        kind: str | None = None,
        more_s: float = 0.0,
    ) -> T:
        if self.is_local:
            return call()
        is_share = self.mount.kind is MountKind.NETWORK
        return self.means.slow_places.patiently(
            self.place,
            self.means.fetch_timeout_s + more_s,
            call,
            small_look=(lambda: read_plain_identity(self.root)) if is_share else None,
            late=late,
            progress=progress,
            kind=kind,
        )

    def _fetching(self, name: str, call: Callable[[], T], *, late: Callable[[T], object] | None = None) -> T:
        """As patient; also on a local disk, if the file's bytes are in the cloud."""
        if self.is_local and is_evicted(self.where(name)):
            return within(self.place, self.means.fetch_timeout_s, call, late=late)
        return self._patient(call, late=late)


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


def _is_writable(folder: str) -> bool:
    as_whom_we_act = os.access in os.supports_effective_ids
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=as_whom_we_act)


def _entry(path: str, seen: os.stat_result) -> Entry:
    return Entry(
        path,
        _kind_of(seen.st_mode),
        seen.st_size if stat.S_ISREG(seen.st_mode) else None,
        seen.st_mtime,
        seen.st_ino,
        stat.filemode(seen.st_mode),
        is_here=not is_dataless(seen),
    )


def _kind_of(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "symlink" if stat.S_ISLNK(mode) else "special"
