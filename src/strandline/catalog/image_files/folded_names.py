"""The names of named pictures in the form in which they are looked up. Only writers need it, so they load it late."""

from __future__ import annotations

from strandline.model.folding import fold
from strandline.model.image_files import ImageFile
from strandline.model.layout import ID_LAYOUT
from strandline.model.portable_names import fold_path


def fold_name(path: str) -> str | None:
    """The last part of a named picture's path as other systems compare it. None if the name is an id: that is no
    other image's.
    """
    folder, _, name = path.rpartition("/")
    if folder == ID_LAYOUT.images_folder and ID_LAYOUT.split(name) is not None:
        return None
    return fold_path(name)


def fold_whole_path(row: ImageFile) -> str | None:
    """The path of a named picture as searches for images compare it. None if it is no image so far, or its name is an
    id.
    """
    return None if row.image_id is None or fold_name(row.path) is None else fold(row.path)
