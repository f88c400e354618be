"""The laws of the identity: content alone decides, machines agree, and nothing is invented or guessed."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.identities import FRESH, A, B, C, S, copies, decide, file, former, legacy, plain
from strandline.model.identity.decisions import IdentityOutcome
from strandline.model.identity.rules import explains_change, keep_replaced
from strandline.model.identity.sightings import IdentityFile, IdentitySighting, MediaFolder, Unfit
from strandline.model.image_files import FileStamp

ON_ITS_WAY = IdentityFile(".syncthing.SD_ID.tmp", unfit=Unfit.OTHER)

pool = st.sampled_from([S, A, B, C])
contents = pool | st.sampled_from(["", A[:10], "x", "\0" * 36])
stamps = st.builds(FileStamp, st.integers(0, 300), st.integers(), st.integers(0))
copy_names = st.sampled_from(
    ["SD_ID (1)", "SD_ID 2", "SD_ID-MacBook Pro de C-2", "SD_ID..path1", "SD_ID.variant-e7a3", "sd_id",
     "SD_ID.sync-conflict-20261122-152736-V74P6II", "SD_ID (Anna's conflicted copy 2026-11-22)"]
)  # fmt: skip


@st.composite
def sightings(draw: st.DrawFn) -> IdentitySighting:
    """Folders in many good and bad conditions."""
    maybe = st.none() | contents
    own, old = draw(maybe), draw(maybe)
    return IdentitySighting(
        plain=None if own is None else plain(own),
        legacy=None if old is None else legacy(old),
        copies=tuple(
            file(name, draw(contents)) for name in sorted(draw(st.lists(copy_names, unique=True, max_size=4)))
        ),
        former=former(*draw(st.lists(pool, unique=True, max_size=3))),
        temporaries=draw(st.sampled_from([(), (ON_ITS_WAY,)])),
        media=draw(st.sampled_from(MediaFolder)),
    )


circumstances = st.fixed_dictionaries(
    {"known": st.none() | pool, **{flag: st.booleans() for flag in ("read_only", "quiet", "new_identity")}},
)


@given(sightings(), circumstances, st.randoms(use_true_random=False), st.lists(stamps, min_size=1))
def test_only_contents_decide(
    sees: IdentitySighting, how: dict[str, object], dice: object, some_stamps: list[FileStamp]
) -> None:
    """I11: changing mtimes, inodes, sizes, or which file has which contents does not change the identity (I12)."""
    shuffled = list(sees.copies)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    swapped = tuple(
        dataclasses.replace(each, name=before.name, stamp=some_stamps[0])
        for each, before in zip(shuffled, sees.copies, strict=True)
    )
    own = dataclasses.replace(sees.plain, stamp=some_stamps[-1]) if sees.plain else None
    other = dataclasses.replace(sees, copies=swapped, plain=own, root_device=7, root_inode=9)
    assert decide(other, **how) == decide(sees, **how)


@given(sightings(), st.lists(circumstances, min_size=2, max_size=2))
def test_machines_agree(sees: IdentitySighting, hows: list[dict[str, object]]) -> None:
    """I12: two machines give the same folder the same identity and aliases, whatever they knew before."""
    first, second = (decide(sees, **{**how, "new_identity": False}) for how in hows)
    made_up = (None, FRESH)
    if first.sd_id not in made_up and second.sd_id not in made_up:
        assert (first.sd_id, first.aliases) == (second.sd_id, second.aliases)


@given(sightings(), circumstances)
def test_no_identity_is_invented(sees: IdentitySighting, how: dict[str, object]) -> None:
    """I13: a new value is written only into a blank folder, or because a person asked for it."""
    found = decide(sees, **how)
    if found.write and found.write not in sees.candidates:
        assert found.outcome is IdentityOutcome.GENERATED
        assert found.write == FRESH
        blank = sees.looks_like_none and sees.media in (MediaFolder.ABSENT, MediaFolder.EMPTY)
        assert how["new_identity"] or (blank and how["known"] is None)
    assert {*found.keep_before_write, *found.keep_after_write} <= sees.candidates


@pytest.mark.parametrize("text", [A, A.upper(), "AAAAAAAAQACAAAAAAAAAAg"])
@pytest.mark.parametrize("frame", [("", ""), ("", "\n"), ("\ufeff", "\r\n")])
def test_part_of_an_identity_is_waited_for(text: str, frame: tuple[str, str]) -> None:
    """I14: a prefix of a valid SD_ID, even padded with zeros, never attaches anything or creates a new identity."""
    before, after = (part.encode() for part in frame)
    whole = before + text.encode() + after
    for length in range(len(before) + len(text)):
        for data in (whole[:length], whole[:length].ljust(len(whole), b"\0")):
            for media in MediaFolder:
                found = decide(IdentitySighting(plain=plain(data), media=media), quiet=True)
                assert (found.outcome, found.sd_id, found.steps) == (IdentityOutcome.INCOMPLETE, None, ())
    for data in (whole, before + text.encode()):
        assert decide(IdentitySighting(plain=plain(data))).sd_id == A


@given(sightings(), circumstances)
def test_a_warning_is_not_repeated(sees: IdentitySighting, how: dict[str, object]) -> None:
    """Aliases that the catalog already knows cause no new warning. Otherwise the decision is the same."""
    loud = decide(sees, **how)
    still = decide(sees, **how, known_former=loud.aliases)
    assert dataclasses.replace(loud, warnings=()) == dataclasses.replace(still, warnings=())
    assert set(still.warnings) <= set(loud.warnings)
    if still.outcome is IdentityOutcome.EXISTING and sees.plain and sees.plain.value:
        assert still.warnings == ()


def test_a_new_identity_comes_with_its_warning() -> None:
    """Rule 6 says what to do if the folder was only slow to arrive."""
    [warning] = decide(IdentitySighting()).warnings
    assert (
        "if the folder is still downloading, it may have one already: run `strandline sd forget PATH`"
        in warning
    )


def test_an_old_program_is_warned_of() -> None:
    """If a .sd-id is only an alias, the warning names its value."""
    sees = IdentitySighting(plain=plain(A), legacy=legacy(B), former=former(C))
    [warning] = decide(sees).warnings
    assert B in warning
    assert A in warning


@pytest.mark.parametrize(
    ("sees", "explained"),
    [
        (IdentitySighting(plain=plain(B), copies=copies(A)), True),
        (IdentitySighting(plain=plain(B), former=former(A)), True),
        (IdentitySighting(plain=plain(B), legacy=legacy(A)), True),
        (IdentitySighting(plain=plain(B)), False),
        (IdentitySighting(plain=plain(B), legacy=legacy(B), copies=copies(C), former=former(C)), False),
    ],
)
def test_a_changed_identity_explains_itself(sees: IdentitySighting, explained: bool) -> None:
    """If the folder does not contain the old value of SD_ID, the change is not explained (H14)."""
    assert explains_change(A, sees) is explained


@given(sightings(), circumstances)
def test_a_replaced_identity_is_kept_once(sees: IdentitySighting, how: dict[str, object]) -> None:
    """Only a valid SD_ID with another value replaces one. Keeping the old one changes no decision and happens
    once.
    """
    known = how["known"]
    found = decide(sees, **{**how, "read_only": False})
    kept = keep_replaced(found, sees, known)  # type: ignore[arg-type]
    assert dataclasses.replace(kept, keep_after_write=found.keep_after_write) == found
    added = set(kept.keep_after_write) - set(found.keep_after_write)
    is_replaced = sees.plain is not None and sees.plain.value not in (None, known)
    is_kept = known in {*sees.former_values, *found.keep_before_write, *found.keep_after_write, found.sd_id}
    assert added == ({known} if known and is_replaced and not is_kept else set())
    assert keep_replaced(found, sees, None) == found
    if added and not found.write and not found.delete_legacy:
        values = sorted({*sees.former_values, *kept.keep_before_write, *kept.keep_after_write})
        after = dataclasses.replace(sees, former=former(*values))
        again = keep_replaced(decide(after, known=known), after, known)  # type: ignore[arg-type]
        assert (again.sd_id, again.steps) == (found.sd_id, ())
