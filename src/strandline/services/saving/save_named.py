"""Saving in a folder of named pictures: bytes become a picture where the person's program would put it (SPEC §15).

The order of writes is that of every save. What differs: a name says nothing about the bytes, so nothing is ever
replaced, and a name that is taken leads to the next one. The same bytes are still written only once, because the
catalog knows where they are; what it is not sure of is read first.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from strandline.errors import RefusedError, WrongBytesError
from strandline.folders.disk_errors import disk_errors
from strandline.folders.port import SaveMode
from strandline.model.image_files import FileState
from strandline.model.passed_over import is_in_passed_over
from strandline.model.reports import Saved
from strandline.model.states import Look, after_look
from strandline.model.values import dataclass
from strandline.services.proving.prove import Outcome, look_at, note_name, prove_file
from strandline.services.saving.attempt import Attempt

if TYPE_CHECKING:
    from strandline.catalog.port import Writer
    from strandline.services.saving.placing import Placing

MOST_LOOKED_AT = 16
"""Unproven files of the same size that are read before a save, because they may have the same bytes."""

MOST_NAMES = 1000
"""Names that the disk has although the catalog does not know them, before the save gives up."""


@dataclass(slots=True)
class NamedAttempt(Attempt):
    """One attempt to save one picture under a name."""

    placing: Placing

    def run(self) -> Saved | None:
        """Finds the picture in the folder, or writes it under a free name."""
        for name in self.list_existing():
            if (saved := self._find_saved(name)) is not None:
                return saved
        for number, name in enumerate(self.placing.iter_free_names(self.taken, self.media_type)):
            saved = None if self._has(name) else self._save_as(name)
            if saved is None and self._has(name):
                saved = self._find_saved(name)
            if saved is not None:
                return saved
            if number == MOST_NAMES:
                break
        raise RefusedError(
            f"too many files in {self.sd.name!r} have the name {name!r} with a number; scan it, and save again"
        )

    def list_existing(self) -> list[str]:
        """The files that may have these bytes: the source itself, those of the image, and unproven ones of the same
        size.
        """
        with self.bench.catalog.read() as reader:
            rows = reader.files.list_rows_of_image(self.image_id)
            known = [row.path for row in rows if row.sd == self.sd.number]
            known += reader.files.list_unproven_of_size(
                self.sd.number, self.taken.copy.size_bytes, limit=MOST_LOOKED_AT
            )
        with disk_errors("look into", self.folder.where("")):
            names = [*self._list_source(), *map(self.folder.layout.name_of, known)]
            return [name for name, _ in self.folder.probe(dict.fromkeys(names))]

    def _list_source(self) -> list[str]:
        """The source, if it is a picture in the folder that no scan has found yet."""
        if not self.taken.is_path:
            return []
        with suppress(ValueError):
            path = PurePath(os.path.realpath(self.taken.origin)).relative_to(self.sd.path).as_posix()
            if self.folder.layout.split(path) is not None and not is_in_passed_over(path):
                return [path]
        return []

    def find_new_name(self, together: Collection[str]) -> str | None:
        """The name under which it can be written if no file must be read before. None if one must be."""
        if self.list_existing():
            return None
        name = next(self.placing.iter_free_names(self.taken, self.media_type, together))
        return None if self._has(name) else name

    def choose_name(self, existing: Collection[str], together: Collection[str] = ()) -> str:  # noqa: ARG002
        """The first free name."""
        names = self.placing.iter_free_names(self.taken, self.media_type, together)
        return next(name for name in names if not self._has(name))

    def _has(self, name: str) -> bool:
        with disk_errors("look into", self.folder.where("")):
            return bool(self.folder.probe([name]))

    def _find_saved(self, name: str) -> Saved | None:
        """The result if the file has these bytes. Reads it, unless a proof is reliable."""
        if (proof := self._find_proof(name)) is not None:
            return self._saved_before(name, proof)
        result = prove_file(self.bench, self.sd, name)
        is_same = result.copy is not None and result.copy.sha256 == self.taken.copy.sha256
        if result.outcome is not Outcome.GOOD or result.row is None or not is_same:
            return None
        return self._saved_before(name, result.row.proof)

    def _save_as(self, name: str) -> Saved | None:
        """Writes the picture and its row. None if the name has just been taken, or is no file's."""
        look = self.look(name)
        self.bench.being_saved.add((self.sd.number, name))
        try:
            with disk_errors("write", self.folder.where(name), FileExistsError):
                written = self.folder.write_image(
                    name, self.source, SaveMode.NEW, self.is_free, mtime_ns=self.mtime_ns
                )
            self._check_still_there()
            look = replace(look, stamp=written.stamp, ctime_ns=written.ctime_ns)
            with self.bench.catalog.write(durable=True) as writer:
                self.register(writer, name, look)
            return self.report(name, new=True, whole=look.whole)
        except FileExistsError:
            return None
        finally:
            self.bench.being_saved.discard((self.sd.number, name))

    def look(self, filename: str) -> Look:
        """What the bytes will prove under the name.

        Raises:
            WrongBytesError: Nothing: they are no whole image, and nothing vouches for them.
        """
        now = self.bench.now()
        row = self._new_row(filename, self.taken.copy.stamp, now)
        look = replace(
            look_at(self.bench, row, self.taken.copy, now, self.folder.layout), open_ended=False
        )  # all of it was given: nobody is writing any more
        if after_look(row, look, now, self.folder.layout).state is not FileState.PRESENT:
            raise WrongBytesError(
                f"{self.taken.subject} is not a whole image ({look.reason}), so it is not saved among named "
                "pictures, where nothing could verify it; copy the file there yourself if you want it",
                source=self.taken.source,
                image_id=self.image_id,
            )
        return look if look.vouched is None else replace(look, whole=look.vouched)

    def is_free(self) -> bool:
        """Never: a rename that could replace something is not made, because a name says nothing about the bytes."""
        return False

    def register(self, writer: Writer, filename: str, look: Look) -> None:
        """Adds the written file's row, event, and names to a transaction."""
        Attempt.register(self, writer, filename, look)
        row = writer.files.find_row(self.sd.number, self.folder.layout.path_of(filename))
        assert row is not None, "it has just been registered"
        note_name(writer, self.sd, row, self.bench.now())

    def report(self, filename: str, *, new: bool, whole: bool) -> Saved:
        """The result, with the Markdown for the note."""
        plain = Attempt.report(self, filename, new=new, whole=whole)
        name = self.taken.original_name or filename.rpartition("/")[2]
        markdown, warning = (
            self.placing.format_markdown(plain.path, name),
            self.placing.find_warning(plain.path),
        )
        return replace(plain, markdown=markdown, warning=warning)
