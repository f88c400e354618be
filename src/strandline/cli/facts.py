"""``strandline ls``, ``info``, ``whereis``, ``explain``: facts about images; reads no pictures."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import (
    Answer,
    GivenIds,
    answer_images,
    complete_id,
    image_id_argument,
    image_ids_argument,
    sd_option,
)
from strandline.cli.lazy_commands import Verb
from strandline.cli.session import Session
from strandline.cli.tables import Cell, Column, show_facts, show_table
from strandline.cli.wording import say_day_of, say_list, say_pixels, say_state, say_time, say_type
from strandline.cli.writing import is_terminal, say
from strandline.model.defaults import IMAGES_PER_PAGE
from strandline.model.image_files import FileState, ImageFile
from strandline.model.plain_words import say_bytes, say_count
from strandline.model.reports import ImageFileReport, ImageInfo, ImagePage

if TYPE_CHECKING:
    from strandline.cli.arguments import GivenId
    from strandline.model.image_ids import ImageId

_STATES = [state.value for state in FileState]


@click.command("info", cls=Verb)
@image_ids_argument
@click.pass_obj
def info(session: Session, ids: GivenIds) -> int:
    """Show what is known about an image.

    Type, pixels, size, when it was taken, its original names, and its files.
    """
    with session.open_store() as store:

        def find(image_id: ImageId) -> Answer:
            image = store.info(image_id)
            return Answer(image.as_json(), lambda: _show_info(image))

        return answer_images(session, store, ids, find, is_block=True)


def _show_info(image: ImageInfo) -> None:
    best = image.best
    facts: list[tuple[str, Cell]] = [
        ("image", image.image_id),
        ("type", best.media_type),
        ("pixels", say_pixels(best)),
        ("size", say_bytes(_size_of(best))),
    ]
    if best.taken_at:
        facts.append(("taken", f"{best.taken_at:%Y-%m-%d %H:%M}"))
    facts.append(("first seen", say_time(best.first_seen)))
    facts += [("saved as", name) for name in image.original_names]
    for report in image.files:
        state = say_state(report.file)
        facts.append((f"in {report.sd.name}", state._replace(text=f"{report.file.filename}: {state.text}")))
    show_facts(facts)


@click.command("whereis", cls=Verb)
@image_id_argument
@click.pass_obj
def whereis(session: Session, image_id: GivenId) -> None:
    """List the files of an image.

    One line for each file, in every storage directory that has one.
    """
    with session.open_store() as store:
        image = store.info(complete_id(store, image_id))
    files = [report.as_json() for report in image.files]
    session.answer({"image_id": image.image_id, "files": files}, lambda: _show_files(image.files))


def _show_files(files: tuple[ImageFileReport, ...]) -> None:
    columns = [
        Column("WHERE"),
        Column("FILE", is_whole=True),
        Column("SIZE", is_number=True),
        Column("STATE", is_whole=True),
        Column("FOLDER"),
    ]
    show_table(
        columns,
        (
            (
                report.sd.name,
                report.file.filename,
                say_bytes(_size_of(report.file)),
                say_state(report.file),
                f"{report.sd.path}/media",
            )
            for report in files
        ),
    )


@click.command("ls", cls=Verb)
@sd_option
@click.option(
    "--state",
    type=click.Choice(_STATES),
    metavar="STATE",
    help=f"Only images with a file in this state: {', '.join(_STATES)}.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=IMAGES_PER_PAGE,
    metavar="N",
    help=f"How many at most; {IMAGES_PER_PAGE} by default.",
)
@click.option("--after", metavar="CURSOR", help="Continue where an earlier list ended.")
@click.pass_obj
def ls(session: Session, sd: str | None, state: str | None, limit: int, after: str | None) -> None:
    """List images, newest first.

    Shows type, pixels, size, day, and where each image is. The last column is its state: ok is proven, incomplete
    has the right bytes but is not a whole image, unchecked is known only from a listing, odd decodes although its
    structure is odd.
    """
    with session.open_store() as store:
        page = store.list_images(sd=sd, state=state, after=after, limit=limit)
    session.answer(page.as_json(), lambda: _show_page(page))


def _show_page(page: ImagePage) -> None:
    columns = [
        Column("ID", is_whole=True),
        Column("TYPE", is_whole=True, is_extra=True),
        Column("PIXELS", is_number=True, is_extra=True),
        Column("SIZE", is_number=True),
        Column("DAY", is_whole=True),
        Column("WHERE"),
        Column("STATE", is_whole=True),
    ]
    if page.images:
        show_table(columns, map(_make_row, page.images))
    if is_terminal(sys.stdout) and not page.total:
        say("no images yet; save some with strandline save, or add a folder with strandline sd add PATH")
    elif page.next:
        say(f"{len(page.images):,} of {say_count(page.total, 'image')}; continue with --after {page.next}")


def _make_row(image: ImageInfo) -> list[Cell]:
    best = image.best
    return [
        image.image_id,
        say_type(best.media_type),
        say_pixels(best),
        say_bytes(_size_of(best)),
        say_day_of(image),
        say_list(dict.fromkeys(report.sd.name for report in image.files)),
        say_state(best),
    ]


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
            return Answer(explanation.as_json(), lambda: show_explanation(explanation))

        return answer_images(session, store, ids, find, is_block=True)
