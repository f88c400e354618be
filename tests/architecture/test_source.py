"""The source stays readable: files and functions of limited size, nothing left for later, and plain English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

LARGER_WITH_REASON: dict[str, str] = {
    "tests/catalog/test_database.py": "opening, migrating, sharing, and every way to break one",
    "tests/model/test_states.py": "SPEC's states sentence by sentence, beside the laws that they must not break",
    "tests/runtime/watching/test_watcher.py": "what can happen to a watched folder, read as one list",
    "tests/runtime/change_notice/test_contract.py": "one contract, read as one: each backend runs all of it",
    "tests/services/scanning/test_scan_absence.py": "every way in which files can be gone, told apart",
}
"""Exceptions with reasons: ``path`` or ``path::function`` to a reason. Splitting is better."""


def iter_python_files(*folders: str) -> Iterator[tuple[str, str]]:
    """Path within the project, and text."""
    for folder in folders:
        for path in sorted((PROJECT / folder).rglob("*.py")):
            yield path.relative_to(PROJECT).as_posix(), path.read_text()


def test_files_and_functions_have_a_readable_size() -> None:
    """A file over 400 lines or a function over 60 is listed above with its reason; nothing else is."""
    large = set()
    for path, text in iter_python_files("src", "tests", "bench", "demo"):
        if len(text.splitlines()) > MAX_FILE_LINES:
            large.add(path)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    large.add(f"{path}::{node.name}")
    assert large == set(LARGER_WITH_REASON)


def test_nothing_is_left_for_later() -> None:
    """Open work belongs in an issue, not in a comment."""
    left = re.compile(r"\b(TODO|FIXME|HACK|XXX)\b|\bfor now\b")
    found = [
        f"{path}:{number} {line.strip()}"
        for path, text in iter_python_files("src")
        for number, line in enumerate(text.splitlines(), 1)
        if left.search(line)
    ]
    assert found == []


def test_every_module_says_what_it_is() -> None:
    """The first lines of the files explain the tree."""
    silent = [
        path
        for path, text in iter_python_files("src", "tests", "bench", "demo")
        if ast.get_docstring(ast.parse(text)) is None and not path.endswith("__main__.py")
    ]
    assert silent == []


def test_every_test_is_a_promise() -> None:
    """A test's docstring is the promise that it keeps."""
    silent = [
        f"{path}::{node.name}"
        for path, text in iter_python_files("tests")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert silent == []
