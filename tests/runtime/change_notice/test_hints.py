"""Unread hints: merged, bounded, and none lost."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from strandline.runtime.change_notice import FolderGone, ListFolder, ListReason, LookAtNames
from strandline.runtime.change_notice.hints import MAX_NAMES, PendingHints

A, B = Path("/a"), Path("/b")

folders = st.sampled_from([A, B])
notes = st.one_of(
    st.tuples(st.just("name"), folders, st.text(max_size=3)),
    st.tuples(st.just("listing"), folders, st.sampled_from(ListReason)),
    st.tuples(st.just("gone"), folders, st.none()),
)


@given(st.lists(notes, max_size=20))
def test_whatever_was_added_is_covered(added: list[tuple[str, Path, object]]) -> None:
    """A name that was added since its folder was last gone is named, or its folder is listed. A listing stays one."""
    pending = PendingHints()
    for kind, folder, what in added:
        if kind == "name":
            pending.add_name(folder, str(what))
        elif kind == "listing":
            pending.add_listing(folder, ListReason(str(what)))
        else:
            pending.add_gone(folder)

    hints = pending.take()

    for folder in (A, B):
        mine = [(kind, what) for kind, of, what in added if of == folder]
        gone = [at for at, (kind, _) in enumerate(mine) if kind == "gone"]
        last = mine[gone[-1] + 1 :] if gone else mine
        listed = any(kind == "listing" for kind, _ in last)
        told = [hint for hint in hints if hint.folder == folder]
        assert told[: len(gone[:1])] == [FolderGone(folder)] * len(gone[:1])
        rest = told[len(gone[:1]) :]
        if listed:
            assert len(rest) == 1
            assert isinstance(rest[0], ListFolder)
        else:
            assert rest == ([LookAtNames(folder, frozenset(str(what) for _, what in last))] if last else [])


def test_one_name_too_many_becomes_a_listing() -> None:
    """Names up to the bound are reported. One more, and the folder is listed instead."""
    pending = PendingHints()
    for number in range(MAX_NAMES):
        pending.add_name(A, str(number))
    assert [type(hint) for hint in pending.take()] == [LookAtNames]

    for number in range(3 * MAX_NAMES):
        pending.add_name(A, str(number))
    assert pending.take() == [ListFolder(A, ListReason.TOO_MANY_NAMES)]


def test_each_hint_is_handed_out_once() -> None:
    """After a take, nothing is pending until something is added."""
    pending = PendingHints()
    pending.add_name(A, "name")
    pending.add_name(B, "name")
    pending.forget(B)

    assert pending
    assert pending.take() == [LookAtNames(A, frozenset({"name"}))]
    assert not pending
    assert pending.take() == []
