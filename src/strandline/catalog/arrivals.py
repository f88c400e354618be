"""Arrivals in the catalog: files that came or changed after the first scan of their storage directory, still unread.

A scan that registers a file and the look that proves it are two transactions, and much can end a program, or take a
disk away, between them. What is still to be read therefore follows from the rows alone. What surprises: nobody
ticks a file off. The index holds only rows whose proof is not of the file as it lies there, so a proof takes it out.
"""

from __future__ import annotations

import sqlite3


def list_arrivals(conn: sqlite3.Connection, sd: int) -> list[str]:
    """The names of the SD's present files that are to be proven at once, newest first. Cost: that of the answer.

    What the first scan listed is not among them until it changes: the verifier, or the first reader, proves it.
    """
    rows = conn.execute(
        "SELECT filename FROM image_files INDEXED BY image_files_arrivals WHERE sd = ? AND listed_first = 0 "
        "AND state = 'present' AND proof_stamp IS NOT stamp AND absent_since_us IS NULL ORDER BY sort_us DESC",
        (sd,),
    )
    return [str(name) for (name,) in rows]
