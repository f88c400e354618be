"""What goes to stdout and to stderr: answers to the one, everything said on the way to the other.

Answers are lines, one JSON document, or bytes. Messages are single lines that begin with the program's name.
What surprises: JSON is always UTF-8, whatever the terminal's encoding, and a name that is no UTF-8 is written
out (``\\xff``) in it, because one such name would make the whole document unreadable for most readers.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

import click

from strandline.model.plain_words import show_plainly

PROGRAM = "strandline"

MAX_MESSAGE_LENGTH = 700
"""A message holds at most a long path and a sentence; what is longer floods a terminal."""


def write_line(line: str = "") -> None:
    """One line of an answer. The caller has made foreign names harmless."""
    _write(f"{line}\n")


def write_bytes(data: bytes) -> None:
    """Bytes of an answer, as they are."""
    _write(data)


def write_json(document: Mapping[str, object], *, is_line: bool = False) -> None:
    """One JSON document, indented for people; on a single line where documents follow each other."""
    import json  # here: --help needs none

    text = json.dumps(document, ensure_ascii=False, indent=None if is_line else 2, default=str)
    lines = (line if line.isprintable() else _escape(line) for line in text.split("\n"))
    _write(("\n".join(lines) + "\n").encode())


def _escape(json_line: str) -> str:
    """JSON leaves what is not ASCII as it is; some of that acts on terminals, and surrogates are no UTF-8."""
    return "".join(map(_escape_char, json_line))


def _escape_char(char: str) -> str:
    harmless = show_plainly(char)
    if harmless == char:
        return char
    if "\ud800" <= char <= "\udfff":
        return harmless.replace("\\", "\\\\")
    code_units = char.encode("utf-16-be").hex()
    return "".join(f"\\u{code_units[at : at + 4]}" for at in range(0, len(code_units), 4))


def say(message: str) -> None:
    """One line on stderr, from the program to a person."""
    click.echo(f"{PROGRAM}: {shorten(show_plainly(message))}", err=True)


def paint(text: str, colour: str | None = None, *, bold: bool = False) -> str:
    """The text in a colour, where stdout shows colours (and NO_COLOR does not forbid it)."""
    if not has_colours(sys.stdout):
        return text
    return click.style(text, fg=colour, bold=bold or None)


def is_terminal(stream: IO[Any] | None) -> bool:
    """Whether a person looks at the stream. It is None where the shell closed it."""
    return stream is not None and not stream.closed and stream.isatty()


def has_colours(stream: IO[Any] | None) -> bool:
    """Whether the stream shows colours."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def get_width() -> int:
    """Columns of the terminal (COLUMNS counts), for wrapping sentences; never wider than reads well."""
    import shutil  # here: --help and JSON need no width

    return max(20, min(shutil.get_terminal_size().columns, 100))


def drop_stdout() -> None:
    """Lets nothing more be written to a stdout that nobody reads; Python would complain at its end."""
    with suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)


def _write(what: str | bytes) -> None:
    """Writes and flushes.

    Raises:
        DiskError: stdout is a file that cannot take it. A reader that went away is a BrokenPipeError.
    """
    try:
        click.echo(what, nl=False)
    except BrokenPipeError:
        raise
    except OSError as error:
        from strandline.folders.disk_errors import as_disk_error

        raise as_disk_error(error, "write to", "the standard output") from error


def shorten(text: str, limit: int = MAX_MESSAGE_LENGTH) -> str:
    """At most ``limit`` characters: the beginning and the end, which say what it is about and what to do."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"
