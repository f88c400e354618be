"""What resolves a conflict copy: laws over everything that can be known of one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from builders.machine import LEGACY_ID
from strandline.model.conflicts import (
    GONE,
    ChoiceUndo,
    Keep,
    KnownFile,
    Remedy,
    choose_remedy,
    list_free_names,
    parse_undo,
    say_name,
)
from strandline.model.image_ids import content_id_of
from strandline.model.storage_dirs import LayoutKind

HASHES = [letter * 64 for letter in "abc"]
COPIES = st.sampled_from([None, *HASHES])
PLAINS = st.sampled_from([None, GONE, *HASHES])
KNOWN = st.builds(KnownFile, st.sampled_from([None, *HASHES]), st.booleans())
IDS = st.sampled_from([None, LEGACY_ID, *map(content_id_of, HASHES)])


@given(st.sampled_from(LayoutKind), IDS, COPIES, PLAINS, KNOWN)
def test_no_remedy_loses_or_undoes_anything(
    layout: LayoutKind, image_id: str | None, copy: str | None, plain: str | None, known: KnownFile
) -> None:
    """Folded only if equal; healed only by promised bytes, or by those that a bad file had; the rest is kept."""
    remedy, reason = choose_remedy(layout, image_id, copy, plain, known)  # type: ignore[arg-type]
    assert reason
    if copy is None or plain is None:
        assert remedy is Remedy.LEAVE
    assert (remedy is Remedy.FOLD) == (copy is not None and copy == plain)
    if remedy is Remedy.HEAL:
        assert copy is not None
        is_promised = layout is LayoutKind.IDS and image_id == content_id_of(copy)
        assert is_promised or (copy == known.sha256 and not known.is_good)
    if remedy is Remedy.KEEP_BOTH:
        assert layout is LayoutKind.IDS


UNDOS = st.one_of(
    [
        st.builds(ChoiceUndo, st.text("0123456789abcdef", min_size=32, max_size=32), st.just(keep), details)
        for keep, details in (
            (Keep.FILE, st.just("")),
            (Keep.COPY, st.sampled_from(HASHES)),
            (Keep.BOTH, st.integers(1, len(list(list_free_names("sea.png")))).map(str)),
            (Keep.BOTH, st.integers(1, 99).map(lambda number: say_name(number, was_there=True))),
        )
    ]
)


@given(UNDOS)
def test_an_undo_is_read_back(undo: ChoiceUndo) -> None:
    """Any that a choice gives."""
    assert parse_undo(str(undo)) == undo


@given(st.one_of(st.text(), UNDOS.map(lambda undo: f"{undo}:x"), UNDOS.map(lambda undo: str(undo)[1:])))
def test_another_text_is_no_undo(text: str) -> None:
    """Nothing else is taken for one."""
    assert parse_undo(text) is None
