"""The identity of a storage directory: the rules, one by one and all together, and their laws."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from itertools import product

import pytest

from builders.identities import FRESH, OTHER, A, B, C, S, copies, decide, file, former, legacy, plain
from strandline.model.identity.decisions import IdentityOutcome, StepAction
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.identity.sightings import (
    IdentityFile,
    IdentitySighting,
    LookError,
    MediaFolder,
    Unfit,
)

GENERATED, EXISTING, MIGRATED = IdentityOutcome.GENERATED, IdentityOutcome.EXISTING, IdentityOutcome.MIGRATED
RESOLVED, PROVISIONAL = IdentityOutcome.CONFLICT_RESOLVED, IdentityOutcome.PROVISIONAL
INCOMPLETE, UNAVAILABLE, OFFLINE = (
    IdentityOutcome.INCOMPLETE,
    IdentityOutcome.UNAVAILABLE,
    IdentityOutcome.OFFLINE,
)


# --- the rules, one row each, as SPEC §4 tells them


@dataclasses.dataclass(frozen=True)
class Row:
    """What is in the folder, and the expected decision."""

    promise: str
    sees: IdentitySighting
    outcome: IdentityOutcome
    sd_id: StorageDirId | None = None
    aliases: frozenset[StorageDirId] = frozenset()
    write: StorageDirId | None = None
    keep: tuple[StorageDirId, ...] = ()
    delete_legacy: bool = False
    waits: bool = False
    had_conflict: bool = False
    how: Mapping[str, object] = dataclasses.field(default_factory=dict)


FILLED = MediaFolder.FILLED
EMPTY_FOLDER = IdentitySighting()
QUIET = {"quiet": True}
TEMPORARY = IdentityFile(".syncthing.SD_ID.tmp", unfit=Unfit.OTHER)
EVICTED = IdentityFile(".SD_ID.icloud", unfit=Unfit.EVICTED)
ROWS = [
    Row("1: an SD_ID that cannot be read", IdentitySighting(errors=(LookError("SD_ID", 5, "Input/output error"),)),
        UNAVAILABLE),
    Row("1: the same, with everything else there to decide from",
        IdentitySighting(legacy=legacy(B), copies=copies(A), errors=(LookError("SD_ID", 13, "Permission denied"),)),
        UNAVAILABLE, how={"read_only": True, "new_identity": True, **QUIET}),
    Row("1: an older identity that is in the cloud",
        IdentitySighting(plain=plain(A), legacy=IdentityFile(".sd-id", unfit=Unfit.EVICTED)), UNAVAILABLE),
    Row("1: the same, for an SD that is known",
        IdentitySighting(plain=plain(A), legacy=IdentityFile(".sd-id", unfit=Unfit.EVICTED)), EXISTING, A,
        how={"known": A}),
    Row("2: .sd-id alone is taken over, at once", IdentitySighting(legacy=legacy(B), media=FILLED), MIGRATED, B,
        write=B, delete_legacy=True),
    Row("2: .sd-id beside another SD_ID wins, and the other is kept first",
        IdentitySighting(plain=plain(A), legacy=legacy(B)), MIGRATED, B, frozenset({A}), write=B, keep=(A,),
        delete_legacy=True, had_conflict=True),
    Row("2: copies' values become aliases and are kept after that",
        IdentitySighting(plain=plain(C), legacy=legacy(B), copies=copies(A, S)), MIGRATED, B, frozenset({S, A, C}),
        write=B, keep=(C, S, A), delete_legacy=True, had_conflict=True),
    Row("2: both say the same: only .sd-id goes", IdentitySighting(plain=plain(A), legacy=legacy(A)), EXISTING, A,
        delete_legacy=True),
    Row("2: interrupted after the first step, it goes on",
        IdentitySighting(plain=plain(A), legacy=legacy(B), former=former(A)), MIGRATED, B, frozenset({A}), write=B,
        delete_legacy=True, had_conflict=True),
    Row("2: an invalid SD_ID is not replaced at once", IdentitySighting(plain=plain(""), legacy=legacy(B)), MIGRATED,
        B, waits=True),
    Row("2: but after two quiet seconds", IdentitySighting(plain=plain(""), legacy=legacy(B)), MIGRATED, B, write=B,
        delete_legacy=True, how=QUIET),
    Row("2: a link in the place of SD_ID is left alone, and so is .sd-id",
        IdentitySighting(plain=IdentityFile("SD_ID", unfit=Unfit.LINK), legacy=legacy(B)), EXISTING, B, how=QUIET),
    Row("2: an SD_ID in the cloud is left alone, and so is .sd-id",
        IdentitySighting(plain=EVICTED, legacy=legacy(B)), EXISTING, B, how=QUIET),
    Row("2: while SD_ID is being replaced by a client, nothing is written",
        IdentitySighting(legacy=legacy(B), former=former(A)), MIGRATED, B, frozenset({A}), waits=True),
    Row("2: once SD_ID has replaced a value, another .sd-id is only an alias",
        IdentitySighting(plain=plain(A), legacy=legacy(B), former=former(C)), EXISTING, A, frozenset({B, C}),
        keep=(B,), had_conflict=True),
    Row("2: also with the value that was replaced",
        IdentitySighting(plain=plain(A), legacy=legacy(B), former=former(B)), EXISTING, A, frozenset({B}),
        had_conflict=True),
    Row("2: read-only, it counts and nothing is written", IdentitySighting(plain=plain(A), legacy=legacy(B)),
        EXISTING, B, frozenset({A}), had_conflict=True, how={"read_only": True}),
    Row("3: a valid SD_ID", IdentitySighting(plain=plain(A), media=FILLED), EXISTING, A),
    Row("3: also where the folder is known as something else", IdentitySighting(plain=plain(A)), EXISTING, A,
        how={"known": OTHER}),
    Row("3: also beside a smaller copy", IdentitySighting(plain=plain(A), copies=copies(S)), EXISTING, A,
        frozenset({S}), keep=(S,), had_conflict=True),
    Row("3: a .sd-id that is no UUID is ignored", IdentitySighting(plain=plain(A), legacy=legacy("my notes")),
        EXISTING, A),
    Row("3: also while a temporary of it is there", IdentitySighting(plain=plain(A), temporaries=(TEMPORARY,)),
        EXISTING, A),
    Row("4: an empty SD_ID may still be arriving", IdentitySighting(plain=plain("")), INCOMPLETE, how=QUIET),
    Row("4: whatever the copies say", IdentitySighting(plain=plain(A[:30]), copies=copies(A, B)), INCOMPLETE,
        had_conflict=True, how=QUIET),
    Row("4: a person cannot have it overwritten", IdentitySighting(plain=plain("")), INCOMPLETE,
        how={"new_identity": True, **QUIET}),
    Row("4: SD_ID on its way", IdentitySighting(temporaries=(TEMPORARY,)), INCOMPLETE, how=QUIET),
    Row("4: SD_ID in the cloud", IdentitySighting(plain=EVICTED), INCOMPLETE, how=QUIET),
    Row("4: SD_ID in the cloud, of a known SD", IdentitySighting(plain=EVICTED, media=FILLED), EXISTING, A,
        how={"known": A}),
    Row("4: but a person who asks for a new identity is told to wait for it", IdentitySighting(plain=EVICTED),
        INCOMPLETE, how={"known": A, "new_identity": True}),
    Row("4: read-only, it is attached all the same", IdentitySighting(plain=plain("")), PROVISIONAL, FRESH,
        how={"read_only": True}),
    Row("4: read-only, unless it had an identity", IdentitySighting(plain=plain("")), INCOMPLETE,
        how={"read_only": True, "known": A}),
    Row("5: only copies: the smallest, once they are quiet", IdentitySighting(copies=copies(B, S, A), media=FILLED),
        RESOLVED, S, frozenset({A, B}), waits=True, had_conflict=True),
    Row("5: quiet now", IdentitySighting(copies=copies(B, S, A), media=FILLED), RESOLVED, S, frozenset({A, B}),
        write=S, keep=(A, B), had_conflict=True, how=QUIET),
    Row("5: also where another was known before", IdentitySighting(copies=copies(B, A)), RESOLVED, A, frozenset({B}),
        write=A, keep=(B,), had_conflict=True, how={"known": B, **QUIET}),
    Row("5: former values are no candidates", IdentitySighting(copies=copies(B), former=former(S)), RESOLVED, B,
        frozenset({S}), write=B, had_conflict=True, how=QUIET),
    Row("5: invalid copies are none either", IdentitySighting(copies=(*copies(B), file("SD_ID (1)", S[:35]))),
        RESOLVED, B, write=B, had_conflict=True, how=QUIET),
    Row("5: while one is in the cloud, nobody knows the smallest",
        IdentitySighting(copies=(*copies(B), IdentityFile(".SD_ID 2.icloud", unfit=Unfit.EVICTED))), INCOMPLETE,
        how=QUIET),
    Row("5: read-only, used unwritten", IdentitySighting(copies=copies(B, A)), RESOLVED, A, frozenset({B}),
        had_conflict=True, how={"read_only": True}),
    Row("6: an empty folder gets a new identity", EMPTY_FOLDER, GENERATED, FRESH, write=FRESH),
    Row("6: litter in media is nothing", IdentitySighting(media=MediaFolder.EMPTY), GENERATED, FRESH, write=FRESH),
    Row("6: but not where an SD is known: its disk is away", EMPTY_FOLDER, OFFLINE, how={"known": A}),
    Row("6: the same, read-only", EMPTY_FOLDER, OFFLINE, how={"known": A, "read_only": True}),
    Row("6: a person can decide otherwise", EMPTY_FOLDER, GENERATED, FRESH, write=FRESH,
        how={"known": A, "new_identity": True}),
    Row("6: read-only, a provisional one", EMPTY_FOLDER, PROVISIONAL, FRESH, how={"read_only": True}),
    Row("7: images without SD_ID", IdentitySighting(media=FILLED), INCOMPLETE, how=QUIET),
    Row("7: invalid copies alone", IdentitySighting(copies=(file("SD_ID 2", ""),)), INCOMPLETE, how=QUIET),
    Row("7: former values alone", IdentitySighting(former=former(A)), INCOMPLETE, how=QUIET),
    Row("7: a copy of SD_ID that is on its way", IdentitySighting(hints=(TEMPORARY,)), INCOMPLETE, how=QUIET),
    Row("7: a person can have a new one", IdentitySighting(media=FILLED), GENERATED, FRESH, write=FRESH,
        how={"new_identity": True}),
    Row("7: read-only, a provisional one", IdentitySighting(media=FILLED), PROVISIONAL, FRESH,
        how={"read_only": True}),
    Row("new: a copied folder gets an identity of its own", IdentitySighting(plain=plain(A), media=FILLED), GENERATED,
        FRESH, frozenset({A}), write=FRESH, keep=(A,), how={"new_identity": True}),
    Row("new: .sd-id goes with it, and its value is kept first",
        IdentitySighting(legacy=legacy(B), copies=copies(A)), GENERATED, FRESH, frozenset({A, B}), write=FRESH,
        keep=(B, A), delete_legacy=True, had_conflict=True, how={"new_identity": True}),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[row.promise for row in ROWS])
def test_rules(row: Row) -> None:
    """Each rule of SPEC §4, with its exceptions."""
    found = decide(row.sees, **row.how)
    assert (found.outcome, found.sd_id, found.aliases) == (row.outcome, row.sd_id, row.aliases)
    assert (found.write, found.keep_before_write + found.keep_after_write) == (row.write, row.keep)
    assert (found.delete_legacy, found.wait_for_quiet) == (row.delete_legacy, row.waits)
    assert found.had_conflict == row.had_conflict
    assert (found.problem is None) == (row.sd_id is not None)


# --- all combinations, against a table that was written independently of the code

PLAIN = {
    "absent": None,
    "valid": plain(f"{A}\n"),
    "BOM and CRLF": plain(f"\ufeff{A}\r\n"),
    "base64url": plain("AAAAAAAAQACAAAAAAAAAAg"),
    "empty": plain(""),
    "truncated": plain(A[:20]),
    "NUL": plain(b"\0" * 37),
    "two lines": plain(f"{A}\n{B}\n"),
    "folder": IdentityFile("SD_ID", unfit=Unfit.FOLDER),
    "link": IdentityFile("SD_ID", unfit=Unfit.LINK),
}
LEGACY = {
    "absent": None,
    "A": legacy(A),
    "B": legacy(B),
    "no UUID": legacy("hello"),
    "folder": IdentityFile(".sd-id", unfit=Unfit.FOLDER),
}
COPIES = {"none": (), "one": copies(C), "two": copies(C, S), "invalid": (file("SD_ID 2", C[:9]),)}
FORMER = {"none": (), "A": former(A), "B": former(B)}
FLAGS = ("read_only", "quiet", "new_identity")

TABLE = """
 plain  .sd-id  copies  blank  known  ro  new  stirs -> outcome            identity  does
 none   .       .       .      .      n   y    .     -> generated          fresh     write delete
 valid  .       .       .      .      n   y    .     -> generated          fresh     write delete
 junk   .       .       .      .      n   y    .     -> incomplete         -         -
 fixed  .       .       .      .      n   y    .     -> incomplete         -         -
 valid  same    .       .      .      .   .    .     -> existing           plain     delete
 .      wins    .       .      .      y   .    .     -> existing           legacy    -
 fixed  wins    .       .      .      .   .    .     -> existing           legacy    -
 .      wins    .       .      .      .   .    y     -> migrated           legacy    wait
 .      wins    .       .      .      .   .    .     -> migrated           legacy    write delete
 valid  .       .       .      .      .   .    .     -> existing           plain     -
 junk   .       .       .      n      y   .    .     -> provisional        fresh     -
 fixed  .       .       .      n      y   .    .     -> provisional        fresh     -
 junk   .       .       .      .      .   .    .     -> incomplete         -         -
 fixed  .       .       .      .      .   .    .     -> incomplete         -         -
 .      .       valid   .      .      y   .    .     -> conflict_resolved  smallest  -
 .      .       valid   .      .      .   .    y     -> conflict_resolved  smallest  wait
 .      .       valid   .      .      .   .    .     -> conflict_resolved  smallest  write
 .      .       .       y      y      .   .    .     -> offline            -         -
 .      .       .       y      .      n   .    .     -> generated          fresh     write
 .      .       .       .      n      y   .    .     -> provisional        fresh     -
 .      .       .       .      .      .   .    .     -> incomplete         -         -
"""
"""The first row whose columns match applies; a dot matches anything. *blank*: nothing looks like SD_ID, and no
images. *new*: --new-identity. *stirs*: not quiet, and there is a former SD_ID or a conflict copy that may still be
changing.
"""

ROW = [line.split("->") for line in TABLE.strip().splitlines()[1:]]
PARSED = [(left.split(), right.split()) for left, right in ROW]


@dataclasses.dataclass(frozen=True)
class Case:
    """One combination, in the words of the tables above."""

    plain: str
    legacy: str
    copies: str
    former: str
    media: MediaFolder
    known: StorageDirId | None
    read_only: bool
    quiet: bool
    new_identity: bool

    @property
    def sighting(self) -> IdentitySighting:
        """What ``look_at_identity`` would return."""
        return IdentitySighting(
            PLAIN[self.plain], LEGACY[self.legacy], COPIES[self.copies], FORMER[self.former], media=self.media
        )

    @property
    def how(self) -> dict[str, object]:
        """The circumstances."""
        return {"known": self.known, **{flag: getattr(self, flag) for flag in FLAGS}}

    def columns(self) -> tuple[str, ...]:
        """The combination in the terms of TABLE."""
        is_valid = self.plain in ("valid", "BOM and CRLF", "base64url")
        shape = (
            "valid"
            if is_valid
            else {"absent": "none", "folder": "fixed", "link": "fixed"}.get(self.plain, "junk")
        )
        older = "none"
        if self.legacy in ("A", "B"):
            older = "wins"
            if is_valid:  # SD_ID has the value A
                older = "same" if self.legacy == "A" else "outvoted" if self.former == "B" else "wins"
        versions = "valid" if self.copies in ("one", "two") else "none"
        blank = shape == "none" and self.copies == "none" and self.former == "none"
        blank = blank and self.media in (MediaFolder.ABSENT, MediaFolder.EMPTY)
        moving = shape == "junk" or (shape == "none" and self.former != "none")
        stirs = not self.quiet and (moving or (versions == "valid" and older == "none"))
        flags = (blank, self.known is not None, self.read_only, self.new_identity, stirs)
        return (shape, older, versions, *("y" if flag else "n" for flag in flags))


def expected(case: Case) -> tuple[str, str, list[str]]:
    """Outcome, identity, and writes by the table."""
    columns = case.columns()
    for pattern, (outcome, identity, *deeds) in PARSED:
        if all(want in (".", is_there) for want, is_there in zip(pattern, columns, strict=True)):
            return outcome, identity, deeds
    raise AssertionError(columns)


def every_case(of_plain: str) -> Iterator[Case]:
    """All combinations with this SD_ID."""
    bools = (False, True)
    for rest in product(LEGACY, COPIES, FORMER, MediaFolder, (None, A, OTHER), bools, bools, bools):
        yield Case(of_plain, *rest)


@pytest.mark.slow
@pytest.mark.parametrize("of_plain", PLAIN)
def test_every_combination_follows_the_table(of_plain: str) -> None:
    """Each combination of SD_ID, .sd-id, copies, former values, media, catalog, and request: outcome, identity,
    writes.
    """
    for case in every_case(of_plain):
        outcome, identity, deeds = expected(case)
        values = {
            "plain": A,
            "legacy": B if case.legacy == "B" else A,
            "smallest": S if case.copies == "two" else C,
            "fresh": FRESH,
            "-": None,
        }
        found = decide(case.sighting, **case.how)
        assert (found.outcome, found.sd_id) == (outcome, values[identity]), case
        assert found.wait_for_quiet == ("wait" in deeds), case
        is_respelled = (
            (case.plain, case.legacy) == ("base64url", "A") and found.delete_legacy and found.sd_id == A
        )
        assert found.write == (found.sd_id if "write" in deeds or is_respelled else None), case
        assert found.delete_legacy == ("delete" in deeds and case.legacy in "AB" and not case.read_only), case


@pytest.mark.slow
@pytest.mark.parametrize("of_plain", PLAIN)
def test_what_loses_is_never_lost(of_plain: str) -> None:
    """Every value in the folder becomes the identity or an alias. A value is kept before it is overwritten or
    deleted.
    """
    for case in every_case(of_plain):
        sees = case.sighting
        found = decide(sees, **case.how)
        seen = {each.value for each in sees.files if each.value}
        if found.sd_id is None:
            assert found.aliases == set()
            assert found.steps == ()
            continue
        assert found.aliases == seen - {found.sd_id}, case
        kept: set[StorageDirId | None] = {*found.keep_before_write, *found.keep_after_write, found.sd_id}
        kept.update(each.value for each in sees.former)
        actions = [step.action for step in found.steps]
        if found.write and found.replaces:
            safe = {each.value for each in sees.former} | {*found.keep_before_write, found.sd_id}
            assert found.replaces in safe, case
        if found.delete_legacy:
            assert sees.legacy is not None
            assert sees.legacy.value in kept, case
            assert actions[-1] is StepAction.DELETE_LEGACY
        if case.read_only or found.wait_for_quiet:
            assert actions == []


@pytest.mark.parametrize(
    ("errors", "remedy"),
    [
        ([13], "give this user the right to read it"),
        ([1, 13], "give this user the right to read it"),
        ([5], "try again when the disk answers"),
        ([13, 5], "try again when the disk answers"),
    ],
)
def test_a_folder_that_cannot_be_read_says_what_helps(errors: list[int], remedy: str) -> None:
    """Waiting for the disk gives nobody a right."""
    found = tuple(LookError("SD_ID", number, "no") for number in errors)
    problem = decide(IdentitySighting(errors=found)).problem
    assert problem is not None
    assert problem.endswith(remedy)
