"""Starting is cheap: a start imports only what it needs."""

from __future__ import annotations

import gc
import re
from pathlib import Path

import pytest

from builders.python_process import run_python
from strandline import open_store
from strandline.cli.main import main

SOURCE = Path(__file__).parents[2] / "src"

LIBRARIES = {"pyvips", "PIL", "pi_heif", "imagesize", "psycopg", "strandline.catalog.postgres"}
LIBRARIES |= {"procrastinate", "strandline.runtime.work"}
FACES = {"click", "rich", "fastapi", "starlette", "granian", "jinja2"}
ASYNC = {"asyncio", "watchdog", "inotify_simple"}
UNNEEDED = (
    LIBRARIES
    | ASYNC
    | {
        "base64",
        "hashlib",
        "logging",
        "strandline.catalog.migrations",
        "strandline.folders.identity_files",
        "strandline.folders.saving",
        "strandline.folders.tree",
        "strandline.model.identity.rules",
        "strandline.model.listing",
        "strandline.model.reports",
        "strandline.model.structure",
        "strandline.pictures",
        "strandline.services.finding.found_image",
        "strandline.services.proving.prove",
    }
)
"""Of a question that no byte is read for."""

MAX_MODULES = 85
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


def test_collecting_begins_when_the_store_is_open(tmp_path: Path) -> None:
    """Not before, so that a start is quick; and it leaves out what the start has made."""
    code = "import gc\nfrom strandline.cli.main import main\nmain()\nprint(gc.isenabled(), gc.get_freeze_count() > 0)"
    ends = [
        run_python(code, "--home", tmp_path, *command).stdout.split()[-2:]
        for command in (["sd", "list"], ["config", "path"])
    ]
    assert ends == [["True", "True"], ["False", "False"]]


def test_a_program_that_calls_a_command_keeps_its_collector(tmp_path: Path) -> None:
    """Only the process of the command puts it off."""
    frozen = gc.get_freeze_count()
    assert main(["--home", str(tmp_path), "sd", "list"]) == 0
    assert gc.isenabled()
    assert gc.get_freeze_count() <= frozen  # of what tests/conftest.py has frozen, some may have gone


def test_data_classes_are_made_the_quick_way() -> None:
    """The standard library's decorator takes four times as long, so import ``dataclass`` from
    ``strandline.model.values``.
    """
    slow = re.compile(r"^from dataclasses import .*\bdataclass\b", re.MULTILINE)
    found = {path.name for path in SOURCE.rglob("*.py") if slow.search(path.read_text())}
    assert found == set()
