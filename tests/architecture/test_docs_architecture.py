"""docs/architecture.md is in step with the tree: it names every room, and everything it names exists."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SOURCE = PROJECT / "src" / "strandline"
PAGE = (PROJECT / "docs" / "architecture.md").read_text()


def list_rooms() -> set[str]:
    """The packages, and the modules that are in no room: those of the package itself and of ``services``."""
    packages = {f"{path.parent.relative_to(SOURCE).as_posix()}/" for path in SOURCE.rglob("__init__.py")} - {
        "./"
    }
    modules = {
        path.relative_to(SOURCE).as_posix()
        for path in [*SOURCE.glob("[a-z]*.py"), *SOURCE.glob("services/[a-z]*.py")]
    }
    return packages | modules


def test_every_room_is_named() -> None:
    """A new room gets its paragraph in the commit that adds it."""
    assert {room for room in list_rooms() if f"`{room}`" not in PAGE} == set()


def test_everything_that_is_named_exists() -> None:
    """Folders and modules are checked by their paths, so a renamed room takes its paragraph along."""
    named = set(
        re.findall(r"`((?:cli|web|runtime|services|folders|catalog|pictures|model)/[\w/]*(?:\.py)?)`", PAGE)
    )
    assert len(named) > 20
    assert {path for path in named if not (SOURCE / path).exists()} == set()
