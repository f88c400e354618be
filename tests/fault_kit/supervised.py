"""Runs of real code whose system calls fail, or kill it, as a test chooses; hundreds of them in seconds.

A run is its own process, forked by :mod:`fault_kit.supervisor` with the program already loaded. Only calls that
concern the given folders count. Python's own calls are not affected.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fault_kit.power_cuts import Cut
from fault_kit.seccomp import Refusal
from fault_kit.system_calls import Call

COMMAND_LINE = """
import sys
from strandline.cli.main import main
from strandline.services.verifying import quiet
quiet.QUIET_S, quiet.PAUSE_S = 0.05, 0.01  # nobody else writes here: there is nothing to wait for
status = main(sys.argv[1:])
"""
"""The program itself; the arguments follow."""

KILLED = -9


@dataclass(frozen=True)
class Run:
    """How a run ended."""

    status: int
    """The exit status, or :data:`KILLED` if it was killed."""
    stdout: str
    stderr: str
    hit: Call | None
    """The chosen call; None if the run did not reach it."""
    calls: tuple[Call, ...]
    """The counted calls, in order. The last one may not have been made."""

    @property
    def json(self) -> Any:
        """stdout as one JSON document."""
        return json.loads(self.stdout)


@dataclass(frozen=True)
class Job:
    """Code to run, and the folders whose calls count."""

    folders: tuple[Path, ...]
    arguments: tuple[str, ...] = ()
    code: str = COMMAND_LINE
    refusals: tuple[Refusal, ...] = ()
    """What the kernel refuses during the whole run."""


class Supervisor:
    """Starts runs one after another. Use :func:`supervisor`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, job: Job, *, looking: bool = False) -> Run:
        """Runs it undisturbed."""
        return self._ask(job, looking=looking)

    def hang(self, job: Job) -> Run:
        """Answers no call that concerns the folders: it waits until the process ends."""
        return self._ask(job, hanging=True)

    def kill_at(self, job: Job, number: int, *, cut: Cut | None = None) -> Run:
        """Kills it just before the ``number``-th call (from 1) that would change something.

        With ``cut`` the machine loses power at that moment, or at the end if the run gets there.
        """
        return self._ask(job, at=number, cut=cut)

    def fail_at(
        self, job: Job, number: int, error_number: int, *, looking: bool = False, lasting: bool = False
    ) -> Run:
        """Makes the ``number``-th call that changes something fail. With ``looking``, counts calls that only read.

        ``lasting``: every later changing call, or every later read of the same path, fails as well.
        """
        return self._ask(job, at=number, error=error_number, looking=looking, lasting=lasting)

    def _ask(
        self,
        job: Job,
        *,
        at: int = 0,
        error: int = 0,
        lasting: bool = False,
        looking: bool = False,
        hanging: bool = False,
        cut: Cut | None = None,
    ) -> Run:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        request = {
            "folders": [str(folder) for folder in job.folders],
            "arguments": job.arguments,
            "code": job.code,
            "refusals": [(each.call, each.number, each.argument, each.mask) for each in job.refusals],
            "at": at,
            "error": error,
            "lasting": lasting,
            "looking": looking,
            "hanging": hanging,
            "cut": cut,
        }
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        answer = json.loads(stdout.readline())
        hit, calls = answer.pop("hit"), answer.pop("calls")
        return Run(**answer, hit=hit and Call(*hit), calls=tuple(Call(*call) for call in calls))


@contextmanager
def supervisor() -> Iterator[Supervisor]:
    """A supervisor for any number of tests."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fault_kit.supervisor"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        yield Supervisor(process)
    finally:
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:  # a run that does not end; the test reports the reason
            process.kill()
            process.communicate()
