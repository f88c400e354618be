"""Markdown: one image, whatever its file name."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML

from strandline.model.markdown import format_markdown, format_named_markdown, stem_of

TEMPLATE = "![{stem}](media/{filename})"
READERS = [MarkdownIt("commonmark"), MarkdownIt("js-default", {"linkify": False})]
NAMES = st.text(
    st.one_of(st.sampled_from("\\`*_[]<>&!~|$()#+-={}.:;\"'@/ \n\t\x00ab1é€😀"), st.characters()), max_size=30
)


@given(name=NAMES)
@example(name="](javascript:alert(1)).png")
@example(name="<img src=x onerror=alert(1)>.png")
@example(name="a\n\n# Heading.png")
@example(name="`](x)`.png")
@example(name="\\")
def test_a_reader_sees_one_image_with_the_name_as_its_text(name: str) -> None:
    """No name ends the alt text, starts other markup, or loses a letter."""
    text = format_markdown(TEMPLATE, "x.png", name)
    for reader in READERS:
        for document in (text, f"before {text} after"):
            blocks = reader.parse(document)
            assert [block.type for block in blocks] == ["paragraph_open", "inline", "paragraph_close"]
            (image,) = [child for child in blocks[1].children or () if child.type == "image"]
            assert image.attrs["src"] == "media/x.png"
            alt = RendererHTML().renderInlineAsText(image.children or [], reader.options, {})
            assert alt == stem_of(name)


@pytest.mark.parametrize(
    ("name", "markdown"),
    [
        ("holiday.jpg", "![holiday](media/x.png)"),
        ("IMG_1234.JPG", "![IMG_1234](media/x.png)"),
        ("2026-07-01 Ærø, Østersøen (2).heic", "![2026-07-01 Ærø, Østersøen (2)](media/x.png)"),
        ("archive.tar.png", "![archive.tar](media/x.png)"),
        ("/home/jo/x.png", "![x](media/x.png)"),
        ("C:\\Users\\jo\\x.png", "![x](media/x.png)"),
        ("no extension", "![no extension](media/x.png)"),
        (".hidden", "![.hidden](media/x.png)"),
        ("[a](b)", "![\\[a\\](b)](media/x.png)"),
        ("safe\u202egnp.exe.png", "![safe gnp.exe](media/x.png)"),
        ("", "![](media/x.png)"),
    ],
)
def test_plain_names_stay_plain(name: str, markdown: str) -> None:
    """Only characters with a meaning are escaped. Folders, extension, control and bidi characters are removed."""
    assert format_markdown(TEMPLATE, "x.png", name) == markdown


def test_braces_in_a_name_are_no_template() -> None:
    """The name is inserted, never interpreted."""
    assert format_markdown("{stem} {filename}", "x.png", "{filename}.png") == "{filename} x.png"


def test_a_named_picture_is_referred_to_by_its_path() -> None:
    """Encoded, so that blanks and parentheses do not end it."""
    path = "Study/Pasted image (1).png"
    assert format_named_markdown(path, "Pasted image (1).png") == (
        "![Pasted image (1)](Study/Pasted%20image%20%281%29.png)"
    )
