"""Tables: readable for people, easy to split for programs."""

from __future__ import annotations

import pytest

from builders.program import terminal
from builders.reports import IMAGE_ID
from strandline.cli.tables import SHORTEST_CUT, Badge, Column, show_facts, show_table

COLUMNS = [Column("ID", is_whole=True), Column("SIZE", is_number=True), Column("WHERE"), Column("STATE")]
HOSTILE = "\x1b[31m[red]a\nb\u202e"


def test_a_pipe_gets_whole_cells(capsys: pytest.CaptureFixture[str]) -> None:
    """One row per line, tabs between cells, no heading, no padding, nothing cut, and nothing that acts on a
    terminal.
    """
    show_table(COLUMNS, [(IMAGE_ID, "3 kB", "long " * 50, Badge("ok", "green")), ("x", "1 B", HOSTILE, "")])
    assert capsys.readouterr().out.splitlines() == [
        f"{IMAGE_ID}\t3 kB\t{'long ' * 50}\tok",
        "x\t1 B\t\\x1b[31m[red]a\\x0ab\\u202e\t",
    ]


def test_a_terminal_gets_a_heading_and_whole_ids() -> None:
    """No line is wider than the terminal, no id is broken, and [brackets] are no markup."""
    with terminal() as screen:
        show_table(
            COLUMNS, [(IMAGE_ID, "3 kB", "long " * 30, Badge("ok", "green")), ("x", "1 B", HOSTILE, "")]
        )
    lines = screen.getvalue().splitlines()
    assert lines[0].split() == ["ID", "SIZE", "WHERE", "STATE"]
    assert lines[1].startswith(IMAGE_ID)
    assert max(map(len, lines)) <= 80
    assert "\\x1b[31m[red]a\\x0ab" in screen.getvalue()
    assert "\x1b" not in screen.getvalue()


@pytest.mark.parametrize(("columns", "heading"), [(40, "ID"), (48, "ID A"), (60, "ID A B")])
def test_a_narrow_terminal_leaves_out_what_it_can(columns: int, heading: str) -> None:
    """The extra column with the highest number is dropped first. The others stay whole."""
    extras = [Column("ID", is_whole=True), Column("A", extra=1), Column("B", extra=2)]
    with terminal(columns=columns) as screen:
        show_table(extras, [(IMAGE_ID, "a" * 10, "b" * 10)])
    assert screen.getvalue().splitlines()[0].split() == heading.split()
    assert IMAGE_ID in screen.getvalue()


@pytest.mark.parametrize(
    ("columns", "heading"),
    [(17, "NAME"), (25, "NAME PATH"), (40, "NAME STATE PATH"), (60, "NAME STATE IMAGES PATH")],
)
def test_the_column_that_names_a_row_stays(columns: int, heading: str) -> None:
    """Numbers go first, then what cannot be wrapped. No cell that stays is narrower than a word."""
    table = [
        Column("NAME"), Column("STATE", is_whole=True), Column("IMAGES", is_number=True), Column("PATH")
    ]  # fmt: skip
    with terminal(columns=columns) as screen:
        show_table(table, [("Pictures of Lisbon", "online" * 2, "12,345,678", "/home/ada/Pictures/Lisbon")])
    lines = screen.getvalue().splitlines()
    assert lines[0].split() == heading.split()
    assert lines[1].startswith("Pictures")
    assert max(len(line.rstrip()) for line in lines) <= columns


def test_facts_keep_their_values_on_any_terminal() -> None:
    """However narrow it is."""
    with terminal(columns=20) as screen:
        show_facts([("a name of sixteen", "xyz")])
    assert set("xyz") <= set(screen.getvalue())


@pytest.mark.parametrize("colours", [True, False])
def test_colours_only_where_they_are_wanted(colours: bool) -> None:
    """NO_COLOR turns colors off. Without it a badge is colored."""
    with terminal(colours=colours) as screen:
        show_table([Column("STATE")], [(Badge("ok", "green"),)])
    assert ("\x1b[32m" in screen.getvalue()) is colours


def test_facts_are_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    """One name and value per line."""
    show_facts([("name", "Notes"), ("state", Badge("online", "green"))])
    assert capsys.readouterr().out == "name\tNotes\nstate\tonline\n"


def test_a_name_is_cut_and_an_id_never_is() -> None:
    """What is cut ends with an ellipsis, on one line. If not even the whole cells fit, the terminal may wrap them."""
    columns = [Column("ID", is_whole=True), Column("NAME", is_cut=True)]
    for width in (20, 50, 80):
        with terminal(columns=width) as screen:
            show_table(columns, [(IMAGE_ID, "a long name " * 10)])
        heading, line = screen.getvalue().splitlines()
        assert heading.split() == ["ID", "NAME"]
        assert line.startswith(f"{IMAGE_ID} ")
        assert line.rstrip().endswith("…")
        assert len(line.rstrip()) <= max(width, len(IMAGE_ID) + 2 + SHORTEST_CUT)
