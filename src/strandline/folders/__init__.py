"""Floor 2: what a storage directory holds. The only room that touches files of a storage directory.

A lookup needs few of its parts. ``local`` uses the others through this package, which loads them when they are first
used.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strandline.folders import file_tree as file_tree
    from strandline.folders import identity_files as identity_files
    from strandline.folders import identity_writes as identity_writes
    from strandline.folders import layout_look as layout_look
    from strandline.folders import media_listing as media_listing
    from strandline.folders import open_images as open_images
    from strandline.folders import opened_folders as opened_folders
    from strandline.folders import places_look as places_look
    from strandline.folders import proof_copies as proof_copies
    from strandline.folders import saving as saving
    from strandline.folders import setting_aside as setting_aside
    from strandline.folders import temporaries as temporaries
    from strandline.folders import tree as tree
    from strandline.folders import tree_walk as tree_walk

_PARTS = {
    "file_tree",
    "identity_files",
    "identity_writes",
    "layout_look",
    "media_listing",
    "open_images",
    "opened_folders",
    "places_look",
    "proof_copies",
    "saving",
    "setting_aside",
    "temporaries",
    "tree",
    "tree_walk",
}


def __getattr__(name: str) -> ModuleType:
    """The part of that name, imported now."""
    if name in _PARTS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
