"""Proving: how the bytes of a file change its row, once, for every kind of bytes and every race."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.clocks import FakeClock
from builders.hostile_pictures import make_iso_with_endless_index, make_laughing_svg, make_png_bomb
from builders.machine import LEGACY_ID, Machine, open_machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of, open_bench, set_mtime
from strandline.model.comparison import extension_fits
from strandline.model.image_files import FileState, ProofKind
from strandline.model.layout import ID_LAYOUT
from strandline.services.proving.prove import ANOTHER_IMAGE, Outcome, prove_file
from strandline.services.workbench import Limits

PICTURE = make_picture("png", seed=1)
ID, NAME = id_of(PICTURE), name_of(PICTURE)
LEGACY_NAME = f"{LEGACY_ID}.png"
LIMIT_S = 60.0
"""Only a failing test waits this long."""


@pytest.mark.parametrize(
    ("data", "outcome", "state", "reason"),
    [
        (PICTURE, Outcome.GOOD, FileState.PRESENT, ""),
        (b"", Outcome.BAD, FileState.ARRIVING, "the file is empty"),
        (PICTURE[:300], Outcome.BAD, FileState.ARRIVING, "the data ends"),
        (b"/annex/objects/SHA256E-s9--x.png", Outcome.BAD, FileState.ARRIVING, "'git annex get'"),
        (make_picture("png", seed=2), Outcome.BAD, FileState.ARRIVING, ANOTHER_IMAGE),
        (bytes(7000), Outcome.BAD, FileState.ARRIVING, "no image type we know"),
    ],
    ids=["right", "empty", "half", "pointer text", "another image", "zeros"],
)
def test_a_content_id_is_proven_by_its_hash_alone(
    machine: Machine, data: bytes, outcome: Outcome, state: FileState, reason: str
) -> None:
    """Whatever the bytes are. A failure has a reason."""
    one = machine.add("one")
    machine.put(one, data, NAME)
    result = prove_file(machine.bench, one, NAME)
    assert result.outcome is outcome
    assert result.row is not None
    assert result.row.state is state
    assert reason in result.reason
    assert machine.row(one, NAME) == result.row
    assert (result.row.proof is not None) == (outcome is Outcome.GOOD)


def test_bytes_of_no_image_are_right_if_they_hash_to_the_id(machine: Machine) -> None:
    """The id says what the bytes are, and nothing else."""
    one = machine.add("one")
    text = b"notes that somebody named so"
    machine.put(one, text, f"{id_of(text)}.svg")
    assert prove_file(machine.bench, one, f"{id_of(text)}.svg").outcome is Outcome.GOOD


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "webp", "svg", "heic", "heif", "avif"])
def test_a_legacy_id_is_proven_by_a_whole_structure(machine: Machine, kind: str) -> None:
    """With trailing bytes, too, if the format has an end marker."""
    one = machine.add("one")
    data = make_picture(kind, seed=3)
    machine.put(one, data, LEGACY_NAME)
    result = prove_file(machine.bench, one, LEGACY_NAME)
    assert result.outcome is Outcome.GOOD
    assert result.row is not None
    assert result.row.proof is not None
    assert result.row.proof.kind is ProofKind.STRUCTURE
    assert extension_fits(ID_LAYOUT, result.row) == (kind == "png")
    if kind in ("png", "jpg", "gif"):
        machine.put(one, data + b"\nmotion photo", LEGACY_NAME)
        assert prove_file(machine.bench, one, LEGACY_NAME).outcome is Outcome.GOOD


@pytest.mark.parametrize("kind", ["webp", "heic"])
def test_reserved_space_is_not_taken_for_another_image(machine: Machine, kind: str) -> None:
    """A preallocated file tiles by its lengths. It is arriving, never foreign, whatever its age."""
    data = make_picture(kind, seed=3)
    one = machine.add("one")
    machine.put(one, data[:-100] + bytes(100), name_of(data))
    prove_file(machine.bench, one, name_of(data))
    machine.clock.pass_time(minutes=10)
    result = prove_file(machine.bench, one, name_of(data))
    assert result.row is not None
    assert result.row.state is FileState.ARRIVING


def test_an_unchanged_file_is_proven_again_without_a_write(machine: Machine) -> None:
    """This holds for good and bad files."""
    one = machine.add("one", PICTURE)
    machine.put(one, PICTURE[:300], f"{ID}.jpg")
    machine.clock.pass_time(minutes=1)
    for name in (NAME, f"{ID}.jpg"):
        prove_file(machine.bench, one, name)
        version = machine.bench.catalog.read_version()
        for _ in range(3):
            prove_file(machine.bench, one, name)
        assert not machine.bench.catalog.changed_since(version)


def test_what_is_gone_or_unreadable_changes_no_row(machine: Machine) -> None:
    """An error says nothing about the image (hazard H19)."""
    one = machine.add("one", PICTURE)
    path = machine.media(one) / NAME
    row = machine.row(one, NAME)
    path.unlink()
    assert prove_file(machine.bench, one, NAME).outcome is Outcome.GONE
    path.mkdir()
    assert prove_file(machine.bench, one, NAME).outcome is Outcome.UNREADABLE
    path.rmdir()
    os.mkfifo(path)
    assert prove_file(machine.bench, one, NAME).outcome is Outcome.UNREADABLE
    path.unlink()
    path.symlink_to("SD_ID")
    result = prove_file(machine.bench, one, NAME)
    assert (result.outcome, result.row) == (Outcome.UNREADABLE, None)
    assert "symbolic link" in result.reason
    machine.media(one).rename(machine.folder / "elsewhere")
    assert prove_file(machine.bench, one, NAME).outcome is Outcome.GONE
    assert machine.row(one, NAME) == row


def scribble(path: Path) -> None:
    """Writes other bytes into the file."""
    with path.open("r+b", buffering=0) as file:
        file.seek(len(PICTURE))
        file.write(os.urandom(100))


def swap(path: Path) -> None:
    """Puts another whole file in its place."""
    other = path.with_name("other")
    shutil.copyfile(path, other)
    other.replace(path)


@pytest.mark.parametrize("change", [scribble, swap])
def test_a_file_that_changes_while_it_is_read_is_called_changing(
    machine: Machine, change: Callable[[Path], None]
) -> None:
    """Nothing is concluded from half old, half new bytes, nor from a replaced file (hazard H5)."""
    one = machine.add("one")
    path = machine.put(one, PICTURE + bytes(3_000_000), LEGACY_NAME)
    is_over = threading.Event()

    def keep_changing() -> None:
        while not is_over.is_set():
            change(path)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(keep_changing)
        try:
            end = time.monotonic() + LIMIT_S
            while prove_file(machine.bench, one, LEGACY_NAME).outcome is not Outcome.CHANGING:
                assert time.monotonic() < end, "it was never met in the middle of a change"
        finally:
            is_over.set()
            writing.result()
    assert prove_file(machine.bench, one, LEGACY_NAME).outcome is Outcome.GOOD


def test_many_provers_make_one_row_and_one_event(machine: Machine) -> None:
    """Ten threads at once, and each gets the right result."""
    one = machine.add("one")
    machine.put(one, PICTURE)
    start = threading.Barrier(10)

    def prove(_: int) -> Outcome:
        start.wait()
        return prove_file(machine.bench, one, NAME).outcome

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(prove, range(10))) == {Outcome.GOOD}
    assert len(machine.events("image.available")) == 1


def test_half_a_file_that_was_read_before_its_last_bytes_came_undoes_no_proof(tmp_path: Path) -> None:
    """While it is judged, its rest arrives and another thread proves the whole: present, announced once."""
    clock = FakeClock()
    with open_machine(tmp_path) as machine, open_bench(machine.bench.home) as other:
        one = machine.add("one")
        machine.put(one, PICTURE[:300], NAME)

        def complete_and_prove() -> datetime:
            """What happens in another thread when the first one reads the clock, once."""
            machine.bench.now = clock.now
            machine.put(one, PICTURE, NAME)
            assert prove_file(other, one, NAME).outcome is Outcome.GOOD
            return clock.now()

        machine.bench.now = complete_and_prove
        assert prove_file(machine.bench, one, NAME).outcome is Outcome.GOOD
        told = [event.type for event in machine.events() if event.type.startswith("image.")]
        assert told == ["image.available"]


def test_a_lapsed_proof_is_renewed_quietly_and_other_bytes_are_told(machine: Machine) -> None:
    """A touch is no event. Other whole bytes under a legacy id are ``image.changed``."""
    one = machine.add("one")
    path = machine.put(one, PICTURE, LEGACY_NAME)
    prove_file(machine.bench, one, LEGACY_NAME)
    set_mtime(path, seconds_ago=500)
    prove_file(machine.bench, one, LEGACY_NAME)
    assert [event.type for event in machine.events("image.available")] == ["image.available"]
    assert machine.events("image.changed") == []
    machine.put(one, make_picture("png", seed=2), LEGACY_NAME)
    prove_file(machine.bench, one, LEGACY_NAME)
    assert len(machine.events("image.changed")) == 1


def make_odd_jpeg() -> bytes:
    """A JPEG with bytes between two segments. Every viewer shows it, but our walk rejects it."""
    data = make_picture("jpg", seed=4)
    at = data.index(b"\xff\xdb")
    return data[:at] + bytes(3) + data[at:]


def make_open_ended_avif() -> bytes:
    """An AVIF whose last box has no length and extends to the end of the file."""
    data = make_picture("avif", seed=4)
    at = data.index(b"mdat") - 4
    return data[:at] + bytes(4) + data[at + 4 :]


@pytest.mark.parametrize(
    ("data", "kind"),
    [(make_odd_jpeg(), ProofKind.DECODED), (make_open_ended_avif(), ProofKind.STRUCTURE)],
    ids=["odd", "open-ended"],
)
def test_a_touch_does_not_begin_the_wait_anew(machine: Machine, data: bytes, kind: ProofKind) -> None:
    """A file that was shown after its quiet time stays shown if only its mtime changes (hazard H37)."""
    one = machine.add("one")
    path = machine.put(one, data, LEGACY_NAME)
    assert prove_file(machine.bench, one, LEGACY_NAME).outcome is Outcome.BAD
    machine.clock.pass_time(minutes=6)
    assert prove_file(machine.bench, one, LEGACY_NAME).outcome is Outcome.GOOD
    set_mtime(path, seconds_ago=500)
    machine.scan(one)
    row = prove_file(machine.bench, one, LEGACY_NAME).row
    assert row is not None
    assert row.proof is not None
    assert (row.state, row.proof.kind, row.proof_is_current) == (FileState.PRESENT, kind, True)
    told = [event.type for event in machine.events() if event.type.startswith("image.")]
    assert told == ["image.arriving", "image.available"]


HOSTILE = {
    "a bomb": make_png_bomb,
    "an endless index": make_iso_with_endless_index,
    "a laughing SVG": make_laughing_svg,
}


@pytest.mark.slow
@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("name", [NAME, LEGACY_NAME])
def test_hostile_bytes_are_judged_without_harm(tmp_path: Path, what: str, name: str) -> None:
    """Also if they are old enough to be decoded."""
    with open_machine(tmp_path, limits=Limits(max_pixels=1_000_000, decode_timeout_s=5)) as machine:
        one = machine.add("one")
        machine.put(one, HOSTILE[what](), name)
        for _ in range(2):
            result = prove_file(machine.bench, one, name)
            assert result.outcome in (Outcome.GOOD, Outcome.BAD)
            machine.clock.pass_time(minutes=10)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One machine for all examples of a property."""
    with open_machine(tmp_path_factory.mktemp("shared")) as machine:
        machine.add("one")
        yield machine


@given(data=st.binary(max_size=300), magic=st.sampled_from([b"", PICTURE[:40], b"\xff\xd8\xff", b"GIF89a"]))
def test_no_bytes_raise(shared: Machine, data: bytes, magic: bytes) -> None:
    """A file with an image's name may contain anything."""
    (one,) = shared.list_storage_dirs()
    for name in (NAME, LEGACY_NAME):
        shared.put(one, magic + data, name)
        assert prove_file(shared.bench, one, name).outcome in (Outcome.GOOD, Outcome.BAD)
