"""Commands that are imported when they run: groups know names and one-line help texts, but no modules.

Importing every command would slow down each start. So a group has a table, and a test checks that its help texts
equal those of the commands. Options of all commands (``--json``, ``--home``, ``--local``) work before and after the
command's name, so each command and group gets them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from strandline.cli.overview import OPTIONS, Row
from strandline.cli.session import Session
from strandline.cli.writing import shorten, write_plain_line
from strandline.model.plain_words import show_plainly


def _set_json(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Session).json = True


def _set_home(context: click.Context, _option: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Session).choose_home(value)


def _set_local(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Session).is_local = True


def list_global_options() -> list[click.Parameter]:
    """The options that every command takes."""
    return [
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            callback=_set_json,
            help=OPTIONS["--json"],
        ),
        click.Option(
            ["--home"],
            type=click.Path(path_type=str, file_okay=False, readable=False),  # opening it reports the error
            metavar="DIR",
            expose_value=False,
            callback=_set_home,
            help=OPTIONS["--home DIR"],
        ),
        click.Option(
            ["--local"],
            is_flag=True,
            expose_value=False,
            callback=_set_local,
            help=OPTIONS["--local"],
        ),
    ]


NEAR = 0.65
"""How like a known word another must be to be taken for it: ``gte`` for ``get``, ``bogus`` not for ``columns``."""


def _show_help(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        write_plain_line(context.get_help())
        context.exit()


class _Helpful(click.Command):
    """Its help goes to stdout as every answer does, and every mistake in its arguments names its help."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Click does not know the command of an option without its value."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Click's own option, which writes the help with ours."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
        return option


class Verb(_Helpful):
    """A command with the global options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(list_global_options())

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples, and where the exit statuses are listed."""
        _write_examples(ctx, formatter)


def _write_examples(ctx: click.Context, formatter: click.HelpFormatter) -> None:
    from strandline.cli.examples import EXAMPLES, EXIT_STATUS_HINT  # here: only for help

    _, _, name = ctx.command_path.partition(" ")
    with formatter.section("Examples"):
        for line in EXAMPLES.get(name, ()):
            formatter.write(f"{'':{formatter.current_indent}}{line}\n")
    formatter.write_paragraph()
    formatter.write(click.wrap_text(EXIT_STATUS_HINT, formatter.width) + "\n")


class LazyGroup(_Helpful, click.Group):
    """A group of commands with the global options. Imports a command when it is first needed."""

    def __init__(self, *args: Any, table: Mapping[str, Row], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.no_args_is_help = False  # the table has its short help, too
        self.table = table
        self.params.extend(list_global_options())

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click gives it
        """In the order of the table: the most common commands come first."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Imports the command; None if there is none of that name."""
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name].place.partition(":")
        command = getattr(import_module(f"strandline.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command and its arguments. For a wrong name, the error suggests the likely right one."""
        name = args[0]
        if name not in self.table and not name.startswith("-") and not ctx.resilient_parsing:
            import difflib  # here: needed only after a mistake

            near = difflib.get_close_matches(name[:40], self.table, n=1, cutoff=NEAR)
            hint = f"; did you mean {near[0]}?" if near else ""
            ctx.fail(f"there is no command {shorten(show_plainly(name), 60)!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples, and where the exit statuses are listed. The program's own help lists them instead."""
        if self.epilog:
            super().format_epilog(ctx, formatter)
        else:
            _write_examples(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table, in its own order."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.help) for name, row in self.table.items()])

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Names from the table, then options."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=row.help)
            for name, row in self.table.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)
