"""Statuses: the table from errors to statuses of HTTP. Other servers that embed the library read it, too.

It needs nothing of a web framework, so it is there without the extra ``serve``.
"""

from __future__ import annotations

from strandline.errors import (
    CatalogError,
    DiskError,
    DiskFullError,
    ImageArrivingError,
    ImageDamagedError,
    ImageForeignError,
    ImageOnlineOnlyError,
    ImageTooLargeError,
    ImageUnreachableError,
    InvalidInputError,
    MissingExtraError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    StrandlineError,
    UnavailableError,
    UndecodablePictureError,
    UnwritableFolderError,
    WrongBytesError,
)

HTTP_STATUS: dict[type[StrandlineError], int] = {
    InvalidInputError: 422,
    ImageTooLargeError: 413,
    NotFoundError: 404,
    RefusedError: 409,
    NotAllowedError: 403,
    UnavailableError: 503,
    MissingExtraError: 501,
    WrongBytesError: 500,
    UndecodablePictureError: 422,  # the same picture will not be drawn next time, so nobody should ask again
    DiskError: 500,
    DiskFullError: 507,
    UnwritableFolderError: 409,  # as for a storage directory that was added read-only: permissions, not a fault
    CatalogError: 500,
    # These errors have two aspects: the image is not found, and why.
    ImageArrivingError: 503,
    ImageOnlineOnlyError: 503,
    ImageUnreachableError: 503,
    ImageDamagedError: 500,
    ImageForeignError: 500,
}


def http_status_of(error: StrandlineError) -> int:
    """The HTTP status for an error, as this program's own API answers it: 404, 409, 422, 503, and so on.

    It is the row of its class, or of its nearest base class with a row. 500 if there is none.
    """
    rows = (HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS)
    return next(rows, 500)
