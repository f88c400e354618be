"""One machine: a workbench with a clock, storage directories in a folder, and short names for what tests do there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builders.clocks import FakeClock
from builders.storage import make_storage_dir, open_bench, put_image
from strandline.model.events import Event
from strandline.model.image_files import ImageFile
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.services.finding.found_image import FoundImage
from strandline.services.finding.search import find_image
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Limits, Workbench

LEGACY_ID = ImageId("12345678-9abc-4def-8123-456789abcdef")


@dataclass
class Machine:
    """A workbench, its clock, and its folder for storage directories."""

    bench: Workbench
    clock: FakeClock
    folder: Path

    def add(self, name: str, *images: bytes) -> StorageDir:
        """Makes, adds, and scans a new storage directory with the images. They are known and unproven."""
        return self.add_again(make_storage_dir(self.folder / name, *images))

    def add_again(self, root: Path, *, read_only: bool = False) -> StorageDir:
        """Adds an existing folder."""
        return add_storage_dir(self.bench, root, read_only=read_only).sd

    def put(self, sd: StorageDir, data: bytes, name: str | None = None) -> Path:
        """Writes a file that the catalog does not know."""
        return self.media(sd) / put_image(Path(sd.path), data, name)

    def scan(self, sd: StorageDir) -> None:
        """Lists the media folder. Proves nothing."""
        scan_storage_dir(self.bench, sd, prove_arrivals=False)

    def take_away(self, sd: StorageDir) -> Path:
        """Moves the folder away, as when a disk is unmounted. Returns where it is now."""
        return Path(sd.path).rename(self.folder / f"{sd.name}, unmounted")

    def get(self, image_id: ImageId, sd: StorageDir | None = None) -> FoundImage:
        """The image, which must exist."""
        found = find_image(self.bench, image_id, sd)
        assert found is not None
        return found

    def media(self, sd: StorageDir) -> Path:
        """The media folder."""
        return Path(sd.path, "media")

    def row(self, sd: StorageDir, filename: str) -> ImageFile | None:
        """What the catalog knows about the file."""
        with self.bench.catalog.read() as reader:
            return reader.files.find_row(sd.number, f"media/{filename}")

    def list_storage_dirs(self) -> list[StorageDir]:
        """All of them, as the catalog knows them."""
        with self.bench.catalog.read() as reader:
            return reader.sds.list_storage_dirs()

    def known_state(self, sd: StorageDir) -> str:
        """The storage directory's state in the catalog. Accesses no disk."""
        return next(known.state.value for known in self.list_storage_dirs() if known.number == sd.number)

    def events(self, kind: str | None = None) -> list[Event]:
        """The journal's events, or those of one type."""
        with self.bench.catalog.read() as reader:
            events = reader.journal.list_events(since=0, limit=10_000)
        return [event for event in events if kind in (None, event.type)]


@contextmanager
def open_machine(folder: Path, *, limits: Limits | None = None) -> Iterator[Machine]:
    """A machine with its home and storage directories in the folder."""
    clock = FakeClock()
    with open_bench(folder / "home", clock, limits=limits) as bench:
        yield Machine(bench, clock, folder)
