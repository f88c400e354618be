"""``strandline watch``: events as they happen, one per line, until somebody ends it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from strandline.cli.interrupts import ending_on_signals
from strandline.cli.lazy_commands import Verb
from strandline.cli.log import begin_log, log_options
from strandline.cli.numbers import WholeNumber
from strandline.cli.session import Session
from strandline.cli.writing import is_terminal, paint, say, write_json, write_line
from strandline.model.events import (
    ALARMS,
    Event,
    ImageAvailable,
    ScanProgress,
    describe_facts,
    format_time,
)
from strandline.model.plain_words import show_plainly

if TYPE_CHECKING:
    from strandline.runtime.event_log import StorageDirNames

_COLOURS = {ImageAvailable.type: "green", **dict.fromkeys(ALARMS, "red")}


@click.command("watch", cls=Verb)
@click.option("--since", type=WholeNumber(0), metavar="SEQ", help="Print the events after this number first.")
@click.option("--once", is_flag=True, help="Stop after the first scan and its checks.")
@log_options
@click.pass_obj
def watch(session: Session, since: int | None, once: bool, verbose: int, quiet: bool) -> None:
    """Watch storage directories and print what happens.

    Scans once, checks what arrived, and then waits for more. --json prints one object per line. Ends with status 0
    at Ctrl-C or SIGTERM.
    """
    # From here on, a signal that comes while the catalog is opened ends it as one that comes later.
    with ending_on_signals() as stop, session.open_store(begins=True) as store:
        from strandline.runtime.event_log import StorageDirNames

        begin_log(store.settings.log.level, verbose, quiet)
        names = StorageDirNames(store.list_storage_dirs)
        if is_terminal(sys.stderr) and not (once or quiet):
            say("watching; press Ctrl-C to stop")
        with store.watch(once=once, since=since, stop=stop) as events:
            for event in events:
                _print(session, event, names)
        if once and stop.is_set():
            raise KeyboardInterrupt  # it had an end of its own, and did not reach it


def _print(session: Session, event: Event, names: StorageDirNames) -> None:
    if session.json:
        write_json(event.to_json(), is_line=True)
        return
    if event.type == ScanProgress.type:
        return  # for programs; on a terminal it would hide the arrivals
    where = names.name(event)
    if not is_terminal(sys.stdout):
        cells = (format_time(event.at), event.type, where, describe_facts(event))
        write_line("\t".join(map(show_plainly, cells)))
        return
    kind = paint(f"{event.type:<20}", _COLOURS.get(event.type))
    line = f"{event.at.astimezone():%H:%M:%S}  {kind} {show_plainly(where)}  {show_plainly(describe_facts(event))}"
    write_line(line.rstrip())
