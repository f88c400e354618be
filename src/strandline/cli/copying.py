"""``strandline copy`` and ``move``: images get into another storage directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from strandline.cli.arguments import (
    GivenIds,
    GivenPath,
    GivenText,
    image_ids_or_none_argument,
    list_sd_completions,
)
from strandline.cli.changes import describe, judge, name_change, say_refused, say_uses
from strandline.cli.interrupts import taking_interrupts
from strandline.cli.lazy_commands import Verb
from strandline.cli.many_ids import Gathered, gather_images
from strandline.cli.progress import Bars
from strandline.cli.query_options import image_options
from strandline.cli.session import Session
from strandline.cli.undoing import say_undo, say_undo_saving
from strandline.cli.writing import say, write_line
from strandline.model.plain_words import say_count, show_plainly
from strandline.model.queries import Query

if TYPE_CHECKING:
    from strandline.model.changes import FileChange
    from strandline.model.note_checks import NoteUse
    from strandline.model.transfers import TransferReport
    from strandline.store import Store


class Chosen(NamedTuple):
    """Which images a person means: by ids, by a query, or by a note."""

    ids: GivenIds | None
    query: Query
    source: str | None
    note: str | None


def _chosen_images(command: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for a command about images that go to another storage directory: it gets ``chosen``."""

    @image_ids_or_none_argument
    @click.option("--to", metavar="SD", required=True, shell_complete=list_sd_completions, help="Where to.")
    @click.option(
        "--from",
        "source",
        metavar="SD",
        type=GivenText(),
        shell_complete=list_sd_completions,
        help="Only images from here.",
    )
    @click.option(
        "--note",
        "of_note",
        metavar="NOTE",
        type=GivenPath(),
        help="All pictures that this note, or each note in this folder, refers to.",
    )
    @image_options
    @click.option("--all", "is_all", is_flag=True, help="All images.")
    @click.option("--dry-run", is_flag=True, help="Only say what would happen.")
    @wraps(command)
    def take(
        *args: Any,
        ids: GivenIds | None,
        source: str | None,
        of_note: str | None,
        search: str | None,
        kind: str | None,
        state: str | None,
        month: str | None,
        folder: str | None,
        is_all: bool,
        **others: Any,
    ) -> Any:
        query = Query(text=search, type=kind, state=state, month=month, folder=folder)
        given = (ids is not None, of_note is not None, query != Query(), is_all)
        if sum(given) != 1:
            raise click.UsageError(
                "say which images: ids, or options such as --search, or --note, or --all; one of these"
            )
        return command(*args, chosen=Chosen(ids, query, source, of_note), **others)

    return take


@click.command("copy", cls=Verb)
@_chosen_images
@click.pass_obj
def copy(session: Session, chosen: Chosen, to: str, dry_run: bool) -> int:
    """Copy images to another storage directory.

    All bytes are checked. Ids stay the same. In a folder with named pictures, a copy gets the image's name. What is
    there already is not written again, so running it again continues.
    """
    if chosen.source is not None and (chosen.ids or chosen.note):
        raise click.UsageError("--from goes with --all, or with options such as --search")
    with taking_interrupts(if_=not dry_run) as interrupt:
        with session.open_store() as store, Bars() as bars:
            with interrupt.waiting():
                images, files, unknown = _gather(store, chosen)
                plan = store.plan_copy(images, to=to, files=files, note=chosen.note)
                plan = replace(plan, refused=(*unknown, *plan.refused))
            report = store.copy_files(
                plan,
                dry_run=dry_run,
                progress=lambda done, total: bars.advance(plan.to.name, done, total),
                cancel=interrupt.asked,
            )
        document = describe(report, dry_run=dry_run)
        session.answer(document, lambda: _show_copied(session, report, plan.to.name, dry_run=dry_run))
        say_refused(report.report)
    interrupt.end_if_asked()
    return judge(report.report, dry_run=dry_run)


@click.command("move", cls=Verb)
@_chosen_images
@click.option("--yes", is_flag=True, help="Move pictures even if notes lose them.")
@click.pass_obj
def move(session: Session, chosen: Chosen, to: str, dry_run: bool, yes: bool) -> int:
    """Move images to another storage directory.

    First, a copy is saved there and read again; then the source goes to the trash of this machine, from which
    'strandline trash restore' brings it back. A picture that notes of its storage directory use stays, unless you
    insist with --yes. If an image is in several other storage directories, say with --from which one is meant.
    """
    with taking_interrupts(if_=not dry_run) as interrupt:
        with session.open_store() as store, Bars() as bars:
            with interrupt.waiting():
                images, files, unknown = _gather(store, chosen)
                plan = store.plan_move(images, to=to, source=chosen.source, files=files, note=chosen.note)
                plan = replace(plan, refused=(*unknown, *plan.refused))
                say_uses(plan.uses if yes else _list_more(plan.uses))
            report = store.move_files(
                plan,
                insists=yes,
                dry_run=dry_run,
                progress=lambda done, total: bars.advance(plan.to.name, done, total),
                cancel=interrupt.asked,
            )
        document = {**describe(report, dry_run=dry_run), "uses": [use.to_json() for use in plan.uses]}
        session.answer(document, lambda: _show_moved(session, report, plan.to.name, dry_run=dry_run))
        say_refused(report.report)
    interrupt.end_if_asked()
    return judge(report.report, dry_run=dry_run)


def _list_more(uses: Sequence[NoteUse]) -> list[NoteUse]:
    """Without the first use of each picture: the message that refuses the picture names that."""
    seen: set[tuple[int, str]] = set()
    more = []
    for use in uses:
        key = use.sd.number, use.path
        more += [use] if key in seen else []
        seen.add(key)
    return more


def _gather(store: Store, chosen: Chosen) -> Gathered:
    if chosen.ids is not None:
        return gather_images(store, chosen.ids)
    if chosen.note is not None:
        return Gathered([], [])
    return Gathered(
        [image.image_id for image in store.iter_images(replace(chosen.query, sd=chosen.source))], []
    )


def _show_copied(session: Session, report: TransferReport, to: str, *, dry_run: bool) -> None:
    rows = report.report.possible if dry_run else report.copied
    there = _list_there(report, dry_run=dry_run)
    for change in rows:
        if change not in there:
            write_line(f"{'would copy' if dry_run else 'copied'} {name_change(change)}")
    if there:
        are = "is" if len(there) == 1 else "are"
        say(f"{say_count(len(there), 'image')} {are} in {show_plainly(to)!r} already")
    if report.copied:
        say_undo_saving(session, to, (change.image_id for change in report.copied))
    _say_nothing(report, to)


def _list_there(report: TransferReport, *, dry_run: bool) -> set[FileChange]:
    """What is in the target already."""
    if dry_run:
        return {change for change in report.report.possible if change.path is not None}
    return {*report.report.done} - {*report.copied}


def _show_moved(session: Session, report: TransferReport, to: str, *, dry_run: bool) -> None:
    for change in report.report.possible if dry_run else report.report.done:
        write_line(f"{'would move' if dry_run else 'moved'} {name_change(change)} to {show_plainly(to)!r}")
    if report.report.done:
        say_undo(session, report.report.done, "to have them in both")
    _say_nothing(report, to)


def _say_nothing(report: TransferReport, to: str) -> None:
    if not report.report.plan and not report.report.refused:
        say(f"nothing to do for {show_plainly(to)!r}")
