"""Uploads and the disk: uploads are kept in the home, and a disk that refuses is reported as such."""

from __future__ import annotations

import resource
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import name_of

LIMIT_BYTES = 5_000_000
"""More than is kept in memory, for a body or a file in a form."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An empty storage directory."""
    with serving_storage_dir(tmp_path) as served:
        yield served


@contextmanager
def _limited_files() -> Iterator[None]:
    """No file can grow beyond the limit: the write that exceeds it fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _upload(served: Served, data: bytes, *, as_form: bool) -> httpx.Response:
    if as_form:
        return served.client.post("/api/v1/images?sd=Notes", files=[("files", ("a.png", data))])
    return served.upload(data, "Notes")


def _picture(size_bytes: int) -> bytes:
    data = make_picture("png", seed=1)
    return data + b"\1" * (size_bytes - len(data))


@pytest.mark.parametrize("as_form", [False, True], ids=["raw", "form"])
@pytest.mark.parametrize("beyond", [10, 1_000_000])  # 10: what is in the buffer when everything has arrived
def test_a_disk_that_refuses_an_upload_is_told(
    served: Served, tmp_path: Path, beyond: int, as_form: bool
) -> None:
    """With the system's message and the path, and never as an internal error."""
    with _limited_files():
        response = _upload(served, _picture(LIMIT_BYTES + beyond), as_form=as_form)
    problem = response.json()
    assert (response.status_code, problem["code"], problem["errno"]) == (500, "disk-error", "EFBIG")
    assert problem["path"] == str(tmp_path / "home/scratch")
    assert not list((tmp_path / "Notes/media").iterdir())


@pytest.mark.parametrize("as_form", [False, True], ids=["raw", "form"])
def test_an_upload_is_copied_once_and_never_on_the_event_loop(
    served: Served, monkeypatch: pytest.MonkeyPatch, as_form: bool
) -> None:
    """The spooled copy is the one that is saved. Threads for such work open, write, and close it."""
    threads, really_open = list[str](), tempfile.TemporaryFile

    def note_and_open(*args: Any, **kwargs: Any) -> Any:
        threads.append(threading.current_thread().name)
        return really_open(*args, **kwargs)

    bench = served.store.bench
    bench.limits = replace(bench.limits, max_memory_bytes=1_000_000)
    monkeypatch.setattr(tempfile, "TemporaryFile", note_and_open)
    assert _upload(served, _picture(LIMIT_BYTES), as_form=as_form).status_code == 201
    assert len(threads) == 1
    assert threads[0].startswith("strandline-slow")


@pytest.mark.parametrize("as_form", [False, True], ids=["raw", "form"])
def test_a_large_upload_needs_no_place_but_the_home(served: Served, tmp_path: Path, as_form: bool) -> None:
    """The system's temporary folder may be in memory, or full."""
    scratch = tmp_path / "home/scratch"
    data = _picture(LIMIT_BYTES)
    scratch.rmdir()
    refused = _upload(served, data, as_form=as_form)
    assert (refused.json()["code"], refused.json()["path"]) == ("disk-error", str(scratch))
    scratch.mkdir()
    assert _upload(served, data, as_form=as_form).status_code == 201
    assert not list(scratch.iterdir())


TIME = "2011-05-04T03:02:01Z"


def test_an_image_keeps_the_time_of_its_file(served: Served, tmp_path: Path) -> None:
    """As a parameter of a raw body, or one for each file of a form, where some may be unknown."""
    at = datetime.fromisoformat(TIME).timestamp()
    pictures = [make_picture("png", seed=seed) for seed in range(3)]
    url = "/api/v1/images?sd=Notes"
    assert served.client.post(f"{url}&modified={TIME}", content=pictures[0]).status_code == 201
    form = [("files", (f"{number}.png", data)) for number, data in enumerate(pictures[1:])]
    answer = served.client.post(url, files=form, data={"modified": ["", TIME]})
    assert answer.status_code == 201
    times = [(tmp_path / "Notes/media" / name_of(data)).stat().st_mtime for data in pictures]
    assert [time == at for time in times] == [True, False, True]


@pytest.mark.parametrize("time", ["yesterday", "2011-05-04T03:02:01", "2011-13-04T03:02:01Z"])
def test_what_is_no_time_is_refused(served: Served, tmp_path: Path, time: str) -> None:
    """Also a form that has a time for only some of its files: nobody could know which."""
    data, url = make_picture("png", seed=1), "/api/v1/images?sd=Notes"
    one, two = ("files", ("a.png", data)), ("files", ("b.png", data))
    for response in (
        served.client.post(f"{url}&modified={time}", content=data),
        served.client.post(url, files=[one], data={"modified": [time]}),
        served.client.post(url, files=[one, two], data={"modified": [TIME]}),
    ):
        assert (response.status_code, response.json()["code"]) == (422, "invalid-input")
        assert "modified" in response.json()["detail"]
    assert not list((tmp_path / "Notes/media").iterdir())


def test_half_an_image_is_taken_and_called_half(served: Served) -> None:
    """201: it is the user's picture. The answer, its page, and the inspector say that it is half."""
    half = make_picture("png", seed=2)[:-20]
    answer = served.upload(half, "Notes")
    (saved,) = answer.json()["saved"]
    assert (answer.status_code, saved["whole"]) == (201, False)
    assert served.get(f"/images/{saved['image_id']}")["whole"] is False
    assert "incomplete" in served.client.get(f"/image/{saved['image_id']}").text
    page = served.client.get("/inspect/Notes").text
    assert "1 incomplete image" in page
    assert "there and checked" not in page
    facts = served.client.get("/inspect/Notes/file", params={"path": f"media/{saved['filename']}"}).text
    assert "incomplete" in facts
