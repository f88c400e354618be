"""A vault of somebody who travels: pictures in nested folders, one twice, one half, and one that a note misses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving
from strandline.runtime.assembly import open_store

CASTLE, SOUP, VIEW = (make_picture("png", seed=seed, size=(64, 48)) for seed in range(3))
TRAM = make_picture("png", seed=3, size=(64, 48))

RECIPES = "# Soup\n\n![[soup.png]] and ![[never here.png]]\n"
LISBON = "# Lisbon\n\n![[lost view.png]]\n\n![the castle](Lisbon/castle.png)\n"


def make_travel_vault(root: Path) -> Path:
    """A vault of Obsidian, with everything in it."""
    put(root, ".obsidian/app.json", b"{}")
    put(root, "Trips/Lisbon.md", LISBON.encode())
    put(root, "Food/Recipes.md", RECIPES.encode())
    put(root, "Trips/Lisbon/castle.png", CASTLE)
    put(root, "Trips/Lisbon/tram 28.png", TRAM[: len(TRAM) // 2])
    put(root, "Trips/Lisbon/lost view.png", VIEW)
    put(root, "Food/soup.png", SOUP)
    put(root, "attachments/castle again.png", CASTLE)
    put(root, "attachments/view.png", VIEW)
    return root


@contextmanager
def serving_travel_vault(folder: Path) -> Iterator[Served]:
    """Serves a new home with the vault, ``Vault``, whose lost view was seen and is gone."""
    root = make_travel_vault(folder / "Vault")
    with open_store(folder / "home") as store:
        store.add_storage_dir(root)
        (root / "Trips/Lisbon/lost view.png").unlink()
        store.scan("Vault")
        with serving(store) as served:
            yield served
