"""``strandline get``, ``path``, ``data-url``, ``thumbnail``: an image's bytes, or where they are.

A file named by ``-o`` appears whole or not at all, and bytes never go to a terminal by accident.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import (
    Answer,
    GivenIds,
    answer_images,
    image_ids_argument,
    sd_option,
)
from strandline.cli.lazy_commands import Verb
from strandline.cli.numbers import WholeNumber
from strandline.cli.output_files import STDOUT, check_output, output_option, writing_many
from strandline.cli.session import Session
from strandline.cli.writing import is_terminal, say, say_about, write_bytes, write_line
from strandline.model.defaults import TILE_SIZE
from strandline.model.media_types import find_media_type_by_extension
from strandline.model.plain_words import say_bytes, say_count, show_plainly

if TYPE_CHECKING:
    from strandline import FoundImage
    from strandline.model.image_ids import ImageId

NOT_WHOLE = "all bytes of its id, but not a whole picture: it was cut short when it was saved or written"


@click.command("get", cls=Verb)
@image_ids_argument
@sd_option
@output_option
@click.option("--as-is", is_flag=True, help="Write what there is of a damaged or half image, unchecked.")
@click.pass_obj
def get(session: Session, ids: GivenIds, sd: str | None, output: str | None, as_is: bool) -> int:
    """Write an image's bytes to stdout or a file.

    All bytes are checked against the id before the first one is written. Several images need a folder (-o FOLDER),
    where each gets the name of its file, with a number if that is taken. --json requires -o.
    """
    _check_target(session, ids, output)
    sizes: list[int] = []
    write = writing_many(session, output)
    with session.open_store() as store:

        def find(image_id: ImageId) -> Answer:
            with store.get_as_is(image_id, sd) if as_is else store.get(image_id, sd) as found:
                if as_is and not found.proven:
                    say_about(image_id, "these bytes were not checked against the image's id")
                elif found.whole is False:
                    say_about(image_id, NOT_WHOLE)
                with found.open() as source:
                    written_to = write(found.filename, source)
                return _tell_written(ids, _facts_of(found), written_to, sizes)

        status = answer_images(session, store, ids, find)
    _tell_all_written(session, output, sizes)
    return status


@click.command("path", cls=Verb)
@image_ids_argument
@sd_option
@click.pass_obj
def path(session: Session, ids: GivenIds, sd: str | None) -> int:
    """Print the path of an image on this machine.

    The file is checked first. Read it, but never write to it: other machines share it. With -0, each path ends with
    a NUL byte.
    """
    with session.open_store() as store:

        def find(image_id: ImageId) -> Answer:
            with store.get(image_id, sd) as found:
                return Answer({"path": str(found.path)}, partial(_show_path, found.path, ids.separator))

        return answer_images(session, store, ids, find)


def _show_path(path: Path, end: bytes) -> None:
    if is_terminal(sys.stdout):
        write_line(show_plainly(str(path)))
    else:
        write_bytes(os.fsencode(path) + end)


@click.command("data-url", cls=Verb)
@image_ids_argument
@sd_option
@click.pass_obj
def data_url(session: Session, ids: GivenIds, sd: str | None) -> int:
    """Print an image as a data: URL.

    For places that embed an image in text, such as a style sheet.
    """
    with session.open_store() as store:

        def find(image_id: ImageId) -> Answer:
            with store.get(image_id, sd) as found:
                url = found.data_url()
            return Answer({"data_url": url}, lambda: write_line(url))

        return answer_images(session, store, ids, find)


@click.command("thumbnail", cls=Verb)
@image_ids_argument
@sd_option
@click.option(
    "--size",
    type=WholeNumber(1, 4096),
    default=TILE_SIZE,
    metavar="PIXELS",
    help=f"The longer side; {TILE_SIZE} by default.",
)
@output_option
@click.pass_obj
def thumbnail(session: Session, ids: GivenIds, sd: str | None, size: int, output: str | None) -> int:
    """Write a small version of an image.

    Upright and without metadata. Several images need a folder (-o FOLDER). --json requires -o.
    """
    _check_target(session, ids, output)
    sizes: list[int] = []
    write = writing_many(session, output)
    with session.open_store() as store:

        def find(image_id: ImageId) -> Answer:
            small = store.thumbnail(image_id, size, sd)
            filename = f"{image_id}.{size}.{small.media_type.rpartition('/')[2]}"
            facts = {
                "image_id": image_id,
                "media_type": small.media_type,
                "size_bytes": len(small.data),
                "width": small.width,
                "height": small.height,
            }
            written_to = write(filename, BytesIO(small.data))
            return _tell_written(ids, facts, written_to, sizes)

        status = answer_images(session, store, ids, find)
    _tell_all_written(session, output, sizes)
    return status


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
        "whole": found.whole,
    }


def _check_target(session: Session, ids: GivenIds, output: str | None) -> None:
    if ids.are_many and (output in (None, STDOUT) or not Path(output).is_dir()):
        raise click.UsageError("the bytes of several images need a folder; add -o FOLDER, which must exist")
    if session.json and output in (None, STDOUT):
        raise click.UsageError("--json and the bytes cannot both go to stdout; add -o FILE")
    check_output(output)
    if output is None and is_terminal(sys.stdout):
        raise click.UsageError(
            "a terminal cannot show these bytes; add -o FILE, or -o - to write them anyway"
        )


def _tell_written(
    ids: GivenIds, facts: Mapping[str, object], written_to: Path | None, sizes: list[int]
) -> Answer:
    """What was written where. Of one of many, only its size is kept, for the line at the end."""
    size_bytes = facts["size_bytes"]
    assert isinstance(size_bytes, int)

    media_type = str(facts["media_type"])
    named = None if written_to is None else find_media_type_by_extension(written_to.suffix[1:])
    if named is not None and named.name != media_type:
        say(f"{written_to} has the name of another type: it is {media_type}")

    def show() -> None:
        if ids.are_many:
            sizes.append(size_bytes)
        elif written_to is not None:
            say(f"{written_to}: {media_type}, {say_bytes(size_bytes)}")

    return Answer({**facts, "written_to": str(written_to)}, show)


def _tell_all_written(session: Session, output: str | None, sizes: list[int]) -> None:
    if sizes and not session.json:
        say(f"{say_count(len(sizes), 'image')} written to {output}, {say_bytes(sum(sizes))}")
