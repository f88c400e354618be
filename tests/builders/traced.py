"""What a program asks the kernel for: Python code in a process of its own, under ``strace``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

LIMIT_S = 60


def trace_calls(code: str, *arguments: str | Path, calls: str) -> list[str]:
    """The system calls that the code makes between its lines ``begin()`` and ``end()``, one line each.

    Args:
        code: Python; ``arguments`` are its ``sys.argv[1:]``. It sees ``begin`` and ``end``.
        calls: What ``strace -e trace=`` takes; a descriptor is shown with its path.
    """
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "trace")
        watch = ["strace", "-f", "-y", "-s", "300", "-o", str(trace), "-e", f"trace={calls},chdir"]
        _run([*watch, sys.executable, "-c", _MARKS + code, *map(str, arguments)])
        lines = trace.read_text(errors="replace").splitlines()
    start, stop = (next(n for n, line in enumerate(lines) if mark in line) for mark in ("/./begin", "/./end"))
    return [re.sub(r"^\d+ +", "", line) for line in lines[start + 1 : stop]]


def run_until_killed_at(code: str, *arguments: str | Path, call: str, when: int) -> bool:
    """Runs the code, which the kernel kills as it is about to make the ``when``-th such call; True if it did.

    The counting begins with the code's first line, so it does not depend on what Python itself does at the start.
    """
    inject = ["-e", f"trace={call},chdir", "-e", f"inject={call}:signal=KILL:when={when}"]
    watch = ["strace", "-f", "-qq", "-o", os.devnull, *inject]
    return _run([*watch, sys.executable, "-c", code, *map(str, arguments)], may_die=True) != 0


def _run(command: Sequence[str], *, may_die: bool = False) -> int:
    result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert may_die or result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr, result.stderr
    return result.returncode


_MARKS = """
import os, sys
def _mark(name):
    try: os.chdir("/./" + name)
    except OSError: pass
def begin(): _mark("begin")
def end(): _mark("end")
"""
