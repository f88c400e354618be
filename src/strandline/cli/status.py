"""``strandline status``: all of a store in one sentence and a line for each folder, with exit statuses for cron."""

from __future__ import annotations

from datetime import datetime

import click

from strandline.cli.exit_status import ExitStatus
from strandline.cli.lazy_commands import Verb
from strandline.cli.numbers import say_number
from strandline.cli.session import Session
from strandline.cli.tables import Badge, Cell, Column, show_table
from strandline.cli.wording import colour_of, say_moment, say_size
from strandline.cli.writing import write_line
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.remedies import refer_to, say_command
from strandline.model.state_words import STORAGE_DIR_WORDS
from strandline.model.store_status import Outcome, StorageDirStatus, StoreStatus

EXIT_STATUS = {
    Outcome.WELL: ExitStatus.DONE,
    Outcome.LOOK: ExitStatus.FINDINGS,
    Outcome.UNKNOWN: ExitStatus.UNAVAILABLE,
}


@click.command("status", cls=Verb)
@click.pass_obj
def status(session: Session) -> int:
    """Say in one sentence whether all is well.

    Checks whether each folder is there, and reports what the last scan of it found. It reads no picture and lists no
    folder, so cron may run it often. The exit status is 0 if all is well, 1 if a person should look at something, and
    6 if nothing is known to be wrong, but a folder is offline, its notes were not looked at yet, or none was added.
    """
    with session.open_store() as store:
        store.refresh_storage_dirs()
        found = store.status()
    session.answer(found.to_json() | {"home_path": str(session.find_home())}, lambda: _show(session, found))
    session.say_local_folders("`strandline --local status`")
    return EXIT_STATUS[found.outcome]


def _show(session: Session, found: StoreStatus) -> None:
    write_line(found.summary)
    for reason in found.reasons:
        place = f"home {session.find_home()}" if reason.sd is None else reason.sd.name
        remedy = ""
        if reason.kind == "notes-unchecked" and reason.sd is not None:
            remedy = f"; {say_command('check', refer_to(reason.sd))} does"
        write_line(f"  {show_plainly(place)}: {show_plainly(reason.message)}{remedy}")
    if not found.sds:
        write_line(f"Add one with {say_command('sd', 'add', 'PATH')}")
        return
    write_line()
    columns = [
        Column("FOLDER", is_whole=True),
        Column("STATE", is_whole=True),
        Column("IMAGES", is_number=True),
        Column("SIZE", is_number=True),
        Column("UNCHECKED", is_number=True),
        Column("ARRIVING", is_number=True, extra=1),
        Column("NOTES MISS", is_number=True, extra=2),
        Column("OLDEST CHECK", is_whole=True, extra=3),
        Column("LAST SCAN", is_whole=True),
    ]
    show_table(columns, map(_make_row, found.sds))
    if found.trash_files:
        write_line()
        write_line(f"Trash: {say_count(found.trash_files, 'file')}, {say_bytes(found.trash_bytes)}")


def _make_row(each: StorageDirStatus) -> list[Cell]:
    word = STORAGE_DIR_WORDS[each.sd.state]
    missed = each.missing_references
    return [
        each.sd.name,
        Badge(word.word, colour_of(word.tone)),
        say_number(each.counts.images),
        say_size(each.measures.size_bytes),
        say_number(each.counts.unchecked),
        say_number(each.arrivals_waiting),
        "-" if missed is None else say_number(missed),
        _say_moment(each.measures.oldest_proof),
        _say_moment(each.last_scan),
    ]


def _say_moment(at: datetime | None) -> str:
    return "never" if at is None else say_moment(at)
