"""Both machines created an identity for the same folder before they first synced (hazards H12, H13; invariant I12).

Every client settles that in its own way: with a conflict copy, with two copies and no plain file, or by overwriting
one with the other. Strandline decides by content alone, so both machines reach the same decision.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.receiver import make_mixed_pictures, put_pictures
from builders.storage import set_mtime
from scenarios.client import Client
from scenarios.clients import TRAITS_OF, list_clients
from scenarios.two_machines import TwoMachines, list_files, two_machines
from scenarios.waiting import wait_until
from strandline.runtime.assembly import open_store

TWO_WAY = [name for name, traits in TRAITS_OF.items() if traits.two_way]
ONE_WAY = [name for name in TRAITS_OF if name not in TWO_WAY]

ROUNDS = 3
"""One that brings what the stores wrote, one that has nothing to do, and one to spare."""


def get_made_up(machines: TwoMachines) -> list[str]:
    """The identities of a and b now."""
    return [str(machine.store.refresh_storage_dirs()[0].sd_id) for machine in machines.both()]


@pytest.mark.parametrize("client", list_clients("identity conflicts", TWO_WAY), indirect=True)
def test_two_identities_become_one_on_both_machines(client: Client, tmp_path: Path) -> None:
    """On both machines, one of the two is the identity and the other an alias. Further runs change nothing; no
    image is lost.
    """
    from_a, from_b = make_mixed_pictures(1), make_mixed_pictures(1, first_seed=100)
    with two_machines(client, tmp_path, added_apart=True) as machines:
        made_up = get_made_up(machines)
        assert made_up[0] != made_up[1]
        machines.put(from_a)
        put_pictures(machines.b.root / "media", from_b)
        before = [list_files(machine.root) for machine in machines.both()]
        machines.link.transfer()
        copies = [list_copies(client, machine.root) for machine in machines.both()]
        machines.check_shown_once(from_a | from_b)
        settle(client, machines)
        account = machines.a.get_account()
        assert account == machines.b.get_account()
        assert {account.identity, *account.aliases} == {*made_up}
        for machine in machines.both():
            wait_until("it is written back", lambda root=machine.root: (root / "SD_ID").is_file())  # type: ignore[misc]
            assert (machine.root / "SD_ID").read_text().strip() == account.identity
            assert all(machine.store.get_storage_dir(value).sd_id == account.identity for value in made_up)
        machines.check_shown_once(from_a | from_b)
        machines.check_nothing_lost(*before)
        assert [list_copies(client, machine.root) for machine in machines.both()] == copies
        machines.check_nothing_wrong(but=["sd.offline"])  # git-annex takes both away for seconds
        with open_store(tmp_path / "home-c") as newcomer:
            found = newcomer.add_storage_dir(machines.b.root).sd
            assert found.sd_id == account.identity
            assert {*found.aliases} == account.aliases


def settle(client: Client, machines: TwoMachines) -> None:
    """Runs the client until a run changes nothing on either side, because a store's writes are changes for the
    client.

    With a client for which equal new files conflict, this never ends: both stores write ``SD_ID`` back, and it
    renames both. What a person sees stays the same.
    """
    for _ in range(ROUNDS):
        wait_until("both are whole", lambda: all((each.root / "SD_ID").is_file() for each in machines.both()))
        machines.wait_until_agreed()
        seen = [list_files(machine.root) for machine in machines.both()]
        machines.link.transfer()
        is_at_rest = seen == [list_files(machine.root) for machine in machines.both()]
        if is_at_rest:
            return
    assert client.traits.equal_news_clash, [sorted(each) for each in seen]


def list_copies(client: Client, root: Path) -> list[str]:
    """The copies of ``SD_ID`` that the client made, by its known pattern."""
    found = [[path.name for path in root.glob(pattern)] for pattern in client.traits.identity_copies]
    assert all(found), "it made no copy of that name"
    return sorted(name for names in found for name in names)


@pytest.mark.parametrize("client", ONE_WAY, indirect=True)
def test_an_identity_that_is_written_over_stays_an_alias(client: Client, tmp_path: Path) -> None:
    """If the sender's identity is copied over (hazard H14), the receiver accepts both, and keeps its images."""
    with two_machines(client, tmp_path, added_apart=True) as machines:
        sent, made_up = get_made_up(machines)
        # Otherwise rsync may consider them equal: same size, same second.
        set_mtime(machines.a.root / "SD_ID", seconds_ago=100)
        from_a, from_b = make_mixed_pictures(1), make_mixed_pictures(1, first_seed=100)
        put_pictures(machines.b.root / "media", from_b)
        machines.b.wait_for(from_b)
        machines.put(from_a)
        machines.link.transfer()
        machines.b.wait_for(from_a | from_b)
        account = machines.b.get_account()
        assert account.identity == sent
        assert account.aliases == {made_up}
        assert machines.b.store.get_storage_dir(made_up).sd_id == sent
        machines.check_nothing_wrong(but=["sd.offline"])  # while SD_ID is written in place
