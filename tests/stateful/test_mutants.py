"""The simulator has teeth: each of five naive stores breaks a law, in a history that a search found."""

from __future__ import annotations

import pytest

from stateful.arrivals import Arrival
from stateful.cloud import Winner
from stateful.histories import History, play
from stateful.laws import LawBrokenError
from stateful.machine_operations import Wait
from stateful.mutants import (
    Mutate,
    delete_what_is_not_there,
    let_the_newest_win,
    make_up_an_identity,
    trust_renames,
    trust_sizes,
)
from stateful.people_operations import Delete, Quarrel
from stateful.replica import Times
from stateful.store_operations import Rejoin, Save
from stateful.sync_operations import Deliver
from stateful.world import Scene

HALF_BY_RENAME = History(
    Scene(machines=2),
    (
        Save(machine=0, picture=5),
        Deliver(machine=1, how=Arrival.CUT_FIRST),
    ),
)
ZEROS_OF_FULL_SIZE = History(
    Scene(machines=2),
    (
        Save(machine=0, picture=5),
        Deliver(machine=1, how=Arrival.RESERVED),
        Wait(seconds=5.0),
    ),
)
A_FILE_GOES = History(Scene(machines=2, pictures=9), (Delete(machine=0, which=3),))
TWO_IDENTITIES = History(
    Scene(machines=2, times=(Times.KEPT, Times.DROPPED, Times.KEPT)),
    (Quarrel(machine=0, value=1, dialect="dropbox", winner=Winner.LOCAL),),
)

SET_UP_ANEW = History(Scene(machines=2, pictures=4), (Rejoin(machine=1, arrived=3, backwards=True),))

CASES: dict[str, tuple[Mutate, History, str]] = {
    "trusts renames": (trust_renames, HALF_BY_RENAME, "I2"),
    "trusts sizes": (trust_sizes, ZEROS_OF_FULL_SIZE, "I2"),
    "deletes on ENOENT": (delete_what_is_not_there, A_FILE_GOES, "I5"),
    "makes up identities": (make_up_an_identity, SET_UP_ANEW, "I13"),
    "newest mtime wins": (let_the_newest_win, TWO_IDENTITIES, "I12"),
}


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> tuple[Mutate, History, str]:
    """A naive store, a history, and the law that it breaks there."""
    return CASES[request.param]


def test_a_naive_store_is_caught(case: tuple[Mutate, History, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each breaks the very law that its naivety is about."""
    mutate, history, law = case
    mutate(monkeypatch)
    with pytest.raises(LawBrokenError, match=f"^{law}:"):
        play(history)


def test_our_own_store_is_not(case: tuple[Mutate, History, str]) -> None:
    """The same history breaks nothing where nothing is replaced: the law, not the history, is what catches."""
    play(case[1])
