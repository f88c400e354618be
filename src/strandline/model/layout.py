"""What names in a storage directory mean: which image a name is of, where images are kept, what proves them.

A :class:`Layout` is one pure value. Services ask it, so that they never parse a name or join a path themselves.
Today's is :class:`IdLayout`: ``media/{id}.{ext}``. A name is always an image's name *within the images' folder*, as a
listing gives it; :meth:`Layout.path_of` makes it a path relative to the storage directory, with forward slashes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from strandline.model.image_ids import ImageId, is_content_id
from strandline.model.media_names import (
    candidate_names,
    classify_media_name,
    respell_names,
    split_wanted_name,
)
from strandline.model.media_types import MediaType
from strandline.model.sync_names import NameMeaning
from strandline.model.values import dataclass


class Evidence(StrEnum):
    """What the bytes must show to count as the image of an id."""

    HASH = "hash"
    """Their SHA-256 begins with the id. No other check is needed."""
    STRUCTURE = "structure"
    """They are a whole image of a known type. The id itself says nothing about the bytes."""


class Layout(Protocol):
    """What a name means. Pure: implementations do not access a disk and keep no state.

    For another kind of storage directory (such as a tree of pictures with human names), implement every method. If
    ids are known only after hashing, ``split`` may return None for every name and ``candidates`` nothing. Then only
    the catalog knows where an image is.
    """

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

    def split(self, name: str) -> tuple[ImageId, str] | None:
        """The image id and (by extension) media type of an image's name. None for any other name.

        Every scan calls it once per file, so it must be cheap.
        """
        ...

    def explain(self, name: str) -> NameMeaning:
        """What any name in that folder means: an image, or what a sync client left. Never raises."""
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

    def evidence_for(self, image_id: ImageId) -> Evidence:
        """What the bytes must show to be this image."""
        ...


@dataclass(frozen=True, slots=True)
class IdLayout:
    """``media/{id}.{ext}``: the name is the id. Ignores letter case and subfolders.

    Laws: ``split(name_for(id, type)) == (id, type.name)``; ``name_of(path_of(name)) == name``; each of
    ``candidates(id)`` and ``respell(id, type)`` splits into that id, and ``name_for(id, …)`` is among them.
    """

    images_folder: str = "media"

    split = staticmethod(split_wanted_name)
    explain = staticmethod(classify_media_name)
    candidates = staticmethod(candidate_names)
    respell = staticmethod(respell_names)

    def path_of(self, name: str) -> str:
        """``media/{name}``."""
        return f"{self.images_folder}/{name}"

    def name_of(self, path: str) -> str:
        """What follows ``media/``."""
        return path.removeprefix(f"{self.images_folder}/")

    def find_name(self, path: str) -> str | None:
        """The last part of a path directly in the images' folder."""
        folder, _, name = path.rpartition("/")
        return name if folder == self.images_folder and name else None

    def name_for(self, image_id: ImageId, media_type: MediaType) -> str:
        """The id with the canonical extension, all lower case."""
        return f"{image_id}.{media_type.extension}"

    def evidence_for(self, image_id: ImageId) -> Evidence:
        """A hash for a content id; a whole image for a legacy id."""
        return Evidence.HASH if is_content_id(image_id) else Evidence.STRUCTURE


ID_LAYOUT: Layout = IdLayout()
"""The layout of every storage directory today."""
