"""docs/reliability.md tells where everything is that was tried: what it names is there."""

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
    """Folders and files by their paths, files of tests also by their names alone."""
    assert len(PATHS) > 10
    assert [path for path in PATHS if not (PROJECT / path).exists()] == []
    known = {path.name for path in (PROJECT / "tests").rglob("test_*.py")}
    assert set(FILES) - known == set()


def test_no_number_of_tests_is_told_that_changes() -> None:
    """Each command to repeat something tells its own number; one that stands here is soon another."""
    assert "`make test TESTS=" in PAGE
    assert re.findall(r"`make test TESTS=[^`]+` \(\d+ tests", PAGE) == []


def test_each_commit_that_is_named_is_one() -> None:
    """Of this history. A shallow clone cannot tell; one that knows none of them is another (an archive, a squash)."""
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
