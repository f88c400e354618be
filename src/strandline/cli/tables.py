"""Tables: pretty on a terminal; elsewhere one row per line, with tabs between the cells.

In a pipe there is no heading, no padding, and no cutting, so ``cut`` and ``awk`` get whole cells. The table library
is imported only if a table is drawn on a terminal, because the import costs more than most commands.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from strandline.cli.writing import complete_commands, has_colours, is_terminal, write_line
from strandline.model.plain_words import show_plainly

if TYPE_CHECKING:
    from rich.table import Table


SHORTEST_CUT = 12
"""Columns of a cut cell. With fewer, a name says nothing, and another column is left out instead."""

SHORTEST_WRAPPED = 8
"""Columns of a wrapped cell. With fewer, a name would be a column of letters."""

GAP = 2
"""Between two columns."""

_UNBOUNDED = 100_000
"""A width in columns at which every table fits, to measure one."""


class Column(NamedTuple):
    """A column's heading and format on a terminal."""

    title: str
    is_number: bool = False
    """Aligned right."""
    is_whole: bool = False
    """Never wrapped, so that it can be copied."""
    extra: int = 0
    """Left out if the terminal is too narrow, the column with the highest number first; 0 is never left out."""
    is_cut: bool = False
    """Cut with an ellipsis if the terminal is too narrow, instead of wrapped."""


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
    return complete_commands(show_plainly(cell.text if isinstance(cell, Badge) else cell))


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
        cells = [[row[at] for at in kept] for row in rows]
        table = _make_table(shown, cells, heading=heading)
        width = Measurement.get(console, unbounded, table).maximum
        extras = [at for at in kept if columns[at].extra]
        if not extras or width <= console.width:
            break
        kept.remove(max(extras, key=lambda at: columns[at].extra))
    if heading and any(map(_is_wrapped, columns)):
        while len(kept) > 1 and _measure_least(columns, rows, kept) > console.width:
            kept.remove(_choose_to_leave_out(columns, kept))
    shown = [columns[at] for at in kept]
    cells = [[row[at] for at in kept] for row in rows]
    table = _make_table(shown, cells, heading=heading)
    width = Measurement.get(console, unbounded, table).maximum
    long = sum(column.is_cut and _is_long(cells, at) for at, column in enumerate(shown))
    if long and width < console.width:
        spare = (console.width - width) // long
        table = _make_table(shown, cells, heading=heading, cut_at=SHORTEST_CUT + spare)
    if not any(map(_is_wrapped, shown)):
        console.width = max(console.width, width)  # an id that was cut would be none
    console.print(table)


def _measure_least(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], kept: Sequence[int]) -> int:
    """Columns of the terminal that these columns of the table need at least."""
    from rich.cells import cell_len

    needed = GAP * (len(kept) - 1)
    for at in kept:
        longest = max(map(cell_len, [columns[at].title, *(_text_of(row[at]) for row in rows)]))
        most = SHORTEST_CUT if columns[at].is_cut else SHORTEST_WRAPPED
        needed += min(longest, most) if columns[at].is_cut or _is_wrapped(columns[at]) else longest
    return needed


def _is_wrapped(column: Column) -> bool:
    return not (column.is_cut or column.is_whole or column.is_number)


def _choose_to_leave_out(columns: Sequence[Column], kept: Sequence[int]) -> int:
    """The next column to leave out: numbers first, then what is never cut, from the right. The first column says what
    a row is about, and stays.
    """
    return max(kept[1:], key=lambda at: (columns[at].is_number, columns[at].is_whole, at))


def _is_long(rows: Sequence[Sequence[Cell]], at: int) -> bool:
    return any(len(_text_of(row[at])) > SHORTEST_CUT for row in rows)


def _make_table(
    columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, heading: bool, cut_at: int = SHORTEST_CUT
) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=heading, header_style="bold")
    for column in columns:
        table.add_column(
            column.title,
            justify="right" if column.is_number else "left",
            no_wrap=column.is_whole or column.is_number or column.is_cut,
            overflow="ellipsis" if column.is_cut else "fold",
            max_width=cut_at if column.is_cut else None,
        )
    for row in rows:
        # Text, not str: Rich would read [brackets] in a name as markup.
        table.add_row(
            *(Text(_text_of(cell), style=cell.colour if isinstance(cell, Badge) else "") for cell in row)
        )
    return table
