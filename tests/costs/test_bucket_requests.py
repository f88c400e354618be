"""What a bucket is asked: requests cost money, and each takes a round trip. ``bench.cost_model`` adds them up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.cost_model import GETS_PER_PROOF, GETS_PER_SCAN, LISTED_PER_REQUEST, MOST_PER_SAVE, SHOWING
from builders.bucket_machine import BucketMachine, open_bucket_machine
from builders.s3_server import S3Server
from builders.storage import id_of, make_pictures
from fault_kit.object_store import FaultyStore, run_faulty_store

ONE, TWO, NEW, LATER = make_pictures(4)
MANY = 1_100
"""A listing gives a thousand names at a time."""


class Counted:
    """A machine, and a proxy that counts what it asks."""

    def __init__(self, machine: BucketMachine, faulty: FaultyStore) -> None:
        self.machine = machine
        self._faulty = faulty

    def take(self) -> Counter[str]:
        """The requests since the last call, by kind."""
        asked = [*self._faulty.asked]
        self._faulty.asked.clear()
        return Counter("LIST" if each.is_list else each.method for each in asked)


@pytest.fixture
def counted(tmp_path: Path, s3_server: S3Server) -> Iterator[Counted]:
    """Two images, one of them proven."""
    other = s3_server.make_place()
    with (
        run_faulty_store(s3_server.endpoint) as faulty,
        open_bucket_machine(tmp_path / "home", s3_server, other, endpoint=faulty.endpoint) as machine,
    ):
        machine.add(ONE, TWO)
        machine.store.get(id_of(ONE)).close()
        faulty.asked.clear()
        yield Counted(machine, faulty)


def test_a_proven_image_takes_three_requests(counted: Counted) -> None:
    """Is it still the same storage directory, which version is it, and its bytes."""
    with counted.machine.store.get(id_of(ONE)) as found:
        assert found.read() == ONE
    assert counted.take() == SHOWING


def test_an_unknown_image_takes_as_many_as_it_has_likely_names(counted: Counted) -> None:
    """And one listing, whatever else is there."""
    assert not counted.machine.store.exists(id_of(NEW))
    assert counted.take() == {"GET": 1, "HEAD": 18, "LIST": 1}


def test_a_save_takes_few(counted: Counted) -> None:
    """It looks for the image, writes it once, and looks whether the place is still the same. The first one tries the
    server, too.
    """
    sd = counted.machine.store.list_storage_dirs()[0]
    counted.machine.store.save(NEW, sd=sd)
    counted.take()
    counted.machine.store.save(LATER, sd=sd)
    asked = counted.take()
    assert (asked["PUT"], asked["POST"]) == (1, 0), asked
    assert asked.total() <= MOST_PER_SAVE, asked


def test_a_scan_of_what_is_unchanged_asks_for_its_pages_only(tmp_path: Path, s3_server: S3Server) -> None:
    """One request for each thousand of images, not one for an image."""
    other = s3_server.make_place()
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda number: other.put(f"media/{number:032x}.png", ONE), range(MANY)))
    with (
        run_faulty_store(s3_server.endpoint) as faulty,
        open_bucket_machine(tmp_path / "home", s3_server, other, endpoint=faulty.endpoint) as machine,
    ):
        sd = machine.add(ONE)
        faulty.asked.clear()
        (report,) = machine.store.scan(sd)
        assert report.unchanged == MANY + 1
        assert Counted(machine, faulty).take() == {
            "LIST": -(-MANY // LISTED_PER_REQUEST),
            "GET": GETS_PER_SCAN,
        }


def test_an_arrival_takes_one_read(counted: Counted) -> None:
    """However many arrive at once. A listing says the rest."""
    sd = counted.machine.store.list_storage_dirs()[0]
    counted.machine.store.scan(sd)
    few = counted.take()
    for data in make_pictures(20, first_seed=100):
        counted.machine.put(data)
    (report,) = counted.machine.store.scan(sd)
    assert report.added == 20
    assert counted.take() - few == {"GET": 20 * GETS_PER_PROOF}
