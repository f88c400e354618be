"""Adopting: if another image is under an image's name, it is saved as a new image.

The edited file stays where it is. Notes may still point to it, other programs show it, and only a person knows
whether the old bytes are wanted back. :mod:`~.copy` restores those from a good twin.
"""

from __future__ import annotations

from strandline.errors import InvalidPathError, RefusedError
from strandline.model.image_files import FileState
from strandline.model.reports import Saved
from strandline.model.storage_dirs import StorageDir
from strandline.services.proving.prove import Outcome, prove_file
from strandline.services.saving.save import save_image
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.workbench import Workbench


def adopt_image(bench: Workbench, sd: StorageDir, filename: str) -> Saved:
    """Saves a foreign file's bytes in the same storage directory under their own content id. Idempotent.

    Raises:
        InvalidPathError: It is not the name of an image file.
        RefusedError: The file is not foreign (the message says what it is), or the storage directory must not be
            written to.
        UnavailableError, DiskError: It cannot be done now, as for saving.
    """
    folder = bench.folder(sd)
    if folder.layout.split(filename) is None:
        raise InvalidPathError(f"{filename[:200]!r} is not the name of an image file", path=filename[:200])
    sd = check_writable(bench, sd)
    result = prove_file(bench, sd, filename)
    if result.row is None or result.row.state is not FileState.FOREIGN or result.copy is None:
        found = "it has the image's own bytes" if result.outcome is Outcome.GOOD else result.reason
        raise RefusedError(
            f"{folder.where(filename)} is not another, whole image under an image's name: {found}; nothing was done",
            filename=filename,
        )
    return save_image(bench, result.copy, sd, name=filename)
