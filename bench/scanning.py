"""Scanning: the first scan of a storage directory, a scan that finds nothing new, and the inspector.

Of a folder of named pictures, the first scan reads no bytes: a watcher does that later.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.bare import list_and_stat, open_database, walk_and_stat
from bench.material import World, make_vault
from bench.timing import Operation, Result, Target, measure
from strandline import open_store
from strandline.catalog.dialect import SQLITE
from strandline.catalog.schema import say_schema

Rows = list[tuple[Any, ...]]


def measure_scanning(world: World, rounds: int) -> Iterator[Result]:
    """First scan, rescan, and inspect. In comparison: git, which people use to see what changed in a folder."""
    git = Git(world)
    media = world.root / "media"
    tables = _read_tables(world.home / "catalog.db")

    def scan_first(home: Path) -> None:
        with open_store(home) as store:
            store.add_storage_dir(world.root)

    def list_and_insert(path: Path) -> None:
        list_and_stat(media)
        _insert(path, tables)

    first = measure(
        Operation(
            "first scan, all registered", lambda number: world.work / f"home-{number}", scan_first,
            list_and_insert, "scandir, lstat, one transaction", Target(ratio=1.6), instead_is="git add (once)",
        ),
        rounds,
    )  # fmt: skip
    first.instead.append([git.add()])
    yield first

    with open_store(world.home) as store:

        def rescan(_: None) -> None:
            before = _stamps(world.home)
            [report] = store.scan(world.root)
            assert report.unchanged == world.files
            assert not report.found_changes
            assert _stamps(world.home) == before, "a scan that finds nothing must write nothing"

        for name, ours, ratio in (
            ("scan, nothing changed", rescan, 1.6),
            ("inspect", lambda _: store.inspect(world.root), 2.5),
        ):
            yield measure(
                Operation(
                    name, lambda _number: None, ours, lambda _: list_and_stat(media), "scandir, lstat",
                    Target(ratio=ratio), lambda _: git.status(), "git status",
                ),
                rounds,
            )  # fmt: skip

    yield from _measure_named(world, rounds)


def _measure_named(world: World, rounds: int) -> Iterator[Result]:
    """First scan and rescan of pictures with people's names, in folders of twenty."""
    vault, home = world.work / "named", world.work / "home-of-named"
    make_vault(vault, world.files)

    def scan_first(home: Path) -> None:
        with open_store(home) as store:
            store.add_storage_dir(vault, prove_all=False)

    def walk_and_insert(path: Path) -> None:
        walk_and_stat(str(vault))
        _insert(path, tables)

    scan_first(home)
    tables = _read_tables(home / "catalog.db")
    yield measure(
        Operation(
            "first scan of named pictures", lambda number: world.work / f"named-home-{number}", scan_first,
            walk_and_insert, "walk, lstat, one transaction", Target(ratio=1.5),
        ),
        rounds,
    )  # fmt: skip
    with open_store(home) as store:
        store.scan(vault)  # reads all

        def rescan(_: None) -> None:
            before = _stamps(home)
            [report] = store.scan(vault)
            assert (report.unchanged, report.found_changes) == (world.files, False)
            assert _stamps(home) == before, "a scan that finds nothing must write nothing"

        yield measure(
            Operation(
                "scan of named pictures, nothing changed", lambda _number: None, rescan,
                lambda _: walk_and_stat(str(vault)), "walk, lstat", Target(ratio=1.5),
            ),
            rounds,
        )  # fmt: skip


class Git:
    """A repository beside the storage directory, so that the folder does not change."""

    def __init__(self, world: World) -> None:
        self._environment = {
            **os.environ,
            "GIT_DIR": str(world.work / "git"),
            "GIT_WORK_TREE": str(world.root),
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        self._run("init", "--quiet")

    def add(self) -> float:
        """Adds all files. Returns the duration in seconds."""
        started = time.perf_counter()
        self._run("add", "--all")
        return time.perf_counter() - started

    def status(self) -> None:
        """Asks what has changed."""
        self._run("status", "--porcelain")

    def _run(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], env=self._environment, check=True, stdout=subprocess.DEVNULL)


def _read_tables(catalog: Path) -> dict[str, Rows]:
    """What the first scan wrote, in the order of the keys, which is the fastest to insert."""
    database = open_database(catalog, durable=False)
    tables = {
        table: database.execute(f"SELECT * FROM {table} ORDER BY {key}").fetchall()
        for table, key in (("storage_dirs", "number"), ("image_files", "sd, path"))
    }
    database.close()
    return tables


def _insert(path: Path, tables: dict[str, Rows]) -> None:
    """A new catalog with these rows, from one transaction."""
    database = open_database(path.with_suffix(".db"), durable=False)
    database.executescript(say_schema(SQLITE))
    database.execute("BEGIN")
    for table, rows in tables.items():
        marks = ", ".join("?" * len(rows[0]))
        database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    database.execute("COMMIT")
    database.close()


def _stamps(home: Path) -> list[tuple[int, int]]:
    found = [path.stat() for path in sorted(home.glob("catalog.db*")) if path.suffix != ".db-shm"]
    return [(seen.st_size, seen.st_mtime_ns) for seen in found]
