"""Importing pictures: each is read once, and saved, or in a dry run, judged by the same rules.

The next pictures are read and hashed while the earlier ones are written. The same bytes are stored once, so an
interrupted import is continued by running it again: what is there already is read, and not written.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field, replace
from itertools import islice
from typing import TypeAlias
from urllib.parse import quote

from strandline.errors import CONCERNS_WHOLE_SAVE, InvalidCursorError, StrandlineError
from strandline.model.image_ids import ImageId, content_id_of
from strandline.model.imports import ImportedImage, ImportReport, RefusedImport
from strandline.model.layout import LAYOUTS, Layout
from strandline.model.left_out import LeftOut
from strandline.model.media_types import SNIFF_BYTES
from strandline.model.portable_names import fold_path
from strandline.model.reports import Saved
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass
from strandline.services.importing.sources import Failed, ImportSource, Item, iter_items
from strandline.services.saving.intake import TakenSource, remember_name
from strandline.services.saving.save import begin_attempt, begin_placing, sniff
from strandline.services.saving.save_several import MOST_BYTES, MOST_TOGETHER, save_group
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.workbench import Workbench

OnImported: TypeAlias = Callable[[str, int, int], object]
"""What is imported now, how many pictures are done, and how many there are (0 while that is unknown)."""


@dataclass(frozen=True, slots=True)
class _Read:
    """An item, and its bytes if it has any."""

    item: Item
    place: str
    """Where it is among all items: the ``after`` to go on behind it."""
    taken: TakenSource | None = None
    error: StrandlineError | None = None


def import_images(
    bench: Workbench,
    sources: Sequence[ImportSource],
    sd: StorageDir,
    *,
    note: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
    after: str | None = None,
    limit_s: float | None = None,
    on_imported: OnImported | None = None,
    cancel: threading.Event | None = None,
) -> ImportReport:
    """Saves all pictures of the sources in the storage directory. Idempotent; removes nothing, and replaces no image.

    Durable when it returns. One source or picture that fails is in ``refused``, and the others go on, unless its
    error would be that of all others.

    Args:
        bench: The workbench.
        sources: Folders, archives, files, addresses, data.
        sd: The storage directory to save in.
        note: The note that the pictures are for, in a folder of named pictures.
        dry_run: Reads everything, and writes no picture.
        after: The ``next`` of a report that stopped at its time limit, for the same sources.
        limit_s: Stops after the first group that ends beyond it.
        on_imported: Called before each group.
        cancel: Stops before the next group.

    Raises:
        ReadOnlyStorageDirError, CopiedStorageDirError, StorageDirOfflineError, StorageDirIncompleteError: The storage
            directory must not be written to. Nothing was read.
        InvalidInputError, EntryNotFoundError: The note is none there, or ``after`` is none of ours.
    """
    work = _Import(bench, check_writable(bench, sd), note, ImportReport(dry_run=dry_run))
    report, act = work.report, work.preview if dry_run else work.save
    begin_placing(bench, sd, note)  # complains about the note before anything is read
    items = _iter_read(bench, sources, sd, after)
    begun, last = bench.monotonic(), None
    with ThreadPoolExecutor(1, thread_name_prefix="import") as reader:
        following = reader.submit(_next_group, items)
        while group := following.result():
            is_late = limit_s is not None and last is not None and bench.monotonic() - begun >= limit_s
            if is_late or (cancel is not None and cancel.is_set()):
                report.complete, report.next = False, last
                break
            following = reader.submit(_next_group, items)
            if on_imported is not None:
                on_imported(group[0].item.shown, report.looked_at, 0)
            act(group)
            last = group[-1].place
            if work.is_over:
                report.complete = False
                break
        following.exception()  # waits, so that no archive is closed while it is read
        items.close()
    return report


@dataclass(slots=True)
class _Import:
    """One import into one storage directory."""

    bench: Workbench
    sd: StorageDir
    note: str | os.PathLike[str] | None
    report: ImportReport
    known: dict[ImageId, ImportedImage] = field(default_factory=dict)
    """What is there, or in a dry run would be, by now. It is not looked for again."""
    names: set[str] = field(default_factory=set)
    """The same: the names that they would have, folded."""
    is_over: bool = False
    """There was an error that all others would have, too. It is told once, and nothing more is tried."""

    def save(self, group: Sequence[_Read]) -> None:
        """Saves the pictures of the group together."""
        pictures = [each for each in group if each.taken is not None and not self._is_known(each)]
        results = save_group(self.bench, [each.taken for each in pictures if each.taken], self.sd, self.note)
        by_place = {each.place: result for each, result in zip(pictures, results, strict=True)}
        for each in group:
            result = by_place.get(each.place)
            if isinstance(result, Saved):
                row = ImportedImage(
                    each.item.shown, result.image_id, self.sd, result.path, result.size_bytes, result.media_type,
                    result.whole,
                )  # fmt: skip
                self._add(row, is_new=result.new)
            elif self._is_known(each):
                self._add_known(each)
            else:
                self._leave(each, result)

    def preview(self, group: Sequence[_Read]) -> None:
        """Says what :meth:`save` would do. Writes no file."""
        for each in group:
            try:
                if each.taken is None:
                    self._leave(each)
                elif self._is_known(each):
                    self._add_known(each)
                else:
                    self._judge(each.item.shown, each.taken)
            except StrandlineError as error:
                self._leave(each, error)

    def _judge(self, shown: str, taken: TakenSource) -> None:
        media_type, image_id = sniff(taken, self.sd), content_id_of(taken.copy.sha256)
        placing = begin_placing(self.bench, self.sd, self.note)
        attempt = begin_attempt(self.bench, self.sd, taken, media_type, image_id, placing)
        existing = attempt.list_existing()
        there = next(filter(attempt.has_bytes, existing), None)
        name = there or attempt.choose_name(existing, self.names)
        whole = attempt.look(name).whole
        path = attempt.folder.layout.path_of(name)
        row = ImportedImage(shown, image_id, self.sd, path, taken.copy.size_bytes, media_type.name, whole)
        if there is None:
            self.names.add(fold_path(name.rpartition("/")[2]))
        self._add(row, is_new=there is None)

    def _is_known(self, read: _Read) -> bool:
        return read.taken is not None and content_id_of(read.taken.copy.sha256) in self.known

    def _add(self, row: ImportedImage, *, is_new: bool) -> None:
        self.known[row.image_id] = row
        if not is_new:
            self.report.already_there.append(row)
            return
        self.report.plan.append(row)
        if not self.report.dry_run:
            self.report.done.append(row)

    def _add_known(self, read: _Read) -> None:
        """Another picture with the same bytes. Its name counts, too."""
        assert read.taken is not None
        row = self.known[content_id_of(read.taken.copy.sha256)]
        self.report.already_there.append(replace(row, source=read.item.shown))
        if not self.report.dry_run:
            remember_name(self.bench, row.image_id, read.taken)

    def _leave(self, read: _Read, error: StrandlineError | None = None) -> None:
        """Notes what is not imported."""
        if isinstance(read.item, LeftOut):
            self.report.left_out.append(read.item)
        elif (found := error or read.error) is not None:
            if not (self.is_over and isinstance(found, CONCERNS_WHOLE_SAVE)):
                self.report.refused.append(RefusedImport(read.item.shown, found, self.sd))
            self.is_over = self.is_over or isinstance(found, CONCERNS_WHOLE_SAVE)


def _iter_read(
    bench: Workbench, sources: Sequence[ImportSource], sd: StorageDir, after: str | None
) -> Generator[_Read]:
    """All items of all sources behind a place, read."""
    layout = LAYOUTS[sd.layout]
    skipped_sources, skipped_items, name = _parse_place(after)
    for number, source in enumerate(sources[skipped_sources:], skipped_sources):
        passed = skipped_items if number == skipped_sources else 0
        items = iter_items(bench, source, layout, passed=passed)
        last = next(islice(items, passed - 1, None), None) if passed else None
        if passed and (last is None or _quote(last) != name):  # the source has changed: from its beginning
            items, passed = iter_items(bench, source, layout), 0
        for position, item in enumerate(items, passed + 1):
            yield _read(item, f"{number}:{position}:{_quote(item)}", layout)


def _quote(item: Item) -> str:
    """The name of the item, as a place has it."""
    return quote(item.shown, errors="surrogatepass")


def _read(item: Item, place: str, layout: Layout) -> _Read:
    if isinstance(item, LeftOut):
        return _Read(item, place)
    if isinstance(item, Failed):
        return _Read(item, place, error=item.error)
    try:
        taken = replace(item.read(), keeps_name=True)
    except StrandlineError as error:
        return _Read(item, place, error=error)
    if (media_type := layout.sniff(bytes(taken.buffer[:SNIFF_BYTES]))) is not None:
        taken.copy.find_structure(media_type)  # now, while the pictures before it are written
    return _Read(item, place, taken)


def _parse_place(after: str | None) -> tuple[int, int, str]:
    if after is None:
        return 0, 0, ""
    source, _, rest = after.partition(":")
    item, _, name = rest.partition(":")
    if not (source.isdecimal() and item.isdecimal()):
        raise InvalidCursorError("after is not the next of an import; leave it out to begin anew")
    return int(source), int(item), name


def _next_group(items: Iterator[_Read]) -> list[_Read]:
    """The next items, as many as are saved together."""
    group: list[_Read] = []
    size_bytes = 0
    for read in items:
        group.append(read)
        size_bytes += 0 if read.taken is None else read.taken.copy.size_bytes
        if len(group) == MOST_TOGETHER or size_bytes >= MOST_BYTES:
            break
    return group
