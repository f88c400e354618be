"""The table of media types: extensions, and types by first bytes."""

from __future__ import annotations

import gzip
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.named_pictures import NAMED_KINDS, make_named_picture
from builders.pictures import KINDS, extension_of, make_picture
from strandline.model.media_types import (
    MEDIA_TYPES,
    NAMED_MEDIA_TYPES,
    SNIFF_BYTES,
    MediaType,
    find_media_type,
    find_media_type_by_extension,
    find_svg_root,
    is_raw_photograph,
    sniff_media_type,
)

SVG = find_media_type("image/svg+xml")


def _ftyp(major: bytes, *compatible: bytes) -> bytes:
    body = major + bytes(4) + b"".join(compatible)
    return (8 + len(body)).to_bytes(4, "big") + b"ftyp" + body


@pytest.mark.parametrize(
    ("extension", "name", "shown"),
    [
        ("png", "image/png", True),
        ("jpg", "image/jpeg", True),
        ("jpeg", "image/jpeg", True),
        ("gif", "image/gif", True),
        ("webp", "image/webp", True),
        ("svg", "image/svg+xml", True),
        ("heic", "image/heic", False),
        ("heif", "image/heif", False),
        ("avif", "image/avif", True),
        ("bmp", "image/bmp", True),
        ("tif", "image/tiff", False),
        ("tiff", "image/tiff", False),
        ("ico", "image/vnd.microsoft.icon", True),
        ("jxl", "image/jxl", False),
    ],
)
def test_the_table_of_types(extension: str, name: str, shown: bool) -> None:
    """The extensions have these types, in any letter case. Browsers do not show HEIC, HEIF, TIFF, and JPEG XL."""
    media_type = find_media_type_by_extension(extension)
    assert media_type is not None
    assert media_type is find_media_type_by_extension(extension.upper())
    assert media_type is find_media_type(name)
    assert media_type is find_media_type(name.upper())
    assert (media_type.name, media_type.shown_by_browsers) == (name, shown)
    assert media_type.extension == {"jpeg": "jpg", "tiff": "tif"}.get(extension, extension)
    assert media_type.has_id_names is (media_type in MEDIA_TYPES)


def test_each_type_has_a_word() -> None:
    """By which people know it."""
    words = ["png", "jpeg", "gif", "webp", "svg", "heic", "heif", "avif", "bmp", "tiff", "ico", "jxl"]
    assert [media_type.word for media_type in NAMED_MEDIA_TYPES] == words


@pytest.mark.parametrize("kind", NAMED_KINDS)
def test_pictures_of_other_types_are_detected(kind: str) -> None:
    """Also those that an id-named file cannot have."""
    media_type = sniff_media_type(make_named_picture(kind))
    assert media_type is not None
    assert media_type is find_media_type_by_extension(NAMED_KINDS[kind])


def test_a_raw_photograph_is_no_tiff() -> None:
    """Most have the bytes of one. Their names tell."""
    tiff = find_media_type("image/tiff")
    assert tiff is not None
    assert is_raw_photograph(tiff, "IMG_1.DNG")
    assert not is_raw_photograph(tiff, "IMG_1.tif")
    assert not is_raw_photograph(tiff, None)
    assert not is_raw_photograph(find_media_type("image/png") or tiff, "x.dng")


def test_no_name_stands_twice() -> None:
    """Each name and each extension belongs to one type, in lower case, so both lookups are functions."""
    names = [media_type.name for media_type in NAMED_MEDIA_TYPES]
    extensions = [extension for media_type in NAMED_MEDIA_TYPES for extension in media_type.extensions]
    assert len(set(names)) == len(names)
    assert len(set(extensions)) == len(extensions)
    assert [extension.lower() for extension in extensions] == extensions


@pytest.mark.parametrize("extension", ["", ".png", "jpe", "svgz", "jp2", "png ", "jp\u0261", "HE\u0130C"])
def test_other_extensions_are_unknown(extension: str) -> None:
    """Only letter case is ignored. Letters that merely fold to ASCII do not count."""
    assert find_media_type_by_extension(extension) is None


@pytest.mark.parametrize("kind", KINDS)
def test_real_pictures_are_sniffed(kind: str) -> None:
    """Every kind of picture is recognized by its bytes."""
    assert sniff_media_type(make_picture(kind)) is find_media_type_by_extension(extension_of(kind))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (_ftyp(b"heic"), "image/heic"),
        (_ftyp(b"heix", b"mif1"), "image/heic"),
        (_ftyp(b"hevc", b"msf1", b"hevc"), "image/heic"),
        (_ftyp(b"mif1", b"mif1", b"heic"), "image/heif"),
        (_ftyp(b"msf1"), "image/heif"),
        (_ftyp(b"mif1", b"miaf", b"avif"), "image/avif"),
        (_ftyp(b"msf1", b"avis"), "image/avif"),
        (_ftyp(b"avif", b"mif1", b"heic"), "image/avif"),
        (_ftyp(b"avis"), "image/avif"),
        (_ftyp(b"MiHE", b"mif1", b"heic"), "image/heic"),
        (_ftyp(b"MA1B", b"mif1", b"miaf", b"avif"), "image/avif"),
        (_ftyp(b"miaf", b"mif1"), "image/heif"),
    ],
)
def test_brands_tell_heic_from_heif_and_avif(head: bytes, name: str) -> None:
    """The major brand decides. If it is generic, the compatible brands decide whether it is an AVIF."""
    assert sniff_media_type(head) is find_media_type(name)


def test_brands_are_read_from_the_first_box_only() -> None:
    """Something that looks like a brand after the ftyp box is none."""
    assert sniff_media_type(_ftyp(b"isom", b"mp42") + b"avifheicmif1") is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a",
        b"\xff\xd8",
        b"GIF88a",
        b"RIFF\0\0\0\0WAVE",
        _ftyp(b"isom", b"mp42"),
        _ftyp(b"qt  "),
        _ftyp(b"crx ", b"isom"),
        b"BM\0\0\0\0",
        b"BMW makes cars, and motorcycles.\n",
        b"II*",
        b"II*\0\x10\0\0\0CR\2\0",
        b"\0\0\2\0\1\0\x10\x10",
        b"\0\1\0\0\0\x0b",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"%PDF-1.7",
        gzip.compress(b"<svg/>", mtime=0),
    ],
)
def test_other_files_are_of_no_type(data: bytes) -> None:
    """Videos, other pictures, fragments, and compressed SVG are not supported."""
    assert sniff_media_type(data) is None


SVG_DOCUMENTS = [
    "<svg/>",
    "<svg>",
    '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    "<svg\n width='1'/>",
    "<ns0:svg xmlns:ns0='http://www.w3.org/2000/svg'/>",
    " \r\n\t<svg/>",
    "<?xml version='1.0'?><svg/>",
    "<!--ftyp: where another format has its mark --><svg/>",
    "<?xml version='1.0' encoding='utf-8' standalone='no'?>\n<?xml-stylesheet href='a.css'?><svg/>",
    "<!-- a > b <html> & -- ü 𝄞 --><!----><svg/>",
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/TR/svg11.dtd"><svg/>',
    "<!DOCTYPE svg><svg/>",
    '<!DOCTYPE svg [\n <!ENTITY a "]>"> <!-- ]> " --> <?x ]> ?> <!ENTITY b \'>"\'> %c; ] >\n<!-- --><svg/>',
]


@pytest.mark.parametrize("text", SVG_DOCUMENTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_svg_is_found_behind_what_xml_allows(text: str, encoding: str) -> None:
    """With a byte-order mark, declaration, comments, doctype, white space, or UTF-16, it is still an SVG."""
    if encoding in ("utf-16-le", "utf-16-be"):
        text = text.lstrip()  # without a mark, UTF-16 can be recognized only by the first bracket
    data = text.encode(encoding)
    assert sniff_media_type(data) is SVG
    root = find_svg_root(data)
    assert root is not None
    assert data[root.offset :].replace(b"\0", b"").startswith((b"<svg", b"<ns0:svg"))


@pytest.mark.parametrize(
    "text",
    [
        "svg",
        "<svgs/>",
        "<svg",
        "< svg/>",
        "<SVG/>",
        "<html><svg/></html>",
        "<!DOCTYPE html><svg/>",
        "<!doctype html><html><body><svg></svg>",
        "<!DOCTYPE svgs><svg/>",
        "<?xml version='1.0'?><rss><svg/></rss>",
        "<!-- <svg/> -->",
        "<!-- <svg/>",
        "text <svg/>",
        "<!DOCTYPE svg [ <!ENTITY a '<svg/>'> ",
        "<!DOCTYPE svg [ <!-- ] > <svg/>",
        "\0<svg/>",
    ],
)
def test_html_and_other_xml_are_no_svg(text: str) -> None:
    """The root element must be svg. One inside HTML, a comment, or other XML does not count."""
    assert sniff_media_type(text.encode()) is None


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        (b"", "utf-8"),
        (b"<?xml version='1.0'?>", "utf-8"),
        (b"<?xml version='1.0' encoding='UTF-8'?>", "utf-8"),
        (b'<?xml version="1.0" encoding="utf-16"?>', "utf-8"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?>", "iso-8859-1"),
        (b"<?xml version='1.0' encoding='Shift_JIS'?>", "iso-8859-1"),
        (b"\xef\xbb\xbf<?xml version='1.0' encoding='Shift_JIS'?>", "utf-8"),
    ],
)
def test_the_encoding_is_one_of_four(declaration: bytes, encoding: str) -> None:
    """Whatever a file declares, it is read as UTF-8, UTF-16, or Latin-1. No codec is looked up by the declared
    name.
    """
    root = find_svg_root(declaration + b"<svg/>")
    assert root is not None
    assert (root.offset, root.encoding) == (len(declaration), encoding)


HEADS = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<", b"\0\0\0\x20ftyp", b"<!DOCTYPE svg ["]
    ).flatmap(lambda start: st.binary(max_size=60).map(lambda rest: start + rest)),
    st.lists(
        st.sampled_from(["<!--", "-->", "<?", "?>", "<!DOCTYPE svg", "[", "]", ">", '"', "'", " ", "<svg "])
    )
    .map("".join)
    .map(str.encode),
)


@given(HEADS)
def test_sniffing_never_raises(head: bytes) -> None:
    """Any bytes get a result."""
    found = sniff_media_type(head)
    assert found is None or isinstance(found, MediaType)


@given(st.sampled_from([text.encode("utf-16") for text in SVG_DOCUMENTS]), st.integers(0, 200))
def test_any_prefix_can_be_sniffed(data: bytes, count: int) -> None:
    """UTF-16 that is cut in the middle of a character is no error."""
    assert sniff_media_type(data[:count]) in (None, SVG)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_bytes_are_enough(kind: str) -> None:
    """The first SNIFF_BYTES of a large picture give the same result as all of it."""
    size = (64, 48) if kind in ("heic", "heif") else (300, 200)
    data = make_picture(kind, size=size)
    assert sniff_media_type(data[:SNIFF_BYTES]) is sniff_media_type(data) is not None


def test_a_root_beyond_the_first_bytes_is_not_looked_for() -> None:
    """Sniffing all of a file says the same as sniffing its head."""
    padding = b" " * SNIFF_BYTES
    assert sniff_media_type(padding + b"<svg/>") is None
    assert sniff_media_type(padding[:-6] + b"<svg/>") is SVG


@pytest.mark.slow
@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "unit", [b"<!--", b"<?", b"<!-- -->", b"<!DOCTYPE svg [", b"\"'", b"[", b" ", b"<", b"<a", b"a:", b"]>"]
)
@pytest.mark.parametrize("start", [b"", b"<!DOCTYPE svg [", b"<!DOCTYPE svg ", b"<!--", b"<"])
def test_hostile_prologs_cost_little(start: bytes, unit: bytes) -> None:
    """Repetition makes no pattern slow: a hundred sniffs of the longest head take less than five seconds."""
    head = start + unit * (SNIFF_BYTES // len(unit))
    began_s = time.process_time()
    for _ in range(100):
        assert sniff_media_type(head) is None
    assert time.process_time() - began_s < 5
