"""``strandline ls``: lists images, all of them in a pipe and a page on a terminal; reads no pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import click

from strandline.cli.lazy_commands import Verb
from strandline.cli.numbers import WholeNumber
from strandline.cli.query_options import query_options
from strandline.cli.session import Session
from strandline.cli.tables import Cell, Column, show_table
from strandline.cli.wording import find_time, say_day, say_image_state, say_list, say_pixels, say_type
from strandline.cli.writing import is_terminal, say, shorten, write_json, write_json_list
from strandline.model.defaults import IMAGES_PER_PAGE
from strandline.model.events import format_time
from strandline.model.image_files import Sort
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.model.queries import Query
from strandline.model.reports import ImageInfo, ImagePage
from strandline.model.storage_dirs import StorageDir, StorageDirState

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from strandline.store import Store

DRAWN_AT_ONCE = 500
"""Rows of one table on a terminal: its columns are as wide as they need to be, so they are drawn together."""

MOST_WITHOUT_ID = 1000
"""Files that are counted of those whose images are not known yet."""

SOME_WITHOUT_ID = 3
"""Those of them that are named."""

LONGEST_NAME = 40
"""Characters of a name on a terminal."""


def _say_name(image: ImageInfo, exact: bool) -> str:
    name = image.original_name or ""
    return name if exact else shorten(name, LONGEST_NAME)


def _say_size(image: ImageInfo, exact: bool) -> str:
    stamp = image.best.stamp
    if exact:
        return "" if stamp is None else str(stamp.size_bytes)
    return say_bytes(None if stamp is None else stamp.size_bytes)


def _say_taken(image: ImageInfo, exact: bool) -> str:
    at = find_time(image)
    return format_time(at) if exact else f"{at:%Y-%m-%d}"


def _say_arrived(image: ImageInfo, exact: bool) -> str:
    at = min(report.file.first_seen for report in image.files)
    return format_time(at) if exact else say_day(at)


_COLUMNS: dict[str, tuple[Column, Callable[[ImageInfo, bool], Cell]]] = {
    "id": (Column("ID", is_whole=True), lambda image, _: image.image_id),
    "type": (Column("TYPE", is_whole=True, extra=6), lambda image, _: say_type(image.best.media_type)),
    "pixels": (Column("PIXELS", is_number=True, extra=7), lambda image, _: say_pixels(image.best)),
    "size": (Column("SIZE", is_number=True, extra=3), _say_size),
    "taken": (Column("TAKEN", is_whole=True, extra=4), _say_taken),
    "arrived": (Column("ARRIVED", is_whole=True, extra=4), _say_arrived),
    "folder": (
        Column("FOLDER", extra=5, is_cut=True),
        lambda image, _: say_list(dict.fromkeys(each.sd.name for each in image.files)),
    ),
    "state": (Column("STATE", is_whole=True, extra=1), lambda image, _: say_image_state(image)),
    "name": (Column("NAME", extra=2, is_cut=True), _say_name),
    "path": (Column("PATH"), lambda image, _: f"{image.files[0].sd.path}/{image.best.path}"),
}
"""What can be shown of an image, and how: for people on a terminal, or exactly in a pipe."""

_DEFAULT = ("id", "type", "pixels", "size", "taken", "folder", "state", "name")


def _parse_columns(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[str, ...]:
    if text is None:
        return _DEFAULT
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in _COLUMNS:
            raise click.BadParameter(f"there is no column {name!r}; the columns are {', '.join(_COLUMNS)}")
    return names


def _list_columns(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The columns that begin with what is after the last comma, and that are not there yet."""
    from click.shell_completion import CompletionItem

    *chosen, begun = incomplete.split(",")
    left = [name for name in _COLUMNS if name not in chosen and name.startswith(begun)]
    return [CompletionItem(",".join([*chosen, name])) for name in left]


@click.command("ls", cls=Verb)
@query_options
@click.option(
    "--sort",
    type=click.Choice([sort.value for sort in Sort]),
    default=Sort.TAKEN.value,
    metavar="ORDER",
    help="taken (newest first; the default) or arrived (latest first).",
)
@click.option("-r", "--reverse", is_flag=True, help="Oldest first.")
@click.option(
    "--columns",
    metavar="NAMES",
    shell_complete=_list_columns,
    callback=_parse_columns,
    help=f"What to show, with commas between: {', '.join(_COLUMNS)}.",
)
@click.option("--all", "is_all", is_flag=True, help="All images, as in a pipe.")
@click.option(
    "--limit",
    type=WholeNumber(1, 10_000),
    metavar="N",
    help=f"How many at most; all in a pipe, {IMAGES_PER_PAGE} on a terminal by default.",
)
@click.option("--after", metavar="CURSOR", help="Continue where an earlier list ended.")
@click.pass_obj
def ls(
    session: Session,
    query: Query,
    sort: str,
    reverse: bool,
    columns: tuple[str, ...],
    is_all: bool,
    limit: int | None,
    after: str | None,
) -> None:
    """List images, newest first.

    In a pipe, lists all of them, with tabs between the columns, sizes in bytes, and times in UTC. On a terminal,
    lists a page. The state checked has the bytes of its id, incomplete has them but is not a whole image, unchecked
    is known only from a listing, odd decodes although its structure is odd. An image that is shown from a conflict
    copy has no good file of its own.
    """
    if is_all and limit is not None:
        raise click.UsageError("give --all or --limit, not both")
    query = replace(query, sort=sort, reverse=reverse)
    if limit is None and not is_all and is_terminal(sys.stdout):
        limit = IMAGES_PER_PAGE
    with session.open_store() as store:
        if limit is None:
            found = _list_all(session, store, query, after, columns)
        else:
            found = _list_page(session, store.list_images(query, after=after, limit=limit), columns)
        if not found and not session.json:
            say(_say_none(store, query))
        _say_without_id(store, query)
        _say_absent(store, query)


def _list_page(session: Session, page: ImagePage, columns: tuple[str, ...]) -> bool:
    if session.json:
        write_json(page.to_json())
        return True
    _show(page.images, columns)
    if page.next:
        count = f"{len(page.images):,} of {say_count(page.total, 'image')}"
        say(f"{count}; --all lists all, and --after {page.next} continues")
    return bool(page.images)


def _list_all(
    session: Session, store: Store, query: Query, after: str | None, columns: tuple[str, ...]
) -> bool:
    images = store.iter_images(query, after=after)
    if session.json:
        head = {"total": store.list_images(query, limit=1).total, "next": None}
        write_json_list(head, "images", (image.to_json() for image in images))
        return True
    return _show(images, columns)


def _show(images: Iterable[ImageInfo], names: tuple[str, ...]) -> bool:
    """Writes a row for each image. Returns whether there was one. On a terminal, an empty column is left out."""
    exact = not is_terminal(sys.stdout)
    chosen = [_COLUMNS[name] for name in names]
    if names != _DEFAULT:  # nobody wants to miss a column that he asked for
        chosen = [(column._replace(extra=0), say) for column, say in chosen]
    rows: Iterator[list[Cell]] = ([cell(image, exact) for _, cell in chosen] for image in images)
    has_any = False
    while some := list(islice(rows, DRAWN_AT_ONCE)):
        kept = [at for at in range(len(chosen)) if exact or any(row[at] for row in some)]
        show_table([chosen[at][0] for at in kept], [[row[at] for at in kept] for row in some])
        has_any = True
    return has_any


def _say_none(store: Store, query: Query) -> str:
    total = store.list_images(limit=1).total
    if not total:
        return "no images yet; save some with `strandline save FILE`, or add a folder with `strandline sd add PATH`"
    which = say_count(total, "image")
    return f"none of {which} " + (f"is {query.state}" if query == Query(state=query.state) else "matches")


def _say_without_id(store: Store, query: Query) -> None:
    """Tells which files fit and are in no row, because nobody knows their images yet."""
    found = store.gallery.list_files_without_id(store.choose(query), limit=MOST_WITHOUT_ID + 1)
    if found:
        count = (
            f"more than {MOST_WITHOUT_ID:,} files"
            if len(found) > MOST_WITHOUT_ID
            else say_count(len(found), "file")
        )
        some = ", ".join(show_plainly(each.path) for each in found[:SOME_WITHOUT_ID])
        more = ", …" if len(found) > SOME_WITHOUT_ID else ""
        say(f"besides, {count} without an id: still arriving, damaged, or not read yet ({some}{more})")


def _say_absent(store: Store, query: Query) -> None:
    """Tells whose images may have changed since they were last seen."""
    wanted = None if query.sd is None else store.get_storage_dir(query.sd).number
    for each in store.refresh_storage_dirs():
        if each.state is not StorageDirState.ONLINE and wanted in (None, each.number):
            say(_say_known(each))


def _say_known(sd: StorageDir) -> str:
    return f"{sd.name!r} is {sd.state}; this is what was known"
