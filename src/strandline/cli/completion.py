"""``strandline completion``: the script that lets a shell complete commands, options, and storage directories."""

from __future__ import annotations

import click

from strandline.cli.lazy_commands import Verb
from strandline.cli.overview import COMPLETION_VARIABLE
from strandline.cli.session import Session
from strandline.cli.writing import PROGRAM, write_line


@click.command("completion", cls=Verb)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def completion(session: Session, shell: str) -> None:
    """Print the shell's completion script.

    \b
    bash  strandline completion bash > ~/.local/share/bash-completion/completions/strandline
    zsh   strandline completion zsh > "${fpath[1]}/_strandline"
    fish  strandline completion fish > ~/.config/fish/completions/strandline.fish
    """
    from click.shell_completion import get_completion_class

    from strandline.cli.program import program

    maker = get_completion_class(shell)
    assert maker is not None
    script = maker(program, {}, PROGRAM, COMPLETION_VARIABLE).source()
    session.answer({"shell": shell, "script": script}, lambda: write_line(script))
