"""Output is not too long for a terminal, and JSON does not act on it."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strandline.cli.writing import say_about, shorten, write_json
from strandline.model.plain_words import show_plainly


@given(st.text(max_size=200), st.integers(20, 60))
@example("begin " + "x" * 100 + " end", 40)
def test_long_text_keeps_both_ends(text: str, limit: int) -> None:
    """The result is never longer than the limit. Text that fits is unchanged."""
    short = shorten(text, limit)
    if len(text) <= limit:
        assert short == text
        return
    assert len(short) == limit
    assert any(
        each == "…"
        and at > 3
        and limit - at > 3
        and text.startswith(short[:at])
        and text.endswith(short[at + 1 :])
        for at, each in enumerate(short)
    )


@pytest.mark.parametrize("is_line", [True, False])
def test_json_is_utf_8_and_acts_on_no_terminal(
    is_line: bool, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Every character survives (except bytes that are no text), and none acts on the terminal."""
    names = [chr(code) for code in (*range(0x20, 0x800), 0x2028, 0x202E, 0xFEFF, 0x1F468, 0xE0001)]
    write_json({"names": names, "not text": "caf\udce9"}, is_line=is_line)
    sent = capfdbinary.readouterr().out.decode()
    assert json.loads(sent) == {"names": names, "not text": "caf\\xe9"}
    assert show_plainly(sent.replace("\n", "")) == sent.replace("\n", "")


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        (".", ". is a folder; add -r"),
        ("it's", "there is no file it's; check the path"),
        ("-", "there is nothing on stdin (-); pipe something in"),
        ("abc", "'abc' is too short"),
        ("ro", "ro has no pictures that can be saved"),
        ("un.gif", "cannot read un.gif: Permission denied"),
        ("", "the path is empty"),
    ],
)
def test_a_name_in_the_message_is_not_put_before_it(
    subject: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """However short the name is, the line has it once."""
    say_about(subject, message)
    assert capsys.readouterr().err == f"strandline: {message}\n"


@pytest.mark.parametrize("subject", ["a", ".", "-", "is", "no"])
def test_a_word_of_the_message_is_no_name(subject: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file called ``a`` is named, although the message has an article."""
    say_about(subject, "this is not an image but a text, or no whole one; give a picture.")
    assert capsys.readouterr().err.startswith(f"strandline: {subject}: this")
