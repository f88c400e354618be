"""The frame around the code: make targets, the lock, what CI installs, where tests may write."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from strandline.runtime.settings import find_home

PROJECT = Path(__file__).parents[2]
LOCK = (PROJECT / "requirements/dev.txt").read_text()


def test_make_shows_every_target() -> None:
    """`make` alone shows a newcomer everything that can be done."""
    shown = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    [phony] = re.findall(r"^\.PHONY: (.+)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert re.findall(r"^  make ([\w-]+)  +\S", shown, re.MULTILINE) == phony.split()


def test_the_lock_holds_all_that_is_asked_for() -> None:
    """A dependency that was added without `make lock` is noticed here."""
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    core, extras = pyproject["project"]["dependencies"], pyproject["project"]["optional-dependencies"]
    tools = (PROJECT / "requirements/dev.in").read_text().splitlines()
    asked = {
        re.split(r"[\[><=;\s]", line)[0]
        for line in sum(extras.values(), core + tools)
        if line[:1] != "#" and not line.startswith("strandline[")
    }
    assert asked <= set(re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE))


def test_the_lock_pins_bytes_and_names_no_host() -> None:
    """What is installed is what was tested, whatever registry the machine uses."""
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    assert [entry for entry in entries if not re.match(r"[a-z0-9-]+==\S+.*\\\n +--hash=sha256:", entry)] == []
    assert "://" not in LOCK


def test_ci_lists_each_package_once() -> None:
    """.ci/packages.txt contains only names and comments, as .ci/run expects."""
    lines = (PROJECT / ".ci/packages.txt").read_text().splitlines()
    names = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name) for name in names)
    assert len(set(names)) == len(names)


def test_no_test_has_the_users_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A test that sets no home, and every program that it starts, gets a temporary one."""
    assert find_home(None, os.environ).is_relative_to(tmp_path_factory.getbasetemp())


def test_a_home_of_its_own_is_empty_and_in_the_environment(home: Path) -> None:
    """The fixture ``home`` is what a first start finds."""
    assert find_home(None, os.environ) == home
    assert list(home.iterdir()) == []
