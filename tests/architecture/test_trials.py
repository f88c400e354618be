"""The trials still run: what runs for an hour before a release must not break unnoticed."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

import pytest

from trials.mounts.mounting import FILE_SYSTEMS
from trials.run import PYTEST, TRIALS, main

PROJECT = Path(__file__).parents[2]
RELIABILITY = PROJECT / "docs" / "reliability.md"

LIMIT_S = 300
"""On a machine that is busy with other tests. Otherwise a quarter of a minute is enough."""


def run_trial(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs what ``make trials`` runs, in the project's folder."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=LIMIT_S, check=False)


@pytest.mark.slow
@pytest.mark.timeout(LIMIT_S)
def test_a_soak_of_seconds_serves_everything_and_tells_it_once() -> None:
    """The time is too short to see whether memory is flat. Everything else is checked."""
    ran = run_trial("trials.soak", "--minutes", "0.1", "--images", "20")
    assert ran.stderr == ""
    faults = re.findall(r"^- fault: (.+)$", ran.stdout, re.MULTILINE)
    assert [fault for fault in faults if not fault.endswith("is not flat")] == [], ran.stdout
    assert re.search(r"^\| threads \|", ran.stdout, re.MULTILINE), ran.stdout


@pytest.mark.slow
def test_each_trial_is_known() -> None:
    """One command runs all trials, or the requested one."""
    ran = run_trial("trials.run", "--help")
    assert ran.returncode == 0, ran.stderr
    assert all(name in ran.stdout for name in TRIALS)
    assert run_trial("trials.run", "--only", "nothing").returncode == 2


SKIPPING = "import pytest\n\ndef test_skips_itself(): pytest.skip('no such disk here')\n"
HOLDING = "\ndef test_holds(): pass\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tests", "verdict", "status"),
    [
        (HOLDING + SKIPPING, "held, 1 of 2 tests NOT TRIED (", 0),
        (SKIPPING, "NOT TRIED (", 1),
    ],
    ids=["some were skipped", "all were skipped"],
)
def test_what_could_not_be_tried_is_no_proof(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tests: str,
    verdict: str,
    status: int,
) -> None:
    """A machine without root or a program mounts nothing. The result says so, with the number of skipped tests."""
    path = tmp_path / "test_mounts.py"
    path.write_text(tests)
    monkeypatch.setitem(TRIALS, "mounts", lambda _: [*PYTEST, str(path)])
    monkeypatch.setattr(sys, "argv", ["trials", "--only", "mounts"])
    assert main() == status
    assert f"\nmounts: {verdict}" in capfd.readouterr().out


def test_what_the_mounts_want_is_written_down() -> None:
    """To repeat the trials, install it beforehand."""
    line = re.search(r"^They want `apt-get install ([^`]+)`", RELIABILITY.read_text(), re.MULTILINE)
    assert line
    wanted = {package for each in FILE_SYSTEMS.values() for package in each.programs.values()}
    assert set(line[1].split()) == wanted


@pytest.mark.parametrize("name", TRIALS)
def test_what_a_trial_starts_is_there(name: str) -> None:
    """If a module or folder is renamed, its trials are updated, too."""
    _, module, *arguments = TRIALS[name](argparse.Namespace(minutes=1, histories=1))
    module_path = module.replace(".", "/")
    places = [PROJECT / folder / module_path for folder in ("", "tests")]
    assert module == "pytest" or any(each.is_dir() or each.with_suffix(".py").is_file() for each in places)
    assert [each for each in arguments if "/" in each and not (PROJECT / each).exists()] == []
