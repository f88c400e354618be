"""A member of the crowd: saves, reads, scans, verifies, and inspects at random, and checks the results.

Run as a program (``python -m crowd.member HOME SEED THREADS``), it is one process of the crowd. It prints ``ready``,
works from the first line on its stdin until that ends, and reports how often it did what, and what it saved. What
surprises: it knows the error codes that each act may raise, and any other error kills it.
"""

from __future__ import annotations

import io
import json
import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from builders.pictures import make_picture
from builders.storage import id_of, make_pictures
from strandline.errors import StrandlineError
from strandline.model.image_ids import ImageId
from strandline.runtime.assembly import LocalStore, open_store
from strandline.services.proving.backlog import verify_unproven

SD = "Notes"

SAVED_ONLY = make_pictures(30)
"""Only the members bring these, and nobody breaks them: once saved, they are there."""

MEDDLED_WITH = [*make_pictures(20, first_seed=100), make_picture("png", seed=120, size=(500, 300))]
"""These are also truncated and replaced from outside. The last has 400 KB, so reading it takes several calls."""

LEGACY = {
    ImageId(f"00000000-0000-4000-8000-{number:012}"): tuple(make_pictures(2, first_seed=200 + 2 * number))
    for number in range(8)
}
"""Two pictures claim each of these ids. The one saved first has it until it is broken from outside."""

NICENESS = 10
"""The crowd uses an hour of CPU time in a minute. Other programs on this machine go first."""


class Member:
    """The work of one thread. Members of one process share a store."""

    def __init__(self, store: LocalStore, seed: int) -> None:
        self._store = store
        self._dice = random.Random(seed)
        self.done: Counter[str] = Counter()
        """How often each act was done, and each error occurred."""
        self.saved: set[ImageId] = set()
        """The images of :data:`SAVED_ONLY` that were reported as saved."""

    def work_until(self, is_over: threading.Event) -> None:
        """Acts at random until the event is set."""
        while not is_over.is_set():
            [act] = self._dice.choices(list(ACTS), [act.weight for act in ACTS.values()])
            try:
                ACTS[act].do(self)
                self.done[act] += 1
            except StrandlineError as error:
                if error.code not in ACTS[act].may_meet:
                    raise
                self.done[f"{act}: {error.code}"] += 1

    def save(self) -> None:
        """An image that others save at the same time."""
        self.saved.add(self._save_one_of(SAVED_ONLY))

    def save_broken(self) -> None:
        """An image that may be broken or absent at that moment. The save repairs it if it is left alone long
        enough.
        """
        self._save_one_of(MEDDLED_WITH)

    def _save_one_of(self, pictures: list[bytes]) -> ImageId:
        data = self._dice.choice(pictures)
        source = data if self._dice.random() < 0.5 else io.BytesIO(data)
        saved = self._store.save(source, sd=SD, name=f"{self._dice.randrange(5)}.png")
        assert saved.image_id == id_of(data)
        return saved.image_id

    def save_legacy(self) -> None:
        """One of two images under an id that both claim."""
        image_id = self._dice.choice(list(LEGACY))
        saved = self._store.save(self._dice.choice(LEGACY[image_id]), sd=SD, image_id=image_id)
        assert saved.image_id == image_id

    def read(self) -> None:
        """An image that may be broken, or any that the catalog lists: the right bytes, or none."""
        listed = self._list_some() - _SAVED_ONLY_IDS
        image_id = self._dice.choice([*map(id_of, MEDDLED_WITH), *LEGACY, *sorted(listed)])
        data = self._store.get(image_id).read()
        assert data in LEGACY[image_id] if image_id in LEGACY else id_of(data) == image_id

    def read_saved(self) -> None:
        """An image that this member has saved, or another one's save that the catalog lists. Nobody breaks it, so
        it is there.
        """
        there = sorted(self.saved | (self._list_some() & _SAVED_ONLY_IDS))
        for image_id in self._dice.sample(there, min(len(there), 5)):
            assert id_of(self._store.get(image_id).read()) == image_id

    def _list_some(self) -> set[ImageId]:
        page = self._store.list_images(limit=self._dice.randrange(1, 50))
        return {image.image_id for image in page.images}

    def scan(self) -> None:
        """Other members find and prove the same images."""
        self._store.scan(SD)

    def verify(self) -> None:
        """Proves what was registered from listings, as a daemon does in the background."""
        sd = self._store.get_storage_dir(SD)
        verify_unproven(self._store.bench, sd, may_read=lambda _size: True, cancel=threading.Event())

    def inspect(self) -> None:
        """Whatever happens meanwhile, the answer is consistent (SPEC §8)."""
        status = self._store.inspect(SD)
        on_both = status.on_disk_count - len(status.on_disk_not_in_catalog)
        assert on_both == status.in_catalog_count - len(status.in_catalog_not_on_disk)

    def explain(self) -> None:
        """Why an image is shown or not, while that changes."""
        image_id = self._dice.choice([*map(id_of, MEDDLED_WITH), *LEGACY, *sorted(self.saved)])
        told = self._store.explain(image_id)
        may_be = {"shown"} if image_id in self.saved else {"shown", "arriving", "not-found"}
        assert told.verdict in may_be, told.to_json()


_SAVED_ONLY_IDS = frozenset(map(id_of, SAVED_ONLY))


@dataclass(frozen=True)
class Act:
    """How often it is done relative to the others, and the error codes that are allowed."""

    do: Callable[[Member], None]
    weight: int
    may_meet: frozenset[str] = frozenset()


CHANGED_TOO_OFTEN = "refused"
"""The outsider changed the file at each of a save's five attempts. Possible, but never seen."""

ACTS = {
    "save": Act(Member.save, 3),
    "save_broken": Act(Member.save_broken, 3, frozenset({CHANGED_TOO_OFTEN})),
    "save_legacy": Act(Member.save_legacy, 3, frozenset({"different-bytes", CHANGED_TOO_OFTEN})),
    "read": Act(Member.read, 7, frozenset({"image-not-found", "image-arriving"})),
    "read_saved": Act(Member.read_saved, 1),
    "explain": Act(Member.explain, 2),
    "scan": Act(Member.scan, 1),
    "verify": Act(Member.verify, 1),
    "inspect": Act(Member.inspect, 1),
}


def main() -> None:
    """Works until stdin ends, in this many threads on one store."""
    home, seed, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.nice(NICENESS)
    is_over = threading.Event()
    with open_store(Path(home)) as store, ThreadPoolExecutor(threads) as pool:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        members = [Member(store, seed * 1000 + number) for number in range(threads)]
        working = [pool.submit(member.work_until, is_over) for member in members]
        sys.stdin.read()
        is_over.set()
        for work in working:
            work.result()
    done = sum((member.done for member in members), Counter[str]())
    saved = set[ImageId]().union(*(member.saved for member in members))
    sys.stdout.write(json.dumps({"done": done, "saved": sorted(saved)}))


if __name__ == "__main__":
    main()
