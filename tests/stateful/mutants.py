"""Naive stores, of the kind that people write first: each believes one thing that a synced folder makes untrue.

Each is our own store with one decision replaced, so that everything around it is real. What surprises: they all pass
ordinary tests, because files that one program writes on one machine arrive whole, in order, and stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from strandline.model import identity, states
from strandline.model.identity_decisions import IdentityDecision, IdentityOutcome
from strandline.model.identity_sightings import IdentityFile, IdentitySighting
from strandline.model.image_files import FileState, ImageFile, Proof, ProofKind
from strandline.model.states import Look, Seen
from strandline.services import add, online, prove, scan

Mutate = Callable[[pytest.MonkeyPatch], None]


def trust_renames(patch: pytest.MonkeyPatch) -> None:
    """What has a new inode under its final name was renamed into place, and is complete."""

    def after_look(row: ImageFile, look: Look, now: datetime) -> ImageFile:
        is_new = look.stamp.size_bytes and (row.proof is None or row.proof.stamp.inode != look.stamp.inode)
        return _shown(row, look, now) if is_new else states.after_look(row, look, now)

    patch.setattr(prove, "after_look", after_look)


def trust_sizes(patch: pytest.MonkeyPatch) -> None:
    """A file whose size is what it was at the last look is complete."""

    def after_look(row: ImageFile, look: Look, now: datetime) -> ImageFile:
        is_stable = row.stamp is not None and row.stamp.size_bytes == look.stamp.size_bytes > 0
        is_quiet = states.unchanged_for(row, now) >= states.QUIET
        return _shown(row, look, now) if is_stable and is_quiet else states.after_look(row, look, now)

    patch.setattr(prove, "after_look", after_look)


def delete_what_is_not_there(patch: pytest.MonkeyPatch) -> None:
    """No such file: deleted."""

    def after_listing(row: ImageFile, seen: Seen | None, now: datetime, *, vanishing_held: bool) -> ImageFile:
        new = states.after_listing(row, seen, now, vanishing_held=False)
        return replace(new, state=FileState.MISSING) if seen is None and row.state in states.EXPECTED else new

    patch.setattr(scan, "after_listing", after_listing)


def let_the_newest_win(patch: pytest.MonkeyPatch) -> None:
    """Of several identities the one with the newest mtime counts, wherever it lies."""

    def decide(sighting: IdentitySighting, **how: object) -> IdentityDecision:
        valid = [
            file for file in (sighting.plain, *sighting.copies) if file is not None and file.value is not None
        ]
        newest = max(valid, key=_mtime_ns, default=None)
        if newest is not None:
            sighting = replace(sighting, plain=newest)
        return identity.decide_identity(sighting, **how)  # type: ignore[arg-type]

    for place in (online, add):
        patch.setattr(place, "decide_identity", decide)


def make_up_an_identity(patch: pytest.MonkeyPatch) -> None:
    """A folder without ``SD_ID`` has none, and gets one."""

    def decide(sighting: IdentitySighting, **how: object) -> IdentityDecision:
        decision = identity.decide_identity(sighting, **how)  # type: ignore[arg-type]
        if decision.sd_id is not None or sighting.plain is not None:
            return decision
        fresh = online.new_storage_dir_id()
        return IdentityDecision(IdentityOutcome.GENERATED, fresh, write=fresh)

    patch.setattr(add, "decide_identity", decide)


def _shown(row: ImageFile, look: Look, now: datetime) -> ImageFile:
    proof = Proof(ProofKind.HASH, look.sha256, look.stamp, now)
    return replace(
        row, state=FileState.PRESENT, stamp=look.stamp, proof=proof, absent_since=None, prior_state=None
    )


def _mtime_ns(file: IdentityFile) -> int:
    return 0 if file.stamp is None else file.stamp.mtime_ns
