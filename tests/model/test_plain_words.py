"""Names from other machines do nothing where they are shown. Sizes and counts are in everyday form."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.model.plain_words import say_bytes, say_count, show_plainly

ANY_NAME = st.text(st.characters(exclude_characters="")) | st.binary().map(
    lambda data: data.decode("utf-8", "surrogateescape")
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("photo.png", "photo.png"),
        ("Müller 海.png", "Müller 海.png"),
        ("Screenshot 9.41\u202fAM.png", "Screenshot 9.41\u202fAM.png"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467.png", "\U0001f468\u200d\U0001f469\u200d\U0001f467.png"),
        ("\x1b[2J\x1b]0;owned\x07.png", "\\x1b[2J\\x1b]0;owned\\x07.png"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("a\nb\tc\r.png", "a\\x0ab\\x09c\\x0d.png"),
        ("caf\udce9.png", "caf\\xe9.png"),
        ("\ud800.png", "\\ud800.png"),
        ("\x9b31m", "\\x9b31m"),
        ("\U000e0001x", "\\U000e0001x"),
    ],
)
def test_hostile_names_are_written_out(name: str, shown: str) -> None:
    """Characters that act, hide, or are no text are escaped. What people write is unchanged."""
    assert show_plainly(name) == shown


@given(ANY_NAME)
def test_no_name_acts(name: str) -> None:
    """No control character, direction mark, or surrogate is left, whatever the name. A second pass changes
    nothing.
    """
    shown = show_plainly(name)
    shown.encode()
    assert not name.isprintable() or shown == name
    assert {unicodedata.category(char) for char in shown}.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
    assert not {unicodedata.bidirectional(char) for char in shown} & {
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
    }  # fmt: skip
    assert show_plainly(shown) == shown


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (None, "?"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_400, "99.4 kB"),
        (99_600, "100 kB"),
        (999_400, "999 kB"),
        (999_600, "1.0 MB"),
        (3_100_000, "3.1 MB"),
        (25_000_000_000, "25.0 GB"),
        (3_000_000_000_000, "3.0 TB"),
    ],
)
def test_sizes(size_bytes: int | None, words: str) -> None:
    """Decimal units, as in file managers and sync clients; never four digits before the unit."""
    assert say_bytes(size_bytes) == words


def test_counts() -> None:
    """Singular and plural, with thousands separators."""
    assert [say_count(number, "image") for number in (0, 1, 1204)] == ["0 images", "1 image", "1,204 images"]
    assert say_count(2, "copy", "copies") == "2 copies"
