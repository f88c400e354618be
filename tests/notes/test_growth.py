"""A hostile note takes time in proportion to its size, so it does not stop everything else for minutes."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import thread_time

import pytest

from strandline.notes.file_index import FileIndex
from strandline.notes.mentions import Names
from strandline.notes.profiles import PROFILES, Scope
from strandline.notes.reading import read_note
from strandline.notes.references import Form, Reference
from strandline.notes.resolver import Resolved, Resolver, Verdict
from strandline.notes.spans import Next, Spans

FEW, TIMES = 400, 8

NOTES: dict[str, Callable[[int], str]] = {
    "blanks.md": lambda n: "x.png ![](a" + " " * 3 * n,
    "brackets.md": lambda n: "![" * 2 * n + "](x.png",
    "quotes.md": lambda n: "![](x.png " + "'a  " * n,
    "tags.md": lambda n: "<div>\n" + '<img src="x.png\n' * n,
    "tags-in-quotes.md": lambda n: "<div>\n" + "<img src=\"x.png\" alt='\n" * n,
    "attributes.md": lambda n: "<div>\nx.png\n" + "<a " * 2 * n,
    "names-of-tags.md": lambda n: "<div>\nx.png\n<a" + "-a" * n,
    "srcset.md": lambda n: "<img srcset='" + "a" * 4 * n + " x.png b'>",
    "inline.md": lambda n: "x.png [[" + "<b>" * 4 * n,
    "aliases.md": lambda n: "x.png " + "[[a|" * 2 * n,
    "comments.md": lambda n: "%%a%% <img src=x.png>\n" * n,
    "silenced.md": lambda n: "![](x.png)\n" + "<!--strandline:ok " * n,
    "one-line.md": lambda n: "![](x.png) <!-- strandline: ok " * n,
    "formulas.md": lambda n: "x.png " + " $a" * n + "$$b" * n,
    "properties.md": lambda n: "---\ncover: [" + "x.png, " * n + "\n" + "'a " * n + "\n" + "[[a " * n + "\n---\n",
    "photos.md": lambda n: "---\nphotos: " + "b.png, " * n + "\n---\n",
    "verbatim.org": lambda n: "x.png" + " =a ~b" * n,
    "headings.org": lambda n: "* h\n[[attachment:x.png]]\n" * n,
    "descriptions.org": lambda n: "x.png " + "[[a][b " * n + "[[a][b] " * n,
    "ids.org": lambda n: "[[attachment:x.png]]\n:ID: a" + " " * 5 * n + "b",
}  # fmt: skip


def measure(do: Callable[[], object]) -> float:
    """The time of this thread, without what disturbed it."""
    times = []
    for _ in range(3):
        begun = thread_time()
        do()
        times.append(thread_time() - begun)
    return min(times)


@pytest.mark.parametrize("name", NOTES)
def test_a_longer_note_takes_longer_in_proportion(name: str) -> None:
    """Eight times the size takes about eight times as long. If it was the square, it would be 64 times."""
    few, many = (NOTES[name](count).encode() for count in (FEW, FEW * TIMES))
    assert measure(lambda: read_note(name, many)) < 3 * TIMES * measure(lambda: read_note(name, few)) + 0.02


def test_so_do_names_in_a_text() -> None:
    """The loose reader looks at a part of the text around each extension, never at all of it."""
    names = Names(["x.png"])
    few, many = (b"%2e.png" * count for count in (FEW // TIMES, FEW))
    assert measure(lambda: names.find_in(many)) < 3 * TIMES * measure(lambda: names.find_in(few)) + 0.02


def test_so_do_dots_in_a_path() -> None:
    """Logseq passes over all of them."""
    resolver = Resolver(FileIndex(["x.png"]), lambda _paths: False, lambda _path: False)

    def resolve(count: int) -> Resolved:
        path = "./" * 40 * count + "x.png"
        return resolver.resolve(
            "n.md", Reference(Form.MARKDOWN, path, path, 1, 1), Scope("", PROFILES["logseq"])
        )

    assert measure(lambda: resolve(FEW * TIMES)) < 3 * TIMES * measure(lambda: resolve(FEW)) + 0.02
    assert resolve(FEW) == Resolved(Verdict.FOUND, "x.png")


def test_a_number_without_end_is_no_letter() -> None:
    """Python refuses to read it. The note is read nevertheless, by both readers."""
    text = b"&#" + b"1" * 5000 + b"; ![](x.png) <img src='y.png&#" + b"1" * 5000 + b";'>"
    assert [each.target for each in read_note("note.md", text)] == ["x.png"]
    assert Names(["x.png"]).find_in(text) == {"x.png"}


def test_a_file_below_too_many_folders_may_be_anywhere() -> None:
    """Every heading has a folder of its own, and the reference has at most 64."""
    text = "".join(f"{'*' * level} h\n:DIR: d{level}\n" for level in range(1, 66))
    inner, after = read_note(
        "n.org", (text + "[[attachment:x.png]]\n* h\n:DIR: e\n[[attachment:y.png]]").encode()
    )
    assert (inner.form, inner.folders, after.folders) == (Form.ORG_ATTACHMENT, (), ("e",))


def test_spans_are_merged() -> None:
    """In any order, one inside another, and side by side."""
    spans = Spans([(6, 8), (0, 2), (1, 4), (2, 3)])
    assert spans.merged == [(0, 4), (6, 8)]
    assert [offset for offset in range(9) if offset in spans] == [0, 1, 2, 3, 6, 7]
    assert spans.blank_out(b"abc\nefghi") == b"   \nef  i"


def test_what_comes_next_is_looked_for_once() -> None:
    """Also if it does not come: then it is the end."""
    ends = Next(b"a]b]c", re.compile(rb"\]"))
    assert [ends.after(offset) for offset in (0, 1, 2, 3, 4, 4)] == [1, 1, 3, 3, 5, 5]


def test_browsers_cut_a_srcset() -> None:
    """A comma ends an address if a blank follows, and what is no size makes the whole candidate none."""
    text = "<img srcset='a.png, b,c.png 2x,d.png 1.5x 3w , e.png f.png, g.png,,h.png'>"
    found = [each.target for each in read_note("n.md", text.encode())]
    assert found == ["a.png", "b,c.png", "d.png", "g.png,,h.png"]
