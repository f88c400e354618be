"""An object store that answers with errors, hangs, forgets, or lies: nothing becomes missing without proof, nothing
is half, nothing is lost, and everything is told once (invariants of docs/spec.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from builders.bucket_machine import BucketMachine, open_bucket_machine
from builders.s3_server import ACCESS_KEY, SECRET_KEY, S3Server
from builders.storage import id_of, make_pictures, name_of
from fault_kit.object_store import Asked, Change, Fault, FaultyStore, cut_after, leave_out, run_faulty_store
from strandline.errors import NotInBucketsError, StrandlineError
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDirState

PICTURES = make_pictures(5)
ONE, TWO, NEW = PICTURES[0], PICTURES[1], PICTURES[4]
KNOWN = PICTURES[:4]


@dataclass
class World:
    """A machine whose requests go through a store that misbehaves, and four proven images."""

    machine: BucketMachine
    faulty: FaultyStore

    def scan_for_long(self) -> None:
        """Three scans, two minutes apart: enough for anything to be believed missing."""
        for _ in range(3):
            self.machine.scan()
            self.machine.clock.pass_time(minutes=2)

    def states(self) -> set[FileState | None]:
        """The states of the known images, and None for one that is absent."""
        with self.machine.store.bench.catalog.read() as reader:
            rows = [reader.files.find_row(1, f"media/{name_of(data)}") for data in KNOWN]
        return {row.state if row is not None and row.absent_since is None else None for row in rows}


@pytest.fixture
def world(tmp_path: Path, s3_server: S3Server) -> Iterator[World]:
    """Nothing is wrong yet."""
    other = s3_server.make_place()
    with (
        run_faulty_store(s3_server.endpoint) as faulty,
        open_bucket_machine(tmp_path / "home", s3_server, other, endpoint=faulty.endpoint) as machine,
    ):
        machine.add(*KNOWN)
        for data in KNOWN:
            machine.store.get(id_of(data)).close()
        yield World(machine, faulty)


def is_identity(asked: Asked) -> bool:
    """Whether SD_ID is asked for."""
    return asked.key.endswith("/SD_ID")


def answer_lists(change: Change, asked: Asked, *, head: int | None = None) -> Fault:
    """A rule: changes each listing, and perhaps answers each HEAD."""
    if asked.is_list:
        return change
    return head if asked.method == "HEAD" else None


def is_image(asked: Asked) -> bool:
    """Whether an image is asked for."""
    return "/media/" in asked.key and not asked.is_list


@pytest.mark.parametrize("status", [500, 403, 404, 301])
def test_an_identity_that_cannot_be_read_is_offline(world: World, status: int) -> None:
    """Whatever the reason. Everything is as before once it can be read."""
    told = world.machine.told()
    world.faulty.rule = lambda asked: status if is_identity(asked) else None
    world.scan_for_long()
    assert not world.machine.sd.is_reachable
    assert not world.machine.store.exists(id_of(ONE))
    world.faulty.rule = lambda _: None
    assert world.machine.sd.state is StorageDirState.ONLINE
    assert world.machine.scan().unchanged == len(KNOWN)
    assert (world.states(), world.machine.told()) == ({FileState.PRESENT}, told)


@pytest.mark.parametrize("status", [500, 403, 404])
def test_a_store_that_refuses_everything_is_offline(world: World, status: int) -> None:
    """Also one that says that there is nothing at all: a HEAD cannot tell a missing bucket from a missing object."""
    world.faulty.rule = lambda _: status
    world.scan_for_long()
    assert not world.machine.sd.is_reachable
    assert world.states() == {FileState.PRESENT}
    with pytest.raises(StrandlineError):
        world.machine.store.save(NEW, sd=world.machine.sd)


def test_a_store_that_does_not_answer_is_left_alone(world: World) -> None:
    """One call waits for its limit. The next ones fail at once."""
    world.faulty.rule = lambda _: "hang"
    before = len(world.faulty.asked)
    for _ in range(5):
        assert not world.machine.store.exists(id_of(ONE))
    assert len(world.faulty.asked) - before <= 3
    assert not world.machine.sd.is_reachable
    assert world.states() == {FileState.PRESENT}


def test_it_goes_away_during_the_listing(world: World) -> None:
    """The identity is read again afterwards, so an empty listing is not believed."""
    seen: list[Asked] = []

    def rule(asked: Asked) -> Fault:
        seen.append(asked)
        if asked.is_list:
            return cut_after(0)
        return 404 if any(each.is_list for each in seen) else None

    for _ in range(3):
        seen.clear()
        world.faulty.rule = rule
        world.machine.scan()
        world.faulty.rule = lambda _: None
        world.machine.clock.pass_time(minutes=2)
    assert world.states() == {FileState.PRESENT}


@pytest.mark.parametrize("status", [500, 403])
def test_a_listing_that_fails_says_nothing(world: World, status: int) -> None:
    """The images are there, and are shown."""
    world.faulty.rule = lambda asked: status if asked.is_list else None
    world.scan_for_long()
    assert world.states() == {FileState.PRESENT}
    with world.machine.store.get(id_of(ONE)) as found:
        assert found.read() == ONE


def test_a_stale_or_cut_listing_loses_nothing(world: World) -> None:
    """What it does not name is looked for, and is there."""
    told = world.machine.told()
    for change in (leave_out(name_of(ONE), name_of(TWO)), cut_after(2), cut_after(0)):
        world.faulty.rule = partial(answer_lists, change)
        world.scan_for_long()
        assert world.states() == {FileState.PRESENT}
    assert world.machine.sd.state is StorageDirState.ONLINE
    assert world.machine.told() == told


def test_a_stale_listing_that_names_what_is_gone_brings_nothing_back(world: World) -> None:
    """A deleted image becomes missing once the listing says so, too, and is told once."""
    before: list[bytes] = []

    def record(data: bytes) -> bytes:
        before.append(data)
        return data

    world.faulty.rule = lambda asked: record if asked.is_list and "start-after" not in asked.query else None
    world.machine.scan()
    world.machine.other.delete(f"media/{name_of(ONE)}")
    world.faulty.rule = lambda asked: (lambda _: before[-1]) if asked.is_list else None
    world.scan_for_long()
    assert not world.machine.store.exists(id_of(ONE))
    world.faulty.rule = lambda _: None
    world.scan_for_long()
    assert [each for each in world.machine.told() if each[1] == name_of(ONE)][-1] == ("missing", name_of(ONE))


@pytest.mark.parametrize("fault", [503, 403, "hang"])
def test_an_image_that_cannot_be_read_now_is_not_bad(world: World, fault: Fault) -> None:
    """Its state stays, and nothing is told. A server error says nothing about an image (H19)."""
    told = world.machine.told()
    world.machine.put(NEW)
    world.faulty.rule = lambda asked: fault if is_image(asked) and asked.method == "GET" else None
    world.machine.scan()
    assert world.states() == {FileState.PRESENT}
    assert world.machine.told() == told
    world.faulty.rule = lambda _: None
    world.faulty.released.set()
    world.machine.store.bench.slow_places.forget(world.machine.store.bench.folder(world.machine.sd).place)
    world.machine.scan()
    assert world.machine.told() == [*told, ("available", name_of(NEW))]


def test_a_second_look_that_fails_loses_nothing(world: World) -> None:
    """A listing without an image, and no answer about it: nothing is known."""
    missing = leave_out(name_of(ONE))
    for status in (500, 403):
        world.faulty.rule = partial(answer_lists, missing, head=status)
        world.scan_for_long()
        assert world.states() == {FileState.PRESENT}


@pytest.mark.parametrize("fault", [503, "lost"])
def test_a_save_that_fails_leaves_nothing_half(world: World, fault: Fault) -> None:
    """It can be repeated. If only the answer was lost, the image is there, and the repetition finds it."""
    world.faulty.rule = lambda asked: fault if asked.method == "PUT" and is_image(asked) else None
    with pytest.raises(StrandlineError):
        world.machine.store.save(NEW, sd=world.machine.sd)
    assert world.machine.other.get(f"media/{name_of(NEW)}") in (None, NEW)
    world.faulty.rule = lambda _: None
    saved = world.machine.store.save(NEW, sd=world.machine.sd)
    assert (saved.image_id, world.machine.other.get(f"media/{name_of(NEW)}")) == (id_of(NEW), NEW)
    assert world.machine.told().count(("available", name_of(NEW))) == 1


def test_a_lost_answer_is_no_second_image(tmp_path: Path, s3_server: S3Server) -> None:
    """The repeated request finds the name taken, by the image itself. Also the identity is made once."""
    other = s3_server.make_place()
    lost: set[str] = set()

    def lose_first(asked: Asked) -> Fault:
        is_first = asked.method == "PUT" and asked.key not in lost
        lost.add(asked.key)
        return "lost" if is_first and (is_image(asked) or is_identity(asked)) else None

    with (
        run_faulty_store(s3_server.endpoint) as faulty,
        open_bucket_machine(
            tmp_path / "home", s3_server, other, endpoint=faulty.endpoint, retries=2
        ) as machine,
    ):
        faulty.rule = lose_first
        sd = machine.add()
        assert sd.state is StorageDirState.ONLINE
        assert other.get("SD_ID") == f"{sd.sd_id}\n".encode()
        saved = machine.store.save(NEW, sd=sd, name="new.png")
        assert (saved.image_id, other.get(f"media/{name_of(NEW)}")) == (id_of(NEW), NEW)
        assert machine.told() == [("available", name_of(NEW))]
        assert machine.store.info(id_of(NEW)).original_names == ("new.png",)


def test_a_large_image_that_is_replaced_while_it_is_read_proves_nothing(world: World) -> None:
    """The pieces would be of two versions."""
    large = bytes(9 * 1024 * 1024)
    world.machine.other.put("media/x.png", large)
    reads: list[Asked] = []

    def rule(asked: Asked) -> Fault:
        if asked.method == "GET" and asked.key.endswith("x.png"):
            reads.append(asked)
            if len(reads) == 3:
                world.machine.other.put("media/x.png", large[:-1] + b"1")
        return None

    world.faulty.rule = rule
    reading = world.machine.store.bench.folder(world.machine.sd).read_image("x.png")
    assert reading.copy.changed_while_read
    reading.copy.close()


def test_a_vanished_bucket_is_offline(tmp_path: Path, s3_server: S3Server) -> None:
    """And back when it is, with everything that was known."""
    other = s3_server.make_bucket()
    with open_bucket_machine(tmp_path / "home", s3_server, other) as machine:
        machine.add(*KNOWN)
        kept = {name: other.get(name) for name in other.list_names()}
        for name in kept:
            other.delete(name)
        assert other.ask("DELETE", "").status == 204
        for _ in range(3):
            machine.scan()
            machine.clock.pass_time(minutes=2)
        assert not machine.sd.is_reachable
        assert "no bucket" in (machine.sd.problem or "")
        assert other.ask("PUT", "").status == 200
        for name, data in kept.items():
            other.put(name, data or b"")
        assert machine.scan().unchanged == len(KNOWN)
        assert machine.told() == []


@pytest.mark.parametrize("layout", [None, "named"])
def test_nothing_is_written_where_conditions_are_ignored(
    tmp_path: Path, s3_server: S3Server, layout: str | None
) -> None:
    """Two programs would overwrite each other. It can be read, and the message says how."""
    other = s3_server.make_place()
    other.put("x.png", ONE)
    with (
        run_faulty_store(s3_server.endpoint) as faulty,
        open_bucket_machine(tmp_path / "home", s3_server, other, endpoint=faulty.endpoint) as machine,
    ):
        faulty.rule = lambda asked: "blind" if asked.method == "PUT" else None
        if layout is None:
            other.delete("x.png")
            with pytest.raises(NotInBucketsError, match="--read-only"):
                machine.add()
            assert other.list_names() == []
            assert machine.add(read_only=True).provisional
        else:
            sd = machine.add()
            with pytest.raises(NotInBucketsError, match="--read-only"):
                machine.store.save(NEW, sd=sd)
            assert machine.store.probe_storage_dir(sd).guarantees.lacking[0] == "creates_once"
            assert other.list_names() == ["x.png"]


def test_nothing_is_replaced_where_versions_are_ignored(world: World) -> None:
    """The wrong bytes stay, and can be replaced by another program."""
    world.faulty.rule = lambda asked: "blind" if asked.key.endswith("/first") else None
    world.machine.put(TWO, name_of(ONE))
    world.machine.scan()
    with pytest.raises(NotInBucketsError, match="would also replace"):
        world.machine.store.save(ONE, sd=world.machine.sd)
    assert world.machine.other.get(f"media/{name_of(ONE)}") == TWO
    guarantees = world.machine.store.probe_storage_dir(world.machine.sd).guarantees
    assert guarantees.lacking == ("replaces_only_the_same",)


@pytest.mark.parametrize(
    ("name", "is_listed"),
    [
        ("media/new\nline.png", False),
        ("new\nline", True),
        ("media/bell\x07.png", True),
        ("media/a\\b.png", True),
    ],
)
def test_a_key_that_is_no_plain_name_loses_nothing(world: World, name: str, is_listed: bool) -> None:
    """If the listing fails, it says why. The images are shown, and everything goes on once it is gone."""
    world.machine.other.put(name, ONE)
    world.scan_for_long()
    assert world.states() == {FileState.PRESENT}
    with world.machine.store.get(id_of(ONE)) as found:
        assert found.read() == ONE
    told = [finding.message for finding in world.machine.scan().findings]
    assert any("has a name that cannot be read" in message for message in told) is not is_listed, told
    world.machine.other.delete(name)
    assert world.machine.scan().unchanged == len(KNOWN)
    assert world.machine.sd.state is StorageDirState.ONLINE


def test_no_credential_is_told(world: World) -> None:
    """Neither by the problem of a storage directory nor by an error nor by the settings."""
    world.faulty.rule = lambda _: 403
    problem = world.machine.sd.problem or ""
    with pytest.raises(StrandlineError) as raised:
        world.machine.store.probe_storage_dir(world.machine.sd)
    settings = [f"{row.key}={row.value}" for row in world.machine.store.settings.iter_settings()]
    for text in (problem, raised.value.message, str(raised.value.facts), *settings):
        assert SECRET_KEY not in text
        assert ACCESS_KEY not in text
