"""The identity of a storage directory: seven rules, and the first one that fits wins (SPEC §4).

:func:`decide_identity` is a pure function of the folder's content. It ignores mtimes, names of copies, and which
machine asks. So machines that see the same files choose the same identity without communicating, and an interrupted
machine makes the same choice again. The catalog never changes which value wins. It only distinguishes an empty folder
from one whose disk is away, and it replaces an ``SD_ID`` that is in the cloud.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import replace

from strandline.model.buckets import is_bucket_address
from strandline.model.identity.decisions import IdentityDecision, IdentityOutcome
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.identity.sightings import IdentitySighting, MediaFolder, Unfit
from strandline.model.remedies import say_command, say_new_identity
from strandline.model.storage_dirs import StorageDirQuestion
from strandline.model.values import dataclass

FIXED = frozenset({Unfit.FOLDER, Unfit.LINK, Unfit.SPECIAL, Unfit.EVICTED})
"""Kinds of ``SD_ID`` entries that are never replaced, even by rule 2. They do not come from writing an identity
badly, and may lead to a value (git-annex uses links; iCloud keeps files in the cloud).
"""


def decide_identity(
    sighting: IdentitySighting,
    *,
    fresh: StorageDirId,
    known: StorageDirId | None = None,
    known_former: frozenset[StorageDirId] = frozenset(),
    read_only: bool = False,
    quiet: bool = False,
    new_identity: bool = False,
    root: str = "PATH",
) -> IdentityDecision:
    """Decides the identity from what is in the folder. The first rule of SPEC §4 that fits wins.

    Laws: the identity is a function of the values in the folder. A value that was not there is written only as
    ``generated``. If the decision is carried out, deciding again gives the same identity and aliases, and no steps.

    Args:
        sighting: The result of ``look_at_identity``.
        fresh: A random UUID, in case a new one is needed. For an SD with a provisional identity, pass that one and
            ``known=None``, because it has no real identity yet.
        known: The identity of the SD that the catalog has at this path. It never changes which value wins. It
            distinguishes *offline* from an empty folder, and replaces an ``SD_ID`` that is online-only.
        known_former: Aliases that are already in the catalog. Their warnings are not repeated.
        read_only: The SD was added with ``--read-only``: no steps. Takes precedence over ``new_identity``.
        quiet: The identity files have been unchanged for two seconds, by comparing the stamps of sightings.
        new_identity: A person asked for a new one (a copied folder, or rules 5 to 7).
        root: Where the folder is, for the commands that messages offer.
    """
    question = _Question(sighting, fresh, known, known_former, read_only, quiet, new_identity, root)
    for rule in _RULES:
        if decision := rule(question):
            return decision
    raise AssertionError("the last rule fits always")


def explains_change(old: StorageDirId, sighting: IdentitySighting) -> bool:
    """True if the folder itself contains the old value of ``SD_ID``, so it is the same SD with a new identity.

    The old value is then in a conflict copy, in ``SD_ID.was-*``, or in ``.sd-id``. False proves nothing: check how
    many known files are still there.
    """
    found = (sighting.legacy, *sighting.copies, *sighting.former)
    return any(file.value == old for file in found if file)


def keep_replaced(
    decision: IdentityDecision, sighting: IdentitySighting, known: StorageDirId | None
) -> IdentityDecision:
    """The same decision, which also keeps the known identity if another program has replaced it in ``SD_ID``.

    ``known`` is the catalog's identity; None if it was provisional, or if nothing may be written. Call this only if
    the folder is certainly still that storage directory. If ``SD_ID`` has no identity, it may be arriving, and
    nothing is kept. The value is written last, for the reason in ``decisions``.

    Law: identity and aliases stay, and carrying the decision out leaves nothing to keep.
    """
    plain = sighting.plain.value if sighting.plain else None
    told = {plain, *sighting.former_values, *decision.keep_before_write, *decision.keep_after_write}
    if known in (None, decision.sd_id) or plain is None or known in told:
        return decision
    return replace(decision, keep_after_write=tuple(sorted({*decision.keep_after_write, known})))


@dataclass(frozen=True, slots=True)
class _Question:
    sighting: IdentitySighting
    fresh: StorageDirId
    known: StorageDirId | None
    known_former: frozenset[StorageDirId]
    read_only: bool
    quiet: bool
    new_identity: bool
    root: str

    @property
    def plain(self) -> StorageDirId | None:
        return self.sighting.plain.value if self.sighting.plain else None

    @property
    def legacy(self) -> StorageDirId | None:
        return self.sighting.legacy.value if self.sighting.legacy else None

    @property
    def is_asked_for_new(self) -> bool:
        return self.new_identity and not self.read_only

    @property
    def may_be_arriving(self) -> bool:
        """True if ``SD_ID`` exists in any form, or is on its way."""
        return self.sighting.plain is not None or bool(self.sighting.temporaries)

    @property
    def had_an_identity(self) -> bool:
        """True if ``SD_ID`` may be in the middle of a replacement: clients delete, then rename (H6)."""
        return self.may_be_arriving or bool(self.sighting.former)

    def answer(
        self,
        outcome: IdentityOutcome,
        sd_id: StorageDirId,
        *,
        write: bool = False,
        keep_first: StorageDirId | None = None,
        delete_legacy: bool = False,
        warnings: Iterable[str] = (),
    ) -> IdentityDecision:
        """An identity; every value that loses is kept."""
        unwritten = self.answer_unwritten(outcome, sd_id, warnings=warnings)
        if self.read_only:
            return unwritten
        losers = self.sighting.candidates - self.sighting.former_values - {sd_id}
        first = losers & {keep_first}
        return replace(
            unwritten,
            write=sd_id if write else None,
            may_replace=write and self.sighting.plain is not None,
            replaces=self.plain if write else None,
            keep_before_write=tuple(first),
            keep_after_write=tuple(sorted(losers - first)),
            delete_legacy=delete_legacy,
        )

    def answer_unwritten(
        self,
        outcome: IdentityOutcome,
        sd_id: StorageDirId,
        *,
        wait_for_quiet: bool = False,
        warnings: Iterable[str] = (),
    ) -> IdentityDecision:
        """An identity, and nothing to write."""
        candidates = self.sighting.candidates
        return IdentityDecision(
            outcome,
            sd_id,
            aliases=(candidates | self.sighting.former_values) - {sd_id},
            had_conflict=len(candidates) > 1 or outcome is IdentityOutcome.CONFLICT_RESOLVED,
            wait_for_quiet=wait_for_quiet,
            warnings=tuple(warnings),
        )

    @property
    def remedy(self) -> StorageDirQuestion:
        """What a person can do if nothing is being synced: an identity that the catalog knows is written back."""
        return StorageDirQuestion.NEW_IDENTITY if self.known is None else StorageDirQuestion.RESTORE_IDENTITY

    def no_answer(self, problem: str, question: StorageDirQuestion | None = None) -> IdentityDecision:
        """Incomplete; for a read-only SD without its own identity, a provisional one."""
        if self.read_only and self.known is None:
            return self.answer_unwritten(IdentityOutcome.PROVISIONAL, self.fresh, warnings=[problem])
        conflict = len(self.sighting.candidates) > 1
        return IdentityDecision(
            IdentityOutcome.INCOMPLETE,
            had_conflict=conflict,
            problem=problem,
            question=None if self.read_only else question,
        )

    def warn_of(self, sentence: str, values: Iterable[StorageDirId | None]) -> list[str]:
        """A warning with these values at its end. None if the catalog already knows them all."""
        told = sorted({value for value in values if value})
        return [f"{sentence}: {', '.join(told)}"] if set(told) - self.known_former else []


def _rule_1_unavailable(question: _Question) -> IdentityDecision | None:
    """``SD_ID`` or ``.sd-id`` could not be read, or ``.sd-id`` is in the cloud and its value is unknown."""
    sighting = question.sighting
    if any(error.errno == errno.ENOENT and not error.name for error in sighting.errors):
        move = say_command("sd", "move", question.root, "NEWPATH")
        problem = (
            f"the folder is not there; bring its disk back, or if the folder is elsewhere now, run {move}"
        )
    elif sighting.errors:
        is_bucket = is_bucket_address(question.root)
        place = "the bucket" if is_bucket else "the folder"
        found = "; ".join(f"{error.name or place}: {error.reason}" for error in sighting.errors)
        refused = all(error.errno in (errno.EACCES, errno.EPERM) for error in sighting.errors)
        remedy = "give this user the right to read it" if refused else "try again when the disk answers"
        if is_bucket:
            remedy = "it is asked again by itself"
        problem = f"its identity cannot be read now ({found}); {remedy}"
    elif sighting.legacy and sighting.legacy.unfit is Unfit.EVICTED and question.known is None:
        problem = f"{sighting.legacy.name} is online-only; have the sync client download it"
    else:
        return None
    return IdentityDecision(IdentityOutcome.UNAVAILABLE, problem=problem)


def _rule_new_identity(question: _Question) -> IdentityDecision | None:
    """``--new-identity``: the previous value is kept first, so that ``.sd-id`` stays outvoted."""
    if not question.is_asked_for_new or (question.plain is None and question.may_be_arriving):
        return None
    return question.answer(
        IdentityOutcome.GENERATED,
        question.fresh,
        write=True,
        keep_first=question.plain or question.legacy,
        delete_legacy=question.legacy is not None,
    )


def _rule_2_legacy(question: _Question) -> IdentityDecision | None:
    """A valid ``.sd-id``, because notes refer to it, unless ``SD_ID`` has already replaced a value."""
    legacy, plain = question.legacy, question.sighting.plain
    if legacy is None or question.is_asked_for_new:
        return None
    if question.plain and question.plain != legacy and question.sighting.former_values - {question.plain}:
        return None
    warnings = question.warn_of(
        f"{legacy} in .sd-id is the identity, because notes refer to it; other values here become aliases",
        question.sighting.candidates - {legacy},
    )
    spelling = question.sighting.legacy.spelling if question.sighting.legacy else None
    if question.plain == legacy or question.read_only:
        is_respelled = question.plain == legacy and plain is not None and plain.spelling != spelling
        existing = question.answer(
            IdentityOutcome.EXISTING, legacy, write=is_respelled, delete_legacy=True, warnings=warnings
        )
        return replace(existing, spelling=spelling)
    if plain and plain.unfit in FIXED:
        warnings.append(f"{plain.name} is {plain.unfit}, so the identity stays in .sd-id alone")
        return question.answer_unwritten(IdentityOutcome.EXISTING, legacy, warnings=warnings)
    if question.plain is None and question.had_an_identity and not question.quiet:
        return question.answer_unwritten(IdentityOutcome.MIGRATED, legacy, wait_for_quiet=True)
    migrated = question.answer(
        IdentityOutcome.MIGRATED,
        legacy,
        write=True,
        keep_first=question.plain,
        delete_legacy=True,
        warnings=warnings,
    )
    return replace(migrated, spelling=spelling)


def _rule_3_plain(question: _Question) -> IdentityDecision | None:
    """A valid ``SD_ID``."""
    plain, copies = question.plain, question.sighting.copies
    if plain is None:
        return None
    warnings = question.warn_of(
        f"SD_ID says {plain} and has conflict copies, which you may want to look at; their values become aliases",
        {copy.value for copy in copies} - {plain},
    )
    warnings += question.warn_of(
        f"an older program still writes .sd-id; {plain} stays the identity, and its value becomes an alias",
        {question.legacy},
    )
    return question.answer(IdentityOutcome.EXISTING, plain, warnings=warnings)


def _rule_4_arriving(question: _Question) -> IdentityDecision | None:
    """``SD_ID`` exists but is no valid identity, or is on its way: never overwrite it, and wait."""
    if not question.may_be_arriving:
        return None
    plain = question.sighting.plain
    if plain is None:
        name = question.sighting.temporaries[0].name
        return question.no_answer(
            f"SD_ID is still arriving ({name!r}); if nothing is being synced, delete that file"
        )
    if plain.unfit is not Unfit.EVICTED:
        problem = f"SD_ID is {plain.unfit}{_say_what_to_write(question, plain.unfit)}"
        return question.no_answer(problem, question.remedy)
    if question.known and not question.is_asked_for_new:
        warning = f"{plain.name} is online-only; the folder is read under its last known identity"
        return question.answer_unwritten(IdentityOutcome.EXISTING, question.known, warnings=[warning])
    return question.no_answer(f"{plain.name} is online-only; have the sync client download it")


def _say_what_to_write(question: _Question, unfit: Unfit | None) -> str:
    """What follows from an ``SD_ID`` that is no identity. One the catalog knows is written back, never replaced."""
    wait = "it may still be arriving: wait, or if nothing is being synced,"
    if question.known is None:
        return f"; {wait} move it away and run {say_new_identity(question.root)}"
    if question.read_only:
        return f" and should be {question.known}; {wait} restore it from another machine or a backup"
    confirm = say_command("sd", "confirm", question.root)
    if unfit in FIXED:
        return f", where the identity {question.known} should be; move it away, then run {confirm}"
    return f" and should be {question.known}; {wait} run {confirm}, which writes it back"


def _rule_5_copies(question: _Question) -> IdentityDecision | None:
    """Only conflict copies exist: the smallest value wins. All of them must be readable to know which is smallest."""
    values = sorted({copy.value for copy in question.sighting.copies if copy.value})
    if not values:
        return None
    for copy in question.sighting.copies:
        if copy.unfit in (Unfit.EVICTED, Unfit.UNREADABLE):
            return question.no_answer(
                f"SD_ID exists only in conflict copies, and {copy.name!r} is {copy.unfit}; make it readable"
            )
    if not question.quiet and not question.read_only:
        return question.answer_unwritten(IdentityOutcome.CONFLICT_RESOLVED, values[0], wait_for_quiet=True)
    warnings = question.warn_of(
        f"SD_ID existed only in conflict copies; {values[0]}, the smallest value, is the identity, and the "
        "others become aliases",
        values[1:],
    )
    return question.answer(IdentityOutcome.CONFLICT_RESOLVED, values[0], write=True, warnings=warnings)


def _rule_6_new(question: _Question) -> IdentityDecision | None:
    """Nothing looks like an identity and there are no images: a new SD, unless the catalog knows one here."""
    sighting = question.sighting
    if not sighting.looks_like_none or sighting.media not in (MediaFolder.ABSENT, MediaFolder.EMPTY):
        return None
    if question.known:
        return IdentityDecision(
            IdentityOutcome.OFFLINE,
            problem=f"nothing of the storage directory {question.known} is here; bring its disk or folder back, or "
            + (
                "restore its SD_ID from another machine or a backup"
                if question.read_only
                else f"if it is meant to be empty, run {say_command('sd', 'confirm', question.root)}"
            ),
            question=None if question.read_only else StorageDirQuestion.RESTORE_IDENTITY,
        )
    if question.read_only:
        return question.no_answer(
            "it has no SD_ID yet, and Strandline does not write one to a read-only folder"
        )
    warnings = [
        f"its identity is new; if the folder is still downloading, it may have one already: run "
        f"{say_command('sd', 'forget', question.root)}, wait, and add it again"
    ]
    if is_bucket_address(question.root):
        warnings = []  # it has one place, which was asked
    return question.answer(IdentityOutcome.GENERATED, question.fresh, write=True, warnings=warnings)


_MEDIA_PROBLEMS = {
    MediaFolder.FILLED: "media is not empty",
    MediaFolder.LINK: "media is a link, which is not followed",
    MediaFolder.FILE: "media is not a folder",
}


def _rule_7_incomplete(question: _Question) -> IdentityDecision:
    """``SD_ID`` may be the last file to arrive."""
    if question.sighting.media is MediaFolder.UNLISTABLE:
        return question.no_answer(
            "media cannot be listed, and there is no valid SD_ID; give this user the right to list it, or check its "
            "disk"
        )
    why = _MEDIA_PROBLEMS.get(question.sighting.media, "a file is there whose name looks like SD_ID")
    way_out = f"run {say_new_identity(question.root)}"
    if question.known:
        way_out = (
            "restore it from another machine or a backup"
            if question.read_only
            else f"run {say_command('sd', 'confirm', question.root)}"
        )
    return question.no_answer(
        f"{why}, and there is no valid SD_ID, which may still be arriving; if nothing is being synced, {way_out}",
        question.remedy,
    )


_RULES = (
    _rule_1_unavailable,
    _rule_new_identity,
    _rule_2_legacy,
    _rule_3_plain,
    _rule_4_arriving,
    _rule_5_copies,
    _rule_6_new,
    _rule_7_incomplete,
)
