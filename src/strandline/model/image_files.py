"""One image file: one file in one media folder that contains an image, as the catalog knows it.

The key is (storage directory, file), never the image id: one image can be in several storage directories, and even
twice in one (``x.heic`` and ``x.jpg``).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from strandline.model.image_ids import ImageId
from strandline.model.values import dataclass


class FileState(StrEnum):
    """What is known of an image file (SPEC §6). The values stand in JSON and in the catalog."""

    PRESENT = "present"
    """There; proven or not (see :attr:`ImageFile.is_proven`)."""
    ARRIVING = "arriving"
    """Its last look failed and it is young: the rest may still be on its way."""
    DAMAGED = "damaged"
    """Its look failed and it has not changed for 24 hours."""
    FOREIGN = "foreign"
    """A whole image under a content id that its bytes do not hash to."""
    MISSING = "missing"
    """Lacking in two healthy scans at least 60 s apart."""
    ONLINE_ONLY = "online-only"
    """Its name is here, its bytes are in the cloud."""
    TRASHED = "trashed"
    """Moved aside by a person, or by a save that replaced wrong bytes."""


class ProofKind(StrEnum):
    """How the bytes were checked against the id."""

    HASH = "hash"
    """They hash to the content id."""
    STRUCTURE = "structure"
    """Legacy id: the image's structure reaches its end."""
    DECODED = "decoded"
    """Legacy id: an odd structure, yet the picture decodes to its last row. Shown, never called proven."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What one ``lstat`` says that changes when the bytes do. Equal stamps mean: probably not changed."""

    size_bytes: int
    mtime_ns: int
    inode: int
    """0 where the file system does not keep inode numbers (FUSE, exFAT, SMB, Windows listings)."""

    def as_text(self) -> str:
        """``size:mtime_ns:inode``, the form that listings and the catalog compare by the hundred thousand."""
        return f"{self.size_bytes}:{self.mtime_ns}:{self.inode}"


def parse_stamp(text: str) -> FileStamp:
    """What :meth:`FileStamp.as_text` wrote; ``ValueError`` for anything else."""
    size_bytes, mtime_ns, inode = text.split(":")
    return FileStamp(int(size_bytes), int(mtime_ns), int(inode))


@dataclass(frozen=True, slots=True)
class Proof:
    """A look at the bytes that succeeded. It holds as long as the file's stamp equals :attr:`stamp`."""

    kind: ProofKind
    sha256: str
    """SHA-256 of the whole file, 64 lower-case hex digits."""
    stamp: FileStamp
    proven_at: datetime
    ctime_ns: int | None = None
    """When the file last changed in any way, by its disk; None if the disk keeps no such time. It tells an edit that
    keeps size and mtime. A listing does not show it, so only the reader that opens the file compares it."""
    whole: bool | None = None
    """Whether the bytes are a whole image; a hash proves only that they are the right ones. None for proofs that
    were made before this was asked."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A row of the catalog. Times are aware UTC and the catalog's own (``stamp`` is the file's)."""

    sd: int
    """The storage directory's local number in this catalog."""
    filename: str
    image_id: ImageId
    media_type: str
    """IANA media type, by bytes once they were read, by extension before."""
    stamp: FileStamp | None
    """What was listed last; None for an online-only file that was never here."""
    state: FileState
    first_seen: datetime
    unchanged_since: datetime
    prior_state: FileState | None = None
    """What it was before it became missing or online-only, so that it can come back as that."""
    absent_since: datetime | None = None
    absence_accepted: bool = False
    proof: Proof | None = None
    """The last proof, also when it has lapsed: its hash tells whether new bytes are other bytes."""
    width: int | None = None
    height: int | None = None
    taken_at: datetime | None = None
    """From EXIF, read as UTC where no zone is given; for sorting."""

    @property
    def proof_is_current(self) -> bool:
        """True where a proof of any kind holds for the bytes that the catalog saw last."""
        return self.proof is not None and self.proof.stamp == self.stamp

    @property
    def is_proven(self) -> bool:
        """True where the file is present and a current proof by hash or structure vouches for it."""
        return (
            self.state is FileState.PRESENT
            and self.absent_since is None
            and self.proof is not None
            and self.proof.stamp == self.stamp
            and self.proof.kind is not ProofKind.DECODED
        )

    @property
    def is_whole(self) -> bool | None:
        """Whether the bytes that the catalog saw last are a whole image; None if nobody knows."""
        return self.proof.whole if self.proof is not None and self.proof_is_current else None

    @property
    def is_incomplete(self) -> bool:
        """True if the file is present with exactly the bytes of its id, and they are not a whole image."""
        return self.state is FileState.PRESENT and self.absent_since is None and self.is_whole is False
