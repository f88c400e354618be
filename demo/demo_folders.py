"""Builds two storage directories in the state in which sync clients leave them, from the pictures beside this file.

Nothing is staged inside the program: the folders are ordinary folders, with the same oddities that Dropbox, iCloud,
and Syncthing cause.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from pathlib import Path

PICTURES = Path(__file__).parent / "pictures"

NOTES_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
NOTES_LEGACY_ID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
"""The value in ``.sd-id``. An old program wrote it and notes refer to it, so it wins."""
TRAVEL_ID = "16fd2706-8baf-433b-82eb-8c7fada847da"

HALF = 0.4
"""The part of the half-arrived photograph that is here."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The two folders, and the images that the walk-through mentions."""

    notes: Path
    travel: Path
    photo: str
    """A JPEG that the camera stored on its side; only its EXIF says so."""
    only_in_travel: str
    """A note in Notes refers to it, but its file is in Travel."""
    half: str
    half_path: Path
    half_rest: bytes
    """The bytes that have not arrived yet."""
    in_conflict_copy: str
    evicted: str
    newcomer: Path
    """A picture that is in neither folder yet."""


def build_demo(base: Path) -> Demo:
    """Makes ``Notes`` and ``Travel`` below ``base``, a folder that must not exist yet."""
    notes, travel = base / "Notes", base / "Travel"
    for folder, identity in ((notes, NOTES_ID), (travel, TRAVEL_ID)):
        (folder / "media").mkdir(parents=True)
        (folder / "SD_ID").write_text(identity + "\n")
    (notes / ".sd-id").write_text(NOTES_LEGACY_ID + "\n")

    photo = _put(notes, "chelsea-the-cat.jpg")
    only_in_travel = _put(travel, "DSCOVR-LAUNCH.JPG")
    _put(notes, "strandline-shore.svg", image_id=str(uuid.uuid5(uuid.NAMESPACE_URL, "strandline-shore")))
    _put(notes, "tide.gif")
    _put(travel, "raccoon.heic")
    _put(travel, "hubble-deep-field.avif")
    for folder in (notes, travel):
        _put(folder, "strandline-mark.png")

    whole = (PICTURES / "coffee.jpg").read_bytes()
    half = _content_id(whole)
    half_path = notes / "media" / f"{half}.jpg"
    cut = int(len(whole) * HALF)
    half_path.write_bytes(whole[:cut])

    portrait = (PICTURES / "eileen-collins.webp").read_bytes()
    conflicted = _content_id(portrait)
    (travel / "media" / f"{conflicted} (Anna's conflicted copy 2026-11-20).webp").write_bytes(portrait)

    evicted = _content_id(b"a photograph that iCloud keeps in the cloud")
    (travel / "media" / f".{evicted}.heic.icloud").write_bytes(b"bplist00")
    (notes / "media" / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (notes / "Trip.md").write_text(
        f"# Trip\n\n![cat](media/{photo}.jpg)\n\nThe launch: ![rocket](media/{only_in_travel}.JPG)\n"
    )
    return Demo(
        notes,
        travel,
        photo,
        only_in_travel,
        half,
        half_path,
        whole[cut:],
        conflicted,
        evicted,
        PICTURES / "grace-hopper.jpg",
    )


def _put(folder: Path, name: str, *, image_id: str | None = None) -> str:
    """Stores a picture as a sync client would, under its content id. Returns the id."""
    data = (PICTURES / name).read_bytes()
    image_id = image_id or _content_id(data)
    (folder / "media" / f"{image_id}{Path(name).suffix}").write_bytes(data)
    return image_id


def _content_id(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
