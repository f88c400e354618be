"""docs/reference/commands.md is in step with the program: every command, argument and option, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from strandline.cli.exit_status import ExitStatus
from strandline.cli.inspect import InspectGroup, status
from strandline.cli.lazy_commands import LazyGroup, list_global_options
from strandline.cli.program import program

REFERENCE = (Path(__file__).parents[2] / "docs/reference/commands.md").read_text()
GLOBAL = {option.name for option in list_global_options()} | {"version"}


def iter_commands(
    command: click.Command = program, path: tuple[str, ...] = ("strandline",)
) -> Iterator[tuple[str, click.Command, click.Command | None]]:
    """The path as the user types it, the command, and its group."""
    if isinstance(command, LazyGroup):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield " ".join((*path, name)), child, command
            yield from iter_commands(child, (*path, name))


def usage_of(path: str, command: click.Command) -> str:
    """The heading of its section: its usage, without options."""
    if isinstance(command, InspectGroup):
        command = status
    elif isinstance(command, click.Group):
        return path
    pieces = command.collect_usage_pieces(click.Context(command))
    return " ".join([path, *(piece for piece in pieces if piece != "[OPTIONS]")])


def options_of(command: click.Command) -> dict[str, str]:
    """Its own options as help shows them, with their descriptions."""
    context = click.Context(command)
    return {
        record[0]: str(option.help)
        for option in command.params
        if isinstance(option, click.Option)
        and option.name not in GLOBAL
        and (record := option.get_help_record(context))
    }


def sections() -> dict[str, dict[str, str]]:
    """From heading to the rows of the section's table."""
    parts = re.split(r"^##+ `(strandline [^`]+)`$", REFERENCE, flags=re.MULTILINE)
    row = re.compile(r"^\| `(-[^`]+)` \| (.+) \|$", re.MULTILINE)
    return {heading: dict(row.findall(body)) for heading, body in zip(parts[1::2], parts[2::2], strict=True)}


COMMANDS = list(iter_commands())


@pytest.mark.parametrize(("path", "command", "group"), COMMANDS, ids=[path for path, _, _ in COMMANDS])
def test_every_command_is_documented(path: str, command: click.Command, group: click.Command | None) -> None:
    """Each has a section headed by its usage, with a row for each option that says the same as help."""
    usage = usage_of(path, command)
    assert usage in sections(), f"docs/reference/commands.md lacks a section `{usage}`"
    assert sections()[usage] == options_of(command)


def test_no_other_command_is_documented() -> None:
    """A removed command leaves the reference, too."""
    assert set(sections()) == {usage_of(path, command) for path, command, _ in COMMANDS}


def test_the_global_options_are_documented_once() -> None:
    """The table at the top says the same as help."""
    for option in list_global_options():
        assert isinstance(option, click.Option)
        record = option.get_help_record(click.Context(program))
        assert record is not None
        assert f"| `{record[0]}` | {option.help} |" in REFERENCE


@pytest.mark.parametrize(("path", "command", "group"), COMMANDS, ids=[path for path, _, _ in COMMANDS])
def test_the_tables_of_commands_tell_the_truth(
    path: str, command: click.Command, group: click.Command | None
) -> None:
    """A group's one-line help is written down so that nothing is imported. It equals the command's own first
    sentence.
    """
    assert isinstance(group, LazyGroup)
    row = group.table[path.split()[-1]]
    assert str(command.help).split("\n\n")[0].replace("\n", " ") == row.help


def test_every_exit_status_is_documented() -> None:
    """The table of statuses equals the enumeration."""
    rows = re.findall(r"^\| (\d+) \| ", REFERENCE, flags=re.MULTILINE)
    assert [int(row) for row in rows] == [int(status) for status in ExitStatus]
