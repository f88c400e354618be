"""Handing out: an image's bytes straight from its file, as long as a proof vouches for that very file (SPEC §5).

Looking an image up and reading it again to prove it is right for a command, and too slow for a server that hands out
the same picture a thousand times. A proof that may be relied on says what the file's stamp was; so the file is
opened, and if the *open file* has that stamp, its bytes are the proven ones. What surprises: each piece is read
before the stamp is compared again, and leaves only if it still fits. A file that somebody writes to while it is sent
ends the sending; it never becomes half another picture. Nor does a share that dies meanwhile hold up whoever reads.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial

from strandline.errors import ImageArrivingError, UnreadableFileError
from strandline.folders.disk_errors import as_unreadable
from strandline.folders.filesystems import Mount, MountKind
from strandline.folders.media_folder import open_image_file
from strandline.folders.opening import OpenedFile
from strandline.folders.proof_copies import ProofCopy, copy_bytes
from strandline.folders.time_limits import begin
from strandline.model.image_files import ImageFile
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.services.finding.candidates import Search
from strandline.services.finding.lookup import find_image
from strandline.services.proving.prove import has_reliable_proof
from strandline.services.workbench import Workbench


@dataclass(frozen=True, slots=True)
class _Place:
    bench: Workbench
    sd: StorageDir
    filename: str
    mount: Mount

    @property
    def is_local(self) -> bool:
        return self.mount.kind is MountKind.LOCAL

    def open(self) -> OpenedFile:
        return open_image_file(self.sd.path, self.filename, keeps_inodes=self.mount.keeps_inodes)


@dataclass(slots=True)
class HandOut:
    """An image that can be handed out now. Close it; its bytes come from :meth:`read`."""

    image_id: ImageId
    media_type: str
    size_bytes: int
    sha256: str
    proven: bool
    from_other_sd: bool
    _source: OpenedFile | ProofCopy
    _place: _Place | None = None
    """Where its file lies; None where the bytes come from a copy."""

    def read(self, offset: int, length: int) -> bytes:
        """Those of the proven bytes.

        Raises:
            ImageArrivingError: The file has changed since it was opened.
            UnreadableFileError: The disk refused, or did not answer in time.
        """
        source, place = self._source, self._place
        if isinstance(source, ProofCopy):
            return source.buffer[offset : offset + length]
        assert place is not None
        read_piece = partial(_read_piece, source, offset, length)
        try:
            if place.is_local:
                data = read_piece()
            else:
                data = place.bench.patient(place.sd.path, read_piece, mount=place.mount)
        except OSError as error:
            raise as_unreadable(error, source.path) from error
        if data is None or len(data) != min(length, self.size_bytes - offset):
            raise self._is_replaced()
        return data

    @property
    def is_quick(self) -> bool:
        """It can be opened again by :meth:`open_again`, at once: its file is proven, and lies on a local disk."""
        return self._place is not None and self._place.is_local

    def open_again(self) -> HandOut | None:
        """The same bytes from the same file, opened anew; None where another file, or none, lies there now.

        Cost: one open. Whether its storage directory is still the same is not asked.
        """
        assert self._place is not None
        assert isinstance(self._source, OpenedFile)
        place = self._place
        try:
            opened = place.open()
        except (OSError, UnreadableFileError):
            return None
        if opened.stamp == self._source.stamp:
            return HandOut(
                self.image_id, self.media_type, self.size_bytes, self.sha256, self.proven, self.from_other_sd,
                opened, place,
            )  # fmt: skip
        opened.close()
        return None

    def lend_copy(self) -> ProofCopy:
        """All bytes with their hash, as ``FoundImage.lend_copy`` gives them. Raises as :meth:`read`."""
        if isinstance(self._source, ProofCopy):
            return self._source
        copy = copy_bytes(self.read(0, self.size_bytes))
        if copy.sha256 != self.sha256:
            raise self._is_replaced()
        return copy

    def _is_replaced(self) -> ImageArrivingError:
        return ImageArrivingError(
            f"image {self.image_id} is being replaced at this moment; ask for it again",
            image_id=self.image_id,
        )

    def close(self) -> None:
        """Lets go of the file; harmless when repeated. Waits for no share or cloud, though closing asks some."""
        source, place = self._source, self._place
        if isinstance(source, ProofCopy):
            return
        if place is None or place.is_local:
            source.close()
        else:
            begin(place.mount.place, source.close)


def find_hand_out(
    bench: Workbench, image_id: ImageId, sd: StorageDir | None = None, *, may_fetch: bool = True
) -> HandOut | None:
    """The image, proven and ready to be read; None where no reachable SD can show it.

    Cost where a proof may be relied on: a small read of ``SD_ID``, one open. Else as
    :func:`~strandline.services.finding.lookup.find_image` with its bytes.
    """
    search = Search(bench, image_id, sd, may_fetch=may_fetch)
    for candidate in search.iter_candidates():
        row = candidate.row
        if row is not None and row.proof is not None and has_reliable_proof(row):
            place = _Place(bench, candidate.sd, row.filename, bench.mount_at(candidate.sd.path))
            opened = _open_proven(row, place)
            if opened is not None:
                return HandOut(
                    image_id, row.media_type, opened.stamp.size_bytes, row.proof.sha256, row.is_proven,
                    search.is_elsewhere(candidate.sd), opened, place,
                )  # fmt: skip
        break  # what comes first needs a look: only the whole lookup knows what it is worth
    found = find_image(bench, image_id, sd, with_bytes=True, may_fetch=may_fetch)
    if found is None:
        return None
    return HandOut(
        image_id, found.media_type, found.size_bytes, found.sha256, found.proven, found.from_other_sd,
        found.lend_copy(),
    )  # fmt: skip


def _open_proven(row: ImageFile, place: _Place) -> OpenedFile | None:
    """The file, open, if it is the very one that the row's proof vouches for."""

    def open_file() -> OpenedFile | None:
        opened = place.open()
        if opened.stamp == row.stamp:
            return opened
        opened.close()
        return None

    try:
        return place.bench.patient(place.sd.path, open_file, late=_close, mount=place.mount)
    except (OSError, UnreadableFileError):
        return None


def _read_piece(source: OpenedFile, offset: int, length: int) -> bytes | None:
    """Bytes of the open file; None where it has changed since it was opened."""
    data = os.pread(source.fd, length, offset)
    return data if source.is_still_as_opened() else None


def _close(opened: OpenedFile | None) -> None:
    if opened is not None:
        opened.close()
