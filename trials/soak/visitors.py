"""Visitors: constantly request pages, pictures, thumbnails, and listings, and follow events.

What surprises: one listener disconnects every half minute and continues with ``Last-Event-ID``, like a page on a
phone. It must miss no number of the journal for a whole hour, and what it received is the proof of "announced once".
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from builders.pictures import make_picture
from strandline.model.image_ids import hash_to_content_id
from trials.soak.arrivals import Coming, Ledger

PAUSE_S = 0.15
"""Between two requests of one visitor: about twenty a second in all."""

HANG_UP_S = 30.0

OWNER_EVERY_S = 60.0

LIMIT_S = 60.0


class Visitors:
    """Threads that send requests until they are stopped, and record the answers."""

    def __init__(
        self,
        address: str,
        headers: dict[str, str],
        epoch: str,
        roots: list[Path],
        ledger: Ledger,
        *,
        seed: int,
    ) -> None:
        """``headers`` of every request let them in."""
        self._address = address
        self._headers = headers
        self._epoch = epoch
        self._roots = roots
        self._ledger = ledger
        self._dice = random.Random(seed)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.answers: Counter[tuple[str, int]] = Counter()
        """Count by kind of request and status."""
        self.faults: list[str] = []
        self.numbers: list[int] = []
        """Numbers of the journal's events, as the listener received them."""
        self.available: Counter[str] = Counter()
        """How often each file was announced."""
        works = [
            *[self._visit] * 3,
            self._upload,
            self._look_after,
            self._listen,
            self._listen_without_reading,
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name="soak-visitor") for work in works
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Returns when all requests have ended."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def list_faults(self) -> list[str]:
        """What must not have happened."""
        gaps = [
            f"the listener heard number {after} after {before}"
            for before, after in pairwise([0, *self.numbers])
            if after != before + 1
        ]
        return self.faults + gaps

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  (told at the end)
            self._note_fault(f"{work.__name__}: {error!r}")

    def _visit(self) -> None:
        with self._open_client() as client:
            while not self._stop.wait(PAUSE_S):
                with self._lock:
                    kind = self._dice.choice(list(ASKED))
                    name = self._dice.choice([*self._ledger.wanted(), "0" * 32 + ".png"])
                response = client.get(ASKED[kind].format(id=name.partition(".")[0]))
                self._note_answer(kind, response)
                if (
                    kind == "image"
                    and response.is_success
                    and not self._ledger.is_version(name, response.content)
                ):
                    self._note_fault(f"{name}: wrong bytes were handed out")

    def _upload(self) -> None:
        """Saves a new image now and then. It is refused while the folder's disk is unplugged."""
        with self._open_client() as client:
            while not self._stop.wait(20 * PAUSE_S):
                with self._lock:
                    root, seed = self._dice.choice(self._roots), self._dice.getrandbits(60)
                data = make_picture("jpg", seed=seed)
                coming = Coming(root, f"{hash_to_content_id(data)}.jpg", data)
                self._ledger.note_coming(coming)
                response = client.post("/api/v1/images", params={"sd": root.name}, content=data)
                self._note_answer("upload", response)
                if response.is_success:
                    self._ledger.note_there(coming)

    def _look_after(self) -> None:
        """A person who starts scans, drops missing images, and confirms if many are gone."""
        with self._open_client() as client:
            while not self._stop.wait(OWNER_EVERY_S):
                self._note_answer("scan", client.post("/api/v1/scans", json={}))
                for sd in client.get("/api/v1/sds").json()["sds"]:
                    place = f"/api/v1/sds/{sd['sd_id']}"
                    self._note_answer("accept missing", client.post(f"{place}/accept-missing"))
                    if sd["state"] == "suspect":
                        self._note_answer("confirm", client.post(f"{place}/confirm"))

    def _open_client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self._address, headers=self._headers | {"origin": self._address}, timeout=LIMIT_S
        )

    def _note_answer(self, kind: str, response: httpx.Response) -> None:
        with self._lock:
            self.answers[kind, response.status_code] += 1
        is_fault = response.status_code >= 500 and response.status_code != httpx.codes.SERVICE_UNAVAILABLE
        if is_fault or response.status_code in (401, 403):
            self._note_fault(f"{response.url}: {response.status_code} {response.text[:300]}")

    def _listen(self) -> None:
        """Follows the journal without a gap, from its first event."""
        last_id = f"{self._epoch}-0"
        while not self._stop.is_set():
            last_id = self._listen_until_hanging_up(last_id)

    def _listen_until_hanging_up(self, last_id: str) -> str:
        hang_up = threading.Event()
        timer = threading.Timer(HANG_UP_S, hang_up.set)
        timer.start()
        headers = self._headers | {"last-event-id": last_id}
        with httpx.stream(
            "GET", f"{self._address}/api/v1/events", headers=headers, timeout=LIMIT_S
        ) as stream:
            for line in stream.iter_lines():
                word, _, text = line.partition(": ")
                if word == "id":
                    last_id = text
                elif word == "event" and text in ("reset", "lagged"):
                    self._note_fault(f"the listener was told {text!r}")
                elif word == "data":
                    self._note_event(json.loads(text))
                if not line and (hang_up.is_set() or self._stop.is_set()):
                    break
        timer.cancel()
        return last_id

    def _note_event(self, event: dict[str, Any]) -> None:
        if event.get("seq") is not None:
            self.numbers.append(event["seq"])
            if event["type"] == "image.available":
                self.available[event["filename"]] += 1

    def _listen_without_reading(self) -> None:
        """A sleeping page: it reads nothing for a minute, then disconnects in the middle."""
        while not self._stop.is_set():
            with self._open_client() as client, client.stream("GET", "/api/v1/events"):
                self._stop.wait(2 * HANG_UP_S)

    def _note_fault(self, fault: str) -> None:
        with self._lock:
            self.faults.append(fault)


ASKED = {
    "gallery": "/",
    "image page": "/image/{id}",
    "activity": "/activity",
    "inspector": "/inspect",
    "folders": "/folders",
    "image": "/i/{id}?original=1",
    "shown image": "/i/{id}",
    "thumbnail": "/i/{id}?w=400",
    "small thumbnail": "/i/{id}?w=96",
    "wait": "/i/{id}?wait=1",
    "details": "/api/v1/images/{id}",
    "explanation": "/api/v1/images/{id}/explanation",
    "list": "/api/v1/images?limit=200",
    "search": "/?q={id}",
    "sync status": "/api/v1/inspect",
    "no id": "/i/no-id",
    "style sheet": "/static/strandline.css",
}
"""The visitors' requests: paths with the image's id."""
