"""The four phases on a bucket: images are found on demand and by scans, identities are made once, and ids are those
of the bytes. Another program puts the objects there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from builders.bucket_machine import BucketMachine, open_bucket_machine
from builders.program import run
from builders.s3_server import S3Server
from builders.storage import id_of, make_pictures, make_storage_dir, name_of
from strandline.errors import (
    InvalidInputError,
    InvalidPathError,
    NotInBucketsError,
    ReadOnlyStorageDirError,
    StorageDirNotFoundError,
    StrandlineError,
    UnreadTextsError,
    UnsuitableFolderError,
)
from strandline.model.image_files import FileState, ImageFilter
from strandline.model.reports import Saved
from strandline.model.storage_dirs import LayoutKind, StorageDirState
from strandline.services.saving.intake import NewImage

PICTURES = make_pictures(12)
ONE, TWO, THREE = PICTURES[:3]


@pytest.fixture
def machine(tmp_path: Path, s3_server: S3Server) -> Iterator[BucketMachine]:
    """A machine and an empty prefix."""
    with open_bucket_machine(tmp_path / "home", s3_server, s3_server.make_place()) as machine:
        yield machine


def test_an_image_is_found_on_demand(machine: BucketMachine) -> None:
    """Also one that no scan has seen. Only its own bytes are handed out."""
    sd = machine.add()
    machine.put(ONE)
    with machine.store.get(id_of(ONE)) as found:
        assert found.read() == ONE
        assert found.proven
        assert found.location == f"{sd.path}/media/{name_of(ONE)}"
        with pytest.raises(NotInBucketsError, match="no path on this machine"):
            _ = found.path
    assert machine.told() == [("available", name_of(ONE))]
    assert not machine.store.exists(id_of(TWO))


def test_what_another_program_puts_there_is_found_proven_and_told(machine: BucketMachine) -> None:
    """Old images are registered. A new one is proven at once, half of one is arriving, and the rest completes it."""
    machine.add(ONE)
    assert machine.told() == []
    machine.put(TWO)
    half = machine.put(THREE[: len(THREE) // 2], name_of(THREE))
    report = machine.scan()
    assert (report.added, report.unchanged, report.arriving) == (2, 1, 1)
    assert sorted(machine.told()) == sorted([("available", name_of(TWO)), ("arriving", half)])
    machine.put(THREE)
    assert machine.scan().changed == 1
    assert machine.told()[-1] == ("available", half)
    row = machine.row(half)
    assert row is not None
    assert row.is_proven
    again = machine.scan()
    assert (again.added, again.changed, again.unchanged) == (0, 0, 3)


def test_the_same_bytes_again_are_no_change(machine: BucketMachine) -> None:
    """The time of an upload says nothing."""
    machine.add(ONE)
    before = machine.row(name_of(ONE))
    machine.put(ONE)
    assert machine.scan().unchanged == 1
    assert machine.row(name_of(ONE)) == before


def test_other_bytes_are_never_handed_out(machine: BucketMachine) -> None:
    """Even if they have the length of the right ones."""
    machine.add(ONE)
    machine.store.get(id_of(ONE)).close()
    with machine.store.get(id_of(ONE)) as found:
        machine.put(bytes(len(ONE)), name_of(ONE))
        with pytest.raises(StrandlineError):
            found.read_piece(0, 4)
        with pytest.raises(StrandlineError):
            found.read()
    assert not machine.store.exists(id_of(ONE))


def test_what_is_deleted_is_missing_after_two_scans(machine: BucketMachine) -> None:
    """A minute apart. It comes back when its object does."""
    machine.add(*PICTURES)
    machine.other.delete(f"media/{name_of(ONE)}")
    assert machine.scan().absent == 1
    machine.clock.pass_time(minutes=2)
    assert machine.scan().missing == 1
    assert machine.told()[-1] == ("missing", name_of(ONE))
    machine.put(ONE)
    assert machine.scan().returned == 1


def test_the_last_image_may_go(machine: BucketMachine) -> None:
    """A bucket has no folders, so nothing else is gone with it."""
    machine.add(ONE)
    machine.other.delete(f"media/{name_of(ONE)}")
    machine.scan()
    machine.clock.pass_time(minutes=2)
    assert machine.scan().missing == 1


def test_too_much_at_once_is_not_believed(machine: BucketMachine) -> None:
    """The brake holds until a person confirms it."""
    machine.add(*PICTURES)
    for data in PICTURES[:8]:
        machine.other.delete(f"media/{name_of(data)}")
    for _ in range(3):
        report = machine.scan()
        machine.clock.pass_time(minutes=2)
    assert (report.missing, machine.sd.state) == (0, StorageDirState.SUSPECT)
    assert machine.store.confirm_storage_dir(machine.sd).accepted == 8
    assert machine.scan().missing == 8


def test_two_machines_make_one_identity(tmp_path: Path, s3_server: S3Server) -> None:
    """At the same moment, in an empty bucket. Each knows it by the same one."""
    other = s3_server.make_place()
    found: list[str | None] = []
    ready = threading.Barrier(4)

    def add(number: int) -> None:
        with open_bucket_machine(tmp_path / str(number), s3_server, other) as machine:
            ready.wait(20)
            found.append(machine.add().sd_id)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4
    assert len(set(found)) == 1
    assert other.get("SD_ID") == f"{found[0]}\n".encode()


def test_an_image_is_saved_once(tmp_path: Path, s3_server: S3Server) -> None:
    """By whichever machine is first. The other one finds it there."""
    other = s3_server.make_place()
    with (
        open_bucket_machine(tmp_path / "a", s3_server, other) as ada,
        open_bucket_machine(tmp_path / "b", s3_server, other) as ben,
    ):
        ada.add()
        ben.add()
        first, second = ada.store.save(ONE, sd=ada.sd), ben.store.save(ONE, sd=ben.sd)
        assert (first.new, second.new, first.image_id, second.image_id) == (
            True,
            False,
            id_of(ONE),
            id_of(ONE),
        )
        assert other.get(f"media/{name_of(ONE)}") == ONE
        head = other.ask("HEAD", f"media/{name_of(ONE)}", headers={"x-amz-checksum-mode": "ENABLED"})
        assert (head.headers["content-type"], "x-amz-checksum-sha256" in head.headers) == ("image/png", True)
        assert "x-amz-meta-mtime" in head.headers
        several = ben.store.save_several(map(NewImage, (TWO, THREE, ONE)), sd=ben.sd)
        assert [isinstance(each, Saved) and each.new for each in several] == [True, True, False]
        assert ada.scan().added == 2
        assert sorted(other.list_names()) == sorted(
            ["SD_ID", *(f"media/{name_of(d)}" for d in (ONE, TWO, THREE))]
        )


def test_a_wrong_object_under_the_name_makes_room_for_a_save(machine: BucketMachine) -> None:
    """It was read, is not what its name says, and is kept."""
    machine.add()
    machine.put(TWO, name_of(ONE))
    machine.store.save(ONE, sd=machine.sd)
    assert machine.other.get(f"media/{name_of(ONE)}") == ONE
    kept = [machine.store.trash.read(entry.trash_id) for entry in machine.store.trash.list_entries()]
    assert kept == [TWO]


def test_nothing_is_taken_out_of_a_bucket(
    machine: BucketMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by deleting nor by moving nor by collecting. The reason is told, and nothing of sync clients."""
    machine.add(ONE, ONE[:-1] + b"x")
    monkeypatch.setenv("STRANDLINE_S3_ENDPOINT", machine.store.settings.s3.endpoint)
    refused = run("--home", machine.store.home, "delete", id_of(ONE))
    assert (refused.status, "deleting takes" in refused.stderr) == (5, False)
    folder = machine.store.add_storage_dir(make_storage_dir(tmp_path / "folder")).sd
    deleted = machine.store.delete(machine.store.plan_delete([id_of(ONE)]))
    assert [each.error.code for each in deleted.refused] == ["not-in-buckets"]
    moved = machine.store.move_files(machine.store.plan_move([id_of(ONE)], to=folder))
    assert [each.error.code for each in moved.report.refused] == ["not-in-buckets"]
    assert machine.other.get(f"media/{name_of(ONE)}") == ONE
    machine.other.put("note.md", b"![[picture]]")
    with pytest.raises(UnreadTextsError, match="texts in buckets are not read"):
        machine.store.collect()


def test_images_are_copied_between_folders_and_buckets(machine: BucketMachine, tmp_path: Path) -> None:
    """In both directions, and out of it."""
    machine.add(ONE)
    folder = machine.store.add_storage_dir(make_storage_dir(tmp_path / "folder", TWO)).sd
    assert machine.store.copy(id_of(TWO), machine.sd).new
    assert machine.other.get(f"media/{name_of(TWO)}") == TWO
    assert machine.store.copy(id_of(ONE), folder).new
    assert Path(folder.path, "media", name_of(ONE)).read_bytes() == ONE
    machine.store.export_images(machine.store.plan_export(None), tmp_path / "out")
    exported = [path.read_bytes() for path in (tmp_path / "out").rglob("*.png")]
    assert {ONE, TWO} <= set(exported)


def test_a_bad_object_gets_its_right_bytes_back(machine: BucketMachine, tmp_path: Path) -> None:
    """It is replaced only as the version that was found bad, and kept in the trash."""
    machine.add(ONE)
    machine.store.add_storage_dir(make_storage_dir(tmp_path / "folder", ONE))
    assert machine.store.exists(id_of(ONE))
    bad = bytes(len(ONE))
    machine.put(bad, name_of(ONE))
    machine.clock.pass_time(days=2)
    machine.scan()
    machine.clock.pass_time(days=2)
    report = machine.store.heal(machine.store.verify([machine.sd]))
    assert machine.other.get(f"media/{name_of(ONE)}") == ONE, report
    kept = [machine.store.trash.read(entry.trash_id) for entry in machine.store.trash.list_entries()]
    assert kept == [bad]


def test_it_is_inspected_explained_and_browsed(machine: BucketMachine) -> None:
    """As any folder, and nothing is written."""
    sd = machine.add(ONE, TWO)
    machine.put(b"x", "stray.txt")
    before = machine.other.list_names()
    status = machine.store.inspect(sd)
    assert status.sd.state is StorageDirState.ONLINE
    assert machine.store.explain(id_of(ONE)).image_id == id_of(ONE)
    tree = {entry.path for entry in machine.store.iter_tree(sd)}
    assert {"SD_ID", f"media/{name_of(ONE)}", "media/stray.txt"} <= tree
    assert machine.store.read_hex(sd, f"media/{name_of(ONE)}").size_bytes == len(ONE)
    assert machine.store.info(id_of(ONE)).files[0].file.mtime is None
    assert machine.store.status().images == 2
    assert all(check.ok for check in machine.store.check_health() if "storage" in check.name)
    assert machine.other.list_names() == before


def test_images_sort_by_when_they_were_first_seen(machine: BucketMachine) -> None:
    """A bucket keeps no time of theirs, and none was taken in 1970."""
    machine.add(ONE)
    machine.put(TWO)
    machine.scan()
    recent = ImageFilter(since=machine.clock.now() - timedelta(days=1))
    assert len(machine.store.gallery.list_after(recent, after=None, limit=9).images) == 2


def test_named_pictures_are_taken_as_they_are(machine: BucketMachine) -> None:
    """Nothing is written. A picture that another program moved keeps its id."""
    machine.other.put("trips/lisbon/a b.png", ONE)
    machine.other.put("trips/notes.txt", b"words")
    machine.other.put(".trash/x.png", TWO)
    sd = machine.store.add_storage_dir(machine.other.address).sd
    assert (sd.layout, sd.is_unmarked) == (LayoutKind.NAMED, True)
    assert "SD_ID" not in machine.other.list_names()
    with machine.store.get(id_of(ONE)) as found:
        assert (found.read(), found.relative_path) == (ONE, "trips/lisbon/a b.png")
    assert not machine.store.exists(id_of(TWO))
    saved = machine.store.save(THREE, sd=sd, name="new.png")
    assert machine.other.get(saved.path) == THREE
    with pytest.raises(NotInBucketsError, match="notes in buckets are not read"):
        machine.store.check_notes(sd)


def test_a_read_only_bucket_is_never_written_to(machine: BucketMachine) -> None:
    """Not even to try what it guarantees."""
    sd = machine.add(ONE, read_only=True)
    assert (sd.provisional, machine.other.list_names()) == (True, [f"media/{name_of(ONE)}"])
    assert machine.store.exists(id_of(ONE))
    with pytest.raises(ReadOnlyStorageDirError):
        machine.store.save(TWO, sd=sd)
    with pytest.raises(ReadOnlyStorageDirError):
        machine.store.probe_storage_dir(sd)


def test_guarantees_are_tried_and_remembered(machine: BucketMachine, tmp_path: Path) -> None:
    """What was made for that is gone afterwards. A folder needs none."""
    sd = machine.add()
    probed = machine.store.probe_storage_dir(sd)
    assert probed.guarantees.lacking == ()
    assert machine.store.bench.folder(sd).recall_guarantees() == probed.guarantees
    assert machine.other.list_names() == ["SD_ID"]
    folder = machine.store.add_storage_dir(make_storage_dir(tmp_path / "folder")).sd
    with pytest.raises(InvalidInputError):
        machine.store.probe_storage_dir(folder)


@pytest.mark.parametrize(
    "address", ["s3://", "s3://x", "s3://UPPER/x", "s3://good/a//b", "s3://good/../x", "s3://good/a\nb"]
)
def test_what_is_no_address_is_refused(machine: BucketMachine, address: str) -> None:
    """Before anything is asked."""
    with pytest.raises(InvalidPathError):
        machine.store.add_storage_dir(address)


def test_a_bucket_that_does_not_exist_is_told(machine: BucketMachine) -> None:
    """It is not made."""
    with pytest.raises(StorageDirNotFoundError, match="there is no bucket"):
        machine.store.add_storage_dir("s3://no-such-bucket/x")


def test_none_is_inside_another(machine: BucketMachine) -> None:
    """Neither a prefix below one, nor its media, nor one above."""
    sd = machine.add(ONE)
    for address in (f"{sd.path}/below", f"{sd.path}/media", sd.path.rpartition("/")[0]):
        with pytest.raises(UnsuitableFolderError):
            machine.store.add_storage_dir(address)
    again = machine.store.add_storage_dir(f"S3://{sd.path[5:]}/")
    assert again.sd.number == sd.number


def test_the_catalog_can_be_rebuilt(machine: BucketMachine, tmp_path: Path, s3_server: S3Server) -> None:
    """By listing: names are ids."""
    sd = machine.add(ONE, TWO)
    with open_bucket_machine(tmp_path / "other", s3_server, machine.other) as rebuilt:
        assert rebuilt.add().sd_id == sd.sd_id
        assert rebuilt.store.exists(id_of(TWO))
        assert rebuilt.store.status().images == 2
    assert machine.row(name_of(ONE)) is not None
    assert machine.row(name_of(ONE)).state is FileState.PRESENT  # type: ignore[union-attr]
