"""Images by month: what the server notes while it is changed, and what a program makes of these notes soon after.

Each statement that changes image files notes by how much it changes the number of visible files by storage directory
and month, and which images it changed. A program that adds a file cannot see whether its image has several: another
one may be added at the same moment. So :data:`RECORD` looks up the changed images afterwards, one program at a time.
What it has not taken yet is looked up by the question itself (:mod:`strandline.catalog.image_months`).
"""

from __future__ import annotations

from strandline.catalog.image_months import VISIBLE, say_month, say_ranked
from strandline.catalog.postgres.connections import PostgresConnection
from strandline.catalog.postgres.dialect import POSTGRES

RECORD_LOCK = 0x53544D4E
"""``STMN``: the advisory lock of those who record."""

RECORD_EVERY = 20
RECORD_AFTER_S = 0.5
"""Commits of one program, and the time since the last one. Who asks looks up what they left: 20 to 100 µs each."""

RECORDED_AT_ONCE = 20_000
"""Images; a transaction of a second or two."""

RECORD_FOR_S = 1.0
"""After which a program leaves the rest to its next commit, or to others. A forgotten bucket leaves millions."""

_FILE = "image_id, sd, sort_us"


def _sum(rows: str, sign: str) -> str:
    return f"SELECT {_FILE}, {sign}1 AS files FROM {rows} WHERE {VISIBLE}"


_SIDES = {
    "INSERT": ("NEW TABLE AS new_rows", _sum("new_rows", "+")),
    "DELETE": ("OLD TABLE AS old_rows", _sum("old_rows", "-")),
    "UPDATE": (
        "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        f"{_sum('new_rows', '+')} UNION ALL {_sum('old_rows', '-')}",
    ),
}


def _note(sides: str) -> str:
    """Notes what differs between both sides. Most updates change none of it."""
    return f"""
        WITH differing AS (
            SELECT {_FILE}, sum(files) AS files FROM ({sides}) AS sides GROUP BY {_FILE} HAVING sum(files) <> 0
        ),
        noted AS (
            INSERT INTO image_months SELECT sd, {say_month("sort_us", POSTGRES)}, sum(files), 0, 0
            FROM differing GROUP BY 1, 2 HAVING sum(files) <> 0
        )
        INSERT INTO changed_images SELECT DISTINCT image_id, sd FROM differing
    """


MAKE_MONTHS = [
    f"CREATE TABLE image_months (sd BIGINT NOT NULL, month {POSTGRES.text} NOT NULL, files BIGINT NOT NULL, "
    "hidden BIGINT NOT NULL, hidden_here BIGINT NOT NULL)",
    "CREATE INDEX image_months_by_sd ON image_months (sd)",
    f"CREATE TABLE several_files (image_id {POSTGRES.text} NOT NULL, sd BIGINT NOT NULL, "
    f"month {POSTGRES.text} NOT NULL, files BIGINT NOT NULL, hidden BIGINT NOT NULL, hidden_here BIGINT NOT NULL)",
    "CREATE INDEX several_files_by_image ON several_files (image_id)",
    f"CREATE TABLE changed_images (image_id {POSTGRES.text} NOT NULL, sd BIGINT NOT NULL)",
    *(
        statement
        for change, (tables, sides) in _SIDES.items()
        for statement in (
            f"CREATE FUNCTION note_months_{change.lower()} () RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {_note(sides)}; RETURN NULL; END $$",
            f"CREATE TRIGGER note_months_{change.lower()} AFTER {change} ON image_files REFERENCING {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION note_months_{change.lower()} ()",
        )
    ),
]
"""The tables, and what fills them."""

_SUMS = "sd, month, sum(files), sum(hidden), sum(hidden_here)"
_ANY = "sum(files) <> 0 OR sum(hidden) <> 0 OR sum(hidden_here) <> 0"

ADD_UP_MONTHS = f"""
    WITH gone AS (DELETE FROM image_months RETURNING *)
    INSERT INTO image_months SELECT {_SUMS} FROM gone GROUP BY 1, 2 HAVING {_ANY}
"""
"""Leaves one row for each month and storage directory."""


def _record(limit: str) -> str:
    return f"""
        WITH gone AS (
            DELETE FROM changed_images WHERE ctid = ANY (ARRAY(SELECT ctid FROM changed_images LIMIT {limit}))
            RETURNING image_id
        ),
        changed AS MATERIALIZED (SELECT DISTINCT image_id FROM gone),
        before AS (
            DELETE FROM several_files WHERE ctid = ANY (ARRAY(
                SELECT found.row_id FROM changed CROSS JOIN LATERAL (
                    SELECT ctid AS row_id FROM several_files WHERE image_id = changed.image_id OFFSET 0
                ) AS found
            ))
            RETURNING sd, month, hidden, hidden_here
        ),
        after AS (
            INSERT INTO several_files
            SELECT image_id, sd, month, count(*), count(*) FILTER (WHERE place > 1),
                count(*) FILTER (WHERE place_here > 1)
            FROM ({say_ranked("changed", POSTGRES)}) AS placed WHERE files > 1 GROUP BY 1, 2, 3
            RETURNING sd, month, hidden, hidden_here
        ),
        noted AS (
            INSERT INTO image_months SELECT sd, month, 0, sum(hidden), sum(hidden_here) FROM (
                SELECT * FROM after UNION ALL SELECT sd, month, -hidden, -hidden_here FROM before
            ) AS both_sides GROUP BY 1, 2 HAVING sum(hidden) <> 0 OR sum(hidden_here) <> 0
        )
        SELECT count(*) FROM gone
    """


RECORD = _record(str(RECORDED_AT_ONCE))
"""Takes notes about changed images, and records what these images hide. Gives the number of notes. One statement, so
what it sees of the images is at least as new as the notes. Hold :data:`RECORD_LOCK` before it.
"""


def record_images(connection: PostgresConnection) -> int:
    """Records what images hide that were changed, some thousand at once, in a transaction. Returns the number of
    notes that it took: 0 if another program is at it.
    """
    with connection.driver.transaction():
        (is_ours,) = connection.execute("SELECT pg_try_advisory_xact_lock(?)", (RECORD_LOCK,)).fetchone()
        return int(connection.execute(RECORD).fetchone()[0]) if is_ours else 0


MONTH_DIFFERENCES = f"""
    SELECT {_SUMS} FROM (
        SELECT sd, {say_month("sort_us", POSTGRES)} AS month, 1 AS files, 0 AS hidden, 0 AS hidden_here
        FROM image_files WHERE {VISIBLE}
        UNION ALL SELECT sd, month, 0, hidden, hidden_here FROM several_files
        UNION ALL SELECT sd, month, -files, -hidden, -hidden_here FROM image_months
    ) AS both_sides GROUP BY 1, 2 HAVING {_ANY}
"""
"""What is missing in the notes. Reads all files."""

FILL_MONTHS = [
    f"INSERT INTO image_months {MONTH_DIFFERENCES}",
    f"""
        INSERT INTO changed_images SELECT image_id, sd FROM image_files WHERE {VISIBLE} AND image_id IN (
            SELECT image_id FROM image_files WHERE {VISIBLE} GROUP BY image_id HAVING count(*) > 1
        )
    """,
    _record("ALL"),
]
"""Adds what was there before the triggers. What is changed meanwhile is noted by them: each statement counts what its
snapshot has, minus the notes that it has.
"""
