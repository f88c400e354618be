"""Identities of storage directories: what an ``SD_ID`` file may contain, and what is not an identity.

Two forms have the same 128 bits: a UUID with dashes, and the 22-character base64url form that some machines write.
What surprises: the first 22 characters of a UUID *look like* the base64url form, so a truncated ``SD_ID`` could be
read as another identity. Such text is refused (SPEC §4, hazard H10).
"""

from __future__ import annotations

import re
import uuid
from functools import lru_cache
from typing import NewType

StorageDirId = NewType("StorageDirId", str)
"""The identity of a storage directory: a lower-case UUID with dashes."""

IDENTITY_FILE = "SD_ID"
LEGACY_IDENTITY_FILE = ".sd-id"
FORMER_IDENTITY_PREFIX = "SD_ID.was-"
"""``SD_ID.was-<uuid>``: a value that lost. It gives every machine an alias, and is never a candidate."""

MAX_IDENTITY_BYTES = 256
"""More than any accepted one-line spelling needs. A larger file is no identity."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{22}")
_UUID_START = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{3}")
_BOM = b"\xef\xbb\xbf"


def find_storage_dir_id(text: str) -> StorageDirId | None:
    """The identity in this text (a UUID in either case, or base64url), or None."""
    if not text.isascii():
        return None
    if _UUID.fullmatch(text.lower()):
        return StorageDirId(text.lower())
    if _BASE64URL.fullmatch(text) and not _UUID_START.fullmatch(text):
        import base64  # here: most identities are UUIDs

        raw = base64.urlsafe_b64decode(text + "==")
        # 22 characters carry 132 bits. The four spare ones must be zero, otherwise two spellings would mean the same.
        if base64.urlsafe_b64encode(raw)[:22].decode() == text:
            return StorageDirId(str(uuid.UUID(bytes=raw)))
    return None


@lru_cache(maxsize=64)  # every lookup reads an identity file, and they hardly change
def find_identity_in(data: bytes) -> StorageDirId | None:
    """The identity in the bytes of an identity file, or None.

    Accepted: a byte-order mark, CRLF, a missing final newline, and blank lines or white space around the value. Not
    an identity: empty, truncated, NUL bytes, two lines of text, more than 256 bytes, anything else. Law: no proper
    prefix of a valid file that cuts its value is an identity.
    """
    if len(data) > MAX_IDENTITY_BYTES:
        return None
    body = data.removeprefix(_BOM).strip()
    try:
        return find_storage_dir_id(body.decode("ascii"))
    except UnicodeDecodeError:
        return None
