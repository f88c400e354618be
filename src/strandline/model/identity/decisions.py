"""What was decided about the identity of a storage directory, and the writes that carry it out, in order.

What surprises is the order: the value that ``SD_ID`` loses is kept before it is replaced, the other losers after it.
In the reverse order, a crash in between would change the decision: a former value other than the one in ``SD_ID``
means that ``.sd-id`` has already been taken into account.
"""

from __future__ import annotations

from enum import StrEnum

from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.storage_dirs import StorageDirQuestion
from strandline.model.values import dataclass


class IdentityOutcome(StrEnum):
    """The result of the decision. The values appear in JSON."""

    EXISTING = "existing"
    """The folder has a clear identity."""
    MIGRATED = "migrated"
    """Rule 2: moved from ``.sd-id`` to ``SD_ID``."""
    CONFLICT_RESOLVED = "conflict_resolved"
    """Rule 5: the smallest value among the conflict copies."""
    GENERATED = "generated"
    """Rule 6 or ``--new-identity``: a new one."""
    PROVISIONAL = "provisional"
    """``--read-only``, and the folder has none: a UUID that exists only in this catalog."""
    INCOMPLETE = "incomplete"
    """Rules 4 and 7: the identity may still be arriving."""
    UNAVAILABLE = "unavailable"
    """Rule 1: the files could not be read."""
    OFFLINE = "offline"
    """Rule 6, but the catalog knows a storage directory at this path, and nothing of it is here."""


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
    """The value that is kept or written. For a deletion, the identity that ``SD_ID`` must have by then."""
    is_best_effort: bool = False
    """True if a failure is only a warning: the next decision tries again."""


@dataclass(frozen=True, slots=True)
class IdentityDecision:
    """The identity, and what must be written so that every machine reaches the same decision."""

    outcome: IdentityOutcome
    sd_id: StorageDirId | None = None
    """The identity. None if and only if the outcome is incomplete, unavailable or offline."""
    aliases: frozenset[StorageDirId] = frozenset()
    """All other valid values in the folder, including former ones. Empty without an identity."""
    had_conflict: bool = False
    """True for rule 5, and if ``SD_ID``, ``.sd-id``, and the copies have two or more values."""
    write: StorageDirId | None = None
    """What to write to ``SD_ID``: None or :attr:`sd_id`."""
    spelling: str | None = None
    """How to spell it there; None for the usual form. Programs that compare text must not see a different value."""
    may_replace: bool = False
    """True if ``SD_ID`` is a regular file and may be replaced. Otherwise there must be no such file."""
    replaces: StorageDirId | None = None
    """The valid value that the write replaces. None if there is nothing valid to replace."""
    keep_before_write: tuple[StorageDirId, ...] = ()
    keep_after_write: tuple[StorageDirId, ...] = ()
    delete_legacy: bool = False
    wait_for_quiet: bool = False
    """True if something must be written, but only once the identity files have been unchanged for two seconds."""
    warnings: tuple[str, ...] = ()
    """Sentences for a person."""
    problem: str | None = None
    """Why there is no identity, and what to do. None if there is one."""
    question: StorageDirQuestion | None = None
    """What a person can do about the problem, if Strandline then does the rest."""

    @property
    def steps(self) -> tuple[IdentityStep, ...]:
        """The writes, in an order that a crash may interrupt anywhere.

        Law: after any of them the folder decides to :attr:`sd_id`. With ``--new-identity``, until ``SD_ID`` is
        written, it decides to the same identity as before.
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
