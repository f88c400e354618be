"""Exit statuses: how a command tells the shell that it ended, and the table from errors to statuses.

The statuses are a contract (``docs/reference/errors.md``): scripts branch on them. What surprises: the reasons why
an image cannot be handed out are one family for a library caller, but three for a shell: try again (6), wrong bytes
(7), not there (4). So each of them has its own row.
"""

from __future__ import annotations

from enum import IntEnum

from strandline.errors import (
    CatalogError,
    DiskError,
    ImageArrivingError,
    ImageDamagedError,
    ImageForeignError,
    ImageOnlineOnlyError,
    ImageUnreachableError,
    InvalidInputError,
    MissingExtraError,
    NotFoundError,
    RefusedError,
    StrandlineError,
    UnavailableError,
    WrongBytesError,
)


class ExitStatus(IntEnum):
    """How a command ended."""

    DONE = 0
    FINDINGS = 1
    """The command finished, but a person should look at something."""
    INVALID = 2
    """Wrong usage, an invalid id, an unsupported or empty image, or a bad setting."""
    FAULT = 3
    """An internal error."""
    NOT_FOUND = 4
    REFUSED = 5
    """A conflict, or a guard refused."""
    UNAVAILABLE = 6
    """Worth trying again."""
    WRONG_BYTES = 7
    DISK_OR_CATALOG = 8
    INTERRUPTED = 130
    """128 + SIGINT, as in shells."""


EXIT_STATUS: dict[type[StrandlineError], int] = {
    InvalidInputError: ExitStatus.INVALID,
    NotFoundError: ExitStatus.NOT_FOUND,
    RefusedError: ExitStatus.REFUSED,
    UnavailableError: ExitStatus.UNAVAILABLE,
    MissingExtraError: ExitStatus.INVALID,
    WrongBytesError: ExitStatus.WRONG_BYTES,
    DiskError: ExitStatus.DISK_OR_CATALOG,
    CatalogError: ExitStatus.DISK_OR_CATALOG,
    # These errors have two aspects: the image is not found, and why.
    ImageArrivingError: ExitStatus.UNAVAILABLE,
    ImageOnlineOnlyError: ExitStatus.UNAVAILABLE,
    ImageUnreachableError: ExitStatus.UNAVAILABLE,
    ImageDamagedError: ExitStatus.WRONG_BYTES,
    ImageForeignError: ExitStatus.WRONG_BYTES,
}


def exit_status_of(error: StrandlineError) -> int:
    """The status for an error: the row of its class, or of its nearest base class with a row.

    A bare :class:`StrandlineError` has no row. That is a bug in the code that raised it, so it counts as an internal
    error.
    """
    rows = (EXIT_STATUS[kind] for kind in type(error).__mro__ if kind in EXIT_STATUS)
    return next(rows, ExitStatus.FAULT)
