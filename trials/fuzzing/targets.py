"""The targets: what is fuzzed, its starting inputs, and its words.

A check gets any bytes and raises if a promise is broken, so the fuzzer can drive it, and the tests can replay what it
found. What surprises: time is given per topic, a minute in CI or an hour by hand, and its targets share it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from strandline.model.media_types import Family
from trials.fuzzing import names, pictures, requests, texts

CORPUS = Path(__file__).parents[2] / "tests" / "fuzzing" / "corpus"
"""A folder for each target, with inputs that fuzzing found. Together they reach all code that is known to be
reachable, and contain every input that ever failed.
"""

MAX_INPUT_BYTES = 4096
"""Thousands of small inputs are tried per second, and they reach everything that these parsers do."""


@dataclass(frozen=True, slots=True)
class Target:
    """One function that is fuzzed."""

    topic: str
    check: Callable[[bytes], None]
    words: tuple[bytes, ...] = ()
    """Words that the fuzzer may insert, because it would take long to find them by chance."""


_STRUCTURE_WORDS: dict[Family, tuple[bytes, ...]] = {
    Family.PNG: (b"\x89PNG\r\n\x1a\n", b"IHDR", b"IDAT", b"IEND", b"fcTL", b"fdAT"),
    Family.JPEG: (b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\xe1", b"\xff\xc0", b"\xff\xd0", b"\xff\x00"),
    Family.GIF: (b"GIF87a", b"GIF89a", b"\x21\xf9\x04", b"\x21\xff\x0b", b"\x2c", b"\x3b", b"\x00"),
    Family.RIFF: (b"RIFF", b"WEBP", b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"EXIF"),
    Family.ISO: (
        b"ftyp", b"meta", b"iloc", b"idat", b"iref", b"mdat", b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stco",
        b"co64", b"heic", b"avif", b"mif1", b"iinf", b"infe", b"iprp", b"ipco", b"ipma", b"ispe", b"pitm", b"clap",
    ),
    Family.SVG: (
        b"<svg", b"</svg>", b"/>", b"<?xml version='1.0' encoding='", b"?>", b"<!--", b"-->", b"<!DOCTYPE svg [",
        b"]>", b"<![CDATA[", b"]]>", b"&a;", b"<!ENTITY a 'b'>", b"xmlns:a='", b"utf-16", b"iso-8859-1", b"\xff\xfe",
    ),
}  # fmt: skip

_ID, _UUID = b"0123456789abcdef0123456789abcdef", b"01234567-89ab-4def-8123-456789abcdef"

_NAME_WORDS = (
    _ID, _UUID, b".png", b".JPEG", b".icloud", b".nextcloud", b".rsls", b".tmp", b".partial", b".sync-conflict-",
    b"20261122-152736-V74P6II", b" (1)", b" 2", b" - Copy", b"Copy of ", b" (conflicted copy ", b"edited by ",
    b" on ", b" @", b"-DESKTOP", b"-safebackup-0001", b".variant-e7a3", b"..path1", b".conflict1", b".unison.",
    b".syncthing.", b"_conflict-", b"~", b"._", b"(", b")",
    b"c\xc3\xb3pia", b"co\xcc\x81pia", b"\xe2\x84\xaa", b"\xff",
)  # fmt: skip

_EXIF_WORDS = (
    b"II*\0", b"MM\0*", b"2026:11:22 20:00:00", b"+02:00", b"\x12\x01\x03\0\x01\0\0\0", b"\x01\x12\0\x03\0\0\0\x01",
    b"\x69\x87\x04\0\x01\0\0\0", b"\x87\x69\0\x04\0\0\0\x01", b"\x03\x90\x02\0\x14\0\0\0", b"\x11\x90\x02\0",
)  # fmt: skip
"""Byte orders, texts, and the beginnings of entries."""

_GUARD_WORDS = (
    b"localhost", b"127.0.0.1", b"[::1]", b":8484", b"http://", b"box.lan", requests.WIKI.encode(), b"null",
    b"cross-site", b"same-origin", b"navigate", b"Bearer ", requests.TOKEN.encode(), b"key=", b"token=",
    requests.KEY.encode(), b"strandline-token=", b"/i/", b"/api/", b"\n",
)  # fmt: skip

TARGETS: dict[str, Target] = {
    "media-names": Target("names", names.check_media_name, _NAME_WORDS),
    "root-names": Target(
        "names", names.check_root_name, (b"SD_ID", b"sd_id", b".sd-id", b".was-", *_NAME_WORDS)
    ),
    "identity": Target(
        "identity",
        names.check_identity,
        (_UUID, b"\xff", b"\xef\xbb\xbf", b"\r\n", b"ASNFZ4mrTe-BI0VniavN7w"),
    ),
    "sniffing": Target(
        "sniffing",
        pictures.check_sniffing,
        tuple(word for words in _STRUCTURE_WORDS.values() for word in words),
    ),
    **{
        f"structure-{family.name.lower()}": Target("structure", pictures.structure_check(family), words)
        for family, words in _STRUCTURE_WORDS.items()
    },
    "exif": Target("exif", pictures.check_exif, _EXIF_WORDS),
    "facts": Target(
        "others",
        pictures.check_facts,
        (b"Exif\0\0", b"viewBox='0 0 4 3'", b"width='", b"height='", b"mm'", *_STRUCTURE_WORDS[Family.ISO]),
    ),
    "ranges": Target(
        "ranges",
        requests.check_range,
        (b"bytes=", b"BYTES=", b"-", b"0-", b"W/", b", ", requests.ETAG.encode()),
    ),
    "guards": Target("others", requests.check_guard, _GUARD_WORDS),
    "queries": Target(
        "others", requests.check_query, (b"w=", b"wait=", b"original=1", b"fetch=", b"sd=", b"&", b"%")
    ),
    "markdown": Target(
        "markdown", texts.check_markdown, (b"](", b"![", b"\n\n", b"&lt;", b"<a>", b"`", b"\\", b".png")
    ),
    "settings": Target(
        "others",
        texts.check_settings,
        (b"[web]\n", b"port = ", b"[save]\n", b"markdown = '", b"{filename}", b"nan"),
    ),
}


def share_out(topic: str, time: float) -> dict[str, float]:
    """Each target's share of its topic's time, by name."""
    sharers = [name for name, target in TARGETS.items() if target.topic == topic]
    return {name: time / len(sharers) for name in sharers}
