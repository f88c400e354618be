"""What a name in a media folder means: the strict grammar, and the explanations for other names."""

from __future__ import annotations

import random
import unicodedata
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.model.image_ids import ImageId, find_image_id
from strandline.model.media_names import (
    WantedName,
    candidate_names,
    classify_media_name,
    find_wanted_name,
    split_wanted_name,
)
from strandline.model.sync_names import NameKind

CONTENT_ID = ImageId("0123456789abcdef0123456789abcdef")
LEGACY_ID = ImageId("01234567-89ab-4def-8123-456789abcdef")

MEDIA_TYPE_NAMES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "heic": "image/heic",
    "heif": "image/heif",
    "avif": "image/avif",
}

image_ids = st.binary(min_size=16, max_size=16).map(bytes.hex).map(ImageId) | st.uuids().map(str).map(ImageId)
extensions = st.sampled_from(list(MEDIA_TYPE_NAMES))


@st.composite
def in_any_case(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """The text with some of its letters in upper case."""
    dice = draw(st.randoms(use_true_random=False))
    return "".join(dice.choice((letter.lower(), letter.upper())) for letter in draw(texts))


wanted_names = in_any_case(st.builds("{}.{}".format, image_ids, extensions))


@given(image_ids, extensions, st.randoms(use_true_random=False))
def test_a_name_of_the_grammar_is_wanted_in_any_case(
    image_id: ImageId, ext: str, dice: random.Random
) -> None:
    """Law: ``{id}.{ext}`` in any letter case maps to the one id and to the type of its extension."""
    name = "".join(dice.choice((letter, letter.upper())) for letter in f"{image_id}.{ext}")
    assert split_wanted_name(name) == (image_id, MEDIA_TYPE_NAMES[ext])
    wanted = find_wanted_name(name)
    assert wanted == WantedName(name, image_id, MEDIA_TYPE_NAMES[ext])
    assert wanted.is_exact == (name == f"{image_id}.{ext}")
    assert classify_media_name(name).stands_for == name


@st.composite
def almost_wanted_names(draw: st.DrawFn) -> str:
    """A wanted name with a few characters inserted or removed."""
    name = draw(wanted_names)
    start = draw(st.integers(0, len(name)))
    end = min(len(name), start + draw(st.integers(0, 2)))
    oddities = st.sampled_from(
        ["", "\n", "\0", "\udcff", "\u202e", "\u212a", "ſ", "İ", "０", ".", "/", " ", "a"]
    )
    return name[:start] + draw(oddities | st.text(max_size=2)) + name[end:]


@given(almost_wanted_names() | st.text())
def test_no_other_name_is_wanted(name: str) -> None:
    """Law: a name is wanted if and only if all of it is an id, one dot, and a known extension."""
    stem, dot, ext = name.rpartition(".")
    image_id = find_image_id(stem) if dot and ext.isascii() and ext.lower() in MEDIA_TYPE_NAMES else None
    assert split_wanted_name(name) == (image_id and (image_id, MEDIA_TYPE_NAMES[ext.lower()]))
    assert (find_wanted_name(name) is None) == (image_id is None)
    assert (classify_media_name(name).kind is NameKind.WANTED) == (image_id is not None)


@st.composite
def accented_names(draw: st.DrawFn) -> str:
    """A wanted name with an accent over one of its letters or digits. A digit with an accent has no composed form."""
    name = draw(wanted_names)
    end = draw(st.integers(1, len(name)))
    return name[:end] + draw(st.sampled_from("\u0300\u0301\u0308\u0327\u0331")) + name[end:]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@given(name=wanted_names | accented_names() | almost_wanted_names())
def test_no_unicode_form_makes_or_unmakes_a_wanted_name(form: Literal["NFC", "NFD"], name: str) -> None:
    """Law: if a client writes all names composed, or all decomposed, no image gets another name and no new one
    appears (H27).
    """
    assert split_wanted_name(unicodedata.normalize(form, name)) == split_wanted_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".png",
        "holiday.png",
        CONTENT_ID,
        f"{CONTENT_ID}.",
        f"{CONTENT_ID}.tiff",
        f"{CONTENT_ID}.png ",
        f"{CONTENT_ID}.png\n",
        f"{CONTENT_ID}.png\0",
        f"{CONTENT_ID}.png.png",
        f" {CONTENT_ID}.png",
        f"\u202e{CONTENT_ID}.png",
        f"../{CONTENT_ID}.png",
        f"{CONTENT_ID[:-1]}.png",
        f"{CONTENT_ID}0.png",
        f"{CONTENT_ID}.\u017fvg",
        LEGACY_ID.replace("-", "_") + ".png",
        f"{{{LEGACY_ID}}}.png",
        "\udcff" * 40,
        "a" * 10_000 + ".png",
    ],
)
def test_names_that_only_look_like_it(name: str) -> None:
    """Only letter case is ignored. A space, newline, look-alike letter, or missing or extra digit is not."""
    assert split_wanted_name(name) is None
    assert find_wanted_name(name) is None


@given(image_ids)
def test_discovery_probes_each_extension_in_both_cases(image_id: ImageId) -> None:
    """Law: the candidates are distinct names of this id, and all that uniform-case extensions can give."""
    names = candidate_names(image_id)
    assert {split_wanted_name(name) for name in names} == {
        (image_id, media_type_name) for media_type_name in MEDIA_TYPE_NAMES.values()
    }
    assert sorted(names) == sorted(
        f"{image_id}.{spelled}" for ext in MEDIA_TYPE_NAMES for spelled in (ext, ext.upper())
    )


def test_discovery_prefers_exact_and_canonical_names() -> None:
    """The name that a save would give comes before its other spellings."""
    names = candidate_names(CONTENT_ID)
    endings = [name.removeprefix(CONTENT_ID) for name in names]
    assert all(ending.islower() for ending in endings[: len(endings) // 2])
    assert endings.index(".jpg") < endings.index(".jpeg") < endings.index(".JPG") < endings.index(".JPEG")
    assert endings.index(".jpeg") == len(MEDIA_TYPE_NAMES) - 1


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("{stem}.sync-conflict-20261122-152736-V74P6II.{ext}", "conflict-copy"),
        ("{stem} (Anna's conflicted copy 2026-11-22).{ext}", "conflict-copy"),
        ("{stem}.{ext}..path1", "conflict-copy"),
        ("{stem}.variant-e7a3.{ext}", "conflict-copy"),
        ("{stem}-DESKTOP-AB12.{ext}", "duplicate"),
        ("{stem} (1).{ext}", "duplicate"),
        ("{stem} 2.{ext}", "duplicate"),
        ("Copy of {stem}.{ext}", "duplicate"),
        (".{stem}.{ext}.icloud", "placeholder"),
        (".{stem}.{ext}.iCloud", "placeholder"),
        ("{stem}.{ext}.nextcloud", "placeholder"),
        ("{stem}.{ext}.RSLS", "placeholder"),
        (".syncthing.{stem}.{ext}.tmp", "temporary"),
        (".{stem}.{ext}.AI5nRd", "temporary"),
        ("{stem}.{ext}.part", "temporary"),
    ],
)
@settings(max_examples=max(1, settings().max_examples // 5))  # for each of fifteen patterns
@given(wanted=wanted_names)
def test_what_clients_leave_beside_an_image(pattern: str, kind: str, wanted: str) -> None:
    """Law: it stands for exactly the name it was made from, in its spelling, for both forms of id."""
    stem, _, ext = wanted.partition(".")
    meaning = classify_media_name(pattern.format(stem=stem, ext=ext))
    assert (meaning.kind.value, meaning.stands_for) == (kind, wanted)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (".DS_Store", "litter"),
        (f"._{CONTENT_ID}.png", "litter"),
        (".holiday.png.icloud", "placeholder"),
        (f".{CONTENT_ID} (1).png.icloud", "placeholder"),
        (".~k3j2h1.tmp", "temporary"),
        ("SD_ID", "stray"),
        ("IMG_1234.JPG", "stray"),
    ],
)
def test_what_stands_for_no_image(name: str, kind: str) -> None:
    """Names that belong to no image are classified too. A placeholder belongs to an image only if its wanted name
    parses.
    """
    meaning = classify_media_name(name)
    assert (meaning.kind.value, meaning.stands_for) == (kind, None)
