"""Bare jobs: the system calls and statements that an operation cannot do without, written plainly."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

from strandline.catalog.database import CACHE_KIB, WAL_PAGES_BEFORE_CHECKPOINT, WAL_PAGES_IF_DURABLE


def list_and_stat(media: Path) -> None:
    """One ``scandir``, and one ``lstat`` per file, like any simple program."""
    with os.scandir(media) as entries:
        for entry in entries:
            entry.stat(follow_symlinks=False)


def walk_and_stat(root: str) -> None:
    """One ``scandir`` per folder, and one ``lstat`` per file, by path."""
    waiting = [root]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)


def read_file(path: str | Path) -> bytes:
    """Opens a file, gets its size, reads, and closes."""
    descriptor = os.open(path, os.O_RDONLY)
    data = os.read(descriptor, os.fstat(descriptor).st_size)
    os.close(descriptor)
    return data


def has_file(path: str) -> bool:
    """One ``lstat``."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True


def write_durably(data: bytes, path: Path) -> None:
    """A temporary file beside the target, ``fsync``, rename, ``fsync`` of the folder."""
    temporary = path.with_name("." + path.name)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)
    os.close(descriptor)
    os.rename(temporary, path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def hash_bytes(data: bytes) -> str:
    """SHA-256, as for a content id."""
    return hashlib.sha256(data).hexdigest()


def open_database(path: Path, *, durable: bool) -> sqlite3.Connection:
    """SQLite with the catalog's settings. With ``durable``, each commit waits for the disk."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA foreign_keys = ON")
    database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    most_pages = WAL_PAGES_IF_DURABLE if durable else WAL_PAGES_BEFORE_CHECKPOINT
    database.execute(f"PRAGMA wal_autocheckpoint = {most_pages}")
    database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    return database


def open_notes(path: Path, *, durable: bool) -> sqlite3.Connection:
    """A database with one small table, for commits of single rows."""
    database = open_database(path, durable=durable)
    database.execute("CREATE TABLE notes (name TEXT PRIMARY KEY, facts TEXT)")
    return database


def note(database: sqlite3.Connection, name: str, facts: str) -> None:
    """Adds one row in its own commit."""
    database.execute("INSERT INTO notes VALUES (?, ?)", (name, facts))
