"""The system calls of Python code that runs in its own process, under ``strace``."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

LIMIT_S = 60


def trace_calls(code: str, *arguments: str | Path, calls: str) -> list[str]:
    """The system calls that the code makes between its lines ``begin()`` and ``end()``, one per line.

    Args:
        code: Python. ``arguments`` are its ``sys.argv[1:]``. It can call ``begin`` and ``end``.
        calls: The argument of ``strace -e trace=``. Descriptors are shown with their paths.
    """
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "trace")
        watch = ["strace", "-f", "-y", "-s", "300", "-o", str(trace), "-e", f"trace={calls},chdir"]
        _run([*watch, sys.executable, "-c", _MARKS + code, *map(str, arguments)])
        lines = trace.read_text(errors="replace").splitlines()
    start, stop = (next(n for n, line in enumerate(lines) if mark in line) for mark in ("/./begin", "/./end"))
    return [re.sub(r"^\d+ +", "", line) for line in lines[start + 1 : stop]]


def _run(command: Sequence[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert result.returncode == 0, result.stderr


_MARKS = """
import os, sys
def _mark(name):
    try: os.chdir("/./" + name)
    except OSError: pass
def begin(): _mark("begin")
def end(): _mark("end")
"""
