"""docs/reference/capabilities.md is in step with the program: nothing in it is missing, and it misses nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from builders.api_document import make_document
from builders.pictures import make_picture
from builders.served import serving_storage_dir
from builders.storage import id_of, name_of
from strandline.cli.lazy_commands import LazyGroup
from strandline.cli.program import program
from strandline.runtime.assembly import LocalStore
from strandline.web.app import API

PAGE = (Path(__file__).parents[2] / "docs/reference/capabilities.md").read_text()
TABLE, _, REST = PAGE.partition("Why something is absent:")
PICTURE = make_picture("jpg", seed=1)


class Row(NamedTuple):
    """A capability, and where it is."""

    what: str
    library: str
    command: str
    http: str
    page: str


def list_rows() -> list[Row]:
    """The rows of the table, without headings."""
    rows = [
        Row(*(cell.strip() for cell in line.strip("|").split(" | ")))
        for line in TABLE.splitlines()
        if line.startswith("| ") and not line.startswith(("| **", "| what |"))
    ]
    assert len(rows) > 40
    return rows


def named(column: str) -> set[str]:
    """Everything in a column that is code, apart from what stands in parentheses."""
    cells = (re.sub(r"\([^)]*\)", "", getattr(row, column)) for row in list_rows())
    return {code for cell in cells for code in re.findall(r"`([^`]+)`", cell)}


def iter_commands(command: click.Command = program, path: str = "") -> Iterator[str]:
    """Every command as it is typed, and each group that also is one."""
    if isinstance(command, LazyGroup):
        context = click.Context(command)
        if path and command.invoke_without_command:
            yield path
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from iter_commands(child, f"{path} {name}".strip())
    else:
        yield path


def test_every_method_of_the_store_is_named_and_no_other() -> None:
    """In the table, or as a part of something in it."""
    public = {f"store.{name}" for name in dir(LocalStore) if not name.startswith("_")} | {"store.settings"}
    parts = set(re.findall(r"`(store\.\w+)`", REST))
    assert named("library") | parts == public
    assert named("library") & parts == set()


def test_every_command_is_named_and_no_other() -> None:
    """Also those that need words after them."""
    assert named("command") == set(iter_commands())


def test_every_request_is_named_and_no_other() -> None:
    """Each method of each route."""
    requests = {
        f"{method.upper()} {path.removeprefix(API)}"
        for path, each in make_document()["paths"].items()
        for method in each
    }
    assert named("http") == requests


def test_every_page_answers(tmp_path: Path) -> None:
    """With 200, for a folder with an image."""
    with serving_storage_dir(tmp_path, PICTURE) as served:
        for page in sorted(named("page") - {"/status/work"}):  # only on a catalog that machines share
            path = page.format(sd="Notes", image_id=id_of(PICTURE))
            path += f"?path=media/{name_of(PICTURE)}" if path.endswith("/file") else ""
            answer = served.client.get(path)
            assert (answer.status_code, "<h1" in answer.text or "<h2" in answer.text) == (200, True), page


@pytest.mark.parametrize("row", list_rows(), ids=lambda row: row.what)
def test_what_is_absent_says_why(row: Row) -> None:
    """Each cell has something, or a letter that the page explains."""
    for cell in row[1:]:
        absent = re.fullmatch(r"— \((\w)\)", cell)
        assert (absent is None) == ("`" in cell), cell
        assert absent is None or f"\n- ({absent[1]}) " in REST
