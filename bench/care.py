"""Care: photographs are imported from a folder, and all bytes of a storage directory are read again."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

from bench.bare import write_durably
from bench.material import LARGE, World, make_picture, make_storage_dir
from bench.timing import Operation, Result, Target, measure
from strandline import open_store

PHOTOS = 120
"""Of 4.2 MB each, for one import: half a GB, so that opening the store does not count."""

VERIFIED = 60


def measure_care(world: World, rounds: int) -> Iterator[Result]:
    """Each import into a new storage directory with a home of its own. Verified is one folder, again and again."""
    card = world.work / "card"
    card.mkdir()
    for number in range(PHOTOS):
        (card / f"IMG_{number:04}.png").write_bytes(make_picture(f"card-{number}", LARGE))
    photos = sorted(card.iterdir())
    numbers = count()

    def make_target(_: int) -> Path:
        number = next(numbers)
        shutil.rmtree(world.work / f"import-{number - 1}", ignore_errors=True)
        target = world.work / f"import-{number}"
        make_storage_dir(target / "Photos", 0)
        return target

    def import_all(target: Path) -> None:
        with open_store(target / "home") as store:
            store.add_storage_dir(target / "Photos")
            report = store.import_images(photos, sd="Photos")
            assert len(report.done) == PHOTOS

    def copy_durably(target: Path) -> None:
        for path in photos:
            write_durably(path.read_bytes(), target / "Photos" / path.name)

    def copy(target: Path) -> None:
        for path in photos:
            shutil.copy2(path, target / "Photos" / path.name)

    yield measure(
        Operation(
            f"import {PHOTOS} photographs of 4.2 MB", make_target, import_all,
            copy_durably, "copy each durably", Target(ratio=1.25), copy, "plain copies, not durable",
        ),
        rounds,
    )  # fmt: skip

    with open_store(world.work / "home-of-verified") as store:
        make_storage_dir(world.work / "verified", 0)
        store.add_storage_dir(world.work / "verified")
        store.import_images(photos[:VERIFIED], sd="verified")
        media = world.work / "verified" / "media"

        def verify(_: int) -> None:
            assert not store.verify(older_than=timedelta(0)).findings

        def hash_all(_: int) -> None:
            for path in media.iterdir():
                with path.open("rb") as file:
                    hashlib.file_digest(file, "sha256")

        yield measure(
            Operation(
                f"verify {VERIFIED} images of 4.2 MB", lambda number: number, verify,
                hash_all, "hashlib.file_digest of each", Target(ratio=1.11),
            ),
            rounds,
        )  # fmt: skip
