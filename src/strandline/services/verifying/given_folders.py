"""Given folders: a backup or another disk that a person names, and the files in them that may have right bytes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import field

from strandline.errors import EntryNotFoundError, StrandlineError
from strandline.model.image_ids import ImageId, content_id_of
from strandline.model.media_types import find_media_type_by_extension
from strandline.model.values import dataclass
from strandline.model.verification import Fault, VerifyFinding
from strandline.services.rescuing.wanted import recall_bytes
from strandline.services.saving.entries import read_entry
from strandline.services.workbench import Workbench

MOST_FILES = 1_000_000
"""Files of the given folders that are looked at."""


@dataclass(slots=True)
class GivenFolders:
    """The folders. They are listed once, when they are first needed, and each file in them is hashed at most once."""

    bench: Workbench
    folders: Sequence[str]
    _is_listed: bool = False
    _is_cut: bool = False
    _by_size: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    _by_name: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By the last part of the path, in lower case."""
    _pictures: dict[ImageId, str] | None = None
    """All pictures, by the content id of their bytes."""
    _hashes: dict[str, ImageId | None] = field(default_factory=dict)

    def iter_files(self, finding: VerifyFinding, sha256: str | None) -> Iterator[str]:
        """Files that may have the right bytes: of the right size, if it is known; otherwise with the right name, and
        then any picture.

        Cost: a read of each file of the size, or, if nobody knows the size, of each picture: once, for all findings.

        Raises:
            EntryNotFoundError: There are too many files, and the others were not looked at. It comes last.
        """
        if not self.folders:
            return
        self._ensure_listed()
        wanted = finding.image_id if sha256 is None else content_id_of(sha256)
        size_bytes = self._recall_size(finding, wanted)
        if size_bytes is not None:
            same_size = self._by_size.get(size_bytes, [])
            yield from (path for path in same_size if self._hash(path) in (wanted, None))
        else:
            yield from self._by_name.get(os.path.basename(finding.path).lower(), [])
            found = None if wanted is None else self._hash_pictures().get(wanted)
            if found is not None:
                yield found
        if self._is_cut:
            raise EntryNotFoundError(
                f"only {MOST_FILES:,} files of {', '.join(self.folders)} were looked at; name folders in them"
            )

    def _recall_size(self, finding: VerifyFinding, wanted: ImageId | None) -> int | None:
        """The size of the right bytes. None if nobody knows."""
        if finding.fault is Fault.ALTERED:
            return finding.size_bytes
        with self.bench.catalog.read() as reader:
            row = reader.files.find_row(finding.sd.number, finding.path)
            sha256, size_bytes = (None, None) if row is None else recall_bytes(reader, finding.sd, row)
        return size_bytes if sha256 is not None and content_id_of(sha256) == wanted else None

    def _hash(self, path: str) -> ImageId | None:
        """The content id of the file's bytes. None if it cannot be read: the next read says why."""
        if path not in self._hashes:
            self._hashes[path] = None
            with suppress(StrandlineError), ExitStack() as opened:
                folder = self.bench.folder_at(os.path.dirname(path))
                copy, _ = read_entry(self.bench, folder, os.path.basename(path), opened)
                self._hashes[path] = content_id_of(copy.sha256)
        return self._hashes[path]

    def _hash_pictures(self) -> dict[ImageId, str]:
        if self._pictures is None:
            self._pictures = {}
            for name, paths in self._by_name.items():
                if find_media_type_by_extension(name.rpartition(".")[2]) is not None:
                    for path in paths:
                        if (found := self._hash(path)) is not None:
                            self._pictures.setdefault(found, path)
        return self._pictures

    def _ensure_listed(self) -> None:
        """Lists all files in the folders. Follows no link."""
        if self._is_listed:
            return
        self._is_listed = True
        count = 0
        for root in self.folders:
            folder = self.bench.folder_at(os.path.abspath(root))
            for above, name in folder.iter_tree():
                count += 1
                if count > MOST_FILES:
                    self._is_cut = True
                    return
                path = f"{above}/{name}" if above else name
                with suppress(OSError):
                    entry = folder.describe(path)
                    if entry.kind == "file" and entry.is_here and entry.size_bytes is not None:
                        where = os.path.join(folder.root, path)
                        self._by_size[entry.size_bytes].append(where)
                        self._by_name[name.lower()].append(where)
