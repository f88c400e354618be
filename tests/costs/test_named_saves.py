"""A save into a folder of named pictures costs the same, however many pictures are known there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from builders.catalogs import sql_of
from builders.pictures import make_picture
from builders.storage import id_of
from costs.test_growth import PAGES_READ, measure_least
from strandline import NewImage, Store, open_store
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import LayoutKind

FEW, MANY = 100, 100_000
IN_A_FOLDER = 100

NEW_PICTURES = iter([make_picture("png", seed=seed, size=(8, 8)) for seed in range(2, 200)])
"""Made before, so that what it takes to make one does not count."""


def save_new(store: Store) -> None:
    """Saves a picture under a name that is taken."""
    assert store.save(next(NEW_PICTURES), sd="Vault", name="graph.png").new


def save_for_note(store: Store) -> None:
    """The same for a note, beside which it is saved."""
    assert store.save(next(NEW_PICTURES), sd="Vault", name="graph.png", note="f0/Note.md").new


def save_several(store: Store) -> None:
    """Saves ten."""
    images = [NewImage(next(NEW_PICTURES), "graph.png") for _ in range(10)]
    assert len(store.save_several(images, sd="Vault")) == 10


SAVES: dict[str, Callable[[Store], object]] = {
    "save": save_new,
    "save for a note": save_for_note,
    "save several": save_several,
}


def open_filled(folder: Path, size: int) -> Store:
    """A store with a vault of which the catalog knows this many pictures, all of them proven. A save looks at none of
    these files, so they need not be there.
    """
    root = folder / "Vault"
    for path, data in {
        ".obsidian/app.json": b'{"attachmentFolderPath": "./"}',
        "f0/Note.md": b"",
        "f0/graph.png": next(NEW_PICTURES),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    store = open_store(folder / "home")
    sd = store.add_storage_dir(root).sd
    assert sd.layout is LayoutKind.NAMED
    known = (
        (
            f"f{number // IN_A_FOLDER}/{number}.png",
            None,
            "image/png",
            f"100:{10**18 + number}:{10**6 + number}",
        )
        for number in range(size)
    )
    with store._bench.catalog.write() as writer:
        writer.files.insert_listed(sd.number, known, FileState.PRESENT, 0)
        sql_of(writer).execute(
            "UPDATE image_files SET image_id = ?, proof_kind = 'structure', proof_sha256 = 'x', proof_stamp = stamp, "
            "proven_at_us = first_seen_us, proof_whole = 1 WHERE proof_stamp IS NOT stamp",
            (id_of(b"other bytes"),),
        )
    return store


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """Vaults with few and many pictures."""
    folder = tmp_path_factory.mktemp("costs")
    with ExitStack() as stack:
        few, many = (stack.enter_context(open_filled(folder / f"{size}", size)) for size in (FEW, MANY))
        yield few, many


@pytest.mark.parametrize("name", SAVES)
def test_a_save_costs_the_same_in_a_large_vault(stores: tuple[Store, Store], name: str) -> None:
    """The same statements, opened files, and system calls for 100 pictures as for 100,000. No folder is listed."""
    few, many = (measure_least(store, SAVES[name]) for store in stores)
    assert few.statements > 0
    assert few == many
    assert many.listed == 0
    assert many.bytes_read - few.bytes_read < PAGES_READ
