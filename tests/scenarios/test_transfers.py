"""Whichever client brings the images: no wrong byte, all shown, announced once, both machines agree, nothing is lost.

Real programs, each in its own way. While they work, both machines get requests for all images in a tight loop. Each
answer is the right bytes or a reason. What surprises: half of these programs show the final name before the bytes
(hazard H1).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.receiver import (
    legacy_name_of,
    make_large_picture,
    make_mixed_pictures,
    name_of,
    put_pictures,
)
from scenarios.client import Client
from scenarios.clients import list_clients
from scenarios.two_machines import list_files, two_machines


@pytest.mark.parametrize("client", list_clients("transfers"), indirect=True)
def test_images_arrive_whole_and_are_told_once(client: Client, tmp_path: Path) -> None:
    """Pictures of every kind, small and large, with content ids and legacy ids, from every allowed side.

    The sender's store saves one more. In the end the folders contain the images and, of our files, only SD_ID.
    """
    large, legacy = (make_large_picture(seed, 3_000_000) for seed in (1, 2))
    photo = make_picture("jpg", seed=50)
    saved = {name_of(photo, "jpg"): photo}
    from_a = make_mixed_pictures(1) | {name_of(large, "png"): large, legacy_name_of(legacy, "png"): legacy}
    from_b = make_mixed_pictures(1, first_seed=100) if client.traits.two_way else {}
    pictures = from_a | from_b | saved
    with (
        two_machines(client, tmp_path) as machines,
        machines.a.reading(pictures),
        machines.b.reading(pictures, goes_offline=client.traits.rewrites_all),
    ):
        machines.put(from_a)
        machines.a.store.save(photo, sd=machines.a.root, name="holiday.jpg")
        put_pictures(machines.b.root / "media", from_b)
        before = [list_files(machine.root) for machine in machines.both()]
        machines.link.transfer()
        machines.check_shown_once(pictures)
        machines.check_nothing_lost(*before)
        for machine in machines.both():
            names = {"notes.md", "SD_ID", *(f"media/{name}" for name in pictures)}
            assert list_files(machine.root).keys() == names
        machines.check_told_once_for_good(pictures)
        machines.check_nothing_wrong()
