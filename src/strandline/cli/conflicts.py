"""``strandline conflicts``: the second versions that sync clients keep are listed and resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import list_sd_completions, sds_argument
from strandline.cli.changes import judge, name_change, say_refused
from strandline.cli.exit_status import ExitStatus
from strandline.cli.lazy_commands import LazyGroup, Verb
from strandline.cli.overview import Row
from strandline.cli.session import Session
from strandline.cli.writing import say, write_line
from strandline.errors import InvalidPathError
from strandline.model.conflicts import Keep, Remedy
from strandline.model.plain_words import say_count, show_plainly
from strandline.model.remedies import say_command

if TYPE_CHECKING:
    from collections.abc import Iterable

    from strandline.model.changes import ChangeReport
    from strandline.model.conflicts import (
        ChosenVersion,
        Conflict,
        ConflictListing,
        ResolveReport,
        UnlistedFolder,
    )

TABLE = {
    "list": Row("conflicts:list_", "List conflict copies, and what resolves each."),
    "resolve": Row("conflicts:resolve", "Resolve conflict copies without losing any bytes."),
    "choose": Row("conflicts:choose", "Keep one of two different versions of a named picture, or both."),
    "undo-choice": Row("conflicts:undo_choice", "Make both versions as they were before a choice."),
}

conflicts = LazyGroup("conflicts", table=TABLE, help="List and resolve conflict copies.")

WILL = {
    Remedy.FOLD: "the copy would go to the trash",
    Remedy.HEAL: "its file would get its bytes",
    Remedy.KEEP_BOTH: "it would become an image of its own",
    Remedy.LEAVE: "it stays",
}
WOULD_KEEP = {
    Keep.FILE: "it would go to the trash, and {of} would stay as it is",
    Keep.COPY: "{of} would get its bytes, and those that it has would go to the trash",
    Keep.BOTH: "it would get a name of its own beside {of}",
}
KEPT = {
    Keep.FILE: "it is in the trash, and {of} stays as it is",
    Keep.COPY: "{of} has its bytes, and those that it had are in the trash",
    Keep.BOTH: "it is {name} now, beside {of}",
}
DONE = {
    Remedy.FOLD: "folded: the copy is in the trash",
    Remedy.HEAL: "healed: its file has its bytes, and the copy is in the trash",
    Remedy.KEEP_BOTH: "kept: it is an image of its own, and the copy is in the trash",
}


@click.command("list", cls=Verb)
@sds_argument
@click.pass_obj
def list_(session: Session, sds: tuple[str, ...]) -> int:
    """List conflict copies, and what resolves each.

    If two machines change a file, a sync client keeps both versions, the second one under another name. Reads each
    copy and the file that it is a copy of. The exit status is 1 if one can be resolved.
    """
    with session.open_store() as store:
        listing = store.list_conflicts(sds or None)
    session.answer(listing.to_json(), lambda: _show_listing(listing))
    _say_not_listed(listing.not_listed)
    if any(each.remedy is not Remedy.LEAVE for each in listing.conflicts):
        return ExitStatus.FINDINGS
    return ExitStatus.UNAVAILABLE if listing.not_listed else ExitStatus.DONE


@click.command("resolve", cls=Verb)
@click.argument("given", metavar="[SD|PATH]...", nargs=-1, shell_complete=list_sd_completions)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.pass_obj
def resolve(session: Session, given: tuple[str, ...], dry_run: bool) -> int:
    """Resolve conflict copies without losing any bytes.

    A copy with the bytes of its file goes to the trash. One with the right bytes, whose file is bad or gone, gives
    them to the file. One with other bytes is saved as an image of its own. Among named pictures, such a copy is an
    image already and stays where it is. A copy that a note uses stays, too.
    """
    with session.open_store() as store:
        report = store.resolve_conflicts(given or None, dry_run=dry_run)
    document = {"dry_run": dry_run, **report.to_json()}
    session.answer(document, lambda: _show_resolved(report, dry_run=dry_run))
    say_refused(report.changes)
    _say_not_listed(report.not_listed)
    status = judge(report.changes, dry_run=dry_run)
    return status or (ExitStatus.UNAVAILABLE if report.not_listed else ExitStatus.DONE)


@click.command("choose", cls=Verb)
@click.argument("path", metavar="PATH")
@click.option(
    "--keep",
    required=True,
    metavar="WHICH",
    type=click.Choice([each.value for each in Keep]),
    help="file, copy (which gets the file's name), or both (the copy gets a name of its own).",
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.pass_obj
def choose(session: Session, path: str, keep: str, dry_run: bool) -> int:
    """Keep one of two different versions of a named picture, or both.

    PATH is the conflict copy. What is not kept goes to the trash. The answer has the command that undoes it.
    """
    with session.open_store() as store:
        copy, *others = store.find_files_by_name(path)
        if others:  # which one is meant makes a difference: it is the other file that is replaced
            raise InvalidPathError(
                f"{show_plainly(path)} is in {1 + len(others)} places; give the whole path of one", path=path
            )
        chosen = store.choose_version(copy.sd, copy.path, keep, dry_run=dry_run)
    session.answer({"dry_run": dry_run, **chosen.to_json()}, lambda: write_line(_say_choice(chosen)))
    if chosen.undo is not None:
        say(f"to undo, run {say_command('conflicts', 'undo-choice', chosen.undo)}")
    return ExitStatus.DONE


@click.command("undo-choice", cls=Verb)
@click.argument("undo", metavar="UNDO")
@click.pass_obj
def undo_choice(session: Session, undo: str) -> int:
    """Make both versions as they were before a choice.

    UNDO is what 'conflicts choose' said. Nothing that was saved meanwhile is replaced.
    """
    with session.open_store() as store:
        report = store.undo_choice(undo)
    session.answer(report.to_json(), lambda: _show_undone(report))
    say_refused(report)
    return judge(report, dry_run=False)


def _say_choice(chosen: ChosenVersion) -> str:
    """The sentence about what was kept, or would be. Pure."""
    words = WOULD_KEEP if chosen.undo is None else KEPT
    said = words[chosen.keep].format(
        of=show_plainly(chosen.conflict.of or ""), name=show_plainly(chosen.kept_as or "")
    )
    return f"{name_change(chosen.conflict.change)}: {said}"


def _show_undone(report: ChangeReport) -> None:
    for each in report.done:
        write_line(f"{name_change(each)} is back")


def _show_listing(listing: ConflictListing) -> None:
    for each in listing.conflicts:
        write_line(f"{name_change(each.change)}: {each.reason}; {WILL[each.remedy]}")
    if not listing.conflicts and not listing.not_listed:
        write_line("there are no conflict copies")
    count = sum(each.remedy is not Remedy.LEAVE for each in listing.conflicts)
    if count:
        say(f"to resolve {say_count(count, 'copy', 'copies')}, run {say_command('conflicts', 'resolve')}")
    if two := next((each for each in listing.conflicts if each.needs_choice), None):
        choice = say_command("conflicts", "choose", f"{two.sd.path}/{two.path}", "--keep", "both")
        say(f"to keep both versions, run {choice}; or keep only the 'file', or the 'copy'")


def _show_resolved(report: ResolveReport, *, dry_run: bool) -> None:
    words = WILL if dry_run else DONE
    for each in report.resolved:
        write_line(f"{name_change(each.change)}: {words[each.remedy]}")
    _show_left(report.left)
    if not (report.resolved or report.left or report.changes.refused):
        write_line("there are no conflict copies")
    if report.resolved and not dry_run:
        say(
            f"to see the copies in the trash, run {say_command('trash', 'list')}; 'trash restore' brings them back"
        )


def _show_left(left: Iterable[Conflict]) -> None:
    for each in left:
        write_line(f"{name_change(each.change)} stays: {each.reason}")


def _say_not_listed(folders: Iterable[UnlistedFolder]) -> None:
    for each in folders:
        say(f"{show_plainly(each.sd.name)!r} was not looked at: {each.reason}")
