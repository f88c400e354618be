"""``strandline verify``: read all images again, find what went bad, and heal it."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import GivenPath, sds_argument
from strandline.cli.changes import NOT_TRIED
from strandline.cli.exit_status import ExitStatus
from strandline.cli.interrupts import taking_interrupts
from strandline.cli.lazy_commands import Verb
from strandline.cli.progress import Bars
from strandline.cli.session import Session
from strandline.cli.writing import paint, say, write_line
from strandline.errors import SourceNotFoundError
from strandline.model.amounts import parse_age, parse_rate
from strandline.model.plain_words import say_count, show_plainly
from strandline.model.remedies import say_command
from strandline.model.verification import HEALED_FROM_BYTES, VERIFY_AFTER, summarize

if TYPE_CHECKING:
    from strandline.model.verification import VerifyFinding, VerifyReport


@click.command("verify", cls=Verb)
@sds_argument
@click.option("--full", is_flag=True, help="Read every image, however recently it was read.")
@click.option(
    "--since", metavar="AGE", help="Read what was not read for so long: 12h, 30d, 8w; 30d by default."
)
@click.option("--budget", metavar="RATE", help="Read no more than this in an hour: 20GiB/h.")
@click.option("--repair", is_flag=True, help="Give bad files their right bytes back, from wherever they are.")
@click.option(
    "--from",
    "folders",
    metavar="FOLDER",
    multiple=True,
    type=GivenPath(),
    help="With --repair, also look in this folder, such as a backup.",
)
@click.option("--dry-run", is_flag=True, help="With --repair, only say what could be healed.")
@click.pass_obj
def verify(
    session: Session,
    sds: tuple[str, ...],
    full: bool,
    since: str | None,
    budget: str | None,
    repair: bool,
    folders: tuple[str, ...],
    dry_run: bool,
) -> int:
    """Read all images again, find what went bad, and heal it.

    Reads the images that were not read for 30 days, and says which have other bytes than they should. Interrupting
    and running again goes on. With --repair, a bad file gets its right bytes back from another folder, a conflict
    copy, the trash, or a backup (--from); the bad bytes go to the trash. A missing file is not brought back. Nothing
    is downloaded from a cloud, unless you name a folder on a cloud's drive. The exit status is 1 if something is
    not as it should be.
    """
    if (folders or dry_run) and not repair:
        raise click.UsageError("--from and --dry-run need --repair")
    if full and since is not None:
        raise click.UsageError("give --full or --since, not both")
    older_than = timedelta(0) if full else VERIFY_AFTER if since is None else parse_age(since)
    bytes_per_hour = None if budget is None else parse_rate(budget)
    if missing := [folder for folder in folders if not os.path.isdir(folder)]:
        raise SourceNotFoundError(f"there is no folder {missing[0]}; check the path", source=missing[0])
    with session.open_store() as store, taking_interrupts() as interrupt:
        with Bars() as bars:
            report = store.verify(
                sds or None,
                older_than=older_than,
                bytes_per_hour=bytes_per_hour,
                progress=lambda sd, done, total, _: bars.advance(sd.name, done, total),
                cancel=interrupt.asked,
            )
        if repair and not interrupt.asked.is_set():
            report = store.heal(report, folders, dry_run=dry_run, cancel=interrupt.asked)
    session.answer(report.to_json(), lambda: _show(report, older_than, repair=repair, dry_run=dry_run))
    for each in report.healing.refused if report.healing else ():
        say(each.error.message)
    if report.healing is not None and not report.healing.complete:
        healed, bad = len(report.healing.done), say_count(len(report.healing.plan), "file")
        say(f"{healed:,} of {bad} healed, {NOT_TRIED}")
    for gap in report.not_verified:
        files = "" if gap.files is None else f"{say_count(gap.files, 'file')} "
        say(f"{gap.sd.name!r}: {files}not read: {gap.reason}")
    interrupt.end_if_asked()
    if any(not finding.is_healed for finding in report.findings):
        return ExitStatus.FINDINGS
    is_away = any(gap.files is None for gap in report.not_verified)
    return ExitStatus.UNAVAILABLE if is_away else ExitStatus.DONE


def _show(report: VerifyReport, older_than: timedelta, *, repair: bool, dry_run: bool) -> None:
    for finding in report.findings:
        write_line(_say(finding))
    write_line(summarize(report, older_than, go_on=_say_how_to_go_on(report, older_than)))
    healable = [each for each in report.findings if each.fault in HEALED_FROM_BYTES and not each.is_healed]
    if healable and not repair:
        say(f"to heal what can be healed, run {say_command('verify', '--repair')}")
    if dry_run and report.healing is not None:
        could = len(report.healing.plan) - len(report.healing.refused)
        write_line(f"{say_count(could, 'file')} would be healed")


def _say(finding: VerifyFinding) -> str:
    where = f"{show_plainly(finding.path)} in {show_plainly(finding.sd.name)!r}"
    if finding.is_healed:
        kept = (
            "" if finding.kept_as is None else f"; the other image is kept as {show_plainly(finding.kept_as)}"
        )
        return f"{paint('healed', 'green')}: {where}, which was {finding.fault.value}{kept}"
    return f"{paint(finding.fault.value, 'red')}: {where}: {show_plainly(finding.message)}"


def _say_how_to_go_on(report: VerifyReport, older_than: timedelta) -> str:
    if older_than >= timedelta(hours=1):
        return "run it again"
    hours = int(report.seconds // 3600) + 1
    return f"run {say_command('verify', '--since', f'{hours}h')}"
