"""What a ZIP archive may be, and which of its entries are left out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import RefusedError
from strandline.model.archives import (
    HARMLESS_BYTES,
    MOST_ENTRIES,
    MOST_RATIO,
    Entry,
    check_archive,
    find_fault,
    judge_entry,
)
from strandline.model.left_out import Reason, gather_neighbors, is_sidecar

PICTURE = Entry("Trip/IMG_1.jpg", 2_000_000, 2_010_000)


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        (replace(PICTURE, flags=1), "encrypted"),
        (replace(PICTURE, size_bytes=3_000_000_000), "save.max_bytes"),
        (replace(PICTURE, packed_bytes=HARMLESS_BYTES // MOST_RATIO), "200 times"),
        (replace(PICTURE, packed_bytes=0), "200 times"),
        (replace(PICTURE, name="a/" * 100 + "x.png"), "100 folders"),
    ],
)
def test_what_could_do_harm_is_not_unpacked(entry: Entry, word: str) -> None:
    """The message says why, and about what."""
    found = find_fault("t.zip/IMG_1.jpg", entry, most_bytes=1 << 31)
    assert found is not None
    assert word in found.message
    assert "t.zip" in found.message


def test_pictures_are_unpacked() -> None:
    """Photographs hardly shrink. A small drawing may shrink to nothing."""
    assert find_fault("x", PICTURE, most_bytes=1 << 31) is None
    assert find_fault("x", Entry("plain.bmp", 10, HARMLESS_BYTES), most_bytes=1 << 31) is None


def test_an_archive_that_was_made_to_do_harm_is_refused() -> None:
    """Too many entries, entries that overlap, or more than a disk."""
    check_archive("t.zip", 2_000_100, [PICTURE], most_bytes=1 << 40)
    with pytest.raises(RefusedError, match="overlap"):
        check_archive("t.zip", 2_000_100, [PICTURE] * 2, most_bytes=1 << 40)
    with pytest.raises(RefusedError, match=r"imports\.max_archive_bytes"):
        check_archive("t.zip", 2_000_100, [PICTURE], most_bytes=2_000_000)
    with pytest.raises(RefusedError, match="entries"):
        check_archive("t.zip", 1 << 40, [Entry("x", 0, 0)] * (MOST_ENTRIES + 1), most_bytes=1 << 40)


@given(st.text())
def test_no_name_leads_anywhere(name: str) -> None:
    """The parts of a name are plain: no separator, and no step up."""
    entry = Entry(name, 1, 1)
    assert not any(part in ("", ".", "..") or set(part) & set("/\\") for part in entry.parts)
    assert entry.own_name == (entry.parts[-1] if entry.parts else "")


@pytest.mark.parametrize(
    ("name", "mode", "reason"),
    [
        ("Trip/a.jpg", 0, None),
        ("Trip/a.jpg", 0o100644, None),
        ("Trip/a.jpg", 0o120777, Reason.LINK),
        ("__MACOSX/Trip/a.jpg", 0, Reason.LITTER),
        (".hidden/a.jpg", 0, Reason.HIDDEN),
        ("Trip/.DS_Store", 0, Reason.LITTER),
        ("Trip/a.jpg.json", 0, Reason.SIDECAR),
    ],
)
def test_entries_are_left_out_for_a_reason(name: str, mode: int, reason: Reason | None) -> None:
    """As files of a folder are."""
    assert judge_entry(Entry(name, 1, 1, unix_mode=mode), gather_neighbors(["a.jpg"])) is reason


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("IMG_1.jpg.json", True),
        ("IMG_1.jpg.supplemental-metadata.json", True),
        ("IMG_1.jpg.supplemental-met.json", True),
        ("IMG_1.jpg.s.json", True),
        ("IMG_1.jpg(1).json", True),
        ("metadata.json", True),
        ("IMG_1.xmp", True),
        ("IMG_1.AAE", True),
        ("A very long name of a picture, which Takeout cu.json", True),
        ("settings.json", False),
        ("IMG_2.jpg.json", False),
        ("IMG_1.jpg", False),
        ("json", False),
        ("A very long name of another picture, which Take.json", False),
    ],
)
def test_sidecars_are_told_by_the_pictures_beside_them(name: str, expected: bool) -> None:
    """As Google Takeout, Lightroom, and iOS write them."""
    beside = ["IMG_1.jpg", "A very long name of a picture, which Takeout cuts.jpg", name]
    assert is_sidecar(name, gather_neighbors(beside)) is expected
