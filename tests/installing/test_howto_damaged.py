"""The page for people with a damaged image: its commands, typed in a vault, answer what the page says."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo_vaults import build_vault
from installing.account import Account, list_steps
from strandline import open_store

PAGE = "docs/howto/damaged.md"
HOME = "/home/ada"
"""Where the account's home is on the page."""

KEPT = "attachments/Eileen Collins.webp"
HALF, GONE = "Lisbon/espresso.jpg", "attachments/Grace Hopper.jpg"


def read_lines(text: str) -> list[str]:
    """The lines, whichever stream they came on, without what takes another time each time."""
    plain = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", text)
    plain = re.sub(r"(; read [^,\n]+), .*/s", r"\1", plain)
    return sorted(" ".join(line.split()) for line in plain.splitlines())


def damage(account: Account, root: Path) -> None:
    """More than a day ago, one picture lost its second half, and one went. A backup and a camera card have them.
    There is a conflict copy.
    """
    shutil.copytree(root, account.home / "Backup")
    (account.home / "Backup" / GONE).unlink()
    (account.home / "Card/DCIM").mkdir(parents=True)
    shutil.copy(root / GONE, account.home / "Card/DCIM/IMG_0042.JPG")
    data = (root / HALF).read_bytes()
    (root / HALF).write_bytes(data[: len(data) // 2])
    (root / GONE).unlink()
    shutil.copy(root / KEPT, root / KEPT.replace(".webp", ".sync-conflict-20260714-101500-ABCDEFG.webp"))
    for hours in (26, 0):
        look(account, timedelta(hours=hours))


def look(account: Account, ago: timedelta) -> None:
    """Scans, with the clock this far back."""
    home = account.home / ".local/share/strandline"
    with open_store(home, now=lambda: datetime.now(UTC) - ago) as store:
        store.scan()


@pytest.mark.slow
def test_the_commands_answer_what_the_page_says(tmp_path: Path) -> None:
    """In order. In the end both pictures are as they were."""
    account = Account(tmp_path)
    root = build_vault(account.home)
    account.type(["strandline sd add ~/Vault"])
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    damage(account, root)
    steps = list_steps(PAGE)
    assert {step.command.split()[1] for step in steps} == {"verify", "wanted", "rescue", "conflicts"}
    for command, answer in steps:
        said = account.type([f"{command} || [ $? = 1 ]"]).replace(str(account.home), HOME)
        assert read_lines(said) == read_lines(answer), command
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
