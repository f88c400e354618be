"""Encodings: UTF-16 is read, broken UTF-8 hides nothing, and what is no text is told."""

from __future__ import annotations

import codecs

import pytest

from strandline.notes.reading import BrokenNoteError, read_note

TEXT = "# Café\n\n![](é/a.png) ![[b.png]] 😀 <img src=c.png>\n"


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)]
)
def test_utf_16_is_read(encoding: str, mark: bytes) -> None:
    """As Windows' Notepad writes it. Positions are those of the text."""
    data = mark + TEXT.encode(encoding)
    assert read_note("n.md", data) == read_note("n.md", TEXT.encode())
    assert [each.target for each in read_note("n.md", data[:-1] + b"\0\0")][:1] == ["é/a.png"]
    assert [each.target for each in read_note("n.org", mark + "[[file:é.png]]".encode(encoding))] == [
        "file:é.png"
    ]
    assert [each.target for each in read_note("n.canvas", mark + '{"file": "é.png"}'.encode(encoding))] == [
        "é.png"
    ]


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        b"\xe9\0 ![](a.png)" * 9,
    ],
)
def test_what_is_no_text_is_told(data: bytes) -> None:
    """UTF-16 without a mark, and bytes of another file: nobody knows what it refers to."""
    with pytest.raises(BrokenNoteError, match="not text in UTF-8"):
        read_note("n.md", data)


@pytest.mark.parametrize(
    "data",
    [
        b"![](a.png)" + bytes(4000),
        b"\0![](a.png)",
        b"\xff\xfe ![](a.png)",
        b"a" * 1023 + "é\0![](a.png)".encode(),
    ],
)
def test_a_few_wrong_bytes_hide_nothing(data: bytes) -> None:
    """Room at the end, a stray NUL, a mark of UTF-16 alone, and a letter across the end of what is looked at."""
    assert [each.target for each in read_note("n.md", data)] == ["a.png"]


def test_latin_1_is_read_with_replacements() -> None:
    """The resolver never calls such a destination missing."""
    (found,) = read_note("n.md", "![](café.png)".encode("latin-1"))
    assert found.destination == "caf\ufffd.png"
