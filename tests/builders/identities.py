"""Identities with names, and the files that hold them, as values."""

from __future__ import annotations

import uuid

from strandline.model.identity.decisions import IdentityDecision
from strandline.model.identity.rules import decide_identity
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.identity.sightings import (
    IdentityFile,
    IdentitySighting,
    former_name_of,
    judge_former,
    judge_identity,
)

S, A, B, C, FRESH, OTHER = (StorageDirId(str(uuid.UUID(int=n, version=4))) for n in (1, 2, 3, 4, 5, 6))
"""S is the smallest."""


def file(name: str, content: str | bytes) -> IdentityFile:
    """A regular file with this content."""
    return judge_identity(name, content.encode() if isinstance(content, str) else content, None)


def plain(content: str | bytes) -> IdentityFile:
    """``SD_ID`` with this content."""
    return file("SD_ID", content)


def legacy(content: str | bytes) -> IdentityFile:
    """``.sd-id`` with this content."""
    return file(".sd-id", content)


def copies(*values: StorageDirId) -> tuple[IdentityFile, ...]:
    """Conflict copies with these values, as bisync names them."""
    return tuple(file(f"SD_ID.conflict{n}", value) for n, value in enumerate(values, 1))


def former(*values: StorageDirId) -> tuple[IdentityFile, ...]:
    """Values that lost before."""
    return tuple(judge_former(file(former_name_of(value), value)) for value in values)


def decide(sighting: IdentitySighting, **how: object) -> IdentityDecision:
    """The decision, with a fixed new identity."""
    return decide_identity(sighting, **{"fresh": FRESH, **how})  # type: ignore[arg-type]
