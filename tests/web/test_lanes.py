"""Lanes: what waits for one thing never delays another."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import LIMIT_S, serving_storage_dir
from builders.storage import id_of
from strandline.model.wanted import WantedFile
from strandline.runtime.assembly import LocalStore
from strandline.runtime.care_jobs import CareJob
from strandline.web.pages.care import frame, overview
from strandline.web.threads import SLOW_THREADS

PHOTO = make_picture("jpg", seed=1)


def test_pages_that_wait_for_looks_delay_no_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there are threads for images. Each waits only so long for all of its looks together."""
    waiting, may_end, deadlines = threading.Semaphore(0), threading.Event(), list[float | None]()

    def look(*_: object, **__: object) -> list[WantedFile]:
        assert may_end.wait(LIMIT_S)
        return []

    def wait_for(job: CareJob[object], words: str, until_s: float | None = None) -> frame.Busy | None:
        deadlines.append(until_s)
        waiting.release()
        return frame.wait_for(job, words, until_s)

    monkeypatch.setattr(frame, "WAIT_S", LIMIT_S)
    monkeypatch.setattr(overview, "wait_for", wait_for)
    monkeypatch.setattr(LocalStore, "list_wanted", look)
    with serving_storage_dir(tmp_path, PHOTO) as served, ThreadPoolExecutor(SLOW_THREADS) as clients:
        try:
            asked = [clients.submit(served.client.get, "/care") for _ in range(SLOW_THREADS)]
            for _ in asked:
                assert waiting.acquire(timeout=LIMIT_S)
            assert served.client.get(f"/i/{id_of(PHOTO)}", timeout=LIMIT_S / 2).content == PHOTO
        finally:
            may_end.set()
        assert {answer.result().status_code for answer in asked} == {200}
    assert None not in deadlines
    assert len(set(deadlines)) == SLOW_THREADS
