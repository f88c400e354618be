"""How many files there are, without counting them: by storage directory, range of paths, and state.

The server notes what each statement changes, in the same transaction, as rows that are summed up when somebody asks.
Nobody updates a sum, so many writers do not wait for each other. From time to time the rows are added up.
"""

from __future__ import annotations

from strandline.catalog.postgres.dialect import POSTGRES

_SHARD = """CASE WHEN path LIKE 'media/_%' AND strpos('0123456789abcdef', substr(path, 7, 1)) > 0
    THEN strpos('0123456789abcdef', substr(path, 7, 1)) - 1 ELSE 16 END"""
"""The first digit of an id; 16 for other names."""

_UNCHECKED = (
    f"""state = 'present' AND absent_since_us IS NULL AND {POSTGRES.differs("proof_stamp", "stamp")}"""
)
_NOTEWORTHY = "state <> 'present' OR absent_since_us IS NOT NULL"
_ANY = "sum(files) <> 0 OR sum(unchecked) <> 0 OR sum(noteworthy) <> 0"
_SUMS = "sd, shard, state, sum(files), sum(unchecked), sum(noteworthy)"


def _count(rows: str, sign: str = "") -> str:
    return f"""
        SELECT sd, {_SHARD} AS shard, state, {sign}count(*) AS files,
            {sign}count(*) FILTER (WHERE {_UNCHECKED}) AS unchecked,
            {sign}count(*) FILTER (WHERE {_NOTEWORTHY}) AS noteworthy
        FROM {rows} GROUP BY 1, 2, 3
    """


_CHANGES = {
    "INSERT": ("NEW TABLE AS new_rows", _count("new_rows")),
    "DELETE": ("OLD TABLE AS old_rows", _count("old_rows", "-")),
    "UPDATE": (
        "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        f"SELECT {_SUMS} FROM ({_count('new_rows')} UNION ALL {_count('old_rows', '-')}) AS changes "
        f"GROUP BY 1, 2, 3 HAVING {_ANY}",
    ),
}

MAKE_COUNTS = [
    f"CREATE TABLE file_counts (sd BIGINT NOT NULL, shard BIGINT NOT NULL, state {POSTGRES.text} NOT NULL, "
    "files BIGINT NOT NULL, unchecked BIGINT NOT NULL, noteworthy BIGINT NOT NULL)",
    "CREATE INDEX file_counts_by_sd ON file_counts (sd)",
    *(
        statement
        for change, (tables, sums) in _CHANGES.items()
        for statement in (
            f"CREATE FUNCTION count_{change.lower()} () RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN INSERT INTO file_counts {sums}; RETURN NULL; END $$",
            f"CREATE TRIGGER count_{change.lower()} AFTER {change} ON image_files REFERENCING {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION count_{change.lower()} ()",
        )
    ),
]
"""The table, and what fills it."""

ADD_UP = f"""
    WITH gone AS (DELETE FROM file_counts RETURNING *)
    INSERT INTO file_counts SELECT {_SUMS} FROM gone GROUP BY 1, 2, 3 HAVING {_ANY}
"""
"""Leaves one row for each of them. Nobody who asks sees anything else before or after it."""

ADD_UP_EVERY = 200
"""Commits of one program."""

DIFFERENCES = f"""
    SELECT DISTINCT sd FROM (
        SELECT {_SUMS} FROM file_counts GROUP BY 1, 2, 3
        UNION ALL {_count("image_files", "-")}
    ) AS both_counts (sd, shard, state, files, unchecked, noteworthy) GROUP BY sd, shard, state HAVING {_ANY}
"""
"""The storage directories whose counts are not those of their rows. Reads all of them."""
