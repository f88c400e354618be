"""Anchors: a folder without an identity file is recognized by what it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from strandline.model.identity.anchors import AnchorLook, Anchors, is_same_folder

anchors = st.builds(
    Anchors,
    st.sampled_from(["1:10", "1:20", "2:10"]),
    st.frozensets(st.sampled_from([".obsidian", ".git", "logseq"])),
)
looks = st.builds(AnchorLook, anchors, st.booleans())


@given(looks, st.integers(0, 64), st.integers(0, 64))
def test_what_was_never_seen_is_what_is_there(look: AnchorLook, asked: int, there: int) -> None:
    """The first look makes the anchors."""
    assert is_same_folder(None, look, asked=max(asked, there), there=min(asked, there))


@given(anchors, looks, st.integers(1, 64))
def test_the_same_root_is_the_same_folder_even_if_it_is_empty(
    known: Anchors, look: AnchorLook, asked: int
) -> None:
    """What is gone from it is gone. Only a mount point may be another disk's."""
    if known.place == look.anchors.place and not look.is_mount_point:
        assert is_same_folder(known, look, asked=asked, there=0)


@given(anchors, looks, st.integers(1, 64).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_half_of_the_known_files_are_enough(
    known: Anchors, look: AnchorLook, counts: tuple[int, int]
) -> None:
    """A folder that was restored from a backup has another place."""
    asked, there = counts
    if 2 * there >= asked:
        assert is_same_folder(known, look, asked=asked, there=there)


@given(st.sampled_from(["1:10", "2:10"]), st.booleans(), st.integers(1, 64))
def test_a_folder_with_nothing_of_it_is_another_one(place: str, is_mount_point: bool, asked: int) -> None:
    """An empty mount point has another inode; another disk at the same mount point may have the same one."""
    known = Anchors("1:10", frozenset({".obsidian"}))
    look = AnchorLook(Anchors(place, frozenset()), is_mount_point)
    same_root = place == known.place and not is_mount_point
    assert is_same_folder(known, look, asked=asked, there=0) is same_root


@given(looks)
def test_what_was_just_seen_is_recognized(look: AnchorLook) -> None:
    """Law: nothing is offline that has not changed, as long as nothing is known to be in it."""
    assert is_same_folder(look.anchors, look, asked=0, there=0)
