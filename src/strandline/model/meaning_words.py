"""What the entries of a storage directory are called, for people. Programs get the meanings themselves, as codes."""

from __future__ import annotations

from collections.abc import Mapping

MEANING_WORDS: Mapping[str, str] = {
    "image": "image",
    "conflict-copy": "conflict copy",
    "duplicate": "numbered copy",
    "placeholder": "bytes in the cloud",
    "temporary": "temporary file",
    "litter": "file of a sync client or system",
    "stray": "without an image's name",
    "media folder": "folder of the images",
    "identity: plain": "identity",
    "identity: legacy": "identity of an older program",
    "identity: former": "former identity",
    "identity: copy": "conflict copy of the identity",
    "identity: temporary": "identity on its way",
    "identity: hint": "sign of an identity",
    "other": "something else",
}
"""By the meaning in JSON."""


def say_meaning(meaning: str) -> str:
    """What an entry of this meaning is called."""
    return MEANING_WORDS[meaning]
