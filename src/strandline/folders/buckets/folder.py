"""A place in a bucket of objects, asked through the S3 protocol (SPEC §24).

The second kind of :class:`~strandline.folders.port.Folder`. One request reads or writes one whole version, so nothing
is half, nothing is open, and no temporary exists. A bucket has no folders, so an empty one is never missing. Nothing
is taken out of a bucket.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from strandline.errors import NotInBucketsError, StrandlineError
from strandline.folders.buckets import identity, listing, reading, writing
from strandline.folders.buckets.calls import AT_ONCE, BucketCalls
from strandline.folders.buckets.client import Version
from strandline.folders.buckets.refusals import ReplacedError
from strandline.folders.disk_errors import as_disk_error, as_unreadable
from strandline.folders.odd_names import NO_ODD_NAMES, sort_odd_names
from strandline.folders.port import SaveMode
from strandline.folders.tree import page_of
from strandline.model.layout import ID_LAYOUT, Layout
from strandline.model.listing import MediaListing
from strandline.model.passed_over import is_passed_over
from strandline.model.picture_places import MAX_SETTINGS_BYTES, SETTINGS, SIGNS, PlacesLook
from strandline.model.values import dataclass

if TYPE_CHECKING:
    from strandline.folders.buckets.shelf import BucketShelf
    from strandline.folders.identity_writes import AppliedIdentity
    from strandline.folders.odd_names import OddNames
    from strandline.folders.proof_copies import Hashed, Reading
    from strandline.folders.saving import WrittenFile
    from strandline.folders.setting_aside import AsideCopy
    from strandline.folders.tree import Entry, FoundFile, PathPage
    from strandline.model.buckets import Guarantees
    from strandline.model.identity.anchors import AnchorLook
    from strandline.model.identity.decisions import IdentityDecision
    from strandline.model.identity.sd_ids import StorageDirId
    from strandline.model.identity.sightings import IdentitySighting
    from strandline.model.image_files import FileStamp
    from strandline.model.image_ids import ImageId
    from strandline.model.layout_choice import LayoutLook
    from strandline.model.name_ranges import NameRange
    from strandline.model.storage_dirs import LayoutKind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BucketFolder:
    """The place of a storage directory in a bucket."""

    calls: BucketCalls
    layout: Layout = ID_LAYOUT

    # --- what kind of place it is -----------------------------------------------------------------------------

    @property
    def root(self) -> str:
        """``s3://bucket/prefix``."""
        return self.calls.client.address.text

    @property
    def place(self) -> str:
        """Endpoint and bucket."""
        return self.calls.place

    @property
    def kind(self) -> str:
        """The protocol."""
        return "s3"

    @property
    def is_local(self) -> bool:
        """Reading costs time, and at some providers money."""
        return False

    @property
    def tells_changes(self) -> bool:
        """It is listed from time to time."""
        return False

    @property
    def may_be_read_unasked(self) -> bool:
        """An arrival is proven at once. Old images are left to ``verify``, and to those who look at them."""
        return True

    @property
    def keeps_inodes(self) -> bool:
        """The number in a stamp is made of the ETag, and stays with the version."""
        return True

    @property
    def keeps_ctimes(self) -> bool:
        """There are none."""
        return False

    @property
    def may_respell_names(self) -> bool:
        """A key has one spelling."""
        return False

    @property
    def reads_at_once(self) -> int:
        """Each waits for the network. Each holds 8 MiB at most."""
        return AT_ONCE

    @property
    def can_list_some(self) -> bool:
        """If the endpoint was seen to list in order, and names have no ``/``, which some servers sort differently."""
        known = self.recall_guarantees()
        return self.layout.names_are_ids and known is not None and known.lists_in_order

    @property
    def lets_files_go(self) -> bool:
        """Not in this version."""
        return False

    # --- images -----------------------------------------------------------------------------------------------

    def where(self, name: str) -> str:
        """The address of an image."""
        return self.calls.where(self._path(name) if name else self.layout.images_folder)

    def list_images(
        self, *, comparing: bool, on_progress: Callable[[int], None] | None = None
    ) -> MediaListing:
        """One LIST for 1,000 objects."""
        into = MediaListing([])
        self.calls.patient(
            lambda: listing.fill_listing(self.calls, self.layout, into, on_progress),
            progress=lambda: len(into.lines) + len(into.odd),
        )
        if comparing:
            into.lines = set(into.lines)
        return into

    def list_some(self, names: NameRange, *, limit: int) -> MediaListing:
        """One LIST for 1,000 objects, and up to 999 of the next range."""
        into = MediaListing([])
        self.calls.patient(
            lambda: listing.fill_range(self.calls, self.layout, into, names, limit),
            progress=lambda: len(into.lines) + len(into.odd),
        )
        return into

    def list_names(self) -> set[str]:
        """One LIST for 1,000 objects."""
        names: set[str] = set()
        if self.layout.images_folder:
            found = (name for name, _ in listing.iter_images(self.calls, self.layout))
        else:
            found = (f"{above}/{name}".lstrip("/") for above, name in self.iter_tree())
        self.calls.patient(lambda: names.update(found), progress=lambda: len(names))
        return names

    def has_images_folder(self) -> bool:
        """It is there as long as its bucket is. One LIST."""
        self.calls.small(lambda: self.calls.client.has_any(self.layout.images_folder))
        return True

    def find_changed_ns(self) -> None:
        """A bucket does not say when its names have changed."""
        return

    def probe(self, names: Iterable[str]) -> list[tuple[str, FileStamp]]:
        """One HEAD per name, up to 16 at once."""
        asked = list(names)
        found: list[tuple[str, FileStamp]] = []
        for name, version in zip(asked, self._heads(asked), strict=True):
            if isinstance(version, OSError):
                if not isinstance(version, FileNotFoundError):
                    raise version
            else:
                found.append((name, version.stamp))
        return found

    def look_again(self, names: Collection[str]) -> dict[str, FileStamp | None]:
        """One HEAD per name, up to 16 at once."""
        again: dict[str, FileStamp | None] = {}
        with suppress(OSError):
            for name, version in zip(names, self._heads(names), strict=True):
                if isinstance(version, FileNotFoundError):
                    again[name] = None
                elif not isinstance(version, OSError):
                    again[name] = version.stamp
        return again

    def find_touched(self, ctimes: Mapping[str, int]) -> list[str]:  # noqa: ARG002
        """Stamps say it."""
        return []

    def find_unreadable(self, names: Iterable[str]) -> list[str]:  # noqa: ARG002
        """Not known before a read."""
        return []

    def find_spellings(self, names: Sequence[str], odd_spellings: Collection[str]) -> list[str]:  # noqa: ARG002
        """As they are."""
        return list(names)

    def find_odd_names(self, image_id: ImageId) -> OddNames:
        """Those that begin with the id: one LIST of 1,000 names from there on. Others are found by a scan."""
        if not self.layout.names_are_ids:
            return NO_ODD_NAMES
        folder = self.layout.images_folder

        def list_some() -> list[str]:
            first = next(self.calls.client.iter_versions(folder, after=str(image_id)), [])
            names = [version.path[len(folder) + 1 :] for version in first]
            return [name for name in names if name.startswith(image_id) and "/" not in name]

        return sort_odd_names(self.calls.small(list_some)).get(image_id, NO_ODD_NAMES)

    def is_evicted(self, name: str) -> bool:  # noqa: ARG002
        """A bucket has all its bytes."""
        return False

    def open_image(self, name: str) -> reading.BucketImage:
        """One HEAD."""
        with self._unreadable(name):
            version = self.calls.small(lambda: self.calls.client.head(self._path(name)))
        return reading.BucketImage(self.calls, version)

    def read_image(self, name: str) -> Reading:
        """One GET, and one more for every further 8 MiB."""
        from strandline.folders.proof_copies import Reading

        done = 0

        def count(size_bytes: int) -> None:
            nonlocal done
            done = size_bytes

        with self._unreadable(name):
            copy = self.calls.patient(
                lambda: reading.read_copy(self.calls, self._path(name), on_progress=count),
                progress=lambda: done,
            )
        return Reading(copy, is_replaced=False)

    def hash_image(self, name: str, *, limit_bytes: int) -> Hashed:
        """One GET, and one more for every further 8 MiB."""
        done = 0

        def count(size_bytes: int) -> None:
            nonlocal done
            done = size_bytes

        with self._unreadable(name):
            return self.calls.patient(
                lambda: reading.hash_object(
                    self.calls, self._path(name), limit_bytes=limit_bytes, on_progress=count
                ),
                progress=lambda: done,
            )

    def _path(self, name: str) -> str:
        return self.layout.path_of(name)

    def _heads(self, names: Iterable[str]) -> list[Version | OSError]:
        return self.calls.each(names, lambda name: self.calls.client.head(self._path(name)))

    @contextmanager
    def _unreadable(self, name: str) -> Iterator[None]:
        """What cannot be read becomes our error. "No such object" and "no answer" pass."""
        try:
            yield
        except (FileNotFoundError, TimeoutError):
            raise
        except OSError as error:
            raise as_unreadable(error, self.where(name)) from error

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
        """One PUT with a condition and a SHA-256. The time becomes metadata, as rclone writes it.

        Raises:
            NotInBucketsError: Something should be replaced, the endpoint was not seen to replace only that, and no
                shared catalog stands in.
        """
        if mode is SaveMode.REPLACE:
            self._check_replaces(name)
        data = source if isinstance(source, bytes) else source.read()
        try:
            return self.calls.patient(
                lambda: writing.write_object(self.calls, self._path(name), data, mode, allowed, mtime_ns)
            )
        except (FileExistsError, TimeoutError):
            raise
        except OSError as error:
            raise as_disk_error(error, "write", self.where(name)) from error

    def _check_replaces(self, name: str) -> None:
        known = self.recall_guarantees() or self.find_guarantees()
        if not known.replaces_only_the_same and self.calls.means.hold is None:
            raise NotInBucketsError(
                f"{self.where(name)} is not replaced, because its server would also replace a version that came "
                "meanwhile; replace it with another program, or share a catalog (catalog.url), by which programs "
                "take turns",
                path=self.where(name),
            )

    def write_new_images(
        self, files: Sequence[tuple[str, bytes, int | None]], allowed: Callable[[str], bool]
    ) -> list[WrittenFile | OSError | StrandlineError]:
        """One PUT each, up to 16 at once."""

        def write(file: tuple[str, bytes, int | None]) -> WrittenFile | StrandlineError:
            name, data, mtime_ns = file
            try:
                return writing.write_object(
                    self.calls, self._path(name), data, SaveMode.NEW, lambda: allowed(name), mtime_ns
                )
            except StrandlineError as error:
                return error

        results: list[WrittenFile | OSError | StrandlineError] = []
        for (name, _, _), result in zip(files, self.calls.each(files, write), strict=True):
            if isinstance(result, OSError) and not isinstance(result, FileExistsError | TimeoutError):
                results.append(as_disk_error(result, "write", self.where(name)))
            else:
                results.append(result)
        return results

    def ensure_durable(self, name: str) -> None:
        """What can be seen is durable. One HEAD."""
        try:
            self.calls.small(lambda: self.calls.client.head(self._path(name)))
        except (FileNotFoundError, TimeoutError):
            raise
        except OSError as error:
            raise as_disk_error(error, "look at", self.where(name)) from error

    def open_shelf(self) -> BucketShelf:
        """A prefix of the same bucket, outside of every storage directory."""
        from strandline.folders.buckets.shelf import open_shelf

        return open_shelf(self.calls)

    def put_aside(self, name: str, folder: Path, aside: str) -> AsideCopy:  # noqa: ARG002
        """Always refused: a machine's home is no place for what an organization keeps."""
        raise self._stays(name)

    def move_aside(
        self,
        name: str,
        folder: Path,  # noqa: ARG002
        aside: str,  # noqa: ARG002
        judge: Callable[[AsideCopy], None],  # noqa: ARG002
    ) -> AsideCopy:
        """Always refused."""
        raise self._stays(name)

    def _stays(self, name: str) -> NotInBucketsError:
        return NotInBucketsError(
            f"{self.where(name)} stays, because nothing is taken out of buckets; delete it with another program",
            path=self.where(name),
        )

    def remove_leftovers(self, now: datetime) -> tuple[str, ...]:  # noqa: ARG002
        """A save leaves none."""
        return ()

    def find_guarantees(self, *, forgets: bool = False) -> Guarantees:
        """Tried with some small objects, which are deleted again. About 40 requests."""
        from strandline.folders.buckets.trying import find_guarantees, remember

        try:
            found = self.calls.patient(lambda: find_guarantees(self.calls))
        except OSError as error:
            raise as_disk_error(error, "write to", self.root) from error
        return remember(self.calls, found, forgets=forgets)

    def recall_guarantees(self) -> Guarantees | None:
        """One small file in the home, and a statement if a catalog is shared."""
        from strandline.folders.buckets.trying import recall

        return recall(self.calls)

    def ask_time(self) -> datetime | None:
        """One HEAD without a signature."""
        from strandline.folders.buckets.endpoint_clock import ask_time

        return ask_time(self.calls)

    # --- identity ---------------------------------------------------------------------------------------------

    def read_identity(self) -> StorageDirId | None:
        """One GET."""
        return self.calls.small(lambda: identity.read_identity(self.calls))

    def look_at_identity(self) -> IdentitySighting:
        """A listing of the root, and a GET for each object that concerns the identity."""
        try:
            return self.calls.patient(lambda: identity.look_at_identity(self.calls))
        except OSError as error:
            return identity.look_that_failed(error)

    def apply_identity(self, decision: IdentityDecision) -> AppliedIdentity:
        """Small objects, made once."""
        try:
            return self.calls.patient(lambda: identity.apply_identity(self.calls, decision))
        except OSError as error:
            raise as_disk_error(error, "write the identity in", self.root) from error

    def write_layout(self, kind: LayoutKind) -> None:
        """A small object, made once."""
        try:
            self.calls.patient(lambda: identity.write_layout(self.calls, kind))
        except OSError as error:
            raise as_disk_error(error, "write the layout in", self.root) from error

    def find_place(self) -> None:
        """Nothing tells whether two addresses lead to one bucket, except the identity."""
        return

    def find_real_root(self) -> str:
        """The address, if the bucket can be listed."""
        self.calls.small(lambda: self.calls.client.has_any(""))
        return self.root

    def find_likely_root(self) -> str:
        """The address."""
        return self.root

    def spell_root(self) -> str:
        """The address: nothing in it is spelled in two ways."""
        return self.root

    def look_at_layout(self) -> LayoutLook:
        """A listing of the root, and one of ``media`` up to the first image with an id."""
        from strandline.model.layout_choice import LayoutLook

        try:
            return self.calls.patient(lambda: identity.look_at_layout(self.calls))
        except OSError:
            return LayoutLook(is_known=False)

    def look_at_places(self) -> PlacesLook:
        """One HEAD per sign, and a LIST if it is no object. One GET for each settings file."""
        found = self.calls.each(SIGNS, lambda sign: listing.find_entry(self.calls, sign))
        there = frozenset(
            sign for sign, entry in zip(SIGNS, found, strict=True) if entry and not isinstance(entry, OSError)
        )
        settings: dict[str, bytes] = {}
        read = self.calls.each(SETTINGS, lambda name: self.calls.client.get(name, at_most=MAX_SETTINGS_BYTES))
        for name, result in zip(SETTINGS, read, strict=True):
            if not isinstance(result, OSError) and result[1] is not None:
                settings[name] = result[1]
        return PlacesLook(there, settings)

    def spell_folder(self, path: str) -> str:
        """As it is: keys that differ in letter case are different."""
        return path

    def look_at_anchors(self) -> AnchorLook:
        """Its address, if it can be listed."""
        from strandline.model.identity.anchors import AnchorLook, Anchors

        self.find_real_root()
        return AnchorLook(Anchors(f"{self.place} {self.calls.client.address.prefix}", frozenset()))

    # --- the tree ---------------------------------------------------------------------------------------------

    def list_paths(
        self, folders: Sequence[str], *, after: str, limit: int, fits: Callable[[str], bool] = bool
    ) -> PathPage:
        """One LIST for 1,000 objects. Memory: the paths of the page."""
        listed = 0

        def count_and_ask(path: str) -> bool:
            nonlocal listed
            listed += 1
            return fits(path)

        return self.calls.patient(
            lambda: page_of(
                filter(count_and_ask, listing.iter_paths(self.calls, folders)), after=after, limit=limit
            ),
            progress=lambda: listed,
        )

    def look_at(self, paths: Iterable[str]) -> list[Entry]:
        """One HEAD per path, and one LIST if it is no object."""
        entries = []
        for entry in self.calls.each(paths, lambda path: listing.find_entry(self.calls, path)):
            if isinstance(entry, OSError):
                raise entry
            if entry is not None:
                entries.append(entry)
        return entries

    def describe(self, path: str) -> Entry:
        """One HEAD, or for a path that does not exist, two requests per part."""
        return self.calls.patient(lambda: listing.describe(self.calls, path))

    def read_piece(self, path: str, offset: int, size_bytes: int) -> tuple[bytes, int]:
        """One HEAD and one GET."""

        def read() -> tuple[bytes, int]:
            if listing.describe(self.calls, path).kind != "file":
                raise as_unreadable(IsADirectoryError(), self.calls.where(path))
            version = self.calls.client.head(path)
            wanted = min(size_bytes, version.size_bytes - offset)
            if wanted <= 0:
                return b"", version.size_bytes
            data = self.calls.client.get_piece(path, offset, wanted, e_tag=version.e_tag)
            return data, version.size_bytes

        try:
            return self.calls.patient(read)
        except ReplacedError as error:
            raise as_unreadable(error, self.calls.where(path)) from error

    def iter_tree(self) -> Iterator[tuple[str, str]]:
        """One LIST for 1,000 objects."""
        return self._iter(listing.iter_tree(self.calls, listing.is_below_hidden))

    def iter_files(self, refused: list[str]) -> Iterator[list[FoundFile]]:  # noqa: ARG002
        """One LIST for 1,000 objects."""
        return self._iter(listing.iter_files(self.calls))

    def _iter(self, found: Iterator[T]) -> Iterator[T]:
        while (step := self.calls.patient(lambda: next(found, None))) is not None:
            yield step

    def list_folders(self) -> list[str]:
        """One LIST for 1,000 objects in the root."""
        return self.calls.patient(lambda: self.calls.client.list_level("")[0])

    def list_folders_in(self, path: str) -> list[str]:
        """One LIST for 1,000 objects in it."""
        folders, versions = self.calls.patient(lambda: self.calls.client.list_level(path))
        if path and not (folders or versions):
            raise FileNotFoundError(path)
        below = ((name, f"{path}/{name}" if path else name) for name in folders)
        return [
            name
            for name, whole in below
            if not is_passed_over(whole) and not self.layout.is_ignored(f"{whole}/")
        ]

    def find_unwritable(self) -> None:
        """Not known before a write."""
        return

    def find_unlistable(self) -> str | None:
        """One LIST."""
        try:
            self.find_real_root()
        except PermissionError:
            return self.root
        return None

    def find_free_bytes(self) -> None:
        """A bucket has no limit that it tells."""
        return

    def find_used_files(self) -> None:
        """It does not say."""
        return
