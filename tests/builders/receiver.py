"""A machine that receives: a store that watches a storage directory while a sync client fills it."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builders.pictures import extension_of, make_picture
from builders.watching import LIMIT_S, EventReader
from strandline.errors import ImageNotFoundError
from strandline.model.events import Event, ImageAvailable
from strandline.model.image_ids import is_content_id
from strandline.runtime.assembly import LocalStore, open_store

KINDS = ("jpg", "png", "gif", "webp", "svg", "heic", "avif")


def make_large_picture(seed: int, size_bytes: int) -> bytes:
    """A PNG of about that size: it takes several writes, and so can be met in the middle of one."""
    side = int((size_bytes / 1.6) ** 0.5)
    return make_picture("png", seed=seed, size=(side, side))


def put_pictures(media: Path, pictures: dict[str, bytes]) -> None:
    """Writes the pictures where a sync client takes them from."""
    media.mkdir(parents=True, exist_ok=True)
    for name, data in pictures.items():
        (media / name).write_bytes(data)


def make_mixed_pictures(each: int, *, first_seed: int = 0) -> dict[str, bytes]:
    """So many small pictures of every kind, by file name."""
    made = [(kind, make_picture(kind, seed=first_seed + i)) for kind in KINDS for i in range(each)]
    return {name_of(data, extension_of(kind)): data for kind, data in made}


def name_of(data: bytes, extension: str) -> str:
    """The file name under the bytes' content id."""
    return f"{hashlib.sha256(data).hexdigest()[:32]}.{extension}"


class Receiver:
    """The receiving machine: its store, what it was told, and a reader that asks for images all the time."""

    def __init__(self, store: LocalStore, root: Path, events: EventReader) -> None:
        self.store = store
        self.root = root
        self.events = events

    def wait_for(self, pictures: dict[str, bytes]) -> None:
        """Waits until each was announced; then each was announced once, and is handed out byte by byte."""
        wanted = pictures.keys()
        self.events.wait_until(
            lambda events: wanted <= {e.filename for e in events if isinstance(e, ImageAvailable)}
        )
        for name, data in pictures.items():
            assert self.events.types_of(name).count("image.available") == 1
            assert self.store.get(name.partition(".")[0]).read() == data

    @contextmanager
    def reading(self, *versions: dict[str, bytes]) -> Iterator[None]:
        """Asks for all of them in a tight loop meanwhile: the bytes of one version or an error, nothing else."""
        is_over, faults = threading.Event(), list[BaseException]()

        def read() -> None:
            try:
                while not is_over.is_set():
                    for name in versions[0]:
                        self._check_right_or_not_here(name, [pictures[name] for pictures in versions])
            except BaseException as error:  # noqa: BLE001  (raised in the test's thread)
                faults.append(error)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join(LIMIT_S)
        if faults:
            raise faults[0]

    def _check_right_or_not_here(self, name: str, versions: list[bytes]) -> None:
        try:
            found = self.store.get(name.partition(".")[0])
        except ImageNotFoundError:
            return
        assert found.read() in versions, f"wrong bytes were handed out for {name}"


@contextmanager
def receiving(home: Path, root: Path) -> Iterator[Receiver]:
    """Watches the folder, which may not be a storage directory yet, until the block ends.

    An image that is announced must be whole at that moment.
    """

    def check_whole(event: Event) -> None:
        if isinstance(event, ImageAvailable) and is_content_id(event.image_id):
            data = (root / "media" / event.filename).read_bytes()
            assert hashlib.sha256(data).hexdigest().startswith(event.image_id), (
                f"{event.filename} was told too soon"
            )

    with open_store(home) as store:
        store.add_storage_dir(root)
        with store.watch() as events:
            reader = EventReader(events, check_whole)
            yield Receiver(store, root, reader)
        reader.join()


def size_of(path: Path) -> int:
    """Of a file that may not be there yet."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
