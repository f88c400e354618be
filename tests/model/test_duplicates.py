"""Which of several files with the same bytes stays: what a person would say, whatever the times are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.dialects import DIALECTS, conflict_name
from builders.reports import make_storage_dir
from strandline.model.duplicates import DuplicateFile, choose_to_fold
from strandline.model.image_ids import ImageId
from strandline.model.sync_names import Choice, judge_names, sort_by_name

SD = make_storage_dir()
IMAGE = ImageId("0" * 32)
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def make_files(*paths: str) -> list[DuplicateFile]:
    """The first one was here last."""
    return [DuplicateFile(SD, path, IMAGE, NOW - timedelta(days=at), 0) for at, path in enumerate(paths)]


def choose(*paths: str, used: tuple[str, ...] = ()) -> list[str]:
    """What stays."""
    stay, go = choose_to_fold(make_files(*paths), {(SD.number, path) for path in used})
    assert sorted(file.path for file in (*stay, *go)) == sorted(paths)
    return [file.path for file in stay]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_conflict_copy_loses_to_its_plain_file(dialect: str) -> None:
    """Although it was here first, and although a text names it."""
    copy = conflict_name("Trips/sea.png", dialect)
    assert choose("Trips/sea.png", copy) == ["Trips/sea.png"]
    assert choose("Trips/sea.png", copy, used=(copy,)) == ["Trips/sea.png", copy]
    assert [file.path for file in sort_by_name(make_files("Trips/sea.png", copy))] == ["Trips/sea.png", copy]


@pytest.mark.parametrize(
    ("paths", "used", "stays"),
    [
        (("sea.png", "sea (1).png"), (), "sea.png"),
        (("sea.png", "old/sea.png"), (), "old/sea.png"),
        (("sea (conflicted copy 2026-11-22).png", "beach.png"), (), "beach.png"),
        (("sea (1).png", "sea (conflicted copy 2026-11-22).png"), (), "sea (1).png"),
        (("cafe\u0301.png", "caf\u00e9 (1).png"), (), "cafe\u0301.png"),
        (("sea.png", "beach.png", "coast.png"), ("beach.png",), "beach.png"),
        (("sea.png", "sea (1).png", "coast.png"), ("coast.png",), "coast.png"),
    ],
)
def test_the_one_that_a_person_would_keep_stays(
    paths: tuple[str, ...], used: tuple[str, ...], stays: str
) -> None:
    """In whatever order they are found."""
    for order in permutations(paths):
        files = [file for path in order for file in make_files(*paths) if file.path == path]
        stay, _ = choose_to_fold(files, {(SD.number, path) for path in used})
        assert [file.path for file in stay] == [stays]


NAMES = st.sampled_from(["a.png", "b.png", "d/a.png", *(conflict_name("a.png", each) for each in DIALECTS)])


@given(st.lists(NAMES, min_size=1, max_size=5, unique=True), st.sets(NAMES))
def test_nothing_used_goes_and_no_copy_stays_alone(names: list[str], used: set[str]) -> None:
    """The laws of folding."""
    stay = choose(*names, used=tuple(used))
    assert stay
    assert used & set(names) <= set(stay)
    choices = dict(zip(names, judge_names(names), strict=True))
    if Choice.CHOSEN in choices.values():
        assert Choice.CHOSEN in {choices[each] for each in stay}
