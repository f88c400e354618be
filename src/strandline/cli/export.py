"""``strandline export``: copies images out, under readable names, with a contact sheet and a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import GivenIds, GivenPath, image_ids_or_none_argument
from strandline.cli.changes import NOT_TRIED
from strandline.cli.exit_status import ExitStatus, exit_status_of
from strandline.cli.interrupts import taking_interrupts
from strandline.cli.lazy_commands import Verb
from strandline.cli.many_ids import gather_images
from strandline.cli.progress import Bars
from strandline.cli.query_options import query_options
from strandline.cli.session import Session
from strandline.cli.writing import say, say_about, write_line
from strandline.model.json_form import to_json
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.queries import Query

if TYPE_CHECKING:
    from strandline.model.changes import RefusedChange
    from strandline.model.exports import ExportedImage, ExportReport
    from strandline.store import Store


@click.command("export", cls=Verb)
@image_ids_or_none_argument
@query_options
@click.option("--all", "is_all", is_flag=True, help="All images.")
@click.option(
    "-o",
    "--output",
    metavar="TARGET",
    required=True,
    type=GivenPath(),
    help="A folder, or a new archive if the name ends in .zip.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
@click.pass_obj
def export(
    session: Session, ids: GivenIds | None, query: Query, is_all: bool, output: str, dry_run: bool
) -> int:
    """Copy images to a folder or a ZIP archive, with a contact sheet.

    Give ids, or options that say which images, or --all. The images have readable names; index.html shows them in
    any browser, and manifest.json says what they are. All bytes are checked. Nothing that exists is replaced. If it
    is interrupted, the same command continues in the folder.
    """
    is_whole_or_not = output.lower().endswith(".zip")
    with taking_interrupts(if_=not (dry_run or is_whole_or_not)) as interrupt:
        with session.open_store() as store, Bars() as bars:
            with interrupt.waiting():
                plan, unknown = _plan(store, ids, query, is_all=is_all)
            report = store.export_images(
                plan,
                output,
                dry_run=dry_run,
                progress=lambda done, total: bars.advance(output, done, total),
                cancel=interrupt.asked,
            )
        target = str(Path(output).absolute())
        document = {"dry_run": dry_run, "written_to": target, **report.to_json()}
        document["refused"] = [
            *({**each.to_json(), "name": None} for each in unknown),
            *to_json(report.refused),
        ]
        session.answer(document, lambda: _show(report, output, dry_run=dry_run))
        for text in unknown:
            say(text.message)
        for each in report.refused:
            say_about(each.image.image_id, each.error.message)
        if not report.complete:
            say(f"{len(report.done):,} of {say_count(len(plan), 'image')} exported, {NOT_TRIED}")
    interrupt.end_if_asked()
    errors = [*(each.error for each in unknown), *(each.error for each in report.refused)]
    if errors:
        return ExitStatus.FINDINGS if report.done or dry_run else exit_status_of(errors[0])
    return ExitStatus.DONE


def _plan(
    store: Store, ids: GivenIds | None, query: Query, *, is_all: bool
) -> tuple[list[ExportedImage], tuple[RefusedChange, ...]]:
    """The plan, and the texts that mean no image."""
    is_asked = query != Query()
    if (ids is not None) + is_asked + is_all != 1:
        raise click.UsageError("give image ids, or options that say which images, or --all")
    if ids is None:
        return store.plan_export(query=query), ()
    images, files, unknown = gather_images(store, ids)
    return store.plan_export([*images, *(file.image_id for file in files)]), unknown


def _show(report: ExportReport, output: str, *, dry_run: bool) -> None:
    if dry_run:
        for image in report.plan:
            write_line(show_plainly(image.name))
        say(f"{say_count(len(report.plan), 'image')} would be written to {show_plainly(output)}")
        return
    size = say_bytes(sum(image.size_bytes or 0 for image in report.done))
    there = f", {report.already_there:,} of them were there" if report.already_there else ""
    write_line(f"{say_count(len(report.done), 'image')} in {show_plainly(output)}, {size}{there}")
