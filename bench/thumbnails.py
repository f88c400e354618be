"""Thumbnails: a vacation's photographs become small, upright copies, proven first; in comparison with libvips' own
program.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyvips  # type: ignore[import-untyped]
from PIL import Image, ImageOps

from bench.material import World, make_storage_dir
from bench.timing import Operation, Result, Target, measure
from strandline import open_store
from strandline.model.image_ids import hash_to_content_id

PHOTOS = 291
"""Maximum: one for thirty of the other topics' files, so that a small run stays small."""

MOTIFS = 3
"""Different pictures. The others differ in a comment, which costs a decoder nothing."""

PIXELS, FEW_PIXELS = (4000, 3000), (1000, 750)
"""Of a usual run, and of a small one, which only shows that everything works."""
THREADS = 2
"""Decoding threads: as many as Strandline's decoder processes. Twice as many send requests, as in the daemon."""

SIZE = 400
UPRIGHT = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
"""A camera held upright: orientation 6."""


def measure_thumbnails(world: World, rounds: int) -> Iterator[Result]:
    """All photographs, on both cores. Each round requests another size, so that no cached copy is found."""
    program = shutil.which("vipsthumbnail")
    if program is None:
        print(
            "thumbnails: not measured; vipsthumbnail is missing (apt-get install libvips-tools)",
            file=sys.stderr,
        )
        return
    root, copies = world.work / "photos", world.work / "photos-small"
    make_storage_dir(root, 0)
    copies.mkdir()
    pixels = PIXELS if world.files >= PHOTOS else FEW_PIXELS
    ids = put_photos(root / "media", min(PHOTOS, world.files // 30), pixels)
    paths = [str(root / "media" / f"{image_id}.jpg") for image_id in ids]
    with open_store(world.work / "home-of-thumbnails") as store, ThreadPoolExecutor(2 * THREADS) as pool:
        sd = store.add_storage_dir(root).sd
        for image_id in ids:
            store.get(image_id, sd)

        def ours(size: int) -> None:
            made = list(pool.map(lambda image_id: store.thumbnail(image_id, size, sd), ids))
            assert all(each.height == size for each in made)

        def by_vips(size: int) -> None:
            halves = [paths[start::THREADS] for start in range(THREADS)]
            running = [_start(program, half, size, copies) for half in halves]
            assert [each.wait() for each in running] == [0] * THREADS
            assert len(os.listdir(copies)) == len(ids)

        def by_pillow(size: int) -> None:
            list(pool.map(lambda path: _shrink(Path(path), size, copies), paths))

        megapixels = pixels[0] * pixels[1] / 1e6
        yield measure(
            Operation(
                f"{len(ids)} photos of {megapixels:.3g} MP to thumbnails", lambda number: SIZE + number, ours,
                by_vips, f"vipsthumbnail, {THREADS} processes",
                Target(ratio=1.1), by_pillow, f"Pillow, {2 * THREADS} threads",
            ),
            rounds,
        )  # fmt: skip


def put_photos(media: Path, count: int, pixels: tuple[int, int]) -> list[str]:
    """Writes this many photographs under their content ids. Returns the ids."""
    motifs = [_paint(seed, pixels) for seed in range(min(MOTIFS, count))]
    ids: list[str] = []
    for number in range(count):
        comment = f"photo {number}".encode()
        segments = b"".join(
            mark + (len(data) + 2).to_bytes(2, "big") + data
            for mark, data in ((b"\xff\xe1", UPRIGHT), (b"\xff\xfe", comment))
        )
        photo = b"\xff\xd8" + segments + motifs[number % MOTIFS][2:]
        ids.append(hash_to_content_id(photo))
        (media / f"{ids[-1]}.jpg").write_bytes(photo)
    return ids


def _paint(seed: int, pixels: tuple[int, int]) -> bytes:
    """Clouds with camera noise: about 3 MB, as from a phone."""
    width, height = pixels
    vips: Any = pyvips.Image
    bands = [
        vips.perlin(width, height, cell_size=400, seed=3 * seed + band) * 90
        + vips.gaussnoise(width, height, sigma=9, mean=128, seed=3 * seed + band)
        for band in range(3)
    ]
    picture = bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")
    return bytes(picture.jpegsave_buffer(Q=85))


def _start(program: str, paths: list[str], size: int, folder: Path) -> subprocess.Popen[bytes]:
    """One process with one thread. Two of them are faster than one with two threads."""
    environment = os.environ | {"VIPS_CONCURRENCY": "1"}
    return subprocess.Popen(
        [program, "--size", str(size), "-o", f"{folder}/%s.webp[strip]", *paths], env=environment
    )


def _shrink(path: Path, size: int, folder: Path) -> None:
    with Image.open(path) as image:
        image.draft("RGB", (size, size))
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((size, size))
        upright.save(folder / f"{path.stem}.webp")
