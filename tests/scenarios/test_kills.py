"""A sync client is killed in the middle: what it leaves is no image, and the next run completes it.

What surprises is what it leaves, often forever: a temporary, half of the bytes under the final name (hazard H4), or
a line of text (H22). Each client's :class:`~scenarios.client.Leftover` says which.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.receiver import make_large_picture, name_of, size_of
from scenarios.client import Client, Leftover
from scenarios.clients import list_clients
from scenarios.two_machines import list_files, two_machines
from scenarios.waiting import wait_until

PICTURE = make_large_picture(2, 4_000_000)
NAME = name_of(PICTURE, "png")
IMAGE_ID = NAME.partition(".")[0]

STATE_OF = {
    Leftover.NOTHING: None,
    Leftover.TEMPORARY: None,
    Leftover.HALF: "arriving",
    Leftover.POINTER: "arriving",
}


@pytest.mark.parametrize("client", list_clients("kills"), indirect=True)
def test_what_a_kill_leaves_is_no_image_until_the_next_run(client: Client, tmp_path: Path) -> None:
    """After a kill in the middle of an image, it is never shown half, and shown once when the next run has brought
    the rest.
    """
    with two_machines(client, tmp_path) as machines:
        link, b = machines.link, machines.b
        (b.root / "media").mkdir()
        machines.put({NAME: PICTURE})
        before = list_files(machines.a.root)
        with b.reading({NAME: PICTURE}, goes_offline=client.traits.rewrites_all):
            there = link.bytes_arrived()
            link.begin()
            wait_until("in the middle", lambda: link.bytes_arrived() > there + 300_000)
            link.kill()
            wait_until("it left what it leaves", lambda: find_leftover(b.root) is client.traits.killed_leaves)
            b.store.scan()
            assert b.store.look_up(IMAGE_ID).state == STATE_OF[client.traits.killed_leaves]
            link.transfer()
            machines.check_shown_once({NAME: PICTURE})
        machines.check_nothing_lost(before)
        machines.check_told_once_for_good({NAME: PICTURE})
        machines.check_nothing_wrong()


def find_leftover(root: Path) -> Leftover:
    """What is in the media folder instead of the image."""
    size = size_of(root / "media" / NAME)
    assert size != len(PICTURE), "it was not killed in the middle"
    if size:
        return Leftover.HALF if size > 1000 else Leftover.POINTER
    media = root / "media"
    return Leftover.TEMPORARY if any(path.is_file() for path in media.rglob("*")) else Leftover.NOTHING
