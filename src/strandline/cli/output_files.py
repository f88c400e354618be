"""Where ``-o`` writes: a file that appears whole or not at all, one in a folder, a device, or stdout."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import click

from strandline.cli.arguments import GivenPath
from strandline.cli.session import Session
from strandline.cli.writing import write_bytes

STDOUT = "-"

output_option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=GivenPath(allow_dash=True),  # an existing file is replaced, never read
    help="Write to this file or into this folder; - is stdout, even if it is a terminal.",
)

_CHUNK_BYTES = 1 << 20


def check_output(output: str | None) -> None:
    """Refuses a target in a folder that does not exist, before anything is done.

    Raises:
        click.UsageError: It is one.
    """
    if output is None or output == STDOUT:
        return
    if output.endswith(os.sep) and not Path(output).is_dir():
        raise click.UsageError(f"there is no folder {output} to write to")
    if not Path(os.path.realpath(output)).parent.is_dir():
        raise click.UsageError(f"there is no folder {Path(output).parent} to write to")


def write_to(
    session: Session, output: str | None, filename: str, source: BinaryIO, *, is_private: bool = False
) -> Path | None:
    """Writes the bytes to the ``-o`` target. Returns the file's path, or None for stdout.

    If it is private, nobody else may read the file.

    Raises:
        DiskError: They could not be written. A file that was there is as it was.
    """
    if output in (None, STDOUT):
        while chunk := source.read(_CHUNK_BYTES):
            write_bytes(chunk)
        return None
    target = Path(os.path.realpath(output))  # keep a link: write to its target
    if target.is_dir():
        target /= filename
    if _is_special(target):
        _write_into(target, source)
    else:
        _write_whole(session, target, source, is_private)
    return target


def _is_special(target: Path) -> bool:
    """True for devices and FIFOs (``/dev/null``). They are written to, never replaced."""
    with suppress(OSError):
        mode = target.stat().st_mode
        return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
    return False


def _write_into(target: Path, source: BinaryIO) -> None:
    from strandline.folders.disk_errors import disk_errors

    with disk_errors("write", target), target.open("wb") as sink:
        while chunk := source.read(_CHUNK_BYTES):
            sink.write(chunk)


def _write_whole(session: Session, target: Path, source: BinaryIO, is_private: bool) -> None:
    from strandline.folders.saving import SaveMode, write_whole

    scratch = session.find_home() / "scratch"
    write_whole(
        target.parent, target.name, source, scratch=scratch, mode=SaveMode.REPLACE, is_private=is_private
    )
