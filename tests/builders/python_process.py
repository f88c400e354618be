"""A Python process that runs a few lines, and imports nothing that they do not import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run_python(code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the code in a new process, and raises an error if it fails.

    The process is not measured under ``make coverage``, because coverage imports dozens of modules itself.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True)
