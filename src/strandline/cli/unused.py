"""``strandline unused`` and ``collect``: pictures that no note names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import sds_argument
from strandline.cli.changes import describe, insist, judge, say_refused
from strandline.cli.exit_status import ExitStatus
from strandline.cli.interrupts import taking_interrupts
from strandline.cli.lazy_commands import Verb
from strandline.cli.numbers import say_exact_bytes
from strandline.cli.session import Session
from strandline.cli.tables import Column, show_table
from strandline.cli.undoing import say_undo
from strandline.cli.wording import say_moment
from strandline.cli.writing import say, write_line
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.remedies import refer_to, say_command
from strandline.model.unused import OLD_AFTER, SETTLED_AFTER, SHARE_SPAN

if TYPE_CHECKING:
    from strandline.model.changes import ChangeReport
    from strandline.model.unused import CollectReport, UnusedReport

MOST_GAPS = 20
"""Of what was not read, so many are named."""

RULE = (
    f"a picture must have been here for {OLD_AFTER.days} days, and unused at two looks that are {SETTLED_AFTER.days} "
    "days apart"
)

LEFT = (
    f"at most a tenth of a storage directory goes in {SHARE_SPAN.days} days, and one of several files with the same "
    "bytes stays"
)


@click.command("unused", cls=Verb)
@sds_argument
@click.pass_obj
def unused(session: Session, sds: tuple[str, ...]) -> int:
    """List pictures that no note names.

    A picture is used if a note of any storage directory refers to it, or if any text, drawing, or setting there has
    its file name, one of its original names, or its id. If something could not be read, it is named, and nobody can
    tell what it uses: the exit status is 6.
    """
    with session.open_store() as store:
        report = store.find_unused(sds or None)
    session.answer(report.to_json(), lambda: _show(report))
    for gap in report.gaps[:MOST_GAPS]:
        where = repr(gap.sd.name) if gap.path is None else f"{gap.path} in {gap.sd.name!r}"
        say(f"{where} was not read: {gap.reason}")
    if len(report.gaps) > MOST_GAPS:
        say(f"and {len(report.gaps) - MOST_GAPS:,} more not read")
    return ExitStatus.UNAVAILABLE if report.gaps else ExitStatus.DONE


@click.command("collect", cls=Verb)
@sds_argument
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def collect(session: Session, sds: tuple[str, ...], dry_run: bool, yes: bool) -> int:
    """Move pictures to the trash that no note has named for long.

    Takes only pictures that 'strandline unused' lists, that have been here for 30 days, and that were unused at two
    looks a week apart; at most a tenth of a storage directory in a week, and never the last of several files with the
    same bytes. A folder whose notes name hardly any of its pictures, such as an archive of photos, is left out unless
    you name it. Nothing is done while any note cannot be read, is only in the cloud, or is in a storage directory
    that is away. 'strandline trash restore' brings them back.
    """
    with taking_interrupts(if_=not dry_run) as interrupt:
        with session.open_store() as store:
            with interrupt.waiting():
                report = store.collect(sds or None, dry_run=True)
                if report.plan and not dry_run:
                    insist(f"move {_count(report)} to the trash", yes=yes, can_be_undone=True)
            if report.plan and not dry_run:
                report = store.collect(sds or None, cancel=interrupt.asked)
        session.answer(
            describe(report, dry_run=dry_run), lambda: _show_collected(session, report, dry_run=dry_run)
        )
        say_refused(report)
    interrupt.end_if_asked()
    return judge(report, dry_run=dry_run)


def _say_left_out(report: CollectReport) -> None:
    for sd in report.without_notes:
        say(
            f"{show_plainly(sd.name)!r} is left out, because notes in it name hardly any of its pictures; to collect "
            f"there, too, name it: {say_command('collect', refer_to(sd))}"
        )


def _show(report: UnusedReport) -> None:
    columns = [
        Column("ID", is_whole=True),
        Column("SIZE", is_number=True, is_whole=True, extra=2),
        Column("UNUSED SINCE", is_whole=True, extra=1),
        Column("PLACE"),
    ]
    show_table(
        columns,
        (
            (
                each.image_id,
                say_exact_bytes(each.size_bytes),
                say_moment(each.unused_since),
                show_plainly(f"{each.sd.path}/{each.path}"),
            )
            for each in report.unused
        ),
    )
    size_bytes = sum(each.size_bytes or 0 for each in report.unused)
    say(
        f"{len(report.unused):,} of {say_count(report.images, 'picture file')} unused ({say_bytes(size_bytes)}); "
        f"{say_count(report.texts, 'text')} read"
    )
    for each in report.folders:
        if each.unused and each.is_without_notes:
            say(
                f"{each.unused:,} of them are in {show_plainly(each.sd.name)!r}, whose notes name hardly any of its "
                f"pictures; {say_command('collect')} leaves it out"
            )


def _show_collected(session: Session, report: CollectReport, *, dry_run: bool) -> None:
    if not report.plan:
        write_line(f"nothing to collect now: {LEFT}" if report.left else f"nothing to collect: {RULE}")
        _say_left_out(report)
        return
    for change in report.plan if dry_run else report.done:
        where = show_plainly(f"{change.path} in {change.sd_name!r}")
        write_line(f"{'would go' if dry_run else 'moved'} to the trash: {where}")
    if report.done:
        say_undo(session, report.done)
    if report.left:
        say(f"{say_count(report.left, 'more picture')} may go later: {LEFT}")
    _say_left_out(report)


def _count(report: ChangeReport) -> str:
    size_bytes = sum(change.size_bytes or 0 for change in report.plan)
    return f"{say_count(len(report.plan), 'picture')} ({say_bytes(size_bytes)})"
