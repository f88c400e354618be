"""A server that ignores conditions: programs that share a catalog take turns (SPEC §24)."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from builders.bucket_machine import BucketMachine, open_bucket_machine
from builders.postgres import shared_server
from builders.s3_server import SHARED_BUCKET, S3Server
from builders.storage import id_of, make_pictures, name_of
from fault_kit.object_store import Asked, Fault, FaultyStore, run_faulty_store
from strandline.folders.buckets.folder import BucketFolder
from strandline.folders.buckets.turns import WritesInTurn
from strandline.model.reports import Saved
from strandline.model.storage_dirs import StorageDirState
from strandline.services.saving.intake import NewImage

T = TypeVar("T")

ONE, TWO = make_pictures(2)
OTHERS = make_pictures(6, first_seed=50)
BESIDE_S = 0.1
"""How long a write waits for another one of the same object. One that looked before it has written by then."""


@dataclass
class Blind:
    """A server that carries out every PUT, whatever its conditions, and lets those of one object overlap."""

    writes: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: dict[str, threading.Event] = field(default_factory=dict)

    def rule(self, asked: Asked) -> Fault:
        """Ignores what it should not."""
        if asked.method != "PUT" or asked.key.startswith(".strandline-trash/"):
            return None
        name = asked.key.rpartition("/")[2]
        if ".strandline-try" not in asked.key:
            with self._lock:
                self.writes[name] += 1
                is_first = name not in self._seen
                second = self._seen.setdefault(name, threading.Event())
            if is_first:
                second.wait(BESIDE_S)
            second.set()
        return "blind"


@dataclass
class Two:
    """Two machines on a shared catalog."""

    one: BucketMachine
    other: BucketMachine
    blind: Blind
    faulty: FaultyStore

    def both(self, act: Callable[[BucketMachine], T]) -> list[T]:
        """What both do at the same time."""
        start = threading.Barrier(2)

        def do(machine: BucketMachine) -> T:
            start.wait(30)
            return act(machine)

        with ThreadPoolExecutor(2) as threads:
            return list(threads.map(do, (self.one, self.other)))


@pytest.fixture
def two(request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server) -> Iterator[Two]:
    """Nothing is there yet."""
    place, blind = s3_server.make_place(), Blind()
    with (
        run_faulty_store(s3_server.endpoint) as faulty,
        shared_server(request).lent_database() as url,
        open_bucket_machine(
            tmp_path / "one", s3_server, place, endpoint=faulty.endpoint, catalog_url=url
        ) as one,
        open_bucket_machine(
            tmp_path / "two", s3_server, place, endpoint=faulty.endpoint, catalog_url=url
        ) as other,
    ):
        faulty.rule = blind.rule
        yield Two(one, other, blind, faulty)


def test_two_writers_at_once_make_one_identity_and_one_image(two: Two) -> None:
    """Each object is written once, is whole, and is told once. The server would have let both."""
    added = two.both(lambda machine: machine.store.add_storage_dir(machine.other.address).sd)
    assert len({sd.sd_id for sd in added}) == 1
    assert two.one.other.get("SD_ID") == f"{added[0].sd_id}\n".encode()
    lacking = two.one.store.probe_storage_dir(two.one.sd).guarantees.lacking
    assert lacking == ("creates_once", "replaces_only_the_same")
    saved = two.both(lambda machine: machine.store.save(ONE, sd=machine.sd))
    assert [each.image_id for each in saved] == [id_of(ONE)] * 2
    new = [NewImage(data) for data in OTHERS]
    for many in two.both(lambda machine: machine.store.save_several(new, sd=machine.sd)):
        assert [isinstance(each, Saved) and each.image_id for each in many] == [
            id_of(data) for data in OTHERS
        ]
    for data in (ONE, *OTHERS):
        assert two.one.other.get(f"media/{name_of(data)}") == data
    assert set(two.blind.writes.values()) == {1}, two.blind.writes
    assert Counter(two.one.told()) == Counter(("available", name_of(data)) for data in (ONE, *OTHERS))
    assert two.other.sd.state is StorageDirState.ONLINE


def test_what_one_machine_saw_counts_for_all(two: Two) -> None:
    """A server that ignores conditions only now and then did so when the other one tried. Both take turns, until a
    person says that the server was updated.
    """
    store, other = two.one.store, two.other.store
    two.faulty.rule = lambda _: None
    two.one.add()
    assert not store.probe_storage_dir(two.one.sd).guarantees.lacking
    two.faulty.rule = two.blind.rule
    assert other.probe_storage_dir(two.other.sd).guarantees.lacking
    two.faulty.rule = lambda _: None
    for machine in (two.one, two.other):
        assert takes_turns(machine)
        assert machine.store.probe_storage_dir(machine.sd).guarantees.lacking
    assert not store.probe_storage_dir(two.one.sd, forgets=True).guarantees.lacking
    assert [takes_turns(each) for each in (two.one, two.other)] == [False, False]


def test_what_a_home_of_before_saw_is_told(two: Two) -> None:
    """It has a file, and the catalog knows nothing."""
    two.one.add()
    two.one.store.probe_storage_dir(two.one.sd)
    (kept,) = (two.one.store.home / "buckets").iterdir()
    told = json.loads(kept.read_bytes())
    del told["is_told"]
    kept.write_text(json.dumps(told))
    two.faulty.rule = lambda _: None
    with two.one.store.bench.catalog.write() as writer:
        writer.guarantees.forget(SHARED_BUCKET)
    assert takes_turns(two.one)
    assert takes_turns(two.other), "it never tried"
    assert two.other.store.probe_storage_dir(two.other.sd).guarantees.lacking


def takes_turns(machine: BucketMachine) -> bool:
    """Whether its writes do."""
    folder = machine.store.bench.folder(machine.sd)
    assert isinstance(folder, BucketFolder)
    return isinstance(folder.calls.writes, WritesInTurn)


def test_two_healers_at_once_replace_bad_bytes_once(two: Two) -> None:
    """What was bad is in the trash, and the good bytes are there."""
    two.one.add()
    two.one.put(TWO, name_of(ONE))
    two.both(lambda machine: machine.store.save(ONE, sd=machine.sd))
    assert two.one.other.get(f"media/{name_of(ONE)}") == ONE
    assert two.blind.writes[name_of(ONE)] == 1
    kept = [two.one.store.trash.read(entry.trash_id) for entry in two.one.store.trash.list_entries()]
    assert TWO in kept
    assert set(kept) == {TWO}


def test_a_writer_that_lost_its_lock_claims_nothing(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """The image may be there. A repetition finds it, and it is told once."""
    two.one.add()
    two.one.store.probe_storage_dir(two.one.sd)
    bench = two.one.store.bench
    hold = type(bench.catalog).hold
    monkeypatch.setattr(type(bench.catalog), "hold", lambda self, name, _: hold(self, name, BESIDE_S / 4))
    with pytest.raises(Exception, match=r"look at it again|answer"):
        two.one.store.save(ONE, sd=two.one.sd)
    monkeypatch.undo()
    assert two.one.other.get(f"media/{name_of(ONE)}") in (ONE, None)
    two.other.store.save(ONE, sd=two.other.sd)
    assert two.one.other.get(f"media/{name_of(ONE)}") == ONE
    assert two.one.told() == [("available", name_of(ONE))]
