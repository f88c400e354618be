"""What a person sees before an import: small copies of what is new, which folders have it already, and archives to
choose from.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from strandline.errors import FileChangedError, InvalidPathError, SourceNotFoundError
from strandline.model.image_files import FileState
from strandline.model.image_ids import ImageId, content_id_of
from strandline.services.saving.intake import take_source
from strandline.services.storage_dirs.paths import expand_user

if TYPE_CHECKING:
    from strandline.model.imports import ImportedImage
    from strandline.pictures.decoding import Thumbnail
    from strandline.services.thumbnails import Thumbnails
    from strandline.services.workbench import Workbench

AT_ONCE = 500
"""Images that the catalog is asked about in one statement."""

MOST_ARCHIVES = 50
"""More are not offered: one goes on typing."""


def draw_new(bench: Workbench, thumbnails: Thumbnails, image: ImportedImage, size: int) -> Thumbnail:
    """A small copy of a picture that a dry run called new: of exactly the bytes that it read, and no others.

    Raises:
        SourceNotFoundError, DiskError: It is no file of this machine (any more), or cannot be read.
        FileChangedError: It has other bytes now.
        UndecodablePictureError, PictureTooLargeError: It cannot be drawn.
    """
    if not os.path.isabs(image.source):
        raise SourceNotFoundError("only files of this machine can be shown", source=image.source)
    taken = take_source(bench, image.source, None)
    if content_id_of(taken.copy.sha256) != image.image_id:
        raise FileChangedError(f"{image.source} has other bytes now; look again", path=image.source)
    return thumbnails.draw(bytes(taken.buffer), image.media_type, size)


def count_elsewhere(bench: Workbench, image_ids: Sequence[ImageId], sd: int) -> dict[int, int]:
    """How many of the images each other storage directory has, by its number. Asks only the catalog."""
    found: Counter[int] = Counter()
    with bench.catalog.snapshot() as reader:
        for start in range(0, len(image_ids), AT_ONCE):
            for rows in reader.files.list_rows_of_images(list(image_ids[start : start + AT_ONCE])).values():
                found.update({row.sd for row in rows if row.sd != sd and row.state is FileState.PRESENT})
    return dict(found)


def list_archives(bench: Workbench, typed: str) -> list[str]:
    """The ZIP files whose paths begin with what was typed, by name; hidden ones only if their dot was typed.

    Empty if there are none, or if the folder above cannot be listed now. Cost: one listing.
    """
    above, begun = os.path.dirname(typed), os.path.basename(typed)

    def fits(name: str) -> bool:
        is_hidden = name.startswith(".") and not begun.startswith(".")
        folded = name.lower()
        return folded.endswith(".zip") and folded.startswith(begun.lower()) and not is_hidden

    try:
        parent = expand_user(above)
        if not os.path.isabs(parent):
            return []
        page = bench.folder_at(parent).list_paths([""], after="", limit=MOST_ARCHIVES, fits=fits)
    except (InvalidPathError, OSError):
        return []
    return [os.path.join(above, path) for path in page.paths]
