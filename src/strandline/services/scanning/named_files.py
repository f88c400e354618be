"""What a scan does for named files only: it follows those that were moved, and reads those whose id is not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from strandline.catalog.image_files.reader import KEYS_AT_ONCE
from strandline.catalog.port import Reader, Writer
from strandline.folders.port import Folder
from strandline.model.image_files import FileState, ImageFile
from strandline.model.listing import split_line
from strandline.model.reports import ScanReport
from strandline.model.states import HERE, QUIET
from strandline.services.proving.prove import COPIES_ASKED, Outcome, ProofResult, note_name, prove_file
from strandline.services.scanning.account import ScanAccount
from strandline.services.workbench import Workbench


def follow_moves(
    bench: Workbench, report: ScanReport, folder: Folder, gone: list[str], images: list[str]
) -> tuple[list[str], list[str]]:
    """Writes the new names of files that have only another name now, and returns what else is gone and listed.

    A file with the size, mtime, and inode of one that is gone is that one: nothing is told, and no byte is read. If
    another picture had the new name and is gone for good, the memory keeps which bytes it had.

    Args:
        bench: The tools.
        report: Counts them as changed.
        folder: The place of the storage directory.
        gone: Names that are no longer there.
        images: Lines that only the listing has.
    """
    sd, path_of = report.sd, folder.layout.path_of
    by_stamp = {stamp: name for name, stamp in map(split_line, images) if not stamp.endswith(":0")}
    moved: dict[str, str] = {}
    for start in range(0, len(gone), KEYS_AT_ONCE):
        some = [path_of(name) for name in gone[start : start + KEYS_AT_ONCE]]
        with bench.catalog.write() as writer:
            rows: dict[str, ImageFile] = {}
            for row in writer.files.find_rows(sd.number, some).values():
                if row.stamp is not None and (stamp := row.stamp.as_text()) in by_stamp:
                    rows.setdefault(stamp, row)  # of several names of one file
            gone_before = writer.files.find_rows(sd.number, [path_of(by_stamp[stamp]) for stamp in rows])
            for stamp, row in rows.items():
                path = path_of(by_stamp[stamp])
                if writer.files.move_row(row, path):
                    moved[folder.layout.name_of(row.path)] = by_stamp.pop(stamp)
                    writer.earlier.remember(row, bench.now())
                    if path in gone_before:
                        writer.earlier.remember(gone_before[path], bench.now())
                    note_name(writer, sd, replace(row, path=path), bench.now())
    report.changed += len(moved)
    come = set(moved.values())
    return (
        [name for name in gone if name not in moved],
        [line for line in images if split_line(line)[0] not in come],
    )


def drop_unknown(bench: Workbench, report: ScanReport, folder: Folder, gone: list[str]) -> list[str]:
    """Drops the gone files that were never whole: nobody knows which images they were. Returns the others' names.

    A sync client's half file that goes away is no missing picture. One that nobody has read stays: it may be whole.
    """
    unknown: set[str] = set()
    for start in range(0, len(gone), KEYS_AT_ONCE):
        some = [folder.layout.path_of(name) for name in gone[start : start + KEYS_AT_ONCE]]
        with bench.catalog.write() as writer:
            for path, row in writer.files.find_rows(report.sd.number, some).items():
                was_never_whole = (
                    row.state is FileState.ARRIVING and row.image_id is None and row.proof is None
                )
                if was_never_whole and writer.files.delete_row(row):
                    unknown.add(folder.layout.name_of(path))
    return [name for name in gone if name not in unknown]


def forget_copy(writer: Writer, row: ImageFile, now: datetime) -> bool:
    """Drops a file that is gone for good, if the storage directory has another good file of its image: nothing is
    missing then. False if it has none. The memory keeps where it was.
    """
    if row.image_id is None:
        return False
    copies = writer.files.list_copies(row.sd, row.image_id, limit=COPIES_ASKED)
    has_another = any(
        each.path != row.path and each.state in HERE and each.absent_since is None and each.proof_is_current
        for each in copies
    )
    if not has_another or not writer.files.delete_row(row):
        return False
    writer.earlier.remember(row, now)
    return True


def may_have_moved(reader: Reader, row: ImageFile, come: Counter[str]) -> bool:
    """Whether a file of its size has come that nobody has read yet: perhaps the gone one, under another name."""
    if row.stamp is None:
        return False
    size_bytes = row.stamp.size_bytes
    return come[str(size_bytes)] > 0 or bool(reader.files.list_unproven_of_size(row.sd, size_bytes, limit=1))


def count_sizes(folder: Folder, images: Sequence[str]) -> Counter[str]:
    """How many of the listed files have which size. A file that is gone may have become one of its own size. Empty if
    names are ids: there a moved file keeps its name.
    """
    return Counter() if folder.layout.names_are_ids else Counter(line.rsplit(":", 3)[1] for line in images)


def prove_unknown(bench: Workbench, account: ScanAccount, folder: Folder) -> list[str]:
    """Reads the files of the first scan, too, because only their bytes say which images they are.

    Returns the names of those that only have to be quiet.
    """
    sd = account.report.sd
    last: ImageFile | None = None
    unsettled: list[str] = []
    with bench.catalog.read() as reader:
        account.expect(reader.files.count_unchecked(sd.number))
    while True:
        with bench.catalog.read() as reader:
            rows = reader.files.list_unproven(sd.number, limit=KEYS_AT_ONCE, after=last)
        if not rows:
            return unsettled
        last = rows[-1]
        for row in rows:
            name = folder.layout.name_of(row.path)
            result = prove_file(bench, sd, name)
            if result.outcome is Outcome.UNREADABLE:
                account.add_finding("unreadable", result.reason, result.row, name)
            if is_unsettled(result):
                unsettled.append(name)
            if not account.go_on(1):
                return unsettled


def is_unsettled(result: ProofResult) -> bool:
    """Whether nothing is wrong with the file, except that it may still be being written."""
    return result.outcome is Outcome.BAD and not result.reason


def prove_settled(bench: Workbench, account: ScanAccount, names: Sequence[str]) -> None:
    """Reads the files again once they were quiet, so that a person need not scan again two seconds later."""
    if not names or account.is_cancelled():
        return
    bench.sleep(QUIET.total_seconds())
    for name in names:
        if account.is_cancelled():
            return
        prove_file(bench, account.report.sd, name)
