"""Catalogs with a storage directory, and a catalog's content as plain values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from builders.image_rows import NOW
from strandline.catalog.database import SqliteCatalog, open_catalog
from strandline.catalog.journal import JournalLimits
from strandline.catalog.migrations import Step
from strandline.catalog.port import Catalog, Reader, Writer
from strandline.model.image_files import ImageFile
from strandline.model.storage_dirs import StorageDirState


@contextmanager
def opened(
    path: Path,
    *,
    busy_timeout_s: float = 5.0,
    journal_limits: JournalLimits | None = None,
    migrations: Sequence[Step] | None = None,
) -> Iterator[SqliteCatalog]:
    """The catalog at the path, closed at the end. With ``migrations``, a new one is made by these steps."""
    catalog = open_catalog(
        path,
        busy_timeout_s=busy_timeout_s,
        journal_limits=journal_limits or JournalLimits(),
        migrations=migrations,
    )
    try:
        yield catalog
    finally:
        catalog.close()


def sql_of(reader: Reader) -> sqlite3.Connection:
    """SQLite's connection behind the port, for what only tests do."""
    conn = reader.files._conn
    assert isinstance(conn, sqlite3.Connection)
    return conn


def list_rows(reader: Reader, sd: int) -> list[ImageFile]:
    """All rows of the storage directory, by path."""
    present = reader.files.list_some_paths(sd, limit=1_000_000)
    others = [row.path for row in reader.files.iter_noteworthy_rows(sd)]
    return list(reader.files.find_rows(sd, sorted({*present, *others})).values())


def fill(catalog: Catalog, some: Iterable[ImageFile], *, listed_first: bool = False) -> None:
    """Leaves these rows in the catalog, and no others."""
    with catalog.write() as writer:
        for sd in writer.sds.list_storage_dirs():
            for row in list_rows(writer, sd.number):
                assert writer.files.delete_row(row)
        for row in some:
            assert writer.files.insert_row(row, listed_first=listed_first)


def drop_idle_connections(catalog: Catalog) -> None:
    """Closes idle connections, so the next query reads the file again."""
    assert isinstance(catalog, SqliteCatalog)
    for connection in catalog._idle:
        connection.conn.close()
    catalog._idle.clear()


def add_sd(writer: Writer, name: str = "Notes") -> int:
    """Adds a storage directory without a folder. Returns its number."""
    return writer.sds.insert_storage_dir(sd_id=None, provisional=False, name=name, path=f"/nowhere/{name}",
        state=StorageDirState.ONLINE, problem=None, read_only=False, added_at=NOW,
    )  # fmt: skip


def dump(place: Path | Catalog) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of a catalog in SQLite, sorted."""
    conn = sqlite3.connect(place if isinstance(place, Path) else place.place)
    try:
        tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: sorted(conn.execute(f"SELECT * FROM {table}"), key=repr) for table in sorted(tables)}
    finally:
        conn.close()
