"""Folders that were renamed or moved: one cause, told once."""

from __future__ import annotations

import pytest

from strandline.model.moved_folders import LEAST, Expected, find_moved_folders, split_moved
from strandline.model.note_checks import SEVERITIES, Finding, FindingKind


def expect(path: str, now: str, note: str, target: str, *, was_there: bool = False) -> Expected:
    """A picture that a note expects at a path."""
    kind = FindingKind.MISPLACED
    return Expected(
        path, now, was_there, Finding(kind, SEVERITIES[kind], note, 1, 1, target, path, (now,), "")
    )


@pytest.mark.parametrize(
    ("path", "now", "pair"),
    [
        ("a/1.png", "b/1.png", ("a", "b")),
        ("a/x/1.png", "b/x/1.png", ("a", "b")),
        ("a/x/1.png", "b/c/x/1.png", ("a", "b/c")),
        ("there/x/1.png", "x/1.png", ("there/x", "x")),
        ("a/1.png", "1.png", ("a", "")),
        ("a/1.png", "b/2.png", None),
        ("1.png", "b/1.png", None),
        ("there/1.png", "b/1.png", None),
        ("a/1.png", "a/1.png", None),
    ],
)
def test_the_folder_that_is_not_there(path: str, now: str, pair: tuple[str, str] | None) -> None:
    """The outermost one. In one that is there, something else is wrong."""
    assert split_moved(path, now, {"there", "b"}) == pair


@pytest.mark.parametrize("was_there", [True, False])
def test_a_renamed_folder_is_one_cause(was_there: bool) -> None:
    """Of all that is missing in it. What is elsewhere for another reason is none of it."""
    some = [
        expect(
            f"a/{number}.png", f"b/{number}.png", f"n{number % 2}.md", f"a/{number}.png", was_there=was_there
        )
        for number in range(LEAST)
    ]
    others = [expect("c/x.png", "d/x.png", "n.md", "c/x.png")] * (LEAST - 1)
    (found,) = find_moved_folders([*some, *others, some[0]], {"b", "d"})
    assert (found.old, found.new, found.pictures, len(found.findings)) == ("a", "b", LEAST, LEAST + 1)
    assert found.message == (
        "there is no such folder, and 5 pictures that notes expect in it are in b/; was it renamed? Rename it back, "
        "or change the references"
    )
    assert find_moved_folders(some[1:], {"b"}) == []


def test_moved_notes_are_told_from_a_renamed_folder() -> None:
    """Their destinations would be right from another folder."""
    some = [
        expect(f"old/img {number}.png", f"img {number}.png", "old/2024/n.md", f"../img%20{number}.png")
        for number in range(LEAST)
    ]
    assert find_moved_folders(some, {"old", "old/2024"}) == []
    deep = [
        expect(f"old/img/{number}.png", f"img/{number}.png", "old/2024/n.md", f"../img/{number}.png")
        for number in range(LEAST)
    ]
    (found,) = find_moved_folders(deep, {"old", "old/2024", "img"})
    assert (found.old, found.new, found.moved_notes) == ("old/img", "img", "old/2024")
    assert "were the notes in old/2024/ moved? Move them back, or change the references" in found.message
