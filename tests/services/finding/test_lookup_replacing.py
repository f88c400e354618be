"""Lookup: an image whose file is being replaced is found, and a missing one costs no waiting."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.machine import Machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of, open_bench
from strandline.errors import ImageArrivingError, ImageNotFoundError
from strandline.model.verdicts import Verdict
from strandline.services.finding.explain import explain_image, get_image, insist_on
from strandline.services.finding.look_up import look_up
from strandline.services.finding.search import find_as_is, find_image
from strandline.services.workbench import Workbench

PICTURE = make_picture("png", seed=1)
ID, NAME = id_of(PICTURE), name_of(PICTURE)


class Client(FakeClock):
    """A clock that simulates a sync client: whenever somebody sleeps, it puts a new file in the old one's place."""

    def __init__(self) -> None:
        super().__init__()
        self.path: Path | None = None
        self.naps = 0

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.naps += 1
        assert seconds <= 0.1
        if self.path is not None:
            self.path.write_bytes(PICTURE)


@pytest.fixture
def client() -> Client:
    """The sync client, which has nothing to bring yet."""
    return Client()


@pytest.fixture
def machine(tmp_path: Path, client: Client) -> Iterator[Machine]:
    """A machine with one storage directory with one proven image."""
    with open_bench(tmp_path / "home", client) as bench:
        machine = Machine(bench, client, tmp_path)
        machine.add("one", PICTURE)
        assert machine.get(ID).proven
        yield machine


@pytest.fixture
def path(machine: Machine) -> Path:
    """Where the image is."""
    (one,) = machine.list_storage_dirs()
    return machine.media(one) / NAME


ASKED: dict[str, Callable[[Workbench], bool]] = {
    "find": lambda bench: find_image(bench, ID) is not None,
    "get": lambda bench: get_image(bench, ID).read() == PICTURE,
    "as it is": lambda bench: find_as_is(bench, ID) is not None,
    "look up": lambda bench: look_up(bench, ID).exists,
    "explain": lambda bench: explain_image(bench, ID).verdict is Verdict.SHOWN,
}


@pytest.mark.parametrize("asked", ASKED)
def test_an_image_is_found_in_the_gap_of_a_replacement(
    machine: Machine, client: Client, path: Path, asked: str
) -> None:
    """Syncthing deletes the old file before it renames the new one (hazard H6)."""
    client.path = path
    path.unlink()
    assert ASKED[asked](machine.bench)
    assert client.naps == 1


def test_nobody_waits_for_a_file_that_is_gone_from_a_quiet_folder(
    machine: Machine, client: Client, path: Path
) -> None:
    """Ten thousand lookups of deleted files are all answered at once."""
    path.unlink()
    an_hour_ago = client.now().timestamp() - 3600
    os.utime(path.parent, (an_hour_ago, an_hour_ago))
    assert not look_up(machine.bench, ID).exists
    with pytest.raises(ImageNotFoundError):
        get_image(machine.bench, ID)
    assert client.naps == 0


def test_nobody_waits_for_an_image_that_was_never_there(machine: Machine, client: Client) -> None:
    """A miss is just as quick in a folder that changes."""
    assert not look_up(machine.bench, id_of(b"another")).exists
    assert client.naps == 0


def test_a_lookup_is_made_again_where_its_explanation_met_the_image(machine: Machine) -> None:
    """Nobody is told that an image cannot be shown because it is shown."""
    answers = iter([None, None, "the image"])
    assert insist_on(machine.bench, ID, lambda: next(answers)) == "the image"
    with pytest.raises(ImageArrivingError, match="keep changing"):
        insist_on(machine.bench, ID, lambda: None)
