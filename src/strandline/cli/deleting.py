"""``strandline delete`` and ``trash``: images leave their folders, and come back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import GivenIds, image_ids_argument, list_sd_completions, sd_option
from strandline.cli.changes import describe, insist, judge, name_change, say_mentions, say_refused, say_uses
from strandline.cli.interrupts import taking_interrupts
from strandline.cli.lazy_commands import LazyGroup, Verb
from strandline.cli.many_ids import gather_images
from strandline.cli.numbers import say_exact_bytes
from strandline.cli.overview import Row
from strandline.cli.session import Session
from strandline.cli.tables import Column, show_table
from strandline.cli.undoing import say_undo
from strandline.cli.wording import say_moment
from strandline.cli.writing import asks_a_person, say, write_line
from strandline.errors import InSeveralFoldersError, RefusedError
from strandline.model.image_ids import ImageId
from strandline.model.plain_words import say_bytes, say_count, show_plainly

if TYPE_CHECKING:
    from strandline.model.changes import ChangeReport, NamedFile, RefusedChange
    from strandline.model.deletions import DeletePlan
    from strandline.model.storage_dirs import StorageDir
    from strandline.model.trash import TrashedFile
    from strandline.store import Store

TABLE = {
    "list": Row("deleting:list_", "List what is in the trash."),
    "restore": Row("deleting:restore", "Put deleted images back."),
    "empty": Row("deleting:empty", "Remove for good what has been in the trash long enough."),
}

trash = LazyGroup("trash", table=TABLE, help="List, restore, and empty the trash.")

_dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would happen.")


@click.command("delete", cls=Verb)
@image_ids_argument
@click.option(
    "--sd",
    "sds",
    metavar="SD",
    multiple=True,
    shell_complete=list_sd_completions,
    help="Delete from this storage directory only; can be given more than once.",
)
@_dry_run_option
@click.option("--yes", is_flag=True, help="Ask nothing: what would be asked is refused.")
@click.pass_obj
def delete(session: Session, ids: GivenIds, sds: tuple[str, ...], dry_run: bool, yes: bool) -> int:
    """Move images to the trash of this machine.

    The files leave their folder, so a sync client takes them away on other machines, too. This machine keeps them
    for 30 days (trash.grace_days), and 'strandline trash restore' brings them back. An image id means all its files
    in a storage directory, a path only that file. If an image is in several storage directories, say from which.
    """
    with taking_interrupts(if_=not dry_run) as interrupt:
        with session.open_store() as store:
            with interrupt.waiting():
                images, files, unknown = gather_images(store, ids)
                plan = _plan(store, images, files, sds, may_ask=not yes)
                plan = replace(plan, refused=(*unknown, *plan.refused))
                _warn(store, plan)
            report = store.delete(plan, dry_run=dry_run, cancel=interrupt.asked)
        document = {**describe(report, dry_run=dry_run), "uses": [use.to_json() for use in plan.uses]}
        session.answer(document, lambda: _show_deleted(session, report, dry_run=dry_run))
        say_refused(report)
    interrupt.end_if_asked()
    return judge(report, dry_run=dry_run)


@click.command("list", cls=Verb)
@sd_option
@click.pass_obj
def list_(session: Session, sd: str | None) -> None:
    """List what is in the trash.

    Latest first. Besides deleted images, it has damaged files that were replaced by good ones.
    """
    with session.open_store() as store:
        listing = store.trash.describe(sd)
        known = store.list_storage_dirs()
    session.answer(listing.to_json(), lambda: _show_entries([each.entry for each in listing.trash], known))


@click.command("restore", cls=Verb)
@image_ids_argument
@sd_option
@_dry_run_option
@click.pass_obj
def restore(session: Session, ids: GivenIds, sd: str | None, dry_run: bool) -> int:
    """Put deleted images back.

    Each deleted file goes back to where it was. If something else is there now, it stays, and the deleted file stays
    in the trash. An id means all deleted files of the image. A path, a file's name, or the number of an entry
    (trash_id in JSON) means only that file.
    """
    with taking_interrupts(if_=not dry_run) as interrupt:
        with session.open_store() as store:
            with interrupt.waiting():
                images, unknown = _find_deleted(store, ids)
            report = store.trash.restore(images, sd, dry_run=dry_run, cancel=interrupt.asked)
            report = replace(report, refused=(*unknown, *report.refused))
        session.answer(describe(report, dry_run=dry_run), lambda: _show_restored(report, dry_run=dry_run))
        say_refused(report)
    interrupt.end_if_asked()
    return judge(report, dry_run=dry_run)


@click.command("empty", cls=Verb)
@sd_option
@_dry_run_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def empty(session: Session, sd: str | None, dry_run: bool, yes: bool) -> None:
    """Remove for good what has been in the trash long enough.

    Nothing leaves the trash before its grace time is over (trash.grace_days, 30 by default). This cannot be undone,
    so it asks; without a terminal, it needs --yes.
    """
    with session.open_store() as store:
        report = store.trash.empty(sd, dry_run=True)
        if not dry_run and report.plan:
            insist(f"remove {_count(report)} for good", yes=yes, can_be_undone=False)
            report = store.trash.empty(sd)
        days = store.trash.rules.grace.days
    document = {"dry_run": dry_run, **report.to_json()}
    session.answer(document, lambda: _show_emptied(report, days, dry_run=dry_run))


def _plan(
    store: Store, images: list[ImageId], files: list[NamedFile], sds: Sequence[str], *, may_ask: bool
) -> DeletePlan:
    """The plan. If an image is in several storage directories, a person at a terminal is asked which is meant."""
    try:
        return store.plan_delete(images, sds=sds, files=files)
    except InSeveralFoldersError as error:
        if not (may_ask and asks_a_person()):
            raise
        names = [str(sd["name"]) for sd in error.facts["sds"]]  # type: ignore[attr-defined]
    say(f"{'it is' if len(images) == 1 else 'some are'} in several storage directories")
    for number, name in enumerate(names, 1):
        click.echo(f"  {number}  {show_plainly(name)}", err=True)
    choice = click.Choice([*map(str, range(1, len(names) + 1)), "all", "none"])
    chosen = click.prompt("Delete from which?", type=choice, err=True)
    if chosen == "none":
        raise RefusedError("nothing was deleted")
    wanted = names if chosen == "all" else [names[int(chosen) - 1]]
    return store.plan_delete(images, sds=wanted, files=files)


def _warn(store: Store, plan: DeletePlan) -> None:
    """Says on stderr what a person should know before it happens."""
    if any(step.sd.is_on_disk for step in plan.steps) and not store.trash.has_deleted():
        say(
            "deleting takes files out of their folder, so a sync client takes them away on your other machines, too; "
            f"this machine keeps them for {say_count(store.trash.rules.grace.days, 'day')}"
        )
    say_uses(plan.uses)
    say_mentions(plan.mentions)


def _show_deleted(session: Session, report: ChangeReport, *, dry_run: bool) -> None:
    for change in report.possible if dry_run else report.done:
        write_line(f"{'would delete' if dry_run else 'deleted'} {name_change(change)}")
    if report.done:
        say_undo(session, report.done)


def _show_restored(report: ChangeReport, *, dry_run: bool) -> None:
    for change in report.possible if dry_run else report.done:
        write_line(f"{name_change(change)} {'would be back' if dry_run else 'is back'}")


def _count(report: ChangeReport) -> str:
    size_bytes = sum(change.size_bytes or 0 for change in report.plan)
    return f"{say_count(len(report.plan), 'file')} ({say_bytes(size_bytes)})"


def _show_emptied(report: ChangeReport, days: int, *, dry_run: bool) -> None:
    if not report.plan:
        write_line(f"nothing has been in the trash for {say_count(days, 'day')}; nothing was removed")
        return
    size_bytes = sum(change.size_bytes or 0 for change in report.plan)
    verb = "would be removed" if dry_run else "removed"
    write_line(f"{say_count(len(report.plan), 'file')} {verb} for good ({say_bytes(size_bytes)})")


def _find_deleted(store: Store, ids: GivenIds) -> tuple[list[ImageId], tuple[RefusedChange, ...]]:
    """The images that a person means, also by first digits that only deleted ones have, and the numbers of entries
    that they mean by a path or a name; and what means none.
    """
    from strandline.model.trash import list_called

    def find_gone(text: str) -> list[ImageId]:
        roots = {str(sd.sd_id): sd.path for sd in store.list_storage_dirs()}
        full_path = os.path.abspath(os.path.expanduser(text)) if "\0" not in text else text
        called = list_called(store.trash.list_entries(), text, full_path, roots)
        return [ImageId(entry.trash_id) for entry in called]

    images, files, unknown = gather_images(store, ids, find_gone)
    return list(dict.fromkeys([*images, *(file.image_id for file in files)])), unknown


def _show_entries(entries: Sequence[TrashedFile], known: Sequence[StorageDir]) -> None:
    if not entries:
        write_line("the trash is empty")
        return
    columns = [
        Column("ID", is_whole=True),
        Column("DELETED", is_whole=True),
        Column("SIZE", is_number=True, is_whole=True, extra=2),
        Column("WHY", is_whole=True, extra=1),
        Column("PLACE"),
    ]
    paths = {str(identity): sd.path for sd in known for identity in (*sd.aliases, sd.sd_id) if identity}
    show_table(columns, (_cells_of(entry, paths) for entry in entries))


def _cells_of(entry: TrashedFile, paths: Mapping[str, str]) -> tuple[str, ...]:
    """``paths`` has where storage directories are now, by identity: the entry may come from another computer."""
    root = paths.get(entry.sd_id or "", entry.sd_path)
    place = show_plainly(f"{root}/{entry.path}")
    size = say_exact_bytes(entry.size_bytes)
    return entry.image_id, say_moment(entry.trashed_at), size, entry.reason.value, place
