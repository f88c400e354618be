"""Parses command lines with the program's own parser, without running anything."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import click

from strandline.cli.lazy_commands import LazyGroup
from strandline.cli.program import program
from strandline.cli.session import Session


def iter_commands(
    group: LazyGroup = program, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Every command and group of commands, with its name as the user types it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*path, name)), command
        if isinstance(command, LazyGroup):
            yield from iter_commands(command, (*path, name))


def parse(words: Sequence[str]) -> None:
    """Parses what follows ``strandline`` on a command line, down to the last option.

    Raises:
        click.UsageError: The program would refuse it as wrong use.
    """
    command: click.Command = program
    with ExitStack() as contexts:
        context = contexts.enter_context(program.make_context("strandline", list(words), obj=Session()))
        while isinstance(command, click.Group):
            rest = [*context._protected_args, *context.args]
            if not rest:
                return
            name, found, rest = command.resolve_command(context, rest)
            assert found is not None
            command = found
            context = contexts.enter_context(command.make_context(name, rest, parent=context))
        needs_ids = any(
            each.metavar == "ID..." for each in command.params if isinstance(each, click.Argument)
        )
        if needs_ids and not context.params["texts"] and not context.params["files"]:
            raise click.UsageError("ids are missing")  # the program says so when it runs the command


def list_invocations(line: str) -> Iterator[list[str]]:
    """The runs of the program in a line of a shell: what comes before redirections, pipes, and ``&&``."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.wordchars += ":@"  # of addresses
    words = list(lexer)
    command: list[str] = []
    for word in [*words, ";"]:
        if word[0] in ";|&<>":
            if command[:1] == ["strandline"]:
                yield command[1:]
            command = []
        else:
            command.append(word)
