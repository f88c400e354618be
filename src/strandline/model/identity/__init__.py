"""The identity of a storage directory: its ids, what was seen of its identity files, and what to conclude from it.

What decides is loaded when it is first used: most lookups find the identity that they expect.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strandline.model.identity import decisions as decisions
    from strandline.model.identity import rules as rules


def __getattr__(name: str) -> ModuleType:
    """The module of that name, imported now."""
    if name in ("decisions", "rules"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
