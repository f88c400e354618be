"""Saving: bytes become an image once, under the right name, durably registered. The same bytes again write
nothing.
"""

from __future__ import annotations

import errno
import io
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from builders.machine import LEGACY_ID, Machine, open_machine
from builders.pictures import extension_of, make_picture
from builders.statements import count_statements
from builders.storage import id_of, make_pictures, name_of
from strandline.errors import (
    EmptyImageError,
    ImageIdMismatchError,
    ImageTooLargeError,
    InvalidPathError,
    SourceNotFoundError,
    StrandlineError,
    UnreadableFileError,
    UnsupportedImageError,
    WrongBytesError,
)
from strandline.model.image_ids import ImageId
from strandline.services.saving.save import save_image
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.workbench import Limits

PICTURE = make_picture("png", seed=1)
ID, NAME = id_of(PICTURE), name_of(PICTURE)
KINDS = ("png", "jpg", "gif", "webp", "svg", "heic", "heif", "avif")


class Pipe(io.RawIOBase):
    """A stream that returns a few bytes at a time and has no known size."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        some, self._rest = self._rest[: min(size, 700)], self._rest[min(size, 700) :]
        return some


class BrokenPipe(Pipe):
    """A stream that returns a few bytes and then a disk error."""

    def read(self, size: int = -1) -> bytes:
        some = super().read(size)
        if not some:
            raise OSError(errno.EIO, "Input/output error")
        return some


def as_path(data: bytes, folder: Path) -> Path:
    path = folder / "holiday.png"
    path.write_bytes(data)
    return path


SOURCES: dict[str, Callable[[bytes, Path], Any]] = {
    "bytes": lambda data, _folder: data,
    "bytearray": lambda data, _folder: bytearray(data),
    "memoryview": lambda data, _folder: memoryview(b"xx" + data)[2:],
    "path": as_path,
    "text path": lambda data, folder: str(as_path(data, folder)),
    "file": lambda data, _folder: io.BytesIO(data),
    "pipe": lambda data, _folder: Pipe(data),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("max_memory_bytes", [1000, 1_000_000])
def test_every_kind_of_source_is_saved_alike(tmp_path: Path, source: str, max_memory_bytes: int) -> None:
    """In memory or through an unnamed temporary: same id, same bytes, nothing left in scratch."""
    with open_machine(tmp_path, limits=Limits(max_memory_bytes=max_memory_bytes)) as machine:
        one = machine.add("one")
        saved = save_image(machine.bench, SOURCES[source](PICTURE, tmp_path), one)
        assert (saved.image_id, saved.filename, saved.new) == (ID, NAME, True)
        assert (saved.media_type, saved.size_bytes) == ("image/png", len(PICTURE))
        assert (machine.media(one) / NAME).read_bytes() == PICTURE
        assert os.listdir(machine.media(one)) == [NAME]
        assert list(machine.bench.scratch.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_canonical_extension_of_the_sniffed_type_is_written(machine: Machine, kind: str) -> None:
    """Whatever the name of the source."""
    data = make_picture(kind, seed=3)
    saved = save_image(machine.bench, data, machine.add("one"), name="claims-to-be.bmp")
    assert saved.filename == f"{id_of(data)}.{extension_of(kind)}"


def test_a_saved_image_is_registered_and_proven_with_one_event(machine: Machine) -> None:
    """The next lookup finds everything, and there is one event, even after a scan."""
    one = machine.add("one")
    save_image(machine.bench, PICTURE, one, name="holiday.png")
    row = machine.row(one, NAME)
    assert row is not None
    assert row.is_proven
    assert (row.width, row.height, row.media_type) == (64, 48, "image/png")
    scan_storage_dir(machine.bench, one)
    machine.get(ID)
    (event,) = machine.events("image.available")
    assert event.to_json()["filename"] == NAME


def test_the_same_bytes_write_nothing(machine: Machine) -> None:
    """No file, mtime, row, or event: neither at once, nor after the proof was renewed."""
    one = machine.add("one")
    save_image(machine.bench, PICTURE, one, name="holiday.png")
    source = SOURCES["path"](PICTURE, machine.folder)
    save_image(machine.bench, source, one)
    for _ in range(2):
        before = (_list_tree(machine.folder), machine.bench.catalog.read_version())
        for again in (PICTURE, source, io.BytesIO(PICTURE)):
            name = None if again is source else "holiday.png"
            saved = save_image(machine.bench, again, one, name=name if again is PICTURE else None)
            assert (saved.image_id, saved.filename, saved.new) == (ID, NAME, False)
        assert (_list_tree(machine.folder), machine.bench.catalog.read_version()) == before
        machine.clock.pass_time(minutes=1)
        machine.get(ID)  # a proof from the first two seconds is repeated once
    assert len(machine.events("image.available")) == 1


def _list_tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and mtime, except for the catalog's own, which SQLite touches on reads."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if not path.name.startswith("catalog.db")
    }


@pytest.mark.parametrize("is_scanned", [False, True])
@pytest.mark.parametrize(
    "name", [f"{ID}.PNG", f"{ID}.jpg", f"{ID}.Png", f"{ID.upper()}.Png", f"{ID.upper()}.PNG"]
)
def test_any_file_with_the_right_bytes_counts(machine: Machine, name: str, is_scanned: bool) -> None:
    """Its name is returned, whatever its spelling or extension, and no second file is created.

    A save lists no folder for it; it tries the spellings that programs use.
    """
    one = machine.add("one")
    machine.put(one, PICTURE, name)
    if is_scanned:
        machine.scan(one)
    saved = save_image(machine.bench, PICTURE, one)
    assert (saved.filename, saved.new) == (name, False)
    assert f"(media/{name})" in saved.markdown
    assert os.listdir(machine.media(one)) == [name]


def test_an_image_of_another_sd_is_saved_all_the_same(machine: Machine) -> None:
    """People who share only this SD could not see it otherwise."""
    machine.add("other", PICTURE)
    one = machine.add("one")
    saved = save_image(machine.bench, PICTURE, one)
    assert saved.new
    assert (machine.media(one) / NAME).read_bytes() == PICTURE


def test_a_missing_media_folder_is_made(machine: Machine) -> None:
    """A new SD may have no media folder yet."""
    one = machine.add("one")
    machine.media(one).rmdir()
    assert save_image(machine.bench, PICTURE, one).new
    assert os.listdir(machine.media(one)) == [NAME]


class TestOwnIds:
    """Ids that the caller brings, for imports from other systems."""

    def test_a_legacy_id_names_the_file(self, machine: Machine) -> None:
        """It is proven by its structure. The same bytes again write nothing."""
        one = machine.add("one")
        for kind in KINDS:
            data = make_picture(kind, seed=3)
            image_id = ImageId(f"00000000-0000-4000-8000-{KINDS.index(kind):012}")
            saved = save_image(machine.bench, data, one, image_id=image_id)
            assert (saved.image_id, saved.filename) == (image_id, f"{image_id}.{extension_of(kind)}")
            assert machine.get(image_id).proven
            assert not save_image(machine.bench, data, one, image_id=image_id).new
        assert len(machine.events("image.available")) == len(KINDS)

    def test_a_content_id_must_fit(self, machine: Machine) -> None:
        """A matching one is accepted. Otherwise the error names the right one."""
        one = machine.add("one")
        with pytest.raises(ImageIdMismatchError, match=ID):
            save_image(machine.bench, PICTURE, one, image_id=ImageId("0" * 32))
        assert os.listdir(machine.media(one)) == []
        assert save_image(machine.bench, PICTURE, one, image_id=ID).new

    def test_an_image_whose_last_box_is_open_is_proven_at_once(self, machine: Machine) -> None:
        """A sync client may still be adding to such a file, but here all of it was given."""
        data = bytearray(make_picture("avif", seed=3))
        start = _start_of_last_box(bytes(data))
        data[start : start + 4] = bytes(4)
        saved = save_image(machine.bench, bytes(data), machine.add("one"), image_id=LEGACY_ID)
        (one,) = machine.list_storage_dirs()
        row = machine.row(one, saved.filename)
        assert row is not None
        assert row.is_proven
        machine.clock.pass_time(seconds=3)
        assert machine.get(LEGACY_ID).read() == data
        assert len(machine.events("image.available")) == 1

    @pytest.mark.parametrize("data", [PICTURE[:300], make_picture("webp", seed=1)[:-64] + bytes(64)])
    def test_half_an_image_gets_no_legacy_id(self, machine: Machine, data: bytes) -> None:
        """Nothing would ever prove it, so it would be "arriving" forever. Its own content id proves it."""
        one = machine.add("one")
        with pytest.raises(WrongBytesError, match="omit the id"):
            save_image(machine.bench, data, one, image_id=LEGACY_ID)
        assert os.listdir(machine.media(one)) == []
        saved = save_image(machine.bench, data, one)
        assert machine.get(saved.image_id).read() == data


def _start_of_last_box(data: bytes) -> int:
    start = 0
    while (end := start + int.from_bytes(data[start : start + 4], "big")) < len(data):
        start = end
    return start


class TestOrigins:
    """What images were called, for people."""

    def test_names_and_sources_are_remembered_once_each(self, machine: Machine) -> None:
        """In the order of saving, also for images that existed before."""
        one = machine.add("one", PICTURE)
        path = SOURCES["path"](PICTURE, machine.folder)
        for source, name in ((PICTURE, "first.png"), (path, None), (path, None), (PICTURE, None)):
            machine.clock.pass_time(seconds=1)
            save_image(machine.bench, source, one, name=name)
        with machine.bench.catalog.read() as reader:
            assert reader.origins.list_names_of_images([ID])[ID] == ["first.png", "holiday.png"]
            assert [origin["source"] for origin in reader.origins.list_origins()] == ["bytes", str(path)]

    def test_what_was_saved_is_called_by_its_name(self, machine: Machine) -> None:
        """In the answer and in errors; bytes without one are called bytes."""
        one = machine.add("one")
        named, unnamed = (save_image(machine.bench, PICTURE, one, name=name) for name in ("first.png", None))
        assert (named.source, unnamed.source) == ("first.png", "bytes")
        with pytest.raises(UnsupportedImageError) as caught:
            save_image(machine.bench, b"x", one, name="x.bmp")
        assert caught.value.facts["source"] == "x.bmp"

    def test_a_name_that_is_no_text_is_remembered_as_well_as_it_can_be(self, machine: Machine) -> None:
        """File names are bytes on Linux, but the catalog and JSON accept only text."""
        path = os.fsencode(machine.folder) + b"/caf\xe9.png"
        with open(path, "wb") as file:
            file.write(PICTURE)
        saved = save_image(machine.bench, os.fsdecode(path), machine.add("one"))
        assert saved.markdown == f"![caf?](media/{NAME})"
        assert saved.source.endswith("/caf?.png")

    def test_a_name_of_any_length_and_letters_is_no_error(self, machine: Machine) -> None:
        """It is kept up to a limit."""
        one = machine.add("one")
        for name in ("x" * 1_000_000, "\0", "", "a\nb", "../../etc/passwd"):
            assert save_image(machine.bench, PICTURE, one, name=name).image_id == ID
        assert os.listdir(machine.media(one)) == [NAME]

    def test_markdown_shows_the_image_by_its_stem(self, machine: Machine) -> None:
        """The given name's, the path's own, or the id. The template is a setting."""
        one = machine.add("one")
        path = SOURCES["path"](PICTURE, machine.folder)
        assert save_image(machine.bench, path, one).markdown == f"![holiday](media/{NAME})"
        assert save_image(machine.bench, path, one, name="a[b].png").markdown == f"![a\\[b\\]](media/{NAME})"
        assert save_image(machine.bench, PICTURE, one).markdown == f"![{ID}](media/{NAME})"


REFUSED: dict[str, tuple[Any, type[StrandlineError]]] = {
    "empty bytes": (b"", EmptyImageError),
    "empty stream": (lambda: io.BytesIO(), EmptyImageError),
    "text": (b"just some words", UnsupportedImageError),
    "HTML": (b"<!doctype html><html></html>", UnsupportedImageError),
    "zeros": (bytes(5000), UnsupportedImageError),
    "BMP": (b"BM" + bytes(100), UnsupportedImageError),
    "over the limit": (make_picture("png", seed=3, size=(300, 200)), ImageTooLargeError),
    "a stream over the limit": (
        lambda: Pipe(make_picture("png", seed=3, size=(300, 200))),
        ImageTooLargeError,
    ),
    "a stream that fails": (lambda: BrokenPipe(make_picture("png", seed=4)[:5000]), UnreadableFileError),
    "a stream that fails at once": (lambda: BrokenPipe(b""), UnreadableFileError),
    "no such file": ("/nowhere/x.png", SourceNotFoundError),
    "a folder": ("/", InvalidPathError),
    "a NUL": ("a\0b", InvalidPathError),
    "too long a path": ("x" * 5000, InvalidPathError),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("max_memory_bytes", [1000, 1_000_000])
def test_what_is_no_image_is_refused_and_leaves_nothing(
    tmp_path: Path, what: str, max_memory_bytes: int
) -> None:
    """A clear error, no file in the SD, none in scratch, and no row."""
    source, error = REFUSED[what]
    source = source() if callable(source) else source
    limits = Limits(save_max_bytes=50_000, max_memory_bytes=max_memory_bytes)
    with open_machine(tmp_path, limits=limits) as machine:
        one = machine.add("one")
        with pytest.raises(error) as caught:
            save_image(machine.bench, source, one)
        assert "\n" not in caught.value.message
        assert os.listdir(machine.media(one)) == []
        assert list(machine.bench.scratch.iterdir()) == []
        assert machine.events("image.available") == []


def test_an_endless_stream_is_refused(tmp_path: Path) -> None:
    """It fails at the limit, not when the memory is full."""

    class Endless(Pipe):
        def read(self, size: int = -1) -> bytes:
            return PICTURE[:8] + bytes(min(size, 10_000))

    with open_machine(tmp_path, limits=Limits(save_max_bytes=1_000_000, max_memory_bytes=100_000)) as machine:
        with pytest.raises(ImageTooLargeError, match="1,000,000"):
            save_image(machine.bench, Endless(b""), machine.add("one"))  # type: ignore[arg-type]
        assert list(machine.bench.scratch.iterdir()) == []


@pytest.mark.parametrize("source", [42, None, io.StringIO("text"), ["list"]])
def test_what_is_no_source_is_a_type_error(machine: Machine, source: Any) -> None:
    """It is a programming error, reported at once."""
    with pytest.raises(TypeError, match="give bytes, a path, or a readable binary stream"):
        save_image(machine.bench, source, machine.add("one"))


class TestAtOnce:
    """Savers that do not know about each other."""

    def test_two_threads_save_fifty_images_each(self, machine: Machine) -> None:
        """The same fifty images: each is new exactly once, all exist, with one event each, while a scan runs."""
        one = machine.add("one")
        pictures = make_pictures(50)
        start = threading.Barrier(3)

        def save_all(order: int) -> list[bool]:
            start.wait()
            return [save_image(machine.bench, data, one).new for data in pictures[::order]][::order]

        def scan_often() -> None:
            start.wait()
            for _ in range(10):
                scan_storage_dir(machine.bench, one)

        with ThreadPoolExecutor(3) as pool:
            scanning = pool.submit(scan_often)
            first, second = (pool.submit(save_all, order) for order in (1, -1))
            assert all(a != b for a, b in zip(first.result(), second.result(), strict=True))
            scanning.result()
        assert sorted(os.listdir(machine.media(one))) == sorted(name_of(data) for data in pictures)
        names = [event.to_json()["filename"] for event in machine.events("image.available")]
        assert sorted(map(str, names)) == sorted(name_of(data) for data in pictures)

    def test_many_threads_save_one_image(self, machine: Machine) -> None:
        """Exactly one thread creates it."""
        one = machine.add("one")
        start = threading.Barrier(8)

        def save(_: int) -> bool:
            start.wait()
            return save_image(machine.bench, PICTURE, one).new

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(save, range(8))) == [False] * 7 + [True]
        assert os.listdir(machine.media(one)) == [NAME]


def test_a_new_picture_costs_few_statements(machine: Machine) -> None:
    """One transaction, and the questions before it: what is known of the image, and where it may be written."""
    sd = machine.add("one")
    save_image(machine.bench, PICTURE, sd)
    other = make_picture("png", seed=2)
    assert count_statements(machine.bench, lambda: save_image(machine.bench, other, sd)) <= 9
