"""The page for people who deleted something: its commands, typed in a vault, answer what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from demo_vaults import build_vault
from installing.account import PROJECT, Account, list_steps
from strandline.model.plain_words import say_bytes

PAGE = "docs/howto/deleted.md"
HOME = "/home/ada"
"""Where the account's home is on the page."""


def read_lines(text: str) -> list[str]:
    """The lines, whichever stream they came on, without the times and without how columns are set apart. A page shows
    sizes as a terminal does; here, they are bytes.
    """
    plain = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:[\d.]+Z)?", "TIME", text)
    plain = re.sub(r"(?<=TIME\t)\d+|\b\d+(?=\tTIME)", lambda size: say_bytes(int(size[0])), plain)
    return sorted(" ".join(line.split()) for line in plain.splitlines())


@pytest.mark.slow
def test_the_commands_answer_what_the_page_says(tmp_path: Path) -> None:
    """In order. In the end the picture is where it was."""
    account = Account(tmp_path)
    root = build_vault(account.home)
    account.type(["strandline sd add ~/Vault"])
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    steps = list_steps(PAGE)
    assert [step.command.split()[1:3] for step in steps[1:]] == [
        ["trash", "list"],
        ["trash", "restore"],
        ["trash", "empty"],
    ]
    for command, answer in steps:
        said = account.type([command]).replace(str(account.home), HOME)
        assert read_lines(said) == read_lines(answer), command
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("page", "pictures"),
    [
        (PAGE, ["trash.webp", "delete.webp"]),
        ("docs/howto/clean-up.md", ["care.webp", "duplicates.webp"]),
        ("docs/howto/damaged.md", ["verification.webp", "conflicts.webp"]),
        ("docs/howto/import-photos.md", ["import.webp"]),
    ],
)
def test_the_pages_of_care_have_small_pictures(page: str, pictures: list[str]) -> None:
    """A reader with a slow line sees them soon."""
    names = re.findall(r"!\[[^\]]+\]\(\.\./images/([^)]+)\)", (PROJECT / page).read_text())
    assert names == pictures
    for name in names:
        assert 0 < (PROJECT / "docs/images" / name).stat().st_size < 150_000, name
