"""Limits: what is too large, too slow, or too much is refused, and the server keeps serving others (SPEC §11)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from builders.pictures import make_picture
from builders.served import LIMIT_S, Served, serving_storage_dir
from builders.storage import id_of
from strandline.web import bodies, server
from strandline.web.api import spooling
from strandline.web.images import waiting

PHOTO = make_picture("jpg", seed=1)
MAX_BYTES = 100_000


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server that accepts images up to 100 kB."""
    monkeypatch.setenv("STRANDLINE_SAVE_MAX_BYTES", str(MAX_BYTES))
    monkeypatch.setattr(spooling, "FORM_BYTES", 10_000)
    with serving_storage_dir(tmp_path, PHOTO) as it:
        yield it


def talk(served: Served, head: str, body: bytes = b"") -> bytes:
    """The beginning of the server's answer to these bytes, for a client that then sends nothing more."""
    origin = served.address.url.rstrip("/")
    with socket.create_connection((served.address.host, served.address.port), timeout=LIMIT_S) as client:
        whole = f"{head}\r\nhost: {origin[7:]}\r\norigin: {origin}\r\ncookie: {served.signed_in['cookie']}\r\n\r\n"
        client.sendall(whole.encode() + body)
        return client.recv(65536)


def test_an_upload_that_says_it_is_too_large_is_not_read(served: Served) -> None:
    """413 at once, before any of it was sent."""
    answer = talk(served, f"POST /api/v1/images?sd=Notes HTTP/1.1\r\ncontent-length: {10**15}")
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"image-too-large" in answer


def test_who_sends_what_is_not_read_is_told_that_the_connection_ends(served: Served) -> None:
    """Otherwise the next request would go into a closed connection."""
    for _ in range(5):
        response = served.client.post("/api/v1/images?sd=Notes", content=bytes(5_000_000))
        assert (response.status_code, response.headers["connection"]) == (413, "close")


def test_a_connection_outlives_what_was_read(served: Served) -> None:
    """Requests whose body is not read, refused or not, with or without a body: another request can follow."""
    for method, path, data in (
        ("POST", "/images?sd=Notes", b"no image"),
        ("POST", "/scans", b"{}"),
        ("POST", "/sds/Notes/confirm", b""),
        ("DELETE", "/sds/Nobody", b""),
    ):
        answer = served.client.request(method, f"/api/v1{path}", content=data)
        assert "connection" not in answer.headers


def test_an_upload_that_does_not_say_so_is_counted(served: Served) -> None:
    """A chunked upload without a length ends at the limit, and nothing of it is left."""
    chunks = (bytes(10_000) for _ in range(1000))
    response = served.client.post("/api/v1/images?sd=Notes", content=chunks)
    assert (response.status_code, response.json()["code"]) == (413, "image-too-large")
    assert list(served.store.bench.scratch.iterdir()) == []


def test_a_form_is_counted_as_a_whole(served: Served) -> None:
    """Many small files are a large upload, too."""
    files = [("files", (f"{number}.png", bytes(20_000))) for number in range(10)]
    response = served.client.post("/api/v1/images?sd=Notes", files=files)
    assert (response.status_code, response.json()["code"]) == (413, "image-too-large")


def test_a_form_that_is_none_is_refused(served: Served) -> None:
    """It is never an internal error."""
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        response = served.client.post(
            "/api/v1/images?sd=Notes", content=b"--y\r\nnonsense", headers={"content-type": content_type}
        )
        assert (response.status_code, response.json()["code"]) == (422, "invalid-input")


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/images?sd=Notes", "/api/v1/sds/Notes/import-archive", "/api/v1/catalog/import", "/import/look",
        "/status/import", "/care/wanted/provide",
    ],
)  # fmt: skip
def test_an_upload_that_falls_silent_ends(
    served: Served, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """408, wherever something is uploaded, and nothing was saved."""
    monkeypatch.setattr(bodies, "SILENCE_LIMIT_S", 0.1)
    kind = "multipart/form-data; boundary=x" if not target.startswith("/api") else "image/png"
    answer = talk(
        served,
        f"POST {target} HTTP/1.1\r\ncontent-length: 5000\r\ncontent-type: {kind}",
        make_picture("png", seed=2)[:1000] if target.startswith("/api") else b"--x\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 408")
    assert served.get("/images")["total"] == 1


def test_only_so_many_requests_wait(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is told to come back. Requests for available images are not delayed."""
    monkeypatch.setattr(waiting, "MAX_WAITING", 2)
    late = make_picture("png", seed=3)
    with ThreadPoolExecutor() as clients:
        held = [clients.submit(served.client.get, f"/i/{id_of(late)}?wait=20") for _ in range(3)]
        refused = next(as_completed(held)).result()
        assert (refused.status_code, refused.json()["code"]) == (503, "too-many-waiting")
        assert served.client.get(f"/i/{id_of(PHOTO)}?w=20").status_code == 200
        served.upload(late, "Notes")
        assert sorted(request.result().status_code for request in held) == [200, 200, 503]


def test_who_waits_while_the_server_stops_is_told_to_come_back(tmp_path: Path) -> None:
    """It did not wait to the end, so it cannot know that there is no such image."""
    with ThreadPoolExecutor() as clients, ExitStack() as running:
        served = running.enter_context(serving_storage_dir(tmp_path, PHOTO))
        address, headers = f"{served.address.url}i/{'0' * 32}?wait=60", served.signed_in
        asked = clients.submit(httpx.get, address, headers=headers, timeout=LIMIT_S)
        while not served.app.backend.live._listeners:
            time.sleep(0.01)
        running.close()
        answer = asked.result()
    assert (answer.status_code, answer.json()["code"]) == (503, "server-ends")
    assert answer.headers["retry-after"] == "10"


def open_half_a_head(served: Served) -> socket.socket:
    """A connection of a client that stops sending."""
    client = socket.create_connection((served.address.host, served.address.port), timeout=LIMIT_S)
    client.sendall(b"GET / HTTP/1.1\r\nho")
    return client


def test_a_client_that_sends_no_whole_head_keeps_nobody_waiting(served: Served) -> None:
    """With fifty of them, the next client is still answered."""
    with ExitStack() as clients:
        for _ in range(50):
            clients.enter_context(open_half_a_head(served))
        assert served.client.get(f"/i/{id_of(PHOTO)}").content == PHOTO


def test_a_head_has_a_limit_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that has not sent all of it by then is disconnected."""
    monkeypatch.setattr(server, "HEADER_LIMIT_MS", 200)
    with serving_storage_dir(tmp_path, PHOTO) as served, open_half_a_head(served) as client:
        while client.recv(65536):
            pass


def test_connections_have_a_limit_of_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more waits in the system's queue, and is served when another closes."""
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)
    with (
        serving_storage_dir(tmp_path, PHOTO) as served,
        open_half_a_head(served) as leaves,
        ExitStack() as stay,
    ):
        stay.enter_context(open_half_a_head(served))
        place = (served.address.host, served.address.port)
        with socket.create_connection(place, timeout=0.5) as waits:
            waits.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
            with pytest.raises(TimeoutError):
                waits.recv(65536)
            leaves.close()
            waits.settimeout(LIMIT_S)
            assert waits.recv(65536).startswith(b"HTTP/1.1 200")


def test_readers_that_leave_keep_nothing_open(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is closed while it waits frees its place, long before its time is up."""
    monkeypatch.setattr(waiting, "MAX_WAITING", 1)
    place = f"/i/{'0' * 32}?wait="
    deadline = time.monotonic() + LIMIT_S
    with ExitStack() as readers:
        while served.client.get(f"{place}1").status_code != 503:
            assert time.monotonic() < deadline, "nobody waits"
            reader = socket.create_connection((served.address.host, served.address.port))
            readers.enter_context(reader)
            head = (
                f"GET {place}300 HTTP/1.1\r\nhost: localhost\r\ncookie: {served.signed_in['cookie']}\r\n\r\n"
            )
            reader.sendall(head.encode())
    deadline = time.monotonic() + LIMIT_S
    while (status := served.client.get(f"{place}1").status_code) == 503 and time.monotonic() < deadline:
        pass
    assert status == 404
