"""A vault as a note taker has it, for tests that save into it, and what they ask of it."""

from __future__ import annotations

import json
from pathlib import Path

from builders.pictures import make_picture
from strandline.model.events import Event
from strandline.model.image_files import ImageFile
from strandline.model.storage_dirs import StorageDir
from strandline.services.workbench import Workbench


def make_named_vault(root: Path, picture: bytes) -> Path:
    """A vault of Obsidian, whose pictures go into ``Files``, with two pictures and two notes."""
    put(root, ".obsidian/app.json", json.dumps({"attachmentFolderPath": "Files"}).encode())
    put(root, "Note.md", b"![[graph.png]]")
    put(root, "Study/Deep/Note.md", b"")
    put(root, "Study/graph.png", picture)
    put(root, "Photo.JPG", make_picture("jpg", seed=9))
    return root


def put(root: Path, path: str, data: bytes) -> None:
    """A person or a sync client writes a file."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(data)


def choose(vault: Path, wish: str) -> None:
    """The person chooses another place in Obsidian."""
    (vault / ".obsidian/app.json").write_text(json.dumps({"attachmentFolderPath": wish}))


def find_row(bench: Workbench, sd: StorageDir, path: str) -> ImageFile:
    """The row of the file."""
    with bench.catalog.read() as reader:
        row = reader.files.find_row(sd.number, path)
    assert row is not None
    return row


def list_events(bench: Workbench) -> list[Event]:
    """All events in the journal, oldest first."""
    with bench.catalog.read() as reader:
        return reader.journal.list_events(since=0, limit=10_000)


def list_files(root: Path) -> dict[str, bytes]:
    """All files, hidden ones included, by path."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
