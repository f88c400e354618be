"""Interrupted decoding: a decoder that is killed or out of memory says nothing about the image (hazard H19)."""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from fault_kit.dying_decoders import dying_decoders
from strandline.errors import DecodingInterruptedError, ImageUnreachableError, UnreadableFileError
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir
from strandline.services.finding.explain import get_image
from strandline.services.proving.interruptions import REMEMBERED, Interruptions
from strandline.services.proving.prove import Outcome, prove_file
from strandline.services.saving.save import save_image
from strandline.services.scanning.scan import scan_storage_dir

PICTURE, OTHER = make_picture("webp", seed=1), make_picture("webp", seed=2)
NAME = f"{LEGACY_ID}.webp"


@pytest.fixture
def sd(machine: Machine) -> StorageDir:
    """It has the picture under a legacy id, registered two days ago and never proven."""
    sd = machine.add("one")
    machine.put(sd, PICTURE, NAME)
    machine.scan(sd)
    machine.clock.pass_time(days=2)
    return sd


def list_told(machine: Machine) -> list[str]:
    """The types of the image events."""
    return [event.type for event in machine.events() if event.type.startswith("image.")]


@pytest.mark.slow
def test_what_was_proven_is_read_without_a_decoder(machine: Machine, sd: StorageDir, tmp_path: Path) -> None:
    """The same bytes have the same verdict, at every read and after a touch."""
    prove_file(machine.bench, sd, NAME)
    with dying_decoders(tmp_path, signal.SIGKILL) as decoders:
        assert machine.get(LEGACY_ID).read() == PICTURE
        machine.put(sd, PICTURE, NAME)
        scan_storage_dir(machine.bench, sd)
        assert machine.get(LEGACY_ID).proven
        assert decoders.count_asked() == 0
    assert list_told(machine) == ["image.available"]


def test_what_was_never_proven_stays_what_it_was(machine: Machine, sd: StorageDir, tmp_path: Path) -> None:
    """It is neither shown nor condemned. Once a decoder answers, it is proven."""
    before = machine.row(sd, NAME)
    with dying_decoders(tmp_path, signal.SIGKILL):
        result = prove_file(machine.bench, sd, NAME)
        assert (result.outcome, result.row) == (Outcome.UNREADABLE, before)
        assert "nothing is known of the picture" in result.reason
        with pytest.raises(ImageUnreachableError):
            get_image(machine.bench, LEGACY_ID)
    assert (machine.row(sd, NAME), list_told(machine)) == (before, [])
    machine.clock.pass_time(seconds=10)
    assert get_image(machine.bench, LEGACY_ID).read() == PICTURE
    assert list_told(machine) == ["image.available"]


def test_an_arriving_image_is_not_damaged_for_want_of_memory(machine: Machine, tmp_path: Path) -> None:
    """However long the shortage lasts, and at every scan."""
    sd = machine.add("one")
    machine.put(sd, b"", NAME)
    prove_file(machine.bench, sd, NAME)
    machine.put(sd, PICTURE, NAME)
    with dying_decoders(tmp_path, signal.SIGKILL):
        for _ in range(3):
            found = scan_storage_dir(machine.bench, sd).findings
            assert [(each.kind, each.filename) for each in found] == [("unreadable", NAME)]
            machine.clock.pass_time(days=2)
        row = machine.row(sd, NAME)
        assert row is not None
        assert row.state is FileState.ARRIVING


@pytest.mark.slow
def test_a_picture_that_kills_every_decoder_is_tried_ever_more_rarely(
    machine: Machine, sd: StorageDir, tmp_path: Path
) -> None:
    """If it is looked at every minute, it costs a dozen processes in a day, then one per day, one in two days, and
    so on.
    """
    with dying_decoders(tmp_path, signal.SIGKILL) as decoders:
        for _ in range(24 * 60):
            assert prove_file(machine.bench, sd, NAME).outcome is Outcome.UNREADABLE
            machine.clock.pass_time(minutes=1)
        assert 5 <= decoders.count_asked() <= 13


def test_trouble_that_is_over_counts_no_more(machine: Machine, sd: StorageDir, tmp_path: Path) -> None:
    """The next interruption, even of the same bytes under another name, starts with a short pause."""
    again = f"{'0' * 8}{NAME[8:]}"
    for name, pause_s in ((NAME, 3600), (again, 10)):
        machine.put(sd, PICTURE, name)
        with dying_decoders(tmp_path, signal.SIGKILL):
            assert prove_file(machine.bench, sd, name).outcome is Outcome.UNREADABLE
        machine.clock.pass_time(seconds=pause_s)
        assert prove_file(machine.bench, sd, name).outcome is Outcome.GOOD


@pytest.mark.parametrize(
    ("age", "asked", "state"),
    [(timedelta(0), 1, FileState.ARRIVING), (timedelta(days=2), 2, FileState.DAMAGED)],
    ids=["young", "old"],
)
def test_a_second_decoder_is_asked_before_a_whole_file_is_called_damaged(
    machine: Machine, tmp_path: Path, age: timedelta, asked: int, state: FileState
) -> None:
    """A picture that crashes two decoders is at fault. If it will be looked at again anyway, one decoder is
    enough.
    """
    sd = machine.add("one")
    machine.put(sd, PICTURE, NAME)
    machine.scan(sd)
    machine.clock.pass_time(seconds=age.total_seconds())
    with dying_decoders(tmp_path, signal.SIGSEGV) as decoders:
        row = prove_file(machine.bench, sd, NAME).row
        assert row is not None
        assert row.state is state
        assert decoders.count_asked() == asked
        prove_file(machine.bench, sd, NAME)
        assert decoders.count_asked() == asked + 1


def test_a_save_replaces_nothing_that_nobody_could_judge(
    machine: Machine, sd: StorageDir, tmp_path: Path
) -> None:
    """Other whole bytes under a legacy id are never replaced, and these may be whole."""
    with dying_decoders(tmp_path, signal.SIGKILL):
        prove_file(machine.bench, sd, NAME)
    with pytest.raises(UnreadableFileError, match="its decoder was interrupted"):
        save_image(machine.bench, OTHER, sd, image_id=LEGACY_ID)
    assert (machine.media(sd) / NAME).read_bytes() == PICTURE


def test_a_save_under_a_legacy_id_waits_for_a_decoder(machine: Machine, tmp_path: Path) -> None:
    """The save must be tried again; the picture is not called broken."""
    sd = machine.add("one")
    with dying_decoders(tmp_path, signal.SIGKILL), pytest.raises(DecodingInterruptedError):
        save_image(machine.bench, PICTURE, sd, image_id=LEGACY_ID)
    assert list(machine.media(sd).iterdir()) == []
    machine.clock.pass_time(seconds=10)
    assert save_image(machine.bench, PICTURE, sd, image_id=LEGACY_ID).new


def test_what_is_remembered_is_bounded() -> None:
    """The oldest interruption is forgotten, and that picture is tried again."""
    interruptions = Interruptions(lambda: 0.0)
    for number in range(REMEMBERED + 1):
        interruptions.add(str(number))
    assert [number for number in range(REMEMBERED + 1) if interruptions.is_due(str(number))] == [0]
