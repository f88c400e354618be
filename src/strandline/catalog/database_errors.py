"""SQLite's errors as our own errors, which say what happened and what to do.

What surprises: if the disk refuses a read with EIO, SQLite calls the file "malformed", as if it were broken. So the
message mentions both. A broken foreign key means that another process was faster: all of them point to a storage
directory, and that was forgotten in the meantime.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from strandline.errors import (
    CatalogDamagedError,
    CatalogError,
    CatalogLockedError,
    DiskError,
    DiskFullError,
    StorageDirNotFoundError,
    StrandlineError,
)

_REFUSED = ("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")

ROOM_BYTES = 64 * 1024
"""Opening a catalog, even only to read it, creates a file of 32 KiB beside it. If there is no room for it, SQLite
reports an I/O error.
"""


def explain_database_error(error: sqlite3.Error, path: Path) -> StrandlineError:
    """Our error for an SQLite error, with what to do about it."""
    name = getattr(error, "sqlite_errorname", "") or ""
    facts = {"path": str(path), "sqlite": name}
    if is_busy(error):
        return CatalogLockedError(
            f"the catalog {path} is in use by another process; try again, or stop that process", **facts
        )
    is_refused = name.startswith(_REFUSED)
    if name.startswith("SQLITE_FULL") or (is_refused and _is_full(path.parent)):
        return DiskFullError(
            f"the disk that holds the catalog {path} is full; make room and try again", **facts
        )
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return CatalogDamagedError(
            f"the catalog {path} is damaged ({error}), or its disk is; check the disk, and if it is well, move the "
            "catalog away and add the storage directories again with `strandline sd add PATH`; no image is lost",
            **facts,
        )
    if is_refused:
        return DiskError(
            f"the catalog {path} cannot be read or written ({error}); check the disk and the rights, "
            "or choose another place with --home",
            **facts,
        )
    if name == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return StorageDirNotFoundError(
            "that storage directory was forgotten meanwhile; add it again with `strandline sd add PATH`",
            **facts,
        )
    return CatalogError(f"the catalog {path} gave an unexpected answer: {error}", **facts)


def _is_full(folder: Path) -> bool:
    import shutil  # here: needed only after an error

    try:
        return shutil.disk_usage(folder).free < ROOM_BYTES
    except OSError:
        return False


def is_busy(error: sqlite3.Error) -> bool:
    """True if another connection is in the way, so that waiting may help."""
    return (getattr(error, "sqlite_errorname", "") or "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
