"""What a walk of an SVG detects, and what it never does: expand, fetch, or take long."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.model.media_types import SNIFF_BYTES, SVG
from strandline.model.structure import walk_structure
from strandline.model.structure.svg import MAX_DEPTH, PIECE_BYTES

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
LAUGHS = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "text",
    [
        "<svg/>",
        "<svg a='>' b='/>' />",
        "<svg></svg>",
        "<svg>/></svg>",
        "<svg>\u013c\u3e3e</svg\n >",
        "<a:svg xmlns:a='x'><svg><svg/></svg></a:svg>",
        "<svg><!-- </svg> --><![CDATA[</svg>]]><?x </svg>?><text a='/svg>'>ü𝄞&amp;&#65;</text></svg>",
        "<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY ns 'http://www.w3.org/2000/svg'>]><svg xmlns='&ns;'>&ns;</svg>",
        "<?xml version='1.0' standalone='yes'?><svg>&nowhere;</svg>",
        "<?xml version='1.1'?><svg/>",
    ],
)
def test_svg_that_is_whole(text: str, encoding: str) -> None:
    """The end is directly after the root's last bracket, whatever the encoding. One byte less is not whole."""
    data = text.encode(encoding)
    codec = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)  # no second byte-order mark
    for more in ("", "\n", "<!-- -->", "</svg>", "\0\0", "<svg>"):
        assert walk_structure(data + more.encode(codec), SVG).end == len(data)
    for length in range(len(data)):
        assert not walk_structure(data[:length], SVG).whole


@pytest.mark.parametrize("encoding", [*ENCODINGS, "iso-8859-1"])
@pytest.mark.parametrize("text", ["<svg>{}</svg>", "<svg><!--{}--></svg>", "<svg><![CDATA[{}]]></svg>"])
def test_long_texts_are_walked_in_every_encoding(text: str, encoding: str) -> None:
    """Expat passes converted text in pieces. That once crashed the whole process."""
    declared = "<?xml version='1.0' encoding='iso-8859-1'?>" if encoding == "iso-8859-1" else ""
    data = (declared + text.format("å" * 100_000)).encode(encoding)
    assert walk_structure(data, SVG).end == len(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no svg element begins"),
        (b"<html><svg/></html>", "no svg element begins"),
        (b" " * SNIFF_BYTES + b"<svg/>", "no svg element begins"),
        (gzip.compress(b"<svg/>", mtime=0), "no svg element begins"),
        (b"<svg>", "no element found, at byte 5"),
        (b"<svg", "no svg element begins"),
        (b"<svg><g></svg>", "mismatched tag, at byte 10"),
        (b"<!-- --><svg a=1></svg>", "not well-formed (invalid token), at byte 15"),
        (b"<svg>\0\0\0</svg>", "not well-formed"),
        (b"<svg>\xff\xfe</svg>", "not well-formed"),
        (b"<svg><g" + bytes(200), "not well-formed"),
    ],
)
def test_svg_that_is_not_whole(data: bytes, reason: str) -> None:
    """A root that never closes, broken XML, holes, and files that are no SVG; each with its position."""
    assert reason in walk_structure(data, SVG).reason


@pytest.mark.parametrize(
    "name", ["ISO-8859-1", "windows-1252", "Shift_JIS", "unicode_escape", "no-such-codec"]
)
def test_other_encodings_are_walked_by_their_markup(name: str) -> None:
    """Declared encodings are never looked up. Markup is ASCII in all of them."""
    data = f"<?xml version='1.0' encoding='{name}'?><svg>".encode() + b"\x83\x5c\xe4\\x41</svg>"
    assert walk_structure(data, SVG).end == len(data)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        f'<!DOCTYPE svg [<!ENTITY a "ha">{LAUGHS}]><svg>&m;</svg>',
        f'<!DOCTYPE svg [<!ENTITY a "ha">{LAUGHS}]><svg a="&m;&m;"/>',
        f'<!DOCTYPE svg [<!ENTITY a "ha">{LAUGHS}<!ATTLIST svg x CDATA "&m;">]><svg></svg>',
        "<!DOCTYPE svg [<!ENTITY % a \"<!ENTITY b 'c'>\"> %a; %a;]><svg>&b;</svg>",
        f'<!DOCTYPE svg [<!ENTITY a "{"a" * 10_000}">]><svg>{"&a;" * 50_000}</svg>',
        '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>',
        '<!DOCTYPE svg SYSTEM "http://192.0.2.1/svg.dtd" [<!ENTITY % a SYSTEM "http://192.0.2.1/"> %a;]><svg/>',
    ],
    ids=["content", "attribute", "default", "parameter", "quadratic", "file", "network"],
)
def test_entities_are_never_expanded(text: str) -> None:
    """A billion laughs is walked as the few hundred bytes that it is, and nothing is loaded."""
    assert walk_structure(text.encode(), SVG).end == len(text)


def test_long_files_are_walked_piece_by_piece() -> None:
    """The end is found in any piece, even if a tag or a character spans two."""
    for shift in range(12):
        for encoding in ("utf-8", "utf-16-le"):
            head = "<svg><!-- -->".encode(encoding)
            tail = "\u00fc<g></g></svg>".encode(encoding)
            padding = " ".encode(encoding) * ((PIECE_BYTES - len(head)) // (len(encoding) // 4) - shift)
            data = head + padding + tail
            assert walk_structure(data, SVG).end == len(data)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "make",
    [
        lambda: b"<svg>" + b"<a>" * 1_000_000,
        lambda: b"<svg>" + b"".join(b"<a%x/>" % number for number in range(300_000)),
        lambda: b"<svg " + b" ".join(b"a%x=''" % number for number in range(300_000)) + b"/>",
        lambda: b"<svg a='" + b"a" * 4_000_000,
        lambda: b"<svg>" + b"<!--" * 1_000_000,
        lambda: b"<svg>" + b"<![CDATA[" * 400_000,
    ],
    ids=["depth", "element names", "attribute names", "long value", "comments", "cdata"],
)
def test_hostile_svg_is_refused_soon(make: Callable[[], bytes]) -> None:
    """Depth and number of names are bounded. Unclosed tokens are read only once."""
    assert walk_structure(make(), SVG).reason


def test_deep_but_honest_nesting_is_fine() -> None:
    """Any depth that a drawing program writes is accepted."""
    assert walk_structure(b"<svg>" * MAX_DEPTH + b"</svg>" * MAX_DEPTH, SVG).whole
    assert not walk_structure(b"<svg>" * (MAX_DEPTH + 1) + b"</svg>" * (MAX_DEPTH + 1), SVG).whole


@given(
    st.lists(st.sampled_from(["<g>", "</g>", "<g/>", "x", "&a;", "<!-- -->", "<![CDATA[<g>]]>", "</svg>"]))
)
def test_whole_means_balanced(parts: list[str]) -> None:
    """Law: an SVG of these parts is whole exactly if the root closes and every element is closed once."""
    depth = 1
    for part in parts:
        if part == "</svg>":
            break
        depth += {"<g>": 1, "</g>": -1}.get(part, 0)
        if depth == 0:
            break
    else:
        depth = 0
    closed = depth == 1 and "</svg>" in parts
    assert walk_structure(("<svg>" + "".join(parts)).encode(), SVG).whole is closed
