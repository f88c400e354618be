"""``strandline wanted``, ``rescue``, and ``provide``: what is missing or bad is listed, found, and brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import click

from strandline.cli.arguments import FileToRead, GivenPath, sds_argument
from strandline.cli.changes import judge, name_change, say_refused
from strandline.cli.exit_status import ExitStatus
from strandline.cli.interrupts import taking_interrupts
from strandline.cli.lazy_commands import Verb
from strandline.cli.progress import Bars
from strandline.cli.session import Session
from strandline.cli.writing import paint, say, write_line
from strandline.errors import InvalidInputError
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.remedies import refer_to, say_command, say_confirm
from strandline.model.storage_dirs import StorageDirState

if TYPE_CHECKING:
    from strandline.model.changes import ChangeReport
    from strandline.model.wanted import NotYetMissing, RescueReport, WantedFile

MAX_LIST_BYTES = 128 * 1024 * 1024
"""Of a list from another machine: more than 200,000 rows with long names have."""

MOST_UNREAD = 20
"""Files that are named that could not be read."""


@click.command("wanted", cls=Verb)
@sds_argument
@click.pass_obj
def wanted(session: Session, sds: tuple[str, ...]) -> int:
    """List the files that are missing or damaged.

    Those that are missing, still arriving, damaged, or another image, and those whose bytes changed although nobody
    wrote to them, as the last scan and the last verification found them. Reads no folder. With --json, it is the list
    that 'strandline provide' takes on another machine. The exit status is 1 if anything is wanted.
    """
    with session.open_store() as store:
        found, absent = store.list_wanted(sds or None), store.list_not_yet_missing(sds or None)
    document = {"wanted": [each.to_json() for each in found], **_as_json(absent)}
    session.answer(document, lambda: _show_wanted(found))
    _say_not_yet_missing(absent)
    return ExitStatus.FINDINGS if found else ExitStatus.DONE


@click.command("rescue", cls=Verb)
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=GivenPath())
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.pass_obj
def rescue(session: Session, folders: tuple[str, ...], dry_run: bool) -> int:
    """Bring back what is missing or damaged from any folder.

    Looks through the folders, such as a backup or a camera card, for exactly the bytes of the files that 'strandline
    wanted' lists, whatever they are called there. A missing file goes back to where it was, never over anything; a
    bad one gets its right bytes, and the bad ones go to the trash. The folders themselves stay as they are. The exit
    status is 1 if something is still wanted.
    """
    with session.open_store() as store, Bars() as bars, taking_interrupts() as interrupt:
        report = store.rescue(folders, dry_run=dry_run, progress=bars.advance, cancel=interrupt.asked)
        absent = store.list_not_yet_missing()
    document = {"dry_run": dry_run, **report.to_json(), **_as_json(absent)}
    session.answer(document, lambda: _show_rescued(report, dry_run=dry_run))
    say_refused(report.changes)
    _say_not_yet_missing(absent)
    _say_unread(report)
    interrupt.end_if_asked()
    status = judge(report.changes, dry_run=dry_run)
    is_all = not report.not_found and report.is_complete
    return status if status or is_all else ExitStatus.FINDINGS


@click.command("provide", cls=Verb)
@click.argument("file", metavar="LIST", type=FileToRead())
@click.option(
    "-o",
    "--output",
    metavar="TARGET",
    required=True,
    type=GivenPath(),
    help="A folder, or a new file that ends in .zip.",
)
@click.pass_obj
def provide(session: Session, file: BinaryIO, output: str) -> int:
    """Collect what another machine wants.

    LIST is what 'strandline wanted --json' printed there; - is stdin. The images of it that are here are copied into
    the folder or ZIP, under names that do not matter: 'strandline rescue' finds them by their bytes. Nothing is
    replaced.
    """
    from strandline.model.wanted import parse_wanted

    text = file.read(MAX_LIST_BYTES + 1)
    if len(text) > MAX_LIST_BYTES:
        raise InvalidInputError(f"a list of wanted images has at most {say_bytes(MAX_LIST_BYTES)}")
    images, unknown = parse_wanted(text)
    with session.open_store() as store:
        report = store.provide(images, output)
    session.answer(report.to_json(), lambda: _show_provided(report, output))
    say_refused(report)
    if unknown:
        say(f"of {say_count(unknown, 'file')} in the list, nobody knows the bytes, so nothing can be found")
    return judge(report, dry_run=False)


def _show_wanted(found: list[WantedFile]) -> None:
    for each in found:
        names = [name for name in each.names if name != each.path.rpartition("/")[2]]
        facts = [
            *([", ".join(map(repr, map(show_plainly, names)))] if names else []),
            *([say_bytes(each.size_bytes)] if each.size_bytes is not None else []),
            *(["its bytes are not known"] if each.image.content_id is None else []),
            *(["the image is also elsewhere"] if each.is_elsewhere else []),
        ]
        more = f" ({'; '.join(facts)})" if facts else ""
        state = paint(each.fault.value, "red")
        write_line(f"{state}: {show_plainly(each.path)} in {show_plainly(each.sd.name)!r}{more}")
    if not found:
        write_line("nothing is missing or damaged")


def _show_rescued(report: RescueReport, *, dry_run: bool) -> None:
    changes = report.changes
    for change in changes.possible if dry_run else changes.done:
        write_line(f"{name_change(change)} {'would be back' if dry_run else 'is back'}")
    looked = f"looked at {say_count(report.files, 'file')}, and read {report.checked:,}"
    if not changes.plan and not report.not_found:
        write_line("nothing is missing or damaged")
        return
    if report.not_found:
        verb = "is" if len(report.not_found) == 1 else "are"
        where = "in there" if report.is_complete else "in what was looked at"
        write_line(f"{say_count(len(report.not_found), 'wanted file')} {verb} not {where}; {looked}")
        say(f"to see what is still wanted, run {say_command('wanted')}")
    else:
        write_line(looked)


def _as_json(absent: list[NotYetMissing]) -> dict[str, object]:
    return {"not_yet_missing": [each.to_json() for each in absent]}


def _say_not_yet_missing(absent: list[NotYetMissing]) -> None:
    for each in absent:
        files = say_count(each.files, "more file", "more files")
        verb = "was" if each.files == 1 else "were"
        told = f"{files} in {show_plainly(each.sd.name)!r} {verb} not there at the last scan"
        if each.sd.state is StorageDirState.SUSPECT:
            say(
                f"{told}; so many at once count as missing only if you say that they are gone: {say_confirm(each.sd)}"
            )
            continue
        verb = "counts" if each.files == 1 else "count"
        scan = say_command("scan", refer_to(each.sd))
        say(f"{told}, and {verb} as missing after a scan a minute later: {scan}")


def _say_unread(report: RescueReport) -> None:
    for each in report.unread[:MOST_UNREAD]:
        say(each.message)
    if (left := len(report.unread) - MOST_UNREAD) > 0:
        say(f"and {left:,} more not read")
    if not report.is_complete:
        say("not everything was looked at")


def _show_provided(report: ChangeReport, output: str) -> None:
    size_bytes = sum(change.size_bytes or 0 for change in report.done)
    count = say_count(len(report.done), "image")
    write_line(f"{count} ({say_bytes(size_bytes)}) in {show_plainly(output)}")
