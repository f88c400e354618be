"""Floor 0: everything that can go wrong, as one tree sorted by what the caller can do about it.

::

    StrandlineError
    ├── InvalidInputError                 fix the input and try again
    │   ├── InvalidImageIdError           not a content id, not a UUID
    │   │   └── AmbiguousImageIdError     · more than one image is meant
    │   ├── ImageIdMismatchError          the bytes do not hash to the content id
    │   ├── EmptyImageError               no bytes at all
    │   ├── UnsupportedImageError         bytes of no supported image type
    │   ├── ImageTooLargeError            over the size limit
    │   ├── InvalidPathError              not a usable path (NUL, too long, leads outside)
    │   ├── InvalidNameError              not a usable name for a storage directory
    │   ├── InvalidCursorError            not a cursor from a listing
    │   ├── InvalidDataUrlError           not a ``data:`` URL with an image
    │   └── ConfigError                   a setting that cannot be used
    ├── NotFoundError                     it does not exist
    │   ├── ImageNotFoundError            no storage directory has the image (has the trace)
    │   │   ├── ImageArrivingError        · only part of it is here: try again     (also unavailable)
    │   │   ├── ImageOnlineOnlyError      · its bytes are only in the cloud         (also unavailable)
    │   │   ├── ImageUnreachableError     · a storage directory that may have it is offline (unavailable)
    │   │   ├── ImageDamagedError         · its bytes are broken                    (also wrong bytes)
    │   │   └── ImageForeignError         · another image has its name              (also wrong bytes)
    │   ├── StorageDirNotFoundError       no such storage directory
    │   ├── SourceNotFoundError           the file or folder to save does not exist
    │   ├── ScanNotFoundError             no scan has that number
    │   ├── AccessTokenNotFoundError      no such access token
    │   ├── TaskNotFoundError             no task of many machines has that number
    │   └── EntryNotFoundError            no such file inside the storage directory
    ├── RefusedError                      a guard refused; a person must decide
    │   ├── CopiedStorageDirError         two folders have the same identity
    │   ├── ReadOnlyStorageDirError       added with ``--read-only``
    │   ├── DifferentBytesError           the legacy id already names other bytes
    │   ├── CatalogInsideStorageDirError  the catalog must not be synced
    │   ├── NotSharedError                it needs a catalog that many machines share
    │   ├── UnsuitableFolderError         the folder cannot be a storage directory
    │   ├── StorageDirConflictError       the path or identity already belongs to another one
    │   ├── NotAllowedError               the one who asks may not do that
    │   ├── NotInBucketsError             what Strandline does not do in a bucket
    │   ├── InSeveralFoldersError         nobody has said from which one an image should be deleted
    │   ├── ImageInUseError               notes would lose a picture that should be moved
    │   ├── PlaceTakenError               other bytes have the place that a file should come back to
    │   ├── UnreadTextsError              something that may name pictures was not read
    │   ├── TrashFullError                the trash has no room, and nothing in it may leave yet
    │   ├── PictureTooLargeError          more pixels than we decode
    │   └── DaemonRunningError            another process already watches this home
    ├── UnavailableError                  the request is fine: try again later
    │   ├── StorageDirOfflineError        unmounted, signed out, or another folder is there
    │   ├── StorageDirIncompleteError     its identity has not arrived yet
    │   ├── CatalogLockedError            another process locked the catalog
    │   ├── CatalogAwayError              the catalog's server does not answer, or takes no changes now
    │   ├── ServerNotRunningError         no server of this home answers
    │   ├── AddressInUseError             another program listens there, or it is not there yet
    │   ├── FileChangedError              a file has other bytes than it had a moment ago: look again
    │   ├── WatchLimitError               the system allows no more file watches
    │   ├── DecoderUnavailableError       pictures cannot be decoded on this machine now
    │   └── DecodingInterruptedError      the decoder was killed or ran out of memory
    ├── MissingExtraError                 a part of Strandline that is not installed: install it
    ├── WrongBytesError                   there are bytes, but not the right ones
    │   └── UndecodablePictureError       the decoder failed on them
    ├── DiskError                         the operating system refused
    │   ├── DiskFullError                 no space or quota left
    │   ├── UnwritableFolderError         read-only, or this user may not write there
    │   └── UnreadableFileError           an existing file cannot be read
    └── CatalogError                      the catalog itself
        ├── CatalogDamagedError           not a database, or a broken one
        └── CatalogTooNewError            made by a newer Strandline

A message says what happened, to what, and what to do, on one line. The facts are in ``facts``. The ``code`` is
stable: it appears in JSON, in logs, and in ``docs/reference/errors.md``. What surprises: if an image is *arriving*,
the error is an :class:`ImageNotFoundError` **and** an :class:`UnavailableError`. So ``except ImageNotFoundError``
around ``store.get`` catches every reason why an image cannot be handed out.
"""

from __future__ import annotations

from typing import ClassVar


class StrandlineError(Exception):
    """An expected error.

    Args:
        message: One line: what happened, to what, and what to do.
        **facts: JSON-ready values for programs; also available as ``error.facts``.
    """

    code: ClassVar[str] = "strandline-error"

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def to_json(self) -> dict[str, object]:
        """The content of ``{"error": …}``: code, message, and the facts."""
        return {"code": self.code, "message": self.message, **self.facts}


class InvalidInputError(StrandlineError):
    """The request itself is invalid; fix it. If one parameter is to blame, the facts ``parameter`` and, mostly,
    ``value`` say which.
    """

    code = "invalid-input"


class InvalidImageIdError(InvalidInputError):
    """The text is neither 32 hex digits nor a UUID with dashes."""

    code = "invalid-image-id"


class AmbiguousImageIdError(InvalidImageIdError):
    """The first digits belong to several known images, or the text has several ids. ``candidates`` lists some."""

    code = "ambiguous-image-id"


class ImageIdMismatchError(InvalidInputError):
    """The bytes do not hash to the given content id."""

    code = "image-id-mismatch"


class EmptyImageError(InvalidInputError):
    """There are no bytes."""

    code = "empty-image"


class UnsupportedImageError(InvalidInputError):
    """The bytes are not of an image type that the storage directory keeps."""

    code = "unsupported-image"


class ImageTooLargeError(InvalidInputError):
    """The image has more bytes than the limit allows."""

    code = "image-too-large"


class InvalidPathError(InvalidInputError):
    """The path contains a NUL, is too long, leads out of the storage directory, or does not name a file."""

    code = "invalid-path"


class InvalidNameError(InvalidInputError):
    """A storage directory cannot have this name."""

    code = "invalid-name"


class InvalidCursorError(InvalidInputError):
    """No listing returned this cursor."""

    code = "invalid-cursor"


class InvalidDataUrlError(InvalidInputError):
    """The ``data:`` URL does not decode."""

    code = "invalid-data-url"


class ConfigError(InvalidInputError):
    """A setting has a value that cannot be used."""

    code = "bad-config"


class NotFoundError(StrandlineError):
    """It does not exist."""

    code = "not-found"


class ImageNotFoundError(NotFoundError):
    """The image cannot be handed out. ``trace`` is the :class:`~strandline.model.reports.Explanation`."""

    code = "image-not-found"

    def __init__(self, message: str, *, trace: object = None, **facts: object) -> None:
        super().__init__(message, **facts)
        self.trace = trace


class StorageDirNotFoundError(NotFoundError):
    """No storage directory has that identity, alias, path, or name."""

    code = "sd-not-found"


class SourceNotFoundError(NotFoundError):
    """The file or folder to save does not exist."""

    code = "source-not-found"


class ScanNotFoundError(NotFoundError):
    """No requested scan has that number, or it is no longer remembered."""

    code = "scan-not-found"


class AccessTokenNotFoundError(NotFoundError):
    """No access token has that id or note."""

    code = "access-token-not-found"


class TaskNotFoundError(NotFoundError):
    """No task that many machines work on has that number, or it is no longer remembered."""

    code = "task-not-found"


class EntryNotFoundError(NotFoundError):
    """The storage directory has no such file or folder."""

    code = "entry-not-found"


class RefusedError(StrandlineError):
    """A guard refused: the action could lose something. A person must decide."""

    code = "refused"


class CopiedStorageDirError(RefusedError):
    """Two online folders have the same identity, so a write by identity is ambiguous."""

    code = "sd-copied"


class ReadOnlyStorageDirError(RefusedError):
    """The storage directory was added with ``--read-only``."""

    code = "sd-read-only"


class DifferentBytesError(RefusedError):
    """A legacy id already names other, whole bytes in that storage directory."""

    code = "different-bytes"


class CatalogInsideStorageDirError(RefusedError):
    """The catalog is inside a storage directory (or the reverse), where sync clients would damage it."""

    code = "catalog-inside-sd"


class NotSharedError(RefusedError):
    """Only machines that share a catalog in PostgreSQL can share work. This home has a catalog of its own."""

    code = "not-shared"


class UnsuitableFolderError(RefusedError):
    """The folder cannot be a storage directory: a media folder, or one inside another. Or it is an unusual one, such
    as a home or the root of a disk: then ``may_insist`` is true, and also ``is_question`` if it may well be meant.
    """

    code = "unsuitable-folder"


class StorageDirConflictError(RefusedError):
    """The path, name, or identity belongs to another storage directory, or a new path shows nothing of this one."""

    code = "sd-conflict"


class NotAllowedError(RefusedError):
    """The token, or its session, does not allow this: another role or another storage directory is needed."""

    code = "not-allowed"


class NotInBucketsError(RefusedError):
    """Strandline does not do this in a bucket. The message says why, and what does."""

    code = "not-in-buckets"


class InSeveralFoldersError(RefusedError):
    """The image is in several storage directories. The fact ``sds`` has them. A person says which are meant."""

    code = "in-several-folders"


class ImageInUseError(RefusedError):
    """Notes use the picture that should leave, or may use it. A person who insists moves it all the same."""

    code = "image-in-use"


class PlaceTakenError(RefusedError):
    """Something else is where a file should come back to. Nothing is replaced."""

    code = "place-taken"


class UnreadTextsError(RefusedError):
    """Something that may name pictures was not read, so nobody knows what is unused. The fact ``gaps`` lists it."""

    code = "unread-texts"


class TrashFullError(RefusedError):
    """The trash holds as much as it may, and nothing leaves it before its grace time is over."""

    code = "trash-full"


class PictureTooLargeError(RefusedError):
    """The picture has more pixels than Strandline decodes."""

    code = "picture-too-large"


class DaemonRunningError(RefusedError):
    """Another process, a daemon or a ``strandline watch``, already watches the storage directories of this home."""

    code = "daemon-running"


class UnavailableError(StrandlineError):
    """It cannot be done now. The request is fine. Try again later."""

    code = "unavailable"


class StorageDirOfflineError(UnavailableError):
    """The storage directory is unmounted or unreadable, or another folder is at its path."""

    code = "sd-offline"


class StorageDirIncompleteError(UnavailableError):
    """The identity of the storage directory has not arrived yet."""

    code = "sd-incomplete"


class CatalogLockedError(UnavailableError):
    """Another process locked the catalog for longer than the time limit."""

    code = "catalog-locked"


class CatalogAwayError(UnavailableError):
    """The server of a shared catalog does not answer, has no connection left, or takes no changes now."""

    code = "catalog-away"


class ServerNotRunningError(UnavailableError):
    """No server of this home answers, so there is nothing to sign in to."""

    code = "server-not-running"


class AddressInUseError(UnavailableError):
    """The address to listen on is not available: another program uses it, or this machine does not have it (yet)."""

    code = "address-in-use"


class FileChangedError(UnavailableError):
    """The file has other bytes than were planned for, or keeps changing. Nothing was done to it."""

    code = "file-changed"


class WatchLimitError(UnavailableError):
    """The system allows no more file watches; the folder can be polled instead."""

    code = "watch-limit"


class DecoderUnavailableError(UnavailableError):
    """No decoder can start here, or there is none for the picture's type, so nothing is known about its pixels."""

    code = "decoder-unavailable"


class DecodingInterruptedError(UnavailableError):
    """The decoder was killed or ran out of memory, so nothing is known about the picture."""

    code = "decoding-interrupted"


class MissingExtraError(StrandlineError):
    """It needs an extra (``pictures``, ``serve``), or a library of the core, that is not installed here. The message
    has the command.
    """

    code = "missing-extra"


class WrongBytesError(StrandlineError):
    """There are bytes, but not the right ones."""

    code = "wrong-bytes"


class UndecodablePictureError(WrongBytesError):
    """The decoder failed: the picture is truncated, broken, or not of the type that its first bytes say."""

    code = "undecodable-picture"


class ImageArrivingError(ImageNotFoundError, UnavailableError):
    """Only part of the image is here; the rest is still on its way."""

    code = "image-arriving"


class ImageOnlineOnlyError(ImageNotFoundError, UnavailableError):
    """Only the image's name is here; its bytes are in the cloud."""

    code = "image-online-only"


class ImageUnreachableError(ImageNotFoundError, UnavailableError):
    """No reachable storage directory has it, and one that may have it is offline or incomplete."""

    code = "image-unreachable"


class ImageDamagedError(ImageNotFoundError, WrongBytesError):
    """Every file of the image that is here is broken."""

    code = "image-damaged"


class ImageForeignError(ImageNotFoundError, WrongBytesError):
    """Another whole image is under the image's name."""

    code = "image-foreign"


class DiskError(StrandlineError):
    """The operating system refused a read or a write."""

    code = "disk-error"


class DiskFullError(DiskError):
    """There is no space or quota left for the file."""

    code = "disk-full"


class UnwritableFolderError(DiskError):
    """The folder cannot be written to: it is mounted read-only, or this user may not write there."""

    code = "unwritable-folder"


class UnreadableFileError(DiskError):
    """A file exists but cannot be read."""

    code = "unreadable-file"


class CatalogError(StrandlineError):
    """The catalog cannot be used."""

    code = "catalog-error"


class CatalogDamagedError(CatalogError):
    """The catalog is broken or not a database."""

    code = "catalog-damaged"


class CatalogTooNewError(CatalogError):
    """A newer Strandline made the catalog."""

    code = "catalog-too-new"


CONCERNS_WHOLE_SAVE = (
    ReadOnlyStorageDirError,
    CopiedStorageDirError,
    StorageDirConflictError,
    StorageDirNotFoundError,
    StorageDirOfflineError,
    StorageDirIncompleteError,
    UnwritableFolderError,
    DiskFullError,
    CatalogError,
    CatalogAwayError,
    CatalogLockedError,
)
"""Errors of a save that every other image would have, too: the rest is not tried."""
