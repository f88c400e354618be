"""The catalog's tables as they are now. :mod:`~.migrations` brings older catalogs here.

A file's size, mtime, and inode are *one text column* (``stamp``), because the question asked a hundred thousand times
is "is it still the same file?", and SQLite answers that three times as fast for one column as for three.

A picture whose id is not known yet is no image, so the three indexes for images leave it out: they would take as long
as its row in the first scan of a folder.

If it costs nothing, the SQL keeps to what PostgreSQL also accepts (``ON CONFLICT … DO UPDATE``).
"""

from __future__ import annotations

SCHEMA = """
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
        first_scan_done INTEGER NOT NULL DEFAULT 0,
        added_at_us     INTEGER NOT NULL,
        question        TEXT,
        layout          TEXT NOT NULL DEFAULT 'ids',
        layout_chosen   INTEGER NOT NULL DEFAULT 0,
        anchors         TEXT,
        notes_checked_us INTEGER
    );
    CREATE TABLE storage_dir_aliases (
        number INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        sd_id  TEXT NOT NULL,
        PRIMARY KEY (number, sd_id)
    ) WITHOUT ROWID;
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
        folded_path        TEXT,
        verified_us        INTEGER,
        PRIMARY KEY (sd, path)
    ) WITHOUT ROWID;
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
    CREATE TABLE origins (
        image_id      TEXT NOT NULL,
        original_name TEXT NOT NULL,
        source        TEXT NOT NULL,
        saved_at_us   INTEGER NOT NULL,
        folded_name   TEXT NOT NULL DEFAULT '',
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
        path          TEXT NOT NULL,
        image_id      TEXT NOT NULL,
        size_bytes    INTEGER NOT NULL,
        sha256        TEXT NOT NULL,
        reason        TEXT NOT NULL,
        trashed_at_us INTEGER NOT NULL,
        mtime_ns      INTEGER
    ) WITHOUT ROWID;
    CREATE TABLE conflict_copies (
        sd       INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path     TEXT NOT NULL,
        image_id TEXT NOT NULL,
        stamp    TEXT NOT NULL,
        sha256   TEXT,
        PRIMARY KEY (sd, path)
    ) WITHOUT ROWID;
    CREATE INDEX conflict_copies_by_image ON conflict_copies (image_id);
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
    CREATE TABLE unused_files (
        sd       INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path     TEXT NOT NULL,
        since_us INTEGER NOT NULL,
        PRIMARY KEY (sd, path)
    ) WITHOUT ROWID;
    CREATE TABLE altered_files (
        sd         INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path       TEXT NOT NULL,
        sha256     TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        stamp      TEXT NOT NULL,
        since_us   INTEGER NOT NULL,
        PRIMARY KEY (sd, path)
    ) WITHOUT ROWID;
    CREATE TABLE notes (
        sd    INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path  TEXT NOT NULL,
        stamp TEXT NOT NULL,
        found TEXT NOT NULL,
        PRIMARY KEY (sd, path)
    ) WITHOUT ROWID;
    CREATE TABLE open_references (
        sd       INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        note     TEXT NOT NULL,
        target   TEXT NOT NULL,
        line     INTEGER NOT NULL,
        path     TEXT,
        since_us INTEGER NOT NULL,
        PRIMARY KEY (sd, note, target)
    ) WITHOUT ROWID;
    """
"""One statement after another, each ends with a semicolon and contains none."""

VERSION = 16
"""The number of migrations that lead here. A start that migrates nothing does not even load them."""
