"""Tables: pretty on a terminal; elsewhere one row per line, with tabs between the cells.

In a pipe there is no heading, no padding, and no cutting, so ``cut`` and ``awk`` get whole cells. The table library
is imported only if a table is drawn on a terminal, because the import costs more than most commands.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from strandline.cli.writing import has_colours, is_terminal, write_line
from strandline.model.plain_words import show_plainly

if TYPE_CHECKING:
    from rich.table import Table


_UNBOUNDED = 100_000
"""A width in columns at which every table fits, to measure one."""


class Column(NamedTuple):
    """A column's heading and format on a terminal."""

    title: str
    is_number: bool = False
    """Aligned right."""
    is_whole: bool = False
    """Never wrapped, so that it can be copied."""
    is_extra: bool = False
    """Left out if the terminal is too narrow; the last extra column goes first."""


class Badge(NamedTuple):
    """A colored cell."""

    text: str
    colour: str


Cell = str | Badge


def show_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Writes the table to stdout. Escapes its cells."""
    if is_terminal(sys.stdout):
        _draw(columns, rows)
    else:
        for row in rows:
            write_line("\t".join(_text_of(cell) for cell in row))


def show_facts(facts: Iterable[tuple[str, Cell]]) -> None:
    """Writes names and values, one pair per line."""
    pairs = list(facts)
    if is_terminal(sys.stdout):
        _draw([Column("", is_whole=True), Column("")], pairs, heading=False)
    else:
        show_table([], pairs)


def _text_of(cell: Cell) -> str:
    return show_plainly(cell.text if isinstance(cell, Badge) else cell)


def _draw(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, heading: bool = True) -> None:
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(
        file=sys.stdout, highlight=False, color_system="auto" if has_colours(sys.stdout) else None
    )
    unbounded = console.options.update(width=_UNBOUNDED)
    kept, rows = list(range(len(columns))), list(rows)
    while True:
        shown = [columns[at] for at in kept]
        table = _make_table(shown, ([row[at] for at in kept] for row in rows), heading=heading)
        extras = [at for at in kept if columns[at].is_extra]
        if not extras or Measurement.get(console, unbounded, table).maximum <= console.width:
            break
        kept.remove(extras[-1])
    console.print(table)


def _make_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, heading: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=heading, header_style="bold")
    for column in columns:
        table.add_column(
            column.title,
            justify="right" if column.is_number else "left",
            no_wrap=column.is_whole or column.is_number,
            overflow="fold",
        )
    for row in rows:
        # Text, not str: Rich would read [brackets] in a name as markup.
        table.add_row(
            *(Text(_text_of(cell), style=cell.colour if isinstance(cell, Badge) else "") for cell in row)
        )
    return table
