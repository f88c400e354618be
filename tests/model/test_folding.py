"""A name is found however it and the question are spelled."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.model.folding import fold, natural_key, split_words

FORMS = ("NFC", "NFD", "NFKC", "NFKD")
LETTERS = "aZéÜßẞøÆİıКйΣςᾳÅﬁが한นี่नि가\u0301\u0345\u3099 .-"
TEXTS = st.text() | st.text(LETTERS)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("kuche", "Küche.jpg"), ("KÜCHE", "küche.jpg"), ("küche", "KÜCHE.jpg"), ("küche", "Ku\u0308che.jpg"),
        ("ku\u0308che", "Küche.jpg"), ("strasse", "Straße.png"), ("STRASSE", "straße.png"), ("straße", "STRASSE.png"),
        ("straẞe", "Strasse"), ("malmo", "Malmö"), ("tromso", "Tromsø"), ("lodz", "Łódź"), ("istanbul", "İstanbul"),
        ("οδοσ", "ΟΔΟΣ.png"), ("ελλαδα", "Ελλάδα"), ("МОСКВА", "москва"), ("fish", "ﬁsh.jpg"), ("x2", "x².png"),
        ("ꭰ", "Ꭰ"), ("ΑΙ", "ᾳ"), ("한국", normalize("NFD", "한국.png")), ("かき", "かき.png"),
    ],
)  # fmt: skip
def test_a_question_finds_the_name(asked: str, name: str) -> None:
    """Case, accents, and Unicode forms make no difference."""
    assert fold(asked) in fold(name)


@pytest.mark.parametrize(
    ("asked", "name"),
    [("か", "がく"), ("किताब", "कताब"), ("นำ", "นา"), ("שָׁלוֹם", "שלום"), ("kuche", "kirche"), ("가", "각")],
)
def test_marks_that_are_letters_make_a_difference(asked: str, name: str) -> None:
    """Only the accents of Latin, Greek, and Cyrillic letters are dropped."""
    assert fold(asked) not in fold(name)


@given(TEXTS)
def test_folding_again_changes_nothing(text: str) -> None:
    """So names that were stored folded may be asked for as they are stored."""
    assert fold(fold(text)) == fold(text)


@given(TEXTS, st.sampled_from(FORMS))
def test_the_unicode_form_makes_no_difference(text: str, form: str) -> None:
    """File systems and keyboards choose different forms of one name."""
    assert fold(normalize(form, text)) == fold(text)  # type: ignore[arg-type]


@given(TEXTS.filter(lambda text: "\u0345" not in normalize("NFD", text)))
def test_case_makes_no_difference(text: str) -> None:
    """In any script that has case. (The iota under Greek vowels has its own example: alone it is no text.)"""
    assert fold(text.upper()) == fold(text.lower()) == fold(text.casefold()) == fold(text)


@given(st.text(st.characters(categories=None)))
def test_every_text_can_be_stored(text: str) -> None:
    """Questions from a shell and names from a disk may contain half characters."""
    fold(text).encode()
    assert all(word and not word.isspace() for word in split_words(text))


def test_words_are_folded_and_each_is_once() -> None:
    """White space of any kind separates them."""
    assert split_words("  See\u00a0Zürich\tSEE ") == ["see", "zurich"]
    assert split_words(" \u0301 ") == []


def test_numbers_are_sorted_as_people_count() -> None:
    """In any place of a name, and without case."""
    names = ["photo 10.png", "Photo 9.png", "photo 2.png", "photo.png", "10 a", "9 b", "é 1", "f"]
    assert sorted(names, key=natural_key) == [
        "9 b", "10 a", "é 1", "f", "photo 2.png", "Photo 9.png", "photo 10.png", "photo.png",
    ]  # fmt: skip


@given(st.lists(TEXTS, max_size=5))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    """Whatever characters they have."""
    assert sorted(sorted(names, key=natural_key)) == sorted(names)
