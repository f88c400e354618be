"""The first page: what it says to type works as typed, and it can be read on a package index."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from installing.account import PROJECT, Account, list_blocks, list_typed
from strandline import __version__

PAGES = ["README.md", "docs/howto/install.md", "docs/howto/upgrade-and-uninstall.md"]


def read_index_page() -> str:
    """README as it goes to a package index."""
    command = [sys.executable, "-m", "hatchling", "metadata", "readme"]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
@pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="the picture comes with debconf")
def test_the_first_commands_work_as_typed(tmp_path: Path) -> None:
    """In a fresh account. The last one serves until somebody stops it."""
    account = Account(tmp_path)
    [*commands, serve] = list_blocks("README.md")[1][1].splitlines()
    assert [shlex.split(line)[:2] for line in [*commands, serve]] == [
        ["mkdir", "-p"],
        ["strandline", "sd"],
        ["strandline", "save"],
        ["strandline", "inspect"],
        ["strandline", "serve"],
    ]
    said = account.type(commands)
    assert "![debian-logo](media/" in said
    assert "1 image" in said
    command, _, _comment = serve.partition("#")
    with account.serving(command) as address:
        assert address.startswith("http://127.0.0.1:")


def test_what_is_installed_exists() -> None:
    """Every line that installs Strandline names this version and an extra that the project has."""
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    lines = [
        line
        for page in PAGES
        for line in [*list_typed(page), *(text for kind, text in list_blocks(page) if kind == "sh")]
    ]
    wanted = re.findall(r"install (?:--force )?'([^']+)'", "\n".join(lines))
    assert len(wanted) >= 8
    for name, extra in (re.fullmatch(r"(.+)\[(\w+)\]", each).groups() for each in wanted):  # type: ignore[union-attr]
        assert name in {"strandline", ".", f"./strandline-{__version__}-py3-none-any.whl"}
        assert extra in extras


@pytest.mark.slow
def test_the_index_page_has_no_dead_links() -> None:
    """An index shows README alone: nothing on it leads to a file of the checkout, and code stays as it is."""
    page = read_index_page()
    tokens = [child for token in MarkdownIt().parse(page) for child in token.children or ()]
    targets = [str(token.attrGet("href") or token.attrGet("src") or "") for token in tokens]
    assert [target for target in targets if target and not target.startswith("https://")] == []
    assert "](media/673f8ca1353dae715e5def764376d6f4.jpg)" in page
    assert re.findall(r"^## .+\n+(?:##|\Z)", page, re.MULTILINE) == []
    assert len(page) > len((PROJECT / "README.md").read_text()) / 2


@pytest.mark.slow
def test_upgrading_and_uninstalling_can_be_typed(tmp_path: Path) -> None:
    """As typed in an account where Strandline runs as a service."""
    account = Account(tmp_path)
    unit = account.home / ".config/systemd/user/strandline.service"
    unit.parent.mkdir(parents=True)
    unit.touch()
    account.type([*list_blocks("README.md")[1][1].splitlines()[:3], *list_typed(PAGES[2])])
    assert (account.home / "strandline-before-the-upgrade/catalog.db").is_file()
    assert account.list_calls() == [
        "pipx upgrade strandline",
        "pipx install --force .[all]",
        "systemctl --user disable --now strandline",
        "pipx uninstall strandline",
        "sudo systemctl stop strandline",
        "sudo /opt/strandline/bin/pip install --upgrade .[all]",
        "sudo systemctl start strandline",
        "sudo systemctl disable --now strandline",
        "sudo rm /etc/systemd/system/strandline.service",
        "sudo rm -r /opt/strandline",
    ]
    assert not unit.exists()
