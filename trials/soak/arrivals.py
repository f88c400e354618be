"""Arrivals: images arrive in storage directories like with real sync clients, and are deleted again.

A way of arriving is a generator: it does one step and yields the seconds until the next, so one thread can run
hundreds of slow arrivals. What surprises: the ledger is kept here, by those who know what they brought. At the end
the daemon's answers are compared with it.
"""

from __future__ import annotations

import heapq
import os
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path

from builders.pictures import extension_of, make_picture
from strandline.model.image_ids import hash_to_content_id

KINDS = ("png", "jpg", "gif", "webp", "svg", "heic", "avif")
LARGE = (700, 500)
"""A PNG of about 1 MB. One in :data:`LARGE_ONE_IN` is that large."""
LARGE_ONE_IN = 40

Steps = Generator[float, None, bool]
"""Yields seconds to wait. Returns whether the file exists at the end."""


@dataclass(slots=True)
class Coming:
    """One image on its way to one folder."""

    root: Path
    name: str
    data: bytes

    @property
    def path(self) -> Path:
        """Where it belongs."""
        return self.root / "media" / self.name

    def rename_in(self, data: bytes) -> None:
        """All bytes appear at once under the wanted name."""
        temporary = self.path.with_name(f".syncthing.{self.name}.tmp")
        temporary.write_bytes(data)
        temporary.rename(self.path)

    def write_in_place(self, data: bytes, offset: int = 0) -> None:
        """Writes the remaining bytes under the wanted name."""
        with open(self.path, "r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(data[offset:])


class Ledger:
    """What must be served, and how often it arrived. Thread-safe as far as several threads use it.

    Args:
        kept_images: Per folder, from the start. The oldest are deleted as new ones arrive, so memory has no reason to
            grow.
    """

    def __init__(self, kept_images: int) -> None:
        self._kept_images = kept_images
        self._lock = threading.Lock()
        self._wanted: dict[Path, dict[str, str]] = {}
        self._versions: dict[str, set[str]] = {}
        self.comings: Counter[str] = Counter()
        """How often the right bytes appeared under a name."""

    def fill(self, root: Path, first_seed: int) -> None:
        """Writes as many images into the folder as it keeps."""
        for number in range(first_seed, first_seed + self._kept_images):
            data = make_picture("png", seed=number, size=(16, 16))
            coming = Coming(root, f"{hash_to_content_id(data)}.png", data)
            self.note_coming(coming)
            coming.write_in_place(data)
            self.note_there(coming)

    def note_coming(self, coming: Coming) -> None:
        """Called before the bytes are there: from now on a request may get them."""
        with self._lock:
            self._versions.setdefault(coming.name, set()).add(sha256(coming.data).hexdigest())
            self.comings[coming.name] += 1

    def note_there(self, coming: Coming) -> None:
        """From now on it must be served."""
        with self._lock:
            self._wanted.setdefault(coming.root, {})[coming.name] = sha256(coming.data).hexdigest()

    def take_oldest(self, root: Path) -> str | None:
        """Removes an image from the list if the folder has too many. Returns its name."""
        with self._lock:
            names = self._wanted.get(root, {})
            if len(names) <= self._kept_images:
                return None
            name = next(iter(names))
            del names[name]
            return name

    def wanted(self) -> dict[str, str]:
        """The names of everything that must be served now, with the SHA-256 of the bytes."""
        with self._lock:
            return {name: digest for names in self._wanted.values() for name, digest in names.items()}

    def is_version(self, name: str, data: bytes) -> bool:
        """Whether these bytes ever belonged to the name."""
        with self._lock:
            return sha256(data).hexdigest() in self._versions.get(name, set())


def come_by_rename(coming: Coming) -> Steps:
    """Like Syncthing, rsync, and Unison."""
    coming.rename_in(coming.data)
    yield 0.0
    return True


def grow_in_place(coming: Coming) -> Steps:
    """Like ``cp``, ``rsync --inplace``, and older rclone, with pauses."""
    for part in (1, 2, 3):
        coming.write_in_place(coming.data[: len(coming.data) * part // 3], len(coming.data) * (part - 1) // 3)
        yield 0.7
    return True


def come_truncated_first(coming: Coming) -> Steps:
    """Half by a clean rename, the whole later (hazard H2)."""
    coming.rename_in(coming.data[: len(coming.data) // 2])
    yield 4.0
    coming.rename_in(coming.data)
    return True


def come_preallocated(coming: Coming) -> Steps:
    """The full size in zeros first, then the bytes (hazard H3)."""
    coming.write_in_place(bytes(len(coming.data)))
    yield 2.5
    coming.write_in_place(coming.data)
    return True


def come_under_another_name(coming: Coming) -> Steps:
    """First with a duplicate's name, as browsers do, then with the right one."""
    other = coming.path.with_name(coming.name.replace(".", " (1).", 1))
    other.write_bytes(coming.data)
    yield 1.5
    other.rename(coming.path)
    return True


def come_and_vanish_for_a_moment(coming: Coming) -> Steps:
    """Replaced by the same bytes, by a client that deletes first (hazard H6)."""
    coming.rename_in(coming.data)
    yield 3.0
    coming.path.unlink()
    yield 0.3
    coming.rename_in(coming.data)
    return True


def come_never_whole(coming: Coming) -> Steps:
    """Incomplete, and removed a minute later."""
    coming.write_in_place(coming.data[: len(coming.data) // 3])
    yield 60.0
    coming.path.unlink()
    return False


def come_with_litter(coming: Coming) -> Steps:
    """With a conflict copy beside it, which is deleted again."""
    coming.rename_in(coming.data)
    copy = coming.path.with_name(coming.name.replace(".", ".sync-conflict-20260101-120000-ABCDEFG.", 1))
    copy.write_bytes(coming.data)
    yield 20.0
    copy.unlink()
    return True


WAYS: tuple[Callable[[Coming], Steps], ...] = (
    come_by_rename, grow_in_place, come_truncated_first, come_preallocated, come_under_another_name,
    come_and_vanish_for_a_moment, come_never_whole, come_with_litter,
)  # fmt: skip


class Senders:
    """Brings this many images a second until it is stopped. Then it finishes the running arrivals without pauses."""

    def __init__(self, roots: list[Path], ledger: Ledger, *, per_s: float, seed: int) -> None:
        self._roots = roots
        self._ledger = ledger
        self._every_s = 1 / per_s
        self._dice = random.Random(seed)
        self._numbers = count(seed * 10_000_000)
        self._tie = count()
        self._under_way: list[tuple[float, int, Coming, Steps]] = []
        self._away_until_s: dict[Path, float] = {}
        self._stop = threading.Event()
        self.sent: Counter[str] = Counter()
        """How many came each way."""
        self.fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run_and_tell, name="soak-senders")
        self._thread.start()

    def stop(self) -> None:
        """Returns when the last arrival is over."""
        self._stop.set()
        self._thread.join()

    def _run_and_tell(self) -> None:
        try:
            self._run()
        except BaseException as error:  # noqa: BLE001  (told at the end)
            self.fault = error

    def _run(self) -> None:
        next_s = time.monotonic()
        while not self._stop.is_set() or self._under_way or self._away_until_s:
            if not self._stop.is_set() and time.monotonic() >= next_s:
                next_s += self._every_s
                self._send()
            self._bring_back()
            while self._under_way and (self._under_way[0][0] <= time.monotonic() or self._is_ending()):
                _, _, coming, steps = heapq.heappop(self._under_way)
                self._go_on(coming, steps)
            time.sleep(0.02)  # the rate of arrivals, not a wait

    def _is_ending(self) -> bool:
        """From now on nothing pauses between two steps."""
        return self._stop.is_set() and not self._away_until_s

    def _send(self) -> None:
        """A new image, and now and then a disk that is unplugged for some seconds."""
        root = self._dice.choice(self._roots)
        if self._dice.random() < 0.003 and root not in self._away_until_s:
            root.rename(_place_away(root))
            self._away_until_s[root] = time.monotonic() + 8
            self.sent["folder away for 8 s"] += 1
            return
        number = next(self._numbers)
        kind = self._dice.choice(KINDS)
        is_large = kind == "png" and self._dice.randrange(LARGE_ONE_IN // len(KINDS)) == 0
        data = make_picture(kind, seed=number, size=LARGE) if is_large else make_picture(kind, seed=number)
        way = self._dice.choice(WAYS)
        image_id = str(uuid.UUID(int=number)) if self._dice.random() < 0.1 else hash_to_content_id(data)
        coming = Coming(root, f"{image_id}.{extension_of(kind)}", data)
        self._ledger.note_coming(coming)
        if way is come_and_vanish_for_a_moment:
            self._ledger.note_coming(coming)
        self.sent[way.__name__.replace("_", " ")] += 1
        self._go_on(coming, way(coming))

    def _go_on(self, coming: Coming, steps: Steps) -> None:
        if coming.root in self._away_until_s:
            self._wait(1.0, coming, steps)
            return
        try:
            self._wait(next(steps), coming, steps)
        except StopIteration as ended:
            if ended.value:
                self._ledger.note_there(coming)
            self._remove_oldest(coming.root)

    def _wait(self, seconds: float, coming: Coming, steps: Steps) -> None:
        heapq.heappush(self._under_way, (time.monotonic() + seconds, next(self._tie), coming, steps))

    def _remove_oldest(self, root: Path) -> None:
        while name := self._ledger.take_oldest(root):
            os.unlink(root / "media" / name)
            self.sent["removed"] += 1

    def _bring_back(self) -> None:
        for root, until_s in list(self._away_until_s.items()):
            if time.monotonic() >= until_s:
                _place_away(root).rename(root)
                del self._away_until_s[root]


def _place_away(root: Path) -> Path:
    return root.with_name(f"{root.name}, pulled out")
