"""What names in a storage directory mean: which image a name is of, where images are kept, what proves them.

A :class:`Layout` is one pure value. Services ask it, so that they never parse a name or join a path themselves. There
are two: :class:`IdLayout` is ``media/{id}.{ext}``, and :class:`NamedLayout` is any folder as it is. A name is always
an image's name *within the images' folder*, as a listing gives it; :meth:`Layout.path_of` makes it a path relative to
the storage directory, with forward slashes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from strandline.model.image_ids import ImageId, is_content_id
from strandline.model.media_names import (
    candidate_names,
    classify_media_name,
    respell_names,
    split_wanted_name,
)
from strandline.model.media_types import NAMED_MEDIA_TYPES, MediaType, sniff_media_type
from strandline.model.storage_dirs import LayoutKind
from strandline.model.sync_names import NameKind, NameMeaning, explain_conflict_copy, explain_name
from strandline.model.values import dataclass

if TYPE_CHECKING:
    from strandline.model.ignored import IsIgnored


class Evidence(StrEnum):
    """What the bytes must show to count as the image of an id."""

    HASH = "hash"
    """Their SHA-256 begins with the id. No other check is needed."""
    STRUCTURE = "structure"
    """They are a whole image of a known type. The id itself says nothing about the bytes."""


class Layout(Protocol):
    """What a name means. Pure: implementations do not access a disk and keep no state.

    If names say nothing about ids, ``split`` gives None for each id, and ``candidates`` is empty. Then only the
    catalog knows where an image is.
    """

    @property
    def names_are_ids(self) -> bool:
        """Whether an image's name says its id. If not, the id is that of the bytes, known once they are proven."""
        ...

    @property
    def images_folder(self) -> str:
        """The folder of the images: a path relative to the storage directory, with ``/``; empty for the root."""
        ...

    def path_of(self, name: str) -> str:
        """The path of an image relative to the storage directory."""
        ...

    def name_of(self, path: str) -> str:
        """The name in a path that :meth:`path_of` made: that of a row in the catalog."""
        ...

    def find_name(self, path: str) -> str | None:
        """The name that belongs to this relative path. None if no images are kept there."""
        ...

    def split(self, name: str) -> tuple[ImageId | None, str] | None:
        """The image id (None if names do not say it) and, by extension, the media type of an image's name. None for
        any other name.

        Every scan calls it once per file, so it must be cheap.
        """
        ...

    def sniff(self, head: bytes) -> MediaType | None:
        """The type of a file by its first bytes (as many as ``SNIFF_BYTES``), or None if none that images have here.
        Never raises.
        """
        ...

    def explain(self, name: str) -> NameMeaning:
        """What any name in that folder means: an image, or what a sync client left. Never raises."""
        ...

    @property
    def ignores(self) -> IsIgnored | None:
        """Which paths a person wants to be left alone. None if none."""
        ...

    def is_ignored(self, path: str) -> bool:
        """Whether a person wants the file with this path, or the folder if it ends with ``/``, to be left alone."""
        ...

    def find_copied(self, name: str) -> str | None:
        """The image's name of which the name is a conflict copy, even if it is an image's name itself. None if it is
        no conflict copy, or if it does not say of what.
        """
        ...

    def candidates(self, image_id: ImageId) -> tuple[str, ...]:
        """The names that an image may have, preferred ones first. Leaves out names that only a listing finds."""
        ...

    def respell(self, image_id: ImageId, media_type: MediaType) -> tuple[str, ...]:
        """Other spellings that programs are known to give an image of the type: few, and none of ``candidates``."""
        ...

    def name_for(self, image_id: ImageId, media_type: MediaType) -> str:
        """The name under which a new image is saved."""
        ...

    def evidence_for(self, image_id: ImageId | None) -> Evidence:
        """What the bytes must show to be this image."""
        ...


@dataclass(frozen=True, slots=True)
class IdLayout:
    """``media/{id}.{ext}``: the name is the id. Ignores letter case and subfolders.

    Laws: ``split(name_for(id, type)) == (id, type.name)``; ``name_of(path_of(name)) == name``; each of
    ``candidates(id)`` and ``respell(id, type)`` splits into that id, and ``name_for(id, …)`` is among them.
    """

    ignores: None = None
    names_are_ids: bool = True
    images_folder: str = "media"

    split = staticmethod(split_wanted_name)
    explain = staticmethod(classify_media_name)
    candidates = staticmethod(candidate_names)
    respell = staticmethod(respell_names)

    def sniff(self, head: bytes) -> MediaType | None:
        """A type that an id-named file can have."""
        found = sniff_media_type(head)
        return found if found is not None and found.has_id_names else None

    def path_of(self, name: str) -> str:
        """``media/{name}``."""
        return f"{self.images_folder}/{name}"

    def name_of(self, path: str) -> str:
        """What follows ``media/``."""
        return path.removeprefix(f"{self.images_folder}/")

    def is_ignored(self, path: str) -> bool:  # noqa: ARG002
        """Never: what is in the images' folder has an id for a name."""
        return False

    def find_copied(self, name: str) -> str | None:
        """As ``explain`` says: no conflict copy's name is an image's."""
        return None if split_wanted_name(name) else classify_media_name(name).stands_for

    def find_name(self, path: str) -> str | None:
        """The last part of a path directly in the images' folder."""
        folder, _, name = path.rpartition("/")
        return name if folder == self.images_folder and name else None

    def name_for(self, image_id: ImageId, media_type: MediaType) -> str:
        """The id with the canonical extension, all lower case."""
        return f"{image_id}.{media_type.extension}"

    def evidence_for(self, image_id: ImageId | None) -> Evidence:
        """A hash for a content id; a whole image for a legacy id."""
        return Evidence.HASH if image_id is not None and is_content_id(image_id) else Evidence.STRUCTURE


_TYPE_BY_EXTENSION = {
    extension: media_type.name for media_type in NAMED_MEDIA_TYPES for extension in media_type.extensions
}

SHORT_ENDINGS = frozenset(
    f".{spelled}" for each in _TYPE_BY_EXTENSION if len(each) == 3 for spelled in (each, each.upper())
)
"""The last four characters of most pictures' names. A scan asks for them first, and calls no function for them."""

_find_picture_extension = re.compile(
    r"\.(?:" + "|".join(_TYPE_BY_EXTENSION) + r")(?:[.~]|\Z)", re.IGNORECASE | re.ASCII
).search


def may_be_picture(name: str) -> bool:
    """Whether a file name can be a picture's, or one that a sync client makes of it (``.x.png.icloud``). A folder of
    notes has many other files, and nothing more is asked about those.
    """
    return _find_picture_extension(name) is not None


@dataclass(frozen=True, slots=True)
class NamedLayout:
    """Any folder as it is: a name is the path below the root, as the disk spells it, and says nothing about the id.

    Hidden files and folders have a dot in front and are no pictures: programs put half-written files there.

    Laws: ``split`` knows no id; a name is an image's exactly if ``explain`` calls it wanted; ``path_of`` and
    ``name_of`` change nothing.
    """

    ignores: IsIgnored | None = None
    names_are_ids: bool = False
    images_folder: str = ""

    sniff = staticmethod(sniff_media_type)

    def path_of(self, name: str) -> str:
        """The name itself."""
        return name

    def name_of(self, path: str) -> str:
        """The path itself."""
        return path

    def find_name(self, path: str) -> str | None:
        """The path itself: images can be anywhere."""
        return path or None

    def split(self, name: str) -> tuple[None, str] | None:
        """The media type by the extension."""
        stem, _, extension = name.rpartition(".")
        media_type = _TYPE_BY_EXTENSION.get(extension.lower())
        if media_type is None or not stem or stem[0] == "." or stem[-1] == "/" or "/." in stem:
            return None
        return (None, media_type) if is_text(name) and not self.is_ignored(name) else None

    def explain(self, name: str) -> NameMeaning:
        """What the last part of the path means. What it stands for is in the same folder."""
        if self.split(name) is not None:
            return NameMeaning(NameKind.WANTED, stands_for=name)
        folder, slash, last = name.rpartition("/")
        if self.is_ignored(name) or self.split(last) is not None:  # in a hidden folder
            return NameMeaning(NameKind.STRAY)
        meaning = explain_name(last, self._is_wanted)
        if meaning.stands_for is None:
            return meaning
        stands_for = f"{folder}{slash}{meaning.stands_for}"
        return replace(meaning, stands_for=stands_for if self._is_wanted(stands_for) else None)

    def is_ignored(self, path: str) -> bool:
        """As the person's file says. A file in an ignored folder is ignored, too."""
        return self.ignores is not None and self.ignores(path)

    def find_copied(self, name: str) -> str | None:
        """A file beside it. The conflict copy is an image itself."""
        folder, slash, last = name.rpartition("/")
        meaning = explain_conflict_copy(last, self._is_wanted)
        return (
            None if meaning is None or meaning.stands_for is None else f"{folder}{slash}{meaning.stands_for}"
        )

    def candidates(self, image_id: ImageId) -> tuple[str, ...]:  # noqa: ARG002
        """None: no name can be guessed."""
        return ()

    def respell(self, image_id: ImageId, media_type: MediaType) -> tuple[str, ...]:  # noqa: ARG002
        """None."""
        return ()

    def name_for(self, image_id: ImageId, media_type: MediaType) -> str:
        """The id with the canonical extension: the name of an image that nobody has named."""
        return f"{image_id}.{media_type.extension}"

    def evidence_for(self, image_id: ImageId | None) -> Evidence:  # noqa: ARG002
        """A whole image. The name promises nothing else."""
        return Evidence.STRUCTURE

    def _is_wanted(self, name: str) -> bool:
        return self.split(name) is not None


def is_text(name: str) -> bool:
    """Whether a catalog can keep the name: it is text, on one line. On Linux, names are bytes, and may be neither."""
    if "\n" in name:
        return False
    try:
        return name.isascii() or bool(name.encode())
    except UnicodeEncodeError:
        return False


ID_LAYOUT: Layout = IdLayout()

NAMED_LAYOUT: Layout = NamedLayout()

LAYOUTS = {LayoutKind.IDS: ID_LAYOUT, LayoutKind.NAMED: NAMED_LAYOUT}
