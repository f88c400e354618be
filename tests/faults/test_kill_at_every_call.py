"""A program is killed, or loses power, at any system call: nothing is lost, nothing is half, and work continues.

Each operation runs again and again. The first run is killed just before its first call that changes something in home
or storage directory, the second run before its second, until one completes. That is an exhaustive run. Otherwise it
is killed at every twentieth of these calls, chosen by the seed of the day. After each kill, everything is read,
restarted, scanned, and repeated. The result must equal that of an undisturbed run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

import pytest

from builders.sampling import CALLS_ONE_OF, take_sample
from fault_kit.caring import CARING
from fault_kit.operations import OPERATIONS, TRASH, Operation, make_world
from fault_kit.outside import OUTSIDE
from fault_kit.power_cuts import SHARED_MEMORY, Cut
from fault_kit.supervised import KILLED, Supervisor
from fault_kit.system_calls import NAMING, SYNCING, Call
from fault_kit.worlds import Picture, World
from strandline.cli.exit_status import ExitStatus

OVER_HALF = next(operation for operation in OPERATIONS if operation.name == "save over half")
FEWEST_POINTS = 3


KILLS = [
    (operation, cut)
    for operation in [*OPERATIONS, *OUTSIDE, *take_sample(CARING, "caring")]
    for cut in (None, *take_sample(list(Cut), f"cuts of {operation}"))
]
"""Each operation is killed each day, and loses power in one of the two ways."""


def say_kill(kill: tuple[Operation, Cut | None]) -> str:
    """Its name for pytest."""
    operation, cut = kill
    return f"{operation}-{'killed' if cut is None else cut.value}"


@pytest.mark.parametrize(("operation", "cut"), KILLS, ids=map(say_kill, KILLS))
def test_killed_anywhere_it_comes_to_the_same_end(
    tmp_path: Path, runs: Supervisor, operation: Operation, cut: Cut | None
) -> None:
    """After each kill, nothing is half or lost, and known ids are still known. When repeated, the result is as
    without a kill.
    """
    with make_world(tmp_path, operation) as world:
        job = operation.job(world)
        done = runs.run(job)
        assert done.status in (0, 1), done.stderr
        after = world.picture()
        end = _do_again(world, runs, operation)
        assert max(end.announced.values(), default=0) <= operation.announces, "an image was announced twice"
        kills, points = 0, list_points(done.calls, cut)
        assert len(points) >= FEWEST_POINTS
        before_the_end = [number for number in points if number <= len(done.calls)]
        tried = take_sample(before_the_end, f"{operation} {cut}", one_of=CALLS_ONE_OF)
        for number in chain(tried, count(len(done.calls) + 1)):
            world.put_back()
            run = runs.kill_at(job, number, cut=cut)
            try:
                world.check_nothing_half(after.files, after.outside)
                between = world.picture()
                assert run.status == KILLED or between == after, "what was done did not last"
                assert max(between.announced.values(), default=0) <= operation.announces, (
                    "an image was announced twice"
                )
                assert _do_again(world, runs, operation) == end
            except Exception as error:
                error.add_note(f"call {number}: {run.calls[-1]}")
                raise
            if run.status != KILLED:
                break
            kills += 1
        assert kills >= len(tried) > 0


def test_the_supervisor_sees_what_a_save_calls(tmp_path: Path, runs: Supervisor) -> None:
    """It reports every kind of call that makes bytes and names durable."""
    with make_world(tmp_path, OVER_HALF) as world:
        calls = {re.sub("(at2?|64)$", "", call.name) for call in runs.run(OVER_HALF.job(world)).calls}
    assert calls >= {"write", "pwrite", "fsync", "fdatasync", "open", "link", "rename", "unlink", "mkdir"}


def list_points(calls: Sequence[Call], cut: Cut | None) -> list[int]:
    """The numbers of the calls to kill at: the first one, and each that comes after a call with an effect.

    A killed process keeps its effects, so an fsync has none. On a disk that loses unsynced data, every fsync has an
    effect. If the disk keeps names, so does every call that creates or removes a name. SQLite's index of its log
    never counts, because it is memory with a name.
    """

    def makes_difference(call: Call) -> bool:
        is_sync = call.name in SYNCING
        if call.path.endswith(SHARED_MEMORY):
            return False
        if cut is None:
            return not is_sync
        return is_sync or (cut is Cut.BYTES and (call.creates or call.name in NAMING))

    return [1, *(number for number, call in enumerate(calls, 2) if makes_difference(call))][: len(calls)]


def _do_again(world: World, runs: Supervisor, operation: Operation) -> Picture:
    again = runs.run(operation.job(world))
    assert again.status in (*operation.ends, ExitStatus.NOT_FOUND * (operation in TRASH)), again.stderr
    return world.picture()
