"""What was decided about the identity of a storage directory, and the writes that carry it out, in order.

What surprises is the order: the value that ``SD_ID`` loses is kept before it is replaced, the other losers after it.
In the reverse order, a crash in between would change the decision: a former value other than the one in ``SD_ID``
means that ``.sd-id`` has already been taken into account.
"""

from __future__ import annotations

from enum import StrEnum

from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.values import dataclass


class IdentityOutcome(StrEnum):
    """What became of the question. The values stand in JSON."""

    EXISTING = "existing"
    """The folder says it, and nothing had to be settled."""
    MIGRATED = "migrated"
    """Rule 2: taken over from ``.sd-id`` into ``SD_ID``."""
    CONFLICT_RESOLVED = "conflict_resolved"
    """Rule 5: the smallest value among the conflict copies."""
    GENERATED = "generated"
    """Rule 6 or ``--new-identity``: a new one."""
    PROVISIONAL = "provisional"
    """``--read-only``, and the folder has none: a UUID in this catalog only."""
    INCOMPLETE = "incomplete"
    """Rules 4 and 7: it may still be arriving."""
    UNAVAILABLE = "unavailable"
    """Rule 1: looking failed."""
    OFFLINE = "offline"
    """Rule 6, but an SD is known at this path, and nothing of it is here."""


class StepAction(StrEnum):
    """What one step writes."""

    KEEP = "keep"
    """``SD_ID.was-<value>``."""
    WRITE = "write"
    """``SD_ID``."""
    DELETE_LEGACY = "delete-legacy"
    """``.sd-id``."""


@dataclass(frozen=True, slots=True)
class IdentityStep:
    """One write into the storage directory."""

    action: StepAction
    value: StorageDirId
    """What is kept or written; for a deletion the identity that ``SD_ID`` must hold by then."""
    is_best_effort: bool = False
    """True where failing is a warning: the next decision asks for it again."""


@dataclass(frozen=True, slots=True)
class IdentityDecision:
    """What the identity is, and what has to be written so that every machine says the same."""

    outcome: IdentityOutcome
    sd_id: StorageDirId | None = None
    """The identity. None if and only if the outcome is incomplete, unavailable or offline."""
    aliases: frozenset[StorageDirId] = frozenset()
    """Every other valid value that lies there, former values included. Empty without an identity."""
    had_conflict: bool = False
    """True where ``SD_ID``, ``.sd-id`` and the copies hold two values or more, and for rule 5."""
    write: StorageDirId | None = None
    """What to write to ``SD_ID``: None or :attr:`sd_id`."""
    spelling: str | None = None
    """How to spell it there; None for the usual form. Programs that compare text must not see another value."""
    may_replace: bool = False
    """True where a regular file is at ``SD_ID`` and may be replaced; else nothing may be there."""
    replaces: StorageDirId | None = None
    """The valid value that the write replaces; None where what it replaces is invalid, or nothing."""
    keep_before_write: tuple[StorageDirId, ...] = ()
    keep_after_write: tuple[StorageDirId, ...] = ()
    delete_legacy: bool = False
    wait_for_quiet: bool = False
    """True where a write is due once the identity files have not stirred for two seconds. Nothing to do now."""
    warnings: tuple[str, ...] = ()
    """Sentences for a person."""
    problem: str | None = None
    """Why there is no identity, and what to do; None where there is one."""

    @property
    def steps(self) -> tuple[IdentityStep, ...]:
        """The writes, in the order that a crash may interrupt anywhere.

        Law: after any of them the folder decides to :attr:`sd_id`, or, before ``SD_ID`` is written for
        ``--new-identity``, to what it decided to before.
        """
        if self.sd_id is None:
            return ()
        return (
            *(IdentityStep(StepAction.KEEP, value) for value in self.keep_before_write),
            *([IdentityStep(StepAction.WRITE, self.write)] if self.write else ()),
            *(IdentityStep(StepAction.KEEP, value, is_best_effort=True) for value in self.keep_after_write),
            *(
                [IdentityStep(StepAction.DELETE_LEGACY, self.sd_id, is_best_effort=True)]
                if self.delete_legacy
                else ()
            ),
        )
