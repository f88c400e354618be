"""Disturbances: what other clients, sync clients, and hostile pictures do to a server while somebody uses it.

Each runs in threads of the caller's process while a block runs, and counts what it has done.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from builders.large_heic import make_large_heic
from builders.pictures import make_picture
from builders.served import NO_TLS
from builders.storage import id_of, make_pictures, make_storage_dir
from strandline.runtime.assembly import open_store
from strandline.runtime.web_secrets import TOKEN_FILE

LIMIT_S = 60.0

UPLOAD_BYTES = 12 * 1024 * 1024

CRASH_AFTER_S = 0.3
"""By then, a decoder process has started and is decoding."""


@dataclass
class Disturbed:
    """A server that runs as users run it, and the content of its storage directories."""

    process: subprocess.Popen[str]
    address: str
    stirring: Path
    """A storage directory whose identity files may be rewritten."""
    photos: list[str]
    """Ids of HEICs that may still be converted. The last one is used next."""
    headers: dict[str, str]
    """With the token."""
    counts: dict[str, int] = field(default_factory=dict)

    def note(self, what: str) -> None:
        """Counts it once more."""
        self.counts[what] = self.counts.get(what, 0) + 1


@contextmanager
def serve_for_many(folder: Path, photos: int) -> Iterator[Disturbed]:
    """``strandline serve`` for a new home: a hundred images, HEICs, no cache of thumbnails, and a slow disk.

    Args:
        folder: Where it may write.
        photos: Number of HEICs. One that crashed a decoder is not requested again: at most three a second.
    """
    heics = [make_large_heic(seed) for seed in range(photos)]
    root = make_storage_dir(folder / "Notes", *make_pictures(100), *heics)
    stirring = make_storage_dir(folder / "Stirring", *make_pictures(10, first_seed=1000))
    home = folder / "home"
    with open_store(home) as store:
        for each in (root, stirring):
            store.add_storage_dir(each)
        with store.watch(once=True) as events:  # to its end, so nothing is left to prove
            list(events)
    (home / "config.toml").write_text("[pictures]\nthumbnail_cache_bytes = 0\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "fault_kit.slow_disk", "--home", home, "serve", "--port", "0"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        try:
            address = process.stdout.readline().strip().rstrip("/")
            assert address, "the server did not start"
            headers = {"authorization": f"Bearer {(home / TOKEN_FILE).read_text().strip()}"}
            yield Disturbed(process, address, stirring, [id_of(heic) for heic in heics], headers)
        finally:
            process.kill()


@contextmanager
def converting(server: Disturbed) -> Iterator[None]:
    """Browsers request HEICs, which are converted: two at a time, while others wait for a decoder."""
    with _repeating(server, _convert, clients=4):
        yield


@contextmanager
def failing_decoders(server: Disturbed) -> Iterator[None]:
    """Browsers request HEICs, and each one crashes its decoder."""
    with _repeating(server, _convert, clients=4), _repeating(server, _crash, clients=1):
        yield


@contextmanager
def uploading(server: Disturbed) -> Iterator[None]:
    """Programs upload large images as raw bodies."""
    with ExitStack() as clients:
        for seed in range(4):
            clients.enter_context(_repeating(server, partial(_upload, _make_large_png(seed))))
        yield


@contextmanager
def stirring_identities(server: Disturbed) -> Iterator[None]:
    """A sync client rewrites contradicting identity files, while people view pages."""
    with _repeating(server, _stir, clients=1), _repeating(server, _look_at_page, clients=4):
        yield


DISTURBANCES = {
    "HEICs convert": converting,
    "decoders crash": failing_decoders,
    "raw uploads run": uploading,
    "identity files stir": stirring_identities,
}

_Step = Callable[[Disturbed, httpx.Client, threading.Event], None]


@contextmanager
def _repeating(server: Disturbed, step: _Step, *, clients: int = 1) -> Iterator[None]:
    """Repeats the step in this many threads until the block ends. It has run once when the block begins."""
    stop = threading.Event()
    errors: list[Exception] = []
    begun = threading.Barrier(clients + 1)

    def repeat() -> None:
        try:
            with httpx.Client(
                base_url=server.address, headers=server.headers, timeout=LIMIT_S, verify=NO_TLS
            ) as client:
                begun.wait(LIMIT_S)
                while not stop.is_set():
                    step(server, client, stop)
        except Exception as error:  # noqa: BLE001 - the caller's: raised there
            errors.append(error)

    threads = [threading.Thread(target=repeat) for _ in range(clients)]
    for thread in threads:
        thread.start()
    begun.wait(LIMIT_S)
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


def _convert(server: Disturbed, client: httpx.Client, _stop: threading.Event) -> None:
    photo = server.photos.pop()
    response = client.get(f"/i/{photo}")
    is_converted = response.status_code == 200
    server.note("converted" if is_converted else "refused")
    if is_converted:
        server.photos.insert(0, photo)


def _crash(server: Disturbed, _client: httpx.Client, stop: threading.Event) -> None:
    decoders = list(_iter_decoders(server.process.pid))
    stop.wait(CRASH_AFTER_S)
    for decoder in decoders:
        with suppress(ProcessLookupError):
            os.kill(decoder, signal.SIGSEGV)
            server.note("crashed")


def _iter_decoders(parent: int) -> Iterator[int]:
    for task in Path(f"/proc/{parent}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            for child in (task / "children").read_text().split():
                if b"decoder_process" in Path(f"/proc/{child}/cmdline").read_bytes():
                    yield int(child)


def _upload(data: bytes, server: Disturbed, client: httpx.Client, _stop: threading.Event) -> None:
    headers = {"origin": server.address}
    response = client.post("/api/v1/images?sd=Notes", content=data, headers=headers)
    assert response.status_code in (200, 201), response.text
    server.note("uploaded")


def _stir(server: Disturbed, _client: httpx.Client, stop: threading.Event) -> None:
    """The plain file comes and goes beside two conflict copies that contradict each other and it."""
    for name in ("SD_ID (conflicted copy)", "SD_ID (2)"):
        (server.stirring / name).write_text(f"{uuid.uuid4()}\n")
    plain = server.stirring / "SD_ID"
    if plain.exists():
        plain.unlink()
    server.note("stirred")
    stop.wait(0.05)


def _look_at_page(server: Disturbed, client: httpx.Client, stop: threading.Event) -> None:
    response = client.get(random.choice(["/", "/folders"]))
    assert response.status_code == 200, response.text
    server.note("looked")
    stop.wait(0.2)


def _make_large_png(seed: int) -> bytes:
    """A whole PNG with extra bytes after its picture, which decoders do not read."""
    data = make_picture("png", seed=seed)
    return data + random.Random(seed).randbytes(UPLOAD_BYTES - len(data))
