"""A catalog that was cut, overwritten, or lost its log recovers, or says how to start again. No folder is harmed.

The catalog can be rebuilt from the storage directories (SPEC §1), so at worst there is one line that says so. What
surprises: SQLite reads only the pages that it needs, so a broken catalog may serve one command and fail the next.
There must never be an internal error, or a change in a storage directory.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders.snapshots import snapshot
from builders.storage import id_of
from fault_kit.operations import OTHERS, SAVES, Operation, make_world
from fault_kit.power_cuts import SHARED_MEMORY
from fault_kit.supervised import KILLED, Run, Supervisor
from fault_kit.worlds import World

PAGE_BYTES = 4096
GARBAGE = random.Random(1).randbytes(PAGE_BYTES)
SAVE = next(operation for operation in SAVES if operation.name == "save, scratch")
"""Into a storage directory with other images, so that the catalog has rows of every kind."""

COMMANDS = [
    ("ls",),
    ("sd", "list"),
    ("scan",),
    ("get", id_of(OTHERS[0]), "-o", "{folder}/out.png"),
    ("inspect",),
    ("doctor",),
    ("catalog", "export"),
    ("watch", "--once"),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A home with a storage directory of three images."""
    with make_world(tmp_path, SAVE) as made:
        yield made


def _cut(length: int) -> Callable[[Path], None]:
    return lambda catalog: os.truncate(catalog, length if length >= 0 else catalog.stat().st_size + length)


def _make_folder(catalog: Path) -> None:
    catalog.unlink()
    catalog.mkdir()


def _overwrite(at: int, data: bytes = GARBAGE) -> Callable[[Path], None]:
    def damage(catalog: Path) -> None:
        with catalog.open("r+b") as file:
            file.seek(at)
            file.write(data)

    return damage


LENGTHS = (15, 16, 50, 99, 100, 512, PAGE_BYTES - 1, PAGE_BYTES, 5 * PAGE_BYTES, -PAGE_BYTES)
DAMAGES: dict[str, Callable[[Path], object]] = {
    **{f"cut to {length}": _cut(length) for length in LENGTHS},
    "another file": lambda catalog: catalog.write_bytes(GARBAGE),
    "a folder": _make_folder,
    "a text": lambda catalog: catalog.write_text("not found\n"),
    "zeros": lambda catalog: catalog.write_bytes(bytes(catalog.stat().st_size)),
    "garbage in its header": _overwrite(16, GARBAGE[:84]),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_broken_catalog_says_how_to_go_on(
    world: World, runs: Supervisor, damage: Callable[[Path], object]
) -> None:
    """Exit status 8 and a line that says what to do; of ``doctor``, among its checks. Then all images are back."""
    catalog = world.home / "catalog.db"
    damage(catalog)
    broken, folders = _read(catalog), snapshot(world.sds)
    for command in COMMANDS:
        run = _run(world, runs, *command)
        is_doctor = command == ("doctor",)
        said = run.stdout if is_doctor else run.stderr
        assert run.status == (1 if is_doctor else 8), (command, run)
        assert "catalog" in said
        assert "; " in said
    assert _read(catalog) == broken
    assert snapshot(world.sds) == folders
    catalog.rename(world.folder / "broken.db")
    assert _run(world, runs, "sd", "add", "{one}").status == 0
    for number, data in enumerate(OTHERS):
        assert _run(world, runs, "get", id_of(data), "-o", f"{{folder}}/{number}.png").status == 0
        assert (world.folder / f"{number}.png").read_bytes() == data


@pytest.mark.parametrize("length", [0, 1])
def test_an_emptied_catalog_is_a_new_one(world: World, runs: Supervisor, length: int) -> None:
    """The catalog is empty. Adding the folder again restores everything."""
    os.truncate(world.home / "catalog.db", length)
    folders = snapshot(world.sds)
    assert _run(world, runs, "sd", "list").json == {"sds": []}
    assert _run(world, runs, "sd", "add", "{one}").status == 0
    assert snapshot(world.sds) == folders
    for data in OTHERS:
        assert _run(world, runs, "exists", id_of(data)).status == 0


def test_garbage_in_any_page_is_no_fault(world: World, runs: Supervisor) -> None:
    """Each page in turn: every command works or reports a damaged catalog, and no folder is touched."""
    pages = (world.home / "catalog.db").stat().st_size // PAGE_BYTES
    assert pages > 10
    found = 0
    for page in range(1, pages):
        world.put_back()
        _overwrite(page * PAGE_BYTES)(world.home / "catalog.db")
        folders = snapshot(world.sds)
        statuses = {command: _run(world, runs, *command).status for command in (("scan",), ("doctor",))}
        assert set(statuses.values()) <= {0, 1, 8}, (page, statuses)
        assert snapshot(world.sds) == folders
        found += statuses["doctor",] != 0
    assert found == pages - 1, "doctor reads every page"


def test_whatever_becomes_of_the_log_the_image_is_found(world: World, runs: Supervisor) -> None:
    """After a kill, the log is deleted, cut at any frame, or garbled: a scan finds what was saved."""
    job = SAVE.job(world)
    done = runs.run(job)
    after = world.picture()
    before_the_end = next(n for n, call in enumerate(done.calls, 1) if _is_checkpoint(call.name, call.path))
    frame_bytes, header_bytes = PAGE_BYTES + 24, 32

    def crash() -> tuple[Path, Path]:
        world.put_back()
        assert runs.kill_at(job, before_the_end).status == KILLED
        log = world.home / "catalog.db-wal"
        assert log.stat().st_size > 2 * frame_bytes
        return log, world.home / f"catalog.db{SHARED_MEMORY}"

    def check(what: str) -> None:
        found = world.picture()
        assert replace(found, names=after.names) == after, what
        assert found.names <= after.names, what  # only the log knew what the image was called

    log, memory = crash()
    size_bytes = log.stat().st_size
    check("as it was left")
    for names in (["-wal"], [SHARED_MEMORY], ["-wal", SHARED_MEMORY]):
        crash()
        for name in names:
            (world.home / f"catalog.db{name}").unlink()
        check(f"without {names}")
    for length in sorted(
        {0, 16, *(header_bytes + n * frame_bytes + odd for n in range(9) for odd in (0, 100))}
    ):
        if length < size_bytes:
            log, _ = crash()
            os.truncate(log, length)
            check(f"log cut to {length}")
    for at in (0, header_bytes, header_bytes + frame_bytes, size_bytes - 100):
        log, _ = crash()
        _overwrite(at, GARBAGE[:100])(log)
        check(f"garbage in the log at {at}")
    _, memory = crash()
    _overwrite(0)(memory)
    check("garbage in the memory")


def _is_checkpoint(call: str, path: str) -> bool:
    return call == "pwrite64" and path.endswith("catalog.db")


def _run(world: World, runs: Supervisor, *arguments: str) -> Run:
    run = runs.run(Operation("", lambda _: None, arguments).job(world))
    assert "Traceback" not in run.stderr
    assert "internal error" not in run.stderr
    return run


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
