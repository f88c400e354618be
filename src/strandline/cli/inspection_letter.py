"""The letter that ``inspect`` writes: one line if healthy, otherwise each discrepancy, its files, and what to do.

What can be found, and what it means, is in ``model/discrepancies``. Here are only the commands that mend it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

from strandline.cli.paragraphs import write_paragraph
from strandline.cli.wording import say_list, say_time
from strandline.cli.writing import is_terminal, paint, write_line
from strandline.model.discrepancies import GRAVE_KINDS, Discrepancy, Verb
from strandline.model.plain_words import say_bytes, say_checked, say_count, show_plainly
from strandline.model.remedies import quote_word, refer_to, say_command, say_confirm
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.model.sync_status import FileItem, SyncStatus

SHOWN_ON_A_TERMINAL = 10
"""Files of each kind; a pipe and ``--json`` get all."""


def list_verbs(sd: StorageDir) -> dict[str, str]:
    """What to type for each verb, for discrepancies of this storage directory."""
    name = refer_to(sd)
    save = say_command("save", "FILE") if sd.read_only else say_command("save", "FILE", "--sd", name)
    scan, accept = say_command("scan", name), say_command("sd", "accept-missing", name)
    is_suspect = sd.state is StorageDirState.SUSPECT
    by_hand = "it is only read" if sd.read_only else "a named picture is never written over"
    restore = f"`strandline get ID | strandline save --sd {quote_word(name)} --id ID -`"
    return {
        Verb.SCAN: scan,
        Verb.SAVE: save,
        Verb.ADOPT: save,
        Verb.RESTORE: f"copy it there by hand: {by_hand}" if sd.is_left_as_is else restore,
        Verb.COMPARE: say_command("whereis", "ID"),
        Verb.RESOLVE: say_command("conflicts", "resolve"),
        # While so many are gone that no absence is believed, none is called missing.
        Verb.ACCEPT_MISSING: f"{say_confirm(sd)}, {scan}, then {accept}" if is_suspect else accept,
        Verb.SHOW_AS_IS: say_command("get", "--as-is", "ID"),
    }


def show_letter(status: SyncStatus) -> None:
    """Writes the letter about one storage directory."""
    sd = status.sd
    write_line(f"{paint(show_plainly(sd.name), bold=True)}  ({show_plainly(sd.path)})")
    found = status.list_discrepancies()
    # Where names are no ids, several files may be one image, and a listing of images has fewer.
    noun = "image" if sd.layout is LayoutKind.IDS else "picture file"
    if status.is_healthy and not found and not status.problems:
        images = f"{say_count(status.on_disk_count, noun)}, {say_bytes(status.on_disk_bytes)}"
        word = paint("Healthy", "green", bold=True) + ": " if not status.unchecked_count else ""
        write_line(f"{word}{images}; disk and catalog agree.")
    elif sd.is_reachable:
        write_line(
            f"{say_count(status.on_disk_count, noun)} on the disk ({say_bytes(status.on_disk_bytes)}), "
            f"{status.in_catalog_count:,} in the catalog."
        )
    if sd.is_reachable and status.unchecked_count:
        write_line(f"{say_checked(status.checked_count, status.in_catalog_count)}.")
    _show_state(status)
    _show_problems(status)
    _show_identity(status)
    for discrepancy, items in found:
        _show_discrepancy(sd, discrepancy, items, list_verbs(sd))


def _show_state(status: SyncStatus) -> None:
    """Where the storage directory is not online: that, why, and what it means."""
    sd = status.sd
    if sd.state is StorageDirState.ONLINE:
        return
    reasons = [problem.message for problem in status.problems if problem.kind == sd.state.value]
    write_line()
    write_line(paint(f"This storage directory is {sd.state.value}", "red", bold=True))
    for reason in dict.fromkeys(reasons or ([sd.problem] if sd.problem else [])):
        write_paragraph(reason, indent=2)
    if not sd.is_reachable:
        write_paragraph("Nothing is concluded about its images until it is online again.", indent=2)


def _show_problems(status: SyncStatus) -> None:
    for problem in status.problems:
        if problem.kind != status.sd.state.value:
            write_line()
            colour = "red" if problem.kind in GRAVE_KINDS else "yellow"
            where = f"{problem.filename}: " if problem.filename else ""
            write_line(paint(show_plainly(problem.kind.replace("-", " ").capitalize()), colour, bold=True))
            write_paragraph(f"{where}{problem.message}", indent=2)


def _show_identity(status: SyncStatus) -> None:
    """Only what is out of the ordinary and not said yet; the whole object is in ``--json``."""
    identity = status.identity
    said = [status.sd.problem, *(problem.message for problem in status.problems)]
    remarks = []
    if identity["problem"] and identity["problem"] not in said:
        remarks.append(str(identity["problem"]))
    if identity["provisional"] and not status.sd.is_unmarked:
        remarks.append("It is provisional: the folder has none, and it is never written to.")
    if identity["legacy"]:
        remarks.append(".sd-id is still there beside SD_ID; an older program may be using it.")
    if copies := identity["conflict_copies"]:
        names = say_list(copy["filename"] for copy in copies)
        remarks.append(f"Conflict copies of SD_ID: {names}. They may stay; they are never deleted.")
    if identity["aliases"]:
        remarks.append(f"Also known as: {say_list(identity['aliases'])}.")
    if remarks:
        write_line()
        write_line(paint("Identity", bold=True))
        for remark in remarks:
            write_paragraph(remark, indent=2)


def _show_discrepancy(
    sd: StorageDir, discrepancy: Discrepancy, items: Sequence[FileItem], verbs: dict[str, str]
) -> None:
    number = len(items)
    write_line()
    colour = "red" if discrepancy.grade.is_bad else "yellow"
    write_line(paint(discrepancy.say_heading(number), colour, bold=True))
    shown = items[:SHOWN_ON_A_TERMINAL] if is_terminal(sys.stdout) else items
    for item in shown:
        write_line(f"  {_say_item(sd, item)}")
    if len(shown) < number:
        write_line(f"  and {number - len(shown):,} more: --json lists all")
    write_paragraph(discrepancy.meaning, indent=2)
    write_paragraph(f"What to do: {discrepancy.say_remedy(verbs)}", indent=2)


def _say_fact(name: str, value: object) -> str:
    if name == "catalog_size_bytes" and isinstance(value, int):
        return f"the catalog says {say_bytes(value)}"
    if name == "absent_since" and isinstance(value, datetime):
        return f"not seen since {say_time(value)}"
    return f"{name.replace('_', ' ')}: {value}"


def _say_item(sd: StorageDir, item: FileItem) -> str:
    facts = [say_bytes(item.size_bytes)] if item.size_bytes is not None else []
    facts += [_say_fact(name, value) for name, value in item.facts if value not in (None, "")]
    name = sd.name_of(item.path)
    text = f"{name}  ({', '.join(facts)})" if facts else name
    return show_plainly(text)
