"""One image file: one file in one media folder that contains an image, as the catalog knows it.

The key is (storage directory, relative path), never the image id: one image can be in several storage directories,
and even twice in one (``x.heic`` and ``x.jpg``).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum

from strandline.model.image_ids import ImageId
from strandline.model.values import dataclass


class FileState(StrEnum):
    """What is known about an image file (SPEC §6). The values appear in JSON and in the catalog."""

    PRESENT = "present"
    """Here; proven or not (see :attr:`ImageFile.is_proven`)."""
    ARRIVING = "arriving"
    """The last look failed and the file is young: the rest may still be on its way."""
    DAMAGED = "damaged"
    """The last look failed and the file has not changed for 24 hours."""
    FOREIGN = "foreign"
    """A whole image under a content id that does not match its hash."""
    MISSING = "missing"
    """Not found by two healthy scans at least 60 s apart."""
    ONLINE_ONLY = "online-only"
    """Its name is here, its bytes are in the cloud."""
    TRASHED = "trashed"
    """Moved to the trash by a person."""


class ProofKind(StrEnum):
    """How the bytes were checked against the id."""

    HASH = "hash"
    """They hash to the content id."""
    STRUCTURE = "structure"
    """Legacy id: the image's structure reaches its end."""
    DECODED = "decoded"
    """Legacy id: the structure is odd, but the picture decodes to its last row. Shown, but never called proven."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What one ``lstat`` shows that changes if the bytes do. If two stamps are equal, the file has probably not
    changed.

    Of an object in a bucket it is the size, 0, and a number made of the ETag.
    """

    size_bytes: int
    mtime_ns: int
    """0 if the place keeps no time that belongs to the bytes."""
    inode: int
    """0 if the file system does not keep inode numbers (FUSE, exFAT, SMB, Windows listings)."""

    def as_text(self) -> str:
        """``size:mtime_ns:inode``. Listings and the catalog compare this form by the hundred thousand."""
        return f"{self.size_bytes}:{self.mtime_ns}:{self.inode}"

    @property
    def mtime(self) -> datetime | None:
        """When the bytes were written. None if the place does not say, or if no calendar has it."""
        if not self.mtime_ns:
            return None
        with suppress(ValueError, OverflowError, OSError):  # a time of another machine's disk
            return datetime.fromtimestamp(self.mtime_ns // 1000 / 1e6, UTC)
        return None


def parse_stamp(text: str) -> FileStamp:
    """Parses the text of :meth:`FileStamp.as_text`. Raises ``ValueError`` for anything else."""
    size_bytes, mtime_ns, inode = text.split(":")
    return FileStamp(int(size_bytes), int(mtime_ns), int(inode))


@dataclass(frozen=True, slots=True)
class Proof:
    """A successful look at the bytes. It is current while the file's stamp equals :attr:`stamp`."""

    kind: ProofKind
    sha256: str
    """SHA-256 of the whole file, 64 lower-case hex digits."""
    stamp: FileStamp
    proven_at: datetime
    ctime_ns: int | None = None
    """When the file last changed in any way, according to its disk. None if the disk keeps no such time. It
    reveals an edit that keeps size and mtime. A listing does not contain it, so only a reader that opens the file
    compares it.
    """
    whole: bool | None = None
    """Whether the bytes are a whole image. A hash proves only that they are the right ones. None for proofs that
    were made before this was recorded.
    """


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A row of the catalog. Times are aware UTC, by this machine's clock (``stamp`` is the file's own)."""

    sd: int
    """The storage directory's local number in this catalog."""
    path: str
    """Relative to the storage directory, with ``/``. With ``sd`` it is the key."""
    image_id: ImageId | None
    """None if the name does not say it and the bytes were never proven. Then it is the content id of the bytes that
    were proven last.
    """
    media_type: str
    """IANA media type: by the bytes once they were read, before that by the extension."""
    stamp: FileStamp | None
    """The last listed stamp. None for an online-only file that was never here."""
    state: FileState
    first_seen: datetime
    unchanged_since: datetime
    prior_state: FileState | None = None
    """The state before it became missing or online-only. It returns to that state."""
    absent_since: datetime | None = None
    absence_accepted: bool = False
    proof: Proof | None = None
    """The last proof, even if it has lapsed. Its hash shows whether new bytes are other bytes."""
    width: int | None = None
    height: int | None = None
    taken_at: datetime | None = None
    """From EXIF; read as UTC if it has no zone. Used for sorting."""

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def mtime(self) -> datetime | None:
        """The file's own time, which sorts it if nobody knows when it was taken. None if no calendar has it."""
        return None if self.stamp is None else self.stamp.mtime

    @property
    def proof_is_current(self) -> bool:
        """True if a proof of any kind is current for the bytes that the catalog saw last."""
        return self.proof is not None and self.proof.stamp == self.stamp

    @property
    def proof_kind(self) -> ProofKind | None:
        """The kind of the current proof; None if there is none."""
        return self.proof.kind if self.proof is not None and self.proof_is_current else None

    @property
    def is_proven(self) -> bool:
        """True if the file is present and has a current proof by hash or structure."""
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
    def is_present(self) -> bool:
        """True if the last look found it; proven or not."""
        return self.state is FileState.PRESENT and self.absent_since is None

    @property
    def is_incomplete(self) -> bool:
        """True if the file is present and has exactly the bytes of its id, but they are not a whole image."""
        return self.state is FileState.PRESENT and self.absent_since is None and self.is_whole is False


class Sort(StrEnum):
    """The order of a listing."""

    TAKEN = "taken"
    """By when the picture was taken (from EXIF; otherwise the file's own time), newest first. An image is at the
    place of its newest file.
    """
    ARRIVED = "arrived"
    """By when it was first seen here, latest first. A copy that is made later does not change it."""


@dataclass(frozen=True, slots=True)
class ImageFilter:
    """Which image files count; None means all. Trashed ones count only if requested."""

    sd: int | None = None
    state: FileState | None = None
    is_incomplete: bool = False
    """Only present files with the bytes of their id that are not a whole image."""
    is_unseen: bool = False
    """Only present files that the last listing did not find."""
    is_unread: bool = False
    """Only present files whose image is not known, so no image."""
    media_type: str | None = None
    text: str | None = None
    """The words of one of its original names, or of the path of a named file, or parts of them, in any order and
    spelling (``folding``); or the beginning of its id.
    """
    folder: str | None = None
    """Only files in this folder, or in one below it: its path in the storage directory, without ``/`` at the ends."""
    since: datetime | None = None
    """No older than this."""
    until: datetime | None = None
    """Older than this."""
    sort: Sort = Sort.TAKEN
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class ImageCursor:
    """One file's position in the order of a listing."""

    at_us: int
    """The time that the listing is sorted by."""
    sd: int
    path: str
