"""Access tokens in the catalog: who was given which role, for which storage directories. Secrets are only hashes."""

from __future__ import annotations

from datetime import datetime

from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.access import AccessToken, Role


def _to_time(at_us: int | None) -> datetime | None:
    return None if at_us is None else from_microseconds(at_us)


class AccessTokenReader:
    """The tokens of this catalog."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect

    def list_tokens(self) -> list[tuple[AccessToken, str]]:
        """All tokens with the hashes of their secrets, the oldest first. Cost: two statements."""
        sds: dict[str, list[tuple[int, str]]] = {}
        for token_id, *sd in self._conn.execute(
            "SELECT token_id, sd, name FROM access_token_dirs JOIN storage_dirs ON number = sd ORDER BY token_id, sd"
        ):
            sds.setdefault(token_id, []).append(tuple(sd))
        rows = self._conn.execute(
            "SELECT token_id, secret_sha256, role, note, made_us, expires_us, is_limited FROM access_tokens "
            "ORDER BY made_us, token_id"
        )
        return [
            (
                AccessToken(
                    token_id,
                    Role(role),
                    from_microseconds(made_us),
                    note,
                    _to_time(expires_us),
                    bool(is_limited),
                    tuple(number for number, _ in sds.get(token_id, ())),
                    tuple(name for _, name in sds.get(token_id, ())),
                ),
                secret_sha256,
            )
            for token_id, secret_sha256, role, note, made_us, expires_us, is_limited in rows
        ]


class AccessTokenWriter(AccessTokenReader):
    """Adds and removes tokens."""

    def add_token(self, token: AccessToken, secret_sha256: str) -> None:
        """Adds it with its storage directories."""
        expires_us = None if token.expires_at is None else as_microseconds(token.expires_at)
        self._conn.execute(
            "INSERT INTO access_tokens (token_id, secret_sha256, role, note, made_us, expires_us, is_limited) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                token.token_id, secret_sha256, token.role.value, token.note, as_microseconds(token.made_at),
                expires_us, int(token.is_limited),
            ),
        )  # fmt: skip
        self._conn.executemany(
            "INSERT INTO access_token_dirs (token_id, sd) VALUES (?, ?)",
            [(token.token_id, sd) for sd in token.numbers],
        )

    def remove_token(self, token_id: str) -> bool:
        """Removes it. False if there is none."""
        return self._conn.execute("DELETE FROM access_tokens WHERE token_id = ?", (token_id,)).rowcount == 1
