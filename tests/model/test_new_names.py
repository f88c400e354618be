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
from strandline.model.media_types import MEDIA_TYPES, find_media_type_by_extension
from strandline.model.new_names import MAX_NAME_BYTES, iter_names, number_name, plan_name, plan_stem
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


@pytest.mark.parametrize(
    ("original", "name"),
    [
        ("tram 28.jpeg", "tram 28.jpeg"),
        ("cat 62.JPG", "cat 62.JPG"),
        ("100% wool 57.jpeg", "100% wool 57.jpeg"),
        ("e\u0301 #3 [a] ^.JpEg", "e\u0301 #3 [a] ^.JpEg"),
        ("Screenshot 5.05.33\u202fPM.jpg", "Screenshot 5.05.33\u202fPM.jpg"),
        ("photo.png.jpg", "photo.png.jpg"),
        ("really.png", "really.jpg"),
        ("a:b.jpg", "a-b.jpg"),
        ("Rome/a.jpg", "a.jpg"),
        (" a .jpg", "a.jpg"),
        (".hidden.JPG", "hidden.jpg"),
        ("~$a.JPG", "$a.jpg"),
        ("x\u202egpj.jpg", "x gpj.jpg"),
        ("con.JPG", f"{BY_TIME}.jpg"),
        ("SD_ID.JPG", f"{BY_TIME}.jpg"),
        ("3f" * 16 + ".JPG", f"{BY_TIME}.jpg"),
        (".jpg", f"{BY_TIME}.jpg"),
        ("a_vti_b.JPG", "a b.jpg"),
        ("n" * 300 + ".JPG", "n" * 170 + ".jpg"),
        (None, f"{BY_TIME}.jpg"),
    ],
)
def test_the_name_of_a_file_stays(original: str | None, name: str) -> None:
    """Byte for byte, if the extension fits, and every system and program takes it for a picture's name."""
    jpeg = find_media_type_by_extension("jpg")
    assert jpeg is not None
    assert ".".join(plan_name(original, jpeg, NOW, keeps_name=True)) == name
    assert plan_name(original, jpeg, NOW)[1] == "jpg"


@given(NAMES, EXTENSIONS)
def test_a_name_that_stays_is_portable(original: str, extension: str) -> None:
    """Whatever it is: also with a number, no system refuses it, and no program takes it for its own."""
    media_type = find_media_type_by_extension(extension)
    assert media_type is not None
    parts = plan_name(f"{original}.{extension.upper()}", media_type, NOW, keeps_name=True)
    for name in islice(iter_names(*parts), 2):
        assert explain_refused(name) is None
        assert len(name.encode()) <= MAX_NAME_BYTES
        assert not name.startswith(".")
        assert "/" not in name
        assert NAMED_LAYOUT.split(name) is not None
        assert explain_name(name, lambda _: False).kind is NameKind.STRAY


def test_numbers_follow_a_blank() -> None:
    """As the programs do it."""
    assert list(islice(iter_names("graph", "png"), 3)) == ["graph.png", "graph 1.png", "graph 2.png"]
    assert [number_name("graph.v2.png", number) for number in (0, 12)] == ["graph.v2.png", "graph.v2 12.png"]
    assert [number_name(name, 1) for name in (".png", "graph")] == [".png 1", "graph 1"]


@given(st.text(min_size=1), st.sampled_from(["", ".png", "." + "x" * 40]), st.integers(1, 10**9))
@example("日" * 83, ".png", 12_345)
def test_a_numbered_name_is_another_one_that_disks_take(stem: str, ending: str, number: int) -> None:
    """It has a picture's ending, and is not longer than a disk takes."""
    numbered = number_name(stem + ending, number)
    assert numbered != stem + ending
    assert len(numbered.encode()) <= 255
    assert numbered.endswith(ending) or len(ending) > 5


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
