"""A home with storage directories in every state that a command can meet, for the tests of command line and web."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from builders.pictures import make_picture
from strandline.model.image_ids import hash_to_content_id
from strandline.runtime.assembly import open_store

SD_ID = "6f1b2c3d-0000-4000-8000-{:012}"
NOWHERE = "0" * 32


@dataclass
class CommandHome:
    """Creates storage directories in a folder, and images in them, as a sync client would."""

    home: Path
    folder: Path
    made: int = 0

    def make_storage_dir(self, name: str = "Notes", *, is_added: bool = True) -> Path:
        """A folder with an identity and an empty media folder."""
        self.made += 1
        root = self.folder / name
        (root / "media").mkdir(parents=True)
        (root / "SD_ID").write_text(SD_ID.format(self.made) + "\n")
        if is_added:
            self.look(root)
        return root

    def look(self, *roots: Path, hours_ago: float = 0) -> None:
        """Adds and scans the storage directories and reads each of their images, with the clock this far back."""
        then = timedelta(hours=hours_ago)
        with open_store(self.home, now=lambda: datetime.now(UTC) - then) as store:
            for root in roots:
                store.add_storage_dir(root)
            for image in store.list_images(limit=1000).images:
                store.find(image.image_id)

    def put(self, root: Path, seed: int = 0, kind: str = "png") -> str:
        """Writes a good image as a client does. Returns its id."""
        data = make_picture(kind, seed=seed)
        image_id = hash_to_content_id(data)
        (root / "media" / f"{image_id}.{kind}").write_bytes(data)
        return image_id

    def put_half(self, root: Path, seed: int = 100) -> str:
        """Writes the first half of an image."""
        data = make_picture("png", seed=seed)
        image_id = hash_to_content_id(data)
        (root / "media" / f"{image_id}.png").write_bytes(data[: len(data) // 2])
        return image_id

    def put_damaged(self, root: Path) -> str:
        """Writes half an image that has not changed for more than a day."""
        image_id = self.put_half(root, seed=200)
        self.look(root, hours_ago=25)
        self.look(root)
        return image_id

    def put_foreign(self, root: Path) -> str:
        """Writes a whole image under another image's id, some time ago."""
        image_id = hash_to_content_id(make_picture("png", seed=300))
        (root / "media" / f"{image_id}.png").write_bytes(make_picture("png", seed=301))
        self.look(root, hours_ago=1)
        self.look(root)
        return image_id

    def put_placeholder(self, root: Path) -> str:
        """Writes a placeholder for an image in the cloud."""
        image_id = hash_to_content_id(make_picture("png", seed=400))
        (root / "media" / f".{image_id}.png.icloud").write_bytes(b"bplist00")
        self.look(root)
        return image_id

    def take_away(self, root: Path) -> None:
        """Removes the folder, as when a disk is unmounted."""
        shutil.move(root, self.folder / f"{root.name}, unmounted")
