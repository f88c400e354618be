"""Buckets over HTTP: added by their address, shown like folders, and refused what is refused there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.s3_server import OtherProgram, S3Server
from builders.served import Served, serving
from builders.storage import id_of, make_pictures, name_of
from strandline.runtime.assembly import open_store

ONE, TWO = make_pictures(2)


@pytest.fixture
def other(s3_server: S3Server) -> OtherProgram:
    """A program that keeps images in a bucket."""
    other = s3_server.make_place()
    other.put("SD_ID", b"11111111-1111-4111-8111-111111111111\n")
    other.put(f"media/{name_of(ONE)}", ONE)
    return other


@pytest.fixture
def served(tmp_path: Path, s3_server: S3Server, other: OtherProgram) -> Iterator[Served]:
    """A home that knows the endpoint and no storage directory."""
    with (
        open_store(tmp_path / "home", overrides={"s3.endpoint": s3_server.endpoint}) as store,
        serving(store) as served,
    ):
        assert served.post("/sds", {"path": other.address, "name": "Archive"}).status_code == 201
        yield served


def test_its_images_are_shown(served: Served) -> None:
    """Whole, in pieces, and small; and none that it does not have."""
    whole = served.client.get(f"/i/{id_of(ONE)}")
    assert (whole.status_code, whole.content) == (200, ONE)
    piece = served.client.get(f"/i/{id_of(ONE)}", headers={"range": "bytes=1-4"})
    assert (piece.status_code, piece.content) == (206, ONE[1:5])
    assert served.client.get(f"/i/{id_of(ONE)}?w=320").status_code == 200
    assert served.client.get(f"/i/{id_of(TWO)}").status_code == 404


def test_an_upload_is_saved_in_it(served: Served, other: OtherProgram) -> None:
    """Once."""
    assert served.upload(TWO, "Archive").status_code == 201
    assert other.get(f"media/{name_of(TWO)}") == TWO
    assert served.upload(TWO, "Archive").status_code == 200


def test_its_pages_are_shown(served: Served, other: OtherProgram) -> None:
    """With its address, and the notes' page says that none are read."""
    assert other.address in served.client.get("/folders").text
    for path in ("/", "/inspect/Archive", "/inspect/Archive/tree", f"/image/{id_of(ONE)}"):
        assert served.client.get(path).status_code == 200
    assert "notes in buckets are not read" in served.client.get("/inspect/Archive/notes").text.lower()


def test_nothing_is_deleted_in_it(served: Served, other: OtherProgram) -> None:
    """The reason has a code."""
    answer = served.client.request("DELETE", f"/api/v1/images/{id_of(ONE)}")
    assert "not-in-buckets" in answer.text
    assert other.get(f"media/{name_of(ONE)}") == ONE


def test_another_address_and_a_relative_path_are_told_apart(served: Served) -> None:
    """A bucket that does not exist is not found."""
    assert served.post("/sds", {"path": "s3://no-such-bucket/x"}).status_code == 404
    assert served.post("/sds", {"path": "s3:/x"}).status_code == 422


def test_what_was_replaced_in_it_is_in_the_trash(served: Served, other: OtherProgram) -> None:
    """With where it was, until when it is kept, and its bytes. It does not come back."""
    other.put(f"media/{name_of(TWO)}", ONE[:-9])
    assert served.upload(TWO, "Archive").status_code == 201
    (entry,) = served.get("/trash")["trash"]
    assert (entry["reason"], entry["sd_path"], entry["size_bytes"]) == (
        "replaced",
        other.address,
        len(ONE) - 9,
    )
    assert served.client.get(f"/api/v1/trash/{entry['trash_id']}/content").content == ONE[:-9]
    assert served.client.get("/trash").status_code == 200
    assert served.post("/trash/restore", {"image_ids": [id_of(TWO)]}).status_code == 404
    assert other.get(f"media/{name_of(TWO)}") == TWO
