"""Naive stores, as people write them first: each believes one thing that is not true in a synced folder.

Each is our own store with one decision replaced, so everything around it is real. What surprises: they all pass
ordinary tests, because files that one program writes on one machine arrive whole, in order, and stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from strandline.catalog.image_files.writer import ImageFileWriter
from strandline.catalog.journal import SqliteJournalWriter
from strandline.model import states
from strandline.model.events import Event, ImageAvailable
from strandline.model.identity import rules
from strandline.model.identity.decisions import IdentityDecision, IdentityOutcome
from strandline.model.identity.sightings import IdentityFile, IdentitySighting
from strandline.model.image_files import FileState, ImageFile, Proof, ProofKind
from strandline.model.layout import Layout
from strandline.model.states import Look, Seen
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.runtime.watching import relooks
from strandline.runtime.watching.background_scans import BackgroundScans
from strandline.services.proving import prove
from strandline.services.scanning import scan
from strandline.services.storage_dirs import add, confirm, presence
from strandline.services.workbench import Workbench

LONG_S = 100.0
"""Scans that are scheduled this far ahead are the periodic ones."""

Mutate = Callable[[pytest.MonkeyPatch], None]


def trust_renames(patch: pytest.MonkeyPatch) -> None:
    """A new inode under the final name was renamed into place, so it is complete."""

    def after_look(row: ImageFile, look: Look, now: datetime, layout: Layout) -> ImageFile:
        is_new = look.stamp.size_bytes and (row.proof is None or row.proof.stamp.inode != look.stamp.inode)
        return _shown(row, look, now) if is_new else states.after_look(row, look, now, layout)

    patch.setattr(prove, "after_look", after_look)


def trust_sizes(patch: pytest.MonkeyPatch) -> None:
    """A file with the same size as at the last look is complete."""

    def after_look(row: ImageFile, look: Look, now: datetime, layout: Layout) -> ImageFile:
        is_stable = row.stamp is not None and row.stamp.size_bytes == look.stamp.size_bytes > 0
        is_quiet = states.unchanged_for(row, now) >= states.QUIET
        return _shown(row, look, now) if is_stable and is_quiet else states.after_look(row, look, now, layout)

    patch.setattr(prove, "after_look", after_look)


def delete_what_is_not_there(patch: pytest.MonkeyPatch) -> None:
    """No such file: it was deleted."""

    def after_listing(row: ImageFile, seen: Seen | None, now: datetime, *, vanishing_held: bool) -> ImageFile:
        new = states.after_listing(row, seen, now, vanishing_held=False)
        return replace(new, state=FileState.MISSING) if seen is None and row.state in states.EXPECTED else new

    patch.setattr(scan, "after_listing", after_listing)


def let_the_newest_win(patch: pytest.MonkeyPatch) -> None:
    """Of several identities, the one with the newest mtime counts, wherever it is."""

    def decide(sighting: IdentitySighting, **how: object) -> IdentityDecision:
        valid = [
            file for file in (sighting.plain, *sighting.copies) if file is not None and file.value is not None
        ]
        newest = max(valid, key=_mtime_ns, default=None)
        if newest is not None:
            sighting = replace(sighting, plain=newest)
        return real(sighting, **how)  # type: ignore[arg-type]

    real = rules.decide_identity
    for place in (rules, add):
        patch.setattr(place, "decide_identity", decide)


def make_up_an_identity(patch: pytest.MonkeyPatch) -> None:
    """A folder without ``SD_ID`` gets a new one."""

    def decide(sighting: IdentitySighting, **how: object) -> IdentityDecision:
        decision = rules.decide_identity(sighting, **how)  # type: ignore[arg-type]
        if decision.sd_id is not None or sighting.plain is not None:
            return decision
        fresh = presence.new_storage_dir_id()
        return IdentityDecision(IdentityOutcome.GENERATED, fresh, write=fresh)

    patch.setattr(add, "decide_identity", decide)


def trust_legacy_names(patch: pytest.MonkeyPatch) -> None:
    """A legacy id says nothing about the bytes, so any bytes are right."""

    def after_look(row: ImageFile, look: Look, now: datetime, layout: Layout) -> ImageFile:
        is_any = not states.needs_hash(row, layout) and look.stamp.size_bytes
        return _shown(row, look, now) if is_any else states.after_look(row, look, now, layout)

    patch.setattr(prove, "after_look", after_look)


def tell_twice(patch: pytest.MonkeyPatch) -> None:
    """Subscribers may as well get an event twice."""

    def append_event(writer: SqliteJournalWriter, event: Event) -> None:
        if isinstance(event, ImageAvailable):
            real(writer, event)
        real(writer, event)

    real = SqliteJournalWriter.append_event
    patch.setattr(SqliteJournalWriter, "append_event", append_event)


def tell_nothing(patch: pytest.MonkeyPatch) -> None:
    """Nobody needs events."""

    def append_event(writer: SqliteJournalWriter, event: Event) -> None:
        if not isinstance(event, ImageAvailable):
            real(writer, event)

    real = SqliteJournalWriter.append_event
    patch.setattr(SqliteJournalWriter, "append_event", append_event)


def forget_what_is_not_there(patch: pytest.MonkeyPatch) -> None:
    """No such file: no row either."""

    def update_row(writer: ImageFileWriter, old: ImageFile, new: ImageFile) -> bool:
        if new.absent_since is not None and old.absent_since is None:
            return writer.delete_row(old)
        return real(writer, old, new)

    real = ImageFileWriter.update_row
    patch.setattr(ImageFileWriter, "update_row", update_row)


def take_its_time(patch: pytest.MonkeyPatch) -> None:
    """The kernel reports changes. Everything else can wait for hours."""

    def plan(scans: BackgroundScans, number: int, in_s: float) -> None:
        real(scans, number, in_s if in_s < LONG_S else 20 * 3600.0)

    real = BackgroundScans.plan
    patch.setattr(BackgroundScans, "plan", plan)
    patch.setattr(relooks, "FIRST_S", 2 * 3600.0)
    patch.setattr(relooks, "LONGEST_S", 2 * 3600.0)


def stay_offline(patch: pytest.MonkeyPatch) -> None:
    """A directory that was offline once stays offline."""

    def move_to_state(
        bench: Workbench, sd: StorageDir, state: StorageDirState, *more: Any, **others: Any
    ) -> StorageDir:
        is_coming_back = sd.state is StorageDirState.OFFLINE and state is StorageDirState.ONLINE
        return sd if is_coming_back else real(bench, sd, state, *more, **others)

    real = presence.move_to_state
    for place in (add, confirm, presence, scan):
        patch.setattr(place, "move_to_state", move_to_state)


def _shown(row: ImageFile, look: Look, now: datetime) -> ImageFile:
    proof = Proof(ProofKind.HASH, look.sha256, look.stamp, now)
    return replace(
        row, state=FileState.PRESENT, stamp=look.stamp, proof=proof, absent_since=None, prior_state=None
    )


def _mtime_ns(file: IdentityFile) -> int:
    return 0 if file.stamp is None else file.stamp.mtime_ns
