"""``make trials``: every long trial one after another, each as its own program, and at the end which ones passed.

Options: ``make trials TRIALS='--only soak --minutes 2'``. All of them take six hours on two cores; mounts need root.
What surprises: the verdict says what could not be tried on this machine. If that was everything, nothing has passed.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from trials import PROJECT

EXHAUSTIVE_VARIABLE = "STRANDLINE_TEST_EXHAUSTIVE"
"""Tells the tests to run everything, without sampling (tests/builders/sampling.py)."""

PYTEST = ["-m", "pytest", "-p", "no:cacheprovider", "--timeout", "0"]
"""Without the time limit that CI needs."""

TRIALS: dict[str, Callable[[argparse.Namespace], list[str]]] = {
    "latencies": lambda _: ["-m", "scenarios.latencies"],
    "mounts": lambda _: [*PYTEST, "trials/mounts"],
    "faults": lambda _: [*PYTEST, "-n", "auto", "tests/faults"],
    "crowd": lambda _: [*PYTEST, "tests/crowd"],
    "simulator": lambda asked: [*PYTEST, "-n", "auto", "tests/stateful", "--histories", str(asked.histories)],
    "clients": lambda _: [*PYTEST, "-n", "auto", "tests/scenarios"],
    "pages": lambda _: [*PYTEST, "-n", "auto", "tests/web"],
    "listeners": lambda _: ["-m", "trials.listeners"],
    "scale-out": lambda _: ["-m", "bench.run", "--only", "scale-out", "--objects", "40000"],
    "soak": lambda asked: ["-m", "trials.soak", "--minutes", str(asked.minutes)],
    "fuzzing": lambda asked: ["-m", "trials.fuzzing", "--minutes", str(asked.minutes)],
}
"""First the trials that need a quiet machine, then the short ones. Each gives the arguments for Python."""


def main() -> int:
    """Runs what the command line asks for. Returns 1 if a trial failed, or if none of its tests could run."""
    parser = argparse.ArgumentParser(prog="python -m trials.run", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=TRIALS, action="append", help="one trial; may be repeated")
    parser.add_argument(
        "--minutes",
        type=float,
        default=60,
        help="of the soak, and for each topic of the fuzzing (default: 60)",
    )
    parser.add_argument("--histories", type=int, default=10_000, help="of the simulator (default: 10000)")
    asked = parser.parse_args()
    verdicts = [_try(name, TRIALS[name](asked)) for name in asked.only or TRIALS]
    return 0 if all(verdicts) else 1


def _try(name: str, arguments: list[str]) -> bool:
    print(f"{name}: {shlex.join(['python', *arguments])}", flush=True)
    began_s = time.monotonic()
    env = {**os.environ, "PYTHONPATH": str(PROJECT / "tests"), EXHAUSTIVE_VARIABLE: "1"}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        told = ["--junit-xml", str(report)] if arguments[: len(PYTEST)] == PYTEST else []
        ran = subprocess.run([sys.executable, *arguments, *told], cwd=PROJECT, env=env, check=False)
        tests, skipped = _count_tests(report) if told else (1, 0)
    has_held = ran.returncode == 0 and skipped < tests
    verdict = "held" if has_held else "NOT TRIED" if ran.returncode == 0 else "DID NOT HOLD"
    not_tried = f", {skipped} of {tests} tests NOT TRIED" if has_held and skipped else ""
    print(f"{name}: {verdict}{not_tried} ({(time.monotonic() - began_s) / 60:.1f} minutes)\n", flush=True)
    return has_held


def _count_tests(report: Path) -> tuple[int, int]:
    """The number of tests, and how many were skipped."""
    if not report.exists():  # pytest failed before that, and its exit status says so
        return 0, 0
    tree = ElementTree.parse(report)
    skipped = [each for each in tree.iter("skipped") if each.get("type") == "pytest.skip"]
    return len(list(tree.iter("testcase"))), len(skipped)


if __name__ == "__main__":
    sys.exit(main())
