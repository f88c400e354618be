"""Where ``-o`` writes: a file that appears whole or not at all, some in a folder, a device, a pipe, or stdout."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import click

from strandline.cli.arguments import GivenPath
from strandline.cli.session import Session
from strandline.cli.writing import write_bytes

STDOUT = "-"

_STDOUT_PATHS = frozenset({"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})

_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/(?:fd/([0-9]{1,6})|stderr)")
"""What a shell has opened for the command: ``/dev/fd/63`` is what bash makes of ``>(…)``."""


class OutputPath(GivenPath):
    """A path to write to. Each path of stdout is the same as ``-``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path as it was typed, or ``-``."""
        return STDOUT if value in _STDOUT_PATHS else super().convert(value, param, ctx)


output_option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=OutputPath(allow_dash=True),  # an existing file is replaced, never read
    help="Write to this file or into this folder; - is stdout, even if it is a terminal.",
)

_CHUNK_BYTES = 1 << 20


def check_output(output: str | None) -> None:
    """Refuses a target in a folder that does not exist, or that no shell has opened, before anything is done.

    Raises:
        click.UsageError: It is one.
    """
    if output is None or output == STDOUT or _find_descriptor(output) is not None or _is_special(output):
        return
    if output.endswith(os.sep) and not os.path.isdir(output):
        raise click.UsageError(f"there is no folder {output} to write to")
    if not os.path.isdir(Path(os.path.realpath(output)).parent):
        raise click.UsageError(f"there is no folder {Path(output).parent} to write to")


def write_to(
    session: Session, output: str | None, filename: str, source: BinaryIO, *, is_private: bool = False
) -> Path | None:
    """Writes the bytes to the ``-o`` target. Returns the file's path, or None for stdout. What has the name is
    replaced, also in a folder.

    If it is private, nobody else may read the file.

    Raises:
        DiskError: They could not be written. A file that was there is as it was.
    """
    if output in (None, STDOUT):
        while chunk := source.read(_CHUNK_BYTES):
            write_bytes(chunk)
        return None
    if (descriptor := _find_descriptor(output)) is not None:
        _write_into(output, os.dup(descriptor), source)
        return Path(output)
    if _is_special(output):  # before links are followed: that of a pipe leads nowhere
        _write_into(output, output, source)
        return Path(output)
    target = Path(os.path.realpath(output))  # keep a link: write to its target
    if os.path.isdir(target):  # unlike Path.is_dir, also if the path is too long
        target /= filename
    _write_whole(session, target, source, is_private)
    return target


def writing_many(session: Session, output: str | None) -> Callable[[str, BinaryIO], Path | None]:
    """What writes images to the ``-o`` target, as :func:`write_to` does. In a folder, nothing is replaced: a taken
    name gets a number.
    """
    if output in (None, STDOUT) or not os.path.isdir(output):
        return partial(write_to, session, output)
    from strandline.folders.export_folder import TargetFolder

    return TargetFolder(Path(os.path.realpath(output)), session.find_home() / "scratch").add


def _is_special(target: str) -> bool:
    """True for devices and FIFOs (``/dev/null``). They are written to, never replaced."""
    with suppress(OSError):
        mode = os.stat(target).st_mode
        return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
    return False


def _find_descriptor(output: str) -> int | None:
    """The descriptor that the path stands for, if it is one that the shell has opened for us. None for other paths.

    Raises:
        click.UsageError: The shell has not.
    """
    found = _DESCRIPTOR.fullmatch(output)
    if found is None or os.name != "posix":
        return None
    descriptor = int(found[1] or 2)
    with suppress(OSError):
        if os.get_inheritable(descriptor):  # those that this program opened itself are not
            return descriptor
    raise click.UsageError(f"nothing is open as {output}; open it for this command, as in {descriptor}>FILE")


def _write_into(output: str, target: str | int, source: BinaryIO) -> None:
    from strandline.folders.disk_errors import disk_errors

    with disk_errors("write", output, BrokenPipeError), open(target, "wb") as sink:
        while chunk := source.read(_CHUNK_BYTES):
            sink.write(chunk)


def _write_whole(session: Session, target: Path, source: BinaryIO, is_private: bool) -> None:
    from strandline.folders.saving import SaveMode, write_whole

    scratch = session.find_home() / "scratch"
    write_whole(
        target.parent, target.name, source, scratch=scratch, mode=SaveMode.REPLACE, is_private=is_private
    )
