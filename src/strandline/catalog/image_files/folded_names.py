"""The names of named pictures in the form in which they are looked up. Only writers need it, so they load it late."""

from __future__ import annotations

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
