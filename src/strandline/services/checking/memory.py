"""The memory of a check: what the catalog knows of a picture that is not where a note expects it.

Looks at no disk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from strandline.model.image_files import ImageFile
from strandline.model.image_ids import content_id_of
from strandline.model.note_checks import Place, Remembered
from strandline.model.states import HERE
from strandline.model.storage_dirs import StorageDir
from strandline.services.checking.unchanged import Unchanged
from strandline.services.workbench import Workbench

_NOW = datetime.max.replace(tzinfo=UTC)

MOST_PLACES = 10
"""Places of the same bytes that are named."""


class _Known(NamedTuple):
    """Proven bytes at a path of this storage directory, until then."""

    path: str
    sha256: str
    size_bytes: int
    until: datetime | None


class Memory:
    """What is known of the pictures of one storage directory."""

    def __init__(self, bench: Workbench, sd: StorageDir) -> None:
        self._bench = bench
        self._sd = sd

    @cached_property
    def unchanged(self) -> Unchanged:
        """What need not be read again."""
        return Unchanged(self._bench, self._sd)

    @property
    def is_whole(self) -> bool:
        """Whether everything that is in the storage directory has been seen at least once since it was added."""
        return self._sd.first_scan_done and self._sd.is_reachable

    def find(self, paths: Sequence[str], endings: Sequence[str] = ()) -> Remembered | None:
        """What was last at the first of the paths that is known. None if nothing is known.

        If none of them is, what was last at a path that ends like one of ``endings``, folder by folder.

        Cost: two statements for each path, and a few more.
        """
        known = {
            each
            for path in dict.fromkeys((*paths, *endings))
            for each in (*self._iter_rows(path), *self._list_earlier(path))
        }
        order = {path: -number for number, path in enumerate(paths)}
        fits = [
            each
            for each in known
            if each.path in order or any(f"/{each.path}".endswith(f"/{ending}") for ending in endings)
        ]
        if not fits:
            return None
        latest = max(
            fits, key=lambda each: (order.get(each.path, -len(order)), each.until or _NOW, each.path)
        )
        places = tuple(self._list_places(latest))
        return Remembered(latest.path, latest.until, latest.sha256, latest.size_bytes, places)

    def _list_earlier(self, path: str) -> list[_Known]:
        with self._bench.catalog.read() as reader:
            earlier = reader.earlier.list_by_name(self._sd.number, path.rpartition("/")[2])
        return [_Known(each.path, each.sha256, each.size_bytes, each.until) for each in earlier]

    def _iter_rows(self, path: str) -> Iterator[_Known]:
        """The same from rows of files that are gone, or were there when anybody looked last."""
        rows = list(self._gone[path.rpartition("/")[2]])
        with self._bench.catalog.read() as reader:
            row = reader.files.find_row(self._sd.number, path)
        if row is not None and row not in rows:
            rows.append(row)
        for row in rows:
            if row.proof is not None:
                yield _Known(row.path, row.proof.sha256, row.proof.stamp.size_bytes, row.absent_since)

    @cached_property
    def _gone(self) -> defaultdict[str, list[ImageFile]]:
        rows: defaultdict[str, list[ImageFile]] = defaultdict(list)
        with self._bench.catalog.read() as reader:
            for row in reader.files.iter_noteworthy_rows(self._sd.number):
                rows[row.filename].append(row)
        return rows

    def _list_places(self, known: _Known) -> Iterator[Place]:
        """Where the same bytes are now, those in this storage directory first."""
        with self._bench.catalog.read() as reader:
            rows = reader.files.list_rows_of_image(content_id_of(known.sha256))
            sds = {sd.number: sd for sd in reader.sds.list_storage_dirs()}
        rows = [
            row
            for row in rows
            if row.state in HERE
            and row.absent_since is None
            and row.proof is not None
            and (row.proof.sha256, row.proof_is_current) == (known.sha256, True)
            and (row.sd, row.path) != (self._sd.number, known.path)
            and sds[row.sd].is_reachable
        ]
        rows.sort(key=lambda row: (row.sd != self._sd.number, row.sd, row.path))
        for row in rows[:MOST_PLACES]:
            sd = sds[row.sd]
            yield Place(None if row.sd == self._sd.number else sd.name, sd.path, row.path)
