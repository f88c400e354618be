"""Hostile content: nothing in a storage directory or an upload harms anybody (SPEC §11)."""

from __future__ import annotations

import gzip
import io
import os
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from builders.hostile_pictures import make_png_bomb, make_slow_svg, make_svg
from builders.pictures import PLACE, extension_of, make_picture
from builders.served import LIMIT_S, Served, serving_storage_dir
from builders.storage import id_of
from strandline.errors import SourceNotFoundError

PHOTO = make_picture("jpg", seed=1)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server with one photo."""
    with serving_storage_dir(tmp_path, PHOTO) as it:
        yield it


def has_position(data: bytes) -> bool:
    """Whether the picture's EXIF contains a position."""
    with Image.open(io.BytesIO(data)) as picture:
        return bool(picture.getexif().get_ifd(ExifTags.IFD.GPSInfo))


def test_what_is_no_regular_file_is_neither_opened_nor_waited_for(served: Served, tmp_path: Path) -> None:
    """A pipe, a socket, a folder, and links to a device, a pipe, outside, and itself, with images' names."""
    media = tmp_path / "Notes/media"
    secret = tmp_path / "secret.png"
    secret.write_bytes(make_picture("png", seed=7))
    names = [f"{number:032x}.png" for number in range(7)]
    os.mkfifo(media / names[0])
    os.mknod(media / names[1], stat.S_IFSOCK)
    (media / names[2]).mkdir()
    (media / names[3]).symlink_to("/dev/zero")
    (media / names[4]).symlink_to(media / names[0])
    (media / names[5]).symlink_to(secret)
    (media / names[6]).symlink_to(names[6])
    for name in names:
        for query in ("", "?w=100", "?original=1"):
            assert served.client.get(f"/i/{name[:32]}{query}").status_code == 404
        assert served.get(f"/images/{name[:32]}/explanation")["verdict"] != "shown"
    assert served.post("/scans", {}).status_code in (200, 202)
    assert served.get("/inspect/Notes")["on_disk"]["count"] == 1


@pytest.mark.parametrize("make_bomb", [make_png_bomb, make_slow_svg])
def test_a_bomb_is_refused_and_the_next_picture_is_drawn(
    served: Served, make_bomb: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many pixels or too much time: a problem for this client, and no effect on others."""
    data, bench = make_bomb(), served.store.bench
    assert served.upload(data, "Notes").status_code == 201
    with monkeypatch.context() as patch:
        patch.setattr(bench, "limits", replace(bench.limits, decode_timeout_s=1))
        answer = served.client.get(f"/i/{id_of(data)}?w=100")
    assert (answer.status_code, answer.json()["code"]) == (409, "picture-too-large")
    small = served.client.get(f"/i/{id_of(PHOTO)}?w=32")
    assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "avif"])
def test_nothing_derived_says_where_a_picture_was_taken(served: Served, kind: str) -> None:
    """Small copies, facts, pages, and the catalog. Only the original, byte for byte, contains its position."""
    data = make_picture(kind, seed=5, gps=True)
    assert has_position(data)
    assert served.upload(data, "Notes", f"holiday.{extension_of(kind)}").status_code == 201
    image_id = id_of(data)
    assert served.client.get(f"/i/{image_id}").content == data
    for width in (16, 400, 4000):
        small = served.client.get(f"/i/{image_id}?w={width}")
        assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
        assert not has_position(small.content)
        for trace in (b"Exif", b"EXIF", b"GPS", b"http://ns.adobe.com/xap"):
            assert trace not in small.content
    for place in (
        f"/api/v1/images/{image_id}", "/api/v1/images", f"/api/v1/images/{image_id}/explanation",
        "/api/v1/inspect/Notes", "/api/v1/journal", "/", f"/image/{image_id}", "/inspect/Notes",
    ):  # fmt: skip
        answer = served.client.get(place)
        media_type = "application/json" if place.startswith("/api/") else "text/html; charset=utf-8"
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
        for degrees in PLACE:
            assert f"{degrees:.2f}" not in answer.text


@pytest.mark.parametrize("query", ["", "?original=1", "?w=64"])
@pytest.mark.parametrize("kind", ["svg", "jpg", "heic", "gif"])
def test_whatever_is_sent_of_an_image_can_do_nothing(served: Served, kind: str, query: str) -> None:
    """Original, converted, small, or in part: its type is declared and never sniffed, and it is sandboxed."""
    data = make_svg("<script>alert(1)</script>") if kind == "svg" else make_picture(kind, seed=2)
    assert served.upload(data, "Notes").status_code == 201
    for headers in ({}, {"range": "bytes=0-9"}):
        answer = served.client.get(f"/i/{id_of(data)}{query}", headers=headers)
        assert answer.status_code in (200, 206)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"].split("; ")
        assert answer.headers["content-type"].startswith("image/")


@pytest.mark.parametrize(
    "name",
    [
        "../../escaped.png",
        "/etc/escaped.png",
        "a\\..\\escaped.png",
        "..",
        "\0.png",
        "x" * 5000 + ".png",
        "\u202e",
    ],
)
def test_the_name_of_an_upload_makes_no_path(served: Served, tmp_path: Path, name: str) -> None:
    """It is kept for people. The file is named by its id, whatever the upload's name, in the right place."""
    before = set(tmp_path.rglob("*"))
    data = make_picture("png", seed=3)
    form = served.client.post("/api/v1/images?sd=Notes", files=[("files", (name, data))])
    raw = served.upload(data, "Notes", name)
    is_too_long = len(name) > 1000
    assert (form.status_code, raw.status_code) == ((422, 422) if is_too_long else (201, 200))
    images = {path for path in set(tmp_path.rglob("*")) - before if path.suffix == ".png"}
    assert images == (set() if is_too_long else {tmp_path / "Notes/media" / f"{id_of(data)}.png"})
    kept = name.replace("\0", "\ufffd")  # which PostgreSQL could not store
    assert is_too_long or kept in served.get(f"/images/{id_of(data)}")["names"]
    assert not list(tmp_path.rglob("*escaped*"))


def test_what_is_packed_is_not_unpacked(served: Served) -> None:
    """``Content-Encoding`` is only the sender's claim. A kilobyte that claims to be a packed megabyte stays a
    kilobyte.
    """
    packed = gzip.compress(make_picture("png", seed=4) + bytes(1_000_000))
    answer = served.client.post(
        "/api/v1/images?sd=Notes", content=packed, headers={"content-encoding": "gzip"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "unsupported-image")


def test_readers_that_take_nothing_keep_nobody_waiting(served: Served) -> None:
    """More of them than threads, each in the middle of an image of several pieces."""
    large = make_picture("png", seed=6, size=(1400, 1400))
    assert len(large) > 4_000_000
    assert served.upload(large, "Notes").status_code == 201
    host = served.address.url.removeprefix("http://").rstrip("/")
    cookie = served.signed_in["cookie"]
    head = f"GET /i/{id_of(large)} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\n\r\n".encode()
    place = (served.address.host, served.address.port)
    readers = [socket.create_connection(place, timeout=LIMIT_S) for _ in range(30)]
    try:
        for reader in readers:
            reader.sendall(head)
            assert reader.recv(12) == b"HTTP/1.1 200"
        assert served.client.get(f"/i/{id_of(large)}").content == large
        assert served.client.get(f"/i/{id_of(PHOTO)}?w=16").status_code == 200
    finally:
        for reader in readers:
            reader.close()


def test_an_address_is_not_fetched(served: Served) -> None:
    """There is no import from URLs: such text names no file, and no request is sent."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/x.png"
        assert served.upload(url.encode(), "Notes", url).json()["code"] == "unsupported-image"
        with pytest.raises(SourceNotFoundError):
            served.store.save(url, sd="Notes")
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
