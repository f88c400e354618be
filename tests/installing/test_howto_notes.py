"""The pages for people who keep notes: their commands, typed in such folders, answer what the pages say."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from demo_vaults import (
    PICTURES,
    build_graph,
    build_site,
    build_vault,
    delete_in_graph,
    move_in_site,
    rename_in_vault,
)
from installing.account import PROJECT, Account, list_steps
from strandline import open_store

LIMIT_S = 60.0
HOME = "/home/ada"
"""Where the account's home is on the pages."""

DIFFERS = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "IDENTITY"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME"),
    (r"such as '[^']+'", "such as NAME"),
)
"""What is another one each time."""

FINDINGS = {1, 4}
"""Exit statuses of commands that worked, and found that something is not there."""


class Page(NamedTuple):
    """A page, and the folder that it is about."""

    path: str
    build: Callable[[Path], Path]
    change: Callable[[Path], None]
    """What happens on another machine while this one watches."""


PAGES = (
    Page("docs/howto/obsidian.md", build_vault, rename_in_vault),
    Page("docs/howto/logseq.md", build_graph, delete_in_graph),
    Page("docs/howto/markdown.md", build_site, move_in_site),
)


def without_differences(text: str) -> str:
    """The text without what is another one each time."""
    for pattern, word in DIFFERS:
        text = re.sub(pattern, word, text)
    return text


def wait_until_noticed(account: Account, number: int) -> None:
    """Waits until the watcher knows of this many pictures that the notes of the only folder miss."""
    limit = time.monotonic() + LIMIT_S
    with open_store(account.home / ".local/share/strandline") as store:
        [sd] = store.list_storage_dirs()
        while len(store.list_open_references(sd.path)) < number:
            assert time.monotonic() < limit, "the watcher did not notice"
            time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: Path(page.path).stem)
def test_the_commands_answer_what_the_page_says(page: Page, tmp_path: Path) -> None:
    """In order, with a watcher from ``serve`` on, and with the change of the other machine before the first check."""
    account = Account(tmp_path)
    root = page.build(account.home)
    downloads = account.home / "Downloads"
    downloads.mkdir()
    (downloads / "tide.gif").write_bytes((PICTURES / "tide.gif").read_bytes())
    before = sorted(root.rglob("*"))
    is_changed = False
    with ExitStack() as running:
        for number, (command, answer) in enumerate(list_steps(page.path)):
            if command.startswith("strandline serve"):
                running.enter_context(account.serving(command))
                wait_until_noticed(account, 1)
                continue
            if command.startswith("strandline check") and not is_changed:
                page.change(root)
                wait_until_noticed(account, 2)
                is_changed = True
            said = account.type([f'{{ {command}; }} || [[ " {" ".join(map(str, FINDINGS))} " == *" $? "* ]]'])
            assert without_differences(said.replace(str(account.home), HOME)) == without_differences(
                answer
            ), command
            if number == 0:
                assert sorted(root.rglob("*")) == before, "adding a folder writes nothing into it"
    assert is_changed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: Path(page.path).stem)
def test_the_pages_have_small_pictures(page: Page) -> None:
    """Each picture is there, and a reader with a slow line sees it soon."""
    names = re.findall(r"!\[[^\]]+\]\(\.\./images/([^)]+)\)", (PROJECT / page.path).read_text())
    assert names
    for name in names:
        assert 0 < (PROJECT / "docs/images" / name).stat().st_size < 150_000, name
