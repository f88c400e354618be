"""Starting is cheap: a start imports only what it needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builders.python_process import run_python
from strandline import open_store

SOURCE = Path(__file__).parents[2] / "src"

LIBRARIES = {"pyvips", "PIL", "pi_heif", "imagesize"}
FACES = {"click", "rich", "fastapi", "starlette", "granian", "jinja2"}
ASYNC = {"asyncio", "watchdog", "inotify_simple"}
UNNEEDED = (
    LIBRARIES
    | ASYNC
    | {
        "hashlib",
        "strandline.model.reports",
        "strandline.model.structure",
        "strandline.pictures.facts",
        "strandline.services.finding.found_image",
        "strandline.services.proving.prove",
    }
)
"""Of a question that no byte is read for."""

MAX_MODULES = 90
"""Of our own; each costs as much as 20 µs and its classes."""


@pytest.mark.parametrize(
    ("start", "unwanted"),
    [
        ("import strandline", LIBRARIES | FACES | ASYNC),
    ],
)
def test_a_start_imports_only_what_it_needs(start: str, unwanted: set[str]) -> None:
    """Importing the package or asking for help loads no image, web, or table library."""
    code = f"{start}\nimport sys\nprint(*sorted(set(sys.modules) & {unwanted!r}))"
    run = run_python(code)
    assert run.stdout.split() == []


def test_a_question_imports_only_what_it_needs(tmp_path: Path) -> None:
    """``exists`` on a home with a storage directory loads no decoder, structure, hash or report, and stays small."""
    root, home = tmp_path / "Notes", tmp_path / "home"
    root.mkdir()
    with open_store(home) as store:
        store.add_storage_dir(root)
    question = ["--home", str(home), "exists", "0" * 32]
    code = f"import sys\nfrom strandline.cli.main import main\nmain({question!r})\nprint(*sys.modules)"
    run = run_python(code)
    answer, _, loaded = run.stdout.partition("\n")
    assert answer == "no"
    modules = set(loaded.split())
    assert modules & UNNEEDED == set()
    assert sum(each.startswith("strandline") for each in modules) <= MAX_MODULES


def test_data_classes_are_made_the_quick_way() -> None:
    """The standard library's decorator takes four times as long, so import ``dataclass`` from
    ``strandline.model.values``.
    """
    slow = re.compile(r"^from dataclasses import .*\bdataclass\b", re.MULTILINE)
    found = {path.name for path in SOURCE.rglob("*.py") if slow.search(path.read_text())}
    assert found == set()
