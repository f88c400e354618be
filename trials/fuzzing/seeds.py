"""Seeds: small real inputs from which the fuzzer starts. The pictures are those of the tests' builders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from builders.hostile_pictures import make_laughing_svg
from builders.pictures import KINDS, make_picture
from strandline.model.media_types import sniff_media_type
from trials.fuzzing.requests import ETAG, KEY, TOKEN, WIKI

_SIZE = (8, 6)


_ID, _UUID = "0123456789abcdef" * 2, "01234567-89ab-4def-8123-456789abcdef"

_NAMES = (
    f"{_ID}.png", f"{_UUID.upper()}.JPG", f".{_ID}.heic.icloud", f".syncthing.{_ID}.png.tmp", f"{_ID}.png.tmp",
    f"{_ID}.sync-conflict-20261122-152736-V74P6II.png", f"{_ID} (1).png", f"{_ID} (1) (2).png", f"{_UUID}-MY-PC.jpg",
    f"{_ID} (Anna's conflicted copy 2026-11-22).gif", f"{_ID} (edited by A on 1 @ x).png", f"Copy of {_ID}.png",
    f"{_ID}.variant-e7a3.png", f"{_ID}.png..path1", f".{_ID}.png.AI5nRd", ".DS_Store", "IMG_1234.JPG", "~$x", "#a#",
)  # fmt: skip

_ROOT_NAMES = (
    "SD_ID", "sd_id", ".sd-id", "SD_ID 2", "SD_ID-my-pc", f"SD_ID.was-{_UUID}", ".SD_ID.icloud", "SD_ID..path1",
    f".SD_ID.was-{_UUID}.icloud", ".syncthing.SD_ID.tmp", "Copy of SD_ID", "desktop.ini", "media", "SD_ID (1) (2)",
)  # fmt: skip

_OTHER = _UUID.replace("0", "e")
_IDENTITIES = (
    f"\x03{_UUID}\n", f"\x33\xff{_UUID}", f"\x23{_UUID}\xff{_OTHER}\xff{_OTHER}\r\n",
    f"\x31\xff\xff\xff{_OTHER}\xff{_UUID}",
    "\x20ASNFZ4mrTe-BI0VniavN7w", f"\x00\xef\xbb\xbf {_UUID} ", f"\x11{_UUID[:20]}", "\x01",
)  # fmt: skip

_REQUESTS = {
    "ranges": (
        "\x10\x00bytes=0-99", "\x10\x00bytes=-5\n\n*", f"\x10\x00bytes=7-\n{ETAG}\nW/{ETAG}", "\x00\x05bytes=9-",
        f'\x01\x00bytes=0-1,3-4\n\n"x", {ETAG}', "\x10\x00bytes=5-2",
    ),
    "guards": (
        "\x00/i/x\n\n\n\nlocalhost:8484\n\n\n\ncross-site",
        f"\x04/api/v1/sds\n\n\n\n127.0.0.1:1\nhttp://127.0.0.1:1\n{WIKI}/x",
        f"\x05/\n\nBearer {TOKEN}\n\n10.0.0.1\nnull",
        f"\x01/i/x\nw=4&key={KEY}\n\n\n[::1]:80\n{WIKI}\n\nno-cors\ncross-site",
        f"\x01//evil\ntoken={TOKEN}\n\na=b; strandline-token={TOKEN}\nbox.lan",
    ),
    "queries": ("w=400&wait=60", "original=1&fetch=1&sd=Notes", "w=%34", "WzEsMiwiYSJd", "WzEsMiwi4oSqIl0"),
    "markdown": ("holiday.jpg", "a](b) <x> `c` _d_ *e*.png", "C:\\x\\y.png", "1. x\n\n# y.png", "&lt;\u202egnp"),
    "settings": (
        "[web]\nport = 1\nallow_hosts = 'a b'\n", "[save]\nmarkdown = '{filename}'\nmax_bytes = 1_000\n",
        "[read]\nio_timeout_s = 1.5\n", "scan.periodic_s = 3\n", "x = [[1, {a = 2}]]",
    ),
}  # fmt: skip


def iter_seeds(target: str) -> Iterator[bytes]:
    """The starting inputs of the target, besides the corpus."""
    if target == "exif":
        yield from (data[6:] for data in _iter_exif())
    elif target in ("facts", "sniffing") or target.startswith("structure-"):
        family = target.removeprefix("structure-")
        for data in _iter_pictures():
            media_type = sniff_media_type(data)
            assert media_type is not None
            if target in ("facts", "sniffing") or media_type.family.name.lower() == family:
                yield data
    elif target == "identity":
        yield from (text.encode("latin-1") for text in _IDENTITIES)
    elif target == "ranges":
        yield from (text.encode("latin-1") for text in _REQUESTS[target])
    else:
        texts = {"media-names": _NAMES, "root-names": _ROOT_NAMES, **_REQUESTS}[target]
        yield from (text.encode() for text in texts)


def _iter_pictures() -> Iterator[bytes]:
    taken_at = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
    for kind in KINDS:
        if kind in ("heic", "heif"):
            yield make_picture(kind)
        else:
            yield make_picture(kind, size=_SIZE)
            if kind not in ("gif", "svg", "avif-animated"):  # that encoder crashes on EXIF
                yield make_picture(kind, size=_SIZE, orientation=6, taken_at=taken_at, gps=True)
    yield make_laughing_svg()


def _iter_exif() -> Iterator[bytes]:
    for data in _iter_pictures():
        at = data.find(b"Exif\0\0")
        if at >= 0:
            yield data[at : at + 400]
