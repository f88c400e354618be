"""A fresh account that commands from a page are typed into: an empty home, and ``strandline`` on its path.

Programs that change the machine are replaced by ones that only note how they were called, so a page about them can
be typed as it is.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

PROJECT = Path(__file__).parents[2]
LIMIT_S = 60

NOTED = ("brew", "launchctl", "loginctl", "pipx", "sudo", "systemctl")
"""Programs that are not ours, and that a test must not run."""


def list_blocks(page: str) -> list[tuple[str, str]]:
    """Language and text of each code block of a page, in order."""
    tokens = MarkdownIt().parse((PROJECT / page).read_text())
    return [(token.info, token.content) for token in tokens if token.type == "fence"]


class Step(NamedTuple):
    """A command on a page, and what the page says that it prints."""

    command: str
    answer: str


def list_steps(page: str) -> list[Step]:
    """Everything to type on a page, in order, with the answers."""
    steps = []
    for language, text in list_blocks(page):
        if language == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, answer = part.partition("\n")
                steps.append(Step(command, answer))
    return steps


def list_typed(page: str) -> list[str]:
    """What a page's ``console`` blocks say to type, one command each."""
    return [
        line.removeprefix("$ ")
        for language, text in list_blocks(page)
        if language == "console"
        for line in text.replace("\\\n", "").splitlines()
        if line.startswith("$ ")
    ]


class Account:
    """The home of somebody who has just installed Strandline, in a checkout of it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "ada"
        self.calls = folder / "calls"
        programs = folder / "bin"
        for path in (self.home, programs):
            path.mkdir()
        self.calls.touch()
        _write_program(programs / "strandline", f'exec {shlex.quote(sys.executable)} -m strandline "$@"')
        for name in NOTED:
            _write_program(programs / name, f'echo {name} "$@" >> {shlex.quote(str(self.calls))}')
        self.environment = {
            "HOME": str(self.home),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "BROWSER": "true",
        }

    @contextmanager
    def serving(self, command: str) -> Iterator[str]:
        """The address of the server that the command starts, on a free port. It ends with the block."""
        with subprocess.Popen(
            ["bash", "-c", f"exec {command} --port 0"],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as server:
            assert server.stdout is not None
            try:
                yield server.stdout.readline().strip()
            finally:
                server.terminate()

    def type(self, commands: Sequence[str]) -> str:
        """Types the commands one after another into one shell, which stops at the first that fails. Returns what they
        print.
        """
        script = "set -eu -o pipefail\n" + "\n".join(commands)
        run = subprocess.run(
            ["bash", "-c", script],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert run.returncode == 0, f"{script}\n{run.stdout}{run.stderr}"
        return run.stdout + run.stderr

    def list_calls(self) -> list[str]:
        """How the programs that were only noted were called."""
        return self.calls.read_text().splitlines()


def _write_program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
