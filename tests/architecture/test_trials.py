"""The trials still run: what is tried for an hour before a release must not break unseen."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

import pytest

from trials.run import TRIALS

PROJECT = Path(__file__).parents[2]

LIMIT_S = 300
"""On a machine that is busy with other tests; else it takes a quarter of a minute."""


def run_trial(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What ``make trials`` starts, from the project's folder."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=LIMIT_S, check=False)


@pytest.mark.timeout(LIMIT_S)
def test_a_soak_of_seconds_serves_everything_and_tells_it_once() -> None:
    """Whether memory is flat cannot be seen in so short a time; everything else can."""
    ran = run_trial("trials.soak", "--minutes", "0.1", "--images", "20")
    assert ran.stderr == ""
    faults = re.findall(r"^- fault: (.+)$", ran.stdout, re.MULTILINE)
    assert [fault for fault in faults if not fault.endswith("is not flat")] == [], ran.stdout
    assert re.search(r"^\| threads \|", ran.stdout, re.MULTILINE), ran.stdout


def test_each_trial_is_known() -> None:
    """One command runs them all, or the one that is asked for."""
    ran = run_trial("trials.run", "--help")
    assert ran.returncode == 0, ran.stderr
    assert set(TRIALS) == {"latencies", "mounts", "errors", "simulator", "soak", "fuzzing"}
    assert all(name in ran.stdout for name in TRIALS)
    assert run_trial("trials.run", "--only", "nothing").returncode == 2


@pytest.mark.parametrize("name", TRIALS)
def test_what_a_trial_starts_is_there(name: str) -> None:
    """Modules and folders that are renamed take their trials along."""
    _, module, *arguments = TRIALS[name](argparse.Namespace(minutes=1, histories=1))
    module_path = module.replace(".", "/")
    places = [PROJECT / folder / module_path for folder in ("", "tests")]
    assert module == "pytest" or any(each.is_dir() or each.with_suffix(".py").is_file() for each in places)
    assert [each for each in arguments if "/" in each and not (PROJECT / each).exists()] == []
