"""Images in the catalog: the files of many storage directories seen as distinct images, newest first.

A page is fetched by walking the index of times and taking each image at its *newest* file, so that it costs the
same at the end of a million images as at the beginning. What surprises: there is no table of images; an image
is whatever files carry its id.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from datetime import UTC, datetime

from strandline.catalog.times import as_microseconds
from strandline.errors import InvalidCursorError
from strandline.model.image_files import ImageCursor, ImageFilter
from strandline.model.image_ids import ImageId
from strandline.model.values import dataclass

_LONGEST_CURSOR = 200
"""Twice the length of a cursor with the longest path and the largest numbers."""

_FIRST_TIME = datetime(1, 1, 1, tzinfo=UTC)
_LAST_TIME = datetime.max.replace(tzinfo=UTC)
"""Times outside these bounds have no month, but other machines' disks may have them."""


@dataclass(frozen=True, slots=True)
class Places:
    """The months and positions of a listing, from one walk over it."""

    months: tuple[tuple[str, int], ...]
    """``("2026-11", 42)``, newest first, in UTC."""
    cursors: tuple[ImageCursor, ...]
    """The cursors of the images at positions ``every``, ``2 * every`` …, counted from 1. From them, any position
    is a short walk away.
    """


def format_cursor(cursor: ImageCursor) -> str:
    """The cursor as opaque text that is safe in URLs and shells."""
    text = json.dumps([cursor.sort_us, cursor.sd, cursor.path], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_cursor(text: str) -> ImageCursor:
    """Parses the text of :func:`format_cursor`.

    Raises:
        InvalidCursorError: It is anything else.
    """
    try:
        if len(text) <= _LONGEST_CURSOR:
            sort_us, sd, path = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if _is_number(sort_us) and _is_number(sd) and isinstance(path, str) and path.isascii():
                return ImageCursor(sort_us, sd, path)
    except (ValueError, TypeError):
        pass
    raise InvalidCursorError(
        "that is no cursor of a listing; use the 'next' of the page before, or leave it out"
    )


def _is_number(value: object) -> bool:
    """Whether SQLite accepts it as a number."""
    return type(value) is int and -(2**63) <= value < 2**63


def _walk(chosen: ImageFilter) -> tuple[str, str, str, dict[str, object]]:
    """How to walk all files that are the newest of an image: a leading clause, the table, and the condition.

    Checking for each file whether its image has a newer one costs a jump through the catalog. If the index of times
    alone decides which files match, only the few images with several files are checked, in advance.
    """
    if chosen.state is not None or chosen.media_type is not None or chosen.text is not None:
        condition, values = _newest_of_each(chosen)
        return "", "image_files AS f", condition, values
    (older, values), (newer, _) = (_condition(chosen, table) for table in "gh")
    shown = "NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.sd = f.sd AND hidden.path = f.path)"
    matches = " AND ".join([shown, *_limits(chosen, "f")])
    before = f"""
        WITH several AS MATERIALIZED (SELECT image_id FROM image_files GROUP BY image_id HAVING count(*) > 1),
        hidden AS MATERIALIZED (
            SELECT g.sd, g.path
            FROM several CROSS JOIN image_files AS g INDEXED BY image_files_by_image USING (image_id)
            WHERE {older} AND EXISTS (
                SELECT 1 FROM image_files AS h WHERE h.image_id = g.image_id AND {newer}
                  AND (h.sort_us, h.sd, h.path) > (g.sort_us, g.sd, g.path)
            )
            UNION ALL
            SELECT sd, path FROM image_files INDEXED BY image_files_noteworthy
            WHERE state = 'trashed' AND (state <> 'present' OR absent_since_us IS NOT NULL)
        )
    """
    return before, "image_files AS f INDEXED BY image_files_newest_first", matches, values


def _newest_of_each(chosen: ImageFilter) -> tuple[str, dict[str, object]]:
    """The condition that file ``f`` matches and is its image's newest matching file."""
    condition, values = _condition(chosen, "f")
    newer, _ = _condition(chosen, "g")
    return (
        f"""{condition} AND NOT EXISTS (
            SELECT 1 FROM image_files AS g
            WHERE g.image_id = f.image_id AND {newer}
              AND (g.sort_us, g.sd, g.path) > (f.sort_us, f.sd, f.path)
        )""",
        values,
    )


def _condition(chosen: ImageFilter, table: str) -> tuple[str, dict[str, object]]:
    parts = _limits(chosen, table)
    values: dict[str, object] = {
        "sd": chosen.sd,
        "since_us": chosen.since and as_microseconds(chosen.since),
        "until_us": chosen.until and as_microseconds(chosen.until),
    }
    if chosen.state is None:
        parts.append(f"{table}.state <> 'trashed'")
    else:
        parts.append(f"{table}.state = :state")
        values["state"] = chosen.state.value
    if chosen.media_type is not None:
        parts.append(f"{table}.media_type = :media_type")
        values["media_type"] = chosen.media_type
    if chosen.text is not None:
        condition, words = _say_words(chosen.text, table)
        parts.append(condition)
        values |= words
    return " AND ".join(parts), values


def _say_words(text: str, table: str) -> tuple[str, dict[str, str]]:
    """The condition that one name of the image contains all words, or that its id begins with the only word."""
    from strandline.model.folding import split_words  # here: most listings search for nothing

    words = split_words(text)
    if not words:
        return "TRUE", {}
    named = " AND ".join(f"instr(folded_name, :word{at}) > 0" for at in range(len(words)))
    condition = f"{table}.image_id IN (SELECT image_id FROM origins WHERE {named})"
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
    )
    return [condition for value, condition in wanted if value is not None]


class ImageReader:
    """Images, each once, over all their files: pages of a listing, months, and counts."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def list_image_ids(
        self, chosen: ImageFilter, *, after: ImageCursor | None, limit: int
    ) -> tuple[list[ImageId], ImageCursor | None]:
        """Up to ``limit`` distinct matching images, newest first, and the place of the last one (None: no more)."""
        condition, values = _newest_of_each(chosen)
        where_after = ""
        if after is not None:
            where_after = "AND (f.sort_us, f.sd, f.path) < (:sort_us, :after_sd, :after_path)"
            values |= {"sort_us": after.sort_us, "after_sd": after.sd, "after_path": after.path}
        # Otherwise SQLite would fetch and sort all files of an SD for one page.
        index = "INDEXED BY image_files_newest_first" if chosen.state is None else ""
        rows = self._conn.execute(
            f"""
            SELECT f.image_id, f.sort_us, f.sd, f.path FROM image_files AS f {index}
            WHERE {condition} {where_after}
            ORDER BY f.sort_us DESC, f.sd DESC, f.path DESC LIMIT :limit
            """,
            values | {"limit": limit + 1},
        ).fetchall()
        page = rows[:limit]
        last = ImageCursor(*page[-1][1:]) if len(rows) > limit else None
        return [ImageId(row[0]) for row in page], last

    def list_places(self, chosen: ImageFilter, *, every: int) -> Places:
        """The number of matching images in each month, and the places of the images at regular positions.

        Cost: one walk over all files, about 300 ms for 100,000 in one SD. Three times as much if filtered by type,
        text, or state, or if most images are in several SDs. It returns few rows, so other threads can run meanwhile.
        """
        before, files, condition, values = _walk(chosen)
        rows = self._conn.execute(
            f"""
            {before} SELECT month, position, sort_us, sd, path, position % :every = 0 FROM (
                SELECT *, row_number() OVER newest AS position, lead(month) OVER newest AS next_month FROM (
                    SELECT f.sort_us, f.sd, f.path,
                           CASE WHEN f.sort_us < :first_us THEN '0001-01' WHEN f.sort_us > :last_us THEN '9999-12'
                                ELSE strftime('%Y-%m', f.sort_us / 1000000, 'unixepoch') END AS month
                    FROM {files} WHERE {condition}
                ) WINDOW newest AS (ORDER BY sort_us DESC, sd DESC, path DESC)
            ) WHERE position % :every = 0 OR month IS NOT next_month ORDER BY position
            """,
            values
            | {
                "every": every,
                "first_us": as_microseconds(_FIRST_TIME),
                "last_us": as_microseconds(_LAST_TIME),
            },
        ).fetchall()
        ends = {str(month): int(position) for month, position, *_ in rows}
        counts = zip(ends, ends.values(), [0, *ends.values()], strict=False)
        return Places(
            months=tuple((month, end - start) for month, end, start in counts),
            cursors=tuple(ImageCursor(*place) for _, _, *place, is_noted in rows if is_noted),
        )

    def count_images(self, chosen: ImageFilter) -> int:
        """The number of distinct matching images. Cost: a walk over an index, about 50 ms for 100,000 files."""
        condition, values = _condition(chosen, "f")
        return int(
            self._conn.execute(
                f"SELECT count(DISTINCT f.image_id) FROM image_files AS f WHERE {condition}", values
            ).fetchone()[0]
        )
