"""Floor 3: what Strandline does, in rooms. Each room looks, decides (in ``model``), and does.

Services are loaded when they are first used, so a command with one question does not load the others.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strandline.services import access_tokens as access_tokens
    from strandline.services import audit as audit
    from strandline.services import gallery as gallery
    from strandline.services import journal as journal
    from strandline.services import status as status
    from strandline.services import thumbnails as thumbnails
    from strandline.services.checking import known_notes as known_notes
    from strandline.services.checking import memory as memory
    from strandline.services.checking import open_references as open_references
    from strandline.services.checking import uses as uses
    from strandline.services.collecting import collect as collect
    from strandline.services.copying import copies as copies
    from strandline.services.copying import duplicates as duplicates
    from strandline.services.copying import move as move
    from strandline.services.exporting import export_catalog as export_catalog
    from strandline.services.exporting import export_images as export_images
    from strandline.services.finding import by_name as by_name
    from strandline.services.finding import describe as describe
    from strandline.services.finding import explain as explain
    from strandline.services.finding import found_image as found_image
    from strandline.services.finding import look_up as look_up
    from strandline.services.finding import search as search
    from strandline.services.importing import import_catalog as import_catalog
    from strandline.services.importing import import_images as import_images
    from strandline.services.importing import preview as preview
    from strandline.services.inspecting import browse as browse
    from strandline.services.inspecting import inspect as inspect
    from strandline.services.rescuing import provide as provide
    from strandline.services.rescuing import rescue as rescue
    from strandline.services.rescuing import wanted as wanted
    from strandline.services.resolving import choose as choose
    from strandline.services.resolving import listing as listing
    from strandline.services.resolving import resolve as resolve
    from strandline.services.saving import adopt as adopt
    from strandline.services.saving import copy as copy
    from strandline.services.saving import intake as intake
    from strandline.services.saving import placing as placing
    from strandline.services.saving import put_back as put_back
    from strandline.services.saving import save as save
    from strandline.services.saving import save_several as save_several
    from strandline.services.saving import take_in as take_in
    from strandline.services.scanning import last_scans as last_scans
    from strandline.services.scanning import scan as scan
    from strandline.services.storage_dirs import add as add
    from strandline.services.storage_dirs import confirm as confirm
    from strandline.services.storage_dirs import manage as manage
    from strandline.services.storage_dirs import presence as presence
    from strandline.services.storage_dirs import subfolders as subfolders
    from strandline.services.storage_dirs import writing as writing
    from strandline.services.trashing import contents as contents
    from strandline.services.trashing import delete as delete
    from strandline.services.verifying import heal as heal
    from strandline.services.verifying import verify as verify

_ROOMS = {
    "checking": ("known_notes", "memory", "open_references", "uses"),
    "collecting": ("collect",),
    "copying": ("copies", "duplicates", "move"),
    "exporting": ("export_catalog", "export_images"),
    "finding": ("by_name", "describe", "explain", "found_image", "look_up", "search"),
    "importing": ("import_catalog", "import_images", "preview"),
    "inspecting": ("browse", "inspect"),
    "rescuing": ("provide", "rescue", "wanted"),
    "resolving": ("choose", "listing", "resolve"),
    "saving": ("adopt", "copy", "intake", "placing", "put_back", "save", "save_several", "take_in"),
    "scanning": ("last_scans", "scan"),
    "storage_dirs": ("add", "confirm", "manage", "presence", "subfolders", "writing"),
    "trashing": ("contents", "delete"),
    "verifying": ("heal", "verify"),
}
_MODULES = {name: f"{room}.{name}" for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> ModuleType:
    """The module of that name, imported now. From then on, it is an attribute like any other."""
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        module = globals()[name] = import_module(f"{__name__}.{_MODULES.get(name, name)}")
    except ModuleNotFoundError as error:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from error
    return module
