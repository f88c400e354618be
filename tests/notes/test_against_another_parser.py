"""The strict reader against markdown-it-py: the same pictures in random texts, for all that CommonMark decides."""

from __future__ import annotations

from collections import Counter
from urllib.parse import unquote

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from strandline.notes.reading import read_note
from strandline.notes.references import Form

PIECES = st.sampled_from(
    ["![](a.png)", "![x](<b c.png>)", '![x](d.png "t")', "[![y](e.png)](f.png)", "![lab]", "[lab]: g.png", "`", "``",
     "```", "~~~", "    ", "- ", "> ", "1. ", "\n    ", "*", "_", "**", "\\", "![](h%20i.png)", "![](j(k).png)",
     "word", "# ", "<!-- ", "-->", "&amp;", "(", ")", "[", "]", "!", '"', "---"]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.just("\n"), st.just(" ")), max_size=30).map("".join)

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def iter_pictures(tokens: list[Token]) -> list[str]:
    """The pictures, and the links to pictures, that the other parser sees."""
    found = []
    for token in tokens:
        address = str(token.attrs.get("src") if token.type == "image" else token.attrs.get("href", ""))
        if token.type in ("image", "link_open") and address.endswith(".png"):
            found.append(unquote(address))
        found += iter_pictures(token.children or [])
    return found


@settings(max_examples=400)
@given(TEXTS)
def test_both_see_the_same_pictures(text: str) -> None:
    """Block structure, code spans, escapes, links in links: where CommonMark has a rule, both follow it."""
    text = text.removeprefix("---")  # front matter is no CommonMark
    ours = [
        unquote(each.destination)
        for each in read_note("note.md", text.encode())
        if each.form is Form.MARKDOWN and each.destination.endswith(".png")
    ]
    assert Counter(ours) == Counter(iter_pictures(PARSER.parse(text)))
