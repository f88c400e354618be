"""The keyring: the access tokens that a server knows, as they were in the catalog a moment ago.

Every request with a token asks it, so it must not ask the catalog. The server reads it again each second, and at once
if somebody shows a token that it does not know: that one may have been made a moment ago.
"""

from __future__ import annotations

import hmac

from strandline.model.access import AccessToken, hash_secret, sniff_token
from strandline.runtime.assembly import LocalStore
from strandline.web.readings import Reading


class Keyring:
    """All access tokens. Thread-safe: a reading replaces them at once."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self._known: dict[str, tuple[AccessToken, str]] = {}
        self._valid: dict[str, AccessToken] = {}
        self._has_ended = False
        self.reading = Reading(lambda: self.read())
        """For somebody who shows a token that is not known."""

    def read(self) -> None:
        """Asks the catalog.

        Raises:
            CatalogError, UnavailableError: It cannot be asked. The keyring stays as it was.
        """
        self._known = {
            token.token_id: (token, sha256) for token, sha256 in self._store.tokens.list_with_hashes()
        }
        now, before = self._store.now(), self._valid
        self._valid = {key: token for key, (token, _) in self._known.items() if token.is_valid(now)}
        self._has_ended |= any(self._valid.get(key) != token for key, token in before.items())

    def find_by_text(self, text: str) -> AccessToken | None:
        """The token with this text, if it is valid now."""
        parts = sniff_token(text)
        if parts is None:
            return None
        token, sha256 = self._known.get(parts[0], (None, ""))
        is_right = hmac.compare_digest(hash_secret(parts[1]), sha256)
        return token if token is not None and is_right and token.is_valid(self._store.now()) else None

    def may_be_new(self, text: str | None) -> bool:
        """Whether a reading may tell that it is a token: it is not known, and looks like one."""
        parts = None if text is None else sniff_token(text)
        return parts is not None and parts[0] not in self._known

    def find_by_id(self, token_id: str) -> AccessToken | None:
        """The token with this id, if it is valid now. Only for who has shown its secret before."""
        token, _ = self._known.get(token_id, (None, ""))
        return token if token is not None and token.is_valid(self._store.now()) else None

    def list_valid(self) -> list[AccessToken]:
        """All that were valid at the last reading."""
        return list(self._valid.values())

    def take_ended(self) -> bool:
        """Whether a token has ended, or means something else, since this was last called."""
        has_ended, self._has_ended = self._has_ended, False
        return has_ended
