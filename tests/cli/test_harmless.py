"""Names from other machines do nothing to a terminal, to UTF-8 or to JSON."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.cli.harmless import make_harmless, shorten
from strandline.cli.writing import write_json

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
    """What acts on a terminal, or is no text, is written as an escape; what people write stays as it is."""
    assert make_harmless(name) == shown


@given(ANY_NAME)
def test_no_name_acts(name: str) -> None:
    """No control character, direction mark or surrogate is left, whatever the name; twice changes nothing."""
    harmless = make_harmless(name)
    harmless.encode()
    assert {unicodedata.category(char) for char in harmless}.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
    assert not {unicodedata.bidirectional(char) for char in harmless} & {
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
    }  # fmt: skip
    assert make_harmless(harmless) == harmless


@given(st.text(), st.integers(20, 60))
def test_long_text_keeps_both_ends(text: str, limit: int) -> None:
    """Never more than the limit; what fits stays."""
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == text or (len(text) > limit and text.startswith(short.split("…")[0]))


@pytest.mark.parametrize("is_line", [True, False])
def test_json_is_utf_8_and_acts_on_no_terminal(
    is_line: bool, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Every character comes back as it was, but for bytes that are no text; none of them acts on the way."""
    names = [chr(code) for code in (*range(0x20, 0x800), 0x2028, 0x202E, 0xFEFF, 0x1F468, 0xE0001)]
    write_json({"names": names, "not text": "caf\udce9"}, is_line=is_line)
    sent = capfdbinary.readouterr().out.decode()
    assert json.loads(sent) == {"names": names, "not text": "caf\\xe9"}
    assert make_harmless(sent.replace("\n", "")) == sent.replace("\n", "")
