"""What the shell completes: names that need quotes, files, settings, columns, and commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.program import LIMIT_S, run, run_process

NAME = 'My $Big* "Notes", it\'s {a,b}'


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("config set log.l", {"plain,log.level"}),
        ("config unset trash.g", {"plain,trash.grace_days"}),
        ("ls --columns ta", {"plain,taken"}),
        ("ls --columns id,type,ta", {"plain,id,type,taken"}),
        ("help trash re", {"plain,restore"}),
        ("help conf", {"plain,config", "plain,conflicts"}),
        ("info Vault/img/wi", {"file,Vault/img/wi"}),
        ("delete ab", {"file,ab"}),
        ("copy --files-from li", {"file,li"}),
    ],
)
def test_the_program_offers(home: Path, words: str, offered: set[str]) -> None:
    """What may stand there, with the kind of it. Nothing is created."""
    line = f"strandline {words}"
    asked = {
        "_STRANDLINE_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)
    }  # fmt: skip
    assert set(run_process(environ=asked).text.splitlines()) == offered
    assert list(home.iterdir()) == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("begun", ["M", "'M", '"M', r"My\ "])
def test_bash_inserts_a_name_that_it_reads_as_one_word(made: CommandHome, tmp_path: Path, begun: str) -> None:
    """Quoted as the word is that was begun. What is inserted means the name, whatever is in the folder."""
    root = made.make_storage_dir(is_added=False)
    assert run("sd", "add", root, "--name", NAME).status == 0
    program = tmp_path / "strandline"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m strandline "$@"\n')
    program.chmod(0o755)
    script = tmp_path / "script"
    script.write_text(run("completion", "bash").text)
    code = (
        'source "$1"; COMP_WORDS=(strandline ls --sd "$2"); COMP_CWORD=3; _strandline_completion strandline\n'
        "case $2 in [\\\"\\']*) quote=${2:0:1} ;; esac\n"
        'eval "printf %s $quote${COMPREPLY[0]}$quote"; echo; echo ${#COMPREPLY[@]}'
    )
    answer = subprocess.run(
        ["bash", "--norc", "-c", code, "bash", script, begun],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert (answer.stdout, answer.stderr) == (f"{NAME}\n1\n", "")
