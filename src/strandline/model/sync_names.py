"""What an unknown name tells: which program left it, and next to which wanted name.

A sync client leaves traces in names: conflict copies, placeholders, half-arrived files, its own files. The patterns
here come from the clients' sources, their documentation, and from watching them (docs/hazards.md). They *explain,
never decide*. The strict grammar and the content decide what is an image, because no list of patterns is complete:
OneDrive's conflict copy is just the name followed by the name of the computer.

A pattern may fit a name in several ways (``SD_ID-my-pc``, and a UUID is full of dashes), so every way is tried, and
the one that leaves a wanted name wins.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from enum import IntEnum, StrEnum
from functools import cache, lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol, TypeVar

from strandline.model.identity.sd_ids import IDENTITY_FILE
from strandline.model.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

MAX_NAME_LENGTH = 255
"""No file system that a sync client serves allows longer names. The limit also bounds the cost of the patterns."""

_MAX_PILE_UP = 3
"""Maximum depth of copies of copies. Deeper ones would only let made-up names waste time."""


class NameKind(StrEnum):
    """What a name means. The values appear in JSON."""

    WANTED = "wanted"
    """A name that the store itself gives."""
    CONFLICT_COPY = "conflict-copy"
    """A sync client kept a second version."""
    DUPLICATE = "duplicate"
    """"Keep both": a numbered or "copy of" name. OneDrive's conflict copies look the same."""
    PLACEHOLDER = "placeholder"
    """The file exists; its bytes are in the cloud."""
    TEMPORARY = "temporary"
    """A file on its way, or put aside by the program that is writing it."""
    LITTER = "litter"
    """A file of a sync client or an operating system."""
    STRAY = "stray"
    """Anything else."""


@dataclass(frozen=True, slots=True)
class NameMeaning:
    """What a name means."""

    kind: NameKind
    client: str = ""
    """Which program makes such names (``syncthing``, ``macos``, …). Empty if no particular one does."""
    stands_for: str | None = None
    """The wanted name itself, or the wanted name that a copy was made from, that a placeholder represents, or that a
    temporary will get.

    None if that is not a wanted name. A temporary or placeholder *of a copy* stands for no wanted name.
    """


class _File(Protocol):
    @property
    def path(self) -> str: ...
    @property
    def first_seen(self) -> datetime: ...


SomeFile = TypeVar("SomeFile", bound=_File)
"""Anything that has a path and was seen at some time."""


def explain_name(name: str, is_wanted: Callable[[str], bool]) -> NameMeaning:
    """What the name means, by the patterns of sync clients and systems.

    Law: the kind is ``wanted`` if and only if ``is_wanted(name)``. If ``stands_for`` is not None,
    ``is_wanted(stands_for)`` holds.

    Args:
        name: One file name, from any machine. Surrogates (undecodable bytes), NUL, and newlines are allowed.
        is_wanted: Whether the store takes this name: a total, cheap predicate. Wanted names are ASCII.
    """
    if is_wanted(name):
        return NameMeaning(NameKind.WANTED, stands_for=name)
    if len(name) > MAX_NAME_LENGTH:
        return NameMeaning(NameKind.STRAY)
    # macOS gives names in decomposed form, but the patterns ("cópia") are composed.
    name = unicodedata.normalize("NFC", name)
    return (
        _find_litter(name)
        or _find_shell(name, is_wanted)
        or _find_copy(name, is_wanted, _MAX_PILE_UP)
        or NameMeaning(NameKind.STRAY)
    )


def may_be_conflict_copy(text: str) -> bool:
    """False if nothing in the text is the name of a conflict copy. One search: a whole listing can be asked."""
    return bool(_CONFLICT_HINT.search(text if text.isascii() else unicodedata.normalize("NFC", text)))


def explain_conflict_copy(name: str, is_wanted: Callable[[str], bool]) -> NameMeaning | None:
    """What a sync client's conflict copy is a copy of, even if its own name is wanted. None for any other name.

    Numbered names (``x (1).png``) are none: people and cameras use them. Of OneDrive's, only those with a name that
    Windows gave the computer are known; see :func:`needs_plain_file`. Cost for an ordinary name: one search.
    """
    if not may_be_conflict_copy(name):
        return None
    for bare in _iter_bare_names(name, _DEFAULT_HOST_MARK):
        if is_wanted(bare):
            return NameMeaning(NameKind.CONFLICT_COPY, "onedrive", bare)
    meaning = explain_name(name, lambda other: other != name and is_wanted(other))
    if meaning.kind is not NameKind.CONFLICT_COPY:
        return None
    return meaning if name.isascii() else replace(meaning, stands_for=_respell(meaning.stands_for, name))


def _respell(copied: str | None, name: str) -> str | None:
    """The name of what was copied in the Unicode form of the copy's name: a Mac decomposes both."""
    if copied is None:
        return None
    stem, dot, extension = copied.rpartition(".")
    ends = range(len(stem), len(name) + 1)
    same = (name[:end] for end in ends if unicodedata.normalize("NFC", name[:end]) == stem)
    return next((f"{own}{dot}{extension}" for own in same), copied)


def needs_plain_file(name: str) -> bool:
    """Whether this name is a conflict copy's only if the file that it was made from is beside it: it ends in the name
    of a computer, which alone shows nothing.
    """
    return next(_iter_bare_names(name, _DEFAULT_HOST_MARK), None) is not None


class Choice(IntEnum):
    """Whether a person chose a name, among the names of one thing. The lowest is the best one to show and to keep."""

    CHOSEN = 0
    NUMBERED = 1
    """A name of "keep both", or OneDrive's for a conflict copy, beside the name that it was made from."""
    CONFLICT_COPY = 2
    """Any other sync client's, whatever is beside it."""


def judge_names(names: Sequence[str]) -> list[Choice]:
    """Whether a person chose each of these names of one thing. A numbered name (``x (1).png``) counts as chosen,
    unless the name without the number is among them.

    Each may have folders before it, which do not count.
    """
    if len(names) < 2:
        return [Choice.CHOSEN] * len(names)
    own = [unicodedata.normalize("NFC", name.rpartition("/")[2]) for name in names]
    others = set(own)
    return [_judge_name(name, others) for name in own]


def put_copies_last(names: Sequence[str]) -> list[str]:
    """The names of one thing in their order, but those that nobody chose last, and of these conflict copies' last."""
    return [name for _, name in sorted(zip(judge_names(names), names, strict=True), key=itemgetter(0))]


def sort_by_name(files: Iterable[SomeFile]) -> list[SomeFile]:
    """Files with the same bytes, the one to show and to keep first: those whose names a person chose, then those that
    were here first, then those with the shortest paths.
    """
    known = list(files)
    choices = judge_names([file.path for file in known])
    order = sorted(
        range(len(known)),
        key=lambda at: (choices[at], known[at].first_seen, len(known[at].path), known[at].path),
    )
    return [known[at] for at in order]


def _judge_name(name: str, others: Collection[str]) -> Choice:
    meaning = explain_name(name, lambda other: other != name and other in others)
    if meaning.kind is NameKind.CONFLICT_COPY:
        return Choice.CONFLICT_COPY
    return Choice.NUMBERED if meaning.kind is NameKind.DUPLICATE else Choice.CHOSEN


def classify_identity_name(name: str) -> NameMeaning:
    """How a name in the root of a storage directory relates to ``SD_ID``.

    ``stands_for`` is ``SD_ID`` or None. Only the exact spelling is wanted. Another one (``sd_id``) is a conflict
    copy: on a disk that folds case it *is* the file, so its value must also count on other disks (hazard H26). Former
    values (``SD_ID.was-<uuid>``) are strays here, so check for their prefix first.
    """
    meaning = explain_name(name, _is_identity_in_any_case)
    if meaning.kind is NameKind.WANTED and name != IDENTITY_FILE:
        return NameMeaning(NameKind.CONFLICT_COPY, "letter-case", IDENTITY_FILE)
    return NameMeaning(meaning.kind, meaning.client, IDENTITY_FILE if meaning.stands_for else None)


def is_identity_like(name: str) -> bool:
    """True if the name hints that an ``SD_ID`` is here or on its way (SPEC §4 rule 6).

    It begins with SD_ID in any letter case, or it is a placeholder, temporary, or copy of such a name.
    """
    return explain_name(name, _begins_like_identity).stands_for is not None


def _is_identity_in_any_case(name: str) -> bool:
    # lower, not upper: str.upper() maps two non-ASCII letters (U+017F, U+0131) to ASCII ones.
    return name.lower() == IDENTITY_FILE.lower()


def _begins_like_identity(name: str) -> bool:
    return name.lower().startswith(IDENTITY_FILE.lower())


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """The pattern, compiled on first use: compiling all thirty at start-up would cost every command 10 ms."""
    # DOTALL: a name may hold a newline.
    return re.compile(text, re.IGNORECASE | re.DOTALL)


_LITTER = (
    r"(?P<syncthing>\.stfolder.*|\.stversions|\.stignore)"
    r"|(?P<resilio>\.sync|\.SyncID|\.SyncIgnore|\.SyncArchive)"
    r"|(?P<dropbox>\.dropbox(?:\.cache|\.attr)?|\.dropboxignore|rules\.dropboxignore)"
    r"|(?P<maestral>\.maestral\.cache)"
    r"|(?P<nextcloud>\._?sync_.*\.db.*|\.csync_journal\.db.*|\.sync-exclude\.lst|\.nextcloudsync\.log)"
    r"|(?P<owncloud>\.owncloudsync\.log.*)"
    r"|(?P<seafile>seafile-ignore\.txt)"
    r"|(?P<onedrive>\.nosync|\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|(?P<rclone>RCLONE_TEST)"
    r"|(?P<unison>\.unison)"
    r"|(?P<git>\.git)"
    r"|(?P<macos>\.DS_Store|\._.*|Icon\r|\.AppleDouble|\.Spotlight-V100|\.Trashes|\.fseventsd"
    r"|\.TemporaryItems|\.DocumentRevisions-V100|\.localized)"
    r"|(?P<windows>desktop\.ini|thumbs\.db|ehthumbs\.db|\$RECYCLE\.BIN|System Volume Information)"
    r"|(?P<synology>@eaDir|#recycle|\.snapshot)"
    r"|(?P<linux>lost\+found|\.Trash-[0-9]+|\.nfs[0-9a-f]+|\.directory)"
)

# A shell surrounds the whole name; "of" is the name inside.
_SHELLS = [
    (NameKind.PLACEHOLDER, "icloud", r"\.(?P<of>.+?)(?:-tef)?\.icloud"),
    (NameKind.PLACEHOLDER, "resilio", r"(?P<of>.+)\.(?:rsls~?|rsl~)"),
    (NameKind.PLACEHOLDER, "nextcloud", r"(?P<of>.+)\.nextcloud"),
    (NameKind.PLACEHOLDER, "owncloud", r"(?P<of>.+)\.owncloud"),
    (NameKind.TEMPORARY, "syncthing", r"(?:\.syncthing\.|~syncthing~)(?P<of>.+)\.tmp"),
    (NameKind.TEMPORARY, "unison", r"\.unison\.(?P<of>.+?)(?:\.[0-9a-f]{32})?\.unison\.tmp"),
    (NameKind.TEMPORARY, "unison", r"(?P<of>.+?)\.[0-9]+\.unison\.bak"),
    (NameKind.TEMPORARY, "rsync", r"(?P<of>)(?:\.~tmp~|\.rsync-partial)"),
    (NameKind.TEMPORARY, "rclone", r"(?P<of>.+)\.[0-9a-f]{8}\.partial"),
    (NameKind.TEMPORARY, "onedrive", r"(?P<of>.+)\.partial"),
    (NameKind.TEMPORARY, "nextcloud", r"\.(?P<of>.+)\.~[0-9a-f]{1,8}"),
    (NameKind.TEMPORARY, "resilio", r"(?P<of>.+)\.(?:!sync|syncpart|synctemp|syncold|bts)"),
    (NameKind.TEMPORARY, "google-drive", r"(?P<of>)\.tmp\.drive(?:download|upload)"),
    (NameKind.TEMPORARY, "browser", r"(?P<of>.+)\.(?:crdownload|part|filepart|download)"),
    (NameKind.TEMPORARY, "", r"(?P<of>)(?:~\$.*|\.~.*|~.*\.tmp|#.*#)"),
    (NameKind.TEMPORARY, "", r"(?P<of>.+)\.tmp"),
    (NameKind.TEMPORARY, "vim", r"\.?(?P<of>.+)\.sw[a-p]"),
    (NameKind.TEMPORARY, "seafile", r"(?P<of>.+)(?:~|\.sbak)"),
]

_RSYNC_SHELL = r"\.(?P<of>.+)\.[a-z0-9]{6}"
"""It matches far too much (``.vimrc.backup``), so it counts only around a wanted name."""

_CONFLICT_WORDS = "|".join(
    [
        r"conflicted cop(?:y|ies)|conflicting copy|conflict copy|case conflict|unicode encoding conflict",
        r"white ?space conflict|selective sync conflict|view-only conflicts?|shared folder conflict",
        r"case clash from|sfconflict|conflict_on_|conflict #[0-9]|edited by .+ on .+ @",
        r"in konflikt stehende kopie|konfliktkopie|schreibschutzkonflikt",
        r"copie en conflit|copia en conflicto|copia conflictiva|copia in conflitto|cópia em conflito",
        r"conflicterende kopie|skiftlägeskonflikt",
        r"上の問題のあるコピー|競合コピー|的冲突副本|冲突副本",
    ]
)

_COPY_WORDS = "copy|kopie|copie|copia|cópia|kopia|kopi|kopio|副本|コピー|복사본|копия"

# A mark follows the name, before or after its extension.
_CONFLICT_MARKS = [
    ("syncthing", r"\.sync-conflict-[0-9]{8}-[0-9]{6}(?:-[A-Z0-9]{7})?"),
    ("git-annex", r"\.variant-[0-9a-f]{4,}"),
    ("rclone", r"\.\.path[12]"),
    ("rclone", r"\.conflict[0-9]+"),
    ("resilio", r"\.conflict(?: ?[0-9]+)?"),
    ("onedrive", r"-[^/]+-safebackup-[0-9]+"),
    ("nextcloud", r"_conflict-[0-9]{8}-[0-9]{6}"),
    ("", r"\s*[(\[](?:.*?(?:" + _CONFLICT_WORDS + r").*|conflict(?:ed)?)[)\]](?: ?\([0-9]+\))?"),
]

# Too weak alone: they count only if a wanted name is left.
_DUPLICATE_MARKS = [
    ("", r" ?\([0-9]{1,3}\)"),
    ("icloud", r" [0-9]{1,3}"),
    ("", r"(?: - | )(?:" + _COPY_WORDS + r")(?: ?\(?[0-9]+\)?)?"),
]

_CONFLICT_HINT = re.compile(
    r"confli[ct]|konflik|path[12]|variant-|safebackup|case clash|edited by|競合|冲突|問題"
    r"|-(?:desktop|laptop|win)-[a-z0-9]{7}",
    re.IGNORECASE,
)
"""Every name of a conflict copy has one of these. The patterns take thirty times as long to say so."""

_COPY_OF = (
    r"(?:copy (?:\([0-9]+\) )?of|kopie van|kopie von|copie de|copia de|copia di|cópia de|kopia) (?P<of>.+)"
)

_HOST_MARK = r"-[^/]{1,63}"
"""OneDrive's conflict copy: the computer's name, which may contain spaces, dashes, and any script."""

_DEFAULT_HOST_MARK = (
    r"(?:-(?-i:DESKTOP-[A-Z0-9]{7,8}|LAPTOP-[A-Z0-9]{7,8}|WIN-[A-Z0-9]{11})(?:-[0-9]{1,3})?)+"
)
"""The same with a name that Windows gave the computer, which nearly nobody changes. No person names a picture so."""

_EXTENSION = r"\.[^.\s()\[\]]{1,12}\Z"


def _find_litter(name: str) -> NameMeaning | None:
    found = _pattern(_LITTER).fullmatch(name)
    return NameMeaning(NameKind.LITTER, found.lastgroup or "") if found else None


def _find_shell(name: str, is_wanted: Callable[[str], bool]) -> NameMeaning | None:
    """A placeholder or temporary, with the wanted name inside if there is one."""
    for kind, client, text in _SHELLS:
        if found := _pattern(text).fullmatch(name):
            inside = found["of"]
            return NameMeaning(kind, client, inside if is_wanted(inside) else None)
    found = _pattern(_RSYNC_SHELL).fullmatch(name)
    if found and is_wanted(found["of"]):
        return NameMeaning(NameKind.TEMPORARY, "rsync", found["of"])
    return None


@lru_cache(maxsize=256)  # marks come off in many orders with the same result
def _find_copy(name: str, is_wanted: Callable[[str], bool], depth: int) -> NameMeaning | None:
    """A conflict copy, of a wanted name or not, or a duplicate of a wanted name."""

    def find_original(bare_names: list[str]) -> str | None:
        for bare in bare_names:
            if is_wanted(bare):
                return bare
        # Copies pile up: "x (1) (2).png" is a copy of a copy.
        inner = _find_copy(bare_names[0], is_wanted, depth - 1) if bare_names and depth else None
        return inner.stands_for if inner else None

    unplaced = None
    for client, mark in _CONFLICT_MARKS:
        if bare_names := list(_iter_bare_names(name, mark)):
            meaning = NameMeaning(NameKind.CONFLICT_COPY, client, find_original(bare_names))
            if meaning.stands_for:
                return meaning
            unplaced = unplaced or meaning
    for client, mark in _DUPLICATE_MARKS:
        if original := find_original(list(_iter_bare_names(name, mark))):
            return NameMeaning(NameKind.DUPLICATE, client, original)
    if (found := _pattern(_COPY_OF).fullmatch(name)) and (original := find_original([found["of"]])):
        return NameMeaning(NameKind.DUPLICATE, "", original)
    for bare in _iter_bare_names(name, _HOST_MARK):
        if is_wanted(bare):
            return NameMeaning(NameKind.DUPLICATE, "onedrive", bare)
    return unplaced


def _iter_bare_names(name: str, mark: str) -> Iterator[str]:
    """Every name that is left if the mark is removed, shortest stem first."""
    pattern = _pattern(mark + r"\Z")
    extension = _pattern(_EXTENSION).search(name)
    bodies = [(name[: extension.start()], extension[0])] if extension else []
    for body, ending in [*bodies, (name, "")]:
        at = 1
        while found := pattern.search(body, at):
            yield body[: found.start()] + ending
            at = found.start() + 1
