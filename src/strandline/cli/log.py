"""The log on stderr: the library's messages, one line each.

A command shows warnings only, as messages to a person. ``serve`` and ``watch`` run for months: they choose a level,
and each line has its time and level. If stderr is systemd's journal, which notes both itself, a line begins with the
priority that the journal reads (``<4>``) instead.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from strandline import __version__
from strandline.cli.writing import complete_commands, is_terminal, say, shorten, write_message
from strandline.model.log_levels import LOG_LEVELS, choose_log_level
from strandline.model.plain_words import show_plainly

if TYPE_CHECKING:
    import logging

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Write = Callable[["logging.LogRecord"], None]

EVENTS = "strandline.runtime.event_log"
"""The logger that writes events."""

REPEATED_AFTER_S = 600.0
"""A message that comes again and again is written this often."""

MESSAGES_REMEMBERED = 1000
"""Different messages. The one that came longest ago is forgotten first."""

_PRIORITIES = dict(zip(LOG_LEVELS, (3, 4, 6, 7), strict=True))
"""Of syslog, which the journal knows too (sd-daemon(3))."""


def log_options(command: _Command) -> _Command:
    """Adds ``-v`` and ``-q``."""
    quiet = click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors on stderr.")
    verbose = click.option(
        "-v", "--verbose", count=True, help="Log one level more than the setting log.level, two with -vv."
    )
    return verbose(quiet(command))


def say_warnings() -> None:
    """Sends the library's warnings to stderr, one per line. Idempotent."""
    _send("warning", lambda record: say(record.getMessage()))


def begin_log(setting: str, verbose: int, quiet: bool) -> None:
    """Sends the library's messages to stderr as the log of a daemon, from the chosen level on.

    Args:
        setting: The value of ``log.level``.
        verbose: How often ``-v`` was given.
        quiet: ``-q`` was given.
    """
    write = _write_to_journal if _is_journal() else _write_with_time
    _send(choose_log_level(setting, verbose, quiet), _without_repeats(write))


@contextmanager
def logging_life(command: str, setting: str, verbose: int, quiet: bool) -> Iterator[None]:
    """A line when the block begins and one when it ends, with the version. None on a terminal, and none if only
    errors are logged. The parameters are those of :func:`begin_log`.

    A log is read months later. Then it says which program wrote a line, and whether a silence was an end.
    """
    if choose_log_level(setting, verbose, quiet) == "error" or is_terminal(sys.stderr):
        yield
        return
    import logging

    def tell(what: str) -> None:
        message = f"strandline {command}, version {__version__}, {what}"
        write = _write_to_journal if _is_journal() else _write_with_time
        write(logging.LogRecord(__name__, logging.INFO, __file__, 0, message, None, None))

    tell("begins")
    try:
        yield
    finally:
        tell("ends")


def _without_repeats(write: _Write) -> _Write:
    """Writes a message that comes again at most every ten minutes, and then says how often it came.

    What fails at each try, such as a full disk, would otherwise fill the log, which is often on the same disk. An
    event is always written: a folder that goes offline twice did so twice.
    """
    seen: dict[str, tuple[float, int]] = {}  # when it was written, and how often it came since

    def write_some(record: logging.LogRecord) -> None:
        if record.name == EVENTS:
            write(record)
            return
        key = f"{record.levelno} {record.getMessage()} {record.exc_info and record.exc_info[1]!r}"
        written_s, times = seen.pop(key, (-math.inf, 0))
        if record.created - written_s < REPEATED_AFTER_S:
            seen[key] = (written_s, times + 1)
            return
        seen[key] = (record.created, 0)
        if len(seen) > MESSAGES_REMEMBERED:
            del seen[next(iter(seen))]
        if times:
            record.msg, record.args = (
                f"{record.getMessage()} ({times + 1:,} times since the last such line)",
                None,
            )
        write(record)

    return write_some


def _send(level: str, write: _Write) -> None:
    import logging  # here: not needed for --help and usage errors

    class Writer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            write(record)

    log = logging.getLogger("strandline")
    log.handlers = [Writer(level.upper())]
    log.setLevel(min(logging.WARNING, log.handlers[0].level))


def _write_with_time(record: logging.LogRecord) -> None:
    now = datetime.fromtimestamp(record.created).astimezone()
    _write(f"{now:%Y-%m-%dT%H:%M:%S%z} {record.levelname.lower():<7} ", record)


def _write_to_journal(record: logging.LogRecord) -> None:
    _write(f"<{_PRIORITIES.get(record.levelname.lower(), 3)}>", record)


def _write(head: str, record: logging.LogRecord) -> None:
    message = record.getMessage()
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        message = f"{message}: {type(error).__name__}: {error}"
    write_message(head + shorten(complete_commands(show_plainly(message))))


def _is_journal() -> bool:
    """Whether stderr itself goes to the journal; a child that sends it elsewhere inherits the variable, too."""
    with suppress(OSError, ValueError, AttributeError):
        stderr = os.fstat(sys.stderr.fileno())
        return os.environ.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}"
    return False
