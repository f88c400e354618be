"""Rows: what a question costs with many rows in PostgreSQL, compared with the same question with 100,000.

Both databases are on one server on this machine, filled in one go with images of ten years in two storage
directories. Every ninth image has a copy in the second one. Questions are asked in turns, so whatever slows the
machine slows both.
"""

from __future__ import annotations

import hashlib
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psycopg

from bench.timing import format_seconds
from builders.catalogs import add_sd
from builders.postgres import started
from strandline.catalog.postgres.database import PostgresCatalog, open_postgres
from strandline.catalog.postgres.months import FILL_MONTHS
from strandline.model.image_files import ImageFilter
from strandline.model.image_ids import ImageId
from strandline.model.values import dataclass
from strandline.services.gallery import Gallery
from strandline.services.workbench import Limits, Workbench

FEW = 100_000
MOST_BYTES = 1000
"""For each row, with indexes (issue 13)."""
CHUNK = 500_000
"""Rows of one statement."""
ROUNDS = 15
CONFIG = """
shared_buffers = 1GB
maintenance_work_mem = 512MB
max_wal_size = 8GB
wal_level = minimal
max_wal_senders = 0
"""
ALL = ImageFilter()
MONTHS = 120

FILL = """
    INSERT INTO image_files (sd, path, image_id, media_type, size_bytes, stamp, state, first_seen_us,
        unchanged_since_us, proof_kind, proof_sha256, proof_stamp, proven_at_us, width, height, taken_at_us,
        sort_us, proof_whole)
    SELECT CASE WHEN n < %(images)s THEN 1 ELSE 2 END, 'media/' || id || '.jpg', id, 'image/jpeg', 2000000,
        '2000000:0:' || n, 'present', 1700000000000000 + n, 1700000000000000 + n,
        'hash', id || id, '2000000:0:' || n, 1700000000000000 + n, 4000, 3000, at_us, at_us, 1
    FROM (
        SELECT n, md5(CAST(n %% %(images)s AS text)) AS id,
            1480550400000000 + (n %% %(images)s) * 7919 %% 315360000 * 1000000 AS at_us
        FROM generate_series(CAST(%(first)s AS bigint), %(last)s) AS n
    ) AS made
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One that is asked of both databases."""

    name: str
    ask: Callable[[Filled, random.Random], object]
    most: float | None
    """How many times as long it may take (issue 13)."""


class Filled:
    """A database with so many rows, and what asks it."""

    def __init__(self, catalog: PostgresCatalog, rows: int, home: Path) -> None:
        self.catalog = catalog
        self.images = rows * 9 // 10
        self.gallery = Gallery(
            Workbench(
                catalog, home, Limits(),
                now=lambda: datetime.now(UTC), monotonic=time.monotonic, sleep=time.sleep,
            )
        )  # fmt: skip


def measure_rows(folder: Path, rows: int) -> str:
    """Fills both, measures, and gives the table."""
    with ExitStack() as stack:
        server = stack.enter_context(started(CONFIG))
        filled = []
        for number in (FEW, rows):
            url = server.make_database()
            catalog = stack.enter_context(closing(open_postgres(url)))
            begun_s = time.monotonic()
            bytes_each = fill(catalog, url, number)
            print(
                f"{number:,} rows filled in {time.monotonic() - begun_s:,.0f} s", file=sys.stderr, flush=True
            )
            filled.append(Filled(catalog, number, folder))
        lines = list(_ask_all(filled[0], filled[1]))
    head = ["| question | 100,000 rows | " + f"{rows:,} rows | times | target |", "|---|---|---|---|---|"]
    verdict = "✓" if bytes_each <= MOST_BYTES else "✗"
    size = f"| bytes of a row, with indexes | | {bytes_each:,.0f} | | ≤ {MOST_BYTES:,} {verdict} |"
    return "\n".join([*head, *lines, size])


def fill(catalog: PostgresCatalog, url: str, rows: int) -> float:
    """Fills an empty catalog. Returns the bytes of each row, with all indexes and counts."""
    with catalog.write() as writer:
        for name in ("one", "two"):
            add_sd(writer, name)
    with psycopg.connect(url, autocommit=True) as conn:
        own = "WHERE indrelid = 'image_files'::regclass"
        keys = conn.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = 'image_files'::regclass AND contype IN ('p', 'f') ORDER BY contype DESC"
        ).fetchall()
        indexes = conn.execute(
            f"SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index {own} AND NOT indisprimary"
        ).fetchall()
        conn.execute("ALTER TABLE image_files DISABLE TRIGGER note_months_insert")
        for name, _ in indexes:
            conn.execute(f"DROP INDEX {name}".encode())
        for name, _ in keys:
            conn.execute(f"ALTER TABLE image_files DROP CONSTRAINT {name}".encode())
        for first in range(0, rows, CHUNK):
            chunk = {"images": rows * 9 // 10, "first": first, "last": min(first + CHUNK, rows) - 1}
            conn.execute(FILL, chunk)
        for name, definition in keys:
            conn.execute(f"ALTER TABLE image_files ADD CONSTRAINT {name} {definition}".encode())
        for _, definition in indexes:
            conn.execute(definition.replace(" ON ONLY ", " ON ").encode())
        conn.execute("ALTER TABLE image_files ENABLE TRIGGER note_months_insert")
        begun_s = time.monotonic()
        with conn.transaction():
            for statement in FILL_MONTHS:
                conn.execute(statement.encode())
        print(f"months of before: {time.monotonic() - begun_s:.1f} s", file=sys.stderr, flush=True)
        conn.execute("VACUUM ANALYZE")
        row = conn.execute(
            "SELECT (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('image_files')) "
            "+ pg_total_relation_size('image_months') + pg_total_relation_size('several_files') "
            "+ pg_total_relation_size('changed_images') + pg_total_relation_size('file_counts')"
        ).fetchone()
    assert row is not None
    return float(row[0]) / rows


def _ask_all(few: Filled, many: Filled) -> Iterator[str]:
    for question in list_questions():
        times: dict[Filled, list[float]] = {few: [], many: []}
        for number in range(-2, ROUNDS):
            for filled, own in times.items():
                dice = random.Random(number)
                begun_s = time.perf_counter()
                question.ask(filled, dice)
                if number >= 0:  # the first ones fill caches
                    own.append(time.perf_counter() - begun_s)
        short, long = (median(own) for own in times.values())
        ratio = long / short
        verdict = (
            "" if question.most is None else f"≤ {question.most:g} {'✓' if ratio <= question.most else '✗'}"
        )
        line = f"| {question.name} | {format_seconds(short)} | {format_seconds(long)} | {ratio:.2f} | {verdict} |"
        print(line, file=sys.stderr, flush=True)
        yield line


def list_questions() -> list[Question]:
    """What is asked."""

    def by_id(filled: Filled, dice: random.Random) -> object:
        number = dice.randrange(filled.images)
        digest = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
        with filled.catalog.read() as reader:
            rows = reader.files.list_rows_of_image(ImageId(digest))
        assert rows
        return rows

    def first_page(filled: Filled, _dice: random.Random) -> object:
        return filled.gallery.list_after(ALL, after=None, limit=100)

    def page_in(filled: Filled, dice: random.Random, *, depth: float) -> object:
        month, count = dice.choice(filled.gallery.get_months(ALL).months[20:24])
        page = filled.gallery.list_month(ALL, month, offset=int(count * depth), limit=100)
        assert len(page.images) == 100
        return page

    def count_months(filled: Filled, chosen: ImageFilter) -> object:
        with filled.catalog.snapshot() as reader:
            months = reader.images.list_places(chosen, every=500).months
        assert len(months) >= MONTHS
        return months

    def count_images(filled: Filled, _dice: random.Random) -> object:
        with filled.catalog.snapshot() as reader:
            found = reader.images.count_images(ALL)
        assert found == filled.images
        return found

    def count_files(filled: Filled, _dice: random.Random) -> object:
        with filled.catalog.snapshot() as reader:
            return reader.files.count_of_each([1, 2])

    def mark(filled: Filled, dice: random.Random) -> object:
        filled.gallery._marks.clear()
        return page_in(filled, dice, depth=0.5)

    return [
        Question("an image by its id", by_id, 3),
        Question("the first page of 100", first_page, 5),
        Question("a page of 100 where a month begins", lambda *it: page_in(*it, depth=0), 5),
        Question("a page of 100 in the middle of a month", lambda *it: page_in(*it, depth=0.5), 5),
        Question("the same, the first time in a month", mark, None),
        Question("images by month", lambda filled, _dice: count_months(filled, ALL), 5),
        Question(
            "images by month of one of two", lambda filled, _dice: count_months(filled, ImageFilter(sd=1)), 5
        ),
        Question("the number of images", count_images, 5),
        Question("files by state, of each", count_files, 5),
    ]
