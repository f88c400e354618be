"""A page costs the same in a large catalog, in each order: it is read along an index, and nothing is sorted."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.catalogs import add_sd, opened, sql_of
from strandline.catalog.database import SqliteCatalog
from strandline.model.image_files import FileState, ImageFilter, Sort

PAGE = 10
STEP = 10
"""How many of SQLite's own instructions are counted as one."""


def count_steps(catalog: SqliteCatalog, chosen: ImageFilter) -> int:
    """What the second page costs, in instructions of SQLite."""
    steps = 0

    def note() -> None:
        nonlocal steps
        steps += STEP

    with catalog.read() as reader:
        _, after = reader.images.list_image_ids(chosen, after=None, limit=PAGE)
        sql_of(reader).set_progress_handler(note, STEP)
        page, _ = reader.images.list_image_ids(chosen, after=after, limit=PAGE)
        sql_of(reader).set_progress_handler(None, 0)
    assert len(page) == PAGE
    return steps


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("sd", [None, 1])
def test_a_page_costs_the_same_in_a_large_catalog(
    tmp_path: Path, sort: Sort, sd: int | None, reverse: bool
) -> None:
    """Also if all files came with one scan, at one time."""
    costs = []
    for number, size in enumerate((100, 4000)):
        with opened(tmp_path / f"{number}.db") as catalog:
            with catalog.write() as writer:
                add_sd(writer, "one")
                files = [
                    (f"media/{at:032x}.png", f"{at:032x}", "image/png", f"1:{at % 7}:1") for at in range(size)
                ]
                writer.files.insert_listed(1, files, FileState.PRESENT, 1)
            costs.append(count_steps(catalog, ImageFilter(sd=sd, sort=sort, reverse=reverse)))
    few, many = costs
    assert 0 < many <= few + 10 * STEP
