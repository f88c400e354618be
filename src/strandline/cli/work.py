"""``strandline work``: a worker, and what workers do: ordered, shown, paused, and cancelled from any machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from strandline import __version__
from strandline.cli.arguments import sds_argument
from strandline.cli.exit_status import ExitStatus
from strandline.cli.lazy_commands import LazyGroup, Verb
from strandline.cli.log import begin_log, log_options, logging_life
from strandline.cli.numbers import WholeNumber, say_number
from strandline.cli.overview import Row
from strandline.cli.session import Session, list_named
from strandline.cli.tables import Cell, Column, show_table
from strandline.cli.wording import say_moment
from strandline.cli.writing import is_terminal, say, write_line
from strandline.model.plain_words import say_count, say_span, show_plainly
from strandline.model.remedies import say_command
from strandline.model.work import WorkKind, WorkState

if TYPE_CHECKING:
    from strandline.model.work import WorkStatus, WorkTask
    from strandline.runtime.assembly import LocalStore
    from strandline.runtime.work.orders import Work

TABLE = {
    "status": Row("work:status", "Show what is done, by whom, and how long it will take."),
    "add": Row("work:add", "Order work on storage directories."),
    "pause": Row("work:pause", "Stop a task until it is resumed."),
    "resume": Row("work:resume", "Go on with a paused task."),
    "cancel": Row("work:cancel", "End a task. What was done stays."),
}


@click.group("work", cls=LazyGroup, table=TABLE, invoke_without_command=True)
@click.option(
    "--concurrency",
    type=WholeNumber(1, 100),
    metavar="N",
    help="Parts of the work at a time; the setting work.concurrency by default.",
)
@click.option("--until-empty", is_flag=True, help="End once nothing is left to do.")
@log_options
@click.pass_context
def work(
    context: click.Context, concurrency: int | None, until_empty: bool, verbose: int, quiet: bool
) -> Any:
    """Do work that many machines share.

    Needs a shared catalog. Any number of workers, on any machines, divide scans and checks among themselves. What a
    killed worker was doing is done by another one. Runs until Ctrl-C or SIGTERM, and gives back what it has begun.
    """
    if context.invoked_subcommand is not None:
        return None
    session = context.obj
    assert isinstance(session, Session)
    from strandline.cli.interrupts import ending_on_signals

    with ending_on_signals() as stop, session.open_store() as store:
        begin_log(store.settings.log.level, verbose, quiet)
        _open(store)
        from strandline.runtime.work.worker import WorkerOptions, run_worker

        told: list[int] = []

        def tell(number: int) -> None:
            if not told:
                session.answer({"worker": str(number)}, lambda: write_line(f"worker {number} is at work"))
                sys.stdout.flush()
                if is_terminal(sys.stderr) and not (quiet or until_empty):
                    say("press Ctrl-C to stop")
            told.append(number)

        at_once = concurrency or store.settings.work.concurrency
        options = WorkerOptions(at_once, __version__, until_empty=until_empty)
        with nullcontext() if until_empty else logging_life("work", store.settings.log.level, verbose, quiet):
            run_worker(store, options, stop, tell)
    if until_empty and stop.is_set():
        raise KeyboardInterrupt  # it had an end of its own, and did not reach it
    return ExitStatus.DONE


def _open(store: LocalStore) -> Work:
    """The work of this catalog, or the reason why there is none."""
    return store.work


@click.command("status", cls=Verb)
@click.pass_obj
def status(session: Session) -> int:
    """Show what is done, by whom, and how long it will take.

    The exit status is 1 if a task has failed, or if there is something to do and no worker does it.
    """
    with session.open_store() as store:
        found = _open(store).read_status()
    session.answer(found.to_json(), lambda: _show(found))
    return ExitStatus.FINDINGS if found.is_stuck or found.failed else ExitStatus.DONE


@click.command("add", cls=Verb)
@click.argument("kind", metavar="KIND", type=click.Choice([kind.value for kind in WorkKind]))
@sds_argument
@click.option("--first", is_flag=True, help="Before all other work, also if it was ordered before.")
@click.pass_obj
def add(session: Session, kind: str, sds: tuple[str, ...], first: bool) -> int:
    """Order work on storage directories.

    KIND is scan (look for new, changed, and missing images), arrivals (check what is new), prove (check what was
    never read), verify (read again what was not read for 30 days), or thumbnails (make those that machines share,
    at pictures.shared_thumbnails). Without SD, on all storage directories. If a storage directory has an open task
    of this kind, that is the answer.
    """
    with session.open_store() as store:
        orders = _open(store)
        tasks = [orders.add(WorkKind(kind), sd, is_first=first) for sd in list_named(store, sds)]
    session.answer({"tasks": [task.to_json() for task in tasks]}, lambda: _show_tasks(tasks))
    return ExitStatus.DONE


@click.command("cancel", cls=Verb)
@click.argument("task", metavar="TASK")
@click.pass_obj
def cancel(session: Session, task: str) -> int:
    """End a task. What was done stays.

    Parts that are being done end within two seconds. Nothing is concluded from an unfinished scan.
    """
    return _change(session, lambda orders: orders.cancel(task))


@click.command("pause", cls=Verb)
@click.argument("task", metavar="TASK")
@click.pass_obj
def pause(session: Session, task: str) -> int:
    """Stop a task until it is resumed."""
    return _change(session, lambda orders: orders.pause(task))


@click.command("resume", cls=Verb)
@click.argument("task", metavar="TASK")
@click.pass_obj
def resume(session: Session, task: str) -> int:
    """Go on with a paused task."""
    return _change(session, lambda orders: orders.resume(task))


def _change(session: Session, change: Callable[[Work], WorkTask]) -> int:
    with session.open_store() as store:
        task = change(_open(store))
    session.answer({"task": task.to_json()}, lambda: _show_tasks([task]))
    return ExitStatus.DONE


def _show(found: WorkStatus) -> None:
    alive = [worker for worker in found.workers if worker.is_alive]
    parts = say_count(found.waiting_parts, "part")
    write_line(
        f"{say_count(len(alive), 'worker')}, {say_count(found.running_parts, 'part')} at work, {parts} waiting"
    )
    if found.is_stuck:
        write_line(f"nobody works on it; start a worker with {say_command('work')}")
    for worker in found.workers:
        state = f"{say_count(worker.parts, 'part')} at work" if worker.is_alive else "does not answer"
        write_line(
            f"  worker {worker.number}: {show_plainly(worker.host)}, process {worker.pid}, Strandline "
            f"{show_plainly(worker.version)}, {state}"
        )
    if found.tasks:
        write_line()
        _show_tasks(found.tasks)
    for task in found.failed:
        write_line(f"task {task.number} failed: {show_plainly(task.problem or '')}")


def _show_tasks(tasks: list[WorkTask]) -> None:
    columns = [
        Column("TASK", is_number=True),
        Column("WORK", is_whole=True),
        Column("FOLDER", is_cut=True),
        Column("STATE", is_whole=True),
        Column("DONE", is_number=True),
        Column("OF", is_number=True),
        Column("PER SECOND", is_number=True, extra=2),
        Column("LEFT", is_whole=True, extra=1),
        Column("BEGAN", is_whole=True, extra=3),
    ]
    show_table(columns, map(_make_row, tasks))


def _make_row(task: WorkTask) -> list[Cell]:
    return [
        str(task.number),
        task.kind.value,
        task.sd_name,
        task.state.value,
        say_number(task.done),
        "?" if task.total is None else say_number(task.total),
        f"{task.images_per_s:g}" if task.state is WorkState.WORKING else "",
        "" if task.remaining_s is None else say_span(task.remaining_s),
        say_moment(task.began_at),
    ]
