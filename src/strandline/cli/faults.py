"""Failures that are no :class:`StrandlineError`: wrong use, a library that was removed, and internal errors.

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
from strandline.cli.exit_status import ExitStatus, exit_status_of
from strandline.cli.lazy_commands import NEAR
from strandline.cli.session import Session
from strandline.cli.writing import PROGRAM, shorten
from strandline.errors import RefusedError, SourceNotFoundError, StrandlineError
from strandline.extras import CORE, missing_error


def describe_failure(error: Exception, session: Session) -> tuple[int, dict[str, object]]:
    """The exit status, and the content of ``{"error": …}``.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed at a question. (The end of input there is a no.)
    """
    if isinstance(error, click.Abort):
        if not isinstance(error.__context__, EOFError):
            raise KeyboardInterrupt from error
        refused = RefusedError("there was no answer, so nothing was done")
        return exit_status_of(refused), refused.to_json()
    if isinstance(error, click.ClickException):
        return ExitStatus.INVALID, {"code": "usage", "message": _say_usage(error)}
    if isinstance(error, ModuleNotFoundError) and error.name in CORE.modules:
        lack = missing_error(CORE, error.name)
        return exit_status_of(lack), lack.to_json()
    if isinstance(error, FileNotFoundError) and _is_nowhere():
        gone = SourceNotFoundError(
            "the folder that you are in was removed, so no relative path leads anywhere; change to another folder"
        )
        return exit_status_of(gone), gone.to_json()
    return ExitStatus.FAULT, report_fault(error, session)


def _is_nowhere() -> bool:
    """Whether the current folder is gone. Whatever makes a path absolute fails then."""
    try:
        return not os.getcwd()
    except FileNotFoundError:
        return True


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
    if context and context.command.hidden:
        context = context.parent  # what is hidden is the group's own form, as in `inspect SD`
    command = context.command_path if context else PROGRAM
    message = _word_usage(error)
    return f"{message}{'' if message.endswith('?') else ';'} `{command} --help` shows how"


def _word_usage(error: click.ClickException) -> str:
    """What was wrong, in the words of all our messages, where click has some of its own."""
    if isinstance(error, click.NoSuchOption):
        return _say_no_option(error)
    if isinstance(error, click.MissingParameter):
        if error.param is not None and isinstance(error.param.type, click.Choice):
            return f"give one of {', '.join(error.param.type.choices)}"
    elif isinstance(error, click.BadParameter):
        subject = " / ".join(error.param.opts) if isinstance(error.param, click.Option) else ""
        return f"{subject}: {error.message}".removeprefix(": ").rstrip(".")
    message = error.format_message().rstrip(".")
    return message[:1].lower() + message[1:]


def _say_no_option(error: click.NoSuchOption) -> str:
    import difflib

    given = error.option_name.lstrip("-")
    known = [] if error.ctx is None else [opt for param in error.ctx.command.params for opt in param.opts]
    names = {opt.lstrip("-"): opt for opt in known if opt.startswith("--")}
    near = difflib.get_close_matches(given[:40], names, n=1, cutoff=NEAR)
    hint = f"; did you mean {names[near[0]]}?" if near else ""
    return f"there is no option {shorten(error.option_name, 60)}{hint}"


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
    folders = []
    with suppress(StrandlineError):
        folders.append(session.find_home() / "logs")
    with suppress(OSError):
        folders.append(Path(tempfile.gettempdir()))
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
