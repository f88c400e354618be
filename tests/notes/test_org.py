"""Org: links to files and attachments, and the folders that an attachment may be in."""

from __future__ import annotations

from strandline.notes.org import cut_id
from strandline.notes.reading import read_note
from strandline.notes.references import Form

ID = "0f3a9c2e-1111-4222-8333-abcdefabcdef"


def read(text: str) -> list[tuple[str, int, int]]:
    """Target, line, and column of each reference."""
    return [(each.target, each.line, each.column) for each in read_note("note.org", text.encode())]


def test_links_to_files() -> None:
    """With and without a description, with a search, plain, and as the description of another link."""
    text = (
        "[[file:x.png]] and [[./a b.png][text]]\n"
        "[[../assets/y.png]]\n"
        "file:z.png, <file:w.png>\n"
        "[[https://example.org][file:small.png]] [[file:p.png::12]]\n"
        "[[https://example.org/x.png?raw=true]]\n"
    )
    assert read(text) == [
        ("file:x.png", 1, 1),
        ("./a b.png", 1, 20),
        ("../assets/y.png", 2, 1),
        ("file:z.png", 3, 1),
        ("file:w.png", 3, 13),
        ("file:small.png", 4, 24),
        ("file:p.png::12", 4, 41),
        ("https://example.org/x.png?raw=true", 5, 1),
    ]


def test_what_is_no_link() -> None:
    """Source code, examples, comments, verbatim text, searches in the file, and notes."""
    text = """
#+begin_src emacs-lisp
(insert "[[file:x.png]]")
#+end_src
#+BEGIN_EXAMPLE
[[file:x.png]]
#+END_EXAMPLE
# [[file:x.png]]
: [[file:x.png]]
Write =[[file:x.png]]= or ~file:x.png~ for it. [[x.png]] [[file:note.org]]
"""
    assert read(text) == []


def test_attachments_belong_to_headings() -> None:
    """The nearest ID or DIR first, then those of the headings above; a sibling's does not count."""
    text = f"""* One
:PROPERTIES:
:ID: {ID}
:END:
** Two
:PROPERTIES:
:DIR: pictures/two
:END:
[[attachment:x.png]]
** Three
[[attachment:y.png]]
* Four
[[attachment:z.png]]
"""
    found = read_note("note.org", text.encode())
    by_id = tuple(f"data/{each}" for each in cut_id(ID))
    assert [(each.form, each.destination, each.folders) for each in found] == [
        (Form.ORG_ATTACHMENT, "x.png", ("pictures/two", *by_id)),
        (Form.ORG_ATTACHMENT, "y.png", by_id),
        (Form.ORG_ATTACHMENT, "z.png", ()),
    ]


def test_an_id_is_cut_in_three_ways() -> None:
    """As ``org-attach-id-to-path-function-list`` does."""
    assert cut_id(ID) == [f"{ID[:2]}/{ID[2:]}", f"{ID[:6]}/{ID[6:]}", f"__/0/{ID}"]
    assert cut_id("x") == ["__/x/x"]
