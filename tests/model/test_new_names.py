"""The names of new pictures: readable, the same on every system, and nothing to any other program."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strandline.model.layout import ID_LAYOUT, NAMED_LAYOUT
from strandline.model.layout_choice import choose_layout, look_at_names
from strandline.model.media_types import MEDIA_TYPES
from strandline.model.new_names import MAX_NAME_BYTES, iter_names, plan_stem
from strandline.model.portable_names import explain_refused
from strandline.model.storage_dirs import LayoutKind
from strandline.model.sync_names import NameKind, explain_name

NOW = datetime(2026, 11, 29, 17, 5, 33, tzinfo=UTC)
BY_TIME = "Image 2026-11-29 17.05.33"

NAMES = st.one_of(
    st.text(),
    st.text("aA.-_~ :/\\[]#^|%\u202f\u00e9e\u0301\udcff0123456789"),
    st.lists(
        st.sampled_from(
            ["SD_ID", ".sd-id", "con", "x", " (1)", " copy", ".sync-conflict-20260101-101010-ABCDEFG", ".png",
             " (Anna's conflicted copy 2026-01-01)", ".tmp", "~", ".icloud", "3f" * 16, "_vti_", "日本", "-PC"]
        )
    ).map("".join),
)  # fmt: skip
EXTENSIONS = st.sampled_from([media_type.extension for media_type in MEDIA_TYPES])


@pytest.mark.parametrize(
    ("original", "stem"),
    [
        ("IMG_1234.HEIC", "IMG_1234"),
        ("_MG_1234.JPG", "_MG_1234"),
        ("photos/Rome/a.png", "a"),
        ("C:\\Users\\x\\pic.png", "pic"),
        ("Screenshot 2026-11-29 at 17:05:33.png", "Screenshot 2026-11-29 at 17.05.33"),
        ("Screenshot 2026-11-29 at 5.05.33\u202fPM.png", "Screenshot 2026-11-29 at 5.05.33 PM"),
        ("v1.2", "v1.2"),
        ("photo.jpg.png", "photo"),
        ("scan.tiff", "scan"),
        ("[[a|b]]#c^d.png", "a b c d"),
        ("what? why*.png", "what- why"),
        ("100%25.png", "100-25"),
        (".hidden.png", "hidden"),
        ("-rf.png", "rf"),
        ("e\u0301.png", "\u00e9"),
        ("Bild\nmit Zeile.png", "Bild mit Zeile"),
        ("graph 1.png", "graph 1"),
        ("con.png", BY_TIME),
        ("3f" * 16 + ".png", BY_TIME),
        ("SD_ID.png", BY_TIME),
        ("x.sync-conflict-20260101-101010-ABCDEFG.png", BY_TIME),
        ("photo (Anna's conflicted copy 2026-01-01).jpg", BY_TIME),
        ("...", BY_TIME),
        ("", BY_TIME),
        (None, BY_TIME),
    ],
)
def test_the_name_that_people_know(original: str | None, stem: str) -> None:
    """As far as every system and every program takes it for a picture's name."""
    assert plan_stem(original, "png", NOW) == stem


def test_numbers_follow_a_blank() -> None:
    """As the programs do it."""
    assert list(islice(iter_names("graph", "png"), 3)) == ["graph.png", "graph 1.png", "graph 2.png"]


@given(NAMES, EXTENSIONS)
@example("a" * 500, "webp")
@example("日" * 500, "png")
@example("\u0344" * 200, "png")
def test_a_name_is_a_pictures_everywhere(original: str, extension: str) -> None:
    """On any system, for any sync client, in a link, and for the layout of the folder."""
    stem = plan_stem(original, extension, NOW)
    assert plan_stem(f"{stem}.{extension}", extension, NOW) == stem
    for name in islice(iter_names(stem, extension), 4):
        assert NAMED_LAYOUT.split(name) is not None
        assert explain_refused(name) is None
        assert name.isprintable()
        assert normalize("NFC", name) == name
        assert not set(name) & set('[]#^|<>:"/\\?*%`')
        assert name[0] not in ".~- "
        assert len(name.encode()) <= MAX_NAME_BYTES
        assert explain_name(name, lambda _: False).kind is NameKind.STRAY
        assert ID_LAYOUT.split(name) is None
        for look in (look_at_names([name], None), look_at_names(["media", "n.md"], [name])):
            choice = choose_layout(look)
            assert choice is not None
            assert choice.layout is LayoutKind.NAMED
