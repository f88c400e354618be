"""Entries: files anywhere below a storage directory, under names of their own, read as sources of a save."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from datetime import UTC, datetime

from strandline.errors import UnreadableFileError
from strandline.folders.disk_errors import as_unreadable
from strandline.folders.port import Folder
from strandline.folders.proof_copies import ProofCopy
from strandline.services.saving.intake import begin_copy
from strandline.services.saving.save_several import MOST_BYTES
from strandline.services.workbench import Workbench

PIECE_BYTES = 1024 * 1024
"""Read at once."""


def read_entry(
    bench: Workbench, folder: Folder, path: str, opened: ExitStack
) -> tuple[ProofCopy, datetime | None]:
    """The file's bytes, hashed, and when it was last written to. Follows no link; fetches nothing from the cloud.

    Of a file that exceeds the setting ``save.max_bytes``, only the beginning: a save refuses it.

    Raises:
        UnreadableFileError: It is not there, cannot be read now, or changes meanwhile.
    """
    where = os.path.join(folder.root, path)
    writer = opened.enter_context(begin_copy(bench, max_memory_bytes=MOST_BYTES))
    try:
        before = folder.describe(path)
        if not before.is_here:
            raise UnreadableFileError(
                f"the bytes of {where} are in the cloud; have the sync client download it", path=where
            )
        while writer.size_bytes <= bench.limits.save_max_bytes:
            if not (piece := folder.read_piece(path, writer.size_bytes, PIECE_BYTES)[0]):
                break
            writer.write(piece)
        after = folder.describe(path)
    except FileNotFoundError as error:
        raise UnreadableFileError(f"{where} is gone", path=where) from error
    except OSError as error:
        raise as_unreadable(error, where) from error
    if (before.size_bytes, before.mtime_s, before.inode) != (after.size_bytes, after.mtime_s, after.inode):
        raise UnreadableFileError(f"{where} is being written now; try again when that is done", path=where)
    modified_at = None
    with suppress(ValueError, OverflowError, OSError):  # a time that no calendar has
        modified_at = datetime.fromtimestamp(before.mtime_s, UTC)
    return writer.finish(), modified_at
