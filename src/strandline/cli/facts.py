"""``strandline info``, ``whereis``, ``explain``: facts about images; reads no pictures."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import (
    Answer,
    GivenIds,
    answer_images,
    image_ids_argument,
)
from strandline.cli.lazy_commands import Verb
from strandline.cli.session import Session
from strandline.cli.tables import Cell, Column, show_facts, show_table
from strandline.cli.wording import say_image_state, say_moment, say_pixels, say_size, say_state
from strandline.cli.writing import is_terminal
from strandline.model.events import format_time
from strandline.model.image_files import ImageFile
from strandline.model.reports import ImageFileReport, ImageInfo

if TYPE_CHECKING:
    from strandline.model.image_ids import ImageId


@click.command("info", cls=Verb)
@image_ids_argument
@click.pass_obj
def info(session: Session, ids: GivenIds) -> int:
    """Show what is known about an image.

    Type, pixels, size, when it was taken, its original names, and its files.
    """
    with session.open_store() as store:
        has_several = len(store.list_storage_dirs()) > 1

        def find(image_id: ImageId) -> Answer:
            image = store.info(image_id)
            return Answer(image.to_json(), lambda: _show_info(image, has_several=has_several))

        return answer_images(session, store, ids, find, is_block=True)


def _show_info(image: ImageInfo, *, has_several: bool) -> None:
    best = image.best
    facts: list[tuple[str, Cell]] = [
        ("image", image.image_id),
        ("type", best.media_type),
        ("pixels", say_pixels(best)),
        ("size", say_size(_size_of(best))),
    ]
    if best.taken_at:
        facts.append(("taken", _say_taken(best.taken_at)))
    facts.append(("first seen", say_moment(best.first_seen)))
    facts += [("saved as", name) for name in image.original_names]
    if image.from_conflict_copy:
        facts.append(("state", say_image_state(image)))
    if has_several and image.sd_count == 1:
        facts.append(("only in", next(each.sd.name for each in image.files if each.file.is_present)))
    for report in image.files:
        state = say_state(report.file)
        facts.append(
            (f"in {report.sd.name}", state._replace(text=f"{report.sd.name_of(report.path)}: {state.text}"))
        )
    show_facts(facts)


def _say_taken(at: datetime) -> str:
    """By the camera's clock, which no time zone of ours changes."""
    return f"{at:%Y-%m-%d %H:%M}" if is_terminal(sys.stdout) else format_time(at)


@click.command("whereis", cls=Verb)
@image_ids_argument
@click.pass_obj
def whereis(session: Session, ids: GivenIds) -> int:
    """List the files of an image.

    One line for each file, in every storage directory that has one: its name, the file's name, its size, its state,
    and its path.
    """
    with session.open_store() as store:

        def find(image_id: ImageId) -> Answer:
            image = store.info(image_id)
            files = [report.to_json() for report in image.files]
            return Answer({"image_id": image.image_id, "files": files}, lambda: _show_files(image.files))

        return answer_images(session, store, ids, find, is_block=is_terminal(sys.stdout))


def _show_files(files: tuple[ImageFileReport, ...]) -> None:
    columns = [
        Column("WHERE"),
        Column("FILE", is_whole=True),
        Column("SIZE", is_number=True),
        Column("STATE", is_whole=True),
        Column("PATH"),
    ]
    show_table(
        columns,
        (
            (
                report.sd.name,
                report.sd.name_of(report.path),
                say_size(_size_of(report.file)),
                say_state(report.file),
                f"{report.sd.path}/{report.file.path}",
            )
            for report in files
        ),
    )


def _size_of(file: ImageFile) -> int | None:
    return None if file.stamp is None else file.stamp.size_bytes


@click.command("explain", cls=Verb)
@image_ids_argument
@click.pass_obj
def explain(session: Session, ids: GivenIds) -> int:
    """Say why an image is shown or not, and what happens next.

    Looks in every storage directory and reports what the catalog knows, what is on the disk, and what will happen.
    """
    from strandline.cli.explanation_text import show_explanation

    with session.open_store() as store:

        def find(image_id: ImageId) -> Answer:
            explanation = store.explain(image_id)
            return Answer(explanation.to_json(), lambda: show_explanation(explanation))

        return answer_images(session, store, ids, find, is_block=True)
