"""The memory of a check: what the catalog knows of a picture that is not where a note expects it.

Looks at no disk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from strandline.catalog.image_files.reader import KEYS_AT_ONCE
from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import ImageId, content_id_of
from strandline.model.layout import is_text
from strandline.model.note_checks import Place, Remembered
from strandline.model.portable_names import fold_path
from strandline.model.states import HERE
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import REMOVED, find_target
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
    deleted: ImageId | None = None
    """The image, if a person deleted it."""


class Memory:
    """What is known of the pictures of one storage directory."""

    def __init__(self, bench: Workbench, sd: StorageDir) -> None:
        self._bench = bench
        self._sd = sd
        self._rows: dict[str, ImageFile | None] = {}
        self._alike: dict[str, list[ImageFile]] = {}

    @cached_property
    def unchanged(self) -> Unchanged:
        """What need not be read again."""
        return Unchanged(self._bench, self._sd)

    @property
    def is_whole(self) -> bool:
        """Whether everything that is in the storage directory has been seen at least once since it was added."""
        return self._sd.first_scan_done and self._sd.is_reachable

    def ask(self, paths: Iterable[str]) -> None:
        """Gets the rows that :meth:`find` needs for these paths, so that it need not ask for each.

        Cost: two statements for 500 paths.
        """
        new = [path for path in dict.fromkeys(paths) if path not in self._rows]
        names = [name for name in set(map(_fold_name, new)) if name not in self._alike]
        self._rows.update(dict.fromkeys(new))
        self._alike.update((name, []) for name in names)
        new, names = list(filter(is_text, new)), list(filter(is_text, names))
        if not new:
            return
        with self._bench.catalog.read() as reader:
            self._rows.update(reader.files.find_rows(self._sd.number, new))
            for start in range(0, len(names), KEYS_AT_ONCE):
                some = names[start : start + KEYS_AT_ONCE]
                for row in reader.files.list_rows_with_name(self._sd.number, some):
                    self._alike[_fold_name(row.path)].append(row)

    def find(self, paths: Sequence[str], endings: Sequence[str] = ()) -> Remembered | None:
        """What was last at the first of the paths that is known. None if nothing is known.

        If none of them is, what was last at a path that ends like one of ``endings``, folder by folder. If nothing
        was there either, the same without letter case, Unicode form, and the kind of blanks: most tools show such a
        picture, too.

        Cost: a few statements, and none if the paths were asked for before (:meth:`ask`) and nothing is known. The
        first time, the names of all earlier files and the index of the trash are read.
        """
        asked = tuple(dict.fromkeys((*paths, *endings)))
        self.ask(asked)
        exact = (each for path in asked for each in (*self._iter_rows(path), *self._list_earlier(path)))
        latest = _find_latest(exact, paths, endings, str)
        if latest is None:
            alike = (each for path in asked for each in self._iter_alike(path))
            latest = _find_latest(alike, paths, endings, fold_path)
        if latest is None:
            return None
        places = tuple(self._list_places(latest))
        return Remembered(latest.path, latest.until, latest.sha256, latest.size_bytes, places, latest.deleted)

    def _list_earlier(self, path: str) -> list[_Known]:
        name = path.rpartition("/")[2]
        if name not in self._names_alike[fold_path(name)]:
            return []
        with self._bench.catalog.read() as reader:
            earlier = reader.earlier.list_by_name(self._sd.number, name)
        return [_Known(each.path, each.sha256, each.size_bytes, each.until) for each in earlier]

    def _iter_alike(self, path: str) -> Iterator[_Known]:
        """What is known of files whose names differ from this one's only as some systems do not see."""
        folded = _fold_name(path)
        for name in self._names_alike[folded]:
            yield from self._list_earlier(name)
        yield from filter(None, map(_know, self._alike[folded]))
        yield from self._deleted[folded]

    @cached_property
    def _names_alike(self) -> defaultdict[str, list[str]]:
        names: defaultdict[str, list[str]] = defaultdict(list)
        with self._bench.catalog.read() as reader:
            for name in reader.earlier.list_names(self._sd.number):
                names[fold_path(name)].append(name)
        return names

    def _iter_rows(self, path: str) -> Iterator[_Known]:
        """The same from rows of files that are gone, or were there when anybody looked last."""
        rows = list(self._gone[path.rpartition("/")[2]])
        row = self._rows[path]
        if row is not None and row not in rows:
            rows.append(row)
        yield from filter(None, map(_know, rows))
        yield from self._deleted[_fold_name(path)]

    @cached_property
    def _deleted(self) -> defaultdict[str, list[_Known]]:
        """What people deleted here, by folded name. The trash outlives the rows of another computer's catalog."""
        found: defaultdict[str, list[_Known]] = defaultdict(list)
        with self._bench.catalog.read() as reader:
            entries, sds = reader.trash.list_trashed(), reader.sds.list_storage_dirs()
        for each in entries:
            target = find_target(each, sds) if each.reason in REMOVED else None
            if target is not None and target.number == self._sd.number:
                known = _Known(each.path, each.sha256, each.size_bytes, each.trashed_at, each.image_id)
                found[_fold_name(each.path)].append(known)
        return found

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


def _fold_name(path: str) -> str:
    return fold_path(path.rpartition("/")[2])


def _know(row: ImageFile) -> _Known | None:
    if row.proof is None:
        return None
    deleted = row.image_id if row.state is FileState.TRASHED else None
    return _Known(row.path, row.proof.sha256, row.proof.stamp.size_bytes, row.absent_since, deleted)


def _find_latest(
    known: Iterable[_Known], paths: Sequence[str], endings: Sequence[str], form: Callable[[str], str]
) -> _Known | None:
    """What was last at the first of the paths, otherwise at a path with one of the endings, compared in this form."""
    some = set(known)
    if not some:
        return None
    order: dict[str, int] = {}
    for number, path in enumerate(paths):
        order.setdefault(form(path), -number)
    ends = [f"/{form(ending)}" for ending in endings]
    fits = [
        (order.get(path, -len(order)), each.until or _NOW, each.path, each)
        for each in some
        for path in [form(each.path)]
        if path in order or any(f"/{path}".endswith(end) for end in ends)
    ]
    return max(fits, key=lambda fit: fit[:3])[3] if fits else None
