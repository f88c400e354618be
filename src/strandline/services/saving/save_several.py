"""Saving several images at once: one look at the storage directory, one sync of names, and one transaction for many.

The order is that of a single save (:mod:`~strandline.services.saving.save`): every file is whole and durable before
any row tells of it. Only the plain case is shared: small bytes of which the folder has nothing yet. Each other image
is saved by itself, by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from strandline.errors import StrandlineError
from strandline.folders.disk_errors import disk_errors
from strandline.model.image_ids import content_id_of
from strandline.model.portable_names import fold_path
from strandline.model.reports import Saved
from strandline.model.states import Look
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass
from strandline.services.saving.attempt import Attempt
from strandline.services.saving.intake import NewImage, TakenSource, take_source
from strandline.services.saving.save import begin_attempt, begin_placing, save_taken, sniff
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    import os

MOST_TOGETHER = 50
"""Images that share a transaction. Each further one saves less than 2 % of what the first ones cost."""

MOST_BYTES = 16 * 1024 * 1024
"""The bytes of one such group, which are in memory. One image may exceed it, and is then the last of its group."""

Result = Saved | StrandlineError


@dataclass(frozen=True, slots=True)
class _Ready:
    """An image that is about to be written, and its position among the results."""

    position: int
    attempt: Attempt
    filename: str
    data: bytes
    look: Look


def save_several(
    bench: Workbench,
    images: Iterable[NewImage],
    sd: StorageDir,
    note: str | os.PathLike[str] | None = None,
) -> list[Result]:
    """Saves each image as :func:`~strandline.services.saving.save.save_image` does. One result each: it or its error.

    Durable when it returns. An error of one image concerns only that one. If the SD must not be written to, each has
    this error. ``images`` is read as far as the next group needs.
    """
    results: list[Result] = []
    for group in _iter_groups(bench, images):
        results += save_group(bench, group, sd, note)
    return results


def save_group(
    bench: Workbench,
    group: Sequence[TakenSource | StrandlineError],
    sd: StorageDir,
    note: str | os.PathLike[str] | None = None,
) -> list[Result]:
    """The same for images that were read already, or could not be read. All of them are in memory, or in files."""
    return _Group(bench, sd, group, note).save()


def _iter_groups(
    bench: Workbench, images: Iterable[NewImage]
) -> Iterator[Sequence[TakenSource | StrandlineError]]:
    """The images, read, in groups whose bytes fit in memory."""
    group: list[TakenSource | StrandlineError] = []
    size_bytes = 0
    for image in images:
        try:
            taken = take_source(bench, image.source, image.name, image.modified_at)
        except StrandlineError as error:
            group.append(error)
        else:
            group.append(taken)
            size_bytes += taken.copy.size_bytes
        if len(group) == MOST_TOGETHER or size_bytes >= MOST_BYTES:
            yield group
            group, size_bytes = [], 0
    if group:
        yield group


class _Group:
    """Some images that are saved together."""

    def __init__(
        self,
        bench: Workbench,
        sd: StorageDir,
        sources: Sequence[TakenSource | StrandlineError],
        note: str | os.PathLike[str] | None,
    ) -> None:
        self._bench = bench
        self._sd = sd
        self._sources = sources
        self._note = note
        self._results: dict[int, Result] = {}
        self._ready: list[_Ready] = []

    def save(self) -> list[Result]:
        try:
            self._sd = check_writable(self._bench, self._sd)
            self._prepare()
            self._write()
        except StrandlineError as error:  # of the SD or the catalog, so of all that have no other result
            for position in range(len(self._sources)):
                self._results.setdefault(position, error)
        for position, taken in enumerate(self._sources):
            if position not in self._results:
                self._results[position] = self._save_alone(taken)
        return [self._results[position] for position in range(len(self._sources))]

    def _save_alone(self, taken: TakenSource | StrandlineError) -> Result:
        if isinstance(taken, StrandlineError):
            return taken
        try:
            return save_taken(self._bench, taken, self._sd, note=self._note)
        except StrandlineError as error:
            return error

    def _prepare(self) -> None:
        """Finds the images that can be written together."""
        placing = begin_placing(self._bench, self._sd, self._note)
        together, names = set[str](), set[str]()
        for position, taken in enumerate(self._sources):
            if isinstance(taken, StrandlineError):
                self._results[position] = taken
                continue
            try:
                media_type, image_id = sniff(taken, self._sd), content_id_of(taken.copy.sha256)
                attempt = begin_attempt(self._bench, self._sd, taken, media_type, image_id, placing)
                data = taken.buffer
                if not isinstance(data, bytes) or image_id in together:
                    continue
                if (filename := attempt.find_new_name(names)) is not None:
                    together.add(image_id)
                    names.add(fold_path(filename.rpartition("/")[2]))
                    look = attempt.look(filename)
                    self._ready.append(_Ready(position, attempt, filename, data, look))
            except StrandlineError as error:
                self._results[position] = error

    def _write(self) -> None:
        if not self._ready:
            return
        names = {(self._sd.number, ready.filename) for ready in self._ready}
        folder = self._ready[0].attempt.folder
        is_free = {ready.filename: ready.attempt.is_free for ready in self._ready}
        self._bench.being_saved.update(names)
        try:
            files = [(ready.filename, ready.data, ready.attempt.mtime_ns) for ready in self._ready]
            with disk_errors("write", folder.where("")):
                written = folder.write_new_images(files, lambda name: is_free[name]())
            check_writable(self._bench, self._sd)
            with self._bench.catalog.write(durable=True) as writer:
                for ready, result in zip(self._ready, written, strict=True):
                    if not isinstance(result, OSError | StrandlineError):
                        shown = replace(ready.look, stamp=result.stamp, ctime_ns=result.ctime_ns)
                        ready.attempt.register(writer, ready.filename, shown)
            for ready, result in zip(self._ready, written, strict=True):
                if isinstance(result, StrandlineError):
                    self._results[ready.position] = result
                elif not isinstance(result, OSError):  # a name that has just been taken: by itself, later
                    saved = ready.attempt.report(ready.filename, new=True, whole=ready.look.whole)
                    self._results[ready.position] = saved
        finally:
            self._bench.being_saved.difference_update(names)
