"""``strandline completion``: the script that lets a shell complete commands, options, and storage directories."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, get_completion_class

from strandline.cli.lazy_commands import Verb
from strandline.cli.overview import COMPLETION_VARIABLE
from strandline.cli.session import Session
from strandline.cli.writing import PROGRAM, write_line


class _Bash(BashComplete):
    """Click's own script inserts a name with blanks or a ``$`` as it is. This one quotes it."""

    source_template = r"""
%(complete_func)s() {
    local line type value response
    mapfile -t response < <(
        IFS=$'\n'
        env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete "$1"
    )
    for line in "${response[@]}"; do
        IFS=, read -r type value <<< "$line"
        if [[ $type == dir ]]; then
            compopt -o dirnames
        elif [[ $type == file ]]; then
            compopt -o default
        elif [[ ${COMP_WORDS[COMP_CWORD]} == \"* ]]; then
            COMPREPLY+=("$(sed 's/[\"$`]/\\&/g' <<< "$value")")
        elif [[ ${COMP_WORDS[COMP_CWORD]} == \'* ]]; then
            COMPREPLY+=("$(sed "s/'/'\\\\''/g" <<< "$value")")
        else
            value=$(printf %%q "$value")
            COMPREPLY+=("${value//\\,/,}")
        fi
    done
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


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
    from strandline.cli.program import program

    maker = _Bash if shell == "bash" else get_completion_class(shell)
    assert maker is not None
    script = maker(program, {}, PROGRAM, COMPLETION_VARIABLE).source()
    session.answer({"shell": shell, "script": script}, lambda: write_line(script))
