"""The status: nothing is called well that is not, or that nobody could look at, and no other alarm is raised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from builders.reports import NOW, make_storage_dir
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import FileCounts, StorageDirState
from strandline.model.store_status import (
    SCAN_OVERDUE,
    FileMeasures,
    Outcome,
    StorageDirStatus,
    StoreStatus,
    decide_outcome,
    find_reasons,
)

BAD = ("damaged", "foreign", "missing")
SOME = st.integers(0, 3)


@st.composite
def statuses(draw: st.DrawFn, number: int = 1) -> StorageDirStatus:
    """A storage directory in any state."""
    noteworthy = {state.value: count for state in FileState if (count := draw(SOME)) and state != "trashed"}
    return make_status(
        number=number,
        state=draw(st.sampled_from(StorageDirState)),
        noteworthy=noteworthy,
        incomplete=draw(SOME),
        last_scan=draw(st.none() | st.timedeltas(timedelta(0), 2 * SCAN_OVERDUE).map(lambda ago: NOW - ago)),
        missed=draw(st.none() | SOME),
        unreadable=draw(SOME),
    )


def make_status(
    *,
    number: int = 1,
    state: StorageDirState = StorageDirState.ONLINE,
    noteworthy: dict[str, int] | None = None,
    incomplete: int = 0,
    last_scan: datetime | None = NOW,
    missed: int | None = 0,
    unreadable: int = 0,
) -> StorageDirStatus:
    """A storage directory with ten images that is well, except for what is given."""
    problem = None if state is StorageDirState.ONLINE else "its disk is away"
    sd = replace(make_storage_dir(state=state, problem=problem), number=number, sd_id=None)
    found = noteworthy or {}
    return StorageDirStatus(
        sd, FileCounts(10 + sum(found.values()), found, 0), FileMeasures(1000, incomplete=incomplete), last_scan,
        missed, unreadable,
    )  # fmt: skip


def make_store_status(*sds: StorageDirStatus) -> StoreStatus:
    """A store with these storage directories."""
    return StoreStatus(NOW, tuple(sds), 10, 0, 0, 0, {})


def is_well(each: StorageDirStatus) -> bool:
    """The same decision, said once more."""
    return (
        each.sd.state is StorageDirState.ONLINE
        and each.last_scan is not None
        and NOW - each.last_scan <= SCAN_OVERDUE
        and not any(each.states[state] for state in BAD)
        and not each.measures.incomplete
        and not each.unreadable
        and not each.missing_references
    )


@given(st.lists(statuses(), max_size=3))
def test_there_is_a_reason_exactly_if_something_is_not_well(drawn: Sequence[StorageDirStatus]) -> None:
    """For each storage directory; and the sentence and the outcome say the same as the reasons."""
    sds = [replace(each, sd=replace(each.sd, number=number)) for number, each in enumerate(drawn)]
    reasons = find_reasons(sds, NOW)
    for each in sds:
        assert is_well(each) == (each.sd not in [reason.sd for reason in reasons])
    status = make_store_status(*sds)
    assert status.outcome is decide_outcome(status.reasons)
    assert (status.outcome is Outcome.WELL) == (bool(sds) and all(map(is_well, sds)))
    assert status.summary.startswith("All is well") == (bool(sds) and all(map(is_well, sds)))
    assert "\n" not in status.summary


@given(statuses())
def test_each_file_has_one_state(each: StorageDirStatus) -> None:
    """The states add up to all image files."""
    assert sum(each.states.values()) == each.counts.images
    assert set(each.states) == {state.value for state in FileState if state is not FileState.TRASHED}


@given(statuses(), statuses())
def test_what_is_away_hides_nothing_that_is_known(away: StorageDirStatus, known: StorageDirStatus) -> None:
    """A folder that is offline alone is "cannot tell". With damage in another one, a person should look."""
    away = replace(away, sd=replace(away.sd, number=2, state=StorageDirState.OFFLINE))
    outcome = make_store_status(away, known).outcome
    is_known_bad = (
        any(reason.sd == known.sd for reason in find_reasons([known], NOW)) and known.sd.is_reachable
    )
    assert outcome is (Outcome.LOOK if is_known_bad else Outcome.UNKNOWN)


def test_a_copied_folder_is_a_reason() -> None:
    """Both are named, because nothing is written to either."""
    twin = make_storage_dir()
    sds = [replace(make_status(), sd=replace(twin, number=number)) for number in (1, 2)]
    assert [reason.kind for reason in find_reasons(sds, NOW)] == ["copied", "copied"]


def test_a_store_without_folders_is_not_well() -> None:
    """It may be another home than the one that was meant."""
    status = make_store_status()
    assert (status.outcome, status.summary) == (Outcome.UNKNOWN, "There is no storage directory yet.")
    assert [(reason.kind, reason.sd_id) for reason in status.reasons] == [("no-folder", None)]


def test_a_home_without_room_is_a_reason() -> None:
    """The sentence names it. Of a disk that does not say, nothing is known."""
    full = replace(make_store_status(make_status()), home_free_bytes=1000)
    assert [(reason.kind, reason.to_json()["name"]) for reason in full.reasons] == [("home-full", None)]
    assert full.outcome is Outcome.LOOK
    assert full.summary.startswith("The home needs a look. In all: ")
    for free_bytes in (None, 10**9):
        assert replace(full, home_free_bytes=free_bytes).outcome is Outcome.WELL
