"""What is wanted back: files that are missing or bad, how their right bytes are recognized, and what was found. Pure.

A list of wanted files may come from another machine, so :func:`parse_wanted` believes nothing in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from strandline.errors import InvalidImageIdError, InvalidInputError
from strandline.model.changes import FileChange, HealReport, change_of
from strandline.model.image_ids import ImageId, content_id_of, is_content_id, parse_image_id
from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.layout import may_be_picture
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass
from strandline.model.verification import Fault

MOST_WANTED = 200_000
"""Rows of a list from another machine."""

_SHA256 = re.compile("[0-9a-f]{64}")
_find_content_id = re.compile("(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])").search


@dataclass(frozen=True, slots=True)
class WantedImage:
    """The bytes that are wanted: by their hash, by their id, or both."""

    image_id: ImageId | None
    sha256: str | None

    @property
    def content_id(self) -> ImageId | None:
        """The content id of the bytes. None if nobody knows which they were."""
        if self.sha256 is not None:
            return content_id_of(self.sha256)
        return self.image_id if self.image_id is not None and is_content_id(self.image_id) else None

    def is_right(self, sha256: str) -> bool:
        """Whether bytes with this hash are the wanted ones."""
        return sha256 == self.sha256 if self.sha256 is not None else content_id_of(sha256) == self.content_id


@dataclass(frozen=True, slots=True)
class WantedFile(JsonForm):
    """A file that is missing, or that has other bytes than it should."""

    sd: StorageDir
    path: str
    """Relative to the storage directory, with ``/``."""
    image_id: ImageId | None
    fault: Fault
    names: tuple[str, ...]
    """What people called it: the names that it was saved under, and the file's own if that is no id."""
    size_bytes: int | None
    """Of the right bytes; None if it is unknown."""
    sha256: str | None
    """Of the right bytes. A content id says it as well."""
    mtime_ns: int | None = None
    """The file's time when it was good."""
    is_elsewhere: bool = False
    """Whether the image is shown from another file, or from a conflict copy."""
    is_shown_from_copy: bool = False
    """Whether the file is missing, and a conflict copy in its storage directory shows the image: nothing is lost."""
    is_decayed: bool = False
    """The disk changed the bytes of a file under a content id."""
    stale_since: datetime | None = None
    """The file's own date if it is called arriving, and will hardly arrive any more."""

    JSON: ClassVar[Table] = {
        "image_id": "image_id",
        "sd_id": "sd.sd_id",
        "sd_name": "sd.name",
        "path": "path",
        "state": "fault",
        **own_keys("names", "size_bytes", "sha256"),
        "elsewhere": "is_elsewhere",
    }

    @property
    def image(self) -> WantedImage:
        """Its bytes."""
        return WantedImage(self.image_id, self.sha256)

    @property
    def change(self) -> FileChange:
        """Its row in a report of what is brought back."""
        return change_of(self.sd, self.path, self.image_id, self.size_bytes)


@dataclass(frozen=True, slots=True)
class NotYetMissing(JsonForm):
    """Files of a storage directory that the last scan did not find, and that do not count as missing yet."""

    sd: StorageDir
    files: int

    JSON: ClassVar[Table] = {"sd_id": "sd.sd_id", "sd_name": "sd.name", "files": "files"}


@dataclass(frozen=True, slots=True)
class UnreadFile(JsonForm):
    """A file or folder that could not be looked at."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class RescueReport(JsonForm):
    """What was found in the folders, and what was brought back. After a dry run, nothing was."""

    changes: HealReport
    not_found: tuple[WantedFile, ...]
    """What is still wanted."""
    files: int
    """Files that were seen."""
    checked: int
    """Those of them that were read."""
    unread: tuple[UnreadFile, ...]
    is_complete: bool = True
    """False if it was interrupted, or if there are more files than it looks at."""

    JSON: ClassVar[Table] = {
        "plan": "changes.plan", "done": "changes.done", "refused": "changes.refused", "not_found": "not_found",
        "files": "files", "checked": "checked", "unread": "unread", "complete": "is_complete",
    }  # fmt: skip


class Pattern:
    """Which files are worth reading: those that may have bytes that are wanted."""

    def __init__(self, wanted: Iterable[WantedFile]) -> None:
        known = [each for each in wanted if each.image.content_id is not None]
        self._sizes = {each.size_bytes for each in known if each.size_bytes is not None}
        self._names = {name.lower() for each in known for name in (*each.names, _last_part(each.path))}
        self._ids = {each.image.content_id for each in known}
        self._any_size = any(each.size_bytes is None for each in known)

    def rank(self, path: str, size_bytes: int) -> int | None:
        """0: the file has a wanted size, name, or id in its name. 1: it may be a picture, and a wanted one's size is
        unknown. None: it is not worth reading.

        Law: a file of the size of the wanted bytes has rank 0.
        """
        if size_bytes <= 0:
            return None
        name = _last_part(path).lower()
        if size_bytes in self._sizes:
            return 0
        if self._any_size:
            found = _find_content_id(name)
            if name in self._names or (found is not None and found[0] in self._ids):
                return 0
            return 1 if may_be_picture(name) else None
        return None


def parse_wanted(text: str | bytes) -> tuple[list[WantedImage], int]:
    """The images in what ``wanted --json`` printed, each once, and how many rows say nothing that can be looked for.

    Raises:
        InvalidInputError: It is no such list, or has more than :data:`MOST_WANTED` rows.
    """
    try:
        document = json.loads(text)
        rows = document["wanted"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInputError("this is not what `strandline wanted --json` prints") from error
    if not isinstance(rows, list) or len(rows) > MOST_WANTED:
        raise InvalidInputError(f"a list of wanted images has at most {MOST_WANTED:,} rows")
    return parse_rows(rows)


def parse_rows(rows: Sequence[object]) -> tuple[list[WantedImage], int]:
    """The same for the rows of such a list."""
    images = [_parse_row(row) for row in rows]
    known = [each for each in images if each is not None and each.content_id is not None]
    return list(dict.fromkeys(known)), len(rows) - len(known)


def _parse_row(row: object) -> WantedImage | None:
    if not isinstance(row, dict):
        return None
    image_id, sha256 = row.get("image_id"), row.get("sha256")
    if not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        sha256 = None
    try:
        parsed = parse_image_id(image_id) if isinstance(image_id, str) else None
    except InvalidImageIdError:
        parsed = None
    return WantedImage(parsed, sha256)


def choose_found(
    wanted: Iterable[WantedFile], found: Callable[[ImageId], Collection[tuple[str, str]]]
) -> tuple[list[tuple[WantedFile, str]], list[WantedFile]]:
    """Each wanted file with a file that has its bytes, and those without one.

    ``found`` gives path and SHA-256 of the files with a content id.
    """
    pairs, not_found = [], []
    for each in wanted:
        content_id = each.image.content_id
        files = () if content_id is None else found(content_id)
        path = next((path for path, sha256 in files if each.image.is_right(sha256)), None)
        if path is None:
            not_found.append(each)
        else:
            pairs.append((each, path))
    return pairs, not_found


def _last_part(path: str) -> str:
    return path.rpartition("/")[2]
