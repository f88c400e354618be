"""One side of a sync client: a store that watches a storage directory while the client works on it."""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from PIL import Image

from builders.image_reader import NOT_HERE, OUT_OF_REACH, ImageReader, reading_images
from builders.pictures import extension_of, make_picture
from builders.watching import EventReader
from strandline.model.events import Event, ImageAvailable
from strandline.model.image_files import ImageFile
from strandline.model.image_ids import is_content_id
from strandline.model.states import has_reliable_proof
from strandline.runtime.assembly import LocalStore, open_store
from strandline.store import MAX_PAGE

LAST_SEED = 1_000_000
"""The seed of an image that no test brings itself."""

KINDS = ("jpg", "png", "gif", "webp", "svg", "heic", "avif")


@lru_cache
def make_large_picture(seed: int, size_bytes: int) -> bytes:
    """A PNG of about that size. It takes several writes, so a reader can meet it half written.

    It is noise that was not packed, which would take a second.
    """
    side = int((size_bytes / 3) ** 0.5)
    picture = Image.frombytes("RGB", (side, side), Random(seed).randbytes(3 * side * side))
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=0)
    return file.getvalue()


def put_pictures(media: Path, pictures: dict[str, bytes]) -> None:
    """Writes the pictures to the folder that a sync client reads."""
    media.mkdir(parents=True, exist_ok=True)
    for name, data in pictures.items():
        (media / name).write_bytes(data)


def make_mixed_pictures(each: int, *, first_seed: int = 0) -> dict[str, bytes]:
    """This many small pictures of every kind by file name, and as many under legacy ids."""
    pictures = {}
    for kind in KINDS:
        for seed in range(first_seed, first_seed + 2 * each, 2):
            data, more = make_picture(kind, seed=seed), make_picture(kind, seed=seed + 1)
            pictures[name_of(data, extension_of(kind))] = data
            pictures[legacy_name_of(more, extension_of(kind))] = more
    return pictures


def name_of(data: bytes, extension: str) -> str:
    """The file name under the bytes' content id."""
    return f"{hashlib.sha256(data).hexdigest()[:32]}.{extension}"


def legacy_name_of(data: bytes, extension: str) -> str:
    """A file name with a UUID, always the same for the same bytes."""
    return f"{uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(data).hexdigest())}.{extension}"


@dataclass(frozen=True, slots=True)
class Account:
    """What a store shows of its storage directory, without what differs from machine to machine."""

    identity: str | None
    aliases: frozenset[str]
    state: str
    images: frozenset[tuple[str, str, str, str | None]]
    """Image id, file name, state, and the SHA-256 of the bytes if they are proven."""


class Receiver:
    """A machine: its store, its events, and a reader that constantly requests images."""

    def __init__(self, store: LocalStore, root: Path, events: Iterator[Event]) -> None:
        self.store = store
        self.root = root
        """Where the folder is now."""
        self.events = EventReader(events, self._check_whole)

    def get_account(self) -> Account:
        """What the store shows now. Two stores agree if these are equal."""
        (sd,) = self.store.list_storage_dirs()
        return Account(
            sd.sd_id,
            frozenset(sd.aliases),
            sd.state.value,
            frozenset((str(f.image_id), f.filename, f.state.value, _hash_of(f)) for f in self.list_files()),
        )

    def list_events(self, *types: str) -> list[Event]:
        """The journal's events, oldest first; of these types, or all."""
        return [event for event in self.store.events(limit=10_000) if not types or event.type in types]

    def wait_for(self, pictures: dict[str, bytes], *, rewritten: bool = False) -> None:
        """Waits until each is announced. Then each was announced once, and can be read byte by byte.

        Files that are ``rewritten`` in place may be half again in between; they are then announced again.
        """
        wanted = pictures.keys()
        self.events.wait_until(
            lambda events: wanted <= {e.filename for e in events if isinstance(e, ImageAvailable)}
        )
        for name, data in pictures.items():
            assert self.store.get(name.partition(".")[0]).read() == data
        self.check_told_once(pictures, rewritten=rewritten)

    def check_told_once(self, pictures: dict[str, bytes], *, rewritten: bool = False) -> None:
        """Checks it so far. ``rewritten`` as in :meth:`wait_for`."""
        events = self.list_events()
        for name in pictures:
            told = [event.type for event in events if getattr(event, "filename", "") == name]
            at_most = 1 + told.count("image.arriving") if rewritten else 1
            assert 1 <= told.count("image.available") <= at_most, f"{name}: {told}"

    def catch_up(self) -> None:
        """Returns when the store has handled all changes: it has scanned, and announced one more image."""
        self.store.scan()
        last = make_picture("png", seed=LAST_SEED)
        put_pictures(self.root / "media", {name_of(last, "png"): last})
        self.events.wait_for("image.available", name_of(last, "png"))

    def relies_on_all_proofs(self) -> bool:
        """True if no image must be read again because its file was too young at its proof.

        The watcher repeats its own proof after 2 s. A proof by another reader is repeated by the next reader.
        """
        young = [file for file in self.list_files() if not has_reliable_proof(file)]
        for file in young:
            found = self.store.find(str(file.image_id))
            if found is not None:
                found.read()
        return not young

    def list_files(self) -> list[ImageFile]:
        """The rows of the first ten thousand images. No test has more."""
        page = self.store.list_images(limit=MAX_PAGE)
        return [each.file for image in page.images for each in image.files]

    def reading(
        self, *versions: dict[str, bytes], goes_offline: bool = False
    ) -> AbstractContextManager[ImageReader]:
        """Meanwhile, requests all of them in a tight loop: each answer is one whole version, or "not here".

        In the end, the last version of each must be readable. "Out of reach" is allowed only if the folder
        ``goes_offline``.
        """
        may_be_told = NOT_HERE | {OUT_OF_REACH} if goes_offline else NOT_HERE
        return reading_images(self.store, versions, may_be_told)

    def _check_whole(self, event: Event) -> None:
        if isinstance(event, ImageAvailable) and event.image_id and is_content_id(event.image_id):
            data = (self.root / (event.path or "")).read_bytes()
            assert hashlib.sha256(data).hexdigest().startswith(event.image_id), (
                f"{event.filename} was told too soon"
            )


def _hash_of(file: ImageFile) -> str | None:
    return file.proof.sha256 if file.proof is not None and file.proof_is_current else None


@contextmanager
def receiving(home: Path, root: Path, *, layout: str = "ids") -> Iterator[Receiver]:
    """Watches the folder, which may not be a storage directory yet, until the block ends.

    By default, its images have ids for names, whatever else is in it. An image must be whole when it is announced.
    """
    with open_store(home) as store:
        store.add_storage_dir(root, layout=layout)
        with store.watch() as events:
            receiver = Receiver(store, root, events)
            yield receiver
        receiver.events.join()


def size_of(path: Path) -> int:
    """Size of a file that may not exist yet."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
