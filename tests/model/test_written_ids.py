"""Ids as people have them: whatever stands around an id, the id is found; a beginning is told from it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import InvalidImageIdError
from strandline.model.image_ids import find_image_id
from strandline.model.written_ids import IdPrefix, PictureName, parse_written_ids

content_ids = st.binary(min_size=16, max_size=16).map(bytes.hex)
image_ids = content_ids | st.uuids().map(str)
borders = st.text(st.characters(exclude_categories=("L", "N", "Cs")), max_size=3)
surroundings = st.tuples(st.text(max_size=20), borders).map("".join)

ID = "0123456789abcdef0123456789abcdef"
UUID = "6f1b2c3d-0000-4000-8000-00000000000a"


@pytest.mark.parametrize(
    "written",
    [
        "{}",
        " {}\n",
        "{}.jpg",
        "media/{}.jpg",
        "./media/{}.HEIC",
        r"media\{}.jpg",
        r"C:\Users\Ada\Notes\media\{}.jpg",
        "/home/ada/My Notes/media/{}.svg",
        "http://127.0.0.1:8484/i/{}",
        "http://127.0.0.1:8484/i/{}?key=dGhpcyBpcyBhIGtleSBvZiAyNCBieXRl",
        "![sunset at sea](media/{}.jpg)",
        "- [x] see ![a (b) c](<media/{}.jpg> 'A title'), and more",
        '<img src="media/{}.webp" width=200>',
        "![[{}.png|300]]",
        "[image]: media/{}.png",
        "media/.{}.jpg.icloud",
        "media/{} (Ada's conflicted copy 2026-11-28).jpg",
    ],
)
@pytest.mark.parametrize("image_id", [ID, UUID])
def test_an_id_is_found_as_people_have_it(written: str, image_id: str) -> None:
    """In a file name, a path of any system, an address, or a line of a note; in any letter case."""
    assert parse_written_ids(written.format(image_id)) == (image_id,)
    assert parse_written_ids(written.format(image_id.upper())) == (image_id,)


@given(image_ids, surroundings, surroundings)
def test_an_id_between_borders_is_found(image_id: str, before: str, after: str) -> None:
    """Whatever stands around an id: if no letter or digit touches it, it is found."""
    found = parse_written_ids(f"{before}/{image_id}.{after}")
    assert isinstance(found, tuple)
    assert image_id in found


@given(st.lists(image_ids, min_size=1, max_size=4))
def test_several_ids_are_found_once_and_in_order(ids: list[str]) -> None:
    """A line of a note may show several images."""
    assert parse_written_ids(" ".join(f"![](media/{each}.jpg)" for each in ids)) == tuple(dict.fromkeys(ids))


@given(image_ids, st.data())
def test_the_beginning_of_an_id_is_told_from_an_id(image_id: str, data: st.DataObject) -> None:
    """Four digits or more are a beginning, in lower case; fewer are too few."""
    beginning = image_id[: data.draw(st.integers(1, len(image_id) - 1))]
    if len(beginning) < 4:
        with pytest.raises(InvalidImageIdError, match="at least 4 digits"):
            parse_written_ids(beginning)
    elif find_image_id(beginning) is None:
        assert parse_written_ids(f" {beginning.upper()} ") == IdPrefix(beginning)


@given(st.text(alphabet="0123456789abcdefABCDEFg-./\\ \n\u212a\u0130\uff10", max_size=80) | st.text())
def test_nothing_is_made_up(text: str) -> None:
    """Every result is in the text, apart from letter case, and is an id or a beginning. Other text is an error."""
    try:
        found = parse_written_ids(text)
    except InvalidImageIdError:
        return
    if isinstance(found, PictureName):
        assert found.text == text
    elif isinstance(found, IdPrefix):
        assert text.strip().lower() == found.digits
        assert re.fullmatch("[0-9a-f-]{4,35}", found.digits)
    else:
        assert found
        assert all(find_image_id(each) == each and each in text.lower() for each in found)


@pytest.mark.parametrize(
    "text",
    [
        "photo.jpg",
        "a b/Pasted image 1.PNG",
        "![[x.webp|300]]",
        "![](img/x%20y.heic)",
        ID[:8] + ".jpg",
        "x.tiff#a",
    ],
)
def test_the_name_of_a_picture(text: str) -> None:
    """Text without an id that has a picture's extension. Blanks around it may belong to the name."""
    assert parse_written_ids(f" {text} ") == PictureName(f" {text} ")
    assert parse_written_ids(f"![](media/{ID}.jpg) {text}") == (ID,)


@pytest.mark.parametrize(
    "text", ["", " ", "-", "photo", "note.md", ID + "0", "a" * 64, "x" + ID, "../" + ID[:8]]
)
def test_other_text_has_no_id(text: str) -> None:
    """A longer hash, or the beginning of an id with anything beside it, could mean something else."""
    with pytest.raises(InvalidImageIdError):
        parse_written_ids(text)
