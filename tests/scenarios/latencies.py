"""How long it takes from an image's arrival until it can be shown, for each sync client: a table, not a promise.

Run it in ``tests/``: ``../.venv/bin/python -m scenarios.latencies [CLIENT…]``. An image has *arrived* when its right
bytes are under its final name; a separate process detects that by inotify, size, and hash. It is *displayable* when a
real ``strandline watch --json`` has reported it. What surprises: some are displayable before the observer has seen
them arrive. That counts as zero.
"""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path

from builders.receiver import make_large_picture, make_mixed_pictures, name_of, put_pictures
from builders.storage import make_storage_dir
from scenarios.arrivals import observe
from scenarios.client import Client
from scenarios.clients import TRAITS_OF, get_client
from scenarios.syncthing import TwoSyncthings
from scenarios.waiting import wait_until

BATCHES = 6
"""Transfers per client. The images of a batch arrive together, so the last one waits for the others."""

HEADER = """\
| client | images | p50 ms | p95 ms | max ms | first batch: max ms |
|---|---:|---:|---:|---:|---:|
"""


class WatchedByCommand:
    """``strandline watch --json``, and when it first reported each image."""

    def __init__(self, home: Path, root: Path) -> None:
        command = [sys.executable, "-m", "strandline", "--home", str(home)]
        subprocess.run([*command, "sd", "add", str(root)], check=True, capture_output=True)
        self.told_ns: dict[str, int] = {}
        self._process = subprocess.Popen([*command, "watch", "--json"], stdout=subprocess.PIPE)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            now_ns = time.monotonic_ns()
            event = json.loads(line)
            if event["type"] == "image.available":
                self.told_ns.setdefault(event["filename"], now_ns)

    def close(self) -> None:
        """Ends the command."""
        with self._process:  # this closes its pipe, too
            self._process.terminate()
            self._thread.join()


def make_batches() -> list[dict[str, bytes]]:
    """The content of each transfer: small pictures of every kind under both kinds of id, and three of a megabyte."""
    batches = []
    for number in range(BATCHES):
        large = [make_large_picture(1000 + 3 * number + i, 1_000_000) for i in range(3)]
        small = make_mixed_pictures(1, first_seed=100 * number)
        batches.append(small | {name_of(data, "png"): data for data in large})
    return batches


def measure(client: Client, base: Path, batches: list[dict[str, bytes]]) -> list[list[float]]:
    """The milliseconds from arrival to display for every image of each batch, shortest first."""
    a, b, own = make_storage_dir(base / "a"), base / "b", base / "own"
    own.mkdir()
    (b / "media").mkdir(parents=True)
    for root in (a, b):
        (root / "notes.md").write_text("what the pictures are for\n")
    pictures = {name: data for batch in batches for name, data in batch.items()}
    with closing(client.open(own, a, b, False)) as link:
        link.transfer()  # SD_ID
        with closing(WatchedByCommand(base / "home", b)) as watched, observing(b / "media", pictures) as seen:
            for batch in batches:
                put_pictures(a / "media", batch)
                link.transfer()
                wait_until("all are told", lambda batch=batch: batch.keys() <= watched.told_ns.keys())  # type: ignore[misc]
            arrived_ns = dict(seen.recv() for _ in pictures)
    waited_ms = {name: max(0, watched.told_ns[name] - arrived_ns[name]) / 1e6 for name in pictures}
    return [sorted(waited_ms[name] for name in batch) for batch in batches]


@contextmanager
def observing(media: Path, pictures: dict[str, bytes]) -> Iterator[Connection]:
    """A process that watches the folder. Yields ``(name, monotonic ns)`` for each image as it arrives."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=observe, args=(media, pictures, sender), daemon=True)
    process.start()
    try:
        assert receiver.recv() == "ready"
        yield receiver
    finally:
        process.terminate()
        process.join()
        receiver.close()
        sender.close()


def _start_syncthings(running: ExitStack, base: Path) -> TwoSyncthings:
    return running.enter_context(TwoSyncthings(base / "syncthings"))


def main(names: list[str]) -> None:
    """Measures the named clients, or all, and prints a table.

    The first batch is reported separately: during it the watcher starts its decoder, and the next images wait.
    """
    batches = make_batches()
    sys.stdout.write(HEADER)
    with tempfile.TemporaryDirectory(prefix="latencies-") as folder:
        for number, name in enumerate(names or TRAITS_OF):
            base = Path(folder, str(number))
            base.mkdir()
            with ExitStack() as running:
                find_syncthings = partial(_start_syncthings, running, base)
                first, *others = measure(get_client(name, find_syncthings), base, batches)
            ms = sorted(chain.from_iterable(others))
            figures = (ms[len(ms) // 2], ms[len(ms) * 95 // 100], ms[-1], first[-1])
            sys.stdout.write(f"| {name} | {len(ms)} | {' | '.join(f'{each:.0f}' for each in figures)} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
