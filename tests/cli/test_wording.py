"""Sizes, counts, days and states in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from builders.reports import NOW, make_file
from strandline.cli.wording import (
    say_day_of,
    say_list,
    say_pixels,
    say_state,
    say_type,
)
from strandline.model.image_files import FileState, ProofKind
from strandline.model.reports import ImageFileReport, ImageInfo


def test_lists() -> None:
    """The last word is joined by "and"."""
    assert [say_list(words) for words in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("media_type", "word"), [("image/jpeg", "jpeg"), ("image/svg+xml", "svg"), ("image/heic", "heic")]
)
def test_types(media_type: str, word: str) -> None:
    """The names that people use."""
    assert say_type(media_type) == word


@pytest.mark.parametrize("state", FileState)
def test_every_state_has_a_badge(state: FileState) -> None:
    """Two plain words, different from those of every other state."""
    others = [say_state(replace(make_file(), state=other)) for other in FileState if other is not state]
    badge = say_state(replace(make_file(), state=state))
    assert badge
    assert badge not in others


def test_a_present_file_says_how_sure_we_are() -> None:
    """Proven, only listed, only decoded, or absent in the last scan: never more than was checked."""
    proven = make_file()
    assert proven.proof is not None
    decoded = replace(proven, proof=replace(proven.proof, kind=ProofKind.DECODED))
    assert say_state(proven) == "ok"
    assert say_state(replace(proven, proof=None)) == "unchecked"
    assert say_state(decoded) == "odd"
    assert say_state(replace(proven, absent_since=NOW)) == "not seen lately"


def test_the_day_is_the_cameras() -> None:
    """This machine's time zone does not move a picture from New Year's Eve into the next year."""
    taken = make_file(taken_at=datetime(2023, 12, 31, 23, 59, tzinfo=UTC))
    info = ImageInfo(taken.image_id, (ImageFileReport(taken, sd=None),))  # type: ignore[arg-type]
    assert say_day_of(info) == "2023-12-31"


def test_unknown_pixels_are_not_made_up() -> None:
    """Unknown pixels are a question mark."""
    assert say_pixels(make_file(width=4032, height=3024)) == "4032x3024"
    assert say_pixels(make_file()) == "?"
