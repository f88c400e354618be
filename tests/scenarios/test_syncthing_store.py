"""Two machines with Strandline, and a real Syncthing between them: identities agree, images arrive, nothing is half.

The two begin apart, so both have made up an identity for the same folder before they ever speak to each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.receiver import (
    Receiver,
    make_large_picture,
    make_mixed_pictures,
    name_of,
    put_pictures,
    receiving,
    size_of,
)
from scenarios.syncthing import TwoSyncthings
from scenarios.syncthing_node import wait_until
from strandline.model.sd_ids import StorageDirId

LIMIT_S = 60


@dataclass
class Machines:
    """Both ends, and the identities that each had made up before they met."""

    pair: TwoSyncthings
    a: Receiver
    b: Receiver
    made_up: set[StorageDirId | None]


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """Two machines that have added the same folder apart, and are linked now; both watch."""
    base = tmp_path_factory.mktemp("machines")
    with TwoSyncthings(base) as pair:
        pair.disconnect()
        homes = (base / "strandline-a", base / "strandline-b")
        with receiving(homes[0], pair.a.folder) as a, receiving(homes[1], pair.b.folder) as b:
            made_up = {machine.store.list_storage_dirs()[0].sd_id for machine in (a, b)}
            pair.reconnect()
            yield Machines(pair, a, b, made_up)


def test_a_conflict_of_identities_is_settled_alike_on_both(machines: Machines) -> None:
    """One identity on both machines, the other value an alias on both, and nobody had to do anything (H12, I12)."""
    assert len(machines.made_up) == 2

    def known(machine: Receiver) -> tuple[StorageDirId | None, tuple[StorageDirId, ...]]:
        (sd,) = machine.store.list_storage_dirs()
        return sd.sd_id, sd.aliases

    def is_settled() -> bool:
        return known(machines.a) == known(machines.b) and len(known(machines.a)[1]) == 1

    wait_until("one identity", is_settled, LIMIT_S, lambda: f"{known(machines.a)} {known(machines.b)}")
    machines.pair.wait_in_sync()
    assert is_settled()
    sd_id, aliases = known(machines.a)
    assert {sd_id, *aliases} == machines.made_up
    for machine in (machines.a, machines.b):
        assert (machine.root / "SD_ID").read_text().strip() == sd_id
        assert all(machine.store.get_storage_dir(value or "").sd_id == sd_id for value in machines.made_up)


def test_images_of_every_kind_arrive_whole_and_are_told_once(machines: Machines) -> None:
    """While they travel a reader asks for all of them: it never gets a wrong byte."""
    large = make_large_picture(11, 3_000_000)
    pictures = make_mixed_pictures(4, first_seed=100) | {name_of(large, "png"): large}
    with machines.b.reading(pictures):
        put_pictures(machines.a.root / "media", pictures)
        machines.pair.a.scan()
        machines.b.wait_for(pictures)


def test_what_one_machine_saves_the_other_hands_out(machines: Machines) -> None:
    """By its id alone, in both directions."""
    for sender, receiver in ((machines.a, machines.b), (machines.b, machines.a)):
        data = make_picture("jpg", seed=200 + (sender is machines.b))
        (sd,) = sender.store.list_storage_dirs()
        saved = sender.store.save(data, sd=sd, name="holiday.jpg")
        machines.pair.scan()
        receiver.events.wait_for("image.available", saved.filename)
        assert receiver.store.get(saved.image_id).read() == data


def test_a_half_image_that_arrives_by_a_clean_rename_is_arriving(machines: Machines) -> None:
    """Syncthing scanned the sender in the middle of a write, three times (HAZARDS §0)."""
    data = make_large_picture(12, 300_000)
    name = name_of(data, "png")
    source, target = (machine.root / "media" / name for machine in (machines.a, machines.b))
    source.parent.mkdir(exist_ok=True)
    with machines.b.reading({name: data}):
        for size_bytes in (100_000, 200_000):
            source.write_bytes(data[:size_bytes])
            machines.pair.a.scan()
            wait_until("half of it", lambda size=size_bytes: size_of(target) == size, LIMIT_S)  # type: ignore[misc]
            machines.b.events.wait_for("image.arriving", name)
        source.write_bytes(data)
        machines.pair.a.scan()
        machines.b.wait_for({name: data})
    assert machines.b.events.types_of(name) == ["image.arriving", "image.available"]


def test_a_replaced_image_is_never_missing(machines: Machines) -> None:
    """Under a legacy id Syncthing deletes the old file and renames the new one: old bytes or new (H6)."""
    image_id = str(uuid.uuid4())
    name = f"{image_id}.png"
    versions = [make_picture("png", seed=seed) for seed in (300, 301)]
    source = machines.a.root / "media" / name
    source.write_bytes(versions[0])
    machines.pair.a.scan()
    machines.b.events.wait_for("image.available", name)
    with machines.b.reading(*({name: data} for data in versions)):
        source.write_bytes(versions[1])
        machines.pair.a.scan()
        machines.b.events.wait_for("image.changed", name)
    assert machines.b.store.get(image_id).read() == versions[1]
    assert machines.b.events.types_of(name) == ["image.available", "image.changed"]


def test_nothing_else_was_told(machines: Machines) -> None:
    """On neither machine anything went missing, became suspect, foreign or damaged, or was told out of order."""
    for machine in (machines.a, machines.b):
        seqs = [event.seq for event in machine.events.read if event.seq is not None]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        alarms = {
            "image.missing",
            "image.damaged",
            "image.foreign",
            "image.removed",
            "sd.suspect",
            "sd.offline",
        }
        assert not alarms & {event.type for event in machine.events.read}


def test_the_folder_that_people_see_has_nothing_of_ours_but_identities(machines: Machines) -> None:
    """No temporary, no marker, no cache: what is not an image is SD_ID, its copies and its former values."""
    machines.pair.wait_in_sync()
    names = {Path(name) for name in machines.pair.b.list_entries()}
    others = {str(name) for name in names if name.parts[0] != "media"}
    assert others
    assert all(name.startswith("SD_ID") for name in others)
