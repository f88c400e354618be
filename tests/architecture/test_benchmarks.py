"""The benchmarks still run: what is measured once per release must not break unnoticed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from builders.sampling import take_sample
from builders.system_packages import require

PROJECT = Path(__file__).parents[2]

ROWS = {
    "scanning": 5, "lookups": 3, "saves": 3, "care": 2, "arrivals": 1, "start-up": 2, "thumbnails": 1, "http": 4,
    "uploads": 1, "notes": 2,
}  # fmt: skip
"""How many operations each topic measures."""


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("topic", take_sample(list(ROWS), "benchmarks", one_of=3))
def test_a_benchmark_runs_and_prints_its_rows(tmp_path: Path, topic: str) -> None:
    """A small run measures every operation of a third of the topics, and leaves no files."""
    require("vipsthumbnail", "libvips-tools")
    command = [sys.executable, "-m", "bench.run", "--files", "60", "--repeat", "1", "--dir", str(tmp_path)]
    ran = subprocess.run(
        [*command, "--only", topic], cwd=PROJECT, capture_output=True, text=True, timeout=200
    )
    assert ran.returncode == 0, ran.stderr
    rows = re.findall(r"^\| (?!operation)(.+?) \| [\d.]+ (?:µs|ms|s)", ran.stdout, re.MULTILINE)
    assert len(rows) == len(set(rows)) == ROWS[topic]
    assert list(tmp_path.iterdir()) == []


def test_every_topic_is_tried_on_some_day() -> None:
    """The table above has them all."""
    from bench.run import TOPICS

    assert ROWS.keys() == TOPICS.keys()
