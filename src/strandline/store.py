"""Floor 4: the store, as other programs embed it. Start reading here: each method delegates to one service.

Synchronous and thread-safe. Open one with :func:`strandline.open_store`; close it, or use it in a ``with`` block. A
store has no state except caches: two stores on one home, in one process or in two, see the same images.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self, TypeAlias
from weakref import WeakSet

from strandline import services
from strandline.errors import InvalidInputError
from strandline.model.defaults import ENTRIES_PER_PAGE, HEX_BYTES, IMAGES_PER_PAGE, TILE_SIZE
from strandline.model.given import check_several, is_within
from strandline.model.image_ids import ImageId, parse_image_id, parse_image_ids
from strandline.model.states import EXPECTED
from strandline.model.storage_dirs import parse_layout_kind

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from strandline.errors import StrandlineError
    from strandline.folders.proof_copies import CopyWriter
    from strandline.model.catalog_exports import ImportedCatalog
    from strandline.model.changes import ChangeReport, HealReport, NamedFile
    from strandline.model.conflicts import ChosenVersion, ConflictListing, Keep, ResolveReport
    from strandline.model.deletions import DeletePlan
    from strandline.model.duplicates import DuplicateReport, FoldStep
    from strandline.model.events import Event
    from strandline.model.exports import ExportedImage, ExportReport
    from strandline.model.image_files import FileState, ImageFile, ImageFilter
    from strandline.model.imports import ImportedImage, ImportReport
    from strandline.model.note_checks import NoteCheck, NoteUse
    from strandline.model.open_references import OpenReference
    from strandline.model.put_back import PutBack, PutBackPlan
    from strandline.model.queries import Query
    from strandline.model.reports import (
        AddedStorageDir,
        ConfirmedStorageDir,
        Explanation,
        ImageInfo,
        ImagePage,
        ProbedStorageDir,
        Saved,
        ScanReport,
        TakenIn,
    )
    from strandline.model.storage_dirs import FileCounts, StorageDir
    from strandline.model.store_status import StoreStatus
    from strandline.model.suitable_folders import Subfolder
    from strandline.model.sync_status import HexPage, SyncStatus, TreeEntry, TreePage
    from strandline.model.transfers import CopyPlan, MovePlan, TransferReport
    from strandline.model.unused import CollectReport, UnusedReport
    from strandline.model.verification import VerifyReport
    from strandline.model.wanted import NotYetMissing, RescueReport, WantedFile, WantedImage
    from strandline.pictures.cache import ThumbnailCache
    from strandline.pictures.decoding import Thumbnail
    from strandline.services.access_tokens import AccessTokens
    from strandline.services.audit import Audit
    from strandline.services.checking.memory import Memory
    from strandline.services.event_stream import EventStream
    from strandline.services.finding.found_image import FoundImage, OpenImages
    from strandline.services.finding.look_up import Presence
    from strandline.services.gallery import Gallery
    from strandline.services.importing.import_images import OnImported
    from strandline.services.importing.sources import ImportSource
    from strandline.services.journal import Journal
    from strandline.services.rescuing.search import OnSearched
    from strandline.services.saving.intake import NewImage, Source
    from strandline.services.scanning.scan import OnProgress
    from strandline.services.storage_dirs.manage import StorageDirRef
    from strandline.services.thumbnails import Thumbnails
    from strandline.services.trashing.contents import Trash
    from strandline.services.verifying.verify import OnVerified
    from strandline.services.workbench import Workbench

MAX_MEMORY_BYTES = 4 * 1024 * 1024
"""Memory limit of a copy that arrives piece by piece. Many may arrive at once, so it is less than for one that is
read in one go.
"""

MAX_PAGE = 10_000
"""Maximum number of images on a page of a listing: some 10 MB of JSON."""

Watch: TypeAlias = "Callable[[Store, bool, int | None, threading.Event | None], EventStream]"
"""Makes the stream of a watcher. Called with the store, whether to end after the start-up scan, where in the journal
to begin, and what stops it. The assembly passes it in, because watching is one floor above.
"""


class Store:
    """Images in storage directories: finds, proves, saves, and explains them.

    Thread-safe. ``sd`` may always be a :class:`StorageDir`, an identity (current or alias), a path, or a name.
    ``image_id`` is text in either form and any letter case. Other text raises ``InvalidImageIdError`` before any disk
    access.
    """

    def __init__(self, bench: Workbench, thumbnails: Callable[[], ThumbnailCache], watch: Watch) -> None:
        self._bench = bench
        self._make_thumbnail_cache = thumbnails
        self._watch = watch
        self._streams: WeakSet[EventStream] = WeakSet()

    @cached_property
    def _open(self) -> OpenImages:
        return services.found_image.OpenImages()

    @cached_property
    def gallery(self) -> Gallery:
        """All images as a listing by month, for pages that show a part of it."""
        return services.gallery.Gallery(self._bench)

    @cached_property
    def journal(self) -> Journal:
        """Past and new events, for pages and for listeners that reconnect."""
        return services.journal.Journal(self._bench)

    @cached_property
    def tokens(self) -> AccessTokens:
        """Who may use the catalog through a server, and for what."""
        return services.access_tokens.AccessTokens(self._bench)

    @cached_property
    def audit(self) -> Audit:
        """Who changed what through a server."""
        return services.audit.Audit(self._bench)

    @cached_property
    def trash(self) -> Trash:
        """What was deleted on this machine, and may come back."""
        return services.contents.Trash(self._bench)

    @cached_property
    def thumbnails(self) -> Thumbnails:
        """Small copies of found images, from the cache or newly made."""
        return services.thumbnails.Thumbnails(self._bench, self._make_thumbnail_cache())

    def add_storage_dir(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        *,
        new_identity: bool = False,
        read_only: bool = False,
        layout: str | None = None,
        shared: bool = False,
        insists: bool = False,
        makes: bool = False,
        scan: bool = True,
        prove_all: bool = True,
        progress: OnProgress | None = None,
    ) -> AddedStorageDir:
        """Adds a folder, decides its layout and identity, and scans it unless the caller will. Idempotent.

        ``layout`` is ``ids`` (``media/{id}.{ext}``) or ``named`` (any folder as it is; only saves write into it).
        Without it, what is in the folder decides, and ``layout_reason`` says why. A named picture has its id from its
        bytes, so the scan reads each of them; unless ``prove_all``, a watcher does that later.

        With ``shared``, a folder of named pictures gets ``SD_LAYOUT`` and ``SD_ID``, so that it has the same layout
        and identity on every machine. An unusual folder (a home, a folder of the system, one with more than a million
        files) is refused with the fact ``may_insist``. ``insists`` takes it. A folder that is not there is refused,
        with the fact ``may_make`` if the one above it is there; ``makes`` creates it.

        ``progress`` is called with the storage directory, the number of handled files, and the number of all files (0
        while unknown). Cost: one ``lstat`` per file, a read of each new file of a known folder, and up to four
        seconds for changing identity files.

        Raises:
            InvalidPathError, InvalidNameError, StorageDirNotFoundError: The input is invalid.
            CatalogInsideStorageDirError: The catalog is inside it, or it is inside the home.
            UnsuitableFolderError: It is unusual, a media folder, inside another one, or around one.
            StorageDirIncompleteError: Its identity changes too fast to be decided.
            DiskError: A new ``SD_ID`` could not be written.
        """
        return services.add.add_storage_dir(
            self._bench,
            path,
            name=name,
            new_identity=new_identity,
            read_only=read_only,
            layout=None if layout is None else parse_layout_kind(layout),
            shared=shared,
            insists=insists,
            makes=makes,
            scan=scan,
            prove_all=prove_all,
            on_progress=progress,
        )

    def list_storage_dirs(self) -> list[StorageDir]:
        """All storage directories in their last known state, in the order in which they were added.

        Reads only the catalog: it never waits and never writes. While a watcher runs, the states are kept up to date.
        """
        return services.manage.list_storage_dirs(self._bench)

    def refresh_storage_dirs(self, sds: Iterable[StorageDirRef] | None = None) -> list[StorageDir]:
        """All storage directories, or these, in their current state. Writes changes to the catalog.

        Reads the identity files of each one, and waits up to four seconds for files that are being replaced.
        """
        return services.presence.reconsider_storage_dirs(self._bench, self._find_sds(sds))

    def get_storage_dir(self, sd: StorageDirRef) -> StorageDir:
        """The storage directory with this identity, alias, path, or name, in that order.

        Raises:
            StorageDirNotFoundError: There is none.
        """
        return services.manage.get_storage_dir(self._bench, sd)

    def count_files(self, sd: StorageDirRef) -> FileCounts:
        """The number of its image files in the catalog, and of those in a noteworthy state."""
        return self.count_files_of([self.get_storage_dir(sd)])[0]

    def count_files_of(self, sds: Iterable[StorageDirRef]) -> list[FileCounts]:
        """The same for several, in their order. Cost: one statement, and one more for each that misses files."""
        known = check_several(sds, "storage directories")
        return services.manage.count_files(
            self._bench, [services.manage.as_storage_dir(self._bench, sd) for sd in known]
        )

    def find_last_scan(self, sd: StorageDirRef) -> datetime | None:
        """When it was last scanned to the end, by whichever program. None if it never was."""
        known = services.manage.as_storage_dir(self._bench, sd)
        return services.last_scans.find_last_scan(self._bench, known)

    def status(self) -> StoreStatus:
        """What a monitor asks: numbers of each storage directory, and what a person should look at.

        Reads only the catalog: what it says of a folder is what the last scan found. Cost: a fixed number of
        statements, and one more for each storage directory that misses files; for 100,000 images, about 0.2 s.
        """
        return services.status.measure_status(self._bench)

    def probe_storage_dir(self, sd: StorageDirRef, *, forgets: bool = False) -> ProbedStorageDir:
        """Tries which guarantees the server of a storage directory's bucket keeps, and remembers it.

        In a shared catalog, the answer is the worst that any machine saw, now or before: some servers let two writers
        win only now and then. ``forgets`` what was seen before: use it after the server was updated.

        Cost: about 40 requests, with some small objects that are deleted again.

        Raises:
            InvalidInputError: It is a folder on a disk.
            ReadOnlyStorageDirError: It was added with ``--read-only``, so nothing is written to it.
            DiskError: It cannot be tried now.
        """
        return services.writing.probe_storage_dir(self._bench, self.get_storage_dir(sd), forgets=forgets)

    def rename_storage_dir(self, sd: StorageDirRef, name: str) -> StorageDir:
        """Renames it in this catalog. Touches no file.

        Raises:
            InvalidNameError, StorageDirConflictError: The name is invalid or taken.
        """
        return services.manage.rename_storage_dir(self._bench, self.get_storage_dir(sd), name)

    def move_storage_dir(
        self, sd: StorageDirRef, path: str | os.PathLike[str], *, name: str | None = None
    ) -> StorageDir:
        """Sets its new path, and with ``name`` also its new name, or neither. Touches no file.

        Raises:
            InvalidNameError: The name is invalid.
            InvalidPathError, StorageDirNotFoundError, CatalogInsideStorageDirError, UnsuitableFolderError: As for
                adding.
            StorageDirConflictError: The folder has another identity, belongs to another storage directory, or has
                nothing of this one although files of it are known; or the name is taken.
            StorageDirOfflineError: Whether it has anything of this one cannot be told now.
        """
        return services.manage.move_storage_dir(self._bench, self.get_storage_dir(sd), path, name)

    def forget_storage_dir(self, sd: StorageDirRef) -> None:
        """Removes it from this catalog. Touches no file."""
        services.manage.forget_storage_dir(self._bench, self.get_storage_dir(sd))

    def confirm_storage_dir(self, sd: StorageDirRef) -> ConfirmedStorageDir:
        """Restores a lost identity; otherwise accepts that files are gone. Does only one of the two, and says which.

        Raises:
            UnavailableError: It is not there, or never had an identity.
            StorageDirConflictError, ReadOnlyStorageDirError, DiskError: The identity cannot be written.
        """
        return services.confirm.confirm_storage_dir(self._bench, self.get_storage_dir(sd))

    def list_subfolders(self, typed: str) -> list[Subfolder]:
        """Folders whose paths begin with the text, for a person who looks for one to add; at most 50, by name.

        ``objection`` says why one cannot be a storage directory. Empty if there are none or they cannot be listed.
        """
        return services.subfolders.list_subfolders(self._bench, typed)

    def list_archives(self, typed: str) -> list[str]:
        """ZIP archives whose paths begin with the text, for a person who looks for one to import; at most 50, by
        name. Empty if there are none or they cannot be listed.
        """
        return services.preview.list_archives(self._bench, typed)

    def list_missing(self, sd: StorageDirRef) -> list[ImageFile]:
        """The files that :meth:`accept_missing` would forget now: those that are missing, if no conflict copy shows
        their image.
        """
        return services.confirm.list_missing(self._bench, self.get_storage_dir(sd))

    def accept_missing(self, sd: StorageDirRef) -> int:
        """Drops the rows of missing files. Returns how many. They are found again if they come back."""
        return services.confirm.accept_missing(self._bench, self.get_storage_dir(sd))

    def recall(self, sd: StorageDirRef) -> Memory:
        """What is known of the storage directory's pictures, for a check that misses one. Looks at no disk."""
        return services.memory.Memory(self._bench, self.get_storage_dir(sd))

    def save(
        self,
        source: Source,
        *,
        sd: StorageDirRef,
        name: str | None = None,
        image_id: str | None = None,
        modified_at: datetime | None = None,
        note: str | os.PathLike[str] | None = None,
    ) -> Saved:
        """Saves bytes, a path, or a stream as an image. Durable when it returns. Idempotent: the same bytes write
        nothing.

        Args:
            source: The bytes, a path, a readable binary stream, or a finished copy from :meth:`begin_copy`.
            sd: The target.
            name: The original name, for people and the Markdown. By default, a path's own name.
            image_id: An id of your own. A content id must match the bytes.
            modified_at: When the file that the bytes come from was last written to, with a time zone; by default, a
                path's own mtime. The image's file has it as its own mtime, and sorts by it if it does not say when it
                was taken.
            note: In a folder of named pictures, the note that the picture is for: its path from the root, or
                absolute. The Markdown's link is relative to it, and the picture is saved beside it if the person's
                program does so.

        Raises:
            InvalidInputError: The subclass says what is wrong: no image, empty, too large, or another id.
            SourceNotFoundError, UnreadableFileError: The path or stream cannot be read.
            WrongBytesError: The bytes are no whole image, under a legacy id, or where pictures have names.
            EntryNotFoundError: There is no such note.
            RefusedError, UnavailableError: The storage directory must not be written to, or not now.
            DiskError: The disk refused, or did not answer in time.
        """
        wanted = None if image_id is None else parse_image_id(image_id)
        return services.save.save_image(
            self._bench,
            source,
            self.get_storage_dir(sd),
            name=name,
            image_id=wanted,
            modified_at=modified_at,
            note=note,
        )

    def save_several(
        self, images: Iterable[NewImage], *, sd: StorageDirRef, note: str | os.PathLike[str] | None = None
    ) -> list[Saved | StrandlineError]:
        """Saves many small images in less time than :meth:`save` takes for each. Durable when it returns.

        One result each, in order: the image, or its error, which concerns no other one. Takes fifty at a time from
        ``images``, or fewer if they have 16 MiB together. ``note`` is the one that all of them are for.

        Raises:
            StorageDirNotFoundError: ``sd`` is unknown.
        """
        check_several(images, "images")
        return services.save_several.save_several(self._bench, images, self.get_storage_dir(sd), note)

    def list_pictures_elsewhere(self, sd: StorageDirRef) -> list[str]:
        """The paths of pictures in the storage directory that are not in its media folder, sorted. Reads no bytes.

        Raises:
            StorageDirOfflineError, DiskError: It cannot be listed now.
        """
        return services.take_in.list_pictures_elsewhere(self._bench, self.get_storage_dir(sd))

    def take_in(self, sd: StorageDirRef, *, after: str = "", limit_s: float | None = None) -> TakenIn:
        """Saves these pictures in its media folder; they also stay where they are. Idempotent.

        With ``limit_s``, it stops after about so many seconds, and ``next`` of the result is the ``after`` to go on
        with. One that cannot be saved is a finding.

        Raises:
            RefusedError, UnavailableError: The storage directory must not be written to, or not now.
            DiskError: It cannot be listed now.
        """
        return services.take_in.take_in(self._bench, self.get_storage_dir(sd), after=after, limit_s=limit_s)

    def find_save_folder(self, sd: StorageDirRef) -> str:
        """The folder in which a new image would be saved: below the storage directory, with ``/``; empty if it is the
        storage directory itself. It need not exist. Cost: some twenty looks at the disk.

        Raises:
            DiskError: It cannot be searched now.
        """
        return services.placing.find_folder(self._bench, self.get_storage_dir(sd))

    def check_notes(self, sd: StorageDirRef) -> NoteCheck:
        """Compares what the storage directory's notes refer to with the pictures that are there. Writes nothing.

        Cost: a listing of the tree, and a read of each note.

        Raises:
            StorageDirOfflineError: It is not all there, so nobody can tell what is missing.
            DiskError: It cannot be listed.
        """
        (now,) = self.refresh_storage_dirs([self.get_storage_dir(sd)])
        return services.known_notes.check_notes(self._bench, services.known_notes.check_whole(now))

    def list_open_references(self, sd: StorageDirRef) -> list[OpenReference]:
        """The pictures that the notes of a storage directory missed at the last check by a watcher, by note and line.

        Reads only the catalog. While a watcher runs, it is kept up to date: ``reference.missing`` and
        ``reference.resolved`` tell of each change. Only storage directories on disks of this machine are checked.
        """
        return services.open_references.list_open_references(self._bench, self.get_storage_dir(sd))

    def tell_check(self, sd: StorageDirRef, check: NoteCheck) -> None:
        """Brings :meth:`list_open_references` up to date with a check of all notes that was made just now.

        Writes what is new, and its events, as a watcher does. If the check is of a part of the storage directory, or
        if a watcher would not check this one, it does nothing.
        """
        services.open_references.tell_check(self._bench, self.get_storage_dir(sd), check)

    def find_uses(self, image_id: str) -> list[NoteUse]:
        """The places in notes that mean a file of the image, by storage directory, note, and line. Writes nothing.

        Only storage directories that are there and have a file of it are looked at. Cost: a listing of each, and a
        read of its notes; only those in which a part of a file's name occurs are parsed.
        """
        return services.uses.find_uses(self._bench, parse_image_id(image_id))

    def plan_put_back(self, path: str | os.PathLike[str]) -> PutBackPlan:
        """Which missing pictures of the notes at or below the path can be put back, and from where. Writes nothing.

        Raises:
            StorageDirNotFoundError: The path is in no storage directory, so nobody knows what was there.
            StorageDirOfflineError: The storage directory is not all there, so nobody can tell what is missing.
            RefusedError: Images have ids for names there.
            SourceNotFoundError, InvalidPathError, DiskError: The path cannot be checked.
        """
        return services.put_back.plan_put_back(self._bench, os.fspath(path))

    def put_back(self, plan: PutBackPlan, step: PutBack) -> PutBack:
        """Copies the bytes of one step of the plan to where the note expects them, if they are still the same.

        Never replaces a file. Durable when it returns. ``done`` of the result, or ``why`` not.

        Raises:
            RefusedError, UnavailableError: The storage directory must not be written to, or not now.
        """
        return services.put_back.put_back(self._bench, plan.sd, step)

    def put_back_all(
        self,
        plan: PutBackPlan,
        *,
        from_others: bool = False,
        from_renamed: bool = False,
        dry_run: bool = False,
        cancel: threading.Event | None = None,
    ) -> PutBackPlan:
        """All steps of the plan, as :meth:`put_back`. ``cancel`` stops before the next picture.

        Bytes of other storage directories only with ``from_others``, and those of a folder that was renamed only
        with ``from_renamed``: to rename it back is better.

        Raises as :meth:`put_back`; a dry run writes nothing and says why nothing could be written.
        """
        return services.put_back.put_back_all(
            self._bench,
            plan,
            from_others=from_others,
            from_renamed=from_renamed,
            dry_run=dry_run,
            cancel=cancel,
        )

    def begin_copy(self, *, max_memory_bytes: int = MAX_MEMORY_BYTES) -> CopyWriter:
        """An empty copy for bytes that arrive piece by piece: write them, and pass ``finish()`` to :meth:`save`.

        The bytes are hashed as they arrive, and are not copied again. Up to ``max_memory_bytes`` are kept in memory,
        more in an unnamed temporary file of this home. Close it when the image is saved.
        """
        return services.intake.begin_copy(self._bench, max_memory_bytes=max_memory_bytes)

    def copy(self, image_id: str, to: StorageDirRef) -> Saved:
        """Saves a good copy of the image in ``to``. Replaces wrong bytes. Raises as :meth:`get` and :meth:`save`."""
        return services.copy.copy_image(self._bench, parse_image_id(image_id), self.get_storage_dir(to))

    def plan_copy(
        self,
        image_ids: Iterable[str] = (),
        *,
        to: StorageDirRef,
        files: Iterable[NamedFile] = (),
        note: str | os.PathLike[str] | None = None,
    ) -> CopyPlan:
        """Which images should be in ``to``: these, those of ``files``, and all that ``note`` refers to (a note, or a
        folder of notes, resolved as by a check). Writes nothing.

        Raises:
            StorageDirNotFoundError: ``to`` is unknown, or the note is in no storage directory.
            SourceNotFoundError, InvalidPathError, DiskError: The note cannot be read.
        """
        return services.copies.plan_copy(
            self._bench,
            parse_image_ids(image_ids),
            self.get_storage_dir(to),
            check_several(files, "files"),
            None if note is None else os.fspath(note),
        )

    def copy_files(
        self,
        plan: CopyPlan,
        *,
        dry_run: bool = False,
        progress: Callable[[int, int], object] | None = None,
        cancel: threading.Event | None = None,
    ) -> TransferReport:
        """Saves a good copy of each image of the plan, as :meth:`copy` does. Durable when it returns. Idempotent.

        ``progress`` is called with the number of handled images, and of all. ``cancel`` stops before the next one.
        """
        return services.copies.copy_files(self._bench, plan, dry_run=dry_run, on_done=progress, cancel=cancel)

    def plan_move(
        self,
        image_ids: Iterable[str] = (),
        *,
        to: StorageDirRef,
        source: StorageDirRef | None = None,
        files: Iterable[NamedFile] = (),
        note: str | os.PathLike[str] | None = None,
    ) -> MovePlan:
        """Which files would leave their storage directory for ``to``, and which notes there use them. Moves nothing.

        Without ``source``, each image must be in one storage directory besides ``to``. One that is only in ``to`` is
        there already, and is no part of the plan. The rest is as in :meth:`plan_copy`.

        Raises:
            InSeveralFoldersError: An image is in several others, and ``source`` does not say which is meant.
        """
        return services.move.plan_move(
            self._bench,
            parse_image_ids(image_ids),
            self.get_storage_dir(to),
            self._find_sd(source),
            check_several(files, "files"),
            None if note is None else os.fspath(note),
        )

    def move_files(
        self,
        plan: MovePlan,
        *,
        insists: bool = False,
        dry_run: bool = False,
        progress: Callable[[int, int], object] | None = None,
        cancel: threading.Event | None = None,
    ) -> TransferReport:
        """Moves the files of the plan: a copy is saved in the target and read again there; then the source goes to
        the trash, if it still has the same bytes. Durable when it returns.

        Unless ``insists``, a picture stays that notes of its storage directory use, or may use. ``cancel`` stops
        before the next file.
        """
        return services.move.move_files(
            self._bench, plan, insists=insists, dry_run=dry_run, on_done=progress, cancel=cancel
        )

    def adopt(self, sd: StorageDirRef, filename: str) -> Saved:
        """Saves another image that has an image's name under its own id. Raises ``RefusedError`` if it is none."""
        return services.adopt.adopt_image(self._bench, self.get_storage_dir(sd), filename)

    def get(self, image_id: str, sd: StorageDirRef | None = None) -> FoundImage:
        """The image, proven: its bytes match a content id, or are a whole image under a legacy id.

        Without ``sd`` it searches all storage directories. Cost if it was proven before: three statements, a small
        read, and one open file.

        Raises:
            ImageNotFoundError: It cannot be shown now. The subclass says why; ``trace`` has the details.
            StorageDirNotFoundError: ``sd`` is unknown.
        """
        return self._open.add(self.get_owned(image_id, sd))

    def get_owned(
        self, image_id: str, sd: StorageDirRef | None = None, *, may_fetch: bool = True
    ) -> FoundImage:
        """Like :meth:`get`, but the caller closes the image: it stays open, however many others are open.

        Unless ``may_fetch``, nothing is downloaded from the cloud.
        """
        return services.explain.get_image(
            self._bench, parse_image_id(image_id), self._find_sd(sd), may_fetch=may_fetch
        )

    def find(self, image_id: str, sd: StorageDirRef | None = None) -> FoundImage | None:
        """The proven image, or None if it cannot be shown now."""
        found = services.search.find_image(self._bench, parse_image_id(image_id), self._find_sd(sd))
        return None if found is None else self._open.add(found)

    def get_as_is(self, image_id: str, sd: StorageDirRef | None = None) -> FoundImage:
        """Any bytes under the image's name, even half or wrong ones. Raises as :meth:`get` if there are none."""
        wanted, known = parse_image_id(image_id), self._find_sd(sd)
        return services.explain.insist_on(
            self._bench, wanted, lambda: services.search.find_as_is(self._bench, wanted, known)
        )

    def exists(self, image_id: str, sd: StorageDirRef | None = None) -> bool:
        """Whether the image is here (proven or not) or online-only. Reads no bytes."""
        return self.look_up(image_id, sd).exists

    def look_up(
        self, image_id: str, sd: StorageDirRef | None = None, *, online_only: bool = False
    ) -> Presence:
        """Whether the image is here, its state, and if it is not here, why. Reads no bytes.

        If ``online_only``, storage directories that are offline or incomplete do not count. ``left_out`` names them.
        """
        return services.look_up.look_up(
            self._bench, parse_image_id(image_id), self._find_sd(sd), online_only=online_only
        )

    def info(self, image_id: str, query: Query | None = None) -> ImageInfo:
        """Everything the catalog knows about the image. If it knows nothing, searches the disks.

        Its files in the query's storage directory and folder come first. Nothing else of the query counts.

        Raises:
            ImageNotFoundError: It is nowhere. ``trace`` says where it was searched.
        """
        wanted = parse_image_id(image_id)
        within = self.choose(query)
        info = services.describe.find_image_info(self._bench, wanted, within)
        if info is None or info.best.state not in EXPECTED:
            services.look_up.look_up(self._bench, wanted)
            info = services.describe.find_image_info(self._bench, wanted, within)
        if info is None:
            raise services.explain.not_found_error(services.explain.explain_image(self._bench, wanted))
        return info

    def format_markdown(self, image: ImageInfo | str, *, note: str | os.PathLike[str] | None = None) -> str:
        """The Markdown that shows an image, as :meth:`save` returned it: for its first present file.

        ``image`` is an id, or an :meth:`info` whose files are in the order that is wanted. Among named pictures, the
        link begins at the root of the storage directory, or at ``note``, a note in it. Reads no picture.

        Raises:
            ImageNotFoundError: The image is nowhere.
            InvalidPathError, EntryNotFoundError: There is no such note beside the picture.
            InvalidInputError: The file is in a folder by id, where the note makes no difference.
        """
        info = self.info(image) if isinstance(image, str) else image
        return services.placing.format_markdown_of(self._bench, info, note)

    def complete_image_id(self, digits: str) -> ImageId:
        """The only known image id that begins with these digits, by the catalog alone.

        Raises:
            AmbiguousImageIdError: There are several; ``candidates`` has some of them.
            InvalidImageIdError: There is none.
        """
        return services.describe.complete_image_id(self._bench, digits)

    def find_by_name(self, text: str, *, note: str | os.PathLike[str] | None = None) -> ImageId:
        """The id of the image in the file that a person means by a path, a name, or a reference in ``note``.

        A path on this machine comes first, then a path in one of the storage directories, then a file's name, then
        the original name of images in folders by id. Reads a file that was not proven yet. A reference needs a
        listing of the note's storage directory.

        Raises:
            SourceNotFoundError: There is no such file. The message says what is known of it.
            AmbiguousImageIdError: Several files with different bytes have the name; ``candidates`` are their ids.
            StorageDirNotFoundError: The file, or the note, is in no storage directory.
            InvalidPathError: No picture, or no note, can have such a name.
            ImageArrivingError, ImageDamagedError: The bytes are no whole image.
            UnreadableFileError: They cannot be read now.
        """
        return services.by_name.find_by_name(
            self._bench, text, note=None if note is None else os.fspath(note)
        )

    def find_files_by_name(self, text: str, *, note: str | os.PathLike[str] | None = None) -> list[NamedFile]:
        """The files that a person means: the one at a path, or all with a name, if they have the same image.

        Each has ``sd``, ``path``, and ``image_id``. Raises as :meth:`find_by_name`.
        """
        return services.by_name.find_files_by_name(
            self._bench, text, note=None if note is None else os.fspath(note)
        )

    def plan_delete(
        self,
        image_ids: Iterable[str],
        *,
        sds: Iterable[StorageDirRef] = (),
        files: Iterable[NamedFile] = (),
    ) -> DeletePlan:
        """Which files of the images would go to the trash, and which notes use them. Moves nothing.

        Without ``sds``, each image must be in one storage directory. ``files`` are files that go alone, whatever
        other files their images have.

        Raises:
            InSeveralFoldersError: An image is in several storage directories, and ``sds`` does not say which.
            StorageDirNotFoundError: One of ``sds`` is unknown.
        """
        return services.delete.plan_delete(
            self._bench,
            parse_image_ids(image_ids),
            self._get_sds(sds),
            check_several(files, "files"),
        )

    def delete(
        self, plan: DeletePlan, *, dry_run: bool = False, cancel: threading.Event | None = None
    ) -> ChangeReport:
        """Moves the files of the plan to this machine's trash; :attr:`trash` brings them back. Durable when it
        returns.

        Each file is looked at again. What cannot be deleted is in ``refused``, with the reason, and stays. ``cancel``
        stops before the next file; then the report is not ``complete``.
        """
        return services.delete.delete_files(self._bench, plan, dry_run=dry_run, cancel=cancel)

    def list_duplicates(
        self, sds: Iterable[StorageDirRef] | None = None, *, across: bool = False
    ) -> DuplicateReport:
        """Files with the same bytes in one storage directory, of these or of all, and the space that they take; with
        ``across``, also those that are once in several.

        By the catalog alone: only files count that were read as they are now. For 100,000 images, about a second.
        """
        return services.duplicates.list_duplicates(self._bench, self._find_sds(sds), across=across)

    def plan_fold(self, sds: Iterable[StorageDirRef] | None = None) -> list[FoldStep]:
        """Which files could go, because no text of any storage directory names them, and another file in their
        storage directory has the same bytes. Never the last one. Changes nothing.

        Raises:
            UnreadTextsError: Something that may name pictures was not read.
        """
        return services.duplicates.plan_fold(self._bench, self._find_sds(sds))

    def fold(
        self, steps: Sequence[FoldStep], *, dry_run: bool = False, cancel: threading.Event | None = None
    ) -> ChangeReport:
        """Moves these files to this machine's trash, if they and one that stays are read and have the same bytes.
        Durable when it returns. ``cancel`` stops before the next file.
        """
        return services.duplicates.fold(self._bench, steps, dry_run=dry_run, cancel=cancel)

    def find_unused(self, sds: Iterable[StorageDirRef] | None = None) -> UnusedReport:
        """The pictures that no note, drawing, or setting of *any* storage directory names, by the strict or the loose
        reader, with since when. ``gaps`` is what was not read: with gaps, some of them may be used all the same.

        Changes no file. Cost: a listing of each storage directory, and a read of each text in it.
        """
        return services.collect.find_unused(self._bench, self._find_sds(sds))

    def collect(
        self,
        sds: Iterable[StorageDirRef] | None = None,
        *,
        dry_run: bool = False,
        cancel: threading.Event | None = None,
    ) -> CollectReport:
        """Moves pictures to the trash that nothing names, that have been here for 30 days, and that were unused at
        two looks a week apart; at most a tenth of each storage directory in a week, and never the last of several
        files with the same bytes. :attr:`trash` brings them back. ``cancel`` stops before the next picture.

        A storage directory whose notes name less than a tenth of its own pictures is no folder of notes. It is left
        out unless it is in ``sds``, and always if nothing of it is used at all.

        Raises:
            UnreadTextsError: Something that may name pictures was not read, or a storage directory is away.
        """
        return services.collect.collect(self._bench, self._find_sds(sds), dry_run=dry_run, cancel=cancel)

    def verify(
        self,
        sds: Iterable[StorageDirRef] | None = None,
        *,
        older_than: timedelta | None = None,
        bytes_per_hour: int | None = None,
        progress: OnVerified | None = None,
        cancel: threading.Event | None = None,
    ) -> VerifyReport:
        """Reads the files again that were not read for so long, and those that failed before, and reports what is not
        as it should be. Changes no file.

        Without ``sds``, all storage directories, but nothing through mounts that would download from a cloud. By
        default, ``older_than`` is 30 days; ``timedelta(0)`` reads every file. ``progress`` is called with the storage
        directory, its files that were read, all that are to be read, and the bytes so far. If ``cancel`` is set, it
        ends early; the next one goes on. ``fresh`` of the report is how many were not read now, because they were
        read not long ago: right after a scan that is all of them, and no findings then say nothing.

        Cost: a scan, and one read of each file, several at a time.
        """
        from strandline.model.verification import VERIFY_AFTER

        return services.verify.verify_storage_dirs(
            self._bench,
            self._choose_sds(sds),
            older_than=VERIFY_AFTER if older_than is None else older_than,
            may_fetch=sds is not None,
            may_read=services.verify.read_at_most(self._bench, bytes_per_hour, cancel),
            on_verified=progress,
            cancel=cancel,
        )

    def heal(
        self,
        report: VerifyReport,
        folders: Iterable[str | os.PathLike[str]] = (),
        *,
        dry_run: bool = False,
        cancel: threading.Event | None = None,
    ) -> VerifyReport:
        """Gives files that a verification found bad their right bytes back, from wherever they are: another storage
        directory, a conflict copy, the trash, the file that it was saved from, or one of ``folders`` (a backup).

        The bad bytes go to the trash first. A file that is gone stays gone. Durable when it returns. ``healing`` of
        the result says what was done, and ``findings`` have ``is_healed``. ``cancel`` stops before the next file.
        """
        findings, healing = services.heal.heal(
            self._bench,
            report.findings,
            [os.fspath(folder) for folder in check_several(folders, "folders")],
            dry_run=dry_run,
            cancel=cancel,
        )
        return replace(report, findings=tuple(findings), healing=healing)

    def list_wanted(self, sds: Iterable[StorageDirRef] | None = None) -> list[WantedFile]:
        """The files that are missing, or have other bytes than they should, by storage directory and path. Without
        ``sds``, of all.

        As the last scan and the last look at each file found them. Reads only the catalog.
        """
        return services.wanted.list_wanted(
            self._bench,
            self._choose_sds(sds),
        )

    def list_not_yet_missing(self, sds: Iterable[StorageDirRef] | None = None) -> list[NotYetMissing]:
        """The storage directories with files that the last scan did not find, and that do not count as missing before
        a scan at least a minute later does not find them either. Without ``sds``, of all. Reads only the catalog.
        """
        return services.wanted.list_not_yet_missing(self._bench, self._choose_sds(sds))

    def rescue(
        self,
        folders: Iterable[str | os.PathLike[str]],
        *,
        dry_run: bool = False,
        progress: OnSearched | None = None,
        cancel: threading.Event | None = None,
    ) -> RescueReport:
        """Looks through the folders (a backup, a camera card) for exactly the bytes of :meth:`list_wanted`, and
        brings them back: a missing file to where it was, never over anything; a bad one as :meth:`heal` does.

        ``progress`` is called with the folder, its files that were read, and all that are to be read (0 while
        unknown). Durable when it returns.

        Cost: one ``lstat`` per file, and a read of each that can have wanted bytes.

        Raises:
            SourceNotFoundError: One of the folders is not there.
        """
        return services.rescue.rescue(
            self._bench,
            self.list_wanted(),
            [os.fspath(folder) for folder in check_several(folders, "folders")],
            dry_run=dry_run,
            on_searched=progress,
            cancel=cancel,
        )

    def provide(self, wanted: Iterable[WantedImage], target: str | os.PathLike[str]) -> ChangeReport:
        """Collects what another machine wants into a folder, or into a new ZIP file if the name ends in ``.zip``.

        :func:`strandline.model.wanted.parse_wanted` reads that machine's list. Nothing is replaced. ``path`` of a row
        is the name in the target. What is not here is refused as not found.

        Raises:
            PlaceTakenError: The ZIP file is there already.
            InvalidPathError, DiskError: The target cannot be written.
        """
        return services.provide.provide(self._bench, wanted, os.fspath(target))

    def provide_zip(self, wanted: Iterable[WantedImage]) -> tuple[ChangeReport, BinaryIO]:
        """The same as the bytes of a ZIP file, in an unnamed file of this home. The caller closes it.

        Raises:
            ImageNotFoundError: Nothing of it is here.
        """
        return services.provide.provide_zip(self._bench, wanted)

    def heal_known(
        self, sd: StorageDirRef, image_id: str | None = None, *, dry_run: bool = False
    ) -> HealReport:
        """Gives the files of a storage directory that are known to be bad, or those of one image among them, their
        right bytes back, as :meth:`heal` does after a verification. ``kept`` of the report has other images that
        were under their names, and were saved before.

        Cost: a read of each bad file, and of each good one; and two seconds for all of them together.
        """
        return services.rescue.heal_known(
            self._bench,
            self.get_storage_dir(sd),
            None if image_id is None else parse_image_id(image_id),
            dry_run=dry_run,
        )

    def list_images(
        self,
        query: Query | None = None,
        *,
        after: str | None = None,
        limit: int = IMAGES_PER_PAGE,
        sd: StorageDirRef | None = None,
        state: FileState | str | None = None,
    ) -> ImagePage:
        """A page of the images that the query means; 1 to 10,000. ``after`` is the ``next`` of the page before.

        ``sd`` and ``state`` are short for a query with only these. Each page counts all images that match: about
        50 ms for 100,000. :meth:`iter_images` does not.

        Raises:
            InvalidInputError: The cursor, the limit, or a part of the query is invalid.
            StorageDirNotFoundError: Its storage directory is unknown.
        """
        _check_limit(limit)
        if query is None:
            from strandline.model.queries import Query

            query = Query(sd=sd, state=state)
        elif sd is not None or state is not None:
            raise InvalidInputError("give sd and state as parts of the query, or without a query, not both")
        return services.describe.list_images(self._bench, self.choose(query), after=after, limit=limit)

    def iter_images(self, query: Query | None = None, *, after: str | None = None) -> Iterator[ImageInfo]:
        """All images that the query means, or those after the cursor: lazily, in its order, counting nothing.

        Raises as :meth:`list_images`, before the first.
        """
        return services.describe.iter_images(self._bench, self.choose(query), after)

    def choose(self, query: Query | None) -> ImageFilter:
        """The query for :attr:`gallery`, checked. Raises as :meth:`list_images`."""
        from strandline.model.queries import Query, parse_query

        query = query or Query()
        sd = None if query.sd in (None, "") else self._find_sd(query.sd)
        return parse_query(query, None if sd is None else sd.number)

    def thumbnail(self, image_id: str, size: int = TILE_SIZE, sd: StorageDirRef | None = None) -> Thumbnail:
        """A small upright copy without metadata, from the cache or newly made (about 60 ms for 12 million pixels).

        ``size`` is its longest side, 1 to 16,383 pixels; it is never enlarged. Raises as :meth:`get`.

        Raises:
            InvalidInputError: ``size`` is out of bounds.
            UndecodablePictureError, PictureTooLargeError: It cannot be made.
        """
        return self.thumbnails.get(self.get(image_id, sd), size)

    def scan(
        self,
        sd: StorageDirRef | None = None,
        progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> list[ScanReport]:
        """Scans one storage directory, or all of them one after another. One report each.

        ``progress`` is as in :meth:`add_storage_dir`. If ``cancel`` is set, the scan ends after its current batch,
        and its work so far stays. Cost: one ``lstat`` per file, and a read of each new or changed file.
        """
        sds = self.list_storage_dirs() if sd is None else [self.get_storage_dir(sd)]
        return [
            services.scan.scan_storage_dir(self._bench, each, on_progress=progress, cancel=cancel)
            for each in sds
            if cancel is None or not cancel.is_set()
        ]

    def inspect(self, sd: StorageDirRef) -> SyncStatus:
        """Compares disk and catalog now, with every discrepancy. Changes nothing.

        Cost: one ``lstat`` per file, and a read of the conflict copies.

        Raises:
            StorageDirNotFoundError: ``sd`` is unknown. (An offline one gets a report that says so.)
        """
        return services.inspect.inspect_storage_dir(self._bench, self.get_storage_dir(sd))

    def list_conflicts(self, sds: Iterable[StorageDirRef] | None = None) -> ConflictListing:
        """The conflict copies that sync clients left, also of ``SD_ID``, and what resolves each. Changes nothing.

        Cost: a listing of each storage directory, and a read of each copy and of the file that it is a copy of.
        """
        return services.listing.list_conflicts(
            self._bench,
            self._choose_sds(sds),
        )

    def resolve_conflicts(
        self,
        given: Iterable[str | os.PathLike[str] | tuple[StorageDirRef, str]] | None = None,
        *,
        dry_run: bool = False,
    ) -> ResolveReport:
        """Resolves conflict copies: equal bytes are folded, right bytes heal their file, and others become an image
        of their own. No bytes are lost: what leaves a folder is in :attr:`trash`. Durable when it returns.

        ``given`` has storage directories, paths of single copies on this machine, or pairs of a storage directory and
        the path of a copy in it; None means everything.

        Raises:
            StorageDirNotFoundError: One of them is neither.
            InvalidPathError: The path of a pair leads out of its storage directory.
        """
        if given is not None:
            check_several(given, "storage directories and paths")
        sds = self.list_storage_dirs()
        wanted = [sd.path for sd in sds] if given is None else given
        texts = [each if isinstance(each, tuple) else os.fspath(each) for each in wanted]
        chosen = services.resolve.find_given(self._bench, sds, texts)
        return services.resolve.resolve_conflicts(self._bench, chosen, dry_run=dry_run)

    def choose_version(
        self, sd: StorageDirRef, path: str, keep: Keep | str, *, dry_run: bool = False
    ) -> ChosenVersion:
        """Keeps one of two different versions of a named picture, or both. ``path`` is that of the conflict copy.

        ``keep`` is ``file``, ``copy`` (which then has the file's name), or ``both`` (the copy gets a name of its own
        beside the file). What is not kept is in :attr:`trash`, and ``undo`` of the result takes the choice back.
        Durable when it returns.

        Raises:
            InvalidInputError: ``keep`` is none of these.
            EntryNotFoundError: The path is not that of a conflict copy.
            RefusedError: There is nothing to choose, or a note uses the copy.
            FileChangedError, UnavailableError, DiskError: It cannot be done now.
        """
        from strandline.model.conflicts import parse_keep

        return services.choose.choose_version(
            self._bench, self.get_storage_dir(sd), path, parse_keep(keep), dry_run=dry_run
        )

    def undo_choice(self, undo: str) -> ChangeReport:
        """Makes both versions as they were before :meth:`choose_version`, whose result has the text ``undo``.

        Raises:
            EntryNotFoundError: The text undoes nothing, or no longer.
            FileChangedError: One of the files has other bytes by now.
        """
        return services.choose.undo_choice(self._bench, undo)

    def list_tree(
        self,
        sd: StorageDirRef,
        *,
        folder: str | None = None,
        meaning: str = "",
        text: str = "",
        after: str | None = None,
        limit: int = ENTRIES_PER_PAGE,
    ) -> TreePage:
        """A page of the entries of root and media folder, sorted by path, and what each name means.

        ``folder`` is ``""`` for the root alone, ``"media"`` for the media folder alone, or None for both. ``meaning``
        and ``text`` (a part of a name, in any letter case) filter. ``after`` is the ``next`` of the previous page.

        Raises:
            InvalidInputError: The cursor or the limit is invalid.
            StorageDirOfflineError, DiskError: It cannot be read now.
        """
        return services.browse.list_tree(
            self._bench,
            self.get_storage_dir(sd),
            folder=folder,
            meaning=meaning,
            text=text,
            after=after,
            limit=limit,
        )

    def iter_tree(self, sd: StorageDirRef) -> Iterator[TreeEntry]:
        """All entries of :meth:`list_tree`, lazily. Holds some thousand entries in memory."""
        return services.browse.iter_tree(self._bench, self.get_storage_dir(sd))

    def describe_file(self, sd: StorageDirRef, path: str) -> dict[str, object]:
        """The facts of one file in the storage directory, ready for JSON. ``path`` is relative, with ``/``.

        Raises:
            InvalidPathError, EntryNotFoundError: The path leads outside, or there is no such entry.
            UnreadableFileError, StorageDirOfflineError: It cannot be read now.
        """
        return services.browse.describe_file(self._bench, self.get_storage_dir(sd), path)

    def read_hex(self, sd: StorageDirRef, path: str, offset: int = 0, length: int = HEX_BYTES) -> HexPage:
        """A page of any file's bytes as they are now; empty beyond the end. Raises as :meth:`describe_file`."""
        return services.browse.read_hex(
            self._bench, self.get_storage_dir(sd), path, offset=offset, length=length
        )

    def explain(self, image_id: str) -> Explanation:
        """Why the image is shown or not: every storage directory, catalog and disk, and what happens next.

        Cost: that of a lookup, and a read of each of its files. Raises nothing for a missing image.
        """
        return services.explain.explain_with_original(self._bench, parse_image_id(image_id))

    def watch(
        self, *, once: bool = False, since: int | None = None, stop: threading.Event | None = None
    ) -> EventStream:
        """Runs the watcher, and gives events as they are committed: ``for event in store.watch(): …``.

        It ends when ``stop`` is set (noticed within 0.25 s), when it or the store is closed, each from any thread, or
        if the loop is left. In a ``with`` block the watcher also runs while nobody reads. With ``once`` it ends after
        the start-up scan and its proofs. With ``since`` it first replays the journal from that number. If the journal
        does not have all of that, because the catalog was rebuilt or the events are too old, a ``JournalReset`` comes
        first: load everything again.

        Raises:
            InvalidInputError: ``since`` is negative.
        """
        _check_since(since)
        stream = self._watch(self, once, since, stop)
        self._streams.add(stream)
        return stream

    def events(self, since: int = 0, limit: int = 1000) -> list[Event]:
        """Up to ``limit`` events of the journal after number ``since``, oldest first; 1 to 10,000.

        Raises:
            InvalidInputError: ``since`` is negative, or the limit is invalid.
        """
        _check_since(since)
        _check_limit(limit)
        with self._bench.catalog.read() as reader:
            return reader.journal.list_events(since=since, limit=limit)

    def plan_export(
        self, image_ids: Iterable[str] | None = None, *, query: Query | None = None
    ) -> list[ExportedImage]:
        """The images with these ids, or all that the query means, and their names in an export. Reads only the
        catalog. Raises as :meth:`list_images`.
        """
        if image_ids is not None and query is not None:
            raise InvalidInputError("give image ids or a query, not both")
        ids = parse_image_ids(() if image_ids is None else image_ids)
        chosen = self.choose(query) if image_ids is None else None
        return services.export_images.plan_export(self._bench, ids, chosen)

    def export_images(
        self,
        plan: Sequence[ExportedImage],
        target: str | os.PathLike[str],
        *,
        dry_run: bool = False,
        progress: Callable[[int, int], object] | None = None,
        cancel: threading.Event | None = None,
    ) -> ExportReport:
        """Copies images, proven, into a folder, or into a new archive if the name ends in ``.zip``, with a contact
        sheet and a manifest. Durable when it returns. An interrupted export to a folder is continued by the same
        call. Nothing is replaced. What cannot be read is in ``refused``. ``progress`` gets the numbers of images that
        are done, and of all. ``cancel`` stops an export to a folder before the next image.

        Raises:
            InvalidPathError: The target cannot be a path.
            ImageNotFoundError: There is nothing to export.
            PlaceTakenError: The archive exists, or the folder has something else in it than an earlier export.
            RefusedError: The target is in a storage directory.
            DiskError: The disk refused.
        """
        return services.export_images.export_images(
            self._bench,
            self.thumbnails,
            plan,
            Path(target),
            dry_run=dry_run,
            on_progress=progress,
            cancel=cancel,
        )

    def iter_export_zip(self, plan: Sequence[ExportedImage]) -> Iterator[bytes]:
        """The bytes of the same archive, lazily, in pieces of at most a mebibyte. The same images give the same
        bytes. What cannot be read is named in its manifest.

        Raises:
            ImageNotFoundError: There is nothing to export. Raised at once.
        """
        services.export_images.check_any(plan)
        return services.export_images.iter_zip(self._bench, self.thumbnails, plan)

    def export_catalog(self) -> dict[str, object]:
        """Everything that only the catalog knows, ready for JSON."""
        return services.export_catalog.export_catalog(self._bench)

    def draw_new(self, image: ImportedImage, size: int = TILE_SIZE) -> Thumbnail:
        """A small copy of a picture that a dry run of :meth:`import_images` called new, if it is a file of this
        machine and has exactly those bytes. Writes nothing.

        Raises:
            SourceNotFoundError, DiskError, FileChangedError: It is not there, or not so any more.
            UndecodablePictureError, PictureTooLargeError: It cannot be drawn.
        """
        return services.preview.draw_new(self._bench, self.thumbnails, image, size)

    def count_elsewhere(self, image_ids: Sequence[ImageId], sd: StorageDirRef) -> dict[int, int]:
        """How many of the images each other storage directory has, by its number. Asks only the catalog."""
        check_several(image_ids, "image ids")
        return services.preview.count_elsewhere(self._bench, image_ids, self.get_storage_dir(sd).number)

    def import_images(
        self,
        sources: Sequence[ImportSource],
        *,
        sd: StorageDirRef,
        note: str | os.PathLike[str] | None = None,
        dry_run: bool = False,
        after: str | None = None,
        limit_s: float | None = None,
        progress: OnImported | None = None,
        cancel: threading.Event | None = None,
    ) -> ImportReport:
        """Saves all pictures of the sources: folders with all that is below them, ZIP archives, files, ``http`` and
        ``https`` addresses, ``data:`` URLs, bytes, and streams. What each is, its bytes decide.

        Names and dates are kept, the same bytes are stored once, and what is no picture is in ``left_out``. An
        interrupted import is continued by the same call. Durable when it returns. In a folder of named pictures,
        each goes where the person's program puts it (``note`` as in :meth:`save`).

        Args:
            sources: At least one.
            sd: The storage directory to save in.
            note: The note that the pictures are for.
            dry_run: Reads everything, says what is new, and writes no picture.
            after: The ``next`` of a report that stopped at ``limit_s``, for the same sources.
            limit_s: Stops after the first group of at most 50 pictures that ends beyond it.
            progress: Called before each group with a name, and how many pictures are done. The third number is 0:
                nobody knows how many there are.
            cancel: Stops before the next group.

        Raises:
            ReadOnlyStorageDirError, CopiedStorageDirError, StorageDirOfflineError, StorageDirIncompleteError: The
                storage directory must not be written to. What concerns one source or picture is in ``refused``.
        """
        check_several(sources, "sources")
        return services.import_images.import_images(
            self._bench, sources, self.get_storage_dir(sd), note=note, dry_run=dry_run, after=after,
            limit_s=limit_s, on_imported=progress, cancel=cancel,
        )  # fmt: skip

    def import_catalog(self, exported: object) -> ImportedCatalog:
        """Adds what another catalog's :meth:`export_catalog` knows: original names, what was where in the storage
        directories that are here, and the trash, as far as its bytes are in this home. Removes nothing. Idempotent.

        Raises:
            InvalidInputError: It is not such an export. Nothing was added.
        """
        return services.import_catalog.import_catalog(self._bench, exported)

    def close(self) -> None:
        """Ends its watchers and frees everything. Idempotent."""
        for stream in list(self._streams):
            stream.close()
        self._bench.catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _find_sds(self, sds: Iterable[StorageDirRef] | None) -> list[StorageDir] | None:
        return None if sds is None else self._get_sds(sds)

    def _get_sds(self, sds: Iterable[StorageDirRef]) -> list[StorageDir]:
        return [self.get_storage_dir(sd) for sd in check_several(sds, "storage directories")]

    def _choose_sds(self, sds: Iterable[StorageDirRef] | None) -> list[StorageDir]:
        found = self._find_sds(sds)
        return self.list_storage_dirs() if found is None else found

    def _find_sd(self, sd: StorageDirRef | None) -> StorageDir | None:
        return None if sd is None else self.get_storage_dir(sd)


def _check_limit(limit: int) -> None:
    if not is_within(limit, 1, MAX_PAGE):
        raise InvalidInputError(
            f"a page has 1 to {MAX_PAGE:,} of them, not {limit}", parameter="limit", value=limit
        )


def _check_since(since: int | None) -> None:
    if since is not None and not is_within(since, 0):
        raise InvalidInputError(
            f"since is the number of an event, or 0 for all of them, not {since}",
            parameter="since",
            value=since,
        )
