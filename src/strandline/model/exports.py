"""Exports: what a folder or archive of exported images has, under which names, and its manifest. Pure.

``images/`` has the pictures under readable names, ``thumbnails/`` small copies, ``manifest.json`` says exactly what
they are, and ``index.html`` (:mod:`~strandline.model.contact_sheet`) shows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from strandline.errors import InvalidInputError, StrandlineError
from strandline.model.events import parse_time
from strandline.model.image_ids import ImageId, parse_image_id
from strandline.model.json_form import JsonForm, Table, own_keys, to_json
from strandline.model.media_types import find_media_type
from strandline.model.new_names import plan_stem
from strandline.model.portable_names import explain_refused, fold_path
from strandline.model.reports import ImageInfo
from strandline.model.values import dataclass

IMAGES, THUMBNAILS, SHEET, MANIFEST = "images", "thumbnails", "index.html", "manifest.json"

FORMAT = "strandline-export"
VERSION = 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_THUMBNAIL = re.compile(r"[0-9a-f-]{32,36}\.(?:webp|jpg)")

MANIFEST_START_BYTES = 256
"""So much of a manifest says whose it is."""

_MANIFEST_START = re.compile(
    rb'\s*\{\s*"format"\s*:\s*"%s"\s*,\s*"version"\s*:\s*%d\s*,' % (FORMAT.encode(), VERSION)
)


@dataclass(frozen=True, slots=True)
class ExportedImage(JsonForm):
    """One image of an export; before it is read, as far as the catalog knows it."""

    image_id: ImageId
    name: str
    """In ``images/``."""
    media_type: str
    size_bytes: int | None
    sha256: str | None
    taken_at: datetime | None
    modified_at: datetime | None
    """Of the file that it was read from."""
    sd_id: str | None
    sd_name: str | None
    path: str | None
    """Of that file in its storage directory."""
    original_name: str | None = None
    width: int | None = None
    height: int | None = None
    thumbnail: str | None = None
    """In ``thumbnails/``; None if none could be made."""

    JSON: ClassVar[Table] = own_keys(
        "image_id", "name", "media_type", "size_bytes", "sha256", "taken_at", "modified_at", "sd_id", "sd_name",
        "path", "original_name", "width", "height", "thumbnail",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LeftOut(JsonForm):
    """An image that could not be exported, and why."""

    image: ExportedImage
    error: StrandlineError

    JSON: ClassVar[Table] = {
        "image_id": "image.image_id", "name": "image.name", "sd_id": "image.sd_id", "sd_name": "image.sd_name",
        "path": "image.path", "code": "error.code", "message": "error.message",
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExportReport(JsonForm):
    """What was planned, what was written, what was there already, and what was left out."""

    plan: tuple[ExportedImage, ...]
    done: tuple[ExportedImage, ...] = ()
    """All that the export has of the plan, also those that an earlier run wrote."""
    refused: tuple[LeftOut, ...] = ()
    already_there: int = 0
    """How many of them an earlier run wrote."""
    complete: bool = True
    """False if it was ended before all was tried. The same call continues."""


class Names:
    """The names of one export: readable, on every system, and each once as the least exact system compares them."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {fold_path(name) for name in taken}
        self._next: dict[str, int] = {}

    def choose(self, original_name: str | None, media_type: str, at: datetime) -> str:
        """A name that was not given before. ``at`` is for images without a name."""
        found = find_media_type(media_type)
        extension = "bin" if found is None else found.extension
        stem = plan_stem(original_name, extension, at)
        key = fold_path(f"{stem}.{extension}")
        number = self._next.get(key, 0)
        while True:
            name = f"{stem} {number}.{extension}" if number else f"{stem}.{extension}"
            number += 1
            if fold_path(name) not in self._taken:
                break
        self._next[key] = number
        self._taken.add(fold_path(name))
        return name


def plan_images(infos: Iterable[ImageInfo], names: Names) -> list[ExportedImage]:
    """The images in their order, each with a name of its own. An image that comes twice is exported once.

    Laws: no two names are one on any system, and every system can have each.
    """
    planned: dict[ImageId, ExportedImage] = {}
    for info in infos:
        if info.image_id not in planned:
            planned[info.image_id] = _plan(info, names)
    return list(planned.values())


def plan_unknown(image_id: ImageId, names: Names) -> ExportedImage:
    """An image of which the catalog knows nothing; a look at the disks may find it."""
    name = names.choose(f"Image {image_id[:8]}", "", _EPOCH)
    return ExportedImage(image_id, name, "", None, None, None, None, None, None, None)


def _plan(info: ImageInfo, names: Names) -> ExportedImage:
    best, file = info.best, info.files[0]
    at = best.taken_at or best.mtime or best.first_seen
    return ExportedImage(
        image_id=info.image_id,
        name=names.choose(info.original_name, info.media_type, at),
        media_type=info.media_type,
        size_bytes=info.size_bytes,
        sha256=None,
        taken_at=best.taken_at,
        modified_at=best.mtime,
        sd_id=file.sd_id,
        sd_name=file.sd_name,
        path=file.path,
        original_name=info.original_name,
        width=best.width,
        height=best.height,
    )


def correct_name(image: ExportedImage, media_type: str, names: Names) -> ExportedImage:
    """The image with the type of its bytes, and another name if the extension was that of another type."""
    if media_type == image.media_type:
        return image
    at = image.taken_at or image.modified_at or _EPOCH
    stem = image.original_name or image.name.rpartition(".")[0]
    return replace(image, media_type=media_type, name=names.choose(stem, media_type, at))


def format_manifest(
    images: Sequence[ExportedImage], refused: Sequence[LeftOut], *, complete: bool = True
) -> bytes:
    """The manifest's bytes. Law: :func:`parse_manifest` gives the images back."""
    import json  # here: not needed for --help

    document = {
        "format": FORMAT, "version": VERSION, "complete": complete, "images": to_json(list(images)),
        "left_out": to_json(list(refused)),
    }  # fmt: skip
    return (json.dumps(document, indent=1) + "\n").encode()


def is_manifest_start(start: bytes) -> bool:
    """Whether a file with these first bytes is the manifest of an export of ours. Law: true of
    :func:`format_manifest`.
    """
    return _MANIFEST_START.match(start) is not None


def is_thumbnail_name(name: str) -> bool:
    """Whether a file in ``thumbnails/`` has the name of one that an export writes."""
    return _THUMBNAIL.fullmatch(name) is not None


def parse_manifest(data: bytes) -> list[ExportedImage]:
    """The images of an earlier export. Nothing in it is believed that could lead anywhere else.

    Raises:
        InvalidInputError: It is no manifest of an export of ours.
    """
    import json

    try:
        document = json.loads(data)
        if (document["format"], document["version"]) != (FORMAT, VERSION):
            raise ValueError("another format")
        return [_parse_row(row) for row in document["images"]]
    except (ValueError, KeyError, TypeError, RecursionError, StrandlineError) as error:
        raise InvalidInputError(f"its {MANIFEST} is not that of an export ({error})") from error


def _parse_row(row: Mapping[str, object]) -> ExportedImage:
    name, sha256, thumbnail = row["name"], row["sha256"], row["thumbnail"]
    if not isinstance(name, str) or not name.strip(".") or re.search(r"[/\\]", name) or explain_refused(name):
        raise ValueError("a name is none")
    if not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        raise ValueError("a hash is none")
    if thumbnail is not None and not (isinstance(thumbnail, str) and _THUMBNAIL.fullmatch(thumbnail)):
        raise ValueError("a thumbnail's name is none")
    return ExportedImage(
        image_id=parse_image_id(str(row["image_id"])),
        name=name,
        media_type=str(row["media_type"]),
        size_bytes=_parse_number(row["size_bytes"]),
        sha256=sha256,
        taken_at=_parse_time(row["taken_at"]),
        modified_at=_parse_time(row["modified_at"]),
        sd_id=_parse_text(row["sd_id"]),
        sd_name=_parse_text(row["sd_name"]),
        path=_parse_text(row["path"]),
        original_name=_parse_text(row["original_name"]),
        width=_parse_number(row["width"]),
        height=_parse_number(row["height"]),
        thumbnail=thumbnail,
    )


def _parse_time(value: object) -> datetime | None:
    return None if value is None else parse_time(str(value))


def _parse_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ValueError("a text is none")


def _parse_number(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise ValueError("a number is none")
