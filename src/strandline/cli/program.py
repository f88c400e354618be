"""The root group of the commands, and one run of it by click."""

from __future__ import annotations

import os

import click

from strandline.cli.exit_status import ExitStatus
from strandline.cli.lazy_commands import LazyGroup
from strandline.cli.overview import (
    COMMANDS,
    COMPLETION_VARIABLE,
    EXIT_STATUSES,
    OPTIONS,
    PURPOSE,
    VERSION,
    WELCOME,
    format_help,
)
from strandline.cli.session import Session
from strandline.cli.writing import MAX_WIDTH, PROGRAM, write_line


class Program(LazyGroup):
    """The group of all commands."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The same help that the program shows without click."""
        formatter.write(format_help(formatter.width))


def _show_version(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        write_line(VERSION)
        context.exit()


@click.group(
    cls=Program,
    table=COMMANDS,
    invoke_without_command=True,
    help=PURPOSE,
    epilog=EXIT_STATUSES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": MAX_WIDTH},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help=OPTIONS["--version"],
)
@click.pass_context
def program(context: click.Context) -> None:
    """Runs if no command is given."""
    if context.invoked_subcommand is None:
        document = {"commands": {name: row.help for name, row in COMMANDS.items()}}
        context.ensure_object(Session).answer(document, lambda: write_line(WELCOME))


def run_program(session: Session, arguments: list[str]) -> int:
    """Runs one command, or answers the shell that asks for completions. Returns the exit status.

    Raises:
        click.ClickException: The arguments are wrong.
    """
    if instruction := os.environ.get(COMPLETION_VARIABLE):
        from click.shell_completion import shell_complete

        if instruction.endswith("_complete") and not {"COMP_WORDS", "COMP_CWORD"} <= os.environ.keys():
            raise click.UsageError(f"the shell did not say what to complete; unset {COMPLETION_VARIABLE}")
        return shell_complete(program, {"obj": session}, PROGRAM, COMPLETION_VARIABLE, instruction)
    try:
        with program.make_context(PROGRAM, arguments, obj=session) as context:
            return program.invoke(context) or ExitStatus.DONE
    except click.exceptions.Exit as end:
        return end.exit_code
