"""Access tokens: made, listed, and revoked. A secret is given out once, and the catalog has only its hash.

A secret has 192 bits of chance, so its plain SHA-256 cannot be guessed, and costs nothing to compare.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from strandline.errors import AccessTokenNotFoundError, InvalidInputError
from strandline.model.access import (
    AccessToken,
    NewAccessToken,
    Role,
    check_note,
    format_token,
    hash_secret,
    parse_role,
)
from strandline.model.given import check_several
from strandline.services.storage_dirs.manage import StorageDirRef, get_storage_dir
from strandline.services.workbench import Workbench

ID_BYTES = 6
SECRET_BYTES = 24


class AccessTokens:
    """The tokens of one store. Thread-safe."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def create(
        self,
        role: Role | str = Role.READ,
        *,
        sds: Iterable[StorageDirRef] | None = None,
        note: str | None = None,
        expires_at: datetime | None = None,
    ) -> NewAccessToken:
        """A new token for all storage directories, or for these. Its text is told only now.

        Raises:
            InvalidInputError: There is no such role, it is for everything and ``sds`` are given, the note is too
                long, or the time is past or has no time zone.
            StorageDirNotFoundError: One of ``sds`` is unknown.
        """
        role, now = parse_role(role), self._bench.now()
        if sds is not None and role is Role.ADMIN:
            raise InvalidInputError(
                "the role admin is for everything; give read or write for some storage directories"
            )
        if expires_at is not None:
            _check_expiry(expires_at, now)
        given = () if sds is None else check_several(sds, "storage directories")
        chosen = {sd.number: sd for sd in (get_storage_dir(self._bench, ref) for ref in given)}
        token = AccessToken(
            token_id=secrets.token_hex(ID_BYTES),
            role=role,
            made_at=now,
            note=check_note(note),
            expires_at=expires_at,
            is_limited=sds is not None,
            numbers=tuple(sorted(chosen)),
            names=tuple(chosen[number].name for number in sorted(chosen)),
        )
        secret = secrets.token_urlsafe(SECRET_BYTES)
        with self._bench.catalog.write(durable=True) as writer:
            writer.tokens.add_token(token, hash_secret(secret))
        return NewAccessToken(token, format_token(token.token_id, secret))

    def list_tokens(self) -> list[AccessToken]:
        """All of them, the oldest first, also those that have expired."""
        return [token for token, _ in self.list_with_hashes()]

    def list_with_hashes(self) -> list[tuple[AccessToken, str]]:
        """The same, with what :func:`hash_secret` gives for the secret of each. For a server."""
        with self._bench.catalog.snapshot() as reader:
            return reader.tokens.list_tokens()

    def revoke(self, ref: str) -> AccessToken:
        """Removes the token with this id, the beginning of one, or this note. Servers notice within a second.

        Raises:
            AccessTokenNotFoundError: There is none.
            InvalidInputError: Several are meant.
        """
        found = [
            token
            for token in self.list_tokens()
            if ref and (token.token_id.startswith(ref) or token.note == ref)
        ]
        if len(found) > 1:
            ids = ", ".join(token.token_id for token in found)
            raise InvalidInputError(f"several tokens are meant: {ids}; give the whole id of one")
        if not found:
            raise AccessTokenNotFoundError(f"there is no token {ref!r}; `strandline token list` shows all")
        with self._bench.catalog.write(durable=True) as writer:
            writer.tokens.remove_token(found[0].token_id)
        return found[0]


def _check_expiry(at: datetime, now: datetime) -> None:
    facts = {"parameter": "expires_at", "value": at.isoformat()}
    if at.tzinfo is None:
        raise InvalidInputError("expires_at needs a time zone; use datetime.now(UTC), for example", **facts)
    if at <= now:
        raise InvalidInputError("the token would have expired already; give a time to come", **facts)
