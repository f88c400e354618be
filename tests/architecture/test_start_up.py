"""Starting is cheap: a start imports only what it needs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"

LIBRARIES = {"pyvips", "PIL", "pi_heif", "imagesize"}
FACES = {"click", "rich", "fastapi", "starlette", "granian", "jinja2"}
ASYNC = {"asyncio", "watchdog", "inotify_simple"}


@pytest.mark.parametrize(
    ("start", "unwanted"),
    [
        ("import strandline", LIBRARIES | FACES | ASYNC),
    ],
)
def test_a_start_imports_only_what_it_needs(start: str, unwanted: set[str]) -> None:
    """Importing the package or asking for help loads no image, web, or table library."""
    code = f"{start}\nimport sys\nprint(*sorted(set(sys.modules) & {unwanted!r}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_data_classes_are_made_the_quick_way() -> None:
    """The standard library's decorator takes four times as long, so import ``dataclass`` from
    ``strandline.model.values``.
    """
    slow = re.compile(r"^from dataclasses import .*\bdataclass\b", re.MULTILINE)
    found = {path.name for path in SOURCE.rglob("*.py") if slow.search(path.read_text())}
    assert found == set()
