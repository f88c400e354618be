"""Runs ``strandline`` as people do: most tests in this process, a few as a process or on a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from click.testing import CliRunner

from strandline.cli.main import main

LIMIT_S = 60
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Run:
    """How a run ended, and its output."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        """stdout as text; strict, so that wrong UTF-8 fails the test."""
        return self.stdout.decode()

    @property
    def json(self) -> Any:
        """stdout as one JSON document; strict about both encoding and syntax."""
        return json.loads(self.text)


class Terminal(io.StringIO):
    """Collects output and claims to be a terminal."""

    def isatty(self) -> bool:
        """Always true."""
        return True


@contextmanager
def terminal(*, columns: int = 80, colours: bool = False) -> Iterator[Terminal]:
    """Replaces this process's stdout by a terminal."""
    screen = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        patch.setenv("COLUMNS", str(columns))
        patch.setenv("TERM", "xterm-256color")
        patch.setenv("NO_COLOR", "" if colours else "1")
        yield screen


def run(*arguments: str | Path, stdin: bytes = b"") -> Run:
    """Runs the program in this process, with pipes for its streams."""
    with CliRunner().isolation(input=stdin) as streams:
        status = main([str(argument) for argument in arguments])
        sys.stdout.flush()
        return Run(status, streams[0].getvalue(), streams[1].getvalue().decode())


def command_line(*arguments: str | Path | bytes) -> list[str | bytes | Path]:
    """The start of a command that runs the real program with the tests' interpreter."""
    return [sys.executable, "-m", "strandline", *arguments]


def run_process(
    *arguments: str | Path | bytes, stdin: bytes = b"", environ: Mapping[str, str] = NOTHING
) -> Run:
    """Runs the real program."""
    ended = subprocess.run(
        command_line(*arguments),
        input=stdin,
        capture_output=True,
        env={**os.environ, **environ},
        timeout=LIMIT_S,
        check=False,
    )
    return Run(ended.returncode, ended.stdout, ended.stderr.decode())


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """The running real program, with both its streams to read from. Ctrl-C reaches it."""
    # A shell starts background programs with SIGINT ignored, and children inherit that, but not handlers.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        command_line(*arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=LIMIT_S)


def run_on_terminal(
    *arguments: str | Path, columns: int = 80, environ: Mapping[str, str] = NOTHING
) -> tuple[int, str]:
    """Runs the real program on a terminal. Returns its status, and everything that it sent to the terminal."""
    ours, theirs = pty.openpty()
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment = {**inherited, "COLUMNS": str(columns), "LINES": "24", "TERM": "xterm-256color", **environ}
    process = subprocess.Popen(
        command_line(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    sent = b""
    while select.select([ours], [], [], LIMIT_S)[0]:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # Linux reports this if the other side is closed
            break
        if not chunk:
            break
        sent += chunk
    os.close(ours)
    return process.wait(LIMIT_S), sent.decode().replace("\r\n", "\n")
