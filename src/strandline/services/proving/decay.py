"""Decay: the bytes of an image's file are others than when it was proven, and nobody wrote to it."""

from __future__ import annotations

from strandline.model.image_files import ImageFile
from strandline.model.verification import any_decayed
from strandline.services.workbench import Workbench


def has_image_decayed(bench: Workbench, row: ImageFile | None) -> bool:
    """Whether the file had the image's own bytes, and nobody seems to have written to it since. Reads the catalog."""
    if row is None or row.image_id is None or row.proof is not None:
        return False
    with bench.catalog.read() as reader:
        return any_decayed(row, reader.earlier.list_by_name(row.sd, row.filename))
