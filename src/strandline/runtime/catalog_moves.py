"""Moving a catalog from this home's own database to a shared one, and back: all of it, verified, or nothing.

The old one stays as it is. The new one has another epoch, so a program that follows events begins again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from strandline.catalog.formats import FORMAT, check_known
from strandline.catalog.port import Catalog
from strandline.catalog.schema import VERSION
from strandline.errors import CatalogError, RefusedError, UnsuitableFolderError
from strandline.model.catalog_moves import CatalogMove, MovedTable
from strandline.model.shared_places import list_objections
from strandline.runtime.assembly import open_catalog_of
from strandline.runtime.daemon import check_alone
from strandline.runtime.home import ensure_home
from strandline.runtime.settings import Settings, parse_setting


def move_catalog(
    home: Path,
    environ: Mapping[str, str],
    url: str,
    *,
    back: bool = False,
    on_table: Callable[[str], None] = lambda _: None,
) -> CatalogMove:
    """Copies this home's own catalog into the empty one at the address, or, ``back``, the other way round.

    Stop all programs that use the source: what they change meanwhile stays behind. Nobody sees the target before all
    of it is there and was compared. ``on_table`` gets the name of each table as it is begun.

    Raises:
        ConfigError: That is no address of a catalog.
        UnsuitableFolderError: The source has folders of this machine, which a shared catalog cannot have.
        RefusedError: Something is in the target.
        DaemonRunningError: A server or a watcher of this home runs.
        CatalogError: A table differs after it was copied. Nothing was changed.
    """
    parse_setting("catalog.url", url)
    settings = Settings.load(home, environ)
    own = replace(settings, catalog=replace(settings.catalog, url=""))
    shared = replace(settings, catalog=replace(settings.catalog, url=url))
    ensure_home(home)
    check_alone(home, shared=False)
    check_alone(home, shared=True)
    with (
        closing(open_catalog_of(home, shared if back else own)) as source,
        closing(open_catalog_of(home, own if back else shared)) as target,
    ):
        return copy_catalog(source, target, on_table)


def copy_catalog(
    source: Catalog, target: Catalog, on_table: Callable[[str], None] = lambda _: None
) -> CatalogMove:
    """Copies everything into an empty catalog, and compares both, in one transaction. See :func:`move_catalog`."""
    from strandline.catalog.whole_tables import TABLES

    for catalog in (source, target):
        # An older program may use newer tables, but does not know all that is in them.
        check_known({FORMAT: str(catalog.format)}, VERSION, f"the catalog {catalog.place} was")
    with source.snapshot() as reader, target.write(durable=True) as writer:
        if target.is_shared:
            _check_shareable([sd.path for sd in reader.sds.list_storage_dirs()])
        if not writer.tables.is_empty():
            raise RefusedError(
                f"the catalog {target.place} is not empty, and a move replaces nothing; move it away, or name "
                "another database"
            )
        moved = []
        for table in TABLES:
            on_table(table.name)
            for rows in reader.tables.iter_rows(table):
                writer.tables.put_rows(table, rows)
            there, here = reader.tables.digest(table), writer.tables.digest(table)
            if there != here:
                raise CatalogError(
                    f"the table {table.name} has {there.rows:,} rows in {source.place} and {here.rows:,} in "
                    f"{target.place}, or others; nothing was changed"
                )
            moved.append(MovedTable(here.name, here.rows, here.sha256))
        writer.tables.set_last_numbers(*reader.tables.get_last_numbers())
    return CatalogMove(source.place, target.place, tuple(moved))


def _check_shareable(paths: list[str]) -> None:
    objections = list_objections(paths)
    if objections:
        more = f" (and {len(objections) - 1:,} more)" if len(objections) > 1 else ""
        raise UnsuitableFolderError(f"{objections[0]}{more}", paths=paths)
