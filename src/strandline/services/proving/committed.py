"""What git has: bytes that are those of the work tree's index need no decoder and no quiet to count (SPEC §15).

Plug-ins commit what is there every few minutes, also half a picture that is still arriving. So git is not asked about
bytes whose structure says that they are incomplete, until they would be called damaged.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from strandline.errors import StrandlineError
from strandline.model.git_index import GIT_INDEX, MAX_INDEX_BYTES, name_blob, parse_git_index

if TYPE_CHECKING:
    from strandline.folders.port import Folder, ProofCopy
    from strandline.services.workbench import Workbench


def is_committed(bench: Workbench, folder: Folder, path: str, copy: ProofCopy) -> bool:
    """Whether the folder is a git work tree whose index has exactly these bytes at the path.

    Cost: two ``lstat``; a read of the index if it has changed; a hash of the bytes if it has the path.
    """
    with suppress(OSError, StrandlineError), memoryview(copy.buffer) as view:
        blob = _read_index(bench, folder).get(path)
        return blob is not None and name_blob(view) == blob
    return False


def _read_index(bench: Workbench, folder: Folder) -> dict[str, bytes]:
    """What the index says now. Empty if there is none, or a very large one.

    A ``.git`` that is a file (a submodule, a second work tree) leads out of the folder and is not followed.
    """
    try:
        seen = folder.describe(GIT_INDEX)
    except (FileNotFoundError, NotADirectoryError):
        bench.git_indexes.pop(folder.root, None)
        return {}
    known = bench.git_indexes.get(folder.root)
    if known is not None and known[0] == seen:
        return known[1]
    data, size_bytes = folder.read_piece(GIT_INDEX, 0, MAX_INDEX_BYTES)
    blobs = parse_git_index(data) if len(data) == size_bytes else {}
    bench.git_indexes[folder.root] = seen, blobs
    return blobs
