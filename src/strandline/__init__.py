"""Strandline, the image store for folders that sync themselves: ``from strandline import open_store``.

Names are loaded when they are first used, so importing the package costs almost nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strandline.errors import AccessTokenNotFoundError as AccessTokenNotFoundError
    from strandline.errors import AddressInUseError as AddressInUseError
    from strandline.errors import AmbiguousImageIdError as AmbiguousImageIdError
    from strandline.errors import CatalogAwayError as CatalogAwayError
    from strandline.errors import CatalogDamagedError as CatalogDamagedError
    from strandline.errors import CatalogError as CatalogError
    from strandline.errors import CatalogInsideStorageDirError as CatalogInsideStorageDirError
    from strandline.errors import CatalogLockedError as CatalogLockedError
    from strandline.errors import CatalogTooNewError as CatalogTooNewError
    from strandline.errors import ConfigError as ConfigError
    from strandline.errors import CopiedStorageDirError as CopiedStorageDirError
    from strandline.errors import DaemonRunningError as DaemonRunningError
    from strandline.errors import DecoderUnavailableError as DecoderUnavailableError
    from strandline.errors import DecodingInterruptedError as DecodingInterruptedError
    from strandline.errors import DifferentBytesError as DifferentBytesError
    from strandline.errors import DiskError as DiskError
    from strandline.errors import DiskFullError as DiskFullError
    from strandline.errors import EmptyImageError as EmptyImageError
    from strandline.errors import EntryNotFoundError as EntryNotFoundError
    from strandline.errors import FileChangedError as FileChangedError
    from strandline.errors import ImageArrivingError as ImageArrivingError
    from strandline.errors import ImageDamagedError as ImageDamagedError
    from strandline.errors import ImageForeignError as ImageForeignError
    from strandline.errors import ImageIdMismatchError as ImageIdMismatchError
    from strandline.errors import ImageInUseError as ImageInUseError
    from strandline.errors import ImageNotFoundError as ImageNotFoundError
    from strandline.errors import ImageOnlineOnlyError as ImageOnlineOnlyError
    from strandline.errors import ImageTooLargeError as ImageTooLargeError
    from strandline.errors import ImageUnreachableError as ImageUnreachableError
    from strandline.errors import InSeveralFoldersError as InSeveralFoldersError
    from strandline.errors import InvalidCursorError as InvalidCursorError
    from strandline.errors import InvalidDataUrlError as InvalidDataUrlError
    from strandline.errors import InvalidImageIdError as InvalidImageIdError
    from strandline.errors import InvalidInputError as InvalidInputError
    from strandline.errors import InvalidNameError as InvalidNameError
    from strandline.errors import InvalidPathError as InvalidPathError
    from strandline.errors import MissingExtraError as MissingExtraError
    from strandline.errors import NotAllowedError as NotAllowedError
    from strandline.errors import NotFoundError as NotFoundError
    from strandline.errors import NotInBucketsError as NotInBucketsError
    from strandline.errors import NotSharedError as NotSharedError
    from strandline.errors import PictureTooLargeError as PictureTooLargeError
    from strandline.errors import PlaceTakenError as PlaceTakenError
    from strandline.errors import ReadOnlyStorageDirError as ReadOnlyStorageDirError
    from strandline.errors import RefusedError as RefusedError
    from strandline.errors import ScanNotFoundError as ScanNotFoundError
    from strandline.errors import ServerNotRunningError as ServerNotRunningError
    from strandline.errors import SourceNotFoundError as SourceNotFoundError
    from strandline.errors import StorageDirConflictError as StorageDirConflictError
    from strandline.errors import StorageDirIncompleteError as StorageDirIncompleteError
    from strandline.errors import StorageDirNotFoundError as StorageDirNotFoundError
    from strandline.errors import StorageDirOfflineError as StorageDirOfflineError
    from strandline.errors import StrandlineError as StrandlineError
    from strandline.errors import TaskNotFoundError as TaskNotFoundError
    from strandline.errors import TrashFullError as TrashFullError
    from strandline.errors import UnavailableError as UnavailableError
    from strandline.errors import UndecodablePictureError as UndecodablePictureError
    from strandline.errors import UnreadableFileError as UnreadableFileError
    from strandline.errors import UnreadTextsError as UnreadTextsError
    from strandline.errors import UnsuitableFolderError as UnsuitableFolderError
    from strandline.errors import UnsupportedImageError as UnsupportedImageError
    from strandline.errors import UnwritableFolderError as UnwritableFolderError
    from strandline.errors import WatchLimitError as WatchLimitError
    from strandline.errors import WrongBytesError as WrongBytesError
    from strandline.folders.proof_copies import CopyWriter as CopyWriter
    from strandline.folders.proof_copies import ProofCopy as ProofCopy
    from strandline.model.catalog_exports import ImportedCatalog as ImportedCatalog
    from strandline.model.catalog_exports import ImportedDir as ImportedDir
    from strandline.model.changes import ChangeReport as ChangeReport
    from strandline.model.changes import FileChange as FileChange
    from strandline.model.changes import NamedFile as NamedFile
    from strandline.model.changes import RefusedChange as RefusedChange
    from strandline.model.deletions import DeletePlan as DeletePlan
    from strandline.model.duplicates import DuplicateFile as DuplicateFile
    from strandline.model.duplicates import DuplicateGroup as DuplicateGroup
    from strandline.model.duplicates import DuplicateReport as DuplicateReport
    from strandline.model.duplicates import FoldStep as FoldStep
    from strandline.model.events import Event as Event
    from strandline.model.events import ImageArriving as ImageArriving
    from strandline.model.events import ImageAvailable as ImageAvailable
    from strandline.model.events import ImageChanged as ImageChanged
    from strandline.model.events import ImageDamaged as ImageDamaged
    from strandline.model.events import ImageEvent as ImageEvent
    from strandline.model.events import ImageForeign as ImageForeign
    from strandline.model.events import ImageMissing as ImageMissing
    from strandline.model.events import ImageRemoved as ImageRemoved
    from strandline.model.events import JournalReset as JournalReset
    from strandline.model.events import ReferenceEvent as ReferenceEvent
    from strandline.model.events import ReferenceMissing as ReferenceMissing
    from strandline.model.events import ReferenceResolved as ReferenceResolved
    from strandline.model.events import ScanFinished as ScanFinished
    from strandline.model.events import ScanProgress as ScanProgress
    from strandline.model.events import ScanStarted as ScanStarted
    from strandline.model.events import StorageDirAdded as StorageDirAdded
    from strandline.model.events import StorageDirEvent as StorageDirEvent
    from strandline.model.events import StorageDirIdentityChanged as StorageDirIdentityChanged
    from strandline.model.events import StorageDirLayoutChanged as StorageDirLayoutChanged
    from strandline.model.events import StorageDirOffline as StorageDirOffline
    from strandline.model.events import StorageDirOnline as StorageDirOnline
    from strandline.model.events import StorageDirSuspect as StorageDirSuspect
    from strandline.model.exports import ExportedImage as ExportedImage
    from strandline.model.exports import ExportReport as ExportReport
    from strandline.model.exports import LeftOut as LeftOut
    from strandline.model.image_files import FileStamp as FileStamp
    from strandline.model.image_files import FileState as FileState
    from strandline.model.image_files import ImageFile as ImageFile
    from strandline.model.image_files import ImageFilter as ImageFilter
    from strandline.model.image_files import Proof as Proof
    from strandline.model.image_files import ProofKind as ProofKind
    from strandline.model.image_files import Sort as Sort
    from strandline.model.image_ids import ImageId as ImageId
    from strandline.model.image_ids import parse_image_id as parse_image_id
    from strandline.model.months import Month as Month
    from strandline.model.months import Months as Months
    from strandline.model.open_references import OpenReference as OpenReference
    from strandline.model.queries import Query as Query
    from strandline.model.reports import AddedStorageDir as AddedStorageDir
    from strandline.model.reports import Check as Check
    from strandline.model.reports import ConfirmedStorageDir as ConfirmedStorageDir
    from strandline.model.reports import DiskFact as DiskFact
    from strandline.model.reports import Explanation as Explanation
    from strandline.model.reports import Finding as Finding
    from strandline.model.reports import IdentityReport as IdentityReport
    from strandline.model.reports import ImageFileReport as ImageFileReport
    from strandline.model.reports import ImageInfo as ImageInfo
    from strandline.model.reports import ImagePage as ImagePage
    from strandline.model.reports import Saved as Saved
    from strandline.model.reports import ScanReport as ScanReport
    from strandline.model.reports import StorageDirTrace as StorageDirTrace
    from strandline.model.reports import TakenIn as TakenIn
    from strandline.model.storage_dirs import FileCounts as FileCounts
    from strandline.model.storage_dirs import StorageDir as StorageDir
    from strandline.model.storage_dirs import StorageDirQuestion as StorageDirQuestion
    from strandline.model.storage_dirs import StorageDirState as StorageDirState
    from strandline.model.store_status import FileMeasures as FileMeasures
    from strandline.model.store_status import Outcome as Outcome
    from strandline.model.store_status import StatusReason as StatusReason
    from strandline.model.store_status import StorageDirStatus as StorageDirStatus
    from strandline.model.store_status import StoreStatus as StoreStatus
    from strandline.model.sync_status import FileItem as FileItem
    from strandline.model.sync_status import HexPage as HexPage
    from strandline.model.sync_status import SyncStatus as SyncStatus
    from strandline.model.sync_status import TreeEntry as TreeEntry
    from strandline.model.sync_status import TreePage as TreePage
    from strandline.model.transfers import CopyPlan as CopyPlan
    from strandline.model.transfers import MovePlan as MovePlan
    from strandline.model.transfers import TransferReport as TransferReport
    from strandline.model.trash import TrashedFile as TrashedFile
    from strandline.model.trash import TrashListing as TrashListing
    from strandline.model.unused import CollectReport as CollectReport
    from strandline.model.unused import FolderUsage as FolderUsage
    from strandline.model.unused import Gap as Gap
    from strandline.model.unused import UnusedFile as UnusedFile
    from strandline.model.unused import UnusedReport as UnusedReport
    from strandline.model.verification import Fault as Fault
    from strandline.model.verification import NotVerified as NotVerified
    from strandline.model.verification import VerifyFinding as VerifyFinding
    from strandline.model.verification import VerifyReport as VerifyReport
    from strandline.pictures.decoding import Thumbnail as Thumbnail
    from strandline.pictures.frozen import freeze_support as freeze_support
    from strandline.runtime.assembly import LocalStore as LocalStore
    from strandline.runtime.assembly import open_store as open_store
    from strandline.services.event_stream import EventStream as EventStream
    from strandline.services.finding.found_image import FoundImage as FoundImage
    from strandline.services.finding.look_up import Presence as Presence
    from strandline.services.gallery import Gallery as Gallery
    from strandline.services.journal import Journal as Journal
    from strandline.services.saving.intake import NewImage as NewImage
    from strandline.services.thumbnails import Thumbnails as Thumbnails
    from strandline.services.trashing.contents import Trash as Trash
    from strandline.store import Store as Store
    from strandline.web.statuses import http_status_of as http_status_of

__version__ = "0.1.0"

_HOMES = {
    "strandline.errors": (
        "AccessTokenNotFoundError",
        "AddressInUseError",
        "AmbiguousImageIdError",
        "CatalogDamagedError",
        "CatalogError",
        "CatalogInsideStorageDirError",
        "CatalogAwayError",
        "CatalogLockedError",
        "CatalogTooNewError",
        "ConfigError",
        "CopiedStorageDirError",
        "DaemonRunningError",
        "DecoderUnavailableError",
        "DecodingInterruptedError",
        "DifferentBytesError",
        "DiskError",
        "DiskFullError",
        "EmptyImageError",
        "EntryNotFoundError",
        "ImageArrivingError",
        "ImageDamagedError",
        "ImageForeignError",
        "ImageInUseError",
        "ImageIdMismatchError",
        "ImageNotFoundError",
        "ImageOnlineOnlyError",
        "ImageTooLargeError",
        "ImageUnreachableError",
        "InvalidCursorError",
        "InvalidDataUrlError",
        "InvalidImageIdError",
        "InvalidInputError",
        "InvalidNameError",
        "InvalidPathError",
        "MissingExtraError",
        "NotFoundError",
        "NotSharedError",
        "PictureTooLargeError",
        "ReadOnlyStorageDirError",
        "RefusedError",
        "ScanNotFoundError",
        "ServerNotRunningError",
        "SourceNotFoundError",
        "StorageDirConflictError",
        "StorageDirIncompleteError",
        "StorageDirNotFoundError",
        "StorageDirOfflineError",
        "StrandlineError",
        "TaskNotFoundError",
        "UnavailableError",
        "UndecodablePictureError",
        "UnreadableFileError",
        "UnsuitableFolderError",
        "UnsupportedImageError",
        "UnwritableFolderError",
        "WatchLimitError",
        "TrashFullError",
        "UnreadTextsError",
        "PlaceTakenError",
        "InSeveralFoldersError",
        "NotAllowedError",
        "NotInBucketsError",
        "FileChangedError",
        "WrongBytesError",
    ),
    "strandline.folders.proof_copies": (
        "CopyWriter",
        "ProofCopy",
    ),
    "strandline.model.changes": ("ChangeReport", "FileChange", "NamedFile", "RefusedChange"),
    "strandline.model.deletions": ("DeletePlan",),
    "strandline.model.duplicates": ("DuplicateFile", "DuplicateGroup", "DuplicateReport", "FoldStep"),
    "strandline.model.transfers": ("CopyPlan", "MovePlan", "TransferReport"),
    "strandline.model.trash": ("TrashedFile", "TrashListing"),
    "strandline.model.unused": ("CollectReport", "FolderUsage", "Gap", "UnusedFile", "UnusedReport"),
    "strandline.model.verification": ("Fault", "NotVerified", "VerifyFinding", "VerifyReport"),
    "strandline.model.events": (
        "Event",
        "ImageArriving",
        "ImageAvailable",
        "ImageChanged",
        "ImageDamaged",
        "ImageEvent",
        "ImageForeign",
        "ImageMissing",
        "ImageRemoved",
        "JournalReset",
        "ReferenceEvent",
        "ReferenceMissing",
        "ReferenceResolved",
        "ScanFinished",
        "ScanProgress",
        "ScanStarted",
        "StorageDirAdded",
        "StorageDirEvent",
        "StorageDirIdentityChanged",
        "StorageDirLayoutChanged",
        "StorageDirOffline",
        "StorageDirOnline",
        "StorageDirSuspect",
    ),
    "strandline.model.image_files": (
        "FileStamp",
        "FileState",
        "ImageFile",
        "ImageFilter",
        "Proof",
        "ProofKind",
        "Sort",
    ),
    "strandline.model.image_ids": (
        "ImageId",
        "parse_image_id",
    ),
    "strandline.model.catalog_exports": (
        "ImportedCatalog",
        "ImportedDir",
    ),
    "strandline.model.exports": (
        "ExportReport",
        "ExportedImage",
        "LeftOut",
    ),
    "strandline.model.queries": ("Query",),
    "strandline.model.months": (
        "Month",
        "Months",
    ),
    "strandline.model.reports": (
        "AddedStorageDir",
        "Check",
        "ConfirmedStorageDir",
        "DiskFact",
        "Explanation",
        "Finding",
        "IdentityReport",
        "ImageFileReport",
        "ImageInfo",
        "ImagePage",
        "Saved",
        "ScanReport",
        "StorageDirTrace",
        "TakenIn",
    ),
    "strandline.model.storage_dirs": (
        "FileCounts",
        "StorageDir",
        "StorageDirQuestion",
        "StorageDirState",
    ),
    "strandline.model.store_status": (
        "FileMeasures",
        "Outcome",
        "StatusReason",
        "StorageDirStatus",
        "StoreStatus",
    ),
    "strandline.model.sync_status": (
        "FileItem",
        "HexPage",
        "SyncStatus",
        "TreeEntry",
        "TreePage",
    ),
    "strandline.pictures.decoding": ("Thumbnail",),
    "strandline.pictures.frozen": ("freeze_support",),
    "strandline.runtime.assembly": (
        "LocalStore",
        "open_store",
    ),
    "strandline.services.event_stream": ("EventStream",),
    "strandline.services.finding.found_image": ("FoundImage",),
    "strandline.services.finding.look_up": ("Presence",),
    "strandline.services.gallery": ("Gallery",),
    "strandline.services.journal": ("Journal",),
    "strandline.services.saving.intake": ("NewImage",),
    "strandline.services.thumbnails": ("Thumbnails",),
    "strandline.services.trashing.contents": ("Trash",),
    "strandline.store": ("Store",),
    "strandline.web.statuses": ("http_status_of",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME_OF]
