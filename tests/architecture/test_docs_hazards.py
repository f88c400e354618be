"""docs/hazards.md is in step with the tests: each hazard once, shown by tests that exist, and no name unexplained."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "hazards.md").read_text()
ROWS = dict(re.findall(r"^\| ([HI]\d+) \| (.+) \|$", PAGE, re.MULTILINE))
HAZARDS = [f"H{number}" for number in range(1, 41)]
INVARIANTS = [f"I{number}" for number in range(1, 29)]


def iter_named_tests(text: str) -> Iterator[tuple[str, str, str]]:
    """Path and name of each test in the text, and the target of its link."""
    yield from re.findall(r"\[`(tests/[\w/]+\.py)::(\w+)`\]\(([^)]+)\)", text)


@cache
def list_tests(path: str) -> set[str]:
    """The functions in the file and in its classes, except conditional ones (``test_no_skips`` finds those)."""
    tree = ast.parse((PROJECT / path).read_text())
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    return {node.name for body in bodies for node in body if isinstance(node, ast.FunctionDef)}


def test_every_hazard_and_invariant_has_one_row() -> None:
    """H1 to H40 and I1 to I28, each once, and no other."""
    rows = re.findall(r"^\| ([HI]\d+) \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(HAZARDS + INVARIANTS)


@pytest.mark.parametrize("hazard", HAZARDS)
def test_every_hazard_is_shown_by_tests_that_exist(hazard: str) -> None:
    """A renamed or deleted test is noticed here. The link leads to the test's file."""
    named = list(iter_named_tests(ROWS[hazard]))
    assert named
    for path, name, target in named:
        assert name in list_tests(path), (path, name)
        assert target == f"../{path}"


def test_no_test_is_named_in_another_way() -> None:
    """Otherwise the test above would not check it."""
    assert PAGE.count("::test_") == len(list(iter_named_tests(PAGE)))


def test_every_hazard_that_is_named_is_explained() -> None:
    """Source, tests, and documentation refer to hazards by number. Each number is on the page."""
    named = {
        (number, path.relative_to(PROJECT).as_posix())
        for folder, pattern in (("src", "*.py"), ("tests", "*.py"), ("tests", "*.md"), ("docs", "*.md"))
        for path in (PROJECT / folder).rglob(pattern)
        for number in re.findall(r"\b[HI]\d{1,2}\b", path.read_text())
    }
    assert len(named) > 100
    assert {each for each in named if each[0] not in ROWS} == set()


@pytest.mark.parametrize("page", ["README.md", "docs/reliability.md", "docs/design.md"])
def test_it_is_found(page: str) -> None:
    """The pages about promises, testing, and beliefs link to it."""
    assert "hazards.md)" in (PROJECT / page).read_text()
