"""The strict reader of Markdown: each form, its target as it is spelled, and its position."""

from __future__ import annotations

import pytest

from strandline.notes.reading import read_note
from strandline.notes.references import Form

MARKDOWN, HTML, WIKI, BLANKS, MATTER = (
    Form.MARKDOWN, Form.HTML, Form.WIKI, Form.BLANKS, Form.FRONT_MATTER,
)  # fmt: skip


def read(text: str, name: str = "note.md") -> list[tuple[Form, str, int, int]]:
    """Form, target, line, and column of each reference."""
    return [(each.form, each.target, each.line, each.column) for each in read_note(name, text.encode())]


@pytest.mark.parametrize(
    ("text", "form", "target", "destination"),
    [
        ("![](x.png)", MARKDOWN, "x.png", "x.png"),
        ("![a b](dir/x.PNG)", MARKDOWN, "dir/x.PNG", "dir/x.PNG"),
        ("![](<a b.png>)", MARKDOWN, "a b.png", "a b.png"),
        ('![](<a b.png> "a title")', MARKDOWN, "a b.png", "a b.png"),
        ("![](x.png 'a (title)')", MARKDOWN, "x.png", "x.png"),
        ("![](a%20b.png)", MARKDOWN, "a%20b.png", "a%20b.png"),
        ("![](a&amp;b.png)", MARKDOWN, "a&amp;b.png", "a&b.png"),
        ("![](x(1).png)", MARKDOWN, "x(1).png", "x(1).png"),
        (r"![](x\(1.png)", MARKDOWN, r"x\(1.png", "x(1.png"),
        ("![](x.png#outline)", MARKDOWN, "x.png#outline", "x.png#outline"),
        ("![](x.png?raw=true)", MARKDOWN, "x.png?raw=true", "x.png?raw=true"),
        ("![](https://example.org/x.png)", MARKDOWN, "https://example.org/x.png", "https://example.org/x.png"),
        ("![250](x.png)", MARKDOWN, "x.png", "x.png"),
        ("![t](../assets/x.png){:height 300}", MARKDOWN, "../assets/x.png", "../assets/x.png"),
        ("[a link](x.png)", MARKDOWN, "x.png", "x.png"),
        ("![lab]\n\n[lab]: <a b.png> 'T'", MARKDOWN, "a b.png", "a b.png"),
        ("![LAB][]\n\n[lab]: a%20b.png", MARKDOWN, "a%20b.png", "a%20b.png"),
        ("![text][lab]\n\n[lab]: a&amp;b.png", MARKDOWN, "a&amp;b.png", "a&b.png"),
        ("![](a b.png)", BLANKS, "a b.png", "a b.png"),
        ('![x](my pictures/a b.png "t")', BLANKS, "my pictures/a b.png", "my pictures/a b.png"),
        ('<img src="x.png">', HTML, "x.png", "x.png"),
        ("<img alt='' src='a b.png'/>", HTML, "a b.png", "a b.png"),
        ("<IMG SRC=x.png>", HTML, "x.png", "x.png"),
        ('<img\n  width="3"\n  src="a&amp;b.png">', HTML, "a&amp;b.png", "a&b.png"),
        ('<video poster="x.jpg"></video>', HTML, "x.jpg", "x.jpg"),
        ('<source srcset="x.avif">', HTML, "x.avif", "x.avif"),
        ("![[x.png]]", WIKI, "x.png", "x.png"),
        ("[[dir/x.png]]", WIKI, "dir/x.png", "dir/x.png"),
        ("![[a b.png|640x480]]", WIKI, "a b.png", "a b.png"),
        ("![[x.png#frag|alt|300]]", WIKI, "x.png#frag", "x.png#frag"),
        ("![[a%20b.png]]", WIKI, "a%20b.png", "a%20b.png"),
        ("![[Pasted image 20250324100717.png]]", WIKI, "Pasted image 20250324100717.png",
         "Pasted image 20250324100717.png"),
    ],
)  # fmt: skip
def test_each_form_is_read(text: str, form: Form, target: str, destination: str) -> None:
    """The target is spelled as in the note, the destination is without the form's own escapes."""
    (found,) = read_note("note.md", text.encode())
    assert (found.form, found.target, found.destination) == (form, target, destination)
    assert (found.line, found.column) == (1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "`![](x.png)`",
        "``![[x.png]] ` ``",
        "```\n![](x.png)\n```",
        "~~~ md\n![[x.png]]\n~~~",
        "- item\n\n  ```\n  ![](x.png)\n  ```",
        "    ![](x.png)",
        "text\n\n    ![[x.png]]",
        "<!-- ![](x.png) -->",
        "a <!-- ![[x.png]] --> b",
        "<!--\n<img src=x.png>\n-->",
        "%% ![[x.png]] %%",
        "%%\n![](x.png)\n\n![[y.png]]\n%%",
        "from $a ![[x.png]] b$ on",
        "$$\n\\text{![](x.png)}\n$$",
        "#+BEGIN_SRC org\n[[x.png]]\n\n![](y.png)\n#+END_SRC",
        "- #+BEGIN_SRC md\n  ![](x.png)\n  #+END_SRC",
        "- a\n\t- > #+begin_example\n\t  > ![[x.png]]\n\t  > #+end_example",
        "<script>var a = '<img src=x.png>'</script>",
        r"\[[x.png]]",
        "[t](note.md) [[note]] ![[song.mp3]] ![](x.pdf)",
        "The file x.png is here.",
        "![not closed](x.png",
        "![[x.png",
        "![lab][no definition] x.png",
    ],
)
def test_what_is_no_reference(text: str) -> None:
    """Code, comments, escaped marks, other attachments, and plain words."""
    assert read(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "for $5 ![[x.png]] and $6",
        "$5/![[x.png]]/$6",
        "US$5![[x.png]]A$",
        r"\$5 ![[x.png]]$",
        "$a\n\n![[x.png]]\n\nb$",
        "$$\n\n![[x.png]]\n\n$$",
        "`$`![[x.png]]`$`",
        "#+begin_src\n![[x.png]]",
        "#+begin_quote\n![[x.png]]\n#+end_quote",
    ],
)
def test_what_only_looks_hidden_is_read(text: str) -> None:
    """Money is no formula, nothing reaches over an empty line, and a block that nothing closes hides nothing."""
    assert [target for _, target, _, _ in read(text)] == ["x.png"]


def test_a_picture_inside_a_link_is_one() -> None:
    """Both the picture and what it links to."""
    assert read("[![x](small.png)](large.png) [![y](b.png)](https://example.org)") == [
        (MARKDOWN, "large.png", 1, 1),
        (MARKDOWN, "small.png", 1, 2),
        (MARKDOWN, "b.png", 1, 31),
    ]


def test_every_picture_of_a_srcset_counts() -> None:
    """With widths, densities, and commas in addresses."""
    found = read('<img src="a.png" srcset="b.png 1x, c,d.png 2x,\n e.png 640w">')
    assert [target for _, target, _, _ in found] == ["a.png", "b.png", "c,d.png", "e.png"]


def test_a_table_escapes_the_size() -> None:
    """``\\|`` is no part of the target."""
    table = "| a | b |\n|---|---|\n| ![[x.png\\|100]] | ![](y.png) |"
    assert read(table) == [(WIKI, "x.png", 3, 3), (MARKDOWN, "y.png", 3, 21)]


def test_columns_count_characters() -> None:
    """Not bytes, and the mark at the beginning of a file counts for nothing."""
    assert read("\ufeffé😀 ![](x.png) ![[y.png]]") == [(MARKDOWN, "x.png", 1, 4), (WIKI, "y.png", 1, 15)]


def test_lines_may_end_as_on_windows() -> None:
    """The line end is no part of anything."""
    assert read("---\r\ncover: x.png\r\n---\r\n\r\n![](y.png)\r\n![[z.png]]\r\n") == [
        (MATTER, "x.png", 2, 8),
        (MARKDOWN, "y.png", 5, 1),
        (WIKI, "z.png", 6, 1),
    ]


def test_lines_may_end_as_on_old_macs() -> None:
    """A return alone ends a line, also of front matter and beside other line ends."""
    assert read(
        "---\rcover: x.png\r---\r\r![](y.png)\r\n![[z.png]]\r<!-- strandline: ok -->\r![[a.png]]"
    ) == [
        (MATTER, "x.png", 2, 8),
        (MARKDOWN, "y.png", 5, 1),
        (WIKI, "z.png", 6, 1),
        (WIKI, "a.png", 8, 1),
    ]
    assert read("text\r~~~\r![](x.png)\r~~~\r![](y.png)") == [(MARKDOWN, "y.png", 5, 1)]


def test_pictures_are_told_from_links_to_them() -> None:
    """A tool shows the one and leads to the other."""
    text = (
        "![](a.png) [t](b.png) ![[c.png]] [[d.png]] \\![[e.png]] [![](f.png)](g.png) ![lab]\n\n[lab]: h.png"
    )
    embeds = {each.target: each.is_embed for each in read_note("note.md", text.encode())}
    assert [target for target, is_embed in embeds.items() if is_embed] == ["a.png", "c.png", "f.png", "h.png"]
    assert [target for target, is_embed in embeds.items() if not is_embed] == [
        "b.png",
        "d.png",
        "e.png",
        "g.png",
    ]


def test_broken_text_is_read() -> None:
    """Bytes that are no UTF-8 hide nothing."""
    (found,) = read_note("note.md", b"\xff\xfe ![](x.png)")
    assert found.target == "x.png"


def test_front_matter_names_pictures() -> None:
    """With or without quotes, in lists, and as wiki links; a key that announces no picture names none."""
    text = """---
title: shot.png
cover: a.png # the first
banner: "[[b c.png]]"
icon: folder.png
original: camera.png
command: convert a.heic b.jpg
og_image: 'd''s.png'
images: [e.png, "f g.png"]
gallery:
  - h.png
  - src: i.png
note: |
  not.png
tags: [x.png]
---
![](z.png)

---
no: y.png
---
"""
    assert [(form, target) for form, target, _, _ in read(text)] == [
        (MATTER, "a.png"),
        (WIKI, "b c.png"),
        (MATTER, "d''s.png"),
        (MATTER, "e.png"),
        (MATTER, "f g.png"),
        (MATTER, "h.png"),
        (MATTER, "i.png"),
        (MARKDOWN, "z.png"),
    ]


def test_rules_in_the_text_are_no_front_matter() -> None:
    """Only the first line can begin it."""
    assert read("text\n\n---\n![](x.png)\n---\n") == [(MARKDOWN, "x.png", 4, 1)]


def test_excalidraw_lists_its_files() -> None:
    """Also inside a comment, where everything else is hidden."""
    text = f"---\nexcalidraw-plugin: parsed\n---\n%%\n## Embedded Files\n{'a' * 40}: [[x.png]]\n![[no.png]]\n%%\n"
    assert read(text) == [(WIKI, "x.png", 6, 43)]


def test_python_markdown_looks_into_blocks() -> None:
    """``markdown`` makes the text of a block Markdown. Without it, it is HTML."""
    block = '<figure markdown="span">\n  ![](x.png){ width=300 }\n</figure>\n'
    assert read(block) == [(MARKDOWN, "x.png", 2, 3)]
    assert read(block.replace(' markdown="span"', "")) == []


def test_a_line_is_silenced() -> None:
    """By a comment on it, with or without a reason."""
    text = "![](a.png) <!-- strandline: ok -->\n![](b.png)\n![[c.png]] <!-- strandline: ok, comes later -->"
    assert [each.is_silenced for each in read_note("note.md", text.encode())] == [True, False, True]


def test_jsx_expressions_are_no_addresses() -> None:
    """MDX: what is computed cannot be looked for."""
    assert read("<img src={require('./x.png').default} />\n\n<img src='y.png' />", "page.mdx") == [
        (HTML, "y.png", 3, 1)
    ]
