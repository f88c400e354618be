"""``strandline scan``: look for what is new, changed, or gone.

Ctrl-C ends a scan between two batches, so finished batches stay. A second Ctrl-C ends it immediately.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from strandline.cli.arguments import sds_argument
from strandline.cli.exit_status import ExitStatus
from strandline.cli.interrupts import taking_interrupts
from strandline.cli.lazy_commands import Verb
from strandline.cli.progress import Bars
from strandline.cli.session import Session, list_named
from strandline.cli.writing import paint, say, write_line
from strandline.model.discrepancies import GRAVE_KINDS
from strandline.model.plain_words import show_plainly
from strandline.model.reports import ScanReport
from strandline.model.storage_dirs import StorageDirState


@click.command("scan", cls=Verb)
@sds_argument
@click.pass_obj
def scan(session: Session, sds: tuple[str, ...]) -> int:
    """Look for new, changed, and missing images.

    Lists media folders and reads no picture whose name is its id. Without arguments it scans all storage directories.
    A second scan finds nothing and writes nothing.
    """
    reports: list[ScanReport] = []
    with session.open_store() as store, Bars() as bars, taking_interrupts() as interrupt:
        for sd in list_named(store, sds):
            if interrupt.asked.is_set():
                break
            reports += store.scan(
                sd, lambda sd, done, total: bars.advance(sd.name, done, total), interrupt.asked
            )
    session.answer({"scans": [report.to_json() for report in reports]}, lambda: _show(reports))
    interrupt.end_if_asked()
    return ExitStatus.FINDINGS if any(map(_is_grave, reports)) else ExitStatus.DONE


def _is_grave(report: ScanReport) -> bool:
    is_online = report.sd.state is StorageDirState.ONLINE
    return not is_online or any(finding.kind in GRAVE_KINDS for finding in report.findings)


def _show(reports: Sequence[ScanReport]) -> None:
    if not reports:
        say("no storage directory yet; add one with `strandline sd add PATH`")
    for report in reports:
        write_line(f"{paint(show_plainly(report.sd.name), bold=True)}: {_summarise(report)}")
        for finding in report.findings:
            where = f"{finding.filename}: " if finding.filename else ""
            colour = "red" if finding.kind in GRAVE_KINDS else None
            write_line(f"  {paint(show_plainly(where + finding.message), colour)}")


def _summarise(report: ScanReport) -> str:
    if not report.sd.is_reachable:
        return f"{report.sd.state.value}, not scanned"
    counts = [
        (report.added, "added"),
        (report.changed, "changed"),
        (report.returned, "returned"),
        (report.absent, "not seen"),
        (report.missing, "missing"),
        (report.arriving, "still arriving"),
    ]
    words = [f"{number:,} {word}" for number, word in counts if number] or ["nothing new"]
    words.append(f"{report.unchanged:,} unchanged")
    if report.sd.state is not StorageDirState.ONLINE:
        words.insert(0, report.sd.state.value)
    if report.cancelled:
        words.append("interrupted")
    return f"{', '.join(words)} ({report.seconds:.1f} s)"
