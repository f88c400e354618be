"""Importing: what only another catalog knows is taken over: original names, what was where, and the trash's index.

The journal tells what happened to the other catalog, so it is not taken over. Nothing in the document is believed:
all of it is checked before anything is written. What is about a storage directory that is not here yet waits: add it,
and import again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from strandline.catalog.port import Writer
from strandline.model.catalog_exports import (
    MOST_POSSIBLE,
    ExportedDir,
    ExportedFile,
    ImportedCatalog,
    ImportedDir,
    Origin,
    list_possible,
    match_dirs,
    parse_export,
)
from strandline.model.earlier_files import MOST_REMEMBERED, EarlierFile
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import TrashedFile
from strandline.services.storage_dirs.manage import list_storage_dirs
from strandline.services.trashing.trash import find_entry
from strandline.services.workbench import Workbench

AT_ONCE = 5_000
"""Rows in one transaction: a fraction of a second, so no other process waits for long."""

T = TypeVar("T")


def import_catalog(bench: Workbench, document: object) -> ImportedCatalog:
    """Adds what another catalog's export knows. Removes nothing. Idempotent.

    Names of images that are not here are added, too: the images may still be on their way.

    Raises:
        InvalidInputError: It is not a catalog's export. Nothing was added.
    """
    export = parse_export(document)
    sds = list_storage_dirs(bench)
    here = match_dirs(export.sds, sds)
    names = _add(bench, export.origins, _add_origin)
    _keep_identities(bench, export.sds, here)
    of_known = [each for each in export.history if each.sd_id in here]
    history = _add(bench, of_known, lambda writer, file: _add_file(writer, here[file.sd_id], file))
    for sd in {sd.number: sd for sd in here.values()}.values():
        with bench.catalog.write() as writer:
            writer.earlier.forget_oldest(sd.number, keep=MOST_REMEMBERED)
    trash = [found for each in export.trash if (found := find_entry(bench, each)) is not None]
    trashed = _add(bench, trash, _add_trashed)
    return ImportedCatalog(
        added=names,
        known=len(export.origins) - names,
        history_added=history,
        history_known=len(of_known) - history,
        trash_added=trashed,
        trash_known=len(trash) - trashed,
        trash_without_bytes=len(export.trash) - len(trash),
        storage_dirs=tuple(_tell(each, here, sds) for each in export.sds),
    )


def _add(bench: Workbench, rows: Sequence[T], add: Callable[[Writer, T], bool]) -> int:
    """Adds the rows, some thousand in a transaction. Returns how many are new."""
    added = 0
    for start in range(0, len(rows), AT_ONCE):
        with bench.catalog.write(durable=True) as writer:
            added += sum(add(writer, row) for row in rows[start : start + AT_ONCE])
    return added


def _add_origin(writer: Writer, origin: Origin) -> bool:
    if writer.origins.has_origin(origin.image_id, origin.original_name, origin.source):
        return False
    writer.origins.add_origin(*origin)
    return True


def _add_file(writer: Writer, sd: StorageDir, file: ExportedFile) -> bool:
    return writer.earlier.add_earlier(
        EarlierFile(sd.number, file.path, file.sha256, file.size_bytes, file.since, file.until)
    )


def _add_trashed(writer: Writer, trashed: TrashedFile) -> bool:
    if writer.trash.find_trashed(trashed.trash_id) is not None:
        return False
    writer.trash.insert_trashed(trashed)
    return True


def _keep_identities(
    bench: Workbench, sds: Iterable[ExportedDir], here: Mapping[StorageDirId, StorageDir]
) -> None:
    """A folder without an identity of its own has another local one here. The former one leads to its trash."""
    for each in sds:
        sd = here.get(each.sd_id)
        if sd is not None and sd.provisional and each.sd_id not in (sd.sd_id, *sd.aliases):
            with bench.catalog.write() as writer:
                writer.sds.add_aliases(sd.number, [each.sd_id])


def _tell(
    each: ExportedDir, here: Mapping[StorageDirId, StorageDir], sds: Iterable[StorageDir]
) -> ImportedDir:
    sd = here.get(each.sd_id)
    return ImportedDir(
        each.sd_id,
        each.name,
        each.path,
        each.layout,
        None if sd is None else sd.name,
        by_name=sd is not None and sd.provisional and each.sd_id != sd.sd_id,
        needs_name=each.provisional,
        may_be=tuple(possible.name for possible in list_possible(each, here, sds)[:MOST_POSSIBLE]),
    )
