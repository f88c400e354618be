"""The log on stderr: the library's messages, one line each.

A command shows warnings only, as messages to a person. ``serve`` and ``watch`` run for months: they choose a level,
and each line has its time and level. If stderr is systemd's journal, which notes both itself, a line begins with the
priority that the journal reads (``<4>``) instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from strandline.cli.writing import say, shorten, write_message
from strandline.model.log_levels import LOG_LEVELS, choose_log_level
from strandline.model.plain_words import show_plainly

if TYPE_CHECKING:
    import logging

_Command = TypeVar("_Command", bound=Callable[..., Any])

_PRIORITIES = dict(zip(LOG_LEVELS, (3, 4, 6, 7), strict=True))
"""Of syslog, which the journal knows too (sd-daemon(3))."""


def log_options(command: _Command) -> _Command:
    """Adds ``-v`` and ``-q``."""
    quiet = click.option("-q", "--quiet", is_flag=True, help="Log errors only.")
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
    _send(choose_log_level(setting, verbose, quiet), _write_to_journal if _is_journal() else _write_with_time)


def _send(level: str, write: Callable[[logging.LogRecord], None]) -> None:
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
    write_message(head + shorten(show_plainly(message)))


def _is_journal() -> bool:
    """Whether stderr itself goes to the journal; a child that sends it elsewhere inherits the variable, too."""
    with suppress(OSError, ValueError, AttributeError):
        stderr = os.fstat(sys.stderr.fileno())
        return os.environ.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}"
    return False
