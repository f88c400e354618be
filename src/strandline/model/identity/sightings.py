"""What the root of a storage directory says about its identity, as one value.

``folders/identity_files.py`` looks and fills an :class:`IdentitySighting`; ``rules`` decides from it. This module
sorts names by role and judges contents, so that looking stays simple. ``SD_ID.was-<uuid>`` states its value twice, in
its name and in its content. If the bytes are not available, the name is believed. If the two disagree, neither is.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from enum import StrEnum

from strandline.model.identity.sd_ids import (
    FORMER_IDENTITY_PREFIX,
    IDENTITY_FILE,
    LEGACY_IDENTITY_FILE,
    MAX_IDENTITY_BYTES,
    StorageDirId,
    find_identity_in,
)
from strandline.model.image_files import FileStamp
from strandline.model.sync_names import NameKind, explain_name, is_identity_like
from strandline.model.values import dataclass


class IdentityRole(StrEnum):
    """How a name in the root relates to the identity."""

    PLAIN = "plain"
    """``SD_ID`` itself."""
    LEGACY = "legacy"
    """``.sd-id``, as older programs write it."""
    FORMER = "former"
    """``SD_ID.was-<uuid>``, or a copy of one: gives an alias, never a candidate."""
    COPY = "copy"
    """A conflict copy of ``SD_ID``: any other name that begins with it, in any letter case."""
    TEMPORARY = "temporary"
    """``SD_ID`` on its way (``.syncthing.SD_ID.tmp``)."""
    HINT = "hint"
    """Hints only that an identity is here or on its way (a temporary of a copy, ``Copy of SD_ID``)."""


class Unfit(StrEnum):
    """Why an existing file holds no identity. The values appear in JSON and read as "it is …"."""

    EMPTY = "empty"
    TRUNCATED = "truncated"
    """Only the beginning of a UUID."""
    NUL = "broken by NUL bytes"
    TWO_LINES = "more than one line"
    TOO_LONG = "too long"
    OTHER = "not a UUID"
    DISAGREES = "another value than its name says"
    FOLDER = "a folder"
    LINK = "a link"
    SPECIAL = "not a regular file"
    EVICTED = "online-only"
    """Its bytes are in the cloud, or only its placeholder is here."""
    UNREADABLE = "unreadable"


class MediaFolder(StrEnum):
    """What has the name ``media``."""

    ABSENT = "absent"
    EMPTY = "empty"
    """A folder that contains only system litter."""
    FILLED = "filled"
    LINK = "a link"
    FILE = "not a folder"
    UNLISTABLE = "unlistable"


@dataclass(frozen=True, slots=True)
class IdentityFile:
    """One file that may hold an identity."""

    name: str
    value: StorageDirId | None = None
    """Its identity, or None."""
    unfit: Unfit | None = None
    """Why its bytes hold none; None if they do. A former value can have both, because its name is trusted."""
    stamp: FileStamp | None = None
    """None if it could not be examined."""
    spelling: str | None = field(default=None, compare=False)
    """The value as the file spells it: other programs compare the text."""


@dataclass(frozen=True, slots=True)
class LookError:
    """A look that failed with an error other than "no such file"."""

    name: str
    """``SD_ID``, ``.sd-id``, or the empty name for the root itself."""
    errno: int
    reason: str
    """The system's error message."""


@dataclass(frozen=True, slots=True)
class IdentitySighting:
    """Everything that decides an identity, from one look. The tuples are sorted by name."""

    plain: IdentityFile | None = None
    """``SD_ID``. If only its placeholder is here, an online-only entry. None: no such file."""
    legacy: IdentityFile | None = None
    """The same for ``.sd-id``."""
    copies: tuple[IdentityFile, ...] = ()
    former: tuple[IdentityFile, ...] = ()
    temporaries: tuple[IdentityFile, ...] = ()
    hints: tuple[IdentityFile, ...] = ()
    media: MediaFolder = MediaFolder.ABSENT
    errors: tuple[LookError, ...] = ()
    root_device: int = 0
    root_inode: int = 0

    @property
    def files(self) -> tuple[IdentityFile, ...]:
        """All of them: ``SD_ID``, ``.sd-id``, then copies, former values, temporaries, and hints."""
        found = (self.plain, self.legacy, *self.copies, *self.former, *self.temporaries, *self.hints)
        return tuple(file for file in found if file)

    @property
    def stamp(self) -> tuple[tuple[str, FileStamp | None], ...]:
        """Name, size, mtime, and inode of every identity file. If two stamps are equal, nothing changed."""
        return tuple(sorted(((file.name, file.stamp) for file in self.files), key=lambda pair: pair[0]))

    @property
    def ignored(self) -> tuple[IdentityFile, ...]:
        """Files that should hold an identity but do not, each with the reason; for the inspector."""
        return tuple(file for file in self.files if file.unfit and file.value is None)

    @property
    def candidates(self) -> frozenset[StorageDirId]:
        """The valid values of ``SD_ID``, ``.sd-id`` and the conflict copies."""
        found = (self.plain, self.legacy, *self.copies)
        return frozenset(file.value for file in found if file and file.value)

    @property
    def former_values(self) -> frozenset[StorageDirId]:
        """The values that lost earlier."""
        return frozenset(file.value for file in self.former if file.value)

    @property
    def may_show_one_later(self) -> bool:
        """True if ``SD_ID`` is here without a value that can be read now, or on its way."""
        return bool(self.plain and self.plain.value is None) or bool(self.temporaries)

    @property
    def is_without_any(self) -> bool:
        """True if there is not even a legacy one."""
        return self.looks_like_none and self.legacy is None and not self.errors

    @property
    def looks_like_none(self) -> bool:
        """True if no name looks like ``SD_ID`` (SPEC §4, rule 6)."""
        return not (self.plain or self.copies or self.former or self.temporaries or self.hints)


@dataclass(frozen=True, slots=True)
class IdentityName:
    """The role of a name in the root."""

    role: IdentityRole
    is_placeholder: bool = False
    """True if it is only a placeholder for a file whose bytes are in the cloud."""


def find_identity_name(name: str) -> IdentityName | None:
    """The role of a name in the root, or None if it has none (most names: two searches)."""
    folded = name.lower()
    if "sd_id" not in folded and LEGACY_IDENTITY_FILE not in folded:
        return None
    if name == IDENTITY_FILE:
        return IdentityName(IdentityRole.PLAIN)
    if name == LEGACY_IDENTITY_FILE:
        return IdentityName(IdentityRole.LEGACY)
    return _find_stand_in(name) or _find_by_beginning(name)


def _find_stand_in(name: str) -> IdentityName | None:
    """The role of a placeholder or temporary."""
    meaning = explain_name(name, _is_exact)
    if meaning.kind not in (NameKind.PLACEHOLDER, NameKind.TEMPORARY):
        return None
    is_placeholder = meaning.kind is NameKind.PLACEHOLDER
    if meaning.stands_for is None:
        # So it belongs to a conflict copy, if to anything.
        role = IdentityRole.COPY if is_placeholder else IdentityRole.HINT
        return IdentityName(role, is_placeholder) if is_identity_like(name) else None
    inside = meaning.stands_for.lower()
    if inside == LEGACY_IDENTITY_FILE:
        return IdentityName(IdentityRole.LEGACY, is_placeholder=True) if is_placeholder else None
    if inside == IDENTITY_FILE.lower():
        return IdentityName(IdentityRole.PLAIN if is_placeholder else IdentityRole.TEMPORARY, is_placeholder)
    return IdentityName(IdentityRole.FORMER if is_placeholder else IdentityRole.HINT, is_placeholder)


def _find_by_beginning(name: str) -> IdentityName | None:
    if _FORMER_NAME.match(name):
        return IdentityName(IdentityRole.FORMER)
    if name.lower().startswith(IDENTITY_FILE.lower()):
        return IdentityName(IdentityRole.COPY)
    return IdentityName(IdentityRole.HINT) if is_identity_like(name) else None


_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_FORMER_NAME = re.compile(re.escape(FORMER_IDENTITY_PREFIX) + f"({_UUID})", re.IGNORECASE | re.ASCII)


def _is_exact(name: str) -> bool:
    folded = name.lower()
    return folded in (IDENTITY_FILE.lower(), LEGACY_IDENTITY_FILE) or bool(_FORMER_NAME.fullmatch(name))


def former_name_of(value: StorageDirId) -> str:
    """The file name under which a losing value is kept."""
    return FORMER_IDENTITY_PREFIX + value


def judge_identity(name: str, data: bytes, stamp: FileStamp | None) -> IdentityFile:
    """Judges the bytes of an identity file.

    Args:
        name: Its name, for messages.
        data: At least its first ``MAX_IDENTITY_BYTES + 1`` bytes, or all of a shorter file.
        stamp: Stored, to compare two looks.
    """
    value = find_identity_in(data)
    spelling = data.removeprefix(b"\xef\xbb\xbf").strip().decode("ascii") if value else None
    return IdentityFile(name, value, None if value else _explain_unfit(data), stamp, spelling)


def judge_former(file: IdentityFile) -> IdentityFile:
    """Judges a file named ``SD_ID.was-<uuid>``.

    Its value counts if the bytes agree with the name, or if there are no bytes (empty, online-only, unreadable):
    names are written whole. A truncated file is ignored until the rest arrives.
    """
    named = _FORMER_NAME.search(file.name)
    value = StorageDirId(named[1].lower()) if named else None
    if file.unfit in (Unfit.EMPTY, Unfit.EVICTED, Unfit.UNREADABLE):
        return replace(file, value=value)
    if file.value not in (None, value):
        return replace(file, value=None, unfit=Unfit.DISAGREES)
    return file


_UUID_FORM = "00000000-0000-0000-0000-000000000000"


def _explain_unfit(data: bytes) -> Unfit:
    if b"\0" in data:
        return Unfit.NUL
    text = data.removeprefix(b"\xef\xbb\xbf").decode("ascii", "replace").strip()
    if not text:
        return Unfit.EMPTY
    if len(data) > MAX_IDENTITY_BYTES:
        return Unfit.TOO_LONG
    if len(text.splitlines()) > 1:
        return Unfit.TWO_LINES
    digits = re.sub("[0-9a-fA-F]", "0", text)
    is_beginning = len(digits) < len(_UUID_FORM) and _UUID_FORM.startswith(digits)
    return Unfit.TRUNCATED if is_beginning else Unfit.OTHER


_SYSTEMS = {"macos", "windows", "linux", "synology"}


def is_system_litter(name: str) -> bool:
    """True for files that operating systems leave in any folder (``.DS_Store``, ``desktop.ini``, …).

    ``._name`` is not one of them: it belongs to a file that may be an image on its way.
    """
    meaning = explain_name(name, lambda _: False)
    return meaning.kind is NameKind.LITTER and meaning.client in _SYSTEMS and not name.startswith("._")
