"""Originals: the files that an image was once saved from. If the image is gone, one of them may still have its bytes.

They are outside the storage directories, and nothing watches them. So a file counts only if all of its bytes were
read just now and are the image's.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection

from strandline.errors import StrandlineError
from strandline.folders.port import Folder
from strandline.model.image_files import ImageFile
from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.reports import StorageDirTrace
from strandline.services.workbench import Workbench

MOST_FILES = 5
"""Files that are looked at, those of the latest saves first: a person waits for the answer."""

_PIECE_BYTES = 4 * 1024 * 1024


def find_original(bench: Workbench, image_id: ImageId, traces: Collection[StorageDirTrace]) -> str | None:
    """The path of a file with exactly the image's bytes, from which it was saved on this machine. None if there is
    none.

    Cost: at most :data:`MOST_FILES` files of the image's size are read. Nothing is downloaded: neither from mounted
    clouds nor from the cloud of an evicted file.
    """
    return find_original_among(bench, image_id, [row for trace in traces for row in trace.catalog])


def find_original_among(
    bench: Workbench, image_id: ImageId, rows: Collection[ImageFile], sha256: str | None = None
) -> str | None:
    """The same for an image with these rows. ``sha256`` is the hash of its bytes, if no row has it any more."""
    sizes = {row.stamp.size_bytes for row in rows if row.stamp is not None and row.proof is not None}
    hashes = {sha256} if sha256 is not None else {row.proof.sha256 for row in rows if row.proof is not None}
    with bench.catalog.read() as reader:
        sources = reader.origins.list_sources(image_id)
    for path in [source for source in sources if os.path.isabs(source)][:MOST_FILES]:
        found = _hash(bench, path, sizes)
        is_right = content_id_of(found) == image_id if found and is_content_id(image_id) else found in hashes
        if is_right:
            return path
    return None


def _hash(bench: Workbench, path: str, sizes: Collection[int]) -> str | None:
    """The SHA-256 of the file, or None if it cannot be the image, or cannot be read now."""
    parent, name = os.path.dirname(path), os.path.basename(path)
    folder = bench.folder_at(parent)
    try:
        found = folder.describe(name)
        fits = found.size_bytes in sizes or (
            not sizes and 0 < found.size_bytes <= bench.limits.read_max_bytes
        )
        if found.kind != "file" or not found.is_here or not fits or not folder.may_be_read_unasked:
            return None
        return _read(folder, name, found.size_bytes)
    except (OSError, StrandlineError):
        return None


def _read(folder: Folder, name: str, size_bytes: int) -> str | None:
    digest, done = hashlib.sha256(), 0
    while done < size_bytes:
        piece, _ = folder.read_piece(name, done, min(_PIECE_BYTES, size_bytes - done))
        if not piece:
            return None
        digest.update(piece)
        done += len(piece)
    return digest.hexdigest()
