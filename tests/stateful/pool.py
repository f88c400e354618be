"""The pictures that the simulator's people and sync clients move around, and what any bytes mean.

Each has a different size. So two contents never agree in size, mtime, and inode, which ``lstat`` could not
distinguish (hazard H29). Everything else can be distinguished.
"""

from __future__ import annotations

import hashlib
import uuid
from functools import cache

from builders.pictures import make_picture
from strandline.model.image_ids import ImageId

KINDS = ("png", "jpg", "gif", "svg", "webp", "avif", "heic", *("png", "jpg") * 5)
"""The kinds of the pictures with content ids, in order."""

LAST = len(KINDS) - 1
"""The picture whose name only gets obstructed. It is never saved or brought."""

LEGACY_KINDS = ("png", "jpg", "gif")
"""Families whose structure shows every hole, so the simulator knows that cut bytes are never whole."""


END_BYTES = {".png": 12, ".gif": 2}
"""Bytes after the last row. Without them the structure is not whole, but the picture still decodes."""


@cache
def list_pictures() -> tuple[bytes, ...]:
    """Small pictures, all of different sizes."""
    return tuple(_with_sizes_of_their_own(KINDS, first_seed=100))


@cache
def list_legacy_pictures() -> tuple[tuple[str, bytes, bytes], ...]:
    """A file name with a legacy id, and the two whole pictures that may have it."""
    one = _with_sizes_of_their_own(LEGACY_KINDS, first_seed=300, taken=list_pictures())
    other = _with_sizes_of_their_own(LEGACY_KINDS, first_seed=500, taken=(*list_pictures(), *one))
    names = [f"{uuid.UUID(int=number + 1, version=4)}.{kind}" for number, kind in enumerate(LEGACY_KINDS)]
    return tuple(zip(names, one, other, strict=True))


@cache
def list_own_names() -> frozenset[str]:
    """The file names under the content ids of the pictures that came with legacy ids."""
    return frozenset(
        f"{id_of_bytes(data)}{name[-4:]}" for name, *both in list_legacy_pictures() for data in both
    )


def get_legacy_picture(number: int) -> tuple[str, bytes]:
    """File name and bytes of one picture with a legacy id: first the first of each name, then the second."""
    names = list_legacy_pictures()
    name, *both = names[number % len(names)]
    return name, both[number // len(names) % 2]


@cache
def name_of_picture(number: int) -> str:
    """The file name under the content id."""
    data = list_pictures()[number % len(KINDS)]
    return f"{id_of_bytes(data)}.{KINDS[number % len(KINDS)]}"


@cache
def id_of_bytes(data: bytes) -> ImageId:
    """The content id, computed independently of the tested code."""
    return ImageId(hashlib.sha256(data).hexdigest()[:32])


@cache
def list_whole() -> frozenset[bytes]:
    """The bytes of all whole pictures."""
    legacy = [data for _, *both in list_legacy_pictures() for data in both]
    return frozenset((*list_pictures(), *legacy))


def is_whole(data: bytes) -> bool:
    """Whether the bytes are a whole picture. A drawing without its final newline is whole, too."""
    return data in list_whole() or data + b"\n" in list_whole()


def is_right(filename: str, data: bytes) -> bool:
    """Whether the bytes may be shown under the file name, at once or after a quiet time."""
    image_id = filename.partition(".")[0].lower()
    if len(image_id) == 32:
        return id_of_bytes(data) == image_id
    return data in list_whole() or lacks_only_its_end(filename, data)


def lacks_only_its_end(filename: str, data: bytes) -> bool:
    """Whether it is a picture with a legacy id that has all of its rows, but not everything after them."""
    most = END_BYTES.get(filename[-4:].lower(), 0)
    return any(
        whole.startswith(data) and 0 < len(whole) - len(data) <= most
        for name, *both in list_legacy_pictures()
        for whole in both
        if name == filename.lower()
    )


def _make(kind: str, seed: int) -> bytes:
    return (
        make_picture(kind, seed=seed)
        if kind == "heic"
        else make_picture(kind, seed=seed, size=(8 + seed % 5, 9))
    )


def _with_sizes_of_their_own(
    kinds: tuple[str, ...], *, first_seed: int, taken: tuple[bytes, ...] = ()
) -> list[bytes]:
    sizes = {len(data) for data in taken}
    made: list[bytes] = []
    for kind in kinds:
        seed = first_seed
        while len(data := _make(kind, seed)) in sizes:
            seed += 1
        sizes.add(len(data))
        made.append(data)
        first_seed = seed + 1
    return made
