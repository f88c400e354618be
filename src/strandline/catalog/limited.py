"""A part of the catalog: the same answers as if only some storage directories were in it.

Nothing is filtered afterwards, and no question is asked in another way. Each statement gets a name in front for every
table that it reads, which stands for the rows that may be seen: ``WITH image_files AS (SELECT … WHERE sd IN (3))``.
So a new question is limited before anybody thinks of it. Original names are shown only of images that
are nowhere else, because nobody knows by which save an image got its name. Numbers of events tell that there are
others, and nothing of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from strandline.catalog.dialect import Connection, Dialect, Rows
from strandline.catalog.journal import JournalReader
from strandline.catalog.port import Reader

if TYPE_CHECKING:
    from strandline.catalog.port import Catalog, Writer

_OF_ONE = "{sd} IN ({sds})"
"""Not by an index of storage directories: that of the question itself is the better one."""
_IDENTITIES = (
    "SELECT sd_id FROM {dirs} WHERE sd_id IS NOT NULL AND number {those} "
    "UNION ALL SELECT sd_id FROM {aliases} WHERE number {those}"
)
_HAS_IDENTITY = (
    f"sd_id IN ({_IDENTITIES.replace('{those}', 'IN ({sds})')}) "
    f"AND sd_id NOT IN ({_IDENTITIES.replace('{those}', 'NOT IN ({sds})')})"
)
"""An identity that another storage directory has as well (a copied folder) does not say which one is meant."""

SEEN: Mapping[str, str] = {
    "storage_dirs": "number IN ({sds})",
    "storage_dir_aliases": "number IN ({sds})",
    "image_files": _OF_ONE,
    "conflict_copies": _OF_ONE,
    "earlier_files": _OF_ONE,
    "unused_files": _OF_ONE,
    "altered_files": _OF_ONE,
    "notes": _OF_ONE,
    "open_references": _OF_ONE,
    "file_counts": _OF_ONE,
    "image_months": _OF_ONE,
    "several_files": _OF_ONE,
    "changed_images": _OF_ONE,
    "journal": _HAS_IDENTITY,
    "trash": _HAS_IDENTITY,
    "origins": "image_id IN (SELECT image_id FROM {files} WHERE sd IN ({sds})) "
    "AND NOT EXISTS (SELECT 1 FROM {files} AS other WHERE other.image_id = {origins}.image_id "
    "AND other.sd NOT IN ({sds}))",
    "access_tokens": "1 = 0",
    "access_token_dirs": "1 = 0",
    "audit": "1 = 0",
    "sign_ins": "1 = 0",
    "bucket_guarantees": "1 = 0",
}
"""Which rows of each table may be seen. All tables but ``meta``, which is about the database."""

_IN_ORDER = sorted(SEEN, key=lambda table: ("FROM" not in SEEN[table], table))
"""Those whose condition reads other tables come first. A name that a ``WITH`` gives is known to what comes after it,
and such a condition must read the whole tables.
"""
_TABLE = re.compile(rf"\b({'|'.join(sorted(SEEN, key=len, reverse=True))})\b")
_WITH = re.compile(r"\s*WITH\s+(RECURSIVE\s+)?")


class LimitedReader(Reader):
    """Answers for some storage directories."""

    def __init__(self, all_: Reader, conn: Connection, dialect: Dialect, sds: Collection[int]) -> None:
        limited = _Unhinted(dialect)
        super().__init__(_LimitedConnection(conn, limited, tuple(sorted(sds))), limited)
        self.journal = _LimitedJournal(self._conn, limited, all_.journal)


class LimitedCatalog:
    """A catalog that answers for some storage directories, and takes every change.

    A change is one of a row that was read here, or of a storage directory that was found here. See
    :class:`strandline.catalog.port.Catalog`.
    """

    def __init__(self, catalog: Catalog, sds: Collection[int]) -> None:
        self._catalog = catalog
        self._sds = frozenset(sds)
        self.on_commit: Callable[[], None] = lambda: None
        """Never called: the whole catalog tells."""

    @property
    def epoch(self) -> str:
        return self._catalog.epoch

    @property
    def place(self) -> str:
        return self._catalog.place

    @property
    def format(self) -> int:
        return self._catalog.format

    @property
    def is_shared(self) -> bool:
        return self._catalog.is_shared

    @property
    def whole(self) -> Catalog:
        return self._catalog

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Answers from the last commit."""
        with self._catalog.read() as reader:
            yield reader.limited_to(self._sds)

    @contextmanager
    def snapshot(self) -> Iterator[Reader]:
        """The same from one commit."""
        with self._catalog.snapshot() as reader:
            yield reader.limited_to(self._sds)

    def write(self, *, durable: bool = False) -> AbstractContextManager[Writer]:
        return self._catalog.write(durable=durable)

    def hold(self, name: str, limit_s: float) -> AbstractContextManager[Callable[[], None]]:
        return self._catalog.hold(name, limit_s)

    def listen(self) -> None:
        self._catalog.listen()

    def check_format(self) -> None:
        self._catalog.check_format()

    def read_version(self) -> int:
        return self._catalog.read_version()

    def changed_since(self, version: int) -> bool:
        return self._catalog.changed_since(version)

    def check_integrity(self) -> list[str]:
        return self._catalog.check_integrity()

    def close(self) -> None:
        """Closes nothing: the whole catalog stays open."""


class _LimitedConnection:
    """A connection whose statements see only some rows."""

    def __init__(self, conn: Connection, dialect: Dialect, sds: tuple[int, ...]) -> None:
        self._conn = conn
        self._dialect = dialect
        self._sds = sds

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = (), /) -> Rows:
        return self._conn.execute(limit_statement(statement, self._dialect, self._sds), values)

    def executemany(self, statement: str, values: Iterable[Sequence[Any]], /) -> Rows:
        raise NotImplementedError("nothing is written here")


class _LimitedJournal(JournalReader):
    """The journal, whose numbers are those of all events: a listener continues from any of them."""

    def __init__(self, conn: Connection, dialect: Dialect, all_: JournalReader) -> None:
        super().__init__(conn, dialect)
        self._all = all_

    def get_bounds(self) -> tuple[int, int]:
        return self._all.get_bounds()


class _Unhinted:
    """A dialect that asks for no index: hints are for tables."""

    walk = ""
    is_part = True

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dialect, name)

    def __hash__(self) -> int:
        return hash((type(self), self._dialect))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unhinted) and other._dialect is self._dialect

    def use(self, index: str) -> str:
        del index
        return ""


@lru_cache(maxsize=2000)
def limit_statement(statement: str, dialect: Dialect, sds: tuple[int, ...]) -> str:
    """The statement for these storage directories. Pure."""
    names = {
        "sds": ", ".join(map(str, sds)) or "NULL",
        "dirs": dialect.table("storage_dirs"),
        "aliases": dialect.table("storage_dir_aliases"),
        "files": dialect.table("image_files"),
        "origins": "origins",
        "sd": dialect.plain("sd"),
    }
    read = set(_TABLE.findall(statement))
    views = ", ".join(
        f"{table} AS NOT MATERIALIZED (SELECT * FROM {dialect.table(table)} WHERE {SEEN[table].format(**names)})"
        for table in _IN_ORDER
        if table in read
    )
    if not views:
        return statement
    own = _WITH.match(statement)
    if own is None:
        return f"WITH {views} {statement}"
    if own[1] and dialect.nests_with:
        return f"WITH {views} SELECT * FROM ({statement}) AS answered"
    return f"WITH {own[1] or ''}{views}, {statement[own.end() :]}"
