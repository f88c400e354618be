"""Saves: a small picture and a photograph, durable when the call returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bench.bare import hash_bytes, note, open_notes, write_durably
from bench.material import LARGE, SMALL, World, make_names, make_picture, make_storage_dir, settle
from bench.timing import Operation, Result, Target, measure
from strandline import StorageDir, Store, open_store

CALLS_SMALL = 40
CALLS_LARGE = 5


def measure_saves(world: World, rounds: int) -> Iterator[Result]:
    """Into an initially empty storage directory, and into folders that the bare job and a plain copy fill."""
    home = world.copy_home("home-of-saves")
    target, bare, copies = (world.work / name for name in ("saves", "saves-bare", "saves-copied"))
    make_storage_dir(target, 0)
    bare.mkdir()
    copies.mkdir()
    database = open_notes(world.work / "saves.db", durable=True)
    with open_store(home) as store:
        sd = store.add_storage_dir(target).sd

        def save(data: bytes) -> None:
            assert store.save(data, sd=sd).new

        def write_and_commit(data: bytes) -> None:
            name = _name_of(data)
            write_durably(data, bare / name)
            note(database, name, str(len(data)))

        def hash_and_write(data: bytes) -> None:
            write_durably(data, bare / f"{hash_bytes(data)[:32]}.png")

        def copy(data: bytes) -> None:
            Path(copies, _name_of(data)).write_bytes(data)

        yield measure(
            Operation(
                "save a picture of 9 KB", lambda number: make_picture(f"save-{number}", SMALL), save,
                write_and_commit, "write, fsync, rename, fsync, commit", Target(ratio=1.8),
                copy, "plain write, not durable", CALLS_SMALL,
            ),
            rounds,
        )  # fmt: skip
        yield measure(
            Operation(
                "save a picture of 4.2 MB", lambda number: make_picture(f"save-{number}", LARGE), save,
                hash_and_write, "hash, write, fsync, rename, fsync", Target(ratio=1.5),
                copy, "plain write, not durable", CALLS_LARGE,
            ),
            rounds,
        )  # fmt: skip

    yield _measure_full(world, rounds)


def _measure_full(world: World, rounds: int) -> Result:
    """A full folder with its own home, in comparison with an empty folder with its own. What is "bare" here is
    Strandline itself.
    """
    full, empty = (world.work / name for name in ("full", "empty"))
    for root in (full, empty):
        make_storage_dir(root, 0)
    make_names(full / "media", world.files)
    settle(full / "media")
    with (
        open_store(world.work / "home-of-full") as of_full,
        open_store(world.work / "home-of-empty") as of_empty,
    ):

        def save_into(store: Store, sd: StorageDir) -> Callable[[bytes], None]:
            def save(data: bytes) -> None:
                assert store.save(data, sd=sd).new

            return save

        return measure(
            Operation(
                f"save a picture of 9 KB beside {world.files:,} others",
                lambda number: make_picture(f"full-{number}", SMALL),
                save_into(of_full, of_full.add_storage_dir(full).sd),
                save_into(of_empty, of_empty.add_storage_dir(empty).sd), "the same into an empty folder",
                Target(ratio=1.3), calls=CALLS_SMALL,
            ),
            rounds,
        )  # fmt: skip


def _name_of(data: bytes) -> str:
    return f"{data[-24:-12].hex()}.png"
