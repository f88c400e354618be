"""PostgreSQL's errors as our own errors, which say what happened and what to do.

The server says what happened with an SQLSTATE. A connection that breaks has none. Neither has one that was not let
in: there, the driver passes on the words only. Unknown words may come from a server that is about to be back.
"""

from __future__ import annotations

import re

import psycopg

from strandline.errors import (
    CatalogAwayError,
    CatalogDamagedError,
    CatalogError,
    CatalogLockedError,
    DiskFullError,
    StorageDirNotFoundError,
    StrandlineError,
)

_STOPPED = ("08", "57P01", "57P02", "57P03", "57P05", "25P03")
"""The connection or its server went away."""
_BUSY = ("40001", "40P01", "55P03", "57014")
_READ_ONLY = "25006"
_NO_CONNECTION_LEFT = "53300"
_DISK_FULL = "53100"
_BROKEN = ("XX001", "XX002")
_NO_PRIVILEGE = "42501"
_NO_RIGHTS = ("28", "3D000")

_NOT_LET_IN = re.compile(
    r"does not exist|authentication failed|no pg_hba\.conf entry|no password supplied|not permitted to log in"
)
_FULL_HOUSE = re.compile(r"too many (clients|connections)|connection slots")


def explain_postgres_error(error: psycopg.Error, place: str) -> StrandlineError:
    """Our error for one of psycopg's, with what to do about it."""
    state = error.sqlstate or ""
    text = " ".join(str(error).split())
    facts = {"catalog": place, "sqlstate": state}
    is_unknown = not state and isinstance(error, psycopg.OperationalError)
    if state == _NO_CONNECTION_LEFT or (is_unknown and _FULL_HOUSE.search(text)):
        return CatalogAwayError(
            f"the server of the catalog {place} has no connection left; try again, lower catalog.pool of the "
            "programs that use it, or raise the server's max_connections", **facts,
        )  # fmt: skip
    if state == _NO_PRIVILEGE:
        return CatalogError(
            f"the role of the catalog {place} lacks a right ({text}); its owner can grant it, or name another role "
            "in catalog.url", **facts,
        )  # fmt: skip
    if state.startswith(_NO_RIGHTS) or (is_unknown and _NOT_LET_IN.search(text)):
        return CatalogError(
            f"the server of the catalog {place} refuses ({text}); check catalog.url, and the password in ~/.pgpass "
            "or PGPASSWORD", **facts,
        )  # fmt: skip
    if state.startswith(_STOPPED) or is_unknown:
        return CatalogAwayError(
            f"the server of the catalog {place} does not answer ({text}); Strandline goes on as soon as it does, so "
            "try again, or start it", **facts,
        )  # fmt: skip
    if state == _READ_ONLY:
        return CatalogAwayError(
            f"the catalog {place} takes no changes now: its server is a standby, or was made read-only; try again "
            "after the switch, or name the primary in catalog.url", **facts,
        )  # fmt: skip
    if state in _BUSY:
        return CatalogLockedError(
            f"the catalog {place} is busy with changes of others ({text}); try again", **facts
        )
    if state == _DISK_FULL:
        return DiskFullError(
            f"the disk of the catalog {place} is full; make room on its server and try again", **facts
        )
    if state.startswith(_BROKEN):
        return CatalogDamagedError(
            f"the catalog {place} is damaged ({text}), or its server's disk is; check the disk, and restore a "
            "backup, or make a new database and add the storage directories again; no image is lost", **facts,
        )  # fmt: skip
    if state == "23503":
        return StorageDirNotFoundError(
            "that storage directory was forgotten meanwhile; add it again with `strandline sd add PATH`",
            **facts,
        )
    return CatalogError(f"the catalog {place} gave an unexpected answer: {text}", **facts)
