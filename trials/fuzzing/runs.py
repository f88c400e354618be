"""Runs: one target, fuzzed in its own process for a given time, from the corpus and the seeds.

What surprises: a hang is a failure, too, found by libFuzzer's own clock, and so is memory beyond a limit.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from trials import PROJECT
from trials.fuzzing.seeds import iter_seeds
from trials.fuzzing.targets import CORPUS, MAX_INPUT_BYTES, TARGETS

HANG_S = 20
"""For one input, which takes some microseconds. A busy machine must not look like a hang."""

MEMORY_MB = 1024
"""For the whole process: interpreter, libraries, corpus, and whatever a parser builds."""

START_LIMIT_S = 120
"""Time for a process to start and end, in addition to fuzzing."""


@dataclass(frozen=True, slots=True)
class Run:
    """The result."""

    passed: bool
    inputs: int
    """How many inputs were tried."""
    said: str
    """libFuzzer's output. A failure is at the end."""
    failures: tuple[Path, ...]
    """The inputs that failed."""
    folders: tuple[Path, ...]
    """The starting inputs, and inputs that reached new code."""


def fuzz(name: str, folder: Path, *, seconds: int) -> Run:
    """Fuzzes a target for this long, or until an input fails.

    Args:
        name: The target.
        folder: For everything that the run writes.
        seconds: Duration, without starting.
    """
    found, seeds, failures = (folder / part for part in ("found", "seeds", "failures"))
    for path in (found, seeds, failures, CORPUS / name):
        path.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(iter_seeds(name)):
        (seeds / f"{number}").write_bytes(data)
    words = folder / "words"
    words.write_text("".join(f'"{_escape(word)}"\n' for word in TARGETS[name].words))
    options = [f"-max_total_time={seconds}", f"-dict={words}", "-print_final_stats=1"]
    status, said = _start(
        name, [*options, f"-artifact_prefix={failures}{os.sep}"], [found, CORPUS / name, seeds], seconds
    )
    inputs = re.search(r"number_of_executed_units: (\d+)", said)
    return Run(
        passed=status == 0 and inputs is not None,
        inputs=int(inputs[1]) if inputs else 0,
        said=said,
        failures=tuple(sorted(failures.iterdir())),
        folders=(found, seeds),
    )


def merge(name: str, corpus: Path, run: Run) -> None:
    """Adds the run's smallest inputs that together reach what the corpus does not."""
    status, said = _start(name, ["-merge=1"], [corpus, *run.folders], 600)
    if status:
        raise RuntimeError(said[-2000:])


def _start(name: str, options: list[str], folders: list[Path], seconds: int) -> tuple[int, str]:
    limits = [f"-max_len={MAX_INPUT_BYTES}", f"-timeout={HANG_S}", f"-rss_limit_mb={MEMORY_MB}"]
    ran = subprocess.run(
        [sys.executable, "-m", "trials.fuzzing.guided", name, *limits, *options, *map(str, folders)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=seconds + START_LIMIT_S,
        check=False,
    )
    return ran.returncode, ran.stdout


def _escape(word: bytes) -> str:
    """In the syntax of libFuzzer's dictionaries."""
    return "".join(f"\\x{byte:02X}" for byte in word)
