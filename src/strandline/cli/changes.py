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
from strandline.model.changes import ChangeReport
from strandline.model.plain_words import say_count, show_plainly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strandline.model.changes import FileChange
    from strandline.model.note_checks import NoteMention, NoteUse
    from strandline.model.transfers import TransferReport

NOT_TRIED = "the rest not tried; run it again to continue"
"""What an interrupted command says about what it left."""

MOST_USES = 20
"""Places in notes that are named before something happens."""


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


def describe(report: ChangeReport | TransferReport, *, dry_run: bool) -> dict[str, object]:
    """The JSON of a command that Ctrl-C ends between two files. ``complete`` is false if it did."""
    changes = report if isinstance(report, ChangeReport) else report.report
    return {"dry_run": dry_run, **report.to_json(), "complete": changes.complete}


def say_refused(report: ChangeReport) -> None:
    """Says on stderr what was refused, and why; and if the rest was not tried."""
    for each in report.refused:
        say(each.error.message)
    if not report.complete:
        say(f"{len(report.done):,} of {say_count(len(report.plan), 'file')} done, {NOT_TRIED}")


def say_uses(uses: Sequence[NoteUse]) -> None:
    """Says on stderr which notes would miss something."""
    for use in uses[:MOST_USES]:
        say(f"{use.sd.name}: {use.note}:{use.line} uses {use.path}")
    if (left := len(uses) - MOST_USES) > 0:
        say(f"and {say_count(left, 'more place')} in notes")


def say_mentions(mentions: Sequence[NoteMention]) -> None:
    """Says on stderr which notes have the name of something, and may use it."""
    for each in mentions[:MOST_USES]:
        say(f"{each.sd.name}: {each.note} has the name of {each.path}, and may use it")
    if (left := len(mentions) - MOST_USES) > 0:
        say(f"and {say_count(left, 'more note')}")


def name_change(change: FileChange) -> str:
    """``img/one.png in 'Vault'``."""
    where = "" if change.sd_name is None else f" in {show_plainly(change.sd_name)!r}"
    return f"{show_plainly(change.path or change.image_id)}{where}"


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
