"""SECURITY.md is in step with the tests: every promise that it calls tested has its test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SECURITY = (PROJECT / "SECURITY.md").read_text()


def test_every_test_that_it_names_exists() -> None:
    """A promise whose test was renamed or deleted is noticed here."""
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", SECURITY)
    assert len(named) > 40
    for path in {path for path, _ in named}:
        tree = ast.parse((PROJECT / path).read_text())
        tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert {name for its_path, name in named if its_path == path} - tests == set(), path


def test_every_promise_has_a_test() -> None:
    """Each row of the last table."""
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", SECURITY.partition("## Every promise")[2], re.MULTILINE)
    without = [promise for promise, shown in rows[1:] if "::test_" not in shown]
    assert without == []


def test_it_is_found_from_the_readme() -> None:
    """README links to it."""
    assert "(SECURITY.md)" in (PROJECT / "README.md").read_text()
