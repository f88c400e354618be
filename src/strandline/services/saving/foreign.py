"""What becomes of another picture under an image's name, before the image's own bytes replace it (SPEC §17).

It may be somebody's edit, so it is first saved under its own id. But bytes that the disk changed are no picture of
anybody's, and neither are bytes that no decoder can draw: those only go to the trash.
"""

from __future__ import annotations

from strandline.errors import StrandlineError, UndecodablePictureError
from strandline.model.image_files import FileState
from strandline.model.reports import Saved
from strandline.model.storage_dirs import StorageDir
from strandline.services.proving.decay import has_image_decayed
from strandline.services.proving.drawing import check_drawable
from strandline.services.proving.prove import ProofResult
from strandline.services.workbench import Workbench


def keep_foreign(bench: Workbench, sd: StorageDir, name: str, there: ProofResult) -> Saved | None:
    """Saves a foreign picture, as it was just read, under its own id. None if it is none, or nobody's.

    Cost: a look into the catalog, and unless that settles it, decoding it once. Raises as saving does.
    """
    from strandline.services.saving.save import save_image  # here: an attempt to save imports this module

    if there.row is None or there.row.state is not FileState.FOREIGN or there.copy is None:
        return None
    if is_nobodys(bench, there):
        return None
    return save_image(bench, there.copy, sd, name=name)


def is_nobodys(bench: Workbench, there: ProofResult) -> bool:
    """Whether no person can have wanted these bytes under the image's name: the disk changed them, or they cannot be
    drawn to their end. If nobody can tell, they are somebody's.
    """
    if there.copy is None:
        return False
    if has_image_decayed(bench, there.row):
        return True
    try:
        check_drawable(bench, there.copy)
    except UndecodablePictureError:
        return True
    except StrandlineError:
        return False
    return False
