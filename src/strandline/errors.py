"""Floor 0: everything that can go wrong, as one tree sorted by what the caller can do about it.

::

    StrandlineError
    ├── InvalidInputError                 mend the input and ask again
    │   ├── InvalidImageIdError           not a content id, not a UUID
    │   ├── ImageIdMismatchError          a content id that the bytes do not have
    │   ├── EmptyImageError               no bytes at all
    │   ├── UnsupportedImageError         bytes of no supported image type
    │   ├── ImageTooLargeError            over the size limit
    │   ├── InvalidPathError              not a usable path (NUL, too long, leads outside)
    │   ├── InvalidNameError              not a usable name for a storage directory
    │   ├── InvalidCursorError            not a cursor that a listing handed out
    │   ├── InvalidDataUrlError           not a ``data:`` URL that holds an image
    │   └── ConfigError                   a setting that cannot be used
    ├── NotFoundError                     it is not there
    │   ├── ImageNotFoundError            no storage directory has the image (carries the trace)
    │   │   ├── ImageArrivingError        · it is here in part: try again          (also unavailable)
    │   │   ├── ImageOnlineOnlyError      · its bytes are in the cloud only         (also unavailable)
    │   │   ├── ImageUnreachableError     · a storage directory that may hold it is offline (unavailable)
    │   │   ├── ImageDamagedError         · its bytes are broken                    (also wrong bytes)
    │   │   └── ImageForeignError         · another image lies under its name       (also wrong bytes)
    │   ├── StorageDirNotFoundError       no such storage directory is known
    │   ├── SourceNotFoundError           the file or folder to save does not exist
    │   ├── ScanNotFoundError             no scan has that number
    │   └── EntryNotFoundError            no such file inside the storage directory
    ├── RefusedError                      a guard holds; a person must decide
    │   ├── CopiedStorageDirError         two folders carry one identity
    │   ├── ReadOnlyStorageDirError       added with ``--read-only``
    │   ├── DifferentBytesError           the legacy id already names other bytes
    │   ├── CatalogInsideStorageDirError  the catalog must not be synced
    │   ├── StorageDirConflictError       the path or identity already belongs to another one
    │   ├── PictureTooLargeError          more pixels than we decode
    │   ├── DaemonRunningError            another process already watches this home
    │   └── AddressInUseError             another program listens there
    ├── UnavailableError                  nothing is wrong with the request: try again later
    │   ├── StorageDirOfflineError        unmounted, signed out, or another folder lies there
    │   ├── StorageDirIncompleteError     its identity has not arrived yet
    │   ├── CatalogLockedError            another process holds the catalog
    │   ├── WatchLimitError               the system allows no more file watches
    │   ├── DecoderUnavailableError       pictures cannot be decoded on this machine now
    │   └── DecodingInterruptedError      the decoder was ended, or found no memory
    ├── WrongBytesError                   bytes are there, and are not what they should be
    │   └── UndecodablePictureError       the decoder gave up on them
    ├── DiskError                         the operating system said no
    │   ├── DiskFullError                 no space or quota left
    │   ├── UnwritableFolderError         read-only, or this user may not write there
    │   └── UnreadableFileError           a file that is there cannot be read
    └── CatalogError                      the catalog itself
        ├── CatalogDamagedError           not a database, or a broken one
        └── CatalogTooNewError            made by a newer Strandline

A message says what happened, to what, and what to do, on one line; the facts are in ``facts``. The
``code`` is stable: it stands in JSON, in logs and in ``docs/reference/errors.md``. What surprises: an
image that is *arriving* is an :class:`ImageNotFoundError` **and** an :class:`UnavailableError`, so
``except ImageNotFoundError`` around ``store.get`` catches every way in which an image cannot be handed out.
"""

from __future__ import annotations

from typing import ClassVar


class StrandlineError(Exception):
    """Something went wrong that Strandline understands.

    Args:
        message: One line: what happened, to what, and what to do.
        **facts: JSON-ready values that programs can use; also reachable as ``error.facts``.
    """

    code: ClassVar[str] = "strandline-error"

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def as_json(self) -> dict[str, object]:
        """The error as it stands in ``{"error": …}``: code, message, and the facts."""
        return {"code": self.code, "message": self.message, **self.facts}


class InvalidInputError(StrandlineError):
    """The request itself cannot be carried out; mend it."""

    code = "invalid-input"


class InvalidImageIdError(InvalidInputError):
    """The text is neither 32 hex digits nor a UUID with dashes."""

    code = "invalid-image-id"


class ImageIdMismatchError(InvalidInputError):
    """A content id was given that the bytes do not hash to."""

    code = "image-id-mismatch"


class EmptyImageError(InvalidInputError):
    """There are no bytes."""

    code = "empty-image"


class UnsupportedImageError(InvalidInputError):
    """The bytes are of no supported image type."""

    code = "unsupported-image"


class ImageTooLargeError(InvalidInputError):
    """The image has more bytes than the limit allows."""

    code = "image-too-large"


class InvalidPathError(InvalidInputError):
    """The path cannot be used: a NUL in it, too long, or it leads out of the storage directory, or to no file."""

    code = "invalid-path"


class InvalidNameError(InvalidInputError):
    """The name cannot be given to a storage directory."""

    code = "invalid-name"


class InvalidCursorError(InvalidInputError):
    """The cursor is none that a listing handed out."""

    code = "invalid-cursor"


class InvalidDataUrlError(InvalidInputError):
    """The ``data:`` URL does not decode."""

    code = "invalid-data-url"


class ConfigError(InvalidInputError):
    """A setting has a value that cannot be used."""

    code = "bad-config"


class NotFoundError(StrandlineError):
    """What was asked for is not there."""

    code = "not-found"


class ImageNotFoundError(NotFoundError):
    """The image cannot be handed out. ``trace`` is the :class:`~strandline.model.reports.Explanation`."""

    code = "image-not-found"

    def __init__(self, message: str, *, trace: object = None, **facts: object) -> None:
        super().__init__(message, **facts)
        self.trace = trace


class StorageDirNotFoundError(NotFoundError):
    """No storage directory is known by that identity, alias, path or name."""

    code = "sd-not-found"


class SourceNotFoundError(NotFoundError):
    """The file or folder that was to be saved does not exist."""

    code = "source-not-found"


class ScanNotFoundError(NotFoundError):
    """No scan that was asked for has that number, or it was forgotten."""

    code = "scan-not-found"


class EntryNotFoundError(NotFoundError):
    """No such file or folder lies in the storage directory."""

    code = "entry-not-found"


class RefusedError(StrandlineError):
    """A guard holds: doing it could lose something. A person must decide."""

    code = "refused"


class CopiedStorageDirError(RefusedError):
    """Two online folders carry the same identity, so a write by identity is ambiguous."""

    code = "sd-copied"


class ReadOnlyStorageDirError(RefusedError):
    """The storage directory was added with ``--read-only``."""

    code = "sd-read-only"


class DifferentBytesError(RefusedError):
    """A legacy id already names whole, other bytes in that storage directory."""

    code = "different-bytes"


class CatalogInsideStorageDirError(RefusedError):
    """The catalog lies in a storage directory (or the other way round), where sync clients would tear it."""

    code = "catalog-inside-sd"


class StorageDirConflictError(RefusedError):
    """The path, name or identity already belongs to another storage directory."""

    code = "sd-conflict"


class PictureTooLargeError(RefusedError):
    """The picture has more pixels than Strandline decodes."""

    code = "picture-too-large"


class DaemonRunningError(RefusedError):
    """Another process, a daemon or a ``strandline watch``, already watches the storage directories of this home."""

    code = "daemon-running"


class AddressInUseError(RefusedError):
    """The address to listen at cannot be had: another program listens there, or this machine has no such address."""

    code = "address-in-use"


class UnavailableError(StrandlineError):
    """It cannot be done now; nothing is wrong with the request. Try again later."""

    code = "unavailable"


class StorageDirOfflineError(UnavailableError):
    """The storage directory is not there now: unmounted, unreadable, or another folder lies at its path."""

    code = "sd-offline"


class StorageDirIncompleteError(UnavailableError):
    """The identity of the storage directory has not arrived yet."""

    code = "sd-incomplete"


class CatalogLockedError(UnavailableError):
    """Another process has held the catalog's lock for longer than we wait."""

    code = "catalog-locked"


class WatchLimitError(UnavailableError):
    """The system allows no more file watches; the folder can be polled instead."""

    code = "watch-limit"


class DecoderUnavailableError(UnavailableError):
    """No decoder can be started here, so nothing is known of the picture: the installation is broken."""

    code = "decoder-unavailable"


class DecodingInterruptedError(UnavailableError):
    """The decoder was ended from outside, or found no memory: nothing is known of the picture."""

    code = "decoding-interrupted"


class WrongBytesError(StrandlineError):
    """Bytes are there, and they are not what they should be."""

    code = "wrong-bytes"


class UndecodablePictureError(WrongBytesError):
    """The decoder gave up: truncated, broken, or not what its first bytes promise."""

    code = "undecodable-picture"


class ImageArrivingError(ImageNotFoundError, UnavailableError):
    """The image is here in part; the rest is still on its way."""

    code = "image-arriving"


class ImageOnlineOnlyError(ImageNotFoundError, UnavailableError):
    """The image's name is here and its bytes are in the cloud only."""

    code = "image-online-only"


class ImageUnreachableError(ImageNotFoundError, UnavailableError):
    """No reachable storage directory has it, and one that may have it is offline or incomplete."""

    code = "image-unreachable"


class ImageDamagedError(ImageNotFoundError, WrongBytesError):
    """Every file of the image that is here is broken."""

    code = "image-damaged"


class ImageForeignError(ImageNotFoundError, WrongBytesError):
    """Under the image's name lies another whole image."""

    code = "image-foreign"


class DiskError(StrandlineError):
    """The operating system refused a read or a write."""

    code = "disk-error"


class DiskFullError(DiskError):
    """No space, or no quota, is left where the file was to be written."""

    code = "disk-full"


class UnwritableFolderError(DiskError):
    """The folder cannot be written to: mounted read-only, or this user may not."""

    code = "unwritable-folder"


class UnreadableFileError(DiskError):
    """A file is there and cannot be read."""

    code = "unreadable-file"


class CatalogError(StrandlineError):
    """The catalog cannot be used."""

    code = "catalog-error"


class CatalogDamagedError(CatalogError):
    """The catalog is not a database, or a broken one."""

    code = "catalog-damaged"


class CatalogTooNewError(CatalogError):
    """The catalog was made by a newer Strandline."""

    code = "catalog-too-new"
