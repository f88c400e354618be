"""The benchmarks still run: what is measured once per release must not break unnoticed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from builders.system_packages import require

PROJECT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_every_benchmark_runs_and_prints_one_row(tmp_path: Path) -> None:
    """A small run measures every operation beside its bare job, and leaves no files."""
    require("vipsthumbnail", "libvips-tools")
    command = [sys.executable, "-m", "bench.run", "--files", "60", "--repeat", "1", "--dir", str(tmp_path)]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=200)
    assert ran.returncode == 0, ran.stderr
    rows = re.findall(r"^\| (?!operation)(.+?) \| [\d.]+ (?:µs|ms|s)", ran.stdout, re.MULTILINE)
    assert len(rows) == len(set(rows)) == 24
    assert list(tmp_path.iterdir()) == []
