"""``strandline put-back``: pictures that notes miss get their bytes back, as long as they are anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import GivenPath
from strandline.cli.exit_status import ExitStatus
from strandline.cli.interrupts import taking_interrupts
from strandline.cli.lazy_commands import Verb
from strandline.cli.session import Session
from strandline.cli.writing import asks_a_person, write_json, write_line, write_message
from strandline.model.plain_words import say_count, show_plainly
from strandline.model.put_back import MOVED, NOT_ALLOWED, NOT_TRIED, hold_moved
from strandline.model.remedies import say_command

HELD = MOVED.partition("{")[0]
"""How the reason begins why pictures of a renamed folder are not copied. All of them are told in one line."""

if TYPE_CHECKING:
    from strandline.model.put_back import PutBack, PutBackPlan


@click.command("put-back", cls=Verb)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=GivenPath())
@click.option("--dry-run", is_flag=True, help="Only say what would be put back.")
@click.option(
    "--yes",
    is_flag=True,
    help="Also copy from other storage directories, and from a folder that was renamed, without asking.",
)
@click.pass_obj
def put_back(session: Session, paths: tuple[str, ...], dry_run: bool, yes: bool) -> int:
    """Put back pictures that notes miss.

    PATH is a folder, a note, or the name of a storage directory; the current folder by default. Strandline remembers
    which bytes were where. If a file with the same bytes is left, also in a trash or among old versions, it is copied
    to where the note expects it. No file is replaced and no note is changed. If a whole folder was renamed, its
    pictures are not copied unless you insist with --yes: rename it back. The exit status is 1 if a picture stays
    missing.
    """
    with taking_interrupts(if_=not dry_run) as interrupt:
        with session.open_store() as store:
            with interrupt.waiting():
                named = {sd.name: sd.path for sd in store.list_storage_dirs()}
                plans = [store.plan_put_back(named.get(path, path)) for path in paths or (".",)]
                plans = plans if yes else [hold_moved(plan) for plan in plans]
                allowed = yes or dry_run or _ask(plans)
            plans = [
                store.put_back_all(
                    plan, from_others=allowed, from_renamed=yes, dry_run=dry_run, cancel=interrupt.asked
                )
                for plan in plans
            ]
        if session.json:
            write_json({"dry_run": dry_run, "checked": [plan.to_json() for plan in plans]})
        else:
            for plan in plans:
                _show(plan, dry_run=dry_run, allowed=yes)
    interrupt.end_if_asked()
    is_whole = all(step.why is None for plan in plans for step in plan.steps)
    is_known = all(plan.unknown + plan.elsewhere == 0 for plan in plans)
    return ExitStatus.DONE if is_whole and is_known else ExitStatus.FINDINGS


def _ask(plans: Sequence[PutBackPlan]) -> bool:
    """Whether a person allows copies from other storage directories. Without a terminal, nobody does."""
    foreign = [step for plan in plans for step in plan.steps if step.is_foreign]
    if not foreign:
        return True
    if not asks_a_person():
        return False
    for step in foreign:
        write_message(f"{show_plainly(step.path)} would come from {_say_source(step)}")
    return click.confirm(f"Copy {say_count(len(foreign), 'picture')} from there?", err=True)


def _show(plan: PutBackPlan, *, dry_run: bool, allowed: bool) -> None:
    reasons = [step.why for step in plan.steps if step.why is not None]
    held = Counter(why for why in reasons if why == NOT_TRIED or why.startswith(HELD))
    for step in plan.steps:
        place = f"{show_plainly(step.note)}:{step.line}"
        if step.why in held:
            continue  # told together
        if step.why is None:
            verb = "would be put back" if dry_run else "is back"
            needs = "; it needs --yes" if dry_run and not allowed and step.is_foreign else ""
            write_line(f"{show_plainly(step.path)} {verb}, from {_say_source(step)} ({place}){needs}")
        else:
            remedy = "; to allow that, give --yes" if step.why == NOT_ALLOWED else ""
            write_line(f"{show_plainly(step.path)} stays missing: {show_plainly(step.why)}{remedy} ({place})")
    for why, number in held.items():
        stay = say_count(number, "picture stays", "pictures stay")
        remedy = "" if why == NOT_TRIED else "; to copy them all the same, give --yes"
        write_line(f"{stay} missing: {show_plainly(why)}{remedy}")
    if plan.missing == 0:
        is_known = plan.check.not_checked.outside == 0
        write_line("no picture is missing" if is_known else "no picture is known to be missing")
        return
    good = sum(step.why is None for step in plan.steps)
    told = f"{say_count(good, 'picture')} {'would be put back' if dry_run else 'put back'}"
    if left := len(plan.steps) - good:
        told += f", {left:,} not"
    other = "other " if good else ""
    if plan.unknown:
        leads = (
            f"{other}reference leads to a picture that was",
            f"{other}references lead to pictures that were",
        )
        told += f"; {say_count(plan.unknown, *leads)} never seen here"
    if plan.elsewhere:
        leads = f"{other}reference leads to a name", f"{other}references lead to names"
        told += f"; {say_count(plan.elsewhere, *leads)} that only a file elsewhere has; "
        told += f"to see where, run {say_command('check', plan.path)}"
    write_line(told)


def _say_source(step: PutBack) -> str:
    assert step.source is not None
    if step.source.trash_id is not None:
        return "the trash of this machine"
    where = show_plainly(step.source.path)
    return where if step.source.sd is None else f"{where} in {show_plainly(step.source.sd)!r}"
