"""Bodies: every route takes so much, in so much time, and only what is whole (SPEC §10)."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator

import pytest

from builders.pictures import make_picture
from builders.served import LIMIT_S, Served, serving_storage_dir
from builders.storage import id_of
from strandline.web import bodies, server

PHOTO = make_picture("jpg", seed=1)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One picture in the storage directory ``Notes``."""
    with serving_storage_dir(tmp_path_factory.mktemp("bodies"), PHOTO) as it:
        yield it


def talk(served: Served, head: str, body: bytes = b"", *, signed_in: bool = True) -> bytes:
    """All that the server says to these bytes, until it disconnects."""
    origin = served.address.url.rstrip("/")
    cookie = f"cookie: {served.signed_in['cookie']}\r\n" if signed_in else ""
    with socket.create_connection((served.address.host, served.address.port), timeout=LIMIT_S) as client:
        client.sendall(f"{head}\r\nhost: {origin[7:]}\r\norigin: {origin}\r\n{cookie}\r\n".encode() + body)
        said = bytearray()
        while piece := client.recv(65536):
            said += piece
    return bytes(said)


@pytest.mark.parametrize(
    ("target", "kind"),
    [("/api/v1/sds", "application/json"), ("/export", FORM), ("/sign-in", FORM)],
)
def test_a_body_that_falls_silent_ends(
    served: Served, monkeypatch: pytest.MonkeyPatch, target: str, kind: str
) -> None:
    """408, whatever the route reads, and the connection is free for others."""
    monkeypatch.setattr(bodies, "SILENCE_LIMIT_S", 0.1)
    said = talk(served, f"POST {target} HTTP/1.1\r\ncontent-type: {kind}\r\ncontent-length: 1000", b'{"pa')
    assert said.startswith(b"HTTP/1.1 408")
    assert b"client-silent" in said


def test_files_are_left_for_others_than_connections() -> None:
    """The usual limit is as many as there may be connections, so images and secrets could not be opened."""
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(server.MAX_CONNECTIONS, soft), hard))
        server.ensure_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(server.OPEN_FILES, hard), hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_who_has_no_secret_gets_little_time_and_room(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends a byte now and then keeps no connection, and none can fill the memory."""
    head = f"POST /sign-in HTTP/1.1\r\ncontent-type: {FORM}\r\ncontent-length:"
    size = bodies.STRANGER_BYTES + 1
    assert talk(served, f"{head} {size}", bytes(size), signed_in=False).startswith(b"HTTP/1.1 413")
    monkeypatch.setattr(bodies, "STRANGER_S", 0.1)
    assert talk(served, f"{head} 100", b"secret=", signed_in=False).startswith(b"HTTP/1.1 408")


def test_who_has_no_secret_gets_one_answer_for_each_connection(served: Served) -> None:
    """Otherwise a client that reads none of many answers would keep the connection. A page with the image key loads
    many pictures, and goes on.
    """
    head, host = "GET /sign-in HTTP/1.1", served.address.url.rstrip("/")[7:]
    again = f"{head}\r\nhost: {host}\r\n\r\n".encode()
    assert talk(served, head, again, signed_in=False).count(b"HTTP/1.1 200") == 1
    with served.as_stranger() as stranger:
        assert stranger.get("/api/v1/sds").headers["connection"] == "close"
        key = served.app.door.guard.image_key
        assert "connection" not in stranger.get(f"/i/{id_of(PHOTO)}?key={key}").headers
    assert "connection" not in served.client.get("/folders").headers


def test_a_document_has_a_limit_of_size(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """413 before it is read, or where it exceeds the limit. Otherwise a reader could fill the memory."""
    monkeypatch.setattr(bodies, "REST_S", 0.1)
    head = "POST /api/v1/export HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 400000000"
    said = talk(served, head)
    assert said.startswith(b"HTTP/1.1 413")
    assert b"body-too-large" in said
    monkeypatch.setattr(bodies, "DOCUMENT_BYTES", 100_000)
    chunks, kind = (bytes(10_000) for _ in range(20)), {"content-type": "application/json"}
    answer = served.client.post("/api/v1/export", content=chunks, headers=kind)
    assert (answer.status_code, answer.json()["limit_bytes"]) == (413, 100_000)
    assert served.post("/export", "x" * (bodies.DOCUMENT_BYTES - 2)).status_code == 422


def test_a_read_that_promises_a_body_is_answered(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wants that body, so it is no reason to refuse. A request that waits counts as one whose client left."""
    monkeypatch.setattr(bodies, "SILENCE_LIMIT_S", 0.1)
    monkeypatch.setattr(bodies, "REST_S", 0.1)
    assert b"200 OK" in talk(served, "GET /api/v1/sds HTTP/1.1\r\ncontent-length: 1000000000000")
    assert b"200 OK" in talk(served, f"GET /i/{id_of(PHOTO)}?wait=9 HTTP/1.1\r\ncontent-length: 9")


def test_a_form_without_its_end_is_refused(served: Served) -> None:
    """Its last file would be lost, and nobody would know."""
    pictures = [make_picture("png", seed=seed) for seed in (2, 3)]
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="%d.png"\r\n\r\n%s\r\n'
    form = b"".join(head % (number, data) for number, data in enumerate(pictures))
    headers = {"content-type": "multipart/form-data; boundary=x"}
    before = served.get("/images")["total"]
    for cut in (form, form + b"--x", form[:-20]):
        answer = served.client.post("/api/v1/images?sd=Notes", content=cut, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")
        assert "cut off" in answer.json()["detail"]
    assert served.get("/images")["total"] == before
    whole = served.client.post("/api/v1/images?sd=Notes", content=form + b"--x--\r\n", headers=headers)
    assert len(whole.json()["saved"]) == 2
