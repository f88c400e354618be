"""Lookup: a file that is still arriving, broken, or changing is never returned as the image."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.machine import LEGACY_ID, Machine, open_machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from strandline.errors import ImageArrivingError, ImageDamagedError, ImageForeignError, ImageNotFoundError
from strandline.model.image_files import FileState, ProofKind
from strandline.services.finding.explain import get_image
from strandline.services.finding.look_up import look_up
from strandline.services.finding.search import find_as_is, find_image
from strandline.services.workbench import Limits

PICTURE = make_picture("png", seed=1)
ID, NAME = id_of(PICTURE), name_of(PICTURE)
KINDS = ("png", "jpg", "gif", "webp", "svg", "heic", "avif")
LIMIT_S = 60.0
"""Only a failing test waits this long."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("legacy", [False, True], ids=["content id", "legacy id"])
def test_half_an_image_is_arriving_and_the_whole_is_shown(machine: Machine, kind: str, legacy: bool) -> None:
    """Half: exit status 6 and no byte. Whole: shown at once, however young the file."""
    data = make_picture(kind, seed=5)
    image_id = LEGACY_ID if legacy else id_of(data)
    name = f"{image_id}.{kind}"
    one = machine.add("one")
    for size in (0, 1, len(data) // 2, len(data) * 9 // 10):
        machine.put(one, data[:size], name)
        with pytest.raises(ImageArrivingError) as caught:
            get_image(machine.bench, image_id)
        assert "still arriving" in caught.value.message
        assert look_up(machine.bench, image_id).state is FileState.ARRIVING
    machine.put(one, data, name)
    found = get_image(machine.bench, image_id)
    assert found.read() == data
    assert found.proven
    assert len(machine.events("image.available")) == 1


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One machine for all examples of a property."""
    with open_machine(tmp_path_factory.mktemp("shared")) as machine:
        machine.add("one")
        yield machine


@given(kind=st.sampled_from(KINDS), part=st.floats(0, 1), is_filled=st.booleans())
def test_no_prefix_is_ever_handed_out_under_a_content_id(
    shared: Machine, kind: str, part: float, is_filled: bool
) -> None:
    """Wherever a file is cut, and also if the rest is zeros (hazards H1 to H3)."""
    picture = make_picture(kind, seed=9)
    good = picture[: int(len(picture) * part)]
    bad = good + bytes(len(picture) - len(good)) * is_filled
    (one,) = shared.list_storage_dirs()
    shared.put(one, bad, name_of(picture))
    assert (find_image(shared.bench, id_of(picture)) is None) == (bad != picture)


@pytest.mark.parametrize("kind", ["webp", "heic", "avif"])
def test_a_legacy_image_that_ends_in_zeros_is_arriving(machine: Machine, kind: str) -> None:
    """RIFF and ISO files give only lengths, so reserved space looks whole (hazard H3)."""
    data = make_picture(kind, seed=5)
    one = machine.add("one")
    machine.put(one, data[:-64] + bytes(64), f"{LEGACY_ID}.{kind}")
    with pytest.raises(ImageArrivingError):
        get_image(machine.bench, LEGACY_ID)
    machine.clock.pass_time(minutes=6)
    with pytest.raises(ImageArrivingError):
        get_image(machine.bench, LEGACY_ID)


def test_a_legacy_image_of_odd_structure_is_shown_once_it_decodes(machine: Machine) -> None:
    """A PNG without its last chunk, unchanged for five minutes, is shown but not called proven."""
    odd = PICTURE[:-12]
    one = machine.add("one")
    machine.put(one, odd, f"{LEGACY_ID}.png")
    with pytest.raises(ImageArrivingError):
        get_image(machine.bench, LEGACY_ID)
    machine.clock.pass_time(minutes=4)
    with pytest.raises(ImageArrivingError):
        get_image(machine.bench, LEGACY_ID)
    machine.clock.pass_time(minutes=2)
    found = get_image(machine.bench, LEGACY_ID)
    assert (found.read(), found.proven) == (odd, False)
    row = machine.row(one, f"{LEGACY_ID}.png")
    assert row is not None
    assert row.proof is not None
    assert row.proof.kind is ProofKind.DECODED


def test_what_stays_broken_is_damaged_after_a_day_and_heals_by_itself(machine: Machine) -> None:
    """It is reported with its path, never rewritten, and shown as soon as good bytes arrive (hazard H4)."""
    one = machine.add("one")
    path = machine.put(one, PICTURE[:300], NAME)
    with pytest.raises(ImageArrivingError):
        get_image(machine.bench, ID)
    machine.clock.pass_time(hours=23, minutes=59)
    with pytest.raises(ImageArrivingError):
        get_image(machine.bench, ID)
    machine.clock.pass_time(minutes=2)
    with pytest.raises(ImageDamagedError):
        get_image(machine.bench, ID)
    assert path.read_bytes() == PICTURE[:300]
    assert not look_up(machine.bench, ID).exists
    machine.put(one, PICTURE, NAME)
    assert get_image(machine.bench, ID).read() == PICTURE


def test_another_whole_image_is_foreign_and_never_handed_out(machine: Machine) -> None:
    """Not even as-is: its bytes are not half of this image."""
    one = machine.add("one")
    machine.put(one, make_picture("png", seed=2), NAME)
    with pytest.raises(ImageArrivingError):
        get_image(machine.bench, ID)
    machine.clock.pass_time(seconds=3)
    with pytest.raises(ImageForeignError):
        get_image(machine.bench, ID)
    assert find_as_is(machine.bench, ID) is None


@pytest.mark.parametrize("way", ["in place", "by rename"])
def test_every_read_of_a_file_that_is_rewritten_is_right(machine: Machine, way: str) -> None:
    """A thread replaces the file in a tight loop with right and wrong bytes. Everything read hashes to the id."""
    one = machine.add("one")
    path = machine.put(one, PICTURE)
    big = make_picture("png", seed=2, size=(400, 400))
    is_over = threading.Event()

    def rewrite() -> None:
        versions = [PICTURE, big, PICTURE[:200]]
        while not is_over.is_set():
            for version in versions:
                if way == "in place":
                    path.write_bytes(version)
                else:
                    temporary = path.with_name(".temporary")
                    temporary.write_bytes(version)
                    temporary.replace(path)
                time.sleep(0.002)
        path.write_bytes(PICTURE)

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(rewrite)
        good, reads, end = 0, 0, time.monotonic() + LIMIT_S
        try:
            while reads < 150 or not good:
                assert time.monotonic() < end, "it was never met whole"
                reads += 1
                found = find_image(machine.bench, ID)
                if found is not None:
                    try:
                        data = found.read()
                    except ImageNotFoundError:
                        continue
                    assert data == PICTURE
                    good += 1
        finally:
            is_over.set()
            writer.result()
    machine.clock.pass_time(seconds=3)
    assert machine.get(ID).read() == PICTURE


def test_a_proof_of_the_last_two_seconds_is_made_again(machine: Machine) -> None:
    """Coarse mtimes hide a change: other bytes of equal size and mtime are still detected."""
    one = machine.add("one")
    other = bytearray(PICTURE)
    other[-20] ^= 1
    path = machine.put(one, PICTURE)
    assert machine.get(ID).proven
    before = path.stat()
    with path.open("r+b") as file:
        file.write(other)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_ino == before.st_ino
    assert find_image(machine.bench, ID) is None
    path.write_bytes(PICTURE)
    machine.clock.pass_time(seconds=10)
    assert machine.get(ID).proven


def test_a_replacement_that_keeps_the_mtime_is_caught_by_its_inode_or_size(machine: Machine) -> None:
    """Some clients set the original's mtime. A proof of the old file says nothing about the new one."""
    one = machine.add("one")
    path = machine.put(one, PICTURE)
    machine.clock.pass_time(minutes=1)
    assert machine.get(ID).proven
    before = path.stat()
    other = bytearray(PICTURE)
    other[-20] ^= 1
    temporary = path.with_name("temporary")
    temporary.write_bytes(other)
    os.utime(temporary, ns=(before.st_atime_ns, before.st_mtime_ns))
    temporary.replace(path)
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert find_image(machine.bench, ID) is None
    with path.open("wb") as file:
        file.write(PICTURE + b"\0")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert find_image(machine.bench, ID) is None


def test_an_image_over_the_memory_limit_goes_through_an_unnamed_file(tmp_path: Path) -> None:
    """It is proven and read in pieces, and nothing is left in the scratch folder."""
    picture = make_picture("png", seed=3, size=(300, 200))
    with open_machine(tmp_path, limits=Limits(max_memory_bytes=10_000)) as machine:
        one = machine.add("one", picture)
        found = machine.get(id_of(picture))
        assert found.read() == picture
        with found.open() as first, found.open() as second:
            assert first.read(100) == picture[:100]
            assert second.read() == picture
            assert first.read() == picture[100:]
        (machine.media(one) / name_of(picture)).write_bytes(picture[:-1])
        assert find_image(machine.bench, id_of(picture)) is None
        assert found.read() == picture
        assert list(machine.bench.scratch.iterdir()) == []


def test_a_file_over_the_size_limit_is_not_read(tmp_path: Path) -> None:
    """The reason is given, and the lookup continues (hazard H34)."""
    with open_machine(tmp_path, limits=Limits(read_max_bytes=100)) as machine:
        machine.add("one", PICTURE)
        with pytest.raises(ImageNotFoundError) as caught:
            get_image(machine.bench, ID)
    assert caught.value.facts["verdict"] == "unreadable"


def test_what_is_asked_for_as_it_is_comes_as_it_is(machine: Machine) -> None:
    """People may want the top half of a picture. A good copy anywhere is better."""
    one = machine.add("one")
    machine.put(one, b"", f"{ID}.jpg")
    machine.put(one, PICTURE[:300], NAME)
    half = find_as_is(machine.bench, ID, one)
    assert half is not None
    assert (half.read(), half.proven, half.media_type) == (PICTURE[:300], False, "image/png")
    assert half.data_url().startswith("data:image/png;base64,")
    machine.add("other", PICTURE)
    whole = find_as_is(machine.bench, ID, one)
    assert whole is not None
    assert (whole.read(), whole.proven, whole.from_other_sd) == (PICTURE, True, True)
    assert find_as_is(machine.bench, id_of(b"nowhere")) is None
