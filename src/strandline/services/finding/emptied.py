"""Emptied folders: a lookup that misses a file checks whether all are gone, as the next scan will see (SPEC §6).

Otherwise a folder whose share is only half there would answer "it is nowhere" until somebody scans.
"""

from __future__ import annotations

from dataclasses import replace

from strandline.model.listing import is_too_much_gone, say_too_much_gone
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.services.workbench import Workbench

FILES_ASKED = 64
"""A folder of named pictures with more is not asked about: only a scan can tell what is gone there."""


def doubt_if_emptied(bench: Workbench, sd: StorageDir) -> StorageDir:
    """The SD as suspect, if none of its known files is there, and there were several. Writes nothing.

    Ask only if a file that should be there is not. Cost: two statements, and a listing up to the first image, or an
    ``lstat`` for each of a few files.
    """
    if sd.state is not StorageDirState.ONLINE or not sd.is_on_disk:
        return sd
    with bench.catalog.read() as reader:
        known = reader.files.count_expected(sd.number)
        paths = reader.files.list_some_paths(sd.number, limit=FILES_ASKED + 1)
    if not is_too_much_gone(known, known) or not _is_emptied(bench, sd, paths):
        return sd
    return replace(sd, state=StorageDirState.SUSPECT, problem=say_too_much_gone(known, known, sd))


def _is_emptied(bench: Workbench, sd: StorageDir, paths: list[str]) -> bool:
    folder = bench.folder(sd)
    try:
        if folder.layout.names_are_ids:
            look = folder.look_at_layout()
            return look.is_known and look.id_name is None
        return len(paths) <= FILES_ASKED and not folder.probe(map(folder.layout.name_of, paths))
    except OSError:
        return False
