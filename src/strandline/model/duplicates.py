"""Duplicates: files with the same bytes, how much space they take, and which of them may go. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import ClassVar

from strandline.model.deletions import DeleteStep
from strandline.model.image_ids import ImageId, is_content_id
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_names import Choice, judge_names, sort_by_name
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class DuplicateFile(JsonForm):
    """A file whose bytes another file has, too."""

    sd: StorageDir
    path: str
    image_id: ImageId
    """Files with the same bytes may have several: an id of an older program, and the one of the bytes."""
    first_seen: datetime
    inode: int
    """0 if the file system keeps none."""
    mtime: datetime | None = None
    """The file's own date; None if no calendar has it."""

    JSON: ClassVar[Table] = {
        "image_id": "image_id",
        "sd_id": "sd.sd_id",
        "sd_name": "sd.name",
        **own_keys("path", "first_seen"),
    }


@dataclass(frozen=True, slots=True)
class DuplicateGroup(JsonForm):
    """All files with the same bytes, by storage directory and path."""

    sha256: str
    size_bytes: int
    files: tuple[DuplicateFile, ...]

    JSON: ClassVar[Table] = own_keys("sha256", "size_bytes", "extra_bytes", "files")

    @property
    def extra_bytes(self) -> int:
        """What they take besides one file in each storage directory. Links to one file take nothing."""
        return self.size_bytes * sum(_count_files(own) - 1 for own in self.by_storage_dir())

    def by_storage_dir(self) -> list[list[DuplicateFile]]:
        """The files of each storage directory. Those of two are backups of one another, and never too many."""
        found = defaultdict[int, list[DuplicateFile]](list)
        for file in self.files:
            found[file.sd.number].append(file)
        return list(found.values())


@dataclass(frozen=True, slots=True)
class DuplicateReport(JsonForm):
    """What the catalog knows of files with the same bytes."""

    groups: tuple[DuplicateGroup, ...]
    """Those that take the most space come first."""
    in_several: int
    """Pictures that are in several storage directories."""

    JSON: ClassVar[Table] = {
        "duplicates": "groups",
        "extra_bytes": "extra_bytes",
        "in_several": "in_several",
    }

    @property
    def extra_bytes(self) -> int:
        """What all of them take besides one file in each storage directory."""
        return sum(group.extra_bytes for group in self.groups)


@dataclass(frozen=True, slots=True)
class FoldStep:
    """A file that would go to the trash, because others in its storage directory have the same bytes."""

    step: DeleteStep
    sha256: str
    keepers: tuple[str, ...]
    """The paths of those that stay."""


def choose_to_fold(
    files: Sequence[DuplicateFile], used: Collection[tuple[int, str]]
) -> tuple[list[DuplicateFile], list[DuplicateFile]]:
    """Which of the files of one storage directory with the same bytes stay, and which go.

    All that a text names stay. If there are none, or only such whose names nobody chose, the best of the others
    stays: by its name, then with the id of its bytes, then the first one by ``sort_by_name``.

    Laws: at least one stays, and none goes that is used. A copy never stays without the file that it is a copy of.
    """
    choices = dict(zip(files, judge_names([file.path for file in files]), strict=True))
    stay = [file for file in files if (file.sd.number, file.path) in used]
    if all(choices[file] is not Choice.CHOSEN for file in stay):
        best = min(sort_by_name(files), key=lambda file: (choices[file], not is_content_id(file.image_id)))
        if not stay or choices[best] is Choice.CHOSEN:
            stay = [file for file in files if file in (*stay, best)]
    return stay, [file for file in files if file not in stay]


def _count_files(files: Sequence[DuplicateFile]) -> int:
    """How many there are on the disk."""
    inodes = [file.inode for file in files]
    return len({inode for inode in inodes if inode}) + inodes.count(0)
