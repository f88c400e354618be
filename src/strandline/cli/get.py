"""``strandline get``, ``path``, ``data-url``, ``thumbnail``: an image's bytes, or where they are.

A file named by ``-o`` appears whole or not at all, and bytes never go to a terminal by accident.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from strandline.cli.arguments import complete_id, image_id_argument, sd_option
from strandline.cli.lazy_commands import Verb
from strandline.cli.session import Session
from strandline.cli.writing import is_terminal, say, write_bytes, write_line
from strandline.model.defaults import TILE_SIZE
from strandline.model.plain_words import say_bytes, show_plainly

if TYPE_CHECKING:
    from strandline import FoundImage
    from strandline.cli.arguments import GivenId

_CHUNK_BYTES = 1 << 20

STDOUT = "-"

output_option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="Write to this file or into this folder; - is stdout, even if it is a terminal.",
)


@click.command("get", cls=Verb)
@image_id_argument
@sd_option
@output_option
@click.option("--as-is", is_flag=True, help="Write what there is of a damaged or half image, unchecked.")
@click.pass_obj
def get(session: Session, image_id: GivenId, sd: str | None, output: str | None, as_is: bool) -> None:
    """Write an image's bytes to stdout or a file.

    All bytes are checked against the id before the first one is written. --json requires -o.
    """
    _check_target(session, output)
    with session.open_store() as store:
        wanted = complete_id(store, image_id)
        found = store.get_as_is(wanted, sd) if as_is else store.get(wanted, sd)
        if as_is and not found.proven:
            say("these bytes were not checked against the image's id")
        with found.open() as source:
            written_to = _write_to(session, output, found.filename, source)
    _answer_written(session, _facts_of(found), written_to)


@click.command("path", cls=Verb)
@image_id_argument
@sd_option
@click.pass_obj
def path(session: Session, image_id: GivenId, sd: str | None) -> None:
    """Print the path of an image on this machine.

    The file is checked first. Read it, but never write to it: other machines share it.
    """
    with session.open_store() as store:
        found = store.get(complete_id(store, image_id), sd)

    def show() -> None:
        if is_terminal(sys.stdout):
            write_line(show_plainly(str(found.path)))
        else:
            write_bytes(os.fsencode(found.path) + b"\n")

    session.answer({"path": str(found.path)}, show)


@click.command("data-url", cls=Verb)
@image_id_argument
@sd_option
@click.pass_obj
def data_url(session: Session, image_id: GivenId, sd: str | None) -> None:
    """Print an image as a data: URL.

    For places that embed an image in text, such as a style sheet.
    """
    with session.open_store() as store:
        url = store.get(complete_id(store, image_id), sd).data_url()
    session.answer({"data_url": url}, lambda: write_line(url))


@click.command("thumbnail", cls=Verb)
@image_id_argument
@sd_option
@click.option(
    "--size",
    type=click.IntRange(1, 4096),
    default=TILE_SIZE,
    metavar="PIXELS",
    help=f"The longer side; {TILE_SIZE} by default.",
)
@output_option
@click.pass_obj
def thumbnail(session: Session, image_id: GivenId, sd: str | None, size: int, output: str | None) -> None:
    """Write a small version of an image.

    Upright and without metadata. --json requires -o.
    """
    _check_target(session, output)
    with session.open_store() as store:
        wanted = complete_id(store, image_id)
        small = store.thumbnail(wanted, size, sd)
        filename = f"{wanted}.{size}.{small.media_type.rpartition('/')[2]}"
        written_to = _write_to(session, output, filename, BytesIO(small.data))
    facts = {
        "image_id": wanted,
        "media_type": small.media_type,
        "size_bytes": len(small.data),
        "width": small.width,
        "height": small.height,
    }
    _answer_written(session, facts, written_to)


def _facts_of(found: FoundImage) -> dict[str, object]:
    return {
        "image_id": found.image_id,
        "media_type": found.media_type,
        "size_bytes": found.size_bytes,
        "sd_id": found.sd.sd_id,
        "filename": found.filename,
        "from_other_sd": found.from_other_sd,
        "from_conflict_copy": found.from_conflict_copy,
        "proven": found.proven,
    }


def _check_target(session: Session, output: str | None) -> None:
    if session.json and output in (None, STDOUT):
        raise click.UsageError("--json and the bytes cannot both go to stdout; add -o FILE")
    if output is not None and output != STDOUT and not Path(os.path.realpath(output)).parent.is_dir():
        raise click.UsageError(f"there is no folder {Path(output).parent} to write to")
    if output is None and is_terminal(sys.stdout):
        raise click.UsageError(
            "a terminal cannot show these bytes; add -o FILE, or -o - to write them anyway"
        )


def _answer_written(session: Session, facts: Mapping[str, object], written_to: Path | None) -> None:
    if written_to is None:
        return
    size_bytes = facts["size_bytes"]
    assert isinstance(size_bytes, int)
    session.answer(
        {**facts, "written_to": str(written_to)},
        lambda: say(f"{written_to}: {facts['media_type']}, {say_bytes(size_bytes)}"),
    )


def _write_to(session: Session, output: str | None, filename: str, source: BinaryIO) -> Path | None:
    """Writes the bytes to the ``-o`` target. Returns the file's path, or None for stdout."""
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
        _write_whole(session, target, source)
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


def _write_whole(session: Session, target: Path, source: BinaryIO) -> None:
    from strandline.folders.saving import SaveMode, write_whole

    scratch = session.find_home() / "scratch"
    write_whole(target.parent, target.name, source, scratch=scratch, mode=SaveMode.REPLACE)
