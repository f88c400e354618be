"""How many images each month has, if the database counts while it is changed: no walk over files.

What is counted are files. An image with several files is shown at one of them, the last in the order of the listing.
The others are hidden, and are subtracted. Those who write record what is hidden soon afterwards; images that changed
a moment ago are looked up by their id. A part of the catalog (:mod:`~.limited`) must not know what the rest hides, so
there all images with several files are looked up.
"""

from __future__ import annotations

from datetime import UTC, datetime

from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.times import as_microseconds
from strandline.model.image_files import ImageCursor, ImageFilter

FIRST_US = as_microseconds(datetime(1, 1, 1, tzinfo=UTC))
LAST_US = as_microseconds(datetime.max.replace(tzinfo=UTC))
"""Times outside these bounds have no month, but other machines' disks may have them."""

FIRST_MONTH, LAST_MONTH = "0001-01", "9999-12"
MOST_CHANGED = 50_000
"""Images that changed a moment ago: seconds to look them up. If there are more, a walk takes less time."""

VISIBLE = "image_id IS NOT NULL AND state <> 'trashed'"


def say_month(column: str, dialect: Dialect) -> str:
    """The month of a time; the first or last one of the calendar if it is outside."""
    return (
        f"CASE WHEN {column} < {FIRST_US} THEN '{FIRST_MONTH}' WHEN {column} > {LAST_US} THEN '{LAST_MONTH}' "
        f"ELSE {dialect.month(column)} END"
    )


def say_ranked(images: str, dialect: Dialect, condition: str = VISIBLE) -> str:
    """The visible files of these images: which one of its image it is from the last one, of all files (``place``) and
    of those in its SD (``place_here``). The ids are looked up one by one, whatever the database guesses of their
    number.
    """
    return f"""
        SELECT ranked.image_id, ranked.sd, {say_month("ranked.sort_us", dialect)} AS month,
            row_number() OVER (PARTITION BY ranked.image_id
                ORDER BY ranked.sort_us DESC, ranked.sd DESC, ranked.path DESC) AS place,
            row_number() OVER (PARTITION BY ranked.image_id, ranked.sd
                ORDER BY ranked.sort_us DESC, ranked.path DESC) AS place_here,
            count(*) OVER (PARTITION BY ranked.image_id) AS files
        FROM {images} AS wanted CROSS JOIN LATERAL (
            SELECT image_id, sd, path, sort_us FROM image_files
            WHERE image_id = wanted.image_id AND {condition} OFFSET 0
        ) AS ranked
    """


def is_counted(chosen: ImageFilter, dialect: Dialect) -> bool:
    """Whether the database counts this listing: all images, or those of one SD, by when they were taken."""
    return dialect.counts_months and chosen == ImageFilter(sd=chosen.sd, reverse=chosen.reverse)


def find_counts(conn: Connection, chosen: ImageFilter, dialect: Dialect) -> list[tuple[str, int, int]] | None:
    """See :func:`count_months`. None if the database does not count this listing, or a walk takes less time."""
    if not is_counted(chosen, dialect):
        return None
    some = f"SELECT 1 FROM changed_images LIMIT {MOST_CHANGED + 1}"
    (changed,) = conn.execute(f"SELECT count(*) FROM ({some}) AS some_of_them").fetchone()
    return count_months(conn, chosen, dialect) if changed <= MOST_CHANGED else None


def count_months(conn: Connection, chosen: ImageFilter, dialect: Dialect) -> list[tuple[str, int, int]]:
    """Each month with its images and its visible files, in the order of the listing.

    Cost: the number of months and SDs, and of images that were changed a moment ago; in a part of the catalog also of
    images with several files in it.
    """
    here = "sd = :sd" if chosen.sd is not None else "TRUE"
    way = "ASC" if chosen.reverse else "DESC"
    ranked = say_ranked("looked_up", dialect, f"{VISIBLE} AND {here}")
    rows = conn.execute(
        f"""
        {_say_noted(chosen, dialect)}
        SELECT month, CAST(sum(images) AS bigint), CAST(sum(files) AS bigint) FROM (
            SELECT month, images, files FROM noted
            UNION ALL SELECT month, -1, 0 FROM ({ranked}) AS placed WHERE place > 1
        ) AS counted GROUP BY month ORDER BY month {way}
        """,
        {"sd": chosen.sd},
    )
    return [(str(month), int(images), int(files)) for month, images, files in rows]


def _say_noted(chosen: ImageFilter, dialect: Dialect) -> str:
    """A beginning: the images to look up, and what was noted of all others."""
    here = "sd = :sd" if chosen.sd is not None else "TRUE"
    if dialect.is_part and chosen.sd is None:
        return """
            WITH looked_up AS MATERIALIZED (
                SELECT image_id FROM changed_images
                UNION SELECT image_id FROM several_files GROUP BY image_id HAVING sum(files) > 1
            ),
            noted AS (SELECT month, files AS images, files FROM image_months)
        """
    hidden = "hidden" if chosen.sd is None else "hidden_here"
    return f"""
        WITH looked_up AS MATERIALIZED (SELECT DISTINCT image_id FROM changed_images WHERE {here}),
        noted AS (
            SELECT month, files - {hidden} AS images, files FROM image_months WHERE {here}
            UNION ALL
            SELECT recorded.month, recorded.{hidden}, 0 FROM looked_up CROSS JOIN LATERAL (
                SELECT month, {hidden} FROM several_files
                WHERE image_id = looked_up.image_id AND {here} OFFSET 0
            ) AS recorded
        )
    """


def list_marks(conn: Connection, chosen: ImageFilter, month: str, every: int) -> list[ImageCursor]:
    """The places of the month's images number ``every``, ``2 * every`` …, in the order of the listing.

    Cost: a walk over the files of the month.
    """
    here = "AND {}.sd = :sd" if chosen.sd is not None else ""
    way = "ASC" if chosen.reverse else "DESC"
    since_us, until_us = find_bounds(month)
    rows = conn.execute(
        f"""
        WITH several AS MATERIALIZED (
            SELECT image_id FROM changed_images UNION SELECT image_id FROM several_files WHERE month = :month
        )
        SELECT at_us, sd, path FROM (
            SELECT f.sort_us AS at_us, f.sd, f.path,
                row_number() OVER (ORDER BY f.sort_us {way}, f.sd {way}, f.path {way}) AS position
            FROM image_files AS f LEFT JOIN several ON several.image_id = f.image_id
            WHERE f.image_id IS NOT NULL AND f.state <> 'trashed' {here.format("f")}
              AND f.sort_us BETWEEN :since_us AND :through_us
              AND (several.image_id IS NULL OR NOT EXISTS (
                SELECT 1 FROM image_files AS g
                WHERE g.image_id = f.image_id AND g.state <> 'trashed' {here.format("g")}
                  AND (g.sort_us, g.sd, g.path) > (f.sort_us, f.sd, f.path)
              ))
        ) AS placed WHERE position % :every = 0 ORDER BY position
        """,
        {
            "sd": chosen.sd, "month": month, "every": every,
            "since_us": -(2**63) if since_us is None else since_us,
            "through_us": 2**63 - 1 if until_us is None else until_us - 1,
        },
    )  # fmt: skip
    return [ImageCursor(*row) for row in rows]


def find_bounds(month: str) -> tuple[int | None, int | None]:
    """The first time of the month, and of the next one, in microseconds; None at the ends of the calendar. Pure.

    Databases round a time before 1970 to the next second, not to the one before.
    """
    year, number = map(int, month.split("-"))
    following = (year, number + 1) if number < 12 else (year + 1, 1)
    return (
        None if month == FIRST_MONTH else _begin(year, number),
        None if month == LAST_MONTH else _begin(*following),
    )


def _begin(year: int, number: int) -> int:
    at_us = as_microseconds(datetime(year, number, 1, tzinfo=UTC))
    return at_us if at_us > 0 else at_us - 999_999


def find_start(month: str, *, reverse: bool) -> ImageCursor | None:
    """A place just before the month's first one in the listing; None if nothing is before it. Pure."""
    since_us, until_us = find_bounds(month)
    if reverse:
        return None if since_us is None else ImageCursor(since_us, 0, "")
    return None if until_us is None else ImageCursor(until_us, 0, "")
