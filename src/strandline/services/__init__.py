"""Floor 3: what Strandline does, a verb a file. Each looks, decides (in ``model``) and does.

``services.save`` and the like are loaded when they are first used, so that a command which asks one question does
not wait for all the verbs that it does not need.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strandline.services import add as add
    from strandline.services import adopt as adopt
    from strandline.services import browse as browse
    from strandline.services import confirm as confirm
    from strandline.services import copy as copy
    from strandline.services import describe as describe
    from strandline.services import explain as explain
    from strandline.services import export as export
    from strandline.services import inspect as inspect
    from strandline.services import lookup as lookup
    from strandline.services import save as save
    from strandline.services import scan as scan
    from strandline.services import storage_dirs as storage_dirs
    from strandline.services import thumbnails as thumbnails


def __getattr__(name: str) -> ModuleType:
    """The verb of that name, imported now."""
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from error
