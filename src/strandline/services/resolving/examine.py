"""Examining conflict copies: what a sync client left next to an image, and whether deleting it would lose anything.

The bytes of a copy are compared with the id in its name and with the file that it is a copy of. An inspection must
end, so the number of files and bytes is bounded. The rest is reported as "not examined".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import field, replace

from strandline.errors import ImageTooLargeError, UnreadableFileError
from strandline.folders.port import Folder
from strandline.model.conflicts import GONE
from strandline.model.image_files import parse_stamp
from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.layout import Layout
from strandline.model.listing import split_line
from strandline.model.sync_names import may_be_conflict_copy, needs_plain_file
from strandline.model.sync_status import FileItem
from strandline.model.values import dataclass

MAX_COPIES = 1000
"""Conflict copies whose bytes are compared (SPEC §8)."""
MAX_BYTES = 1024**3
"""Bytes that are read for it."""


@dataclass(frozen=True, slots=True)
class ConflictCopy:
    """One conflict copy from the listing."""

    name: str
    size_bytes: int | None
    """None if the listing does not say: its bytes are not here, or it is no regular file."""


def iter_conflict_copies(layout: Layout, lines: Collection[str]) -> Iterator[ConflictCopy]:
    """The listed images whose names say that they are conflict copies, by name: where names are no ids, they are
    images themselves.
    """
    names: set[str] = set()
    for line in sorted(line for line in lines if may_be_conflict_copy(line)):
        name, stamp = split_line(line)
        copied = layout.find_copied(name)
        if copied is None:
            continue
        if needs_plain_file(name):
            names = names or {split_line(each)[0] for each in lines}
            if copied not in names:
                continue  # it is a picture of its own
        yield ConflictCopy(name, parse_stamp(stamp).size_bytes)


@dataclass(frozen=True, slots=True)
class ExaminedCopy:
    """A conflict copy whose bytes were compared."""

    name: str
    size_bytes: int | None
    stands_for: str | None
    """The name of the plain file; None if the copy's name does not say."""
    image_id: ImageId | None
    bytes_are: str
    sha256: str | None = None
    plain_sha256: str | None = None
    """Of the plain file, or :data:`~strandline.model.conflicts.GONE`; None if it is unknown."""


def examine_copies(folder: Folder, copies: Iterable[ConflictCopy]) -> list[FileItem]:
    """What an inspection says of the copies, in the same order."""
    return [
        FileItem(
            folder.layout.path_of(each.name),
            each.image_id,
            each.size_bytes,
            (("stands_for", each.stands_for), ("bytes", each.bytes_are)),
        )
        for each in examine(folder, copies)
    ]


def examine(
    folder: Folder,
    copies: Iterable[ConflictCopy],
    *,
    most_copies: int = MAX_COPIES,
    most_bytes: int = MAX_BYTES,
) -> Iterator[ExaminedCopy]:
    """The copies with the result for their bytes, in the same order.

    ``true``: the bytes of the id, while the plain file has others or is gone. ``duplicate``: the bytes of the plain
    file. ``no plain file``: no id says which bytes are right, and the file that it is a copy of is gone.
    ``different``: none of these. ``not examined``: it, or the plain file, is beyond the limits, online-only, or
    unreadable.
    """
    examination = _Examination(folder, most_bytes)
    for position, copy in enumerate(copies):
        stands_for = folder.layout.find_copied(copy.name)
        wanted = None if stands_for is None else folder.layout.split(stands_for)
        image_id = None if wanted is None else wanted[0]
        unread = ExaminedCopy(copy.name, copy.size_bytes, stands_for, image_id, "not examined")
        if position < most_copies and copy.size_bytes is not None:
            yield examination.compare(unread)
        else:
            yield unread


@dataclass(slots=True)
class _Examination:
    folder: Folder
    bytes_left: int
    known: dict[str, str | None] = field(default_factory=dict)
    """What is known of the plain files, because several copies may belong to one."""

    def compare(self, copy: ExaminedCopy) -> ExaminedCopy:
        sha256 = plain = None
        try:
            sha256 = self._hash(copy.name)
            if sha256 is not None and copy.stands_for is not None:
                plain = self._hash_plain(copy.stands_for)
        except ImageTooLargeError:
            sha256 = None
        bytes_are = _say_bytes(copy, sha256, plain)
        return replace(copy, bytes_are=bytes_are, sha256=sha256, plain_sha256=plain)

    def _hash_plain(self, name: str) -> str | None:
        """SHA-256 of the plain file's bytes, or :data:`GONE`. None if that cannot be told."""
        if name not in self.known:
            sha256 = self._hash(name)
            self.known[name] = GONE if sha256 is None and self._is_gone(name) else sha256
        return self.known[name]

    def _is_gone(self, name: str) -> bool:
        try:
            return not self.folder.probe([name])
        except OSError:
            return False

    def _hash(self, name: str) -> str | None:
        """SHA-256 of the file's bytes. None if it is gone, unreadable, or changes meanwhile."""
        try:
            hashed = self.folder.hash_image(name, limit_bytes=self.bytes_left)
        except (OSError, UnreadableFileError):
            return None
        self.bytes_left -= hashed.size_bytes
        return None if hashed.changed_while_read else hashed.sha256


def _say_bytes(copy: ExaminedCopy, sha256: str | None, plain: str | None) -> str:
    if sha256 is None:
        return "not examined"
    is_promised = copy.image_id is not None and is_content_id(copy.image_id)
    if is_promised and content_id_of(sha256) != copy.image_id:
        return "different"
    if plain == sha256:
        return "duplicate"
    if is_promised:
        return "true"
    if copy.stands_for is not None and not plain:
        return "no plain file" if plain == GONE else "not examined"
    return "different"
