"""Subfolders: what a person who types the path of a new storage directory can choose from. Only names are read."""

from __future__ import annotations

import os

from strandline.errors import InvalidPathError
from strandline.model.suitable_folders import Subfolder, choose_subfolders, find_objection
from strandline.services.storage_dirs.paths import expand_user
from strandline.services.storage_dirs.suitable import find_facts
from strandline.services.workbench import Workbench

MOST_OFFERED = 50
"""More are not read: one goes on typing."""


def list_subfolders(bench: Workbench, typed: str) -> list[Subfolder]:
    """The folders whose paths begin with what was typed, by name; hidden ones only if their dot was typed.

    Empty if there are none, if the path is relative, or if the folder above cannot be listed now. Cost: one listing,
    and what tells whether each can be a storage directory.
    """
    above, begun = os.path.dirname(typed), os.path.basename(typed)
    try:
        parent = expand_user(above)
        if not os.path.isabs(parent):
            return []
        names = bench.folder_at(parent).list_folders()
    except (InvalidPathError, OSError):
        return []
    with bench.catalog.read() as reader:
        known = {sd.path: sd.name for sd in reader.sds.list_storage_dirs()}
    found = []
    for name in choose_subfolders(names, begun)[:MOST_OFFERED]:
        root = os.path.join(parent, name)
        objection = find_objection(find_facts(bench, root, None))
        said = None if objection is None else objection.message
        if root in known:
            said = f"It is there already, as {known[root]!r}."
        found.append(Subfolder(os.path.join(above, name), said))
    return found
