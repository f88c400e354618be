"""The difference between a listing and the catalog, compared with a naive version; and what fresh names mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.model.image_files import FileStamp
from strandline.model.layout import ID_LAYOUT
from strandline.model.listing import (
    OddEntry,
    OddKind,
    drain,
    is_too_much_gone,
    name_of_known_line,
    plan_difference,
    sort_names,
    split_line,
)
from strandline.model.media_names import split_wanted_name
from strandline.model.states import Seen

IDS = ("0" * 32, "0123456789abcdef0123456789abcdef", "6f1b2c3d-0000-4000-8000-000000000001")
wanted_names = st.builds(
    lambda image_id, ext: f"{image_id}.{ext}", st.sampled_from(IDS), st.sampled_from(["png", "jpg", "HEIC"])
)
HOSTILE = (
    ":",
    "::",
    "\n",
    "a:1:2:3",
    f"{IDS[0]}.png:absent",
    f"{IDS[0]}.png:online-only",
    "\udcff",
    "x\ny:1:2:3",
)
stray_names = (
    st.sampled_from(HOSTILE)
    | st.text(min_size=1, max_size=12)
    | wanted_names.map(lambda name: f"{name}:5:6:7")
    | wanted_names.map(lambda name: f"{name}\n{name}")
    | st.binary(min_size=1, max_size=8).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
).filter(lambda name: split_wanted_name(name) is None)
stamp_texts = st.builds(
    lambda size, mtime, inode: f"{size}:{mtime}:{inode}",
    st.integers(0, 2),
    st.integers(-1, 1),
    st.integers(0, 1),
)
listings = st.dictionaries(wanted_names | stray_names, stamp_texts, max_size=12)
catalogs = st.dictionaries(wanted_names, stamp_texts | st.sampled_from(["absent", "online-only"]), max_size=8)


def lines_of(stamps: dict[str, str]) -> list[str]:
    """The lines of names with stamps."""
    return [f"{name}:{stamp}" for name, stamp in stamps.items()]


def in_batches(lines: list[str], size: int) -> Iterator[Sequence[str]]:
    """The lines in batches, as the catalog gives them."""
    return (lines[start : start + size] for start in range(0, len(lines), size))


@given(listings, catalogs, st.integers(1, 5), st.booleans())
def test_the_difference_is_that_of_two_dictionaries(
    listed: dict[str, str], known: dict[str, str], batch: int, as_set: bool
) -> None:
    """Equal stamps are unchanged; all others are fresh or stale, whatever the stray names."""
    lines = lines_of(listed)
    difference = plan_difference(set(lines) if as_set else lines, in_batches(lines_of(known), batch))
    unchanged = {name for name in listed if known.get(name) == listed[name]}
    assert difference.unchanged == len(unchanged)
    assert [split_line(line) for line in difference.fresh] == [
        split_line(line) for line in sorted(lines_of({n: s for n, s in listed.items() if n not in unchanged}))
    ]
    assert {name_of_known_line(line) for line in difference.stale} == known.keys() - unchanged
    assert difference.unchanged + len(difference.fresh) == len(listed)
    assert difference.unchanged + len(difference.stale) == len(known)


@given(st.dictionaries(wanted_names, stamp_texts, max_size=8), st.integers(1, 5))
def test_a_listing_compared_with_itself_leaves_nothing(stamps: dict[str, str], batch: int) -> None:
    """A scan of what the last scan wrote finds nothing."""
    difference = plan_difference(set(lines_of(stamps)), in_batches(lines_of(stamps), batch))
    assert (difference.unchanged, difference.fresh, difference.stale) == (len(stamps), [], set())


@given(wanted_names | stray_names, stamp_texts)
def test_a_line_gives_back_name_and_stamp(name: str, stamp: str) -> None:
    """It works whatever colons and newlines the name contains."""
    assert split_line(f"{name}:{stamp}") == (name, stamp)


@given(st.lists(stray_names))
def test_draining_gives_every_line_in_order_and_leaves_none(lines: list[str]) -> None:
    """The lines of a set may come in any order."""
    as_list, as_set = list(lines), set(lines)
    assert list(drain(as_list)) == lines
    assert sorted(drain(as_set)) == sorted(set(lines))
    assert (as_list, as_set) == ([], set())


@given(listings)
def test_every_fresh_name_is_filed_exactly_once(listed: dict[str, str]) -> None:
    """Images are recognized by the grammar alone. Every other name counts under its explanation, and nothing is
    lost.
    """
    names = sort_names(ID_LAYOUT, lines_of(listed), ())
    assert names.images == {n: s for n, s in listed.items() if split_wanted_name(n) is not None}
    others = names.conflict_copies + names.temporaries + names.strays + names.placeholders_unparsed
    assert len(others) == len(set(others))
    assert set(others) <= listed.keys()
    stand_ins = len(listed) - len(names.images) - len(others)
    assert len(names.evicted) <= stand_ins
    assert all(split_wanted_name(name) is not None for name in names.evicted)


NAME = f"{IDS[1]}.png"
STAMP = FileStamp(5, 6, 7)


@pytest.mark.parametrize(
    ("name", "where"),
    [
        (NAME, "images"),
        (NAME.upper(), "images"),
        (f"{IDS[1]} (conflicted copy 2026-01-01).png", "conflict_copies"),
        (f"{IDS[1]}.sync-conflict-20260101-120000-ABCDEFG.png", "conflict_copies"),
        (f"{IDS[1]} (1).png", "conflict_copies"),
        (f".syncthing.{NAME}.tmp", "temporaries"),
        (f"{NAME}.partial", "temporaries"),
        (".notes.txt.icloud", "placeholders_unparsed"),
        ("notes.txt", "strays"),
        (".DS_Store", "strays"),
        (f"{IDS[1]}.tiff", "strays"),
    ],
)
def test_names_are_filed_by_what_they_mean(name: str, where: str) -> None:
    """Conflict copies, temporaries and strays are counted, never registered."""
    names = sort_names(ID_LAYOUT, [f"{name}:5:6:7"], ())
    assert list(getattr(names, where)) == [name]


@pytest.mark.parametrize("name", [f".{NAME}.icloud", f"{NAME}.nextcloud", f"{NAME}.rsls"])
def test_a_placeholder_stands_for_the_wanted_name(name: str) -> None:
    """Its own stamp says nothing about the image."""
    assert sort_names(ID_LAYOUT, [f"{name}:1:6:7"], ()).evicted == {NAME: Seen(None, online_only=True)}


def test_a_dataless_file_is_evicted_with_its_listed_size() -> None:
    """macOS and Windows list the real size of a file whose bytes are in the cloud."""
    names = sort_names(ID_LAYOUT, (), [OddEntry(NAME, OddKind.DATALESS, STAMP)])
    assert names.evicted == {NAME: Seen(STAMP, online_only=True)}
    assert names.images == {}


@pytest.mark.parametrize("kind", [OddKind.SYMLINK, OddKind.FOLDER, OddKind.SPECIAL, OddKind.UNREADABLE])
def test_a_link_folder_or_device_under_a_wanted_name_is_no_image(kind: OddKind) -> None:
    """It is neither registered nor counted as ignored: it is a separate finding."""
    names = sort_names(ID_LAYOUT, (), [OddEntry(NAME, kind)])
    assert (names.images, names.evicted, names.strays) == ({}, {}, [])


@pytest.mark.parametrize(
    ("absent", "known", "is_too_much"),
    [
        (0, 0, False),
        (0, 100, False),
        (1, 1, False),
        (1, 2, False),
        (2, 2, True),
        (4, 5, False),
        (5, 5, True),
        (5, 6, False),
        (6, 7, True),
        (5, 50, False),
        (6, 50, True),
        (10, 100, False),
        (11, 100, True),
        (100, 1000, False),
        (101, 1000, True),
    ],
)
def test_the_brake_holds_above_five_and_a_tenth_or_when_all_are_gone(
    absent: int, known: int, is_too_much: bool
) -> None:
    """The limit is max(5, 10 %), or all of two or more (SPEC §6, H18)."""
    assert is_too_much_gone(absent, known) is is_too_much
