"""The page about importing: its commands, typed for a camera card and an archive, answer what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from installing.account import PROJECT, Account, list_steps
from installing.imports import lay_card, pack_takeout
from installing.test_howto_deleted import HOME, read_lines

PAGE = "docs/howto/import-photos.md"


@pytest.mark.slow
def test_the_commands_answer_what_the_page_says(tmp_path: Path) -> None:
    """In order. The card and the archive stay as they are."""
    account = Account(tmp_path)
    (account.home / "Photos").mkdir()
    card, archive = lay_card(account.home / "Card"), pack_takeout(account.home / "takeout-001.zip")
    before = {path: path.read_bytes() for path in (*card.rglob("*.*"), archive)}
    account.type(["strandline sd add ~/Photos"])
    steps = list_steps(PAGE)
    assert len(steps) == 3
    for command, answer in steps:
        said = account.type([command]).replace(str(account.home), HOME)
        assert read_lines(said) == read_lines(answer), command
    assert {path: path.read_bytes() for path in (*card.rglob("*.*"), archive)} == before


def test_it_is_found_from_the_readme() -> None:
    """Beside the other pages."""
    assert "(docs/howto/import-photos.md)" in (PROJECT / "README.md").read_text()
