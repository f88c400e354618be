"""Histories drawn by Hypothesis, and how to play one.

A history is a scene and a list of operations: plain values that can be printed, shortened, and pasted into a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from hypothesis import strategies as st

from builders.dialects import DIALECTS
from stateful.arrivals import Arrival
from stateful.care_operations import (
    Collect,
    CopyImage,
    DeleteImage,
    EmptyTrash,
    Fold,
    Heal,
    HealKnown,
    Import,
    MoveImage,
    Rescue,
    ResolveConflicts,
    RestoreImage,
    WriteNote,
)
from stateful.cloud import PLACEHOLDERS, Winner
from stateful.driven_watcher import Notice
from stateful.machine_operations import LEAVES, CutPower, Empty, Mount, Unmount, Wait, Watching
from stateful.people_operations import (
    Copy,
    Delete,
    DeleteMany,
    Drop,
    Duplicate,
    Edit,
    MoveRoot,
    Obstruct,
    OldProgram,
    OtherIdentity,
    Quarrel,
    Rename,
    Respell,
    Touch,
)
from stateful.replica import Times
from stateful.settled import check_settled, settle
from stateful.store_operations import Add, Ask, Confirm, Forget, Inspect, Rejoin, Save, SaveAgain, Scan
from stateful.sync_operations import (
    Deliver,
    DeliverAll,
    Evict,
    GoOn,
    Hints,
    Hydrate,
    Pause,
    RenamedElsewhere,
    Repeat,
    SignOut,
    TakeAway,
    Upload,
)
from stateful.world import Operation, Scene, World, new_world

STEPS = 60
"""Per history."""

Kind: TypeAlias = st.SearchStrategy[Operation]

machines = st.integers(0, 2)
folders = st.sampled_from([0, 0, 0, 1])
some = st.integers(0, 15)
dialects = st.sampled_from(sorted(DIALECTS))

_OFTEN: list[Kind] = [
    st.builds(Upload, machines, folders, dialects, st.sampled_from(Winner)),
    st.builds(Deliver, machines, folders, some, st.sampled_from(Arrival), st.integers(2, 4)),
    st.builds(GoOn, machines, folders, some),
    st.builds(Wait, st.sampled_from([0.5, 1.0, 2.5, 5.0, 61.0, 301.0, 3600.0, 86_401.0])),
    st.builds(Save, machines, folders, some, st.booleans()),
    st.builds(Ask, machines, st.integers(0, 20), some),
]
_NOW_AND_THEN: list[Kind] = [
    st.builds(DeliverAll, machines, folders, st.booleans()),
    st.builds(Repeat, machines, folders, some),
    st.builds(Evict, machines, folders, some, st.sampled_from(sorted(PLACEHOLDERS))),
    st.builds(Hydrate, machines, folders, some),
    st.builds(Copy, machines, folders, some, st.integers(2, 4), st.booleans()),
    st.builds(Delete, machines, folders, some),
    st.builds(Edit, machines, folders, some, some),
    st.builds(Rename, machines, folders, some, dialects, st.booleans()),
    st.builds(Drop, machines, folders, st.integers(0, 30)),
    st.builds(Touch, machines, folders, some, st.integers(-10, 10)),
    st.builds(Empty, machines, folders, some, st.booleans()),
    st.builds(Pause, machines, folders, st.booleans()),
    st.builds(Respell, machines, folders, some, st.booleans()),
    st.builds(Hints, machines, st.sampled_from(Notice)),
    st.builds(CutPower, machines, st.sampled_from([0.0, 0.5, 1.0])),
    st.builds(Unmount, machines, folders, st.sampled_from(LEAVES)),
    st.builds(Mount, machines, folders),
    st.builds(Quarrel, machines, folders, some, dialects, st.sampled_from(Winner)),
    st.builds(Add, machines, folders),
    st.builds(Scan, machines),
    st.builds(SaveAgain, machines, folders, some),
    st.builds(TakeAway, machines, folders, some),
    st.builds(DeleteImage, machines, folders, some),
    st.builds(RestoreImage, machines, some, st.booleans()),
    st.builds(Heal, machines),
    st.builds(ResolveConflicts, machines),
]
_CARE: list[Kind] = [
    st.builds(WriteNote, machines, folders, some, st.booleans()),
    st.builds(EmptyTrash, machines, st.booleans()),
    st.builds(HealKnown, machines, folders),
    st.builds(CopyImage, machines, folders, some),
    st.builds(MoveImage, machines, folders, some, st.booleans()),
    st.builds(Import, machines, folders, some),
    st.builds(Rescue, machines),
    st.builds(Fold, machines),
    st.builds(Collect, machines, st.booleans()),
]
_RARELY: list[Kind] = [
    st.builds(SignOut, machines, folders),
    st.builds(RenamedElsewhere, machines, folders, st.booleans()),
    st.builds(DeleteMany, machines, folders, st.booleans()),
    st.builds(Obstruct, machines, folders, some),
    st.builds(OldProgram, machines, folders, some),
    st.builds(OtherIdentity, machines, folders, some),
    st.builds(Forget, machines, folders),
    st.builds(Rejoin, machines, folders, some, st.booleans()),
    st.builds(Confirm, machines, folders),
    st.builds(Duplicate, machines, folders),
    st.builds(MoveRoot, machines, folders, st.booleans()),
    st.builds(Watching, machines, st.booleans()),
    st.builds(Inspect, machines, folders),
    *_CARE * 2,
]

_KINDS = [*_OFTEN * 12, *_NOW_AND_THEN * 4, *_RARELY]
operations = st.sampled_from(_KINDS).flatmap(lambda kind: kind)
"""``one_of`` would choose each kind equally often."""

years = st.integers(-10, 10)
scenes = st.builds(
    Scene,
    machines=st.integers(2, 3),
    folders=st.integers(1, 2),
    pictures=st.integers(1, 14),
    legacy_pictures=st.integers(0, 3),
    has_notes=st.booleans(),
    years_off=st.tuples(years, years, years),
    times=st.tuples(*[st.sampled_from(Times)] * 3),
    dialects=st.tuples(*[dialects] * 3),
    winners=st.tuples(*[st.sampled_from(Winner)] * 3),
    deletions_win=st.booleans(),
    last_only_reads=st.sampled_from([False, False, False, True]),
)


@dataclass(frozen=True)
class History:
    """Events in a scene, in order."""

    scene: Scene
    operations: tuple[Operation, ...]

    def __repr__(self) -> str:
        """As one would write it in a test. Values that have no effect are omitted."""
        lines = "".join(f"        {operation},\n" for operation in self.operations)
        return f"History(\n    {self.scene},\n    (\n{lines}    ),\n)"


def histories(*, steps: int = STEPS) -> st.SearchStrategy[History]:
    """Histories of this many steps."""
    return st.builds(History, scenes, st.lists(operations, min_size=steps, max_size=steps).map(tuple))


def play(history: History) -> None:
    """Plays the history to its end, and checks every step and the end."""
    with new_world(history.scene) as world:
        play_in(world, history)
        check_settled(world)


def play_in(world: World, history: History) -> None:
    """Plays it in this world, and lets everything settle."""
    for operation in history.operations:
        world.play(operation)
    settle(world)
