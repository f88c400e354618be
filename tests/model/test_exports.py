"""Exports: readable names that every system has, a manifest that is not believed, a page nothing breaks out of."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.reports import IMAGE_ID, NOW
from strandline.errors import ImageNotFoundError, InvalidInputError
from strandline.model.contact_sheet import format_sheet
from strandline.model.exports import (
    ExportedImage,
    LeftOut,
    Names,
    correct_name,
    format_manifest,
    parse_manifest,
)
from strandline.model.portable_names import explain_refused, fold_path
from strandline.model.zip_format import LIMIT_32, ZipWriter

NAMES = (
    st.none()
    | st.text(max_size=40)
    | st.sampled_from(["a.png", "A.PNG", "a 1.png", "CON.jpg", "../x", "a\n"])
)
TYPES = st.sampled_from(["image/png", "image/jpeg", "image/heic", "application/x-odd"])
SIZES = st.none() | st.integers(0, 2**40)
TIMES = st.none() | st.timedeltas(timedelta(days=-15_000), timedelta(days=30_000)).map(
    lambda span: NOW + span
)


@st.composite
def images(draw: st.DrawFn) -> ExportedImage:
    """An image of an export, under a name that was chosen."""
    media_type = draw(TYPES)
    original = draw(NAMES)
    return ExportedImage(
        image_id=IMAGE_ID, name=Names().choose(original, media_type, NOW), media_type=media_type,
        size_bytes=draw(SIZES), sha256="0" * 64, taken_at=draw(TIMES), modified_at=draw(TIMES), sd_id=None,
        sd_name=draw(st.text(max_size=9)), path=draw(st.text(max_size=9)), original_name=original, width=draw(SIZES),
        height=draw(SIZES), thumbnail=draw(st.sampled_from([None, f"{IMAGE_ID}.webp"])),
    )  # fmt: skip


@given(st.lists(st.tuples(NAMES, TYPES), max_size=30))
def test_each_name_is_one_of_its_own_on_every_system(asked: list[tuple[str | None, str]]) -> None:
    """Also if only the letter case differs. Every system has each, and none leads out of the folder."""
    names = Names()
    given_out = [names.choose(name, media_type, NOW) for name, media_type in asked]
    assert len({fold_path(name) for name in given_out}) == len(given_out)
    for name in given_out:
        assert explain_refused(name) is None
        assert not name.startswith(".")
        assert "/" not in name


def test_many_with_one_name_are_numbered_quickly() -> None:
    """Each look goes on where the last one ended."""
    names = Names(["img 3.jpg"])
    given_out = [names.choose("IMG.jpg", "image/jpeg", NOW) for _ in range(20_000)]
    assert given_out[:5] == ["IMG.jpg", "IMG 1.jpg", "IMG 2.jpg", "IMG 4.jpg", "IMG 5.jpg"]
    assert given_out[-1] == "IMG 20000.jpg"


def test_the_bytes_decide_the_extension() -> None:
    """A HEIC that was called a JPEG gets the name of a HEIC. Otherwise the name stays."""
    names = Names()
    image = replace(
        ExportedImage(IMAGE_ID, "", "image/jpeg", 1, None, NOW, None, None, None, None, "Trip.jpg"),
        name=names.choose("Trip.jpg", "image/jpeg", NOW),
    )
    assert correct_name(image, "image/jpeg", names) == image
    assert correct_name(image, "image/heic", names).name == "Trip.heic"


@given(st.lists(images(), max_size=4))
def test_a_manifest_gives_its_images_back(made: list[ExportedImage]) -> None:
    """Exactly. What was left out is in it, too."""
    refused = [LeftOut(image, ImageNotFoundError("it is gone")) for image in made]
    assert parse_manifest(format_manifest(made, refused)) == made


ROW = ExportedImage(IMAGE_ID, "a.png", "image/png", 1, "0" * 64, None, None, None, None, None)


@pytest.mark.parametrize(
    "row",
    [
        replace(ROW, name="../a.png"),
        replace(ROW, name=".."),
        replace(ROW, name="x\\a.png"),
        replace(ROW, name="a\0.png"),
        replace(ROW, sha256="x"),
        replace(ROW, sha256=None),
        replace(ROW, thumbnail="../../x.webp"),
        replace(ROW, size_bytes=-1),
        replace(ROW, image_id="x"),  # type: ignore[arg-type]
    ],
    ids=repr,
)
def test_a_manifest_that_leads_elsewhere_is_none(row: ExportedImage) -> None:
    """Somebody may have written into the folder."""
    with pytest.raises(InvalidInputError):
        parse_manifest(format_manifest([row], []))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"format": "x", "version": 1}']
)
def test_another_programs_manifest_is_none(data: bytes) -> None:
    """It is an error that says so, never a fault."""
    with pytest.raises(InvalidInputError):
        parse_manifest(data)


class Tags(HTMLParser):
    """The tags of a page, and where they lead."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.leads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes it."""
        self.tags.append(tag)
        self.leads += [str(value) for name, value in attrs if name in ("href", "src")]


@given(st.lists(images(), max_size=3))
def test_no_name_breaks_out_of_the_page(made: list[ExportedImage]) -> None:
    """Whatever an image is called: the same tags, no script, and only links into the export."""
    page = Tags()
    page.feed(
        format_sheet([replace(image, name=f"{image.sd_name}{image.name}") for image in made], []).decode()
    )
    per_image = ["li", "a", "div", "span", "small"]
    shown = [tag for tag in page.tags if tag in ("li", "a", "div", "span", "small", "img", "script")]
    expected = [
        tag
        for image in made
        for tag in (per_image[:3] + (["img"] if image.thumbnail else []) + per_image[3:])
    ]
    assert shown == expected
    assert all(lead.startswith(("images/", "thumbnails/")) and ":" not in lead for lead in page.leads)


FILES = st.dictionaries(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8), st.binary(max_size=300), max_size=5
)


@given(FILES, TIMES, st.sampled_from([LIMIT_32, 0, 1, 200, 1000]))
def test_an_archive_is_read_back(files: dict[str, bytes], at: datetime | None, limit: int) -> None:
    """By another program's reader, also in Zip64, which begins at a limit of its own here. Twice, it is the same."""
    made = []
    for _ in range(2):
        archive, data = ZipWriter(limit=limit), b""
        for name, content in files.items():
            data += archive.begin_file(
                name, size_bytes=len(content), crc32=zlib.crc32(content), modified_at=at
            )
            data += content
        made.append(data + archive.finish())
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as read:
        assert read.testzip() is None
        assert {info.filename: read.read(info) for info in read.infolist()} == files
        for info in read.infolist():
            assert info.date_time[0] >= 1980
            assert info.compress_type == zipfile.ZIP_STORED
