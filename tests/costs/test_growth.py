"""The cost of one operation does not grow with the folder: statements, opened files, and listed folders are counted.

A home with 100 images is compared with one that has 100,000. Almost all files are hard links.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.statements import count_statements
from builders.storage import id_of, make_storage_dir
from strandline import Store, open_store

FEW, MANY = 100, 100_000
LINKS = 50_000
"""Links per file; ext4 allows 65,000."""

PICTURE = make_picture("png", seed=1, size=(8, 8))
KNOWN = id_of(PICTURE)
ABSENT = id_of(b"nobody has this")

QUESTIONS: dict[str, Callable[[Store], object]] = {
    "get": lambda store: store.get(KNOWN).read(),
    "a miss": lambda store: store.find(ABSENT),
    "exists": lambda store: store.exists(KNOWN),
    "info": lambda store: store.info(KNOWN),
    "explain": lambda store: store.explain(KNOWN),
    "a page": lambda store: store.list_images(limit=20),
}

_noted: list[Counter[str] | None] = [None]


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if (counter := _noted[0]) is None or event not in ("open", "os.scandir", "os.listdir"):
        return
    if str(arguments[0]).startswith("/proc/"):
        return  # the table of mounts is read every few seconds in any case
    counter[event] += 1


sys.addaudithook(_note)


@dataclass(frozen=True)
class Cost:
    """What one operation needed."""

    statements: int
    opened: int
    listed: int


def measure(store: Store, question: Callable[[Store], object]) -> Cost:
    """Counts what the operation needs the second time."""
    question(store)
    counter: Counter[str] = Counter()

    def ask() -> None:
        _noted[0] = counter
        try:
            question(store)
        finally:
            _noted[0] = None

    statements = count_statements(store._bench, ask)
    return Cost(statements, counter["open"], counter["os.scandir"] + counter["os.listdir"])


def open_filled(folder: Path, count: int) -> Store:
    """A store that has registered this many files in one scan and proven the requested one."""
    root = make_storage_dir(folder / "Notes", PICTURE)
    for number in range(1, count):
        path = root / "media" / f"{number:032x}.png"
        if number % LINKS == 1:
            linked = path
            path.write_bytes(PICTURE)
        else:
            os.link(linked, path)
    os.utime(root / "media", (1e9, 1e9))  # unchanged for long, so that the listing stays valid
    store = open_store(folder / "home")
    store.add_storage_dir(root)
    store.scan()
    return store


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """A small and a large one."""
    folder = tmp_path_factory.mktemp("costs")
    with open_filled(folder / "few", FEW) as few, open_filled(folder / "many", MANY) as many:
        yield few, many


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_costs_the_same_in_a_large_folder(stores: tuple[Store, Store], name: str) -> None:
    """The same statements, opened files, and listed folders for 100 images as for 100,000."""
    few, many = (measure(store, QUESTIONS[name]) for store in stores)
    assert few.statements > 0
    assert few == many


def test_the_counters_count(stores: tuple[Store, Store]) -> None:
    """A read opens a file, and a scan lists a folder, so equal counts are not all zero."""
    assert measure(stores[0], QUESTIONS["get"]).opened > 0
    assert measure(stores[0], lambda store: store.scan()).listed > 0
    few, many = (measure(store, lambda store: store.scan()) for store in stores)
    assert few.statements < many.statements
