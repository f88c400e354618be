"""The demo's pictures: one of every type, small, whole, and each with its license."""

from __future__ import annotations

from pathlib import Path

import pytest

from strandline.model.media_types import MEDIA_TYPES, find_media_type_by_extension, sniff_media_type
from strandline.model.structure import walk_structure
from strandline.pictures.decoding import check_decodes, make_thumbnail
from strandline.pictures.facts import read_facts

FOLDER = Path(__file__).parents[2] / "demo" / "pictures"
PICTURES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".md")
MAX_BYTES = 1_200_000
"""They are part of every clone."""


@pytest.mark.parametrize("path", PICTURES, ids=[path.name for path in PICTURES])
def test_each_is_whole_and_can_be_shown(path: Path) -> None:
    """Its bytes have the type of its name, are whole, decode, and give a thumbnail."""
    data = path.read_bytes()
    media_type = sniff_media_type(data)
    assert media_type is not None
    assert media_type is find_media_type_by_extension(path.suffix[1:])
    assert walk_structure(data, media_type).whole
    check_decodes(data, media_type.name)
    facts = read_facts(data, media_type.name)
    assert facts.width
    assert facts.height
    thumbnail = make_thumbnail(data, media_type.name, size=400)
    assert (thumbnail.width > thumbnail.height) == (facts.width > facts.height)


def test_together_they_show_what_strandline_meets() -> None:
    """Every supported type, an upper-case extension, rotated pictures, dates, and a place."""
    types = {find_media_type_by_extension(path.suffix[1:]) for path in PICTURES}
    assert types == {media_type for media_type in MEDIA_TYPES if media_type.name != "image/heif"}
    assert any(path.suffix.isupper() for path in PICTURES)
    facts = [read_facts(path.read_bytes(), "image/jpeg") for path in FOLDER.glob("*.jpg")]
    assert {fact.orientation for fact in facts} >= {3, 6}
    assert any(fact.taken_at for fact in facts)


def test_each_has_its_licence_and_all_are_small() -> None:
    """The list of licenses names exactly the files that exist."""
    rows = [line for line in (FOLDER / "LICENSES.md").read_text().splitlines() if line.startswith("| `")]
    assert sorted(row.split("`")[1] for row in rows) == [path.name for path in PICTURES]
    assert sum(path.stat().st_size for path in PICTURES) <= MAX_BYTES
