"""Messages: every command that one offers works as printed, and every text is in plain words.

All texts of the source are read, so a new message is checked as soon as it is written.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from functools import cache

import click
import pytest

from builders.messages import SOURCE, iter_messages
from builders.parsing import list_invocations, parse
from builders.reports import make_storage_dir
from strandline.cli.inspection_letter import list_verbs
from strandline.model.discrepancies import DISCREPANCIES
from strandline.model.storage_dirs import StorageDirState

QUOTED = re.compile(r"`([^`]*)`")
IN_APOSTROPHES = re.compile(r"'(strandline|sd) [a-z]|`(sd|save|scan|inspect|explain) ")
UNQUOTED = re.compile(r"`strandline [^`]*\bX\b[^`]*`")
"""A command with something in it that did not go through ``model/remedies``, which quotes it."""

UNNATURAL = re.compile(
    r"(?<!there )\bis no (?!longer\b)|\bthat one first\b|\blies (at|in|there)\b|\bcannot be told\b"
    r"|none of the [0-9X]\b",
    re.IGNORECASE,
)
"""How nobody says it: "is no image" (is not an image), "lies at" (is at), "in none of the 1"."""


@cache
def list_messages() -> list[tuple[str, str]]:
    """Where each message is, and its text."""
    return list(iter_messages())


def find_commands(text: str) -> list[str]:
    """The commands that a message offers, as a person would copy them."""
    return [quoted for quoted in QUOTED.findall(text) if quoted.startswith("strandline ")]


def parses(command: str) -> bool:
    """Whether the program accepts every part of the line."""
    try:
        for words in list_invocations(command):
            parse(["0" * 32 if word == "ID" else word for word in words])
    except click.UsageError:
        return False
    except click.exceptions.Exit:  # of --help
        return True
    return True


def test_every_offered_command_parses() -> None:
    """It exists, has all its arguments, and is quoted: pasted into a shell, it does what the message says."""
    commands = {(place, command) for place, text in list_messages() for command in find_commands(text)}
    assert len(commands) > 40
    assert [(place, command) for place, command in sorted(commands) if not parses(command)] == []


def test_no_command_is_offered_in_part() -> None:
    """Each begins with the program's name, in backticks, which are not what a shell or a name has."""
    assert [(place, text) for place, text in list_messages() if IN_APOSTROPHES.search(text)] == []


def test_what_comes_from_outside_is_quoted() -> None:
    """A path or a name gets into a command by ``model/remedies`` only."""
    spliced = []
    for module in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.JoinedStr) and "strandline " in ast.unparse(node):
                filled = "".join(
                    part.value
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                    else mark(part)
                    for part in node.values
                )
                spliced += [(module.name, filled)] if UNQUOTED.search(filled) else []
    assert [each for each in spliced if each[0] != "remedies.py"] == []


def mark(part: ast.expr) -> str:
    """X for what may be anything, Q for what is quoted."""
    assert isinstance(part, ast.FormattedValue)
    is_quoted = isinstance(part.value, ast.Call) and ast.unparse(part.value.func) in (
        "quote_word",
        "say_command",
    )
    return "Q" if is_quoted else "X"


@pytest.mark.parametrize("row", DISCREPANCIES, ids=lambda row: row.key)
@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("state", [StorageDirState.ONLINE, StorageDirState.SUSPECT])
def test_every_remedy_of_an_inspection_parses(row: object, read_only: bool, state: StorageDirState) -> None:
    """With the folder's name in it, whatever it is. Nothing is offered that a read-only folder refuses."""
    sd = replace(make_storage_dir(name="My 'old' Vault"), state=state, read_only=read_only)
    remedy = next(each for each in DISCREPANCIES if each is row).say_remedy(list_verbs(sd))
    commands = find_commands(remedy)
    assert [command for command in commands if not parses(command)] == []
    assert not read_only or not any("--sd" in command for command in commands)
    if state is StorageDirState.SUSPECT:
        # Until a person has confirmed, accepting would drop nothing.
        assert remedy.find("sd confirm") <= remedy.find("sd accept-missing")


def test_nothing_is_named_twice() -> None:
    """A line about a thing does not name it if the message does: ``say_about`` decides that, in one place."""
    doubled = []
    for module in (SOURCE / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) == "say"
                and ".message" in ast.unparse(node)
            ):
                doubled += [ast.unparse(node)] if ": " in ast.unparse(node) else []
    assert doubled == []


def test_messages_are_in_natural_words() -> None:
    """As a colleague would say it."""
    assert [(place, text) for place, text in list_messages() if UNNATURAL.search(text)] == []


def test_the_patterns_find_what_they_are_for() -> None:
    """Otherwise the tests above would prove nothing."""
    assert UNNATURAL.search("there is no folder x") is None
    assert not parses("strandline sd confirm")
    assert not parses("strandline sd confirm My Vault")
    assert not parses("strandline nope")
    assert parses("strandline get 5d14820d | strandline save --sd 'My Vault' --id ID -")
    assert UNQUOTED.search("run `strandline sd forget X`, wait")
    assert all(map(IN_APOSTROPHES.search, ("run 'sd add'", "with `sd move`", "see 'strandline sd list'")))
    assert all(map(UNNATURAL.search, ("x is no state", "it lies at", "in none of the 1 storage")))
