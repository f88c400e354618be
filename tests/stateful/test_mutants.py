"""The simulator can find mistakes: each of twenty naive stores breaks a law, in a history that a search found."""

from __future__ import annotations

import pytest

from builders.sampling import take_sample
from stateful.arrivals import Arrival
from stateful.care_cases import CARE_CASES
from stateful.cloud import Winner
from stateful.deeds import LawBrokenError
from stateful.driven_watcher import Notice
from stateful.histories import History, play
from stateful.machine_operations import Mount, Unmount, Wait
from stateful.mutants import (
    Mutate,
    delete_what_is_not_there,
    forget_what_is_not_there,
    let_the_newest_win,
    make_up_an_identity,
    stay_offline,
    take_its_time,
    tell_nothing,
    tell_twice,
    trust_legacy_names,
    trust_renames,
    trust_sizes,
)
from stateful.people_operations import Copy, Delete, Quarrel
from stateful.replica import Times
from stateful.search import find_failing
from stateful.store_operations import Rejoin, Save
from stateful.sync_operations import Deliver, Hints
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

LEGACY_NAME = History(
    Scene(machines=2, legacy_pictures=1), (Copy(machine=1, picture=2, pieces=3, legacy=True),)
)
NOTHING_HAPPENS = History(Scene(machines=2, pictures=1), ())
UNHEARD = History(
    Scene(machines=2),
    (
        Hints(machine=1, notice=Notice.LOST),
        Save(machine=0, picture=5),
        Deliver(machine=1, how=Arrival.WHOLE),
    ),
)
A_DISK_GOES_AND_COMES = History(
    Scene(machines=2), (Unmount(machine=0), Wait(seconds=400.0), Mount(machine=0))
)

CASES: dict[str, tuple[Mutate, History, str]] = {
    "trusts renames": (trust_renames, HALF_BY_RENAME, "I2"),
    "trusts sizes": (trust_sizes, ZEROS_OF_FULL_SIZE, "I2"),
    "deletes on ENOENT": (delete_what_is_not_there, A_FILE_GOES, "I5"),
    "makes up identities": (make_up_an_identity, SET_UP_ANEW, "I13"),
    "newest mtime wins": (let_the_newest_win, TWO_IDENTITIES, "I12"),
    "trusts legacy names": (trust_legacy_names, LEGACY_NAME, "I2"),
    "tells twice": (tell_twice, NOTHING_HAPPENS, "told"),
    "tells nothing": (tell_nothing, NOTHING_HAPPENS, "told"),
    "forgets what is not there": (forget_what_is_not_there, A_FILE_GOES, "I5"),
    "takes its time": (take_its_time, UNHEARD, "I28"),
    "stays offline": (stay_offline, A_DISK_GOES_AND_COMES, "I28"),
    **CARE_CASES,
}


FOUND_SOON = CASES.keys() - {
    "makes up identities",
    "takes its time",
    "moves on trust",
    "collects what no link means",
}
"""By random search, after one to twenty histories. Two of the others need up to fifty; two were never found so."""

ENOUGH = 80


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> tuple[Mutate, History, str]:
    """A naive store, a history, and the law that it breaks there."""
    return CASES[request.param]


def test_a_naive_store_is_caught(case: tuple[Mutate, History, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each breaks exactly the law that its mistake violates."""
    mutate, history, law = case
    mutate(monkeypatch)
    with pytest.raises(LawBrokenError, match=f"^{law}:"):
        play(history)


def test_our_own_store_is_not(case: tuple[Mutate, History, str]) -> None:
    """Without the mutation, the same history breaks nothing: the mutation is at fault, not the history."""
    play(case[1])


@pytest.mark.parametrize("name", take_sample(sorted(FOUND_SOON), "mutants"))
def test_random_search_finds_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Histories drawn at random find it, too, by a broken law and not by a crash."""
    CASES[name][0](monkeypatch)
    failed = find_failing(0, ENOUGH)
    assert failed is not None
    assert isinstance(failed[1], LawBrokenError)
