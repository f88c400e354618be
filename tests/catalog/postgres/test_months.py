"""Images by month are noted by the server: always what a walk finds, and no walk."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.catalogs import add_sd
from builders.image_rows import NOW
from builders.postgres import NOTED, shared_server
from strandline.catalog import image_months
from strandline.catalog.port import Reader
from strandline.catalog.postgres import database as postgres_database
from strandline.catalog.postgres.connections import PostgresConnection
from strandline.catalog.postgres.database import PostgresCatalog, open_postgres
from strandline.catalog.postgres.dialect import POSTGRES, mark_values
from strandline.catalog.postgres.months import ADD_UP_MONTHS, RECORD_EVERY, record_images
from strandline.model.image_files import FileStamp, FileState, ImageFile, ImageFilter
from strandline.model.image_ids import ImageId
from strandline.model.states import Seen, register_listed

pytestmark = pytest.mark.slow  # a server takes seconds to start

TIMES = [None, NOW, NOW - timedelta(days=40)]
SDS = [1, 2, 3]


def row_of(sd: int, number: int, extension: str = "png", taken_at: datetime | None = NOW) -> ImageFile:
    """A file of an image."""
    image_id = ImageId(f"{number % 16:x}{number:031x}")
    seen = Seen(FileStamp(1, 2, number))
    row = register_listed(sd, f"media/{image_id}.{extension}", image_id, "image/png", seen, NOW)
    return replace(row, taken_at=taken_at)


def answers(reader: Reader, chosen: ImageFilter) -> tuple[object, ...]:
    """What the server counts."""
    places = reader.images.list_places(chosen, every=1)
    assert places.cursors is None
    return places.months, places.files, reader.images.count_images(chosen), reader.images.count_files(chosen)


def walk(reader: Reader, chosen: ImageFilter) -> tuple[object, ...]:
    """The same from a walk over all files: a condition that they all fulfill keeps the server from counting."""
    places = reader.images.list_places(replace(chosen, since=NOW - timedelta(days=300_000)), every=1)
    assert places.cursors is not None
    return places.months, places.files, len(places.cursors), places.files


def check(catalog: PostgresCatalog) -> None:
    """Every listing that is counted, also in parts of the catalog."""
    with catalog.snapshot() as whole:
        for reader in (whole, whole.limited_to([1, 2]), whole.limited_to([3]), whole.limited_to([])):
            for chosen in (ImageFilter(), ImageFilter(reverse=True), *(ImageFilter(sd=sd) for sd in SDS)):
                assert answers(reader, chosen) == walk(reader, chosen)


@pytest.fixture
def lazy(catalog: PostgresCatalog, monkeypatch: pytest.MonkeyPatch) -> PostgresCatalog:
    """With three storage directories. Its programs record nothing by themselves."""
    monkeypatch.setattr(postgres_database, "RECORD_EVERY", 10**9)
    monkeypatch.setattr(postgres_database, "RECORD_AFTER_S", 10.0**9)
    with catalog.write() as writer:
        assert [add_sd(writer, f"sd {number}") for number in SDS] == SDS
    return catalog


steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "lose", "trash", "delete", "forget", "record", "add up"]),
        st.sampled_from(SDS),
        st.integers(0, 2),
        st.sampled_from(["png", "jpg"]),
        st.sampled_from(TIMES),
    ),
    max_size=20,
)


@pytest.fixture(scope="module")
def kept(request: pytest.FixtureRequest) -> Iterator[PostgresCatalog]:
    """A catalog for many histories."""
    with shared_server(request).lent_database() as url, closing(open_postgres(url)) as catalog:
        yield catalog


@given(steps)
@settings(max_examples=12)
def test_after_any_history_it_is_what_a_walk_finds(
    kept: PostgresCatalog, history: list[tuple[str, int, int, str, datetime | None]]
) -> None:
    """Files come, change their time and state, go, are forgotten together; notes are taken and added up, or not."""
    with kept.write() as writer:
        for forgotten in writer.sds.list_storage_dirs():
            writer.sds.delete_storage_dir(forgotten.number)
        names = {sd: add_sd(writer, f"sd {sd}") for sd in SDS}
    for what, sd, number, extension, taken_at in history:
        new = row_of(names[sd], number, extension, taken_at)
        with kept.write() as writer:
            row = writer.files.find_rows(new.sd, [new.path]).get(new.path)
            match what:
                case "put" if row is None:
                    assert writer.files.insert_row(new)
                case "put" | "lose" | "trash" if row is not None:
                    state = {"put": FileState.PRESENT, "lose": FileState.MISSING}.get(what, FileState.TRASHED)
                    writer.files.update_row(row, replace(row, state=state, taken_at=taken_at))
                case "delete" if row is not None:
                    assert writer.files.delete_row(row)
                case "forget":
                    writer.sds.delete_storage_dir(names[sd])
                    names[sd] = add_sd(writer, f"sd {sd}")
        with kept.connected() as conn:
            if what == "record":
                record_images(conn)
            elif what == "add up":
                conn.execute(ADD_UP_MONTHS)
    with kept.snapshot() as whole:
        numbers = list(names.values())
        for reader in (whole, whole.limited_to(numbers[:2]), whole.limited_to(numbers[2:])):
            for chosen in (ImageFilter(), ImageFilter(reverse=True), *(ImageFilter(sd=sd) for sd in numbers)):
                assert answers(reader, chosen) == walk(reader, chosen)
    assert kept.check_integrity() == []


@pytest.mark.parametrize("between", [False, True])
def test_two_files_of_one_image_at_the_same_moment(lazy: PostgresCatalog, between: bool) -> None:
    """Neither writer can see the other one's file. Also if somebody records between both commits."""
    with lazy.write() as slow:
        slow.files.insert_row(row_of(1, 7))
        with ThreadPoolExecutor(1) as pool:
            pool.submit(put, lazy, row_of(2, 7)).result(60)
        if between:
            with lazy.connected() as conn:
                assert record_images(conn) == 1
    check(lazy)
    with lazy.read() as reader:
        assert reader.images.count_images(ImageFilter()) == 1
    with lazy.connected() as conn:
        assert record_images(conn) == (1 if between else 2)
        assert conn.execute("SELECT count(*) FROM changed_images").fetchone() == (0,)
    check(lazy)


def put(catalog: PostgresCatalog, row: ImageFile) -> None:
    """Adds it in a transaction."""
    with catalog.write() as writer:
        assert writer.files.insert_row(row)


def test_one_records_at_a_time(lazy: PostgresCatalog) -> None:
    """Another one goes on without waiting."""
    put(lazy, row_of(1, 7))
    with lazy.connected() as one, lazy.connected() as other, one.driver.transaction():
        assert record_images(one) == 1
        put(lazy, row_of(2, 7))
        assert record_images(other) == 0
    check(lazy)


def test_programs_record_soon(catalog: PostgresCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some commits, or a moment after the last time."""
    monkeypatch.setattr(postgres_database, "RECORD_AFTER_S", 0.0)
    with catalog.write() as writer:
        add_sd(writer)
    put(catalog, row_of(1, 1))
    assert list_noted(catalog) == 0
    monkeypatch.setattr(postgres_database, "RECORD_AFTER_S", 10**9)
    for number in range(RECORD_EVERY - 1):
        put(catalog, row_of(1, 100 + number))
    assert list_noted(catalog) == RECORD_EVERY - 1
    put(catalog, row_of(1, 2))
    assert list_noted(catalog) == 0


def test_many_changed_images_are_walked_over(lazy: PostgresCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """To look up each of them would take longer. The answer is the same."""
    put(lazy, row_of(1, 1))
    put(lazy, row_of(2, 1))
    for most, is_counted in ((2, True), (1, False)):
        monkeypatch.setattr(image_months, "MOST_CHANGED", most)
        with lazy.read() as reader:
            places = reader.images.list_places(ImageFilter(), every=1)
            assert (places.cursors is None) is is_counted
            assert (places.months, places.files) == ((("2026-11", 1),), 2)
            assert reader.images.count_images(ImageFilter()) == 1


def list_noted(catalog: PostgresCatalog) -> int:
    """How many changes of images nobody has recorded."""
    with catalog.connected() as conn:
        return int(conn.execute("SELECT count(*) FROM changed_images").fetchone()[0])


def make_older(connection: PostgresConnection) -> None:
    """The tables as they were in format 20."""
    for change in ("insert", "update", "delete"):
        connection.execute(f"DROP FUNCTION note_months_{change} CASCADE")
    connection.execute(f"DROP TABLE {', '.join(NOTED[1:])}, journal_mark, bucket_guarantees")
    connection.execute("UPDATE meta SET value = '20' WHERE key = 'format'")


def test_a_catalog_of_before_is_counted_once(lazy: PostgresCatalog, url: str) -> None:
    """With the files that it has, of one image or several. A program of before goes on meanwhile."""
    with lazy.connected() as conn:
        make_older(conn)
    for number in range(8):
        put(lazy, row_of(1 + number % 2, number // 2, taken_at=TIMES[number % 3]))
    with closing(open_postgres(url)) as newer, closing(open_postgres(url)):
        check(newer)
        assert list_noted(newer) == 0
        put(lazy, row_of(3, 1))
        check(newer)
        assert newer.check_integrity() == []


def test_wrong_counts_are_found(lazy: PostgresCatalog) -> None:
    """``doctor`` says of which storage directory."""
    put(lazy, row_of(2, 1))
    with lazy.connected() as conn:
        conn.execute("UPDATE image_months SET hidden = 1")
    assert lazy.check_integrity() == ["the counts of files of storage directory 2 are wrong"]


class Explaining:
    """A connection that counts the rows of image files that each statement reads, and answers nothing."""

    def __init__(self, conn: PostgresConnection) -> None:
        self._conn = conn
        self.rows = 0.0

    def execute(self, statement: str, values: Any = (), /) -> Any:
        """Explains it."""
        plan = mark_values(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}").encode()
        self._conn.driver.execute("SET enable_seqscan TO off")
        ((told,),) = self._conn.driver.execute(plan, values).fetchall()
        self.rows += self._count(told[0]["Plan"])
        return []

    executemany = execute

    def _count(self, plan: dict[str, Any]) -> float:
        """Of all parts of the table together: those of one part are told as a rounded average."""
        inner = plan.get("Plans", ())
        if any(each.get("Relation Name", "").startswith("image_files") for each in inner):
            return float(plan["Actual Rows"] * plan["Actual Loops"])
        return sum(map(self._count, inner))


def test_counting_reads_only_files_of_images_that_just_changed(lazy: PostgresCatalog) -> None:
    """Also if every image has two files, and however many there are."""
    for number in range(100):
        with lazy.write() as writer:
            for sd in (1, 2):
                assert writer.files.insert_row(row_of(sd, number))

    def count_read() -> float:
        with lazy.connected() as conn:
            explaining = Explaining(conn)
            image_months.count_months(explaining, ImageFilter(), POSTGRES)
            conn.driver.execute("RESET enable_seqscan")
        return explaining.rows

    assert count_read() == 200
    with lazy.connected() as conn:
        assert record_images(conn) == 200
    assert count_read() == 0
    put(lazy, row_of(3, 5))
    assert count_read() == 3
    check(lazy)
