"""``strandline import``: pictures from folders, archives, and addresses get into a storage directory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import STDIN, GivenPath, sd_option
from strandline.cli.changes import NOT_TRIED
from strandline.cli.exit_status import ExitStatus, exit_status_of
from strandline.cli.interrupts import taking_interrupts
from strandline.cli.lazy_commands import Verb
from strandline.cli.progress import Bars
from strandline.cli.save import NOT_WHOLE
from strandline.cli.session import Session, get_stdin
from strandline.cli.targets import choose_target, find_note
from strandline.cli.undoing import say_undo_saving
from strandline.cli.writing import is_terminal, say, say_about, write_line
from strandline.model.left_out import say_left_out
from strandline.model.plain_words import say_bytes, say_count, show_plainly

if TYPE_CHECKING:
    from strandline.model.imports import ImportReport
    from strandline.model.storage_dirs import StorageDir

MOST_SHOWN = 20
"""Pictures with a line of their own on a terminal. A pipe gets all."""


@click.command("import", cls=Verb)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=GivenPath(allow_dash=True))
@sd_option
@click.option(
    "--in", "note", metavar="NOTE", help="The note that they are for, in a folder of named pictures."
)
@click.option("--dry-run", is_flag=True, help="Read everything, and only say what is new.")
@click.pass_obj
def import_(
    session: Session, sources: tuple[str, ...], sd: str | None, note: str | None, dry_run: bool
) -> int:
    """Import pictures from folders, ZIP archives, and addresses.

    SOURCE is a folder with all that is below it, a ZIP archive, a file, an http or https address, a data: URL, or -
    for stdin, which may have any of the bytes. Names and dates are kept, the same bytes are stored once, and the
    sources stay as they are. What is no picture is left out and counted, such as the .json files of Google Takeout.
    If it is interrupted, run it again: it continues.
    """
    with session.open_store() as store, Bars() as bars, taking_interrupts() as interrupt:
        target = choose_target(store, sd, sources if note is None else [note])
        report = store.import_images(
            [interrupt.obeyed_by(get_stdin()) if source == STDIN else source for source in sources],
            sd=target,
            note=find_note(note, target),
            dry_run=dry_run,
            progress=lambda _, done, total: bars.advance("importing", done, total),
            cancel=interrupt.asked,
        )
    session.answer(report.to_json(), lambda: _show(session, report, target))
    for image in report.new:
        if not image.whole:
            say(f"{show_plainly(image.source)}: {NOT_WHOLE}")
    for each in report.refused:
        say_about(each.source, each.message)
    interrupt.end_if_asked()
    return _judge(report)


def _judge(report: ImportReport) -> int:
    if not report.refused:
        return ExitStatus.DONE if all(image.whole for image in report.new) else ExitStatus.FINDINGS
    if report.new or report.already_there:
        return ExitStatus.FINDINGS
    return exit_status_of(report.refused[0].error)


def _show(session: Session, report: ImportReport, target: StorageDir) -> None:
    shown = report.new[:MOST_SHOWN] if is_terminal(sys.stdout) else report.new
    for image in shown:
        write_line(f"{show_plainly(image.path)} from {show_plainly(image.source)}")
    if (more := len(report.new) - len(shown)) > 0:
        write_line(f"and {more:,} more (--json lists all)")
    for line in say_left_out(report.left_out, names_others=True):
        say(line)
    say(_summarize(report, target))
    if report.done:
        say_undo_saving(session, target.name, (image.image_id for image in report.done))


def _summarize(report: ImportReport, target: StorageDir) -> str:
    size_bytes = sum(image.size_bytes for image in report.new)
    count = f"{say_count(len(report.new), 'picture')} ({say_bytes(size_bytes)})" if report.new else "nothing"
    verb = "would be imported" if report.dry_run else "imported"
    parts = [f"{count} {verb} into {show_plainly(target.name)!r}"]
    if there := len(report.already_there) - report.twice:
        parts.append(f"{there:,} there already")
    if report.twice:
        parts.append(f"{report.twice:,} with the same bytes as another")
    if cut := sum(not image.whole for image in report.new):
        parts.append(f"{cut:,} of them incomplete")
    if report.refused:
        parts.append(f"{len(report.refused):,} failed")
    if not report.complete:
        parts.append(NOT_TRIED)
    return ", ".join(parts)
