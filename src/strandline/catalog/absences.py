"""Absences in the catalog: files that the last listing did not meet, and what a person or a return makes of them.

What surprises: here whole storage directories are moved by one statement, without a row being read.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from strandline.catalog.database import Transaction
from strandline.catalog.image_files import count_expected
from strandline.catalog.times import as_microseconds


def accept_absences(transaction: Transaction, sd: int, now: datetime, *, all_rows: bool) -> None:
    """Marks the absent rows of the SD as accepted: they may become missing and no longer count for the brake.

    ``all_rows`` takes every row for absent: the media folder itself is gone, so no scan could mark them.
    """
    expected = "sd = :sd AND state NOT IN ('missing', 'trashed')"
    if all_rows:
        transaction.conn.execute(
            f"UPDATE image_files SET absent_since_us = :now WHERE {expected} AND absent_since_us IS NULL",
            {"sd": sd, "now": as_microseconds(now)},
        )
    transaction.conn.execute(
        f"UPDATE image_files SET absence_accepted = 1 WHERE {expected} AND absent_since_us IS NOT NULL",
        {"sd": sd},
    )


def restart_absences(transaction: Transaction, sd: int, now: datetime) -> None:
    """From now on the SD's absent rows are absent since now, but for accepted ones. Cost: its noteworthy rows."""
    transaction.conn.execute(
        "UPDATE image_files INDEXED BY image_files_noteworthy SET absent_since_us = ? "
        "WHERE sd = ? AND absent_since_us IS NOT NULL AND NOT absence_accepted "
        "AND state NOT IN ('missing', 'trashed')",
        (as_microseconds(now), sd),
    )


def count_unaccepted(conn: sqlite3.Connection, sd: int) -> int:
    """How many rows of the SD a healthy scan should meet, less those whose absence a person has accepted."""
    accepted = conn.execute(
        "SELECT count(*) FROM image_files WHERE sd = ? AND absent_since_us IS NOT NULL AND absence_accepted "
        "AND state NOT IN ('missing', 'trashed')",
        (sd,),
    ).fetchone()[0]
    return count_expected(conn, sd) - int(accepted)
