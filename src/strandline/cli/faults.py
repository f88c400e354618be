"""Internal errors: unexpected exceptions, written to a file for the people who fix them.

Nothing here may fail. If the home cannot be written to, the traceback goes to the folder for temporary files. If
that fails too, the line on stderr is all there is.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from strandline import __version__
from strandline.cli.session import Session
from strandline.errors import StrandlineError


def write_fault(error: BaseException, session: Session) -> Path | None:
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


def describe_fault(error: BaseException, details: Path | None) -> str:
    """The line for the user."""
    where = f"Details are in {details}" if details else "The details could not be written anywhere"
    what = " ".join(str(error).split())[:200]
    return f"internal error ({type(error).__name__}: {what}). {where}; please report this"
