"""Output: answers go to stdout, and all other messages to stderr.

Answers are lines, one JSON document, or bytes. Messages are single lines that begin with the program's name.
JSON is always UTF-8, whatever the terminal's encoding. A name that is not UTF-8 is escaped in it (``\\xff``), because
one such name would make the whole document unreadable for most readers.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

from strandline.errors import StrandlineError
from strandline.model.plain_words import show_plainly

PROGRAM = "strandline"

MAX_MESSAGE_LENGTH = 700
"""Enough for a long path and a sentence. More would flood a terminal."""

MAX_WIDTH = 100
"""Columns of text. Longer lines are hard to read."""


MAX_WORD_LENGTH = 4
"""A file of so short a name (``a``, ``-``) may only seem to be named in a message: it must stand where names do."""


_home: str | None = None
"""The ``--home`` of this run, which commands in messages get, too."""

_offers_local = False
"""Whether commands in messages get ``--local``. One run of the program has one catalog."""

_OFFERED = re.compile(rf"((?:`|\| ){PROGRAM} )(--local )?(?!--home |[^`|]*--help[`|])")
"""The beginning of a command that a message offers, also after a pipe. Help is the same for all homes."""


def offer_commands_for(home: str | None) -> None:
    """From now on, commands that a line for people offers are for the home that ``--home`` gave, or name none."""
    global _home
    _home = home


def offer_local_commands(is_local: bool) -> None:
    """From now on, commands that a line for people offers are for this machine's own catalog, or are not."""
    global _offers_local
    _offers_local = is_local


def complete_commands(text: str) -> str:
    """With ``--home`` and ``--local`` in the commands that it offers, if this run has them: otherwise they would work
    on another catalog.
    """
    if _home is None and not _offers_local:
        return text
    home = "" if _home is None else f"--home {_say_home(_home)} "
    return _OFFERED.sub(
        lambda found: f"{found[1]}{home}{'--local ' if _offers_local else found[2] or ''}", text
    )


def _say_home(given: str) -> str:
    """The home as a word for a shell. A command is pasted later, and elsewhere."""
    import shlex  # here: most commands offer none

    given = os.path.expanduser(given)
    with suppress(OSError):  # the current folder is gone
        given = os.path.join(os.getcwd(), given)
    return shlex.quote(show_plainly(given))


def write_line(line: str = "") -> None:
    """Writes one line of output. The caller must have escaped foreign names."""
    _write(f"{complete_commands(line)}\n")


def write_plain_line(line: str) -> None:
    """Like :func:`write_line`, for text without colors. Does not need click, whose import takes long."""
    with _refusals_of_stdout():
        print(line, flush=True)  # noqa: T201


def write_bytes(data: bytes) -> None:
    """Writes bytes unchanged."""
    _write(data)


def write_json(document: Mapping[str, object], *, is_line: bool = False) -> None:
    """Writes one JSON document: indented for people, or on a single line if several documents follow each other."""
    _write(format_json(document, is_line=is_line))


def format_json(document: Mapping[str, object], *, is_line: bool = False) -> bytes:
    """What :func:`write_json` writes."""
    import json  # here: not needed for --help

    text = json.dumps(document, ensure_ascii=False, indent=None if is_line else 2, default=str)
    lines = (line if line.isprintable() else _escape(line) for line in text.split("\n"))
    return ("\n".join(lines) + "\n").encode()


class ListEndedError(Exception):
    """A list in JSON that has fewer items than it should. The document has said why."""

    def __init__(self, error: StrandlineError) -> None:
        super().__init__(error.message)
        self.error = error


def write_json_list(head: Mapping[str, object], name: str, items: Iterable[Mapping[str, object]]) -> None:
    """Writes ``head`` with one more key ``name``, a list, at its end; otherwise like :func:`write_json`.

    Writes one item after the other, so the list may be larger than memory. If an error ends it, ``error`` is the last
    key.

    Raises:
        StrandlineError: Before the first item. Nothing was written.
        ListEndedError: After it.
    """
    import json

    def format_json(value: object, depth: int) -> str:
        text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
        lines = (line if line.isprintable() else _escape(line) for line in text.split("\n"))
        return ("\n" + "  " * depth).join(lines)

    rest = iter(items)
    failed: StrandlineError | None = None
    item = next(rest, None)
    start = "".join(f"  {format_json(key, 0)}: {format_json(value, 1)},\n" for key, value in head.items())
    end = "]" if item is None else "\n  ]"
    _write(f"{{\n{start}  {format_json(name, 0)}: [".encode())
    while item is not None:
        _write(f"\n    {format_json(item, 2)}".encode())
        try:
            item = next(rest, None)
        except StrandlineError as error:
            item, failed = None, error
            end += f',\n  "error": {format_json(error.to_json(), 1)}'
        if item is not None:
            _write(b",")
    _write(f"{end}\n}}\n".encode())
    if failed is not None:
        raise ListEndedError(failed)


def _escape(json_line: str) -> str:
    """Escapes what JSON allows unescaped: control characters can act on a terminal, and surrogates are not UTF-8."""
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
    """Writes one line on stderr for a person."""
    write_message(f"{PROGRAM}: {shorten(complete_commands(show_plainly(message)))}")


def write_message(line: str) -> None:
    """Writes one line on stderr as it is. Nobody can be told if that fails, so it never raises."""
    import click

    try:
        click.echo(line, err=True)
    except OSError:
        _drop(sys.stderr)


def say_about(subject: str, message: str) -> None:
    """Writes one line about something. The message often names it already, and nobody wants to read a name twice."""
    say(message if not subject or _is_named(subject, message) else f"{subject}: {message}")


def _is_named(subject: str, message: str) -> bool:
    """Whether the message already says what it is about. No article or word stands where a short name would."""
    if len(subject) > MAX_WORD_LENGTH:
        return subject in message
    places = (f" {subject};", f" {subject}:", f" {subject}, ", f"({subject})", repr(subject))
    return message.startswith(f"{subject} ") or any(place in message for place in places)


def paint(text: str, colour: str | None = None, *, bold: bool = False) -> str:
    """Colors the text if stdout shows colors and NO_COLOR is not set."""
    if not has_colours(sys.stdout):
        return text
    import click

    return click.style(text, fg=colour, bold=bold or None)


def asks_a_person() -> bool:
    """Whether a question reaches a person who can answer it."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def is_terminal(stream: IO[Any] | None) -> bool:
    """Whether the stream is a terminal. The stream is None if the shell closed it."""
    return stream is not None and not stream.closed and stream.isatty()


def has_colours(stream: IO[Any] | None) -> bool:
    """Whether the stream shows colors."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def get_width() -> int:
    """Columns of the terminal (or COLUMNS), for wrapping text; limited to a width that reads well."""
    import shutil  # here: not needed for JSON

    return max(20, min(shutil.get_terminal_size().columns, MAX_WIDTH))


def drop_stdout() -> None:
    """Discards what is left for a stdout that takes nothing. Otherwise Python would report an error at exit."""
    _drop(sys.stdout)


def _drop(stream: IO[Any]) -> None:
    with suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
        os.close(devnull)


def _write(what: str | bytes) -> None:
    """Writes and flushes."""
    import click  # here: not needed for --help

    with _refusals_of_stdout():
        click.echo(what, nl=False)


@contextmanager
def _refusals_of_stdout() -> Iterator[None]:
    """Turns what a write to stdout raises into our own errors, and discards what is written later.

    Raises:
        DiskError: stdout is a file and its disk refuses, or the shell has closed it (``>&-``). (If stdout is a closed
            pipe, BrokenPipeError passes.)
    """
    try:
        if sys.stdout is None:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for all that is written later
            raise _closed_stdout()
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        from strandline.folders.disk_errors import as_disk_error

        drop_stdout()
        raise as_disk_error(error, "write to", "the standard output") from error


def _closed_stdout() -> Exception:
    from strandline.errors import DiskError

    return DiskError("the standard output is closed (>&-); send it to a file, or to /dev/null", errno="EBADF")


def shorten(text: str, limit: int = MAX_MESSAGE_LENGTH) -> str:
    """Cuts to ``limit`` characters. Keeps the beginning (what happened) and the end (what to do)."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"
