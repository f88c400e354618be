"""Copying: an image's proven bytes are saved in another storage directory, even over a file with wrong bytes.

So it restores a file that was edited in place, or arrived broken, from a good twin. Nothing is lost: saving copies
wrong bytes to the trash before it replaces them, and first saves a whole image under its own id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from strandline.model.image_ids import ImageId, is_content_id
from strandline.model.reports import Saved
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.services.finding.explain import get_image
from strandline.services.saving.save import save_image
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.services.finding.found_image import FoundImage


def copy_image(
    bench: Workbench, image_id: ImageId, to: StorageDir, *, first: StorageDir | None = None
) -> Saved:
    """Saves the image in that storage directory under its own id. Idempotent; durable when it returns.

    ``first`` is where its bytes are looked for before anywhere else.

    In a folder of named pictures, it gets the name of the found file, or its original one, and the id of its bytes.

    Raises:
        ImageNotFoundError: There is no good file of it anywhere. The subclass says why.
        RefusedError, UnavailableError, DiskError: The storage directory cannot be written to, as for saving.
    """
    if first is None and not is_content_id(image_id):
        first = to  # if other whole bytes have the id there, they are its image
    with get_image(bench, image_id, first) as found:
        if to.layout is not LayoutKind.NAMED:
            return save_image(bench, found.lend_copy(), to, image_id=image_id)
        return _save_named(bench, found, to)


def _save_named(bench: Workbench, found: FoundImage, to: StorageDir) -> Saved:
    with bench.catalog.read() as reader:
        names = reader.origins.list_names_of_images([found.image_id]).get(found.image_id, [])
    own = found.filename if found.sd.layout is LayoutKind.NAMED else None
    return save_image(bench, found.lend_copy(), to, name=own or next(iter(names), None), keeps_name=True)
