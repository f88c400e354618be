"""The folder is renamed on one machine, and its client repeats that on the other in its own way (hazard H32).

What surprises: none of them renames. The files appear one by one under the new name and vanish one by one under the
old one, including ``SD_ID`` at some point. So for a while both folders exist and neither is whole.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.receiver import Receiver, make_large_picture, make_mixed_pictures, name_of
from scenarios.client import Client
from scenarios.clients import TRAITS_OF, list_clients
from scenarios.two_machines import list_files, two_machines

TWO_WAY = [name for name, traits in TRAITS_OF.items() if traits.two_way]
"""The other clients never delete files."""


@pytest.mark.parametrize("client", list_clients("renamed folders", TWO_WAY), indirect=True)
def test_a_folder_that_is_renamed_elsewhere_is_the_same_one(client: Client, tmp_path: Path) -> None:
    """Nothing is shown half or wrong meanwhile, nothing is reported missing or twice, and later images arrive."""
    first, next_ones = make_mixed_pictures(1), make_mixed_pictures(1, first_seed=100)
    large = [make_large_picture(seed, 2_000_000) for seed in range(2)]
    first |= {name_of(data, "png"): data for data in large}
    with two_machines(client, tmp_path, below="Notes") as machines:
        machines.put(first)
        machines.link.transfer()
        machines.check_shown_once(first)
        files = list_files(machines.a.root)
        with machines.b.reading(first, goes_offline=True) as reader:
            assert reader.answers.keys() == {"right"}
            rename(machines.a, "Renamed")
            machines.link.transfer()
            say_where(machines.b, "Renamed")
        machines.check_shown_once(first)
        machines.put(next_ones)
        machines.link.transfer()
        machines.check_shown_once(first | next_ones)
        machines.check_nothing_lost(files)
        machines.check_told_once_for_good(first | next_ones)
        machines.check_nothing_wrong(but=["sd.offline", "sd.suspect"])


def rename(machine: Receiver, name: str) -> None:
    """A person renames the folder and adds it again."""
    machine.root.rename(machine.root.with_name(name))
    say_where(machine, name)


def say_where(machine: Receiver, name: str) -> None:
    """A person adds the folder at its new path. Its identity is recognized."""
    machine.root = machine.root.with_name(name)
    added = machine.store.add_storage_dir(machine.root)
    assert not added.copied
