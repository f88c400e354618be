"""Access: who may do what. Roles, the tokens that give them, and how such a token looks.

A role includes the ones before it. A token is for everything, or for some storage directories. Its text has a public
part, by which it is found, and a secret, of which only the hash is kept.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from strandline.errors import InvalidInputError
from strandline.model.amounts import parse_age
from strandline.model.json_form import JsonForm, own_keys
from strandline.model.values import dataclass


class Role(StrEnum):
    """What somebody may do."""

    READ = "read"
    """See images, states, events, and numbers."""
    WRITE = "write"
    """Also save, change, and delete images."""
    ADMIN = "admin"
    """Also add and remove storage directories, read folders of the server's machine, and move whole catalogs."""

    def includes(self, other: Role) -> bool:
        """Whether one who has this role may do what the other one allows."""
        order = list(Role)
        return order.index(self) >= order.index(other)


MAX_NOTE = 200

TOKEN_PREFIX = "strandline"
"""Tokens begin with it, so that programs that look for secrets in texts find them."""

_TOKEN = re.compile(rf"{TOKEN_PREFIX}_([0-9a-f]{{12}})_([A-Za-z0-9_-]{{32}})")


@dataclass(frozen=True, slots=True)
class AccessToken(JsonForm):
    """What is known of a token. Its secret is not."""

    token_id: str
    """Its public part: 12 hex digits."""
    role: Role
    made_at: datetime
    note: str | None = None
    expires_at: datetime | None = None
    is_limited: bool = False
    """Whether it is for some storage directories only. If those were forgotten, it is for none."""
    numbers: tuple[int, ...] = ()
    """Of these storage directories."""
    names: tuple[str, ...] = ()
    """What they are called now."""

    def is_valid(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires_at is None or now < self.expires_at

    JSON = own_keys("token_id", "role", "note") | {"sds": "sds"} | own_keys("made_at", "expires_at")

    @property
    def sds(self) -> tuple[str, ...] | None:
        """The names of its storage directories; None if it is for all."""
        return self.names if self.is_limited else None

    @property
    def name(self) -> str:
        """For the audit and for people."""
        return f"{self.note} ({self.token_id})" if self.note else self.token_id


@dataclass(frozen=True, slots=True)
class NewAccessToken(JsonForm):
    """A token that was made just now."""

    known: AccessToken
    text: str
    """What a program sends. Nobody can find it out later."""

    JSON = {"token": "text"} | {key: f"known.{key}" for key in AccessToken.JSON}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what that one may do."""

    name: str
    """For the audit."""
    role: Role = Role.ADMIN
    sds: tuple[int, ...] | None = None
    """The numbers of the storage directories that may be seen; None for all."""
    sd_names: tuple[str, ...] = ()

    @property
    def may_all(self) -> bool:
        """Whether no route is closed."""
        return self.role is Role.ADMIN and self.sds is None


def caller_of(token: AccessToken) -> Caller:
    """The one who has the token."""
    return Caller(f"token {token.name}", token.role, token.numbers if token.is_limited else None, token.names)


def format_token(token_id: str, secret: str) -> str:
    """The text that a program sends."""
    return f"{TOKEN_PREFIX}_{token_id}_{secret}"


def hash_secret(secret: str) -> str:
    """What the catalog knows of a secret."""
    import hashlib  # here: most commands know no secret

    return hashlib.sha256(secret.encode()).hexdigest()


def sniff_token(text: str) -> tuple[str, str] | None:
    """The public part and the secret. None if it is no such token."""
    found = _TOKEN.fullmatch(text)
    return None if found is None else (found[1], found[2])


def parse_role(text: str) -> Role:
    """The role.

    Raises:
        InvalidInputError: There is no such role.
    """
    try:
        return Role(text)
    except ValueError:
        raise InvalidInputError(
            f"{text!r} is not a role; the roles are {', '.join(role.value for role in Role)}",
            parameter="role",
            value=str(text)[:40],
        ) from None


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def parse_expiry(text: str, now: datetime) -> datetime:
    """When something expires: after a day in UTC (``2027-01-31``), at a time with its zone, or after some (``90d``).

    Raises:
        InvalidInputError: It is none of them.
    """
    try:
        if _DAY.fullmatch(text):
            day = datetime.fromisoformat(text).replace(tzinfo=UTC)
            return day + min(timedelta(days=1), datetime.max.replace(tzinfo=UTC) - day)
        if text[4:5] != "-":
            return now + parse_age(text)
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError
        return found.astimezone(UTC)
    except (ValueError, OverflowError, InvalidInputError):
        raise InvalidInputError(
            f"{text[:40]!r} is not a time; give a day (2027-01-31), a time with its zone "
            "(2027-01-31T12:00:00Z), or how long (90d)"
        ) from None


def check_note(text: str | None) -> str | None:
    """The note in one line, or None without one.

    Raises:
        InvalidInputError: It is too long, or has control characters.
    """
    if text is None or not text.strip():
        return None
    text = text.strip()
    if len(text) > MAX_NOTE or not text.isprintable():
        raise InvalidInputError(f"a token's note is one line of at most {MAX_NOTE} characters")
    return text
