"""A disk refuses any one system call: the error is reported, nothing is lost, and the next time it works.

Each operation runs once for each call that it makes in home and storage directories, and that call fails with each
error in turn. That is an exhaustive run. Otherwise every twentieth call fails, with one error each, different for
neighboring calls. The seed of the day chooses them.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import cycle, islice, product
from pathlib import Path

import pytest

from builders.sampling import CALLS_ONE_OF, get_seed, is_exhaustive, take_sample
from fault_kit.caring import CARING
from fault_kit.operations import HANDED_OUT, OPERATIONS, READINGS, TRASH, Operation, make_world
from fault_kit.outside import OUTSIDE
from fault_kit.power_cuts import SHARED_MEMORY
from fault_kit.supervised import Run, Supervisor
from fault_kit.worlds import World
from strandline.cli.exit_status import ExitStatus


@dataclass(frozen=True)
class Refused:
    """The way in which calls fail."""

    number: int
    lasting: bool = False

    def __str__(self) -> str:
        return f"{errno.errorcode[self.number]}{', and stays so' * self.lasting}"


WRITING = [
    Refused(errno.EIO),
    Refused(errno.ENOSPC, lasting=True),
    Refused(errno.EDQUOT),
    Refused(errno.EROFS, lasting=True),
    Refused(errno.EACCES),
    Refused(errno.ESTALE),
    Refused(errno.ENOSPC),
]
LOOKING = [
    Refused(number, lasting=lasting)
    for lasting in (True, False)
    for number in (errno.EIO, errno.EACCES, errno.ESTALE, errno.ETIMEDOUT)
]

IN_PARTS = (
    "import", "save several", "repair", "rescue", "resolve", "copy", "move", "fold", "export to", "provide",
    "put back",
)  # fmt: skip
"""Operations on several files, of which one may be refused: findings (1)."""

TRIES = 5
"""How often a call is awaited. The threads of ``watch`` read the catalog a few times more or less in each run."""


@pytest.mark.parametrize("operation", [*OPERATIONS, *OUTSIDE, *take_sample(CARING, "caring")], ids=str)
def test_a_refused_change_loses_nothing(tmp_path: Path, runs: Supervisor, operation: Operation) -> None:
    """Exit status 8 with what to do, or the operation succeeds. When repeated, the result is as without the
    failure.
    """
    with make_world(tmp_path, operation) as world:
        job, known = operation.job(world), {row[:2] for row in world.list_rows()}
        known = known if operation.name != "empty the trash" else set()
        done = runs.run(job)
        after = world.picture()
        fine = (*operation.ends, ExitStatus.NOT_FOUND * (operation in TRASH))
        assert runs.run(job).status in fine
        end = world.picture()
        alike = ("catalog.db", SHARED_MEMORY)  # written when it is opened and closed
        skipped = [n for n, call in enumerate(done.calls, 1) if call.path.endswith(alike)]
        skipped = skipped if operation is not OPERATIONS[0] else []
        may_be_done_in_part = {1} if operation.name.startswith(IN_PARTS) else set()
        for number, refused in _iter_refusals(done, WRITING, skipped, str(operation)):
            world.put_back()
            run = runs.fail_at(job, number, refused.number, lasting=refused.lasting)
            with _noting(f"call {number}, {run.hit}: {refused}"):
                assert run.hit, "the call was not met again"
                _check_told(run, done, {8} | may_be_done_in_part)
                world.check_nothing_half(after.files, after.outside)
                assert known <= {row[:2] for row in world.list_rows()}
                picture = world.picture()
                if run.status == done.status:  # of a save that is refused, the name may stay untold
                    names = picture.names if run.status else after.names
                    assert picture == replace(after, names=names), "it says that it is done"
                if run.status == 1:
                    world.remove_archives()
                assert runs.run(job).status in fine
                assert world.picture() == end


@pytest.mark.parametrize("operation", READINGS, ids=str)
def test_what_cannot_be_looked_at_is_not_gone(tmp_path: Path, runs: Supervisor, operation: Operation) -> None:
    """The failure is reported, or the image is found elsewhere. No file counts as missing, and none is changed."""
    with make_world(tmp_path, operation) as world:
        world.put_back()
        job, rows = operation.job(world), world.list_rows()
        done = min((runs.run(job, looking=True) for _ in range(3)), key=lambda run: len(run.calls))
        assert done.status == 0, done.stderr
        alike = tuple(str(world.home / f"catalog.db{end}") for end in ("", "-wal", "-shm", "-journal"))
        skipped = [n for n, call in enumerate(done.calls, 1) if call.path in alike]
        skipped = skipped if operation is not READINGS[0] else []
        for number, refused in _iter_refusals(done, LOOKING, skipped, str(operation)):
            for _ in range(TRIES):
                world.put_back()
                world.written.unlink(missing_ok=True)
                run = runs.fail_at(job, number, refused.number, looking=True, lasting=refused.lasting)
                if run.hit:
                    break
            with _noting(f"call {number}, {run.hit}: {refused}"):
                assert run.hit, "the call was not met again"
                _check_told(run, done, {1, 6, 8})
                _check_answer(operation, world, run)
                world.check_nothing_half({})
                assert world.list_rows() == rows


def _iter_refusals(
    done: Run, ways: list[Refused], skipped: list[int], name: str
) -> Iterator[tuple[int, Refused]]:
    """Which call fails how. What every operation does with the catalog is tested in only one of them."""
    if is_exhaustive():
        yield from product(range(1, len(done.calls) + 1), ways)
    else:
        numbers = [number for number in range(1, len(done.calls) + 1) if number not in skipped]
        first = get_seed() % len(ways)
        yield from zip(
            take_sample(numbers, name, one_of=CALLS_ONE_OF), islice(cycle(ways), first, None), strict=False
        )


def _check_told(run: Run, done: Run, failures: set[int]) -> None:
    """One line that says what to do, and the exit status of SPEC §9; never a traceback, never "not found"."""
    assert "Traceback" not in run.stderr
    assert "internal error" not in run.stderr
    if run.hit and Path(run.hit.path).name == "config.toml":
        failures = {2}
    assert run.status in {done.status} | failures, run.stderr
    said = [line for line in run.stderr.splitlines() if line not in done.stderr.splitlines()]
    is_answer = run.status in (done.status, 1) or '"exists"' in run.stdout
    assert is_answer or (said and all("; " in line or ". " in line for line in said)), said


def _check_answer(operation: Operation, world: World, run: Run) -> None:
    """The returned picture is the requested one, and no answer says that it is missing."""
    if operation.name in HANDED_OUT:
        assert world.written.exists() == (run.status == 0)
        assert run.status or world.written.read_bytes() == HANDED_OUT[operation.name]
    if operation.name == "explain" and run.status == 0:
        assert run.json["verdict"] in ("shown", "unreadable", "sd-offline")
    if operation.name == "inspect" and run.status in (0, 1):
        for status in run.json["sds"]:
            assert [] == status["in_catalog_not_on_disk"] == status["damaged"] == status["foreign"]


@contextmanager
def _noting(where: str) -> Iterator[None]:
    """Adds the failed call to an error."""
    try:
        yield
    except Exception as error:
        error.add_note(where)
        raise
