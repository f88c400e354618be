"""Signing in on a shared catalog: the key of sessions, the image key, links, and ended sessions of all its servers.

A load balancer sends each request to any of them. So one who has signed in at one is let in by the others, a link
works wherever it is opened, and signing out counts everywhere within a second. The home's own token stays its own.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path

from strandline.catalog.port import Catalog
from strandline.runtime.assembly import LocalStore
from strandline.runtime.sign_in import (
    CODE_BYTES,
    LINK_LIFE,
    hash_code,
    keep_link_code,
    make_sign_in_link,
    take_link_code,
)
from strandline.runtime.web_secrets import IMAGE_KEY_FILE, SECRET_BYTES, ensure_secret, put_secret

SESSION_KEY, IMAGE_KEY = "session-key", "image-key"

OF_OWNER = "of-owner-"
"""Before the code of a link in the home that made it: there, the link shows this machine's own folders, too."""


def find_shared_sign_ins(store: LocalStore) -> SharedSignIns | None:
    """What the servers of the store's catalog have in common. None if the catalog is the home's own."""
    return SharedSignIns(store.bench.catalog, store.home) if store.bench.catalog.is_shared else None


def make_link_to(store: LocalStore, address: str) -> str:
    """A new link that signs a browser in to the server of this store, or to any server of a shared catalog.

    Raises:
        DiskError, CatalogError, UnavailableError: It cannot be written down.
    """
    shared = find_shared_sign_ins(store)
    if shared is None:
        return make_sign_in_link(store.home, address)
    return shared.make_link(address, store.now())


def end_shared_sessions(store: LocalStore) -> None:
    """Ends all sessions of all servers of a shared catalog. Does nothing if the catalog is the home's own.

    Raises:
        CatalogError, UnavailableError: The catalog takes no changes now.
    """
    shared = find_shared_sign_ins(store)
    if shared is not None:
        shared.replace_session_key()


class SharedSignIns:
    """What the servers of a catalog have in common. Thread-safe. Each call costs a statement or two."""

    def __init__(self, catalog: Catalog, home: Path) -> None:
        self._catalog = catalog
        self._home = home

    def ensure_session_key(self) -> str:
        """The key that sessions are signed with. The first server makes it."""
        return self._ensure(SESSION_KEY, secrets.token_urlsafe(SECRET_BYTES))

    def replace_session_key(self) -> None:
        """Ends all sessions of all servers."""
        with self._catalog.write(durable=True) as writer:
            writer.sign_ins.ensure_secret(SESSION_KEY, secrets.token_urlsafe(SECRET_BYTES), replaces=True)

    def ensure_image_key(self) -> str:
        """The image key of all servers: that of the first one's home. From then on, it is in each one's home.

        Raises:
            ConfigError, DiskError: The home's file cannot be read or written.
        """
        path = self._home / IMAGE_KEY_FILE
        own = ensure_secret(path)
        shared = self._ensure(IMAGE_KEY, own)
        if shared != own:
            put_secret(path, shared)
        return shared

    def make_link(self, address: str, now: datetime) -> str:
        """A link that signs one browser in at any of the servers, once, within ten minutes.

        Raises:
            DiskError, CatalogError, UnavailableError: It cannot be written down.
        """
        code = secrets.token_urlsafe(CODE_BYTES)
        with self._catalog.write(durable=True) as writer:
            writer.sign_ins.forget_old(now)
            writer.sign_ins.add_link(hash_code(code), now + LINK_LIFE)
        keep_link_code(self._home, OF_OWNER + code, now)
        return f"{address}sign-in?code={code}"

    def take_own_code(self, code: str, now: datetime) -> bool:
        """Whether this home made the link whose code was just taken. Not again after the first time."""
        return take_link_code(self._home, OF_OWNER + code, now)

    def take_link_code(self, code: str, now: datetime) -> bool:
        """Whether the code is valid now. It is not valid again, at none of the servers."""
        with self._catalog.write(durable=True) as writer:
            until = writer.sign_ins.take_link(hash_code(code))
        return until is not None and now <= until <= now + LINK_LIFE

    def list_links(self) -> frozenset[str]:
        """The hashes of the codes that were not taken yet."""
        with self._catalog.read() as reader:
            return frozenset(reader.sign_ins.list_links())

    def list_ended(self) -> dict[str, int]:
        """The sessions that were ended, and until when each would have lasted, in seconds."""
        with self._catalog.read() as reader:
            return {name: int(until.timestamp()) for name, until in reader.sign_ins.list_ended().items()}

    def end_session(self, name: str, until: datetime) -> None:
        """Ends it for all servers."""
        with self._catalog.write(durable=True) as writer:
            writer.sign_ins.end_session(name, until)

    def _ensure(self, name: str, candidate: str) -> str:
        with self._catalog.read() as reader:
            known = reader.sign_ins.find_secret(name)
        if known is not None:
            return known
        with self._catalog.write(durable=True) as writer:
            return writer.sign_ins.ensure_secret(name, candidate)
