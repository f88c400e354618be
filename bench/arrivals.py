"""Arrivals: a sync client renames a picture into place, and the watcher proves, registers and announces it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from inotify_simple import INotify, flags  # type: ignore[import-untyped]

from bench.bare import hash_bytes, note, open_notes, read_file
from bench.material import SMALL, World, make_picture, make_storage_dir, put_picture
from bench.timing import Operation, Result, Target, measure
from strandline import open_store
from strandline.model.events import Event
from strandline.model.identity.sd_ids import StorageDirId

CALLS = 40


def measure_arrivals(world: World, rounds: int) -> Iterator[Result]:
    """Into a storage directory beside the large one, whose background proofs are off."""
    home = world.copy_home("home-of-arrivals")
    waiting, arriving, bare = (world.work / name for name in ("waiting", "arriving", "arriving-bare"))
    make_storage_dir(arriving, 0)
    waiting.mkdir()
    bare.mkdir()
    database = open_notes(world.work / "arrivals.db", durable=False)
    with (
        open_store(home, overrides={"watch.verify_bytes_per_hour": 0}) as store,
        INotify() as inotify,
    ):
        store.add_storage_dir(arriving)
        inotify.add_watch(bare, flags.MOVED_TO)

        def arrive_bare(name: str) -> None:
            (waiting / name).rename(bare / name)
            [event] = inotify.read()
            data = read_file(bare / event.name)
            assert name.startswith(hash_bytes(data)[:32])
            note(database, name, str(len(data)))

        with store.watch() as events:
            _wait_for_scans(events, {sd.sd_id for sd in store.list_storage_dirs()})

            def arrive(name: str) -> None:
                (waiting / name).rename(arriving / "media" / name)
                _wait_for(events, name)

            yield measure(
                Operation(
                    "arrival, from rename to event", lambda number: _put(waiting, str(number)), arrive, arrive_bare,
                    "inotify, read, hash, commit", Target(median_s=0.020, p99_s=0.100), calls=CALLS,
                ),
                rounds,
            )  # fmt: skip
    shutil.rmtree(waiting)


def _put(waiting: Path, text: str) -> str:
    return put_picture(waiting, make_picture(f"arrival-{text}", SMALL)) + ".png"


def _wait_for_scans(events: Iterator[Event], sd_ids: set[StorageDirId | None]) -> None:
    """Returns when the watcher's first scan of each storage directory has ended."""
    for event in events:
        if event.type == "scan.finished":
            sd_ids.discard(event.sd_id)
            if not sd_ids:
                return


def _wait_for(events: Iterator[Event], name: str) -> None:
    for event in events:
        if event.type == "image.available" and event.to_json()["filename"] == name:
            return
