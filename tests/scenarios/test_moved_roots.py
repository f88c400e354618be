"""The folder is moved away and back while its store watches, as if its disk was unmounted (hazard H17).

Nothing is concluded while it is away. When it is back, everything continues as before.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.receiver import make_mixed_pictures
from scenarios.client import Client
from scenarios.clients import list_clients
from scenarios.two_machines import list_files, two_machines
from strandline.errors import ImageUnreachableError


@pytest.mark.parametrize("client", list_clients("moved roots"), indirect=True)
def test_a_folder_that_was_away_is_as_before(client: Client, tmp_path: Path) -> None:
    """It is offline, not missing. When back, nothing is announced twice, and new images arrive as usual."""
    first, next_ones = make_mixed_pictures(1), make_mixed_pictures(1, first_seed=100)
    with two_machines(client, tmp_path) as machines:
        machines.put(first)
        machines.link.transfer()
        machines.check_shown_once(first)
        b, before = machines.b, machines.b.get_account()
        times = len(b.list_events("sd.offline"))  # some clients have made it already
        away = b.root.rename(tmp_path / "away")
        b.events.wait_for("sd.offline", count=times + 1)
        assert b.get_account().images == before.images
        with pytest.raises(ImageUnreachableError):
            b.store.get(next(iter(first)).partition(".")[0])
        away.rename(b.root)
        b.events.wait_for("sd.online", count=times + 1)
        assert b.get_account() == before
        files = list_files(b.root)
        machines.put(next_ones)
        machines.link.transfer()
        machines.check_shown_once(first | next_ones)
        machines.check_nothing_lost(files)
        machines.check_told_once_for_good(first | next_ones)
        machines.check_nothing_wrong(but=["sd.offline"])
