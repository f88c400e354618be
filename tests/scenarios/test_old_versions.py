"""A client that keeps old bytes: they are real images under other names, and do not count as images.

Content ids are never replaced, so this is about a legacy id whose image somebody edited. What surprises is how close
the old bytes are: ``.stversions`` and ``.git`` are folders, but rsync, cp, rclone, and Unison put them into
``media``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.receiver import legacy_name_of, make_large_picture, make_mixed_pictures
from builders.storage import set_mtime
from scenarios.client import Client
from scenarios.clients import TRAITS_OF, list_clients
from scenarios.two_machines import two_machines
from scenarios.waiting import wait_until

OLD, NEW = (make_large_picture(seed, 300_000) for seed in (20, 21))
NAME = legacy_name_of(OLD, "png")
IMAGE_ID = NAME.partition(".")[0]
KEEPING = [name for name, traits in TRAITS_OF.items() if traits.old_versions]


@pytest.mark.parametrize("client", list_clients("old versions", KEEPING), indirect=True)
def test_old_versions_are_no_images(client: Client, tmp_path: Path) -> None:
    """The image is shown as it was, then as it is, never half and never missing. Its old bytes are no image."""
    others = make_mixed_pictures(1)
    with two_machines(client, tmp_path, keeps_versions=True) as machines:
        b, before, after = machines.b, others | {NAME: OLD}, others | {NAME: NEW}
        machines.put(before)
        set_mtime(machines.a.root / "media" / NAME, seconds_ago=100)
        machines.link.transfer()
        machines.check_shown_once(before)
        with b.reading(before, after, goes_offline=client.traits.rewrites_all) as reader:
            assert reader.answers.keys() == {"right"}
            machines.put({NAME: NEW})
            machines.link.transfer()
            wait_until("the new one is shown", lambda: b.store.get(IMAGE_ID).read() == NEW)
        machines.wait_until_agreed()
        assert OLD in [
            path.read_bytes() for path in find_old_versions(b.root, str(client.traits.old_versions))
        ]
        assert {filename for _, filename, _, _ in b.get_account().images} == after.keys()
        machines.check_nothing_wrong()


def find_old_versions(root: Path, pattern: str) -> list[Path]:
    """The files in which the client keeps replaced bytes."""
    return [*root.glob(pattern.format(name=NAME, stem=IMAGE_ID))]
