"""Thumbnails: small, upright, in the right colors, with nothing in them except pixels."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageOps

from builders.hostile_pictures import make_svg
from builders.pictures import KINDS, extension_of, make_picture, make_pixels
from strandline.errors import UndecodablePictureError
from strandline.model.media_types import find_media_type_by_extension
from strandline.pictures.decoding import MAX_SIZE, Thumbnail, make_thumbnail
from strandline.pictures.facts import read_facts

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def type_of(kind: str) -> str:
    media_type = find_media_type_by_extension(extension_of(kind))
    assert media_type is not None
    return media_type.name


def encode(picture: Image.Image, pillow_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, pillow_format, **options)
    return file.getvalue()


def open_thumbnail(thumbnail: Thumbnail) -> Image.Image:
    """The decoded thumbnail, after checking that its facts are correct."""
    picture = Image.open(io.BytesIO(thumbnail.data))
    picture.load()
    assert picture.size == (thumbnail.width, thumbnail.height)
    assert picture.get_format_mimetype() == thumbnail.media_type
    return picture


def is_near(pixel: object, colour: tuple[int, ...], within: int = 40) -> bool:
    """Whether they look alike; thumbnails are lossy."""
    assert isinstance(pixel, tuple)
    return all(abs(one - other) <= within for one, other in zip(pixel, colour, strict=False))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_one(kind: str) -> None:
    """The longest side is as requested, the other in proportion."""
    thumbnail = make_thumbnail(make_picture(kind), type_of(kind), size=32)
    assert open_thumbnail(thumbnail).size == (32, 24)
    assert thumbnail.media_type == "image/webp"


@pytest.mark.parametrize("kind", KINDS)
def test_it_shows_what_facts_say(kind: str) -> None:
    """At full size, a copy has exactly the width and height of the facts. It is never enlarged."""
    for orientation in [None] if kind in ("gif", "svg", "heif", "avif-animated") else [None, 6]:
        data = make_picture(kind, orientation=orientation)
        facts = read_facts(data, type_of(kind))
        for size in (64, MAX_SIZE):
            thumbnail = make_thumbnail(data, type_of(kind), size=size)
            assert (thumbnail.width, thumbnail.height) == (facts.width, facts.height)


def make_corners() -> Image.Image:
    """Red, green, blue, and white quarters, wider than high."""
    picture = Image.new("RGB", (90, 60), WHITE)
    picture.paste(RED, (0, 0, 45, 30))
    picture.paste(GREEN, (45, 0, 90, 30))
    picture.paste(BLUE, (0, 30, 45, 60))
    return picture


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_it_is_upright(pillow_format: str, orientation: int) -> None:
    """All eight orientations are corrected, including mirrored ones."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(make_corners(), pillow_format, exif=exif)
    thumbnail = make_thumbnail(data, f"image/{pillow_format.lower()}", size=60)
    shown = open_thumbnail(thumbnail).convert("RGB")
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB").resize(shown.size)
    for x in (0.25, 0.75):
        for y in (0.25, 0.75):
            point = (int(x * shown.width), int(y * shown.height))
            colour = expected.getpixel(point)
            assert isinstance(colour, tuple)
            assert is_near(shown.getpixel(point), colour)


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
@pytest.mark.parametrize("size", [30, 3000])
def test_nothing_but_pixels_is_in_it(kind: str, size: int) -> None:
    """Neither a thumbnail nor a converted copy contains when and where the picture was taken."""
    data = make_picture(kind, size=(2100, 100), orientation=3, gps=True)
    assert b"EXIF" in data.upper()
    thumbnail = make_thumbnail(data, type_of(kind), size=size)
    picture = open_thumbnail(thumbnail)
    assert not picture.getexif()
    assert not picture.info.keys() & {"exif", "xmp", "icc_profile", "comment", "photoshop"}
    for trace in (b"Exif", b"EXIF", b"XMP", b"GPS", b"http:"):
        assert trace not in thumbnail.data


def make_swapping_profile() -> bytes:
    """An ICC profile like sRGB with red and green swapped."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_colours_are_those_of_the_profile(pillow_format: str) -> None:
    """A profile is applied (cameras write Display P3), so that viewers need none."""
    data = encode(Image.new("RGB", (50, 50), RED), pillow_format, icc_profile=make_swapping_profile())
    shown = open_thumbnail(make_thumbnail(data, f"image/{pillow_format.lower()}", size=20))
    assert is_near(shown.convert("RGB").getpixel((10, 10)), GREEN, 60)


@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_broken_profile_hides_no_picture(pillow_format: str) -> None:
    """A profile that makes no sense is ignored."""
    data = encode(Image.new("RGB", (50, 50), RED), pillow_format, icc_profile=b"no profile at all" * 20)
    shown = open_thumbnail(make_thumbnail(data, f"image/{pillow_format.lower()}", size=20))
    assert is_near(shown.convert("RGB").getpixel((10, 10)), RED, 60)


@pytest.mark.parametrize(
    ("pillow_format", "mode", "colour"),
    [
        ("JPEG", "L", (128, 128, 128)),
        ("JPEG", "CMYK", None),
        ("PNG", "1", (0, 0, 0)),
        ("PNG", "L", (128, 128, 128)),
        ("PNG", "I;16", (128, 128, 128)),
        ("PNG", "P", (128, 128, 128)),
        ("PNG", "LA", (128, 128, 128)),
        ("GIF", "P", (128, 128, 128)),
        ("GIF", "1", (0, 0, 0)),
    ],
)
def test_every_kind_of_pixel_becomes_srgb(
    pillow_format: str, mode: str, colour: tuple[int, int, int] | None
) -> None:
    """Gray, palettes, 16 bits, and CMYK are converted to what every browser shows the same way."""
    if mode == "I;16":
        picture = Image.frombytes("I;16", (40, 40), b"\x80\x80" * 1600)
    else:
        picture = Image.new("RGB", (40, 40), colour or RED).convert(mode)
    data = encode(picture, pillow_format)
    shown = open_thumbnail(make_thumbnail(data, f"image/{pillow_format.lower()}", size=20))
    assert shown.mode in ("RGB", "RGBA")
    if colour is not None:
        assert is_near(shown.getpixel((10, 10)), colour, 4)


@pytest.mark.parametrize("pillow_format", ["PNG", "WEBP", "GIF", "AVIF"])
@pytest.mark.parametrize("size", [20, MAX_SIZE])
def test_what_is_transparent_stays_so(pillow_format: str, size: int) -> None:
    """Transparency is kept at every size, and no color bleeds from under it."""
    picture = Image.new("RGBA", (2100, 60), (0, 255, 0, 0))
    picture.paste((255, 0, 0, 255), (0, 0, 1050, 60))
    options = {"speed": 10} if pillow_format == "AVIF" else {}
    data = encode(picture, pillow_format, **options)
    shown = open_thumbnail(make_thumbnail(data, f"image/{pillow_format.lower()}", size=size)).convert("RGBA")
    left, right = shown.getpixel((shown.width // 4, 0)), shown.getpixel((shown.width * 3 // 4, 0))
    assert is_near(left, (255, 0, 0, 255))
    assert isinstance(right, tuple)
    assert right[3] == 0


def test_an_animation_shows_its_first_frame() -> None:
    """It shows neither the last frame nor all of them in a row."""
    frames = [Image.new("RGB", (40, 30), colour) for colour in (RED, GREEN, BLUE)]
    for pillow_format in ("GIF", "WEBP", "AVIF", "PNG"):
        data = encode(frames[0], pillow_format, save_all=True, append_images=frames[1:])
        shown = open_thumbnail(make_thumbnail(data, f"image/{pillow_format.lower()}", size=20))
        assert shown.size == (20, 15)
        assert is_near(shown.convert("RGB").getpixel((10, 7)), RED, 60)


@pytest.mark.parametrize(
    ("stored", "size", "expected"),
    [((1, 3000), 100, (1, 100)), ((3000, 1), 100, (100, 1)), ((1, 1), 100, (1, 1)), ((64, 48), 1, (1, 1))],
)
def test_odd_proportions(stored: tuple[int, int], size: int, expected: tuple[int, int]) -> None:
    """No side ever becomes zero."""
    data = encode(make_pixels(1, stored), "PNG")
    assert open_thumbnail(make_thumbnail(data, "image/png", size=size)).size == expected


@pytest.mark.parametrize("size", [0, -1, MAX_SIZE + 1])
def test_impossible_sizes_are_the_callers_mistake(size: int) -> None:
    """A size that no copy can have is a programming error."""
    with pytest.raises(ValueError, match="between 1 and 16383"):
        make_thumbnail(make_picture("png"), "image/png", size=size)


def test_a_large_opaque_copy_is_a_jpeg() -> None:
    """At full size, as for browsers that cannot show HEIC, the copy is a JPEG: many times faster."""
    data = encode(make_pixels(1, (2500, 100)), "PNG")
    assert open_thumbnail(make_thumbnail(data, "image/png", size=MAX_SIZE)).format == "JPEG"
    assert open_thumbnail(make_thumbnail(data, "image/png", size=2048)).format == "WEBP"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "gif"])
def test_half_a_picture_has_no_thumbnail(kind: str) -> None:
    """A cut picture has none, even if enough is left to show something: no gray bottoms."""
    data = make_picture(kind, size=(64, 48))
    for tenth in range(10):
        with pytest.raises(UndecodablePictureError):
            make_thumbnail(data[: len(data) * tenth // 10], type_of(kind), size=20)


def test_half_a_first_frame_has_no_thumbnail() -> None:
    """The same for a GIF, whose later frames are not read."""
    data = encode(make_pixels(1, (64, 48)), "GIF")
    for tenth in range(10):
        with pytest.raises(UndecodablePictureError):
            make_thumbnail(data[: len(data) * tenth // 10], "image/gif", size=20)


@pytest.mark.parametrize("width", [64, 640, 100_000_000])
def test_an_svg_is_drawn_at_the_size_it_is_shown_in(width: int) -> None:
    """It is sharp, and never drawn larger than requested, so an SVG of any size takes little work."""
    data = make_svg(
        '<rect width="50%" height="100%" fill="red"/>', size=f'width="{width}" height="{width // 2}"'
    )
    shown = open_thumbnail(make_thumbnail(data, "image/svg+xml", size=64))
    assert shown.size == (64, 32)
    inside, outside = shown.getpixel((28, 16)), shown.getpixel((35, 16))
    assert is_near(inside, (255, 0, 0, 255))
    assert isinstance(outside, tuple)
    assert outside[3] < 40


@pytest.mark.parametrize("attribute", ["href", "xlink:href"])
def test_an_svg_reads_no_neighbours(tmp_path: Path, attribute: str) -> None:
    """No file is read and no address is requested, however the SVG refers to it."""
    Image.new("RGB", (64, 64), RED).save(tmp_path / "red.png")
    (tmp_path / "red.svg").write_bytes(make_svg('<rect width="64" height="64" fill="red"/>'))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        addresses = [
            (tmp_path / "red.png").as_uri(), str(tmp_path / "red.png"), "red.png", "../red.png",
            (tmp_path / "red.svg").as_uri(), "file:///etc/passwd",
            f"http://127.0.0.1:{server.getsockname()[1]}/red.png",
        ]  # fmt: skip
        images = "".join(f'<image width="64" height="64" {attribute}="{address}"/>' for address in addresses)
        style = f'<style>@import url("{addresses[0]}"); @import url("{addresses[-1]}");</style>'
        include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{addresses[4]}"/>'
        shown = open_thumbnail(make_thumbnail(make_svg(style + images + include), "image/svg+xml", size=64))
        with pytest.raises(BlockingIOError):  # nobody is in the queue
            server.accept()
    assert shown.convert("RGBA").getchannel("A").getextrema() == (0, 0), "something was drawn"


def test_an_svg_with_a_foreign_entity_is_not_completed() -> None:
    """An entity that refers to a file is not expanded. The usual public doctype does no harm."""
    data = make_svg(
        '<text y="20">&x;</text>', before='<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    )
    with pytest.raises(UndecodablePictureError):
        make_thumbnail(data, "image/svg+xml", size=20)
    doctype = (
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    )
    usual = make_svg('<rect width="64" height="64" fill="red"/>', before=doctype)
    assert is_near(
        open_thumbnail(make_thumbnail(usual, "image/svg+xml", size=20)).getpixel((9, 9)), (255, 0, 0, 255)
    )


def test_sizes_of_svgs_are_as_browsers_see_them() -> None:
    """Facts and drawing agree on the meaning of a length."""
    for size in ('width="2in" height="25.4mm"', 'viewBox="0 0 30 20"', 'viewBox="0 0 30 20" width="60"'):
        data = make_svg("<circle r='9'/>", size=size)
        facts = read_facts(data, "image/svg+xml")
        thumbnail = make_thumbnail(data, "image/svg+xml", size=MAX_SIZE)
        assert (thumbnail.width, thumbnail.height) == (facts.width, facts.height)
