"""The port for the place: what the place of any storage directory can do. Start here to add a kind of place.

:class:`Folder` is all that the rest of the program knows of a place. There are two kinds:
:class:`~strandline.folders.local.LocalFolder`, a folder that the operating system shows, on a disk, a share or a FUSE
mount; and :class:`~strandline.folders.buckets.folder.BucketFolder`, a bucket of objects. A workbench makes one from a
storage directory in one spot, ``Workbench.folder``; nothing else chooses a kind.

To add a kind, implement the protocol beside ``local.py``, choose it in ``Workbench.folder_at``, and let
``tests/contracts/folders`` run on it. What differs by kind stays inside. What a caller must know is a property here,
named after what it means, and never after a kind.

The layout is not a kind of place: a folder of named pictures has names with ``/``, and its listings recurse.

What holds for every kind:

- *Time limits are inside.* No call hangs for good. What cannot be told in time raises ``TimeoutError``, which is an
  ``OSError``: nothing may be concluded then. A place that is dead fails at once for a while.
- *Absence needs proof.* Only "no such file" (``FileNotFoundError``, or a name that is left out) tells of absence.
- *No link is followed* below the root, and nothing that waits (a FIFO) is opened.
- *Thread-safe*, cheap to make, and nothing is touched until a method is called.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO, Protocol

from strandline.folders.odd_names import NO_ODD_NAMES as NO_ODD_NAMES
from strandline.folders.odd_names import OddNames as OddNames
from strandline.folders.opening import can_be_dataless as can_be_dataless

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from strandline.errors import StrandlineError as StrandlineError
    from strandline.folders.identity_writes import AppliedIdentity as AppliedIdentity
    from strandline.folders.proof_copies import Hashed as Hashed
    from strandline.folders.proof_copies import ProofCopy as ProofCopy
    from strandline.folders.proof_copies import Reading as Reading
    from strandline.folders.saving import WrittenFile as WrittenFile
    from strandline.folders.setting_aside import AsideCopy as AsideCopy
    from strandline.folders.tree import Entry as Entry
    from strandline.folders.tree import FoundFile as FoundFile
    from strandline.folders.tree import PathPage as PathPage
    from strandline.model.buckets import Guarantees
    from strandline.model.identity.anchors import AnchorLook
    from strandline.model.identity.decisions import IdentityDecision
    from strandline.model.identity.sd_ids import StorageDirId
    from strandline.model.identity.sightings import IdentitySighting
    from strandline.model.image_files import FileStamp
    from strandline.model.image_ids import ImageId
    from strandline.model.layout import Layout
    from strandline.model.layout_choice import LayoutLook
    from strandline.model.listing import MediaListing
    from strandline.model.name_ranges import NameRange
    from strandline.model.picture_places import PlacesLook
    from strandline.model.storage_dirs import LayoutKind


WHOLE_TREE = "*"
"""Stands for the root and everything below it, without passed-over folders, where folders are listed."""


class SaveMode(StrEnum):
    """What happens to a file that already has the name."""

    NEW = "new"
    """It stays, and the save fails."""
    REPLACE = "replace"
    """It is replaced in one step: readers see the old or the new bytes."""


class OpenImage(Protocol):
    """An open file of an image, with the time limits of its place. Thread-safe."""

    @property
    def stamp(self) -> FileStamp:
        """The file's stamp when it was opened."""
        ...

    @property
    def ctime_ns(self) -> int | None:
        """The file's ctime when it was opened; None if its place does not keep them."""
        ...

    def find_address(self, media_type: str, at: datetime) -> str | None:
        """Where anybody can have exactly these bytes, with this type, for a moment from ``at`` on, whatever becomes
        of the file. None if there is no such place. Asks nothing.
        """
        ...

    def read_piece(self, offset: int, size_bytes: int) -> bytes | None:
        """The bytes from ``offset``, or None if the file has changed since it was opened, or is closed.

        Raises:
            UnreadableFileError: The disk refused, or did not answer in time.
        """
        ...

    def read_whole(self) -> ProofCopy | None:
        """All bytes, hashed during the read. None if the file is closed.

        Raises:
            ImageTooLargeError, UnreadableFileError: It cannot be read, or not in time.
        """
        ...

    def close(self) -> None:
        """Closes the file. Idempotent. Never waits, although closing may have to ask a share or a cloud."""
        ...

    def close_unless_busy(self) -> None:
        """Closes the file unless it is being read at this moment."""
        ...


class Shelf(Protocol):
    """A trash of its own for the files of one storage directory, where every machine that sees the place finds it.

    An entry has a number, the bytes under their file name, and a description. All methods raise ``OSError`` if
    nothing can be told.
    """

    @property
    def prefix(self) -> str:
        """Where the shelves of the place are."""
        ...

    def where(self, entry: str, filename: str) -> str:
        """An entry's bytes, in the form that people write."""
        ...

    def take_copy(self, path: str, entry: str) -> AsideCopy:
        """Copies a file of the storage directory durably into a new entry.

        Raises:
            FileNotFoundError: There is nothing to copy.
            ImageTooLargeError: It cannot be read back.
        """
        ...

    def write_about(self, entry: str, data: bytes) -> None:
        """Writes an entry's description durably, once."""
        ...

    def read_about(self, entry: str) -> bytes | None:
        """An entry's description. None if it has none, or one that is far too long."""
        ...

    def find_size(self, entry: str, filename: str) -> int | None:
        """How many bytes the entry has. None if they are not there."""
        ...

    def read(self, entry: str, filename: str) -> ProofCopy:
        """The bytes of an entry. Raises ``FileNotFoundError``, or ``ImageTooLargeError``."""
        ...

    def list_entries(self) -> list[str]:
        """The numbers of all entries, or whatever else is there."""
        ...

    def list_files(self, entry: str) -> dict[str, datetime]:
        """What is in an entry: its bytes, and ``about.json``, and when each was written."""
        ...

    def remove(self, entry: str) -> None:
        """Removes an entry for good, first its description. Best effort."""
        ...


class Folder(Protocol):
    """The place of one storage directory. The module's docstring has the rules for all methods."""

    # --- what kind of place it is -----------------------------------------------------------------------------

    @property
    def root(self) -> str:
        """The place in the form that people write: an absolute path, or ``s3://bucket/prefix``."""
        ...

    @property
    def layout(self) -> Layout:
        """What names mean here."""
        ...

    @property
    def place(self) -> Hashable:
        """Storage directories with an equal place go dead together. A later mount at the same path is another
        place.
        """
        ...

    @property
    def kind(self) -> str:
        """The system's name for this kind of place (``ext4``, ``nfs4``, ``fuse.rclone``), or ``s3``."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether reading is free, so that files may be proven in the background."""
        ...

    @property
    def tells_changes(self) -> bool:
        """Whether the system reports changes. If not, ``runtime/change_notice/polling.py`` polls this place."""
        ...

    @property
    def may_be_read_unasked(self) -> bool:
        """False if reading may download from a cloud. Then a file is opened only at a person's request."""
        ...

    @property
    def keeps_inodes(self) -> bool:
        """Whether inode numbers stay with their files. If not, stamps have 0."""
        ...

    @property
    def keeps_ctimes(self) -> bool:
        """Whether each change of a file moves its ``ctime``, so that a proof can rely on it."""
        ...

    @property
    def may_respell_names(self) -> bool:
        """Whether a name may also find a file that a listing shows in another spelling: the place folds case."""
        ...

    @property
    def reads_at_once(self) -> int:
        """How many reads at the same time this place answers sooner than one after the other, besides what the
        processors of this machine do.
        """
        ...

    @property
    def lets_files_go(self) -> bool:
        """Whether files may be taken out of it: into the trash, or to another storage directory."""
        ...

    @property
    def can_list_some(self) -> bool:
        """Whether names are listed in order, from any name on, so that many can list a part each."""
        ...

    # --- images: their names are those of the layout ----------------------------------------------------------

    def where(self, name: str) -> str:
        """The path or address of an image, for messages. With an empty ``name``, that of the images' folder."""
        ...

    def list_images(
        self, *, comparing: bool, on_progress: Callable[[int], None] | None = None
    ) -> MediaListing:
        """Everything in the images' folder, completely, as lines. With ``comparing``, as a set.

        If images can be anywhere in the tree, all pictures in it, and ``refused`` has the folders that cannot be
        listed.

        Cost: one listing, one ``lstat`` per file, no bytes. Files that vanish meanwhile are omitted. The time limit
        applies to a listing without progress; a long listing may take long.

        Raises:
            OSError: It cannot be listed to its end: ``FileNotFoundError`` if it does not exist,
                ``NotADirectoryError`` or ``ELOOP`` if it is a file or a link. Draw no conclusions then.
        """
        ...

    def list_some(self, names: NameRange, *, limit: int) -> MediaListing:
        """The same for a range of names, as a list in order. If there are more than ``limit``, those that come first;
        then ``last`` is the last one of them, and nothing is known about what comes after it.

        Cost: what it lists, if the place ``can_list_some``. Otherwise that of a whole listing.

        Raises:
            OSError: As :meth:`list_images`, or the place does not list in order.
        """
        ...

    def list_names(self) -> set[str]:
        """Every name in the images' folder. Raises as :meth:`list_images`."""
        ...

    def has_images_folder(self) -> bool:
        """Whether anything has the name of the images' folder, even a file or a link. Always, if a place has no
        folders.

        Raises:
            OSError: It is unknown.
        """
        ...

    def find_changed_ns(self) -> int | None:
        """A number that changes with every name in the images' folder. None without such a folder, or if images can
        be anywhere in the tree. One ``lstat``.
        """
        ...

    def probe(self, names: Iterable[str]) -> list[tuple[str, FileStamp]]:
        """Those of the names that are regular files, in the given order, with their stamps. One ``lstat`` per name.

        Raises:
            OSError: The folder exists but cannot be searched.
        """
        ...

    def find_unreadable(self, names: Iterable[str]) -> list[str]:
        """Those of the names that exist and that this program may not read. Opens nothing. Never raises."""

    def find_touched(self, ctimes: Mapping[str, int]) -> list[str]:
        """Those of the regular files whose ``ctime`` is not this one any more: something about them has changed.

        Only for places that keep ctimes. One ``lstat`` per name. Files that are gone, or whose state is unknown, are
        omitted. Never raises.
        """
        ...

    def look_again(self, names: Collection[str]) -> dict[str, FileStamp | None]:
        """The result of another ``lstat`` of each name: its stamp, or None if it is no regular file with its bytes.

        Names whose state is unknown are omitted. Never raises.
        """
        ...

    def find_spellings(self, names: Sequence[str], odd_spellings: Collection[str]) -> list[str]:
        """How the disk spells names that a probe found, if it folds case. One ``lstat`` per name."""
        ...

    def find_odd_names(self, image_id: ImageId) -> OddNames:
        """Odd spellings, conflict copies, and placeholders of an image. Lists the folder if it may have changed.

        Raises:
            OSError: The folder exists but cannot be listed.
        """
        ...

    def is_evicted(self, name: str) -> bool:
        """Whether the system says that the file's bytes are in the cloud. False if it is unknown."""
        ...

    def open_image(self, name: str) -> OpenImage:
        """Opens a regular file for reading. The caller closes it.

        Raises:
            FileNotFoundError: There is none.
            TimeoutError: The place did not answer.
            UnreadableFileError: It is no regular file, or cannot be opened now.
        """
        ...

    def read_image(self, name: str) -> Reading:
        """Reads a file once, into bytes that nobody else can change.

        Raises:
            FileNotFoundError: There is none.
            TimeoutError: The place did not answer.
            ImageTooLargeError, UnreadableFileError, DiskError: It cannot be read.
        """
        ...

    def hash_image(self, name: str, *, limit_bytes: int) -> Hashed:
        """Reads a file once and keeps only its hash.

        Raises:
            FileNotFoundError: There is none.
            TimeoutError: The place did not answer.
            ImageTooLargeError: It exceeds the limit.
            UnreadableFileError: It cannot be read.
        """
        ...

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
        """Writes a file whole and durably: after a crash at any moment it has all its bytes, or does not exist.

        Creates the images' folder if needed; in a tree, the folders on the way to a name with ``/``, durably, and
        goes through no link. ``allowed`` is called immediately before a step that would replace an
        existing entry. If the place can, the file has ``mtime_ns`` from the moment it has its name. None leaves the
        time of writing. The result has a ``ctime_ns`` only if the place ``keeps_ctimes``.

        Raises:
            FileExistsError: The name is taken, or ``allowed`` returned False.
            TimeoutError: The place did not answer. A new file may still appear, whole. An existing entry may still be
                replaced only if ``allowed`` returned True.
            DiskError, RefusedError: The disk refused, or something else is in the way.
        """
        ...

    def write_new_images(
        self, files: Sequence[tuple[str, bytes, int | None]], allowed: Callable[[str], bool]
    ) -> list[WrittenFile | OSError | StrandlineError]:
        """Writes several new files like :meth:`write_image`, cheaper than one by one. ``allowed`` gets a name.

        Each is its name, its bytes, and its ``mtime_ns``.

        One result for each file: what was written, or the error of that file alone (``FileExistsError`` if its name
        is taken). All that were written are durable when it returns.

        Raises:
            TimeoutError, DiskError, RefusedError: As :meth:`write_image`, and then for each of the files.
        """
        ...

    def ensure_durable(self, name: str) -> None:
        """Makes a file durable that another program wrote.

        Raises:
            FileNotFoundError: It is gone.
            DiskError, TimeoutError: It may not be durable.
        """
        ...

    def open_shelf(self) -> Shelf | None:
        """The trash beside the place, for what is replaced in it. None: the home's trash is. Asks nothing."""
        ...

    def put_aside(self, name: str, folder: Path, aside: str) -> AsideCopy:
        """Copies a file durably into a folder of the home, before it is replaced.

        Raises:
            RefusedError: The place has a shelf of its own.
            FileNotFoundError: There is nothing to copy.
            UnreadableFileError, DiskError, TimeoutError: Nothing was copied.
        """
        ...

    def move_aside(
        self, name: str, folder: Path, aside: str, judge: Callable[[AsideCopy], None]
    ) -> AsideCopy:
        """Moves a file durably out of this place into a folder of the home. Reads its bytes once or twice.

        ``judge`` is called with what is about to be moved; if it raises, nothing is. If the result says that the file
        ``changed_meanwhile``, it was not moved.

        Raises:
            FileNotFoundError: There is nothing to move.
            RefusedError: The place does not let files go.
            UnreadableFileError, DiskError: It was not moved; a copy of it may be in the folder.
            TimeoutError: The place did not answer. It may still be moved, if ``judge`` was called.
        """
        ...

    def remove_leftovers(self, now: datetime) -> tuple[str, ...]:
        """Removes the temporaries of this machine's own saves that were killed a day ago or earlier. Returns their
        names.

        Raises:
            DiskError: It cannot be listed.
        """
        ...

    def find_guarantees(self, *, forgets: bool = False) -> Guarantees | None:
        """What the server of this place does, tried now and remembered. None if the operating system guarantees it.
        With those who share a catalog, it is the worst that any of them saw, unless that is to be forgotten.

        Raises:
            DiskError: It cannot be tried: nothing may be written, or it did not answer.
        """
        ...

    def recall_guarantees(self) -> Guarantees | None:
        """What was found the last time. None if it was never tried from here, or if the operating system guarantees
        it.
        """
        ...

    def ask_time(self) -> datetime | None:
        """What time it is there, in whole seconds. None if nobody says, or if it is this machine.

        Raises:
            OSError: There is no answer.
        """
        ...

    # --- identity ---------------------------------------------------------------------------------------------

    def read_identity(self) -> StorageDirId | None:
        """The identity in ``SD_ID``, or None if its content is none. One open, fstat, and read.

        Raises:
            FileNotFoundError: There is no such file, or no root.
            OSError: It cannot be read now.
        """
        ...

    def look_at_layout(self) -> LayoutLook:
        """What the root and the media folder show of the layout, whatever it is here until now. Never raises."""
        ...

    def look_at_places(self) -> PlacesLook:
        """What the folder shows of where its pictures belong. What cannot be read now is left out.

        Raises:
            TimeoutError: The place did not answer.
        """
        ...

    def spell_folder(self, path: str) -> str:
        """The path of a folder as the disk spells it, as far as it exists. Other systems take names that differ only
        in letter case or Unicode form for the same, so such a folder is taken here as well.

        Raises:
            NotADirectoryError: Something else, or a link, is in the place of one of its parts.
            OSError: It is unknown.
        """
        ...

    def look_at_anchors(self) -> AnchorLook:
        """What the folder is recognized by if nothing may be written into it.

        Raises:
            OSError: It is not there, or does not say now.
        """
        ...

    def look_at_identity(self) -> IdentitySighting:
        """Everything in the root that concerns the identity. If the place does not answer, the look has failed."""
        ...

    def apply_identity(self, decision: IdentityDecision) -> AppliedIdentity:
        """Carries out a decision, step by step, durably.

        Raises:
            DiskError, RefusedError: ``SD_ID`` is unchanged, or already has the decided value.
        """
        ...

    def write_layout(self, kind: LayoutKind) -> None:
        """Writes ``SD_LAYOUT`` durably, for all machines. Nothing if it says so already.

        Raises:
            DiskError, RefusedError: It cannot be written, or says something else. Nothing was replaced.
        """
        ...

    def find_place(self) -> Hashable | None:
        """Equal for two paths to the same folder. None if it does not exist, or if nothing tells."""
        ...

    def find_real_root(self) -> str:
        """The root without links. The time limit also applies if a link leads off a local disk.

        Raises:
            FileNotFoundError: There is no such folder.
            NotADirectoryError: It is a file or something else.
            OSError: It is unknown.
        """
        ...

    def find_likely_root(self) -> str:
        """The root, with links resolved as far as possible. It need not exist. The time limit also applies if a link
        leads off a local disk.

        Raises:
            OSError: It is unknown, or there was no answer in time.
        """
        ...

    def spell_root(self) -> str:
        """The root as the place spells it, if nothing is at exactly that path and one file or folder differs from it
        only in Unicode form. It need not exist, nor be a folder. The time limit also applies if a link leads off a
        local disk.

        Raises:
            TimeoutError: There was no answer in time.
        """
        ...

    # --- the tree, for people who look for themselves ---------------------------------------------------------

    def list_paths(
        self, folders: Sequence[str], *, after: str, limit: int, fits: Callable[[str], bool] = bool
    ) -> PathPage:
        """The next matching paths in the folders, in order.

        Cost: one listing per folder, no ``lstat`` per file. Memory: the paths of the page.

        Args:
            folders: The root (empty), ``media``, or both; or :data:`WHOLE_TREE`. One that is
                no folder has no paths.
            after: The last path of the previous page.
            limit: Maximum number of paths.
            fits: Called with each path.

        Raises:
            OSError: A folder cannot be listed.
        """
        ...

    def look_at(self, paths: Iterable[str]) -> list[Entry]:
        """The entries with these relative paths. Missing ones are omitted. One ``lstat`` per path.

        Only for paths without a link above them: those of :meth:`list_paths`, and the images' folder. In a tree,
        paths below a link are omitted.

        Raises:
            OSError: The state of one of them is unknown.
        """
        ...

    def describe(self, path: str) -> Entry:
        """The entry with this relative path.

        Raises:
            FileNotFoundError: There is none; ``filename`` is the first part of the path that does not exist.
            NotADirectoryError: A part of it is no folder, or a link; ``filename`` is that part's path.
            OSError: It is unknown.
        """
        ...

    def read_piece(self, path: str, offset: int, size_bytes: int) -> tuple[bytes, int]:
        """Some bytes of a regular file as they are now, and its size. Raises as :meth:`describe`.

        Raises:
            UnreadableFileError: It is no regular file, or cannot be read.
        """
        ...

    def iter_tree(self) -> Iterator[tuple[str, str]]:
        """Folder (relative) and name of every entry below the root, lazily. Skips hidden folders."""
        ...

    def iter_files(self, refused: list[str]) -> Iterator[list[FoundFile]]:
        """Every regular file below the root, also in hidden folders, lazily and in pieces. Follows no link; the root
        must contain none. ``refused`` gets the paths of the folders that cannot be listed.

        Raises:
            OSError: The root cannot be listed.
        """
        ...

    def list_folders(self) -> list[str]:
        """The names of the folders directly in the root, also of those that a link leads to. In no order.

        Raises:
            OSError: It cannot be listed now.
        """
        ...

    def list_folders_in(self, path: str) -> list[str]:
        """The names of the folders in a folder of the tree in which images may be: no links, none that are passed
        over. In no order. An empty path is the root.

        Raises:
            FileNotFoundError, NotADirectoryError: There is no such folder.
            OSError: It cannot be listed now.
        """
        ...

    def find_unwritable(self) -> str | None:
        """The root or the images' folder, if this user may not write there. None if both are writable."""
        ...

    def find_unlistable(self) -> str | None:
        """The same for listing. Lists nothing.

        Raises:
            OSError: It is unknown.
        """
        ...

    def find_free_bytes(self) -> int | None:
        """How many bytes this user may still write. None if the place has no limit, or does not say.

        Raises:
            OSError: It is unknown.
        """
        ...

    def find_used_files(self) -> int | None:
        """How many files and folders the whole disk has. None if it does not say.

        Raises:
            OSError: It cannot be asked now.
        """
        ...
