"""The cost of one operation does not grow with the folder: all that it asks of the catalog and the system is counted.

A home with 100 images is compared with those that have 10,000 and 100,000. Almost all files are hard links. An
operation that must
look at every file may take one look at each, but must not open more files or hold more of them in memory.
"""

from __future__ import annotations

import os
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.statements import count_statements, list_statements
from builders.storage import id_of, make_storage_dir, name_of
from strandline import Store, open_store
from strandline.services.proving.backlog import verify_unproven

FEW, SOME, MANY = 100, 10_000, 100_000
LINKS = 50_000
"""Links per file; ext4 allows 65,000."""

PAGES_READ = 256 * 1024
"""Bytes of the catalog that an operation may read more in a large home."""

ROW_BYTES = 1000
"""Bytes of the catalog that a survey may read for each file: its row and the index entries, about twice."""

PICTURE = make_picture("png", seed=1, size=(8, 8))
KNOWN = id_of(PICTURE)
ABSENT = id_of(b"nobody has this")

NEW_PICTURES = iter([make_picture("png", seed=seed, size=(8, 8)) for seed in range(2, 100)])
"""Made before, so that what it takes to make one does not count."""


def save_new(store: Store) -> None:
    """Saves a picture that is in no folder."""
    (sd,) = store.list_storage_dirs()
    assert store.save(next(NEW_PICTURES), sd=sd).new
    keep_still(Path(sd.path))


def save_known(store: Store) -> None:
    """Saves a picture that is there."""
    assert not store.save(PICTURE, sd=store.list_storage_dirs()[0]).new


def prove_next(store: Store) -> None:
    """The background verifier proves one file of its backlog."""
    budget = iter([True])
    (sd,) = store.list_storage_dirs()
    assert not verify_unproven(store._bench, sd, may_read=lambda _: next(budget, False))


QUESTIONS: dict[str, Callable[[Store], object]] = {
    "get": lambda store: store.get(KNOWN).read(),
    "a miss": lambda store: store.find(ABSENT),
    "exists": lambda store: store.exists(KNOWN),
    "info": lambda store: store.info(KNOWN),
    "explain": lambda store: store.explain(KNOWN),
    "save": save_new,
    "save again": save_known,
    "prove the next of a backlog": prove_next,
}


def list_tree(store: Store) -> object:
    """A page of the inspector's tree."""
    return store.list_tree(store.list_storage_dirs()[0], folder="media", limit=20)


def inspect(store: Store) -> object:
    """Disk against catalog."""
    return store.inspect(store.list_storage_dirs()[0])


def scan_arrival(store: Store) -> None:
    """Scans after one picture arrived."""
    (sd,) = store.list_storage_dirs()
    data = next(NEW_PICTURES)
    Path(sd.path, "media", name_of(data)).write_bytes(data)
    keep_still(Path(sd.path))
    (report,) = store.scan()
    assert report.added == 1


SURVEYS: dict[str, tuple[Callable[[Store], object], float, int]] = {
    "a page of images": (lambda store: store.list_images(limit=20), 0, 1),
    "a page of the tree": (list_tree, 0.01, 1),
    "scan, nothing changed": (lambda store: store.scan(), 1.2, 300),
    "scan, one arrival": (scan_arrival, 1.2, 300),
    "inspect": (inspect, 1.2, 300),
    "status": (lambda store: store.status(), 0, 1),
}
"""What must look at every name, how many calls a file that may take, and how many bytes of memory."""

SYSTEM_CALLS = {
    "lstat",
    "stat",
    "fstat",
    "pread",
    "write",
    "fsync",
    "link",
    "rename",
    "unlink",
    "mkdir",
    "access",
}
"""By the names of Python's own functions for them."""

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
    calls: int
    """Of the system, also those that neither open nor list."""
    bytes_read: int = field(compare=False)
    """Of all files, those of the catalog included."""


def measure(store: Store, question: Callable[[Store], object]) -> Cost:
    """Counts what the operation needs the second time."""
    question(store)
    counter: Counter[str] = Counter()

    def note_call(_frame: object, event: str, called: object) -> None:
        if event == "c_call" and getattr(called, "__name__", "") in SYSTEM_CALLS:
            counter["calls"] += 1

    def ask() -> None:
        _noted[0] = counter
        sys.setprofile(note_call)
        try:
            question(store)
        finally:
            sys.setprofile(None)
            _noted[0] = None

    before = count_bytes_read()
    statements = count_statements(store._bench, ask)
    listed = counter["os.scandir"] + counter["os.listdir"]
    return Cost(statements, counter["open"], listed, counter["calls"], count_bytes_read() - before)


def measure_least(store: Store, question: Callable[[Store], object]) -> Cost:
    """The least of three: every few seconds an operation looks at the identity file again."""
    return min((measure(store, question) for _ in range(3)), key=lambda cost: (cost.opened, cost.calls))


def count_bytes_read() -> int:
    """The bytes that this process has read from files until now, cached ones included."""
    return int(Path("/proc/self/io").read_text().partition("rchar: ")[2].partition("\n")[0])


def measure_peak(store: Store, question: Callable[[Store], object]) -> int:
    """The bytes that the operation held at once."""
    tracemalloc.start()
    try:
        question(store)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def keep_still(root: Path) -> None:
    """The media folder looks unchanged for long, so a listing of it stays valid."""
    os.utime(root / "media", (1e9, 1e9))


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
    keep_still(root)
    store = open_store(folder / "home")
    store.add_storage_dir(root)
    store.scan()
    return store


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, ...]]:
    """Stores with few, some, and many images."""
    folder = tmp_path_factory.mktemp("costs")
    with ExitStack() as stack:
        yield tuple(stack.enter_context(open_filled(folder / f"{size}", size)) for size in (FEW, SOME, MANY))


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_costs_the_same_in_a_large_folder(stores: tuple[Store, ...], name: str) -> None:
    """The same statements, opened files, listed folders, and system calls for 100 images as for 100,000.

    The bytes read grow only by some pages of the catalog, whose trees become deeper.
    """
    few, some, many = (measure_least(store, QUESTIONS[name]) for store in stores)
    assert few.statements > 0
    assert few == some == many
    assert many.bytes_read - few.bytes_read < PAGES_READ


@pytest.mark.parametrize("name", SURVEYS)
def test_a_survey_looks_once_at_each_file(stores: tuple[Store, ...], name: str) -> None:
    """No file is opened, the folder is not listed more often, and neither calls nor statements grow faster."""
    survey, calls_per_file, _ = SURVEYS[name]
    few, *more = (measure(store, survey) for store in stores)
    for size, cost in zip((SOME, MANY), more, strict=True):
        assert (few.opened, few.listed) == (cost.opened, cost.listed)
        assert cost.calls - few.calls <= calls_per_file * size
        assert cost.statements - few.statements <= max(1, size / 1000)
        assert cost.bytes_read - few.bytes_read <= PAGES_READ + ROW_BYTES * size


@pytest.mark.parametrize("name", SURVEYS)
def test_a_survey_holds_little_of_each_file(stores: tuple[Store, ...], name: str) -> None:
    """Memory grows by some hundred bytes a file at most, and for a page not at all."""
    survey, _, bytes_per_file = SURVEYS[name]
    few, *more = (measure_peak(store, survey) for store in stores)
    for size, peak in zip((SOME, MANY), more, strict=True):
        assert peak - few <= bytes_per_file * size + 64 * 1024


def test_the_counters_count(stores: tuple[Store, ...]) -> None:
    """A read opens a file, and a scan lists a folder, so equal counts are not all zero."""
    assert measure(stores[0], QUESTIONS["get"]).opened > 0
    assert measure(stores[0], lambda store: store.scan()).listed > 0
    few, some, many = (measure(store, lambda store: store.scan()) for store in stores)
    assert few.statements < some.statements < many.statements
    assert few.bytes_read < many.bytes_read


def test_a_scan_that_finds_nothing_counts_no_rows(stores: tuple[Store, ...]) -> None:
    """A count of all rows takes a twentieth of such a scan."""
    statements = list_statements(stores[0]._bench, lambda: stores[0].scan())
    assert [each for each in statements if "count(*) FROM image_files WHERE sd" in each] == []
