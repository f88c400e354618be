"""Signing in through a shared catalog: the secrets, links, and ended sessions that all servers of it have in common.

A home on its own keeps these in files, which a catalog that can be rebuilt must not have. Servers behind one load
balancer have no files in common.
"""

from __future__ import annotations

from datetime import datetime

from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.times import as_microseconds, from_microseconds

SECRET, LINK, ENDED = "secret", "link", "ended"


class SignInReader:
    """What servers ask each second."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect

    def find_secret(self, name: str) -> str | None:
        """The secret with this name."""
        row = self._conn.execute(
            "SELECT value FROM sign_ins WHERE kind = ? AND name = ?", (SECRET, name)
        ).fetchone()
        return None if row is None else str(row[0])

    def list_links(self) -> list[str]:
        """The names of the links that nobody has taken yet, also of those that are too old."""
        rows = self._conn.execute("SELECT name FROM sign_ins WHERE kind = ?", (LINK,))
        return [str(name) for (name,) in rows]

    def list_ended(self) -> dict[str, datetime]:
        """The sessions that were ended, and until when each would have lasted."""
        rows = self._conn.execute("SELECT name, until_us FROM sign_ins WHERE kind = ?", (ENDED,))
        return {name: from_microseconds(until_us) for name, until_us in rows}


class SignInWriter(SignInReader):
    """What happens when somebody signs in or out."""

    def ensure_secret(self, name: str, candidate: str, *, replaces: bool = False) -> str:
        """The secret with this name; the candidate if there was none, or if it ``replaces`` that."""
        keep = "UPDATE SET value = excluded.value" if replaces else "NOTHING"
        self._conn.execute(
            "INSERT INTO sign_ins (kind, name, value, until_us) VALUES (?, ?, ?, 0) "
            f"ON CONFLICT (kind, name) DO {keep}",
            (SECRET, name, candidate),
        )
        found = self.find_secret(name)
        assert found is not None
        return found

    def add_link(self, name: str, until: datetime) -> None:
        """Adds a link that works once until then."""
        self._add(LINK, name, until)

    def take_link(self, name: str) -> datetime | None:
        """Removes the link, and says until when it works. None if there is none: of several who ask, one gets it."""
        rows = self._conn.execute(
            "DELETE FROM sign_ins WHERE kind = ? AND name = ? RETURNING until_us", (LINK, name)
        ).fetchall()
        return from_microseconds(rows[0][0]) if rows else None

    def end_session(self, name: str, until: datetime) -> None:
        """Ends it for all servers."""
        self._add(ENDED, name, until)

    def forget_old(self, now: datetime) -> None:
        """Forgets links and ended sessions that would not work any more anyway."""
        self._conn.execute(
            "DELETE FROM sign_ins WHERE kind <> ? AND until_us < ?", (SECRET, as_microseconds(now))
        )

    def _add(self, kind: str, name: str, until: datetime) -> None:
        self._conn.execute(
            "INSERT INTO sign_ins (kind, name, value, until_us) VALUES (?, ?, '', ?) ON CONFLICT (kind, name) "
            "DO UPDATE SET until_us = excluded.until_us",
            (kind, name, as_microseconds(until)),
        )
