"""``strandline help``: the help of a command, for those who type it in this order."""

from __future__ import annotations

import click

from strandline.cli.lazy_commands import Verb
from strandline.cli.session import Session
from strandline.cli.writing import PROGRAM, write_line


@click.command("help", cls=Verb)
@click.argument("words", metavar="[COMMAND]...", nargs=-1)
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
    session.answer({"help": text}, lambda: write_line(text))
