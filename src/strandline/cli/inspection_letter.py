"""The letter that ``inspect`` writes: one line if healthy, otherwise each discrepancy, its files, and what to do.

Worst news first. In a folder that is being synced, most discrepancies are no cause for alarm, and the letter says so.
Only damage, unreadable files, and a folder that cannot be trusted make ``inspect`` exit with 1.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

from strandline.cli.paragraphs import write_paragraph
from strandline.cli.wording import say_list
from strandline.cli.writing import is_terminal, paint, write_line
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.reports import GRAVE_KINDS
from strandline.model.storage_dirs import StorageDirState
from strandline.model.sync_status import FileItem, SyncStatus

SHOWN_ON_A_TERMINAL = 10
"""Files of each kind; a pipe and ``--json`` get all."""


class Passage(NamedTuple):
    """What the letter says of one list of files."""

    name: str
    """Of the list in :class:`SyncStatus`."""
    one: str
    """Follows "1 "."""
    many: str
    advice: str
    colour: str = "yellow"


PASSAGES = (
    Passage(
        "damaged",
        "damaged image",
        "damaged images",
        "Look for good files on your other machines, in the sync client's versions, or in a backup, and put them in "
        "place; Strandline never deletes these. `strandline get --as-is` hands out what there is.",
        "red",
    ),
    Passage(
        "incomplete",
        "incomplete image",
        "incomplete images",
        "Each file has exactly the bytes of its id, but they are not a whole picture: it was half copied when it was "
        "saved, or half written. It is shown as far as it goes. Look for the whole picture where it came from, and "
        "save that with `strandline save FILE`; it gets an id of its own.",
        "red",
    ),
    Passage(
        "unreadable",
        "file that cannot be read",
        "files that cannot be read",
        "Check their permissions and the disk.",
        "red",
    ),
    Passage(
        "foreign",
        "other image under an image's name",
        "other images under images' names",
        "Somebody edited the file in place, or another program uses such names. Keep what is there as a new image "
        "with `strandline save FILE`; look for the original on your other machines.",
        "red",
    ),
    Passage(
        "in_catalog_not_on_disk",
        "image in the catalog that is not on the disk",
        "images in the catalog that are not on the disk",
        "Not there yet, moved, or deleted elsewhere. If they are gone for good: `strandline sd accept-missing`.",
    ),
    Passage(
        "on_disk_not_in_catalog",
        "image on the disk that is not in the catalog",
        "images on the disk that are not in the catalog",
        "New since the last scan: `strandline scan` registers them.",
    ),
    Passage(
        "size_differs",
        "image of another size than the catalog says",
        "images of other sizes than the catalog says",
        "Changed since the last scan: `strandline scan` looks again.",
    ),
    Passage(
        "arriving",
        "image still arriving",
        "images still arriving",
        "Wait for the sync client. Files that stay like this for a day are called damaged.",
    ),
    Passage(
        "wrong_extension",
        "image whose extension does not match its bytes",
        "images whose extensions do not match their bytes",
        "They are shown anyway, because the bytes count. Nothing needs to be done.",
    ),
    Passage(
        "case_clashes",
        "name that differs from another in letter case only",
        "names that differ from others in letter case only",
        "The lower-case name is used. Machines with other disks see only one: remove the one you do not need.",
    ),
    Passage(
        "differing_copies",
        "image whose copies in other storage directories differ",
        "images whose copies in other storage directories differ",
        "Compare them (`strandline whereis`), and keep the right one.",
    ),
    Passage(
        "conflict_copies",
        "conflict copy",
        "conflict copies",
        "Left by a sync client. One with the true bytes, or a duplicate, can go once the image itself is good; "
        "one that differs should be looked at first. Strandline never deletes it.",
    ),
    Passage(
        "symlinks",
        "symbolic link",
        "symbolic links",
        "Links are never followed. Put the files themselves there.",
    ),
    Passage(
        "online_only",
        "image online only",
        "images online only",
        "Their bytes are in the cloud, and are fetched when you open them. Nothing needs to be done.",
    ),
    Passage(
        "temporaries",
        "temporary file",
        "temporary files",
        "Files on their way, or left by a program that was stopped. They usually disappear by themselves.",
    ),
    Passage(
        "strays",
        "file that is not an image",
        "files that are not images",
        "Left alone, and not shown. To keep a picture among them: `strandline save FILE`.",
    ),
)


def show_letter(status: SyncStatus) -> None:
    """Writes the letter about one storage directory."""
    sd = status.sd
    write_line(f"{paint(show_plainly(sd.name), bold=True)}  ({show_plainly(sd.path)})")
    passages = [passage for passage in PASSAGES if getattr(status, passage.name)]
    if status.is_healthy and not passages and not status.problems:
        images = f"{say_count(status.on_disk_count, 'image')}, {say_bytes(status.on_disk_bytes)}"
        write_line(f"{paint('Healthy', 'green', bold=True)}: {images}; disk and catalog agree.")
    elif sd.is_reachable:
        write_line(
            f"{say_count(status.on_disk_count, 'image')} on the disk ({say_bytes(status.on_disk_bytes)}), "
            f"{status.in_catalog_count:,} in the catalog."
        )
    _show_state(status)
    _show_problems(status)
    _show_identity(status)
    for passage in passages:
        _show_passage(passage, getattr(status, passage.name))


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
        write_paragraph("It cannot be listed, so nothing is concluded about its images.", indent=2)


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
    if identity.get("problem") and identity["problem"] not in said:
        remarks.append(str(identity["problem"]))
    if identity.get("provisional"):
        remarks.append("It is provisional: the folder has none, and it is never written to.")
    if identity.get("legacy"):
        remarks.append(".sd-id is still there beside SD_ID; an older program may be using it.")
    if copies := identity.get("conflict_copies"):
        remarks.append(
            f"Conflict copies of SD_ID: {_list_texts(copies)}. They may stay; they are never deleted."
        )
    if aliases := identity.get("aliases"):
        remarks.append(f"Also known as: {_list_texts(aliases)}.")
    if remarks:
        write_line()
        write_line(paint("Identity", bold=True))
        for remark in remarks:
            write_paragraph(remark, indent=2)


def _list_texts(values: object) -> str:
    texts = [str(value) for value in values] if isinstance(values, list | tuple) else [str(values)]
    return say_list(texts)


def _show_passage(passage: Passage, items: Sequence[FileItem]) -> None:
    number = len(items)
    write_line()
    heading = f"{number:,} {passage.one if number == 1 else passage.many}"
    write_line(paint(heading, passage.colour, bold=True))
    shown = items[:SHOWN_ON_A_TERMINAL] if is_terminal(sys.stdout) else items
    for item in shown:
        write_line(f"  {_say_item(item)}")
    if len(shown) < number:
        write_line(f"  and {number - len(shown):,} more: --json lists all")
    write_paragraph(f"What to do: {passage.advice}", indent=2)


def _say_item(item: FileItem) -> str:
    facts = [say_bytes(item.size_bytes)] if item.size_bytes is not None else []
    facts += [f"{name.replace('_', ' ')}: {value}" for name, value in item.facts if value not in (None, "")]
    text = f"{item.filename}  ({', '.join(facts)})" if facts else item.filename
    return show_plainly(text)
