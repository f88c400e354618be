"""One machine with a storage directory in a bucket, and another program that uses the same bucket."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from builders.clocks import FakeClock
from builders.s3_server import OtherProgram, S3Server
from builders.storage import name_of
from strandline.model.events import ImageEvent
from strandline.model.image_files import ImageFile
from strandline.model.reports import ScanReport
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.assembly import LocalStore, open_store
from strandline.services.workbench import Stillness


@dataclass
class BucketMachine:
    """A store, its clock, and what another program does in the bucket."""

    store: LocalStore
    clock: FakeClock
    other: OtherProgram

    @property
    def sd(self) -> StorageDir:
        """The storage directory as it is now."""
        (sd,) = self.store.refresh_storage_dirs([self.store.get_storage_dir(self.other.address)])
        return sd

    def add(self, *images: bytes, read_only: bool = False) -> StorageDir:
        """Another program uploads an identity and the images, and then the prefix is added."""
        if images and not read_only and self.other.get("SD_ID") is None:
            self.other.put("SD_ID", f"{uuid.uuid4()}\n".encode())
        for data in images:
            self.put(data)
        return self.store.add_storage_dir(self.other.address, read_only=read_only).sd

    def put(self, data: bytes, name: str | None = None) -> str:
        """Another program uploads an image. Returns its name."""
        name = name or name_of(data)
        self.other.put(f"media/{name}", data)
        return name

    def scan(self) -> ScanReport:
        """One scan, as a command runs it."""
        (report,) = self.store.scan(self.sd)
        return report

    def row(self, name: str) -> ImageFile | None:
        """What the catalog knows about the file."""
        with self.store.bench.catalog.read() as reader:
            return reader.files.find_row(self.sd.number, f"media/{name}")

    def told(self) -> list[tuple[str, str]]:
        """The image events of the journal: type without ``image.``, and file name."""
        return [
            (event.type.removeprefix("image."), event.filename)
            for event in self.store.events(limit=1000)
            if isinstance(event, ImageEvent)
        ]


@contextmanager
def open_bucket_machine(
    home: Path,
    server: S3Server,
    other: OtherProgram,
    *,
    endpoint: str | None = None,
    retries: int = 0,
    clock: FakeClock | None = None,
    catalog_url: str = "",
    overrides: Mapping[str, int | float | str] = MappingProxyType({}),
) -> Iterator[BucketMachine]:
    """A machine with this home. ``endpoint`` is a proxy in front of the server, ``catalog_url`` a shared catalog.
    ``overrides`` are more settings.
    """
    clock = clock or FakeClock()
    options = server.options
    settings: dict[str, int | float | str] = {
        "catalog.url": catalog_url,
        "s3.endpoint": endpoint or options.endpoint,
        "s3.timeout_s": 1.0 if endpoint else options.timeout_s,
        "s3.retries": retries if endpoint else options.retries,
        "read.io_timeout_s": 2.0 if endpoint else 5.0,
        **overrides,
    }
    with open_store(home, overrides=settings, now=clock.now) as store:
        bench = store.bench
        bench.monotonic, bench.sleep, bench.stillness = (
            clock.monotonic,
            clock.sleep,
            Stillness(clock.monotonic),
        )
        yield BucketMachine(store, clock, other)
