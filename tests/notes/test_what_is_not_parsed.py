"""What a reader leaves out to be fast changes nothing: whole notes, and sections of notes, that name no picture."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.notes.destinations import names_picture
from strandline.notes.front_matter import iter_front_matter, measure_front_matter
from strandline.notes.markdown import iter_text, list_sections
from strandline.notes.org import iter_org
from strandline.notes.reading import read_note
from strandline.notes.references import Found, Reference, place

BLOCKS = [
    "\n", "\n\n", "\r\n\r\n", "\n \n", "    ", "  ", "\t", "- ", "* ", "+ ", "> ", "1. ", "2) ", "# ", "```", "~~~",
    "`", "---", "===", "| a |", "<!--", "-->", "<?", "?>", "<pre>", "</pre>", "<SCRIPT>", "</script>", "<div>",
    "</div>", "<![CDATA[", "%%", "[lab]: a.png", "[^1]: ", "[^1]", "word", "é",
]  # fmt: skip
NAMES = [
    "a.png", "b c.JPG", "x&#46;png", "x&period;gif", "x%2Epng", "x%2&#69;png", "x.p&#110;g", "x.%70ng", "x\\.png",
    ".", "png", "%2e", "%252Epng", "&#46;", "&#x2E;", "&", ";", "#f", "?q", "x.pngx", "x.PN&#71;", "x.heic", "x.pdf",
]  # fmt: skip
FORMS = [
    "![](", "![x](<", "](", ")", ">)", "![[", "[[", "]]", "|3", "![lab]", "[lab][]", "<img src=", '<img src="', '">',
    ">", "<a href='", "'>", '<source srcset="', " 2x, ", "cover: ", "images: [", '"', " ", "[", "]", "(", "!", "\\",
]  # fmt: skip
WHOLE = [
    "![](a.png)", "![[b.png]]", "![x](x%2Epng)", '<img src="x&#46;png">', "![](<b c.JPG>)", "![](b c.JPG)",
    "[![](a.png)](c.gif)", "[lab]", "![](x%2&#69;png)",
]  # fmt: skip
PIECES = st.one_of(*(st.sampled_from(each) for each in (BLOCKS, BLOCKS, NAMES, FORMS, WHOLE)))
TEXTS = st.lists(PIECES, max_size=40).map("".join)
BEGINNINGS = [
    "", "", "", "%%", "%%\n", "%% %%", "$", "$$", "$$\n", "#+begin_src\n", "#+END_SRC\n",
    "<pre>", "<pre>\n", "</pre>\n", "<!-- ", "--> ", "<script>", "</script>",
    "<div>", "    ", "  ", "- ", "- item\n\n    ", "1. ", "> ", "```\n", "```\n```\n", "~~~\n", "[lab]: c.png\n",
    "| ", "# ", "`", "text\n",
]  # fmt: skip
PARAGRAPHS = st.lists(
    st.tuples(
        st.sampled_from(BEGINNINGS), st.sampled_from([*WHOLE, *NAMES, "word"]), st.sampled_from(BEGINNINGS)
    ).map("".join),
    min_size=2,
    max_size=8,
).map("\n\n".join)

ORG = [
    "[[file:", "[[./", "]]", "][", "file:", "attachment:", "./", "::3", "* ", ":ID: abcdefgh", ":DIR: d",
    "#+begin_src", "#+end_src", "=", "~", "# ", ": ", "\n",
]  # fmt: skip


def place_pictures(data: bytes, found: Iterable[Found]) -> list[Reference]:
    """The references of a reader that leaves out nothing."""
    return place(data, (each for each in found if names_picture(each.destination, each.form)))


def read_whole(data: bytes) -> list[Reference]:
    """The references of a note that is parsed in one piece."""
    start = measure_front_matter(data)
    return place_pictures(data, [*iter_front_matter(data[:start]), *iter_text(data[start:], start)])


@settings(max_examples=600)
@given(
    st.one_of(TEXTS, PARAGRAPHS, PARAGRAPHS.map("---\n{}".format), TEXTS.map("---\ncover: {}\n---\n".format))
)
def test_nothing_is_lost_in_markdown(text: str) -> None:
    """A note has the references of its whole text: entities, percent escapes, definitions, and all."""
    assert read_note("note.md", text.encode()) == read_whole(text.encode())


@pytest.mark.parametrize(
    "begin",
    [
        "<pre>",
        "<script>",
        "<style>",
        "<textarea>",
        "<!--",
        "<?",
        "<!X",
        "<![CDATA[",
        "```",
        "~~~",
        "%%",
        "- item",
    ],
)
def test_what_goes_on_behind_an_empty_line(begin: str) -> None:
    """The picture belongs to what began before. In a list, its blanks make it no code."""
    text = f"{begin}\n\n    ![](a.png)\n\n![](b.png)\n{'%%' if begin == '%%' else ''}".encode()
    assert read_note("note.md", text) == read_whole(text)
    assert len(read_whole(text)) == (2 if begin.startswith("-") else 0)


@settings(max_examples=200)
@given(
    st.lists(st.one_of(st.sampled_from(ORG), st.sampled_from(NAMES), st.just(" ")), max_size=30).map("".join)
)
def test_nothing_is_lost_in_org(text: str) -> None:
    """Also without an extension that a person would recognize."""
    data = text.encode()
    assert read_note("note.org", data) == place_pictures(data, iter_org(data))


@given(TEXTS)
def test_sections_are_the_whole(text: str) -> None:
    """In their order, without a gap."""
    ends = list_sections(text.encode())
    assert ends == sorted(ends)
    assert ends[-1] == len(text.encode())


def test_only_sections_with_a_name_are_parsed() -> None:
    """Most of a long note is not: otherwise a check of a large vault takes twice as long."""
    text = b"A paragraph.\n\n- a list\n\n  goes on\n\n" * 50
    assert len(list_sections(text)) == 50
    assert len(list_sections(text + b"```\ncode\n```\n")) == 1


def count_parsed(text: str) -> int:
    """How often the parser of Markdown was started for a note."""
    calls: Counter[str] = Counter()

    def note_call(_frame: object, event: str, called: object) -> None:
        calls[getattr(called, "__name__", "") if event == "c_call" else ""] += 1

    sys.setprofile(note_call)
    try:
        read_note("note.md", text.encode())
    finally:
        sys.setprofile(None)
    return calls["events_with_range"]


def test_only_sections_with_code_html_or_links_are_parsed() -> None:
    """Most notes of an Obsidian vault have wiki links only, and they are read in a quarter of the time."""
    assert count_parsed("# Trip\n\nSee ![[a.png|300]].\n\n- ![[b.png]]\n") == 0
    assert count_parsed("![](a.png)\n\n`x` ![[b.png]]\n\n<b>![[c.png]]</b>\n\nno `picture`\n") == 3
