"""What all commands say and ask that change or remove files, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from strandline.cli.exit_status import ExitStatus
from strandline.cli.writing import asks_a_person, say
from strandline.errors import (
    DiskError,
    NotFoundError,
    PlaceTakenError,
    RefusedError,
    UnavailableError,
    UnreadableFileError,
)

if TYPE_CHECKING:
    from strandline.model.changes import ChangeReport


def judge(report: ChangeReport, *, dry_run: bool) -> ExitStatus:
    """Findings if something was done and something was not, or if only its place was taken. If nothing was done, what
    kept it from being done.
    """
    errors = [each.error for each in report.refused]
    if not errors:
        return ExitStatus.DONE
    is_done = report.done or (dry_run and report.possible)
    if is_done or any(isinstance(error, PlaceTakenError) for error in errors):
        return ExitStatus.FINDINGS
    if any(isinstance(error, DiskError) and not isinstance(error, UnreadableFileError) for error in errors):
        return ExitStatus.DISK_OR_CATALOG
    is_nowhere = all(
        isinstance(error, NotFoundError) and not isinstance(error, UnavailableError) for error in errors
    )
    return ExitStatus.NOT_FOUND if is_nowhere else ExitStatus.REFUSED


def say_refused(report: ChangeReport) -> None:
    """Says on stderr what was refused, and why."""
    for each in report.refused:
        say(each.error.message)


def insist(what: str, *, yes: bool, can_be_undone: bool) -> None:
    """Asks a person whether to ``remove 3 files for good``, unless they have said yes already.

    Raises:
        RefusedError: Nobody can be asked, or the answer is no.
    """
    if yes:
        return
    if not asks_a_person():
        raise RefusedError(f"this would {what}; to do that without being asked, give --yes")
    warning = "" if can_be_undone else " This cannot be undone."
    if not click.confirm(f"{what[0].upper()}{what[1:]}?{warning}", err=True):
        raise RefusedError("nothing was done")
