"""``strandline help``: the help of a command, for those who type it in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from strandline.cli.lazy_commands import LazyGroup, Verb
from strandline.cli.session import Session
from strandline.cli.writing import PROGRAM, write_plain_line

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _list_commands(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The commands that may follow the words before."""
    from click.shell_completion import CompletionItem

    from strandline.cli.program import program

    command: click.Command | None = program
    for word in context.params.get("words") or ():
        command = command.get_command(context, word) if isinstance(command, LazyGroup) else None
    rows = command.table.items() if isinstance(command, LazyGroup) else ()
    return [CompletionItem(name, help=row.help) for name, row in rows if name.startswith(incomplete)]


@click.command("help", cls=Verb)
@click.argument("words", metavar="[COMMAND]...", nargs=-1, shell_complete=_list_commands)
@click.pass_obj
def help_(session: Session, words: tuple[str, ...]) -> None:
    """Show the help of a command.

    The same as --help after the command's name.
    """
    from strandline.cli.program import program

    command: click.Command = program
    context = click.Context(program, info_name=PROGRAM, obj=session, **program.context_settings)
    for word in words:
        if not isinstance(command, click.Group):
            raise click.UsageError(f"{context.command_path!r} has no command {word!r}", context)
        name, found, _ = command.resolve_command(context, [word])
        if found is None:
            raise click.UsageError(f"{context.command_path!r} has no command {word!r}", context)
        command = found
        context = click.Context(command, parent=context, info_name=name, **command.context_settings)
    text = command.get_help(context)
    session.answer({"help": text}, lambda: write_plain_line(text))
