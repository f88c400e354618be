"""Lookups: an unregistered image, one that is nowhere, and one that is known and proven."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.bare import has_file, hash_bytes, note, open_database, open_notes, read_file
from bench.material import SMALL, World, make_picture, make_storage_dir, put_picture, settle
from bench.timing import Operation, Result, Target, measure
from strandline import open_store
from strandline.model.image_ids import ImageId, hash_to_content_id
from strandline.model.media_names import candidate_names

CALLS = 50
"""Per round: the times of single lookups differ more than their medians."""


def measure_lookups(world: World, rounds: int) -> Iterator[Result]:
    """Three storage directories: the large one, one of a thousand files, and one that grows unnoticed."""
    home = world.copy_home("home-of-lookups")
    roots = [world.root, world.work / "second", world.work / "third"]
    make_storage_dir(roots[1], min(world.files, 1000), seed=1)
    make_storage_dir(roots[2], 0)
    found = Finder(roots)
    with open_store(home) as store:
        for root in roots[1:]:
            store.add_storage_dir(root)
        unseen = [
            put_picture(roots[2] / "media", make_picture(f"unseen-{number}", SMALL))
            for number in range(3 * (CALLS * rounds + 1))
        ]
        settle(roots[2] / "media")
        database = open_notes(world.work / "lookups.db", durable=False)

        def get(image_id: str) -> None:
            store.get(image_id).open().close()

        def find_and_prove(image_id: str) -> None:
            data = read_file(found.by_probing(image_id) or "")
            assert hash_bytes(data).startswith(image_id)
            note(database, image_id, str(len(data)))

        yield measure(
            Operation(
                "look up an unregistered image in the third of three SDs", lambda number: unseen[number], get,
                find_and_prove, "probes, read, hash, commit", Target(ratio=10),
                found.by_searching, "find, path only", CALLS,
            ),
            rounds,
        )  # fmt: skip

        def miss(image_id: str) -> None:
            assert store.find(image_id) is None

        yield measure(
            Operation(
                "look up an image that is in none of three SDs", lambda number: hash_to_content_id(b"%d" % number),
                miss, found.by_probing, "probes", Target(ratio=3), found.by_searching, "find", CALLS,
            ),
            rounds,
        )  # fmt: skip

        get(known := put_picture(roots[2] / "media", make_picture("known", SMALL), is_old=True))
        rows = open_database(home / "catalog.db", durable=False)

        def read_row_and_file(image_id: str) -> None:
            rows.execute("SELECT * FROM image_files WHERE image_id = ?", (image_id,)).fetchall()
            read_file(roots[2] / "SD_ID")
            read_file(roots[2] / "media" / f"{image_id}.png")

        yield measure(
            Operation(
                "get a known and proven image", lambda _: known, get,
                read_row_and_file, "row, read", Target(ratio=4), calls=CALLS,
            ),
            rounds,
        )  # fmt: skip


class Finder:
    """Finds an image's file in several storage directories without a catalog."""

    def __init__(self, roots: list[Path]) -> None:
        self._roots = [str(root) for root in roots]

    def by_probing(self, image_id: str) -> str | None:
        """Probes each possible name of the image. Reads identity and folder, as a lookup must."""
        for root in self._roots:
            read_file(f"{root}/SD_ID")
            os.lstat(f"{root}/media")
            for name in candidate_names(ImageId(image_id)):
                path = f"{root}/media/{name}"
                if has_file(path):
                    return path
        return None

    def by_searching(self, image_id: str) -> None:
        """Runs ``find``, as people do."""
        subprocess.run(
            ["find", *self._roots, "-iname", f"{image_id}.*"], check=True, stdout=subprocess.DEVNULL
        )
