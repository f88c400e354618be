"""Copying: an image's proven bytes are saved in another storage directory, also over a file with wrong ones.

So it restores what was edited in place, or arrived broken, from a good twin. What surprises: nothing is lost by it.
Saving copies wrong bytes to the trash before it replaces them, and gives a whole image an id of its own first.
"""

from __future__ import annotations

from strandline.model.image_ids import ImageId
from strandline.model.reports import Saved
from strandline.model.storage_dirs import StorageDir
from strandline.services.finding.explain import get_image
from strandline.services.saving.save import save_image
from strandline.services.workbench import Workbench


def copy_image(bench: Workbench, image_id: ImageId, to: StorageDir) -> Saved:
    """Saves the image in that storage directory under the id that it has. Idempotent; durable when it returns.

    Raises:
        ImageNotFoundError: There is no good file of it anywhere; the subclass says why.
        RefusedError, UnavailableError, DiskError: The storage directory cannot be written to, as for saving.
    """
    return save_image(bench, get_image(bench, image_id, to).open(), to, image_id=image_id)
