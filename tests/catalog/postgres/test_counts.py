"""The counts of files are kept by the server, in the transaction that changes them, and nobody waits for them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from builders.catalogs import add_sd
from builders.image_rows import NOW
from strandline.catalog.dialect import SQLITE
from strandline.catalog.image_files.rows import say_image_files
from strandline.catalog.postgres.counts import ADD_UP, ADD_UP_EVERY
from strandline.catalog.postgres.database import PostgresCatalog
from strandline.catalog.postgres.dialect import POSTGRES
from strandline.model.image_files import FileStamp, FileState, ImageFile
from strandline.model.image_ids import ImageId
from strandline.model.states import Seen, register_listed

pytestmark = pytest.mark.slow  # a server takes seconds to start


def row_of(sd: int, number: int) -> ImageFile:
    """An unproven row, with an id that begins with any digit."""
    image_id = ImageId(f"{number % 16:x}{number:031x}")
    stamp = FileStamp(1, 2, number)
    return register_listed(sd, f"media/{image_id}.png", image_id, "image/png", Seen(stamp), NOW)


def ask(catalog: PostgresCatalog, sd: int) -> tuple[int, int, int, dict[str, int]]:
    """What is counted of the storage directory."""
    with catalog.read() as reader:
        counts = reader.files.count_of_each([sd])[sd]
        return (
            reader.files.count_rows(sd),
            reader.files.count_expected(sd),
            reader.files.count_unchecked(sd),
            dict(counts.noteworthy),
        )


def list_noted(catalog: PostgresCatalog) -> int:
    """How many rows have to be summed up."""
    with catalog.connected() as conn:
        return int(conn.execute("SELECT count(*) FROM file_counts").fetchone()[0])


def test_many_writers_change_them_at_once(catalog: PostgresCatalog) -> None:
    """Also in opposite order: nobody waits for another one's commit. Adding them up changes no answer."""
    with catalog.write() as writer:
        sd = add_sd(writer)
        for number in range(64):
            writer.files.insert_row(row_of(sd, number))

    def lose(numbers: list[int]) -> None:
        with catalog.write() as writer:
            for number in numbers:
                row = row_of(sd, number)
                assert writer.files.update_row(row, replace(row, state=FileState.MISSING))

    with catalog.write() as slow:
        row = row_of(sd, 63)
        assert slow.files.update_row(row, replace(row, state=FileState.TRASHED))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lose, ([0, 5, 9], [10, 6, 1], [2, 7], [8, 3])))
        with catalog.connected() as conn:
            conn.execute(ADD_UP)
    expected = (63, 53, 53, {"missing": 10})
    assert ask(catalog, sd) == expected
    before = list_noted(catalog)
    with catalog.connected() as conn:
        conn.execute(ADD_UP)
    assert list_noted(catalog) < before
    assert ask(catalog, sd) == expected
    assert catalog.check_integrity() == []


def test_a_change_that_was_taken_back_was_not_counted(catalog: PostgresCatalog) -> None:
    """And a storage directory that was forgotten counts nothing."""
    with catalog.write() as writer:
        sd = add_sd(writer)
        writer.files.insert_row(row_of(sd, 1))

    def fail() -> None:
        with catalog.write() as writer:
            writer.files.insert_row(row_of(sd, 2))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert ask(catalog, sd) == (1, 1, 1, {})
    with catalog.write() as writer:
        writer.sds.delete_storage_dir(sd)
    with catalog.connected() as conn:
        conn.execute(ADD_UP)
    assert list_noted(catalog) == 0


def test_they_are_added_up_once_in_a_while(catalog: PostgresCatalog) -> None:
    """So that asking stays quick."""
    with catalog.write() as writer:
        sd = add_sd(writer)
    for number in range(ADD_UP_EVERY + 10):
        with catalog.write() as writer:
            writer.files.insert_row(row_of(sd, number))
    assert list_noted(catalog) < 16 + 20
    assert ask(catalog, sd)[0] == ADD_UP_EVERY + 10


def test_wrong_counts_are_found(catalog: PostgresCatalog) -> None:
    """``doctor`` says of which storage directory."""
    with catalog.write() as writer:
        sd = add_sd(writer)
        writer.files.insert_row(row_of(sd, 1))
    with catalog.connected() as conn:
        conn.execute("UPDATE file_counts SET files = files + 1")
    assert catalog.check_integrity() == [f"the counts of files of storage directory {sd} are wrong"]


def test_counting_reads_no_row_of_a_file() -> None:
    """In PostgreSQL. SQLite has no counts, because its walk is quick enough for one machine."""
    shared, own = say_image_files(POSTGRES), say_image_files(SQLITE)
    for statement in (shared.counts, shared.count_all, shared.count_unchecked):
        assert "image_files" not in statement
        assert "file_counts" in statement
    assert "file_counts" not in own.counts + own.count_all + own.count_unchecked
