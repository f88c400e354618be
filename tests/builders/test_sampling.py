"""The samples of ten consecutive seeds cover everything, and an exhaustive run omits nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from builders.sampling import CALLS_ONE_OF, EXHAUSTIVE_VARIABLE, ONE_OF, SEED_VARIABLE, seed_of, take_sample

ITEMS = list(range(103))
CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.mark.parametrize("one_of", [3, ONE_OF, CALLS_ONE_OF])
def test_consecutive_seeds_cover_everything(monkeypatch: pytest.MonkeyPatch, one_of: int) -> None:
    """Each item is in exactly one of so many samples, and a sample is repeated by its seed."""
    monkeypatch.delenv(EXHAUSTIVE_VARIABLE, raising=False)
    samples = []
    for seed in range(739948, 739948 + one_of):
        monkeypatch.setenv(SEED_VARIABLE, str(seed))
        samples.append(take_sample(ITEMS, "a test", one_of=one_of))
        assert take_sample(ITEMS, "a test", one_of=one_of) == samples[-1]
    assert sorted(item for sample in samples for item in sample) == ITEMS


def test_consecutive_days_have_consecutive_seeds() -> None:
    """At the end of a month and of a year, too: so ``ONE_OF`` days cover everything, whichever day is the first."""
    days = [date(2026, 11, 20) + timedelta(days=passed) for passed in range(100)]
    assert [seed_of(day) for day in days] == list(range(seed_of(days[0]), seed_of(days[0]) + 100))


@pytest.mark.parametrize("count", range(1, ONE_OF))
def test_no_sample_of_few_items_is_empty(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """A test of few cases never passes because none of them was tried."""
    monkeypatch.delenv(EXHAUSTIVE_VARIABLE, raising=False)
    for seed in range(739948, 739948 + ONE_OF):
        monkeypatch.setenv(SEED_VARIABLE, str(seed))
        assert len(take_sample(ITEMS[:count], "a test")) == 1


def test_an_exhaustive_run_takes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the seed is."""
    monkeypatch.setenv(EXHAUSTIVE_VARIABLE, "1")
    assert take_sample(ITEMS, "a test") == ITEMS


CHILD = """
from hypothesis import core

def test_prints(): print("hypothesis has", core.global_force_seed)
"""


def test_the_header_names_the_seed_that_repeats_the_run(tmp_path: Path) -> None:
    """A red run can be repeated: its header names the seed of the day, and hypothesis draws from that seed."""
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text())
    (tmp_path / "test_child.py").write_text(CHILD)
    # If it hangs, its own report says where.
    command = [sys.executable, "-m", "pytest", "-s", "-c", os.devnull, "--rootdir", str(tmp_path)]
    command += ["-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin", "-o", "faulthandler_timeout=60"]
    env = {**os.environ, SEED_VARIABLE: "739948", "PYTHONPATH": str(CONFTEST.parent)}
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # of the others, each takes time to start
    ran = subprocess.run(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    assert f"{SEED_VARIABLE}=739948" in ran.stdout
    assert "hypothesis has 739948" in ran.stdout
