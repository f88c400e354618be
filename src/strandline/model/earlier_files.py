"""Earlier files: which bytes were at which path, so that people learn what became of a picture that is gone."""

from __future__ import annotations

from datetime import datetime

from strandline.model.values import dataclass

MOST_REMEMBERED = 200_000
"""Earlier files of a storage directory that are kept: about 30 MB in the catalog."""


@dataclass(frozen=True, slots=True)
class EarlierFile:
    """Proven bytes that were at a path, and are not any more. By id: those of a file that has other bytes now."""

    sd: int
    """The storage directory's local number in this catalog."""
    path: str
    """Relative to the storage directory, with ``/``."""
    sha256: str
    size_bytes: int
    since: datetime
    """When these bytes were checked there. Like all times here, by this machine's clock."""
    until: datetime
    """When it was noticed that they are gone."""
