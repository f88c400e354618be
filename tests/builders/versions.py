"""A vault in which a sync client kept two versions of one picture."""

from __future__ import annotations

import os
from pathlib import Path

from builders.machine import Machine
from builders.pictures import make_picture
from strandline.model.storage_dirs import StorageDir
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.trashing.contents import list_trash
from strandline.services.trashing.trash import file_of

MINE, THEIRS, OTHER = (make_picture("png", seed=seed) for seed in range(3))
FILE, COPY = "pictures/sea.png", "pictures/sea.sync-conflict-20260101-101010-ABCDEFG.png"
BESIDE = "pictures/sea, other version.png"


def make_versions(machine: Machine) -> StorageDir:
    """A vault with two versions of one picture, which a note names."""
    root = machine.folder / "vault"
    (root / "pictures").mkdir(parents=True)
    (root / "Note.md").write_text("![[sea.png]]")
    (root / FILE).write_bytes(MINE)
    (root / COPY).write_bytes(THEIRS)
    sd = add_storage_dir(machine.bench, root).sd
    machine.clock.pass_time(minutes=10)
    scan_storage_dir(machine.bench, sd)
    return sd


def see(sd: StorageDir) -> dict[str, bytes]:
    """All pictures of the vault."""
    root = Path(sd.path)
    return {
        f"pictures/{name}": (root / "pictures" / name).read_bytes() for name in os.listdir(root / "pictures")
    }


def list_pictures_in_trash(machine: Machine) -> list[bytes]:
    """The bytes of what is in the trash."""
    return [file_of(machine.bench, entry).read_bytes() for entry in list_trash(machine.bench)]
