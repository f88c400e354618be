"""Pairs of runs: the same history in other circumstances ends in the same catalogs (I9, I11, I18, I20, I23).

Only the first machine's people write here, so the final files do not depend on the circumstances. The other machines'
catalogs must not depend on them either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from builders.sampling import get_seed, is_exhaustive
from stateful.arrivals import Arrival
from stateful.cloud import Winner
from stateful.driven_watcher import Notice
from stateful.histories import History, Kind, play_in, some
from stateful.litter import LITTER
from stateful.machine_operations import CutPower, Mount, Unmount, Wait
from stateful.people_operations import Copy, Delete, Drop, Edit, Quarrel, Respell
from stateful.replica import Times
from stateful.settled import list_entries
from stateful.store_operations import Ask, Save, Scan
from stateful.sync_operations import Deliver, DeliverAll, GoOn, Hints, Pause, Repeat
from stateful.world import Operation, Scene, World, new_world

PAIRS = 8 if is_exhaustive() else 3
"""Per kind. The random histories check the same laws a hundred times as often, each separately."""

STEPS = 40
others = st.integers(1, 2)
_WRITES: list[Kind] = [
    st.builds(Save, st.just(0), st.just(0), some, st.booleans()),
    st.builds(Copy, st.just(0), st.just(0), some, st.integers(2, 4)),
    st.builds(Delete, st.just(0), st.just(0), some),
    st.builds(Edit, st.just(0), st.just(0), some, some),
]
_READS: list[Kind] = [
    st.builds(
        Deliver, others, st.just(0), some, st.sampled_from(sorted({*Arrival} - {Arrival.CUT_FOR_EVER}))
    ),
    st.builds(GoOn, others, st.just(0), some),
    st.builds(DeliverAll, others, st.just(0)),
    st.builds(Repeat, others, st.just(0), some),
    st.builds(Ask, others, st.integers(0, 20), some),
    st.builds(Scan, others),
    st.builds(CutPower, others),
    st.builds(Unmount, others),
    st.builds(Mount, others),
    st.builds(Wait, st.sampled_from([0.5, 2.5, 61.0, 301.0])),
]
BEGINNING = (Pause(1), Pause(2))
"""The other machines send nothing."""

Dump = dict[str, object]


def one_writer() -> st.SearchStrategy[History]:
    """Histories in which only the first machine writes."""
    kinds = st.sampled_from([*_WRITES, *_READS, *_READS]).flatmap(lambda kind: kind)
    steps = st.lists(kinds, min_size=STEPS, max_size=STEPS)
    return st.builds(
        lambda pictures, steps: History(Scene(machines=3, pictures=pictures), (*BEGINNING, *steps)),
        st.integers(1, 12),
        steps,
    )


def dump_end(history: History) -> tuple[Dump, Dump]:
    """The files in the folders at the end, without litter, and the catalogs' view of them."""
    with new_world(history.scene) as world:
        play_in(world, history)
        return _dump_folders(world), _dump_catalogs(world)


def _dump_folders(world: World) -> Dump:
    litter = {key for key, _ in LITTER}
    return {
        f"{machine.folder.name}/{key.lower()}": machine.replicas["f0"].read(key)
        for machine in world.machines
        for key in machine.replicas["f0"].list_keys()
        if key not in litter
    }


def _dump_catalogs(world: World) -> Dump:
    dumps: Dump = {}
    for machine in world.machines:
        sd = machine.find_sd("f0")
        assert sd is not None
        entries = sorted((name.lower(), *rest) for name, *rest in list_entries(machine, sd))
        dumps[machine.folder.name] = (sd.sd_id, sd.aliases, sd.state, entries)
    return dumps


def check_pairs(change: Callable[[History], History], *, without: type[Operation] | None = None) -> None:
    """Plays histories with and without the change, and compares the final states."""

    @seed(get_seed())
    @settings(
        max_examples=PAIRS,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(one_writer())
    def compare(history: History) -> None:
        if without is not None:
            kept = [operation for operation in history.operations if not isinstance(operation, without)]
            history = replace(history, operations=tuple(kept))
        folders, catalogs = dump_end(history)
        other_folders, other_catalogs = dump_end(change(history))
        assert other_folders == folders, "the pair is none: other files lie there"
        assert other_catalogs == catalogs

    compare()


def test_the_order_of_arrivals_does_not_matter() -> None:
    """I9: files in another order, other ways, later, or twice give the same catalogs."""

    def change(operation: Operation) -> Operation:
        match operation:
            case Deliver():
                return replace(operation, which=operation.which + 5, how=Arrival.GROWING)
            case DeliverAll():
                return replace(operation, backwards=not operation.backwards)
            case GoOn():
                return Repeat(operation.machine, 0, operation.which)
            case _:
                return operation

    check_pairs(lambda history: replace(history, operations=tuple(map(change, history.operations))))


def test_clocks_and_mtimes_do_not_matter() -> None:
    """I11: times that are years off, rounded to 2 s, or dropped give the same catalogs and the same identity."""
    scene = {"years_off": (10, -10, 3), "times": (Times.ROUNDED, Times.DROPPED, Times.ROUNDED)}
    quarrel = Quarrel(0, 0, 1, "dropbox", Winner.LOCAL)

    def change(history: History) -> History:
        return replace(history, scene=replace(history.scene, **scene))  # type: ignore[arg-type]

    check_pairs(change)
    scenes = (Scene(), Scene(times=(Times.KEPT, Times.DROPPED, Times.KEPT)), replace(Scene(), **scene))  # type: ignore[arg-type]
    one, *others = [dump_end(History(each, (quarrel,)))[1] for each in scenes]
    assert others == [one, one]


def test_litter_does_not_matter() -> None:
    """I18: names outside the grammar with bytes of real pictures are never shown and never counted as missing."""

    def change(history: History) -> History:
        mixed: list[Operation] = []
        for number, operation in enumerate(history.operations):
            mixed += [operation, Drop(1 + number % 2, 0, number)] if number >= len(BEGINNING) else [operation]
        return replace(history, operations=tuple(mixed))

    check_pairs(change)


def test_lost_hints_do_not_matter() -> None:
    """I23: without any kernel hint, the periodic scan gives the same result."""
    lost = tuple(Hints(number, Notice.LOST) for number in range(3))
    check_pairs(lambda history: replace(history, operations=(*lost, *history.operations)))


def test_letter_case_does_not_matter() -> None:
    """I20: files that a machine spells in upper or mixed case are the same images in the same states."""
    arrived = (Mount(1), DeliverAll(1))
    spelled = tuple(Respell(1, 0, number, fully=bool(number % 2)) for number in range(6))

    def change(history: History) -> History:
        return replace(history, operations=(*history.operations, *arrived, *spelled))

    check_pairs(change, without=Copy)  # a file that is still being copied cannot be respelled
