"""What people do about a bucket when something is wrong: conflict copies, duplicates, identities, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.bucket_machine import BucketMachine, open_bucket_machine
from builders.s3_server import S3Server
from builders.storage import id_of, make_pictures, make_storage_dir, name_of
from fault_kit.object_store import run_faulty_store
from strandline.errors import StorageDirConflictError, StorageDirOfflineError
from strandline.model.conflicts import Remedy
from strandline.model.storage_dirs import StorageDirState

ONE, TWO, THREE = make_pictures(3)
COPY = f"{name_of(ONE)[:-4]} (conflicted copy 2026-01-01).png"


@pytest.fixture
def machine(tmp_path: Path, s3_server: S3Server) -> Iterator[BucketMachine]:
    """A machine and an empty prefix."""
    with open_bucket_machine(tmp_path / "home", s3_server, s3_server.make_place()) as machine:
        yield machine


def test_a_conflict_copy_shows_an_image_and_stays(machine: BucketMachine) -> None:
    """Nothing is taken out of the bucket, and the answer says so."""
    machine.add(TWO)
    machine.put(ONE, COPY)
    machine.scan()
    with machine.store.get(id_of(ONE)) as found:
        assert (found.read(), found.from_conflict_copy) == (ONE, True)
    machine.put(ONE)
    machine.scan()
    listing = machine.store.list_conflicts([machine.sd])
    assert [each.remedy for each in listing.conflicts] == [Remedy.FOLD]
    report = machine.store.resolve_conflicts([machine.sd.name])
    assert [each.error.code for each in report.changes.refused] == ["not-in-buckets"]
    assert machine.other.get(f"media/{COPY}") == ONE


def test_duplicates_are_listed_and_stay(machine: BucketMachine) -> None:
    """They are two objects, although they have one ETag."""
    machine.other.put("a.png", ONE)
    machine.other.put("b.png", ONE)
    sd = machine.store.add_storage_dir(machine.other.address, layout="named").sd
    (group,) = machine.store.list_duplicates([sd]).groups
    assert len(group.files) == 2
    assert group.extra_bytes == len(ONE)
    report = machine.store.fold(machine.store.plan_fold([sd]))
    assert [each.error.code for each in report.refused] == ["not-in-buckets"]
    assert {"a.png", "b.png"} <= set(machine.other.list_names())


def test_a_lost_identity_is_written_back(machine: BucketMachine) -> None:
    """If a person says that it is the same. Nothing is missing until then."""
    sd = machine.add(ONE)
    machine.other.delete("SD_ID")
    machine.scan()
    assert machine.sd.state is not StorageDirState.ONLINE
    assert machine.store.confirm_storage_dir(machine.sd).identity_restored
    assert machine.other.get("SD_ID") == f"{sd.sd_id}\n".encode()
    assert machine.scan().unchanged == 1


def test_a_bucket_is_followed_to_another_address(machine: BucketMachine, s3_server: S3Server) -> None:
    """If its identity is there. Another storage directory's address is refused."""
    sd = machine.add(ONE, TWO)
    new, stranger = s3_server.make_place(), s3_server.make_place()
    for name in machine.other.list_names():
        new.put(name, machine.other.get(name) or b"")
    stranger.put("SD_ID", b"11111111-1111-4111-8111-111111111111\n")
    with pytest.raises(StorageDirConflictError):
        machine.store.move_storage_dir(sd, stranger.address)
    moved = machine.store.move_storage_dir(sd, new.address)
    assert (moved.path, moved.state) == (new.address, StorageDirState.ONLINE)
    assert machine.store.scan(moved)[0].unchanged == 2
    machine.store.get(id_of(ONE)).close()


def test_an_empty_prefix_is_not_where_it_is_now(machine: BucketMachine, s3_server: S3Server) -> None:
    """Refused for named pictures and for ids: what is known of the files stays, also of a missing one."""
    for number, data in enumerate(make_pictures(6)):
        machine.other.put(f"album/{number}.png", data)
    sd = machine.store.add_storage_dir(machine.other.address).sd
    machine.other.delete("album/0.png")
    machine.scan()
    machine.clock.pass_time(seconds=61)
    machine.scan()
    before = machine.store.count_files(sd)
    with pytest.raises(StorageDirConflictError, match="nothing of"):
        machine.store.move_storage_dir(sd, s3_server.make_place().address)
    assert machine.store.count_files(sd) == before
    assert (before.images, before.missing) == (6, 1)
    for name in machine.other.list_names():
        machine.other.delete(name)
    assert machine.scan().sd.state is StorageDirState.SUSPECT
    after = machine.store.count_files(sd)
    assert (after.images, after.missing) == (6, 1)


def test_a_server_that_is_down_is_no_disk(tmp_path: Path, s3_server: S3Server) -> None:
    """Nothing offers another path, or to mount a disk, for an object store that does not answer."""
    other = s3_server.make_place()
    other.put("album/1.png", ONE)
    with (
        run_faulty_store(s3_server.endpoint) as faulty,
        open_bucket_machine(tmp_path / "home", s3_server, other, endpoint=faulty.endpoint) as machine,
    ):
        sd = machine.store.add_storage_dir(other.address).sd
        for fault in (403, 500, "lost"):
            faulty.rule = lambda _, fault=fault: fault  # type: ignore[misc]
            problem = machine.sd.problem or ""
            assert problem.startswith("the bucket cannot be read now (")
            assert problem.endswith("; it is asked again by itself")
            advice = machine.store.explain(id_of(ONE)).next or ""
            assert advice.startswith("Check the object store and `s3.endpoint`, then try again.")
            with pytest.raises(StorageDirOfflineError, match="the bucket cannot be read now"):
                machine.store.confirm_storage_dir(sd)
            for said in (problem, advice):
                assert not re.search(r"sd move|disk|sign in", said)
            with pytest.raises(StorageDirOfflineError, match="cannot tell whether"):
                machine.store.move_storage_dir(sd, f"{other.address}/else")
            faulty.rule = lambda _: None
            assert machine.sd.state is StorageDirState.ONLINE


def test_a_copy_of_a_bucket_is_told(machine: BucketMachine, s3_server: S3Server) -> None:
    """Both are read, and neither is written to, until one has another identity."""
    sd = machine.add(ONE)
    copy = s3_server.make_place()
    for name in machine.other.list_names():
        copy.put(name, machine.other.get(name) or b"")
    added = machine.store.add_storage_dir(copy.address)
    assert added.copied
    assert added.sd.sd_id == sd.sd_id
    renewed = machine.store.add_storage_dir(copy.address, new_identity=True).sd
    assert renewed.sd_id != sd.sd_id
    assert copy.get(f"SD_ID.was-{sd.sd_id}") == f"{sd.sd_id}\n".encode()
    assert machine.store.save(TWO, sd=renewed).new


def test_a_missing_image_is_rescued_into_the_bucket(machine: BucketMachine, tmp_path: Path) -> None:
    """From any folder that has its bytes."""
    machine.add(ONE, TWO)
    machine.other.delete(f"media/{name_of(ONE)}")
    machine.scan()
    machine.clock.pass_time(minutes=2)
    assert machine.scan().missing == 1
    root = make_storage_dir(tmp_path / "backup", ONE)
    report = machine.store.rescue([root])
    assert machine.other.get(f"media/{name_of(ONE)}") == ONE, report
