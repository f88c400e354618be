"""docs/reliability.md says what was tested, how often, and what failed: everything it names exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from builders.system_packages import require

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "reliability.md").read_text()
PATHS = sorted(set(re.findall(r"\b(?:tests|trials|bench)/[\w/]*\w(?:\.\w+)?", PAGE)))
FILES = sorted(set(re.findall(r"(?<![\w/])test_\w+\.py", PAGE)))
COMMITS = sorted({word for word in re.findall(r"\b[0-9a-f]{7,40}\b", PAGE) if re.search(r"[a-f]", word)})


def test_what_is_named_is_there() -> None:
    """Folders and files by path; test files also by name alone."""
    assert len(PATHS) > 10
    assert [path for path in PATHS if not (PROJECT / path).exists()] == []
    known = {path.name for path in (PROJECT / "tests").rglob("test_*.py")}
    assert set(FILES) - known == set()


def test_one_table_says_what_is_tested_and_when_it_last_failed() -> None:
    """It comes first. Each row has a date, and a command that repeats the test or a note that there is none."""
    table = [line for line in PAGE.partition("\n# Log\n")[0].splitlines() if line.startswith("| ")]
    assert table[0] == "| what | in CI | last long run | last failure in Strandline | command |"
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[1:]]
    assert len(rows) > 5
    for what, _, last_run, last_failure, command in rows:
        assert re.search(r"\]\(#[a-z-]+\)", what), what
        assert re.search(r"\d{4}-\d\d-\d\d|the same", last_run), what
        assert last_failure, what
        assert command.startswith("`make ") or command == "–", what


def test_no_number_of_tests_is_told_that_changes() -> None:
    """Each command prints its own number. A number in the text would soon be wrong."""
    assert "`make test TESTS=" in PAGE
    assert re.findall(r"`make test TESTS=[^`]+` \(\d+ tests", PAGE) == []


def test_each_commit_that_is_named_is_one() -> None:
    """They must be in this history. A shallow clone cannot tell; one that has none of them has another history (an
    archive, a squash).
    """
    assert COMMITS
    if _ask_git("rev-parse", "--is-shallow-repository") == "true\n":
        return
    answers = _ask_git("cat-file", "--batch-check", text="\n".join(COMMITS))
    unknown = re.findall(r"^(\w+) (?:missing|ambiguous)$", answers, re.MULTILINE)
    assert unknown in ([], COMMITS)


def _ask_git(*arguments: str, text: str = "") -> str:
    command = [require("git", "git"), *arguments]
    return subprocess.run(
        command, cwd=PROJECT, input=text, capture_output=True, text=True, check=False
    ).stdout
