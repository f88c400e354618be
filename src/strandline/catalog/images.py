"""Images in the catalog: the files of many storage directories seen as distinct images, in one of two orders.

A page is fetched by walking an index of times and taking each image at *one* file, the newest or the first to arrive.
So it costs the same at the end of a million images as at the beginning. What surprises: there is no table of images;
an image is whatever files carry its id. A file whose id is not known yet is no image.
"""

from __future__ import annotations

import re
from dataclasses import replace

from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.image_files.rows import COLUMNS, to_image_file
from strandline.catalog.times import as_microseconds
from strandline.errors import InvalidCursorError
from strandline.model.image_files import ImageCursor, ImageFile, ImageFilter, Sort
from strandline.model.image_ids import ImageId
from strandline.model.values import dataclass

_LONGEST_CURSOR = 200
"""Twice the length of a cursor with the longest path and the largest numbers."""


@dataclass(frozen=True, slots=True)
class Places:
    """The months and positions of a listing."""

    months: tuple[tuple[str, int], ...]
    """``("2026-11", 42)``, newest first, in UTC."""
    cursors: tuple[ImageCursor, ...] | None
    """The cursors of the images at positions ``every``, ``2 * every`` …, counted from 1. From them, any position
    is a short walk away. None if nobody walked, because the database counts: see :meth:`ImageReader.list_marks`.
    """
    files: int
    """Number of matching files of all images."""


@dataclass(frozen=True, slots=True)
class _Order:
    """How the files of a listing are ordered, and which file of an image decides its place."""

    column: str
    index: str
    decides: str
    """``>``: the image's last file in this order. ``<``: its first."""


_ORDERS = {
    Sort.TAKEN: _Order("sort_us", "image_files_newest_first", ">"),
    Sort.ARRIVED: _Order("first_seen_us", "image_files_by_arrival", "<"),
}


def format_cursor(cursor: ImageCursor, chosen: ImageFilter) -> str:
    """The cursor of this listing as opaque text that is safe in URLs and shells."""
    import base64  # here and below: most commands list nothing
    import json

    text = json.dumps([cursor.at_us, cursor.sd, cursor.path, *_name_order(chosen)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_cursor(text: str, chosen: ImageFilter) -> ImageCursor:
    """Parses the text of :func:`format_cursor`.

    Raises:
        InvalidCursorError: It is anything else, or comes from a listing in another order.
    """
    import base64
    import json

    try:
        if len(text) <= _LONGEST_CURSOR:
            at_us, sd, path, *order = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            is_place = _is_number(at_us) and _is_number(sd) and isinstance(path, str) and path.isascii()
            if is_place and order == _name_order(chosen):
                return ImageCursor(at_us, sd, path)
    except (ValueError, TypeError):
        pass
    raise InvalidCursorError(
        "that is not a cursor of this listing; give the `next` of the page before, or start without one"
    )


def _name_order(chosen: ImageFilter) -> list[str]:
    """What cursors of any but the usual order have at their end."""
    if chosen.sort is Sort.TAKEN and not chosen.reverse:
        return []
    return [f"-{chosen.sort.value}" if chosen.reverse else chosen.sort.value]


def _is_number(value: object) -> bool:
    """Whether a database accepts it as a number."""
    return type(value) is int and -(2**63) <= value < 2**63


def _walk(chosen: ImageFilter, dialect: Dialect) -> tuple[str, str, str, dict[str, object]]:
    """How to walk all files that are the newest of an image: a leading clause, the table, and the condition.

    Checking for each file whether its image has a newer one costs a jump through the catalog. If the index of times
    alone decides which files match, only the few images with several files are checked, in advance.
    """
    if chosen.state is not None or chosen.media_type is not None or chosen.text is not None:
        condition, values = _one_of_each(chosen, dialect)
        return "", "image_files AS f", condition, values
    order = _ORDERS[chosen.sort]
    (hidden, values), (deciding, _) = (_condition(chosen, table, dialect) for table in "gh")
    shown = "NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.sd = f.sd AND hidden.path = f.path)"
    matches = " AND ".join(["f.image_id IS NOT NULL", shown, *_limits(chosen, "f")])
    before = f"""
        WITH several AS MATERIALIZED (
            SELECT image_id FROM image_files WHERE image_id IS NOT NULL GROUP BY image_id HAVING count(*) > 1
        ),
        hidden AS MATERIALIZED (
            SELECT g.sd, g.path
            FROM several {dialect.in_this_order} image_files AS g {dialect.use("image_files_by_image")}
                USING (image_id)
            WHERE {hidden} AND EXISTS (
                SELECT 1 FROM image_files AS h WHERE h.image_id = g.image_id AND {deciding}
                  AND (h.{order.column}, h.sd, h.path) {order.decides} (g.{order.column}, g.sd, g.path)
            )
            UNION ALL
            SELECT sd, path FROM image_files {dialect.use("image_files_noteworthy")}
            WHERE state = 'trashed' AND (state <> 'present' OR absent_since_us IS NOT NULL)
        )
    """
    return before, f"image_files AS f {dialect.use(order.index)}", matches, values


def _one_of_each(chosen: ImageFilter, dialect: Dialect) -> tuple[str, dict[str, object]]:
    """The condition that file ``f`` matches, and that of its image's matching files it decides the place."""
    order = _ORDERS[chosen.sort]
    condition, values = _condition(chosen, "f", dialect)
    deciding, _ = _condition(chosen, "g", dialect)
    return (
        f"""{condition} AND f.image_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM image_files AS g
            WHERE g.image_id = f.image_id AND {deciding}
              AND (g.{order.column}, g.sd, g.path) {order.decides} (f.{order.column}, f.sd, f.path)
        )""",
        values,
    )


def _condition(chosen: ImageFilter, table: str, dialect: Dialect) -> tuple[str, dict[str, object]]:
    parts = _limits(chosen, table)
    values: dict[str, object] = {
        "sd": chosen.sd,
        "since_us": chosen.since and as_microseconds(chosen.since),
        "until_us": chosen.until and as_microseconds(chosen.until),
        "folder_from": f"{chosen.folder}/",
        "folder_to": f"{chosen.folder}0",  # the character after the slash
    }
    if chosen.state is None:
        parts.append(f"{table}.state <> 'trashed'")
    else:
        parts.append(f"{table}.state = :state")
        values["state"] = chosen.state.value
    if chosen.is_incomplete:
        parts.append(f"{table}.proof_whole = 0 AND {dialect.same(f'{table}.proof_stamp', f'{table}.stamp')}")
        parts.append(f"{table}.absent_since_us IS NULL")
    if chosen.is_unseen:
        parts.append(f"{table}.absent_since_us IS NOT NULL")
    if chosen.is_unread:
        parts.append(f"{table}.image_id IS NULL AND {table}.absent_since_us IS NULL")
    if chosen.media_type is not None:
        parts.append(f"{table}.media_type = :media_type")
        values["media_type"] = chosen.media_type
    if chosen.text is not None:
        condition, words = _say_words(chosen.text, table, dialect)
        parts.append(condition)
        values |= words
    return " AND ".join(parts), values


def _say_words(text: str, table: str, dialect: Dialect) -> tuple[str, dict[str, str]]:
    """The condition that one name of the image, or the path of one of its named files, contains all words, or that
    its id begins with the only word.
    """
    from strandline.model.folding import split_words  # here: most listings search for nothing

    words = split_words(text)
    if not words:
        return "TRUE", {}
    named, placed = (
        " AND ".join(f"{dialect.position(column, f':word{at}')} > 0" for at in range(len(words)))
        for column in ("folded_name", "folded_path")
    )
    condition = (
        f"({table}.image_id IN (SELECT image_id FROM origins WHERE {named}) OR {table}.image_id IN (SELECT image_id "
        f"FROM image_files {dialect.use('image_files_by_name')} WHERE folded_name IS NOT NULL AND {placed}))"
    )
    values = {f"word{at}": word for at, word in enumerate(words)}
    if len(words) == 1:
        condition = f"({condition} OR {table}.image_id LIKE :prefix ESCAPE '\\')"
        values["prefix"] = re.sub(r"([\\%_])", r"\\\1", words[0]) + "%"
    return condition, values


def _limits(chosen: ImageFilter, table: str) -> list[str]:
    """The conditions that the index of times alone can decide."""
    wanted = (
        (chosen.sd, f"{table}.sd = :sd"),
        (chosen.since, f"{table}.sort_us >= :since_us"),
        (chosen.until, f"{table}.sort_us < :until_us"),
        (chosen.folder, f"{table}.path > :folder_from AND {table}.path < :folder_to"),
    )
    return [condition for value, condition in wanted if value is not None]


class ImageReader:
    """Images, each once, over all their files: pages of a listing, months, and counts."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect

    def list_image_ids(
        self, chosen: ImageFilter, *, after: ImageCursor | None, limit: int
    ) -> tuple[list[ImageId], ImageCursor | None]:
        """Up to ``limit`` distinct matching images in their order, and the place of the last one (None: no more)."""
        order = _ORDERS[chosen.sort]
        condition, values = _one_of_each(chosen, self._sql)
        column, further, way = order.column, *((">", "ASC") if chosen.reverse else ("<", "DESC"))
        where_after = ""
        if after is not None:
            where_after = f"AND (f.{column}, f.sd, f.path) {further} (:at_us, :after_sd, :after_path)"
            values |= {"at_us": after.at_us, "after_sd": after.sd, "after_path": after.path}
        index = ""
        if chosen.state is None:
            # Otherwise SQLite would fetch and sort all files of an SD for one page, or (without the +) all those that
            # have one time: it would see that sd is constant, and not that the index has the order all the same.
            index = self._sql.use(order.index)
            condition = condition.replace("f.sd = :sd", f"{self._sql.plain('f.sd')} = :sd", 1)
        rows = self._conn.execute(
            f"""
            SELECT f.image_id, f.{column}, f.sd, f.path FROM image_files AS f {index}
            WHERE {condition} {where_after}
            ORDER BY f.{column} {way}, f.sd {way}, f.path {way} LIMIT :limit
            """,
            values | {"limit": limit + 1},
        ).fetchall()
        page = rows[:limit]
        last = ImageCursor(*page[-1][1:]) if len(rows) > limit else None
        return [ImageId(row[0]) for row in page], last

    def find_place(self, chosen: ImageFilter, image_id: ImageId) -> ImageCursor | None:
        """The image's place in the listing. None if it does not match. Cost: its files."""
        condition, values = _one_of_each(chosen, self._sql)
        row = self._conn.execute(
            f"SELECT f.{_ORDERS[chosen.sort].column}, f.sd, f.path FROM image_files AS f "
            f"{self._sql.use('image_files_by_image')} WHERE f.image_id = :image_id AND {condition}",
            values | {"image_id": image_id},
        ).fetchone()
        return None if row is None else ImageCursor(*row)

    def list_places(self, chosen: ImageFilter, *, every: int) -> Places:
        """The number of matching images in each month, and the places of the images at regular positions.

        Cost: one walk over all files, about 300 ms for 100,000 in one SD. Three times as much if filtered by type,
        text, or state, or if most images are in several SDs. It returns few rows, so other threads can run meanwhile.
        If the database counts (:mod:`~.image_months`), the number of months.
        """
        from strandline.catalog.image_months import say_month

        counted = self._find_counts(chosen)
        if counted is not None:
            months = tuple((month, images) for month, images, _ in counted if images)
            return Places(months, None, sum(files for *_, files in counted))
        before, files, condition, values = _walk(chosen, self._sql)
        column, way = _ORDERS[chosen.sort].column, "ASC" if chosen.reverse else "DESC"
        rows = self._conn.execute(
            f"""
            {before} SELECT month, position, at_us, sd, path, position % :every = 0 FROM (
                SELECT *, row_number() OVER listed AS position, lead(month) OVER listed AS next_month FROM (
                    SELECT f.{column} AS at_us, f.sd, f.path,
                           {say_month(f"f.{column}", self._sql)} AS month
                    FROM {files} WHERE {condition}
                ) AS dated WINDOW listed AS (ORDER BY at_us {way}, sd {way}, path {way})
            ) AS placed WHERE position % :every = 0 OR {self._sql.differs("month", "next_month")} ORDER BY position
            """,
            values | {"every": every},
        ).fetchall()
        ends = {str(month): int(position) for month, position, *_ in rows}
        counts = zip(ends, ends.values(), [0, *ends.values()], strict=False)
        return Places(
            months=tuple((month, end - start) for month, end, start in counts),
            cursors=tuple(ImageCursor(*place) for _, _, *place, is_noted in rows if is_noted),
            files=self.count_files(chosen),
        )

    def list_marks(self, chosen: ImageFilter, month: str, *, every: int) -> list[ImageCursor]:
        """The places of the month's images number ``every``, ``2 * every`` …, of a listing that the database counts.

        Cost: a walk over the files of the month.
        """
        from strandline.catalog.image_months import list_marks

        return list_marks(self._conn, chosen, month, every)

    def list_files_without_id(self, chosen: ImageFilter, *, limit: int) -> list[ImageFile]:
        """Up to ``limit`` matching files whose image id is not known yet, by SD and path: no other listing has them.

        Those that were read, and are no whole picture, come before those that nobody has read. The text is looked for
        in their paths. Cost: the noteworthy and the unread files of named folders, until there are enough of them.
        """
        from strandline.model.folding import fold, split_words

        condition, values = _condition(replace(chosen, text=None), "f", self._sql)
        words = split_words(chosen.text or "")
        for at, word in enumerate(words):  # what is not plain is compared below
            has_word = f"{self._sql.position('lower(f.path)', f':word{at}')} > 0"
            condition += f" AND ({has_word} OR {self._sql.is_odd_text('f.path')})"
            values[f"word{at}"] = word
        named = "f.image_id IS NULL AND f.sd IN (SELECT number FROM storage_dirs WHERE layout = 'named')"
        rows = self._conn.execute(
            f"""
            SELECT {COLUMNS} FROM image_files AS f {self._sql.use("image_files_noteworthy")}
            WHERE {named} AND (f.state <> 'present' OR f.absent_since_us IS NOT NULL) AND {condition}
            UNION ALL
            SELECT {COLUMNS} FROM image_files AS f {self._sql.use("image_files_unproven")}
            WHERE {named} AND f.state = 'present' AND {self._sql.differs("f.proof_stamp", "f.stamp")}
              AND f.absent_since_us IS NULL
              AND {condition}
            """,
            values,
        )
        found: list[ImageFile] = []
        for row in map(to_image_file, rows):
            path = fold(row.path)
            if all(word in path for word in words):
                found.append(row)
                if len(found) == limit:
                    break
        return sorted(found, key=lambda row: (row.sd, row.path))

    def count_files(self, chosen: ImageFilter) -> int:
        """The number of matching files of images. Cost: a walk over all files, 20 ms for 100,000, if not counted."""
        counted = self._find_counts(chosen)
        if counted is not None:
            return sum(files for *_, files in counted)
        condition, values = _condition(chosen, "f", self._sql)
        rows = self._conn.execute(f"SELECT count(f.image_id) FROM image_files AS f WHERE {condition}", values)
        return int(rows.fetchone()[0])

    def list_subfolders(self, sd: int, folder: str | None, *, steps: int) -> list[str]:
        """The names of the folders in this folder of the SD that have files, at any depth, by name.

        Goes from one folder to the next, past whatever it contains, and from one file to the next; ``steps`` of that
        at most. Cost: a search in the key's index a step.
        """
        begin = f"{folder}/" if folder else ""
        past, here = (
            self._sql.position(f"substr({column}, :start)", "'/'") for column in ("entry.path", "path")
        )
        rows = self._conn.execute(
            f"""
            WITH RECURSIVE entry(path, step) AS (
                SELECT (SELECT min(path) FROM image_files WHERE sd = :sd AND path > :begin AND path < :end), 1
                UNION ALL
                SELECT (SELECT min(f.path) FROM image_files AS f WHERE f.sd = :sd AND f.path < :end AND f.path >
                    CASE {past} WHEN 0 THEN entry.path
                    ELSE substr(entry.path, 1, :start + {past} - 2) || '0' END),
                    step + 1
                FROM entry WHERE entry.path IS NOT NULL AND step < :steps
            )
            SELECT substr(path, :start, {here} - 1) FROM entry WHERE {here} > 0
            """,
            {
                "sd": sd,
                "begin": begin,
                "end": f"{folder}0" if folder else "\U0010ffff",
                "start": len(begin) + 1,
                "steps": steps,
            },
        )
        return sorted(str(name) for (name,) in rows)

    def count_images(self, chosen: ImageFilter) -> int:
        """The number of distinct matching images. Cost: a walk over an index, 50 ms for 100,000, if not counted."""
        counted = self._find_counts(chosen)
        if counted is not None:
            return sum(images for _, images, _ in counted)
        condition, values = _condition(chosen, "f", self._sql)
        return int(
            self._conn.execute(
                f"SELECT count(DISTINCT f.image_id) FROM image_files AS f WHERE {condition}", values
            ).fetchone()[0]
        )

    def _find_counts(self, chosen: ImageFilter) -> list[tuple[str, int, int]] | None:
        """The months of a listing that the database counts, with their images and files; None of any other."""
        if not self._sql.counts_months:
            return None
        from strandline.catalog.image_months import find_counts

        return find_counts(self._conn, chosen, self._sql)
