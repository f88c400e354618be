"""The page about cleaning up: its commands, typed in a vault, answer what the page says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from demo_vaults import build_vault
from installing.account import PROJECT, Account, list_steps
from installing.test_howto_deleted import HOME, read_lines

PAGE = "docs/howto/clean-up.md"


@pytest.mark.slow
def test_the_commands_answer_what_the_page_says(tmp_path: Path) -> None:
    """In order. The picture that nobody uses comes when the page gets there. No note is changed."""
    account = Account(tmp_path)
    root = build_vault(account.home)
    notes = {path: path.read_bytes() for path in root.rglob("*.md")}
    shutil.copyfile(root / "Lisbon/espresso.jpg", root / "attachments/espresso-copy.jpg")
    account.type(["strandline sd add ~/Vault"])
    for command, answer in list_steps(PAGE):
        if command.startswith("strandline unused"):
            shutil.copyfile(PROJECT / "demo/pictures/tide.gif", root / "attachments/tide.gif")
            account.type(["strandline scan Vault"])
        said = account.type([command]).replace(str(account.home), HOME)
        assert read_lines(said) == read_lines(answer), command
    assert {path: path.read_bytes() for path in root.rglob("*.md")} == notes


def test_it_is_found_from_the_readme() -> None:
    """Beside the other pages."""
    assert "(docs/howto/clean-up.md)" in (PROJECT / "README.md").read_text()
