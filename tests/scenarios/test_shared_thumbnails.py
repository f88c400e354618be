"""Thumbnails that machines share in a bucket: made once, checked by each, and never needed (SPEC §24)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builders.bucket_machine import BucketMachine, open_bucket_machine
from builders.pictures import make_picture
from builders.s3_server import OtherProgram, S3Server
from builders.storage import id_of, make_pictures
from fault_kit.object_store import FaultyStore, run_faulty_store
from strandline.errors import ConfigError, UnsuitableFolderError
from strandline.pictures.decoding import Thumbnail
from strandline.pictures.shared_copies import MAX_SHARED_BYTES, can_share, find_copy_in, shared_name_of
from strandline.services import thumbnails

ONE, TWO = make_pictures(2)
MOVES = b"VP8X\x0a\0\0\0\x02" + bytes(9)
"""The chunk of a WebP that says that more than one picture follows."""


def sha256_of(data: bytes) -> str:
    """In hex."""
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def faulty(s3_server: S3Server) -> Iterator[FaultyStore]:
    """A proxy that all machines use."""
    with run_faulty_store(s3_server.endpoint) as faulty:
        yield faulty


@pytest.fixture
def place(s3_server: S3Server) -> OtherProgram:
    """Where machines share thumbnails."""
    return s3_server.make_place()


@contextmanager
def machine_at(
    home: Path, server: S3Server, other: OtherProgram, place: OtherProgram, faulty: FaultyStore
) -> Iterator[BucketMachine]:
    """A machine with a home of its own that shares its thumbnails."""
    with open_bucket_machine(
        home, server, other, endpoint=faulty.endpoint,
        overrides={"pictures.shared_thumbnails": place.address},
    ) as machine:  # fmt: skip
        machine.add(*([] if other.get("SD_ID") else [ONE, TWO]))
        machine.store.get(id_of(ONE)).close()
        yield machine


@pytest.fixture
def machine(
    tmp_path: Path, s3_server: S3Server, place: OtherProgram, faulty: FaultyStore
) -> Iterator[BucketMachine]:
    """The machine that is first."""
    with machine_at(tmp_path / "one", s3_server, s3_server.make_place(), place, faulty) as machine:
        yield machine


def refuse_to_draw(*_: object, **__: object) -> Thumbnail:
    """A decoder that must not be used."""
    raise AssertionError("it was drawn again")


def test_what_one_machine_made_the_other_shows(
    machine: BucketMachine, tmp_path: Path, s3_server: S3Server, place: OtherProgram, faulty: FaultyStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Without a decoder, and from its own disk the next time. A size that no page asks for is nobody else's."""
    made = machine.store.thumbnail(id_of(ONE), 400)
    machine.store.thumbnail(id_of(ONE), 401)
    assert place.list_names() == [shared_name_of(sha256_of(ONE), 400)]
    with machine_at(tmp_path / "two", s3_server, machine.other, place, faulty) as other:
        with monkeypatch.context() as patch:
            patch.setattr(thumbnails, "make_thumbnail", refuse_to_draw)
            assert other.store.thumbnail(id_of(ONE), 400) == made
            place.delete(shared_name_of(sha256_of(ONE), 400))
            assert other.store.thumbnail(id_of(ONE), 400) == made
        assert other.store.thumbnail(id_of(TWO), 400).width == made.width
    assert place.list_names() == [shared_name_of(sha256_of(TWO), 400)]


@pytest.mark.parametrize("fault", ["hang", 403, 500])
def test_nobody_waits_for_a_place_that_is_away(
    machine: BucketMachine, place: OtherProgram, faulty: FaultyStore, fault: object,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """The thumbnail is made, and the log says once why it is not shared."""
    faulty.rule = lambda asked: fault if asked.key.startswith(place.prefix) else None  # type: ignore[assignment,return-value]
    with caplog.at_level(logging.WARNING):
        for size in (400, 800):
            assert machine.store.thumbnail(id_of(ONE), size).media_type == "image/webp"
    told = [record.message for record in caplog.records if "not shared" in record.message]
    assert len(told) == 1


def test_what_others_put_there_is_not_believed(machine: BucketMachine, place: OtherProgram) -> None:
    """Half a picture, a page, another type, one that is too large in bytes or pixels, one that moves or has more."""
    good = machine.store.thumbnail(id_of(ONE), 400)
    larger = machine.store.thumbnail(id_of(ONE), 1600)
    moving = bytearray(make_picture("webp"))
    bad: list[bytes] = [
        b"", b"<html><script>alert(1)</script>", ONE, good.data[:-1], good.data + b"<script>",
        good.data + bytes(MAX_SHARED_BYTES), bytes(moving[:12]) + MOVES + bytes(moving[12:]),
    ]  # fmt: skip
    assert find_copy_in(good.data, 400) == good
    assert find_copy_in(larger.data, max(larger.width, larger.height) - 1) is None
    for data in bad:
        assert find_copy_in(data, 400) is None
    name = shared_name_of(sha256_of(TWO), 400)
    place.put(name, b"<html><script>alert(1)</script>")
    assert machine.store.thumbnail(id_of(TWO), 400).media_type == "image/webp"
    assert not can_share(Thumbnail(b"", "image/jpeg", 1, 1), 400)
    assert not can_share(Thumbnail(bytes(MAX_SHARED_BYTES + 1), "image/webp", 1, 1), 400)


def test_it_is_in_no_storage_directory(
    tmp_path: Path, s3_server: S3Server, place: OtherProgram, caplog: pytest.LogCaptureFixture
) -> None:
    """None is added there. If one is, nothing is written, and pictures are shown as ever."""
    inside = OtherProgram(s3_server.endpoint, place.bucket, f"{place.prefix}pictures/")
    shared = {"pictures.shared_thumbnails": f"{place.address}/pictures/small"}
    with (
        open_bucket_machine(tmp_path / "one", s3_server, inside, overrides=shared) as machine,
        pytest.raises(UnsuitableFolderError, match="machines share thumbnails"),
    ):
        machine.add()
    with open_bucket_machine(tmp_path / "one", s3_server, inside) as machine:
        machine.add(ONE)
    with (
        caplog.at_level(logging.WARNING),
        open_bucket_machine(tmp_path / "one", s3_server, inside, overrides=shared) as machine,
    ):
        machine.store.get(id_of(ONE)).close()
        assert machine.store.thumbnail(id_of(ONE), 400).media_type == "image/webp"
        assert not [name for name in inside.list_names() if name.startswith("small/")]
        assert "must be apart from" in caplog.text
    for wrong in ("s3://pictures", "https://x.org/y", "s3://pictures/small/"):
        with pytest.raises(ConfigError):
            open_bucket_machine(
                tmp_path / "two", s3_server, inside, overrides={"pictures.shared_thumbnails": wrong}
            ).__enter__()
