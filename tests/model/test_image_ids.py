"""Image ids: two forms, any letter case, nothing else. A parsed id is safe in a path."""

from __future__ import annotations

import hashlib
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import InvalidImageIdError
from strandline.model.image_ids import (
    content_id_of,
    find_image_id,
    hash_to_content_id,
    is_content_id,
    parse_image_id,
)

content_ids = st.binary(min_size=16, max_size=16).map(bytes.hex)
legacy_ids = st.uuids().map(str)
image_ids = content_ids | legacy_ids


@st.composite
def in_any_case(draw: st.DrawFn, texts: st.SearchStrategy[str] = image_ids) -> str:
    """An id in which each letter has a random case."""
    text = draw(texts)
    uppers = draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    return "".join(letter.upper() if upper else letter for letter, upper in zip(text, uppers, strict=True))


# Near misses: the right alphabet and almost the right length, with some other characters.
near_misses = st.text(alphabet="0123456789abcdefABCDEF-./\\\0 \n\u212a\u0130\uff10\u0660", max_size=40)


@given(in_any_case())
def test_any_letter_case_is_folded(text: str) -> None:
    """Both forms parse in any letter case, to lower case. Parsing again changes nothing."""
    parsed = parse_image_id(text)
    assert parsed == text.lower()
    assert parse_image_id(parsed) == parsed


@given(near_misses | st.text() | in_any_case())
def test_what_parses_is_safe_in_a_path(text: str) -> None:
    """A parsed id always has 32 or 36 characters from ``[0-9a-f-]``: no separator, dot, or NUL."""
    found = find_image_id(text)
    if found is not None:
        assert re.fullmatch(r"[0-9a-f]{32}|[0-9a-f-]{36}", found)
        assert found == text.lower()


@given(in_any_case(), st.data())
def test_nothing_else_is_forgiven(text: str, data: st.DataObject) -> None:
    """A missing, extra, or different character at any position makes it no id."""
    at = data.draw(st.integers(0, len(text) - 1))
    stranger = data.draw(st.sampled_from("./\\\0 \n\rg\u212a\uff11\u0661{}"))
    for spoilt in (
        text[:at] + text[at + 1 :],
        text[:at] + stranger + text[at:],
        text[:at] + stranger + text[at + 1 :],
    ):
        assert find_image_id(spoilt) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "../" + "0" * 32,
        "0" * 32 + "\n",
        " " + "0" * 32,
        "0" * 32 + ".png",
        "{" + str(uuid.UUID(int=1)) + "}",
        "urn:uuid:" + str(uuid.UUID(int=1)),
        "0" * 64,
        "\uff10" * 32,
        "\u0660" * 36,
    ],
)
def test_other_spellings_are_refused_by_name(text: str) -> None:
    """Other spellings that people or programs use raise an error that shows the input."""
    with pytest.raises(InvalidImageIdError) as caught:
        parse_image_id(text)
    assert caught.value.facts["value"] == (text[:57] + "..." if len(text) > 60 else text)


def test_a_huge_text_is_not_echoed() -> None:
    """The error message is short, whatever the input."""
    with pytest.raises(InvalidImageIdError) as caught:
        parse_image_id("x" * 10_000_000)
    assert len(caught.value.message) < 200


@given(content_ids, legacy_ids)
def test_the_two_forms_are_told_apart(content_id: str, legacy_id: str) -> None:
    """A content id is recognized as such, a legacy id is not."""
    assert is_content_id(parse_image_id(content_id))
    assert not is_content_id(parse_image_id(legacy_id))


@given(st.binary())
def test_a_content_id_is_half_of_the_hash(data: bytes) -> None:
    """The content id is the first 16 bytes of SHA-256, computed from the bytes or from a known hash."""
    digest = hashlib.sha256(data)
    assert hash_to_content_id(data) == hash_to_content_id(memoryview(data)) == digest.digest()[:16].hex()
    assert content_id_of(digest.hexdigest()) == hash_to_content_id(data)
    assert parse_image_id(hash_to_content_id(data)) == hash_to_content_id(data)
