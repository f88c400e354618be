"""Media types: the table of picture formats, and how to detect one from an extension or from the first bytes.

There are two sets. An id-named file has one of a few types, because each is a name under which an image must be
looked for. A named picture can also have one of the others.

If the bytes are available, they win. The extension decides only if there is nothing but a listing. HEIC, HEIF, and
AVIF are one container and differ only in the *brands* of their first box. SVG has no magic bytes: its root element
must be searched for after everything that XML allows before it.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from strandline.model.values import dataclass

SNIFF_BYTES = 16 * 1024
"""Sniffing needs only these first bytes. All types except SVG can be recognized in the first hundred. An SVG may
begin with a few pages of license or entity declarations.
"""


class Family(Enum):
    """Formats whose structure is walked the same way (see :mod:`strandline.model.structure`)."""

    PNG = auto()
    JPEG = auto()
    GIF = auto()
    RIFF = auto()
    ISO = auto()
    SVG = auto()
    BMP = auto()
    TIFF = auto()
    ICO = auto()
    JXL = auto()


@dataclass(frozen=True, slots=True)
class MediaType:
    """One row of the table."""

    name: str
    """The IANA name, such as ``image/jpeg``."""
    extensions: tuple[str, ...]
    """Lower case, without the dot. The first one is canonical: images are saved with it."""
    family: Family
    shown_by_browsers: bool = True
    magic: re.Pattern[bytes] | None = None
    """Matches the start of every file of this type, and of no other. None if brands or XML decide."""
    brands: frozenset[bytes] = frozenset()
    """Brands in an ISO file's first box that mean this type."""
    has_id_names: bool = True
    """Whether an id-named file can have this type. If not, only a named picture can."""

    @property
    def extension(self) -> str:
        """The canonical extension."""
        return self.extensions[0]

    @property
    def word(self) -> str:
        """``jpeg`` for ``image/jpeg``, ``svg`` for ``image/svg+xml``; what people call it, in lower case."""
        word = self.name.rpartition("/")[2].partition("+")[0]
        return self.extension if "." in word else word


PNG = MediaType("image/png", ("png",), Family.PNG, magic=re.compile(rb"\x89PNG\r\n\x1a\n"))
JPEG = MediaType("image/jpeg", ("jpg", "jpeg"), Family.JPEG, magic=re.compile(rb"\xff\xd8\xff"))
GIF = MediaType("image/gif", ("gif",), Family.GIF, magic=re.compile(rb"GIF8[79]a"))
WEBP = MediaType("image/webp", ("webp",), Family.RIFF, magic=re.compile(rb"(?s)RIFF....WEBP"))
SVG = MediaType("image/svg+xml", ("svg",), Family.SVG)
HEIC = MediaType(
    "image/heic",
    ("heic",),
    Family.ISO,
    shown_by_browsers=False,
    brands=frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}),
)
HEIF = MediaType(
    "image/heif",
    ("heif",),
    Family.ISO,
    shown_by_browsers=False,
    brands=frozenset({b"mif1", b"mif2", b"msf1"}),
)
AVIF = MediaType("image/avif", ("avif",), Family.ISO, brands=frozenset({b"avif", b"avis"}))
BMP = MediaType(
    "image/bmp",
    ("bmp",),
    Family.BMP,
    # The two letters alone begin many a text. What follows the file's header is the size of the picture's.
    magic=re.compile(rb"(?s)BM.{12}[\x0c-\x7c]\0\0\0"),
    has_id_names=False,
)
TIFF = MediaType(
    "image/tiff",
    ("tif", "tiff"),
    Family.TIFF,
    shown_by_browsers=False,
    # Canon's raw photographs have a mark of their own in the same header.
    magic=re.compile(rb"(?s)(?:II\*\0|MM\0\*)(?!....CR)|II\+\0\x08\0\0\0|MM\0\+\0\x08\0\0"),
    has_id_names=False,
)
ICO = MediaType(
    "image/vnd.microsoft.icon",
    ("ico",),
    Family.ICO,
    magic=re.compile(rb"\0\0\x01\0[^\0]\0"),
    has_id_names=False,
)
JXL = MediaType(
    "image/jxl",
    ("jxl",),
    Family.JXL,
    shown_by_browsers=False,
    magic=re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
    has_id_names=False,
)

MEDIA_TYPES: tuple[MediaType, ...] = (PNG, JPEG, GIF, WEBP, SVG, HEIC, HEIF, AVIF)
"""Those that an id-named file can have. Discovery probes two names for each of their extensions, so a type more
makes every miss slower, and old versions would not find its images.
"""

NAMED_MEDIA_TYPES: tuple[MediaType, ...] = (*MEDIA_TYPES, BMP, TIFF, ICO, JXL)
"""Those that a named picture can have: all."""

_BY_NAME = {media_type.name: media_type for media_type in NAMED_MEDIA_TYPES}
_BY_EXTENSION = {
    extension: media_type for media_type in NAMED_MEDIA_TYPES for extension in media_type.extensions
}
_BY_BRAND = {brand: media_type for media_type in MEDIA_TYPES for brand in media_type.brands}
_WITH_MAGIC = [(each.magic, each) for each in NAMED_MEDIA_TYPES if each.magic is not None]

RAW_EXTENSIONS = frozenset({
    "3fr", "arw", "cr2", "cr3", "dcr", "dng", "erf", "gpr", "iiq", "k25", "kdc", "mef", "mos", "nef", "nrw", "orf",
    "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw",
})  # fmt: skip
"""Of raw photographs. Many have the bytes of a TIFF, with a small preview as its first picture."""


def find_media_type(name: str) -> MediaType | None:
    """The type with this IANA name, in any letter case, without parameters."""
    return _BY_NAME.get(name.lower())


def find_media_type_by_extension(extension: str) -> MediaType | None:
    """The type of an extension, given without its dot, in any letter case."""
    # isascii first: str.lower() maps U+212A (KELVIN SIGN) and U+0130 into ASCII letters.
    return _BY_EXTENSION.get(extension.lower()) if extension.isascii() else None


def is_raw_photograph(media_type: MediaType, name: str | None) -> bool:
    """Whether a file with these bytes and this name is a camera's raw photograph, not the TIFF that it looks like."""
    return media_type is TIFF and name is not None and name.rpartition(".")[2].lower() in RAW_EXTENSIONS


def sniff_media_type(head: bytes) -> MediaType | None:
    """The type of a file by its first bytes, or None if it is not supported. Not all layouts keep each of them
    (:meth:`~strandline.model.layout.Layout.sniff`).

    It says what the file is meant to be, not that it is complete. Never raises, whatever the bytes. Law:
    ``sniff_media_type(data) == sniff_media_type(data[:SNIFF_BYTES])``.
    """
    for magic, media_type in _WITH_MAGIC:
        if magic.match(head):
            return media_type
    if head[4:8] == b"ftyp" and (by_brand := _sniff_brands(head[:SNIFF_BYTES])):
        return by_brand
    return SVG if find_svg_root(head) else None


def _sniff_brands(head: bytes) -> MediaType | None:
    """The type by the brands in the ``ftyp`` box: the major brand first, then the compatible ones.

    The generic brands (``mif1``) mean only "a picture", and some AVIF files have one as their major brand. Browsers
    show AVIF, so the compatible brands are searched for AVIF before a file counts as HEIF.
    """
    size_bytes = int.from_bytes(head[:4], "big")
    major = _BY_BRAND.get(head[8:12])
    if major is HEIC or major is AVIF:
        return major
    compatible = {_BY_BRAND.get(head[at : at + 4]) for at in range(16, min(size_bytes, len(head)), 4)}
    candidates = (AVIF, HEIF) if major is HEIF else (AVIF, HEIC, HEIF)
    return next((media_type for media_type in candidates if media_type in compatible), major)


@dataclass(frozen=True, slots=True)
class SvgRoot:
    """Where the root element of an SVG begins."""

    offset: int
    """Offset of the ``<``, in bytes from the start of the file."""
    encoding: str
    """``utf-8``, ``utf-16-le``, ``utf-16-be``, or ``iso-8859-1`` for any other declared encoding. In every
    single-byte and East Asian encoding, markup has the same bytes as in ASCII.
    """


_MISC = r"(?: \s++ | <!--.*?--> | <\?.*?\?> )*+"
_QUOTED = r""" "[^"]*+" | '[^']*+' """
_SVG_NAME = r"(?:[\w.-]++:)?svg"

_PROLOG = rf"""(?xsa)
    {_MISC}
    (?: <!DOCTYPE \s++ {_SVG_NAME} (?=[\s\[>])
        (?: [^\["'<>] | {_QUOTED} )*+
        (?: \[ (?: [^]"'<] | {_QUOTED} | <!--.*?--> | <\?.*?\?> | <(?!!--|\?) )*+ \] \s*+ )?+
        >
        {_MISC}
    )?+
    (?P<root> < {_SVG_NAME} (?=[\s/>]) )
"""
"""What XML allows before the root element. Every part is possessive or begins with a distinct character, so
matching is linear on any bytes. A doctype must name svg: HTML that contains ``<svg>`` is not an SVG. Compiled for the
first file that may be one.
"""

_DECLARED_ENCODING = r"""(?a)\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([\w.-]+)"""

_XML_STARTS = (
    (b"\xef\xbb\xbf", 3, "utf-8"),
    (b"\xff\xfe", 2, "utf-16-le"),
    (b"\xfe\xff", 2, "utf-16-be"),
    (b"<\0", 0, "utf-16-le"),
    (b"\0<", 0, "utf-16-be"),
)
"""Byte-order marks, and UTF-16 without one: the first bytes, how many to skip, and the encoding."""


def find_svg_root(head: bytes) -> SvgRoot | None:
    """Where the root element of an SVG begins within the first :data:`SNIFF_BYTES`, or None if it is no SVG.

    A byte-order mark, UTF-16, an XML declaration, white space, comments, and a doctype may come before it. Never
    raises, whatever the bytes; linear. A compressed SVG (``.svgz``) is not recognized.
    """
    head = head[:SNIFF_BYTES]
    skip, encoding = next(
        ((skip, encoding) for start, skip, encoding in _XML_STARTS if head.startswith(start)), (0, "")
    )
    # As Latin-1, each byte is one character, so offsets agree and no byte is invalid.
    codec = encoding if encoding.startswith("utf-16") else "latin-1"
    whole_units = len(head) - (len(head) - skip) % 2 if codec != "latin-1" else len(head)
    text = head[skip:whole_units].decode(codec, "surrogatepass")
    prolog = re.match(_PROLOG, text)
    if prolog is None:
        return None
    offset = skip + len(text[: prolog.start("root")].encode(codec, "surrogatepass"))
    return SvgRoot(offset, encoding or _declared_encoding(text))


def _declared_encoding(text: str) -> str:
    """The encoding of an 8-bit XML document that begins with the text."""
    declared = re.match(_DECLARED_ENCODING, text)
    # Programs that first write XML to a string often declare UTF-16 in 8-bit text.
    is_utf_8 = declared is None or declared[1].lower() in ("utf-8", "utf8", "utf-16")
    return "utf-8" if is_utf_8 else "iso-8859-1"
