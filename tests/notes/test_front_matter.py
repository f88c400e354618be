"""Front matter: what a value means, and which keys announce a picture."""

from __future__ import annotations

import pytest

from strandline.notes.reading import read_note


def read(*lines: str) -> list[tuple[str, str]]:
    """Target and destination of each reference in some front matter."""
    note = "\n".join(["---", *lines, "---", ""]).encode()
    return [(each.target, each.destination) for each in read_note("n.md", note)]


@pytest.mark.parametrize(
    ("value", "target", "destination"),
    [
        ("Trip to Rome, Italy.png", None, None),
        ("img/Foo [1].png", None, None),
        ("img/Foo {1}.png # why", "img/Foo {1}.png", "img/Foo {1}.png"),
        (r'"caf\xE9.png"', r"caf\xE9.png", "café.png"),
        (r'"caf\u00e9 \"1\".png" # why', r"caf\u00e9 \"1\".png", 'café "1".png'),
        (r'"\uD83D\uDE00.png"', r"\uD83D\uDE00.png", "😀.png"),
        (r'"\U0001F600.png"', r"\U0001F600.png", "😀.png"),
        ("'it''s [1], \\x.png'", "it''s [1], \\x.png", "it's [1], \\x.png"),
        ('"a, b.png"', "a, b.png", "a, b.png"),
        ("[[a b.png]]", "a b.png", "a b.png"),
        ("![t](a.png)", "a.png", "a.png"),
        ("[t](<a b.png>)", "a b.png", "a b.png"),
        (r'"[[caf\xE9.png|t]]"', r"caf\xE9.png", "café.png"),
    ],
)
def test_a_value_is_read_as_yaml_means_it(value: str, target: str | None, destination: str | None) -> None:
    """Commas and brackets are letters of a name outside a list, and what is in quotes is decoded."""
    assert read(f"cover: {value}") == [(target or value, destination or value)]


@pytest.mark.parametrize(
    "value",
    [
        "{image: a.png, alt: b}", "{src: a.png}", ".png", "img/.png", '"a.png', "'a.png", '"a.png" "b.png"',
        r'"img\cover.png"', r'"img\new.png"', "&anchor a.png", "*alias.png", "!tag a.png", "note: a.png", "# a.png",
        "[{src: a.png}]", "[src: a.png]", "[a # b.png]", "[a [1].png]",
        "[see", '["]', "[t] (a.png)", "see [[a]] b.png",
    ],
)  # fmt: skip
def test_what_is_not_certain_is_not_read(value: str) -> None:
    """Nobody may be told that a picture is missing that nobody named."""
    assert read(f"cover: {value}", "cover:", f"  - {value}") == []


def test_lists_are_read() -> None:
    """In brackets, with commas only as some themes split them, and below their key."""
    assert [target for target, _ in read("images: [a.png, 'b, c.png', [[d.png]], e f.png] # g.png")] == [
        "a.png",
        "b, c.png",
        "d.png",
        "e f.png",
    ]
    assert [target for target, _ in read("photos: a.png, é/b.png,c.png")] == ["a.png", "é/b.png", "c.png"]
    assert [target for target, _ in read("images: [a.png,", "  b.png]")] == ["a.png"]
    lines = ("images:", "- src: a.png", "  original: b.png", "- c.png", "tags:", "- d.png", "cover: e.png")
    assert [target for target, _ in read(*lines)] == ["a.png", "c.png", "e.png"]


def test_a_file_is_a_picture_only_if_a_key_says_so() -> None:
    """``file`` also says where something comes from."""
    assert read("file: a.jpg", "source_file: b.jpg", "original:", "  file: c.jpg", "file_path: d.jpg") == []
    lines = (
        "image_file: a.jpg",
        "gallery:",
        "  - alt: x",
        "    file: b.jpg",
        "  - file: c.jpg",
        "cover:",
        "  file: d.jpg",
    )
    assert [target for target, _ in read(*lines)] == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


def test_a_text_of_several_lines_names_nothing() -> None:
    """It ends at the next key of its own column."""
    lines = (
        "images:",
        "  - alt: |",
        "      cover: a.png",
        "    src: b.png",
        "  - >",
        "    src: c.png",
        "cover: d.png",
    )
    assert [target for target, _ in read(*lines)] == ["b.png", "d.png"]
