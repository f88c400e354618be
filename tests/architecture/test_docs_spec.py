"""docs/spec.md is the contract: the sections that code and tests refer to exist. So does each decision, once."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SPEC = (PROJECT / "docs" / "spec.md").read_text()
SECTIONS = [*map(str, range(1, 9)), "8a", *map(str, range(9, 27))]
REFERENCE = re.compile(r"\bSPEC (§\d+a?(?:\.\d+)?(?:(?:,| and) §\d+a?)*)", re.IGNORECASE)


def list_referenced_sections(text: str) -> list[str]:
    """The section numbers in ``SPEC §4`` and ``SPEC §4, §6``; a step (``§5.2``) counts as its section."""
    return [number for match in REFERENCE.findall(text) for number in re.findall(r"§(\d+a?)", match)]


def test_the_sections_keep_their_numbers() -> None:
    """Numbers are stable: references in code, tests, and old commits point to them."""
    assert re.findall(r"^## (\d+a?)\. ", SPEC, re.MULTILINE) == SECTIONS


def test_every_reference_names_a_section_that_exists() -> None:
    """In source, tests, benchmarks, trials, and docs."""
    named = {
        (number, path.relative_to(PROJECT).as_posix())
        for folder in ("src", "tests", "bench", "trials", "docs")
        for pattern in ("*.py", "*.md", "*.js", "*.html")
        for path in (PROJECT / folder).rglob(pattern)
        for number in list_referenced_sections(path.read_text())
    }
    assert len(named) > 50
    assert {each for each in named if each[0] not in SECTIONS} == set()


def test_references_inside_the_page_lead_somewhere() -> None:
    """A bare ``§6`` on the page itself refers to one of its sections."""
    assert set(re.findall(r"§(\d+a?)", SPEC)) <= set(SECTIONS)


def test_it_is_found_from_the_readme() -> None:
    """README links to the contract, which contributors look for first."""
    assert "(docs/spec.md)" in (PROJECT / "README.md").read_text()


def test_each_decision_has_a_number_of_its_own() -> None:
    """The number in its file's name is the one in its heading."""
    pages = sorted((PROJECT / "docs" / "decisions").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert len(numbers) >= 19
    assert len(set(numbers)) == len(numbers)
    for page, number in zip(pages, numbers, strict=True):
        assert page.read_text().startswith(f"# {number}. "), page.name
