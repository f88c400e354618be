"""The trash of a bucket: bad bytes are there before they are replaced, and every machine finds them (SPEC §24)."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from builders.bucket_machine import BucketMachine, open_bucket_machine
from builders.program import command_line
from builders.s3_server import OtherProgram, S3Server
from builders.storage import id_of, make_pictures, make_storage_dir, name_of
from fault_kit.object_store import Asked, Fault, run_faulty_store
from strandline.errors import DiskError, NotInBucketsError, StrandlineError, UnsuitableFolderError
from strandline.model.storage_dirs import LayoutKind
from strandline.model.trash import TrashedFile

ONE, TWO, THREE = make_pictures(3)
NAME = name_of(ONE)
LIMIT_S = 60


@pytest.fixture
def machine(tmp_path: Path, s3_server: S3Server) -> Iterator[BucketMachine]:
    """A machine and an empty prefix."""
    with open_bucket_machine(tmp_path / "home", s3_server, s3_server.make_place()) as machine:
        yield machine


def beside(other: OtherProgram) -> OtherProgram:
    """Another program in the trash of a storage directory."""
    name = hashlib.sha256(other.prefix.rstrip("/").encode()).hexdigest()[:32]
    return replace(other, prefix=f".strandline-trash/{name}/")


def trash_of(other: OtherProgram) -> dict[str, bytes | None]:
    """The objects in the trash of the storage directory, by their names in it."""
    trash = beside(other)
    return {name: trash.get(name) for name in trash.list_names()}


def replace_a_wrong_one(machine: BucketMachine) -> TrashedFile:
    """Saves an image whose name has other bytes. Returns their entry."""
    machine.put(TWO, NAME)
    machine.store.save(ONE, sd=machine.sd)
    (entry,) = machine.store.trash.list_entries()
    return entry


def test_wrong_bytes_go_to_the_bucket_and_leave_after_their_time(
    machine: BucketMachine, tmp_path: Path
) -> None:
    """With a description, under their name. Nothing of them is on this machine's disk."""
    machine.add()
    entry = replace_a_wrong_one(machine)
    assert machine.other.get(f"media/{NAME}") == ONE
    kept = trash_of(machine.other)
    assert kept[f"{entry.trash_id}/{NAME}"] == TWO
    assert set(kept) == {f"{entry.trash_id}/{NAME}", f"{entry.trash_id}/about.json"}
    assert not list((tmp_path / "home").rglob("*.png"))
    assert machine.store.trash.read(entry.trash_id) == TWO
    assert machine.store.trash.describe().used_bytes == len(TWO)
    assert machine.store.trash.empty().done == ()
    machine.clock.pass_time(days=31)
    assert len(machine.store.trash.empty().done) == 1
    assert (trash_of(machine.other), machine.store.trash.list_entries()) == ({}, [])


def test_a_healed_picture_s_bad_bytes_are_found_by_another_machine(
    machine: BucketMachine, tmp_path: Path, s3_server: S3Server
) -> None:
    """Also one whose catalog knows nothing of it yet. What somebody spoiled there is told, and never given out."""
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "ä b.png").write_bytes(ONE)
    machine.other.put("trip/ä b.png", ONE)
    sd = machine.store.add_storage_dir(machine.other.address, layout="named").sd
    machine.other.put("trip/ä b.png", ONE[:-40])
    machine.store.scan(sd)
    machine.clock.pass_time(days=2)
    report = machine.store.verify([sd], older_than=timedelta(0))
    report = machine.store.heal(report, [tmp_path / "backup"])
    assert report.healing is not None
    assert len(report.healing.done) == 1, report
    assert machine.other.get("trip/ä b.png") == ONE
    with open_bucket_machine(tmp_path / "other", s3_server, machine.other) as other:
        other.store.add_storage_dir(machine.other.address, layout="named")
        (entry,) = other.store.trash.list_entries()
        assert other.store.trash.read(entry.trash_id) == ONE[:-40]
        beside(machine.other).put(f"{entry.trash_id}/ä b.png", THREE)
        with pytest.raises(StrandlineError, match="not the deleted ones any more"):
            other.store.trash.read(entry.trash_id)
        beside(machine.other).delete(f"{entry.trash_id}/ä b.png")
        with pytest.raises(DiskError, match="somebody removed them"):
            other.store.trash.read(entry.trash_id)


@pytest.mark.parametrize("step", ["about.json", "media"])
def test_a_kill_between_copy_and_replacement_loses_nothing(
    machine: BucketMachine, tmp_path: Path, s3_server: S3Server, step: str
) -> None:
    """The bad bytes are where they were. A copy with a description is in the trash; one without leaves it later."""
    sd = machine.add()
    machine.put(TWO, NAME)
    (tmp_path / "one.png").write_bytes(ONE)
    reached = threading.Event()

    def rule(asked: Asked) -> Fault:
        is_it = asked.method == "PUT" and (asked.key.endswith(step) or f"/{step}/{NAME}" in asked.key)
        if is_it:
            reached.set()
        return "hang" if is_it else None

    with run_faulty_store(s3_server.endpoint) as faulty:
        faulty.rule = rule
        environment = {**os.environ, **s3_server.environment, "STRANDLINE_S3_ENDPOINT": faulty.endpoint}
        home = str(tmp_path / "killed")
        with open_bucket_machine(Path(home), s3_server, machine.other, endpoint=faulty.endpoint) as other:
            other.store.add_storage_dir(machine.other.address)
        process = subprocess.Popen(
            command_line("--home", home, "save", str(tmp_path / "one.png")),
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert reached.wait(LIMIT_S)
        process.kill()
        process.communicate(timeout=LIMIT_S)
    assert machine.other.get(f"media/{NAME}") == TWO
    copied = [name for name in trash_of(machine.other) if name.endswith(NAME)]
    assert [trash_of(machine.other)[name] for name in copied] == [TWO]
    if step == "media":
        (entry,) = machine.store.trash.list_entries()
        assert machine.store.trash.read(entry.trash_id) == TWO
    else:
        assert machine.store.trash.list_entries() == []
        machine.clock.pass_time(days=400)
        assert machine.store.trash.list_entries() == []
        assert trash_of(machine.other) == {}
    machine.store.save(ONE, sd=sd)
    assert machine.other.get(f"media/{NAME}") == ONE


def test_what_a_stranger_puts_into_the_trash_is_not_believed(
    machine: BucketMachine, tmp_path: Path, s3_server: S3Server
) -> None:
    """It is no deleted image of a folder here, does not fill the trash, and is not removed either."""
    machine.add()
    entry = replace_a_wrong_one(machine)
    folder = machine.store.add_storage_dir(make_storage_dir(tmp_path / "folder")).sd
    true = entry.to_json()
    claims: tuple[dict[str, object], ...] = (
        {"reason": "deleted"}, {"size_bytes": 10**18}, {"sd_path": folder.path, "sd_id": folder.sd_id},
        {"path": "../x.png"}, {"sha256": "0"},
    )  # fmt: skip
    trash = beside(machine.other)
    for number, claim in enumerate(claims):
        trash.put(f"{number:032x}/{NAME}", TWO)
        trash.put(f"{number:032x}/about.json", json.dumps({**true, **claim}).encode())
    trash.put("note.txt", b"what is this?")
    before = set(trash.list_names())
    machine.clock.pass_time(days=400)
    with open_bucket_machine(tmp_path / "new", s3_server, machine.other, clock=machine.clock) as new:
        new.store.add_storage_dir(machine.other.address)
        assert [each.trash_id for each in new.store.trash.list_entries()] == [entry.trash_id]
    assert [each.trash_id for each in machine.store.trash.list_entries()] == [entry.trash_id]
    assert set(trash.list_names()) == before


def test_what_cannot_be_copied_is_not_replaced(tmp_path: Path, s3_server: S3Server) -> None:
    """No right to write there, no answer, or a new version at this moment: the bytes stay, and no entry is left."""
    other = s3_server.make_place()
    with (
        run_faulty_store(s3_server.endpoint) as faulty,
        open_bucket_machine(tmp_path / "home", s3_server, other, endpoint=faulty.endpoint) as machine,
    ):
        sd = machine.add()
        machine.put(TWO, NAME)
        for fault in (403, 500, "lost"):
            faulty.rule = lambda asked, fault=fault: (  # type: ignore[misc]
                fault if asked.method == "PUT" and asked.key.startswith(".strandline-trash/") else None
            )
            with pytest.raises(DiskError):
                machine.store.save(ONE, sd=sd)
            assert machine.other.get(f"media/{NAME}") == TWO

        def replace_meanwhile(asked: Asked) -> Fault:
            if asked.method == "PUT" and asked.key.startswith(".strandline-trash/"):
                machine.put(ONE, NAME)
            return None

        faulty.rule = replace_meanwhile
        assert not machine.store.save(ONE, sd=sd).new
        faulty.rule = lambda _: None
        assert machine.store.trash.list_entries() == []
        assert trash_of(machine.other) == {}


def test_a_whole_bucket_does_not_show_its_trash(tmp_path: Path, s3_server: S3Server) -> None:
    """In neither layout: it is no image, no folder, no text, and no sign of another layout."""
    other = s3_server.make_bucket()
    with open_bucket_machine(tmp_path / "home", s3_server, other) as machine:
        machine.add()
        entry = replace_a_wrong_one(machine)
        other.put(f".strandline-trash/{entry.trash_id}/note.md", b"![[x]]")
        assert machine.scan().unchanged == 1
        folder = machine.store.bench.folder(machine.sd)
        assert set(folder.list_folders()) - {".strandline-try"} == {"media"}
        files = [found.path for piece in folder.iter_files([]) for found in piece]
        assert sorted(files) == ["SD_ID", f"media/{NAME}"]
        named = machine.store.bench.folder_at(other.address, LayoutKind.NAMED)
        assert named.list_names() <= {"SD_ID", f"media/{NAME}", "media"}
        assert machine.store.bench.folder_at(other.address).look_at_layout().other_name is None


def test_trash_and_storage_directories_are_apart(tmp_path: Path, s3_server: S3Server) -> None:
    """Neither is ever inside of the other."""
    other = OtherProgram(s3_server.endpoint, "shared", ".kept/pictures/")
    with (
        open_bucket_machine(
            tmp_path / "home", s3_server, other, overrides={"s3.trash_prefix": ".kept"}
        ) as machine,
        pytest.raises(UnsuitableFolderError, match="the trash of its bucket"),
    ):
        machine.add()
    with open_bucket_machine(tmp_path / "home", s3_server, other) as machine:
        machine.add()
        machine.put(TWO, NAME)
    with open_bucket_machine(
        tmp_path / "home", s3_server, other, overrides={"s3.trash_prefix": ".kept/pictures/.old"}
    ) as machine:
        with pytest.raises(NotInBucketsError, match="is where a storage directory is"):
            machine.store.save(ONE, sd=machine.sd)
        assert machine.other.get(f"media/{NAME}") == TWO
        assert machine.row(NAME) is not None
        assert not machine.store.exists(id_of(ONE))
