"""Failures that are no :class:`StrandlineError`: wrong use, and internal errors.

An unexpected exception is written to a file, for the people who fix it. Nothing here may fail. If the home cannot
be written to, the traceback goes to the folder for temporary files. If that fails too, the line on stderr is all
there is.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from strandline import __version__
from strandline.cli.exit_status import ExitStatus
from strandline.cli.session import Session
from strandline.cli.writing import PROGRAM
from strandline.errors import StrandlineError


def describe_failure(error: Exception, session: Session) -> tuple[int, dict[str, object]]:
    """The exit status, and the content of ``{"error": …}``."""
    if isinstance(error, click.ClickException):
        return ExitStatus.INVALID, {"code": "usage", "message": _say_usage(error)}
    return ExitStatus.FAULT, report_fault(error, session)


def report_fault(error: BaseException, session: Session) -> dict[str, object]:
    """Writes an internal error to a file. Returns what to say about it."""
    details = _write_fault(error, session)
    return {
        "code": "fault",
        "message": _say_fault(error, details),
        "details": None if details is None else str(details),
    }


def _say_usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else PROGRAM
    message = error.format_message().rstrip(".")
    return f"{message}{'' if message.endswith('?') else ';'} `{command} --help` shows how"


def _write_fault(error: BaseException, session: Session) -> Path | None:
    """Writes the traceback to its own file in ``<home>/logs``. Returns the path, or None if no folder could be
    written.
    """
    now = datetime.now(UTC)
    text = "".join(
        [
            f"strandline {__version__}, Python {sys.version.split()[0]} on {sys.platform}, {now.isoformat()}\n",
            f"{sys.argv!r}\n\n",
            *traceback.format_exception(error),
        ]
    )
    folders = [Path(tempfile.gettempdir())]
    with suppress(StrandlineError):
        folders.insert(0, session.find_home() / "logs")
    for folder in folders:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"fault-{now:%Y%m%dT%H%M%S}-{os.getpid()}.txt"
            path.write_text(text, "utf-8", errors="backslashreplace")
            return path
    return None


def _say_fault(error: BaseException, details: Path | None) -> str:
    where = f"Details are in {details}" if details else "The details could not be written anywhere"
    what = " ".join(str(error).split())[:200]
    return f"internal error ({type(error).__name__}: {what}). {where}; please report this"
