"""Pictures at addresses, fetched from a real server, within limits, and never from a private network unasked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir, name_of
from strandline import open_store
from strandline.errors import StrandlineError
from strandline.model.addresses import parse_web_address
from strandline.runtime.assembly import LocalStore
from strandline.services.importing import downloads

PNG = make_picture("png")
CHANGED = "Sun, 14 Jul 2019 12:30:15 GMT"


class _Handler(BaseHTTPRequestHandler):
    """A server with pictures, and with all that goes wrong."""

    asked: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, dict(self.headers)))
        path = self.path.partition("?")[0]
        if path == "/moved":
            self._answer(302, Location="/deep/H%C3%A4fen.png")
        elif path == "/loop":
            self._answer(302, Location="/loop")
        elif path == "/away":
            self._answer(302, Location="ftp://example.org/x")
        elif path == "/none":
            self._answer(404)
        elif path == "/page":
            self._answer(200, b"<html>", **{"Content-Type": "text/html"})
        elif path == "/short":
            self._answer(200, PNG, **{"Content-Length": str(len(PNG) + 5)})
        elif path == "/named":
            self._answer(200, PNG, **{"Content-Disposition": 'attachment; filename="..\\\\..\\\\map.png"'})
        elif path == "/slow":
            self.send_response(200)
            self.end_headers()
            for byte in PNG:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
        else:
            self._answer(200, PNG, **{"Last-Modified": CHANGED})

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """The address of the server, on this machine."""
    _Handler.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(home: Path, tmp_path: Path) -> Iterator[LocalStore]:
    """A store that may fetch from this machine, for a second."""
    overrides: dict[str, int | float | str] = {
        "imports.private_addresses": "allow",
        "imports.fetch_timeout_s": 1,
    }
    with open_store(home, overrides=overrides) as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Photos"))
        yield store


def test_a_picture_is_fetched_with_its_name_and_date(store: LocalStore, address: str, tmp_path: Path) -> None:
    """Through a redirect. The address is stored as its source, without what follows the question mark."""
    report = store.import_images([f"{address}/moved?key=secret"], sd="Photos")
    assert [image.image_id for image in report.done] == [id_of(PNG)]
    assert report.done[0].source == f"{address}/moved"
    assert list(store.info(id_of(PNG)).original_names) == ["Häfen.png"]
    (tmp_path / "Photos" / "media" / name_of(PNG)).unlink()
    store.import_images([f"{address}/deep/H%C3%A4fen.png"], sd="Photos")
    found = (tmp_path / "Photos" / "media" / name_of(PNG)).stat()
    assert datetime.fromtimestamp(found.st_mtime, UTC) == datetime(2019, 7, 14, 12, 30, 15, tzinfo=UTC)
    assert "secret" not in str(store.export_catalog())
    assert [path for path, _ in _Handler.asked] == ["/moved?key=secret", *["/deep/H%C3%A4fen.png"] * 2]


def test_the_name_that_the_server_gives_leads_nowhere(store: LocalStore, address: str) -> None:
    """Only its last part is used."""
    store.import_images([f"{address}/named"], sd="Photos")
    assert list(store.info(id_of(PNG)).original_names) == ["map.png"]


@pytest.mark.parametrize(
    ("path", "code", "word"),
    [
        ("/none", "source-not-found", "404"),
        ("/loop", "unavailable", "without end"),
        ("/away", "invalid-input", "not an address on the web"),
        ("/page", "unsupported-image", "supported type"),
        ("/short", "unavailable", "broke off"),
        ("/slow", "unavailable", "in time"),
    ],
)
def test_what_goes_wrong_is_told(store: LocalStore, address: str, path: str, code: str, word: str) -> None:
    """And nothing is saved, for half a picture is none that anybody asked for."""
    report = store.import_images([address + path], sd="Photos")
    assert [each.code for each in report.refused] == [code]
    assert word in report.refused[0].message
    assert not report.done


def test_a_picture_that_is_too_large_is_not_read(home: Path, tmp_path: Path, address: str) -> None:
    """Its size is known before its bytes."""
    overrides: dict[str, int | float | str] = {"imports.private_addresses": "allow", "save.max_bytes": 100}
    with open_store(home, overrides=overrides) as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Photos"))
        report = store.import_images([f"{address}/a.png"], sd="Photos")
    assert [each.code for each in report.refused] == ["image-too-large"]


def test_private_networks_are_refused(home: Path, tmp_path: Path, address: str) -> None:
    """The server gets no request, under whatever name it is asked for."""
    port = address.rpartition(":")[2]
    names = [
        address,
        f"http://localhost:{port}",
        f"http://[::ffff:127.0.0.1]:{port}",
        f"http://0.0.0.0:{port}",
    ]
    with open_store(home) as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Photos"))
        report = store.import_images(names, sd="Photos")
    assert [each.code for each in report.refused] == ["refused"] * 4
    assert all("imports.private_addresses" in each.message for each in report.refused)
    assert _Handler.asked == []


def test_a_redirect_into_a_private_network_is_refused(
    store: LocalStore, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each address is checked, also the second one. Here, the first one counts as public."""
    allowed = iter([True, False])
    monkeypatch.setattr(downloads, "is_public", lambda _: next(allowed))
    fetching = downloads.Fetching(5, 1 << 20, allows_private=False, monotonic=time.monotonic)
    with pytest.raises(StrandlineError, match="private network"):
        downloads.download(parse_web_address(f"{address}/moved"), lambda _: None, fetching)
    assert [path for path, _ in _Handler.asked] == ["/moved"]


def test_nobody_answers(store: LocalStore) -> None:
    """A closed port, and a name that nobody knows."""
    report = store.import_images(["http://127.0.0.1:9/x.png", "http://nowhere.invalid/x.png"], sd="Photos")
    assert [each.code for each in report.refused] == ["unavailable"] * 2
