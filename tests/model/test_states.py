"""The states of an image file, as laws over random histories and as the sentences of SPEC §6 one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from builders.image_rows import CONTENT_ID, LEGACY_ID, NOW, SHA256S, looks, rows, seens, spans, times
from strandline.model.events import (
    ImageArriving,
    ImageAvailable,
    ImageChanged,
    ImageDamaged,
    ImageEvent,
    ImageForeign,
    ImageMissing,
)
from strandline.model.image_files import FileStamp, FileState, ImageFile, Proof, ProofKind
from strandline.model.image_ids import content_id_of
from strandline.model.states import (
    EXPECTED,
    FAILED,
    HERE,
    Look,
    Seen,
    after_listing,
    after_look,
    event_between,
    is_reliable,
    register_listed,
    wants_decoding,
    would_condemn,
)

STAMP = FileStamp(1000, 10**18, 7)
CHANGED = FileStamp(2000, 10**18 + 1, 8)
GOOD = Look(STAMP, SHA256S[0], "image/png", whole=True)
HALF = Look(STAMP, SHA256S[1], "image/png", whole=False)
OTHER = Look(STAMP, SHA256S[1], "image/png", whole=True)
"""A whole image that does not have the content id."""
A_MINUTE = timedelta(minutes=1)
A_DAY = timedelta(days=1)


def new_row(look: Look = GOOD, *, legacy: bool = False) -> ImageFile:
    """A row that a listing registered at noon."""
    image_id = LEGACY_ID if legacy else CONTENT_ID
    return register_listed(1, f"{image_id}.png", image_id, "image/png", Seen(look.stamp), NOW)


def listed(row: ImageFile, stamp: FileStamp | None, now: datetime, *, held: bool = False) -> ImageFile:
    """The row after a healthy listing that shows the file with this stamp, or not at all."""
    return after_listing(row, None if stamp is None else Seen(stamp), now, vanishing_held=held)


def evicted(row: ImageFile, now: datetime, stamp: FileStamp | None = None) -> ImageFile:
    """The row after a healthy listing that shows a placeholder."""
    return after_listing(row, Seen(stamp, online_only=True), now, vanishing_held=False)


def event(old: ImageFile | None, new: ImageFile) -> type[ImageEvent] | None:
    """The type of the event for this change."""
    found = event_between(old, new, "sd", NOW)
    return None if found is None else type(found)


def missing_row(row: ImageFile) -> ImageFile:
    """The row after two healthy scans, a minute apart, that do not show the file."""
    gone = listed(listed(row, None, NOW), None, NOW + A_MINUTE)
    assert gone.state is FileState.MISSING
    return gone


# --- laws ---------------------------------------------------------------------------------------------------


@given(rows(), st.none() | seens, times, st.booleans())
def test_a_listing_met_twice_changes_nothing_the_second_time(
    row: ImageFile, seen: Seen | None, now: datetime, held: bool
) -> None:
    """A second scan writes nothing, and does not even make a new row object."""
    once = after_listing(row, seen, now, vanishing_held=held)
    assert after_listing(once, seen, now, vanishing_held=held) is once


@given(rows(), looks, times)
def test_the_same_look_again_changes_nothing(row: ImageFile, look: Look, now: datetime) -> None:
    """Repeated looks and reads write nothing."""
    once = after_look(row, look, now)
    assert after_look(once, look, now) is once
    assert event(once, after_look(once, look, now)) is None


@given(rows(), looks, times, spans)
def test_a_content_id_is_proven_present_exactly_if_the_hash_fits(
    row: ImageFile, look: Look, now: datetime, later: timedelta
) -> None:
    """Only the hash proves a content id, and it always does, whatever age, size, mtime, or structure."""
    row = replace(row, image_id=CONTENT_ID, proof=None)
    proven = after_look(row, look, now + later)
    fits = content_id_of(look.sha256) == CONTENT_ID
    assert (proven.state is FileState.PRESENT) is fits
    assert proven.is_proven is fits


@given(rows(), looks, times)
def test_what_failed_young_is_never_damaged(row: ImageFile, look: Look, now: datetime) -> None:
    """A file that changed within the last 24 hours is still arriving, whatever is wrong with it."""
    after = after_look(row, look, now)
    if after.state is FileState.DAMAGED:
        assert now - after.unchanged_since >= A_DAY
        assert look.stamp == row.stamp


@given(rows(), looks, times)
def test_a_pointer_is_never_damaged(row: ImageFile, look: Look, now: datetime) -> None:
    """Its bytes are elsewhere, perhaps for years. It is arriving, even if its row was damaged before."""
    pointer = replace(look, sha256=SHA256S[1], media_type=None, whole=False, decodes=None, is_pointer=True)
    assert after_look(row, pointer, now).state is FileState.ARRIVING


@given(rows(), looks, times)
def test_foreign_is_a_whole_quiet_image_under_a_content_id(row: ImageFile, look: Look, now: datetime) -> None:
    """Only a whole image of a known type is foreign, after 2 s without change, or 5 min if it may still grow."""
    after = after_look(row, look, now)
    if after.state is FileState.FOREIGN:
        assert look.whole
        assert look.media_type is not None
        assert row.image_id == CONTENT_ID
        may_grow = look.trailing_bytes or look.open_ended
        assert now - after.unchanged_since >= timedelta(seconds=300 if may_grow else 2)


@given(
    rows(frozenset(FileState) - FAILED),
    looks,
    times,
    st.sampled_from([ProofKind.STRUCTURE, ProofKind.DECODED]),
)
def test_bytes_that_were_proven_before_are_proven_again_as_they_were(
    row: ImageFile, look: Look, now: datetime, kind: ProofKind
) -> None:
    """The same bytes always have the same verdict, whatever time, stamp, structure, or decoder say now (hazard
    H37).
    """
    proof = Proof(kind, look.sha256, CHANGED, NOW)
    row = replace(row, image_id=LEGACY_ID, proof=proof)
    look = replace(look, media_type="image/png", stamp=replace(look.stamp, size_bytes=1000))
    assert not wants_decoding(row, look.sha256, structure_whole=look.whole, needs_decoding=True, now=now)
    after = after_look(row, look, now)
    assert (after.state, after.stamp, after.proof_is_current) == (FileState.PRESENT, look.stamp, True)
    assert after.proof is not None
    assert after.proof.kind is kind
    assert event(row, after) in ((None,) if row.state is FileState.PRESENT else (None, ImageAvailable))


@given(rows(), looks, times)
def test_a_failed_look_leaves_no_proof(row: ImageFile, look: Look, now: datetime) -> None:
    """A proof that the bytes contradict is dropped, so a file that comes back later does not count as proven by
    it.
    """
    after = after_look(row, look, now)
    assert (after.proof is not None) is (after.state is FileState.PRESENT)
    if after.proof is not None:
        assert after.proof_is_current
        assert after.proof.sha256 == look.sha256


@given(rows(), st.none() | seens, times, st.booleans())
def test_a_listing_never_proves_and_never_condemns(
    row: ImageFile, seen: Seen | None, now: datetime, held: bool
) -> None:
    """A listing never proves a file, and never newly calls it damaged or foreign."""
    after = after_listing(row, seen, now, vanishing_held=held)
    assert after.proof in (row.proof, None)
    condemned = (FileState.DAMAGED, FileState.FOREIGN)
    assert after.state not in condemned or after.state in (row.state, row.prior_state)


@given(rows(EXPECTED), times, st.booleans())
def test_missing_needs_two_healthy_scans_a_minute_apart_and_no_brake(
    row: ImageFile, now: datetime, held: bool
) -> None:
    """An absent file becomes missing after 60 s, but never while the brake holds, unless a person accepted its
    absence.
    """
    after = listed(row, None, now, held=held)
    if row.absent_since is None:
        assert after == replace(row, absent_since=now)
        return
    is_due = now - row.absent_since >= A_MINUTE and (not held or row.absence_accepted)
    assert (after.state is FileState.MISSING) is is_due
    assert after.absent_since == row.absent_since


@given(rows(frozenset({FileState.MISSING, FileState.TRASHED})), times)
def test_what_is_gone_stays_as_it_is_while_it_is_gone(row: ImageFile, now: datetime) -> None:
    """Scans do not change a missing or trashed file that no listing shows."""
    assert listed(row, None, now) is row


@given(rows(HERE), times, spans)
def test_absence_and_return_with_the_same_stamp_restore_the_row(
    row: ImageFile, now: datetime, gone_for: timedelta
) -> None:
    """A file that comes back as it was gets its old state, except for a lapsed proof."""
    row = replace(row, absent_since=None, absence_accepted=False)
    assume(row.proof is None or row.proof_is_current)
    away = listed(listed(row, None, now), None, now + gone_for)
    assert listed(away, row.stamp, now + gone_for + gone_for) == row


@given(rows(HERE), times, st.booleans())
def test_eviction_and_return_restore_the_row(row: ImageFile, now: datetime, listed_size: bool) -> None:
    """I17: present, placeholder, present: same id, same row, no new hash where size and mtime return equal."""
    row = replace(row, absent_since=None, absence_accepted=False)
    assume(row.proof is None or row.proof_is_current or row.state is FileState.PRESENT)
    away = evicted(row, now, row.stamp if listed_size else None)
    assert away.state is FileState.ONLINE_ONLY
    assert away.stamp == row.stamp
    back = listed(away, row.stamp, now + A_DAY)
    assert back == row
    assert event(row, away) is None
    if row.is_proven:
        assert event(away, back) is None


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, object, timedelta]]:
    """What happens to one file, step by step, with the time that passes before each step."""
    step = st.one_of(
        st.tuples(st.just("listing"), st.none() | seens, spans),
        st.tuples(st.just("look"), looks, spans),
    )
    return draw(st.lists(step, max_size=12))


@given(histories(), st.booleans())
def test_each_arrival_is_announced_exactly_once(
    history: list[tuple[str, object, timedelta]], legacy: bool
) -> None:
    """Over any history the events alternate: available, then something that takes it away, then available again.

    The events alone show at each moment whether the image can be shown, once its bytes are read.
    """
    row, now = new_row(legacy=legacy), NOW
    is_shown = False
    for kind, what, span in history:
        now += span
        if isinstance(what, Look):
            new = after_look(row, what, now)
        else:
            assert what is None or isinstance(what, Seen)
            new = after_listing(row, what, now, vanishing_held=False)
        told = event(row, new)
        if told is ImageAvailable:
            assert not is_shown, f"announced twice, by a {kind}"
            is_shown = True
        elif told is ImageChanged:
            assert is_shown
        elif told in (ImageArriving, ImageDamaged, ImageForeign, ImageMissing):
            is_shown = False
        if new.is_proven:
            assert is_shown, f"proven by a {kind}, and nobody was told"
        row = new


@given(rows(), rows(), times)
def test_standing_still_is_no_event(row: ImageFile, other: ImageFile, now: datetime) -> None:
    """A change to an equal row is never an event, so each change is reported once."""
    assert event_between(row, replace(row), "sd", now) is None


# --- sentences ----------------------------------------------------------------------------------------------


def test_a_listed_file_is_present_and_unproven() -> None:
    """A listing registers a file as present. It says nothing about its bytes."""
    row = new_row()
    assert (row.state, row.is_proven, row.proof) == (FileState.PRESENT, False, None)


def test_an_empty_file_is_arriving_from_the_first_listing() -> None:
    """No image has zero bytes."""
    row = new_row(replace(GOOD, stamp=replace(STAMP, size_bytes=0)))
    assert row.state is FileState.ARRIVING


def test_a_placeholder_is_online_only_with_what_size_is_known() -> None:
    """A placeholder's own size says nothing about the image; a dataless file's size does."""
    image_id, name = CONTENT_ID, f"{CONTENT_ID}.png"
    placeholder = register_listed(1, name, image_id, "image/png", Seen(None, online_only=True), NOW)
    dataless = register_listed(1, name, image_id, "image/png", Seen(STAMP, online_only=True), NOW)
    assert (placeholder.state, placeholder.stamp) == (FileState.ONLINE_ONLY, None)
    assert (dataless.state, dataless.stamp) == (FileState.ONLINE_ONLY, STAMP)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=1), A_DAY])
def test_age_never_delays_a_proof(age: timedelta) -> None:
    """A requested file is proven at once, however recently it arrived."""
    assert after_look(new_row(), GOOD, NOW + age).is_proven


def test_a_changed_file_keeps_its_lapsed_proof_and_is_unproven() -> None:
    """The proof is valid for size, mtime, and inode. If one of them changes, the file is present and unproven."""
    proven = after_look(new_row(), GOOD, NOW)
    for stamp in (
        replace(STAMP, size_bytes=1001),
        replace(STAMP, mtime_ns=STAMP.mtime_ns + 1),
        replace(STAMP, inode=9),
    ):
        changed = listed(proven, stamp, NOW + A_MINUTE)
        assert (changed.state, changed.is_proven) == (FileState.PRESENT, False)
        assert changed.unchanged_since == NOW + A_MINUTE
        assert changed.proof == proven.proof


@pytest.mark.parametrize(
    ("age", "look", "state"),
    [
        (timedelta(0), HALF, FileState.ARRIVING),
        (A_DAY - timedelta(seconds=1), HALF, FileState.ARRIVING),
        (A_DAY, HALF, FileState.DAMAGED),
        (timedelta(seconds=1), OTHER, FileState.ARRIVING),
        (timedelta(seconds=2), OTHER, FileState.FOREIGN),
        (A_DAY, OTHER, FileState.FOREIGN),
        (timedelta(minutes=4), replace(OTHER, trailing_bytes=True), FileState.ARRIVING),
        (timedelta(minutes=5), replace(OTHER, trailing_bytes=True), FileState.FOREIGN),
        (timedelta(minutes=4), replace(OTHER, open_ended=True), FileState.ARRIVING),
        (timedelta(minutes=5), replace(OTHER, open_ended=True), FileState.FOREIGN),
        (A_DAY, replace(OTHER, media_type=None, whole=False), FileState.DAMAGED),
        (-A_DAY, OTHER, FileState.ARRIVING),
        (-2 * A_DAY, HALF, FileState.ARRIVING),
    ],
)
def test_a_failed_content_id_is_called_by_its_age(age: timedelta, look: Look, state: FileState) -> None:
    """It is arriving, then foreign once quiet, then damaged after a day. A clock that was set back counts as no
    time.
    """
    assert after_look(new_row(), look, NOW + age).state is state


@pytest.mark.parametrize("state", [FileState.ARRIVING, FileState.DAMAGED, FileState.FOREIGN])
def test_what_failed_and_stirs_is_arriving(state: FileState) -> None:
    """Any change to a failed file restarts its wait. Good bytes end it by themselves."""
    row = replace(new_row(), state=state)
    changed = listed(row, CHANGED, NOW + A_DAY)
    assert changed.state is FileState.ARRIVING
    assert changed.unchanged_since == NOW + A_DAY
    good = after_look(changed, replace(GOOD, stamp=CHANGED), NOW + A_DAY)
    assert good.is_proven
    assert event(changed, good) is ImageAvailable


LEGACY_CASES = [
    ("whole", Look(STAMP, SHA256S[0], "image/png", whole=True), 0, ProofKind.STRUCTURE),
    ("no structure of ours", replace(GOOD, media_type=None, whole=False), 600, None),
    ("broken and young", replace(GOOD, whole=False), 299, None),
    ("broken, decodes, young", replace(GOOD, whole=False, decodes=True), 299, None),
    ("broken, decodes, quiet", replace(GOOD, whole=False, decodes=True), 300, ProofKind.DECODED),
    ("broken, does not decode", replace(GOOD, whole=False, decodes=False), 300, None),
    ("whole, does not decode", replace(GOOD, decodes=False), 300, None),
    ("whole, decodes", replace(GOOD, decodes=True), 0, ProofKind.STRUCTURE),
    ("open ended and young", replace(GOOD, open_ended=True, decodes=True), 1, None),
    ("open ended and quiet", replace(GOOD, open_ended=True, decodes=True), 2, ProofKind.STRUCTURE),
]


@pytest.mark.parametrize(("case", "look", "age_s", "kind"), LEGACY_CASES, ids=[c[0] for c in LEGACY_CASES])
def test_a_legacy_id_is_proven_by_structure_else_by_a_decoder(
    case: str, look: Look, age_s: int, kind: ProofKind | None
) -> None:
    """A legacy file that fails its walk is shown, but not called proven, once it decodes and was quiet for 5 min."""
    row = after_look(new_row(legacy=True), look, NOW + timedelta(seconds=age_s))
    if kind is None:
        assert row.state is FileState.ARRIVING
    else:
        assert row.state is FileState.PRESENT
        assert row.proof is not None
        assert row.proof.kind is kind
        assert row.is_proven is (kind is ProofKind.STRUCTURE)
        assert event(None, row) is ImageAvailable


def test_a_legacy_file_is_damaged_after_a_day_and_never_foreign() -> None:
    """A legacy id does not determine its bytes, so no bytes are foreign to it."""
    assert after_look(new_row(legacy=True), HALF, NOW + A_DAY).state is FileState.DAMAGED


def test_an_empty_legacy_file_is_never_proven() -> None:
    """This holds whatever the caller concludes from zero bytes."""
    look = replace(GOOD, stamp=replace(STAMP, size_bytes=0))
    assert after_look(new_row(look, legacy=True), look, NOW + A_MINUTE).state is FileState.ARRIVING


@pytest.mark.parametrize(
    ("legacy", "whole", "needs", "age_s", "wants"),
    [
        (False, False, True, 86_400, False),
        (True, True, False, 0, False),
        (True, True, True, 0, True),
        (True, False, False, 299, False),
        (True, False, False, 300, True),
        (True, False, True, 299, False),
    ],
)
def test_a_decoder_is_asked_only_where_it_decides(
    legacy: bool, whole: bool, needs: bool, age_s: int, wants: bool
) -> None:
    """Never for a content id. For a legacy id, only if its structure cannot show a hole, or has failed for 5 min."""
    row = new_row(legacy=legacy)
    now = NOW + timedelta(seconds=age_s)
    assert wants_decoding(row, "", structure_whole=whole, needs_decoding=needs, now=now) is wants


@given(rows(), looks, times)
def test_what_would_be_condemned_is_known_before(row: ImageFile, look: Look, now: datetime) -> None:
    """It is known before a look whether a failure would make the file damaged, so the caller can first make sure."""
    if row.state is not FileState.DAMAGED and after_look(row, look, now).state is FileState.DAMAGED:
        assert would_condemn(row, now)


@pytest.mark.parametrize(
    ("after_s", "reliable"), [(0, False), (1.9, False), (2, True), (-1.9, False), (-2, True), (-3600, True)]
)
def test_a_proof_made_within_two_seconds_of_the_mtime_is_not_relied_on(
    after_s: float, reliable: bool
) -> None:
    """FAT keeps mtimes to 2 s. An mtime in the future is accepted: another hash would prove no more."""
    stamp = replace(STAMP, mtime_ns=int(NOW.timestamp() * 1e9))
    assert is_reliable(Proof(ProofKind.HASH, "", stamp, NOW + timedelta(seconds=after_s))) is reliable


def test_an_unreliable_proof_is_replaced_by_a_reliable_one_and_not_the_other_way_round() -> None:
    """A repeated proof is written once it is reliable. After that, reads write nothing."""
    look = replace(GOOD, stamp=replace(STAMP, mtime_ns=int(NOW.timestamp() * 1e9)))
    first = after_look(new_row(look), look, NOW)
    assert after_look(first, look, NOW + timedelta(seconds=1)) is first
    second = after_look(first, look, NOW + timedelta(seconds=2))
    assert second.proof is not None
    assert second.proof.proven_at == NOW + timedelta(seconds=2)
    assert after_look(second, look, NOW + A_DAY) is second
    assert event(first, second) is None


def test_a_missing_file_that_returns_as_it_was_is_available_again() -> None:
    """It gets its old state and proof, and an event, because it was reported missing."""
    proven = after_look(new_row(), GOOD, NOW)
    missing = missing_row(proven)
    assert event(proven, missing) is ImageMissing
    back = listed(missing, STAMP, NOW + A_DAY)
    assert back == proven
    assert event(missing, back) is ImageAvailable


@pytest.mark.parametrize("stamp", [CHANGED, replace(STAMP, inode=99)])
def test_a_missing_file_that_returns_changed_is_announced_when_it_is_proven(stamp: FileStamp) -> None:
    """With another stamp it is unproven. The next proof announces it even if the hash is the same: it was reported
    missing.
    """
    missing = missing_row(after_look(new_row(), GOOD, NOW))
    back = listed(missing, stamp, NOW + A_DAY)
    assert (back.state, back.is_proven) == (FileState.PRESENT, False)
    assert event(missing, back) is None
    proven = after_look(back, replace(GOOD, stamp=stamp), NOW + A_DAY)
    assert event(back, proven) is ImageAvailable


@pytest.mark.parametrize("state", [FileState.ARRIVING, FileState.DAMAGED, FileState.FOREIGN])
def test_a_failed_file_returns_as_what_it_was_if_size_and_mtime_agree(state: FileState) -> None:
    """A different inode alone, as after a remount, does not change its state."""
    missing = missing_row(replace(new_row(), state=state))
    assert listed(missing, replace(STAMP, inode=99), NOW + A_DAY).state is state
    assert listed(missing, CHANGED, NOW + A_DAY).state is FileState.PRESENT


def test_an_absent_file_is_present_until_it_is_missing() -> None:
    """The gap of a replacement causes no event and no other state."""
    proven = after_look(new_row(), GOOD, NOW)
    absent = listed(proven, None, NOW)
    assert (absent.state, absent.absent_since, absent.is_proven) == (FileState.PRESENT, NOW, False)
    assert event(proven, absent) is None
    assert event(absent, listed(absent, STAMP, NOW)) is None


def test_a_missing_file_that_returns_as_a_placeholder_is_announced_when_its_bytes_come() -> None:
    """Missing, online-only, present: subscribers that were told it is missing are told that it is back."""
    missing = missing_row(after_look(new_row(), GOOD, NOW))
    away = evicted(missing, NOW + A_DAY)
    assert away.state is FileState.ONLINE_ONLY
    back = listed(away, STAMP, NOW + A_DAY)
    assert event(away, back) is ImageAvailable


def test_an_arriving_file_that_was_evicted_is_announced_when_it_is_whole() -> None:
    """Moving it to the cloud in between does not hide that the image had failed."""
    proven = after_look(new_row(), GOOD, NOW)
    broken = after_look(proven, replace(HALF, stamp=CHANGED), NOW)
    assert event(proven, broken) is ImageArriving
    away = evicted(broken, NOW + A_DAY)
    back = listed(away, STAMP, NOW + A_DAY)
    assert event(away, back) is None
    assert event(back, after_look(back, GOOD, NOW + A_DAY)) is ImageAvailable
    assert event(away, after_look(away, GOOD, NOW + A_DAY)) is ImageAvailable


def test_a_trashed_file_that_a_client_brings_back_is_announced_when_it_is_proven() -> None:
    """A file that exists is not trashed (H31)."""
    trashed = replace(after_look(new_row(), GOOD, NOW), state=FileState.TRASHED)
    back = listed(trashed, CHANGED, NOW + A_DAY)
    assert back.state is FileState.PRESENT
    assert event(back, after_look(back, replace(GOOD, stamp=CHANGED), NOW)) is ImageAvailable


def test_a_lapsed_proof_proven_again_is_news_only_with_another_hash() -> None:
    """A touched file with the same bytes is no event. Other bytes under a legacy id are image.changed."""
    proven = after_look(new_row(legacy=True), GOOD, NOW)
    touched = listed(proven, CHANGED, NOW)
    assert event(touched, after_look(touched, replace(GOOD, stamp=CHANGED), NOW)) is None
    assert event(touched, after_look(touched, replace(OTHER, stamp=CHANGED), NOW)) is ImageChanged


def test_facts_of_the_picture_come_with_the_proof() -> None:
    """The proof gives the type by the bytes, the size in pixels, and the time it was taken."""
    taken = datetime(2020, 1, 1, tzinfo=NOW.tzinfo)
    row = after_look(
        new_row(), replace(GOOD, media_type="image/heic", width=4, height=3, taken_at=taken), NOW
    )
    assert (row.media_type, row.width, row.height, row.taken_at) == ("image/heic", 4, 3, taken)
