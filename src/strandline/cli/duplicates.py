"""``strandline duplicates``: pictures that are here more than once, and how to be rid of the superfluous ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import sds_argument
from strandline.cli.changes import describe, insist, judge, name_change, say_refused
from strandline.cli.exit_status import ExitStatus
from strandline.cli.interrupts import taking_interrupts
from strandline.cli.lazy_commands import Verb
from strandline.cli.session import Session
from strandline.cli.undoing import say_undo
from strandline.cli.writing import say, write_line
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.remedies import say_command

if TYPE_CHECKING:
    from strandline.model.changes import ChangeReport
    from strandline.model.duplicates import DuplicateReport, FoldStep
    from strandline.store import Store


MOST_STAYING = 20
"""Pictures of which it is said that several files stay."""


@click.command("duplicates", cls=Verb)
@sds_argument
@click.option(
    "--across", is_flag=True, help="Also list pictures that are once in several storage directories."
)
@click.option("--fold", is_flag=True, help="Move superfluous files to the trash.")
@click.option("--dry-run", is_flag=True, help="With --fold, only say what would happen.")
@click.option("--yes", is_flag=True, help="With --fold, do not ask.")
@click.pass_obj
def duplicates(
    session: Session, sds: tuple[str, ...], across: bool, fold: bool, dry_run: bool, yes: bool
) -> int:
    """List files with the same bytes, and the space they take.

    Only files count that were read as they are now. With --fold, a file goes to the trash if no text of any storage
    directory names it, and another one in its storage directory has the same bytes. Files in different storage
    directories are backups of one another, and stay. 'strandline trash restore' brings back what went.
    """
    if (dry_run or yes) and not fold:
        raise click.UsageError("--dry-run and --yes need --fold")
    with taking_interrupts(if_=fold and not dry_run) as interrupt:
        with session.open_store() as store:
            with interrupt.waiting():
                report = store.list_duplicates(sds or None, across=across)
                if not fold:
                    session.answer(report.to_json(), lambda: _show(report))
                    return ExitStatus.DONE
                steps = _plan_fold(store, sds, dry_run=dry_run, yes=yes)
            changes = store.fold(steps, dry_run=dry_run, cancel=interrupt.asked)
        document = {**report.to_json(), **describe(changes, dry_run=dry_run)}
        session.answer(document, lambda: _show_folded(session, report, changes, dry_run=dry_run))
        say_refused(changes)
    interrupt.end_if_asked()
    return judge(changes, dry_run=dry_run)


def _plan_fold(store: Store, sds: tuple[str, ...], *, dry_run: bool, yes: bool) -> list[FoldStep]:
    """Reads the notes again after a person was asked: that may have taken long."""
    steps = store.plan_fold(sds or None)
    if steps and not dry_run:
        size_bytes = sum(each.step.size_bytes or 0 for each in steps)
        insist(
            f"move {say_count(len(steps), 'file')} ({say_bytes(size_bytes)}) to the trash",
            yes=yes,
            can_be_undone=True,
        )
        steps = store.plan_fold(sds or None)
    return steps


def _show(report: DuplicateReport) -> None:
    for group in report.groups:
        write_line(f"{len(group.files)} × {say_bytes(group.size_bytes)}, {group.sha256[:12]}")
        for file in group.files:
            write_line(f"  {show_plainly(file.path)} in {show_plainly(file.sd.name)!r}")
    extra = sum(len(own) - 1 for group in report.groups for own in group.by_storage_dir())
    if extra:
        files = "file has" if extra == 1 else "files have"
        say(
            f"{extra:,} {files} bytes that another file in the same storage directory has "
            f"({say_bytes(report.extra_bytes)}); "
            f"{say_command('duplicates', '--fold')} moves those that no note names to the trash"
        )
    else:
        say("no storage directory has a picture twice")
    if report.in_several:
        are = "picture is" if report.in_several == 1 else "pictures are"
        say(f"{report.in_several:,} {are} in several storage directories, as backups of one another")


def _show_folded(session: Session, found: DuplicateReport, report: ChangeReport, *, dry_run: bool) -> None:
    for change in report.possible if dry_run else report.done:
        write_line(f"{'would move' if dry_run else 'moved'} {name_change(change)} to the trash")
    if not report.plan:
        _say_why_nothing(found)
    elif report.done:
        say_undo(session, report.done)


def _say_why_nothing(found: DuplicateReport) -> None:
    several = [own for group in found.groups for own in group.by_storage_dir() if len(own) > 1]
    if not several:
        say("nothing to fold: each picture is there once")
        return
    for own in several[:MOST_STAYING]:
        names = ", ".join(show_plainly(file.path) for file in own)
        write_line(f"{names} stay in {show_plainly(own[0].sd.name)!r}")
    if len(several) > MOST_STAYING:
        write_line(f"and {len(several) - MOST_STAYING:,} more")
    say(
        "nothing to fold: notes name all files of these pictures, or only a conflict copy would stay; change the "
        "notes first"
    )
