"""How older catalogs get the tables of :mod:`~.schema`: numbered steps that run once each, in order.

A released step is never edited; a new one is appended, and the schema says the same. The catalog counts those that
have run. Statements end with a semicolon and contain none. A new catalog runs none of them.

Steps that are plain text are older than the catalog in PostgreSQL, so only SQLite runs them. A new step is a function
that says it in either dialect. One that only adds concerns one table: programs of the version before go on while it
runs, and wait for it no longer than for any other change.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from strandline.catalog.database import APPLICATION_ID, read_version
from strandline.catalog.dialect import SQLITE, Dialect
from strandline.catalog.formats import OLDEST
from strandline.catalog.schema import (
    OLDEST_FORMAT,
    say_access,
    say_audit,
    say_bucket_guarantees,
    say_schema,
    say_sign_ins,
)
from strandline.model.folding import fold

if TYPE_CHECKING:
    from strandline.catalog.database import SqliteCatalog

Step = str | Callable[[Dialect], str]

MIGRATIONS: tuple[Step, ...] = (
    """
    CREATE TABLE meta (
        key   TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    );
    CREATE TABLE storage_dirs (
        number          INTEGER PRIMARY KEY AUTOINCREMENT,
        sd_id           TEXT,
        provisional     INTEGER NOT NULL DEFAULT 0,
        name            TEXT NOT NULL UNIQUE,
        path            TEXT NOT NULL,
        state           TEXT NOT NULL,
        problem         TEXT,
        read_only       INTEGER NOT NULL DEFAULT 0,
        root_device     INTEGER,
        root_inode      INTEGER,
        first_scan_done INTEGER NOT NULL DEFAULT 0,
        added_at_us     INTEGER NOT NULL
    );
    CREATE TABLE storage_dir_aliases (
        number INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        sd_id  TEXT NOT NULL,
        PRIMARY KEY (number, sd_id)
    ) WITHOUT ROWID;
    CREATE TABLE image_files (
        sd                 INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        filename           TEXT NOT NULL,
        image_id           TEXT NOT NULL,
        media_type         TEXT NOT NULL,
        size_bytes         INTEGER,
        stamp              TEXT,
        state              TEXT NOT NULL,
        prior_state        TEXT,
        first_seen_us      INTEGER NOT NULL,
        unchanged_since_us INTEGER NOT NULL,
        absent_since_us    INTEGER,
        absence_accepted   INTEGER NOT NULL DEFAULT 0,
        proof_kind         TEXT,
        proof_sha256       TEXT,
        proof_stamp        TEXT,
        proven_at_us       INTEGER,
        width              INTEGER,
        height             INTEGER,
        taken_at_us        INTEGER,
        sort_us            INTEGER NOT NULL,
        PRIMARY KEY (sd, filename)
    ) WITHOUT ROWID;
    CREATE INDEX image_files_by_image ON image_files (image_id);
    CREATE INDEX image_files_newest_first ON image_files (sort_us);
    CREATE INDEX image_files_unproven ON image_files (sd, sort_us)
        WHERE state = 'present' AND proof_stamp IS NOT stamp;
    CREATE INDEX image_files_noteworthy ON image_files (sd, state)
        WHERE state <> 'present' OR absent_since_us IS NOT NULL;
    CREATE TABLE origins (
        image_id      TEXT NOT NULL,
        original_name TEXT NOT NULL,
        source        TEXT NOT NULL,
        saved_at_us   INTEGER NOT NULL,
        PRIMARY KEY (image_id, original_name, source)
    ) WITHOUT ROWID;
    CREATE TABLE journal (
        seq      INTEGER PRIMARY KEY AUTOINCREMENT,
        at_us    INTEGER NOT NULL,
        type     TEXT NOT NULL,
        sd_id    TEXT,
        facts    TEXT NOT NULL
    );
    CREATE TABLE trash (
        trash_id      TEXT NOT NULL PRIMARY KEY,
        sd_id         TEXT,
        sd_path       TEXT NOT NULL,
        filename      TEXT NOT NULL,
        image_id      TEXT NOT NULL,
        size_bytes    INTEGER NOT NULL,
        sha256        TEXT NOT NULL,
        reason        TEXT NOT NULL,
        trashed_at_us INTEGER NOT NULL
    ) WITHOUT ROWID;
    """,
    # Only rows of the first scan keep the default. Everything else that writes a row sets it to 0 (see ``arrivals``).
    """
    ALTER TABLE image_files ADD COLUMN listed_first INTEGER NOT NULL DEFAULT 1;
    CREATE INDEX image_files_arrivals ON image_files (sd, sort_us)
        WHERE listed_first = 0 AND state = 'present' AND proof_stamp IS NOT stamp;
    """,
    # A proof without it is repeated if the disk keeps ctimes.
    """
    ALTER TABLE image_files ADD COLUMN proof_ctime_ns INTEGER;
    """,
    # NULL for proofs from before structures were walked. The verifier repeats them.
    """
    ALTER TABLE image_files ADD COLUMN proof_whole INTEGER;
    CREATE INDEX image_files_unwalked ON image_files (sd, sort_us)
        WHERE state = 'present' AND proof_stamp IS stamp AND proof_whole IS NULL;
    CREATE INDEX image_files_incomplete ON image_files (sd, filename) WHERE proof_whole = 0;
    """,
    # The key becomes the path. Without indexes, and with keys that sort after the old ones, the file does not grow.
    """
    DROP INDEX image_files_by_image;
    DROP INDEX image_files_newest_first;
    DROP INDEX image_files_unproven;
    DROP INDEX image_files_noteworthy;
    DROP INDEX image_files_arrivals;
    DROP INDEX image_files_unwalked;
    DROP INDEX image_files_incomplete;
    ALTER TABLE image_files RENAME COLUMN filename TO path;
    UPDATE image_files SET path = 'media/' || path;
    CREATE INDEX image_files_by_image ON image_files (image_id);
    CREATE INDEX image_files_newest_first ON image_files (sort_us);
    CREATE INDEX image_files_unproven ON image_files (sd, sort_us)
        WHERE state = 'present' AND proof_stamp IS NOT stamp;
    CREATE INDEX image_files_noteworthy ON image_files (sd, state)
        WHERE state <> 'present' OR absent_since_us IS NOT NULL;
    CREATE INDEX image_files_arrivals ON image_files (sd, sort_us)
        WHERE listed_first = 0 AND state = 'present' AND proof_stamp IS NOT stamp;
    CREATE INDEX image_files_unwalked ON image_files (sd, sort_us)
        WHERE state = 'present' AND proof_stamp IS stamp AND proof_whole IS NULL;
    CREATE INDEX image_files_incomplete ON image_files (sd, path) WHERE proof_whole = 0;
    ALTER TABLE storage_dirs DROP COLUMN root_device;
    ALTER TABLE storage_dirs DROP COLUMN root_inode;
    """,
    # Names as a search compares them. ``fold`` is ``model.folding.fold``; if it changes, fold them again.
    """
    ALTER TABLE origins ADD COLUMN folded_name TEXT NOT NULL DEFAULT '';
    UPDATE origins SET folded_name = fold(original_name);
    """,
    """
    CREATE INDEX image_files_by_arrival ON image_files (first_seen_us);
    """,
    # Only of images without a good file, so it is almost always empty.
    """
    CREATE TABLE conflict_copies (
        sd       INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path     TEXT NOT NULL,
        image_id TEXT NOT NULL,
        stamp    TEXT NOT NULL,
        sha256   TEXT,
        PRIMARY KEY (sd, path)
    ) WITHOUT ROWID;
    CREATE INDEX conflict_copies_by_image ON conflict_copies (image_id);
    """,
    # Until then, the messages alone said what a person can do.
    """
    ALTER TABLE storage_dirs ADD COLUMN question TEXT;
    UPDATE storage_dirs SET question = 'accept-absences' WHERE state = 'suspect' AND problem LIKE '%sd confirm%';
    UPDATE storage_dirs SET question = 'restore-identity'
        WHERE state = 'offline' AND sd_id IS NOT NULL AND problem LIKE '%sd confirm%';
    UPDATE storage_dirs SET question = 'new-identity'
        WHERE state = 'incomplete' AND sd_id IS NULL AND read_only = 0 AND problem LIKE '%--new-identity%';
    """,
    # An image's id may be unknown until its bytes are proven. SQLite cannot drop a NOT NULL, so the table is made
    # again.
    """
    ALTER TABLE image_files RENAME TO image_files_before;
    CREATE TABLE image_files (
        sd                 INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path               TEXT NOT NULL,
        image_id           TEXT,
        media_type         TEXT NOT NULL,
        size_bytes         INTEGER,
        stamp              TEXT,
        state              TEXT NOT NULL,
        prior_state        TEXT,
        first_seen_us      INTEGER NOT NULL,
        unchanged_since_us INTEGER NOT NULL,
        absent_since_us    INTEGER,
        absence_accepted   INTEGER NOT NULL DEFAULT 0,
        proof_kind         TEXT,
        proof_sha256       TEXT,
        proof_stamp        TEXT,
        proven_at_us       INTEGER,
        width              INTEGER,
        height             INTEGER,
        taken_at_us        INTEGER,
        sort_us            INTEGER NOT NULL,
        listed_first       INTEGER NOT NULL DEFAULT 1,
        proof_ctime_ns     INTEGER,
        proof_whole        INTEGER,
        folded_name        TEXT,
        PRIMARY KEY (sd, path)
    ) WITHOUT ROWID;
    INSERT INTO image_files (
        sd, path, image_id, media_type, size_bytes, stamp, state, prior_state, first_seen_us,
        unchanged_since_us, absent_since_us, absence_accepted, proof_kind, proof_sha256, proof_stamp,
        proven_at_us, width, height, taken_at_us, sort_us, listed_first, proof_ctime_ns, proof_whole
    )
    SELECT
        sd, path, image_id, media_type, size_bytes, stamp, state, prior_state, first_seen_us,
        unchanged_since_us, absent_since_us, absence_accepted, proof_kind, proof_sha256, proof_stamp,
        proven_at_us, width, height, taken_at_us, sort_us, listed_first, proof_ctime_ns, proof_whole
    FROM image_files_before ORDER BY sd, path;
    DROP TABLE image_files_before;
    CREATE INDEX image_files_by_image ON image_files (image_id) WHERE image_id IS NOT NULL;
    CREATE INDEX image_files_newest_first ON image_files (sort_us) WHERE image_id IS NOT NULL;
    CREATE INDEX image_files_by_arrival ON image_files (first_seen_us) WHERE image_id IS NOT NULL;
    CREATE INDEX image_files_unproven ON image_files (sd, sort_us)
        WHERE state = 'present' AND proof_stamp IS NOT stamp;
    CREATE INDEX image_files_noteworthy ON image_files (sd, state)
        WHERE state <> 'present' OR absent_since_us IS NOT NULL;
    CREATE INDEX image_files_arrivals ON image_files (sd, sort_us)
        WHERE listed_first = 0 AND state = 'present' AND proof_stamp IS NOT stamp;
    CREATE INDEX image_files_unwalked ON image_files (sd, sort_us)
        WHERE state = 'present' AND proof_stamp IS stamp AND proof_whole IS NULL;
    CREATE INDEX image_files_incomplete ON image_files (sd, path) WHERE proof_whole = 0;
    CREATE INDEX image_files_by_name ON image_files (sd, folded_name) WHERE folded_name IS NOT NULL;
    ALTER TABLE storage_dirs ADD COLUMN layout TEXT NOT NULL DEFAULT 'ids';
    ALTER TABLE storage_dirs ADD COLUMN layout_chosen INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE storage_dirs ADD COLUMN anchors TEXT;
    CREATE TABLE earlier_files (
        sd         INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        filename   TEXT NOT NULL,
        path       TEXT NOT NULL,
        since_us   INTEGER NOT NULL,
        sha256     TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        until_us   INTEGER NOT NULL,
        PRIMARY KEY (sd, filename, path, since_us)
    ) WITHOUT ROWID;
    """,
    # Searches find named files by their folders, too. ``fold`` as above.
    """
    ALTER TABLE image_files ADD COLUMN folded_path TEXT;
    UPDATE image_files SET folded_path = fold(path) WHERE folded_name IS NOT NULL AND image_id IS NOT NULL;
    """,
    # What notes refer to, so that only changed ones are read again.
    """
    CREATE TABLE notes (
        sd    INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path  TEXT NOT NULL,
        stamp TEXT NOT NULL,
        found TEXT NOT NULL,
        PRIMARY KEY (sd, path)
    ) WITHOUT ROWID;
    """,
    # Which pictures notes miss, as far as it was told.
    """
    ALTER TABLE storage_dirs ADD COLUMN notes_checked_us INTEGER;
    CREATE TABLE open_references (
        sd       INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        note     TEXT NOT NULL,
        target   TEXT NOT NULL,
        line     INTEGER NOT NULL,
        path     TEXT,
        since_us INTEGER NOT NULL,
        PRIMARY KEY (sd, note, target)
    ) WITHOUT ROWID;
    """,
    # Named pictures can be deleted, too. Until then, only files in media folders came into the trash.
    """
    ALTER TABLE trash RENAME COLUMN filename TO path;
    UPDATE trash SET path = 'media/' || path;
    ALTER TABLE trash ADD COLUMN mtime_ns INTEGER;
    """,
    # When the bytes were last read again, and those that changed untold.
    """
    ALTER TABLE image_files ADD COLUMN verified_us INTEGER;
    CREATE TABLE altered_files (
        sd         INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path       TEXT NOT NULL,
        sha256     TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        stamp      TEXT NOT NULL,
        since_us   INTEGER NOT NULL,
        PRIMARY KEY (sd, path)
    ) WITHOUT ROWID;
    """,
    # Pictures that no text names, and since when.
    """
    CREATE TABLE unused_files (
        sd       INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path     TEXT NOT NULL,
        since_us INTEGER NOT NULL,
        PRIMARY KEY (sd, path)
    ) WITHOUT ROWID;
    """,
    # Who may use the catalog through a server.
    say_access,
    # What they changed.
    say_audit,
    # Pictures that notes miss, and that are on their way.
    lambda dialect: f"ALTER TABLE open_references ADD COLUMN on_its_way {dialect.whole} NOT NULL DEFAULT 0;",
    # What servers of a shared catalog have in common.
    say_sign_ins,
    # Images by month, and what was there before. Both are in PostgreSQL only (postgres/tables).
    lambda _dialect: "",
    lambda _dialect: "",
    # Whether a server in PostgreSQL lost its last commits.
    lambda _dialect: "",
    # What all machines know of the servers of buckets.
    say_bucket_guarantees,
)
"""Index ``n`` migrates a catalog from version ``n`` to ``n + 1``."""


def say_step(step: Step, dialect: Dialect) -> str:
    """The step in this dialect."""
    if callable(step):
        return step(dialect)
    assert dialect is SQLITE, "no catalog in PostgreSQL is that old"
    return step


def list_statements(steps: Iterable[str]) -> list[str]:
    """The statements of these steps, one by one."""
    return [statement for step in steps for statement in step.split(";") if statement.strip()]


def migrate(catalog: SqliteCatalog, to_version: int, migrations: Sequence[Step] | None) -> None:
    """Makes the tables of a new catalog in SQLite, or brings an older one to this version, in one transaction.

    ``migrations`` replace today's steps, and make new catalogs as well.
    """
    with catalog.connected() as conn:
        conn.create_function("fold", 1, fold, deterministic=True)
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("BEGIN IMMEDIATE")
        version = read_version(conn, catalog.path, to_version)  # another process may have been faster
        is_new = not version and migrations is None
        steps = [say_schema] if is_new else (migrations or MIGRATIONS)[version:]
        for statement in list_statements(say_step(step, SQLITE) for step in steps):
            conn.execute(statement)
        conn.execute(f"PRAGMA user_version = {to_version}")
        conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        conn.execute(
            "INSERT INTO meta (key, value) VALUES ('epoch', ?) ON CONFLICT DO NOTHING",
            (uuid.uuid4().hex[:12],),
        )
        conn.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (OLDEST, str(min(OLDEST_FORMAT, to_version))),
        )
        conn.execute("COMMIT")
