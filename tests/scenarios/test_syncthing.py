"""What only Syncthing does: half a file by a clean rename, and a gap while a file is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.receiver import legacy_name_of, make_large_picture, name_of, size_of
from scenarios.syncthing import TwoSyncthings
from scenarios.syncthing_client import SyncthingLink, syncthing_client
from scenarios.two_machines import TwoMachines, two_machines
from scenarios.waiting import wait_until


@pytest.fixture
def machines(syncthings: TwoSyncthings, tmp_path: Path) -> Iterator[TwoMachines]:
    """Two machines in sync."""
    with two_machines(syncthing_client(syncthings), tmp_path) as machines:
        yield machines


def scan(machines: TwoMachines) -> None:
    """Makes Syncthing send the current files."""
    assert isinstance(machines.link, SyncthingLink)
    machines.link.shared.a.scan()


def test_a_half_image_that_arrives_by_a_clean_rename_is_arriving(machines: TwoMachines) -> None:
    """Syncthing scanned the sender during a write, twice (hazard H2). Only the third version is an image."""
    data = make_large_picture(12, 300_000)
    name = name_of(data, "png")
    target = machines.b.root / "media" / name
    with machines.b.reading({name: data}):
        for size_bytes in (100_000, 200_000):
            machines.put({name: data[:size_bytes]})
            scan(machines)
            wait_until("a part of it", lambda size=size_bytes: size_of(target) == size)  # type: ignore[misc]
            machines.b.events.wait_for("image.arriving", name)
            assert machines.b.store.look_up(name.partition(".")[0]).state == "arriving"
        machines.put({name: data})
        scan(machines)
        machines.check_shown_once({name: data})
    machines.check_told_once_for_good({name: data})
    assert machines.b.events.types_of(name) == ["image.arriving", "image.available"]


def test_a_replaced_image_is_never_missing(machines: TwoMachines) -> None:
    """For a legacy id, Syncthing deletes the old file and renames the new one. Readers get old or new bytes (H6)."""
    versions = [make_picture("png", seed=seed) for seed in (300, 301)]
    name = legacy_name_of(versions[0], "png")
    machines.put({name: versions[0]})
    scan(machines)
    machines.b.events.wait_for("image.available", name)
    with machines.b.reading(*({name: data} for data in versions)) as reader:
        assert reader.answers.keys() == {"right"}
        machines.put({name: versions[1]})
        scan(machines)
        machines.b.events.wait_for("image.changed", name)
    machines.b.catch_up()
    assert machines.b.events.types_of(name) == ["image.available", "image.changed"]
    machines.check_nothing_wrong()
