"""Open references: pictures that notes miss, as far as they were told, and what is new about them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import ClassVar

from strandline.model.json_form import JsonForm, Table, own_keys
from strandline.model.layout import is_text
from strandline.model.note_checks import Finding, FindingKind
from strandline.model.values import dataclass

MOST_FILES = 200_000
"""A check holds the names of all files: about 150 bytes each. In a folder with more images, a person asks."""

_OPEN = frozenset({FindingKind.MISSING, FindingKind.MISPLACED})

_ON_ITS_WAY = frozenset(
    {FindingKind.ARRIVING, FindingKind.IN_CLOUD, FindingKind.OUTSIDE, FindingKind.DAMAGED}
)
"""There is something, or it cannot be told. So nothing is new, and nothing is resolved yet."""


@dataclass(frozen=True, slots=True)
class OpenReference(JsonForm):
    """A picture that a note misses."""

    note: str
    """The note's path relative to the storage directory, with ``/``."""
    target: str
    """The destination as the note spells it."""
    line: int
    """The first one in the note that has it."""
    path: str | None
    """Where the picture should be."""
    since: datetime
    """When it was noticed."""
    on_its_way: bool = False
    """Something of it is there now, but not yet all. It is not counted, and not resolved either."""

    JSON: ClassVar[Table] = own_keys("note", "target", "line", "path", "since")

    @property
    def key(self) -> tuple[str, str]:
        """A note misses the same picture once, however often it refers to it."""
        return self.note, self.target


@dataclass(slots=True)
class ReferenceNews:
    """What a check says that was not known before."""

    missing: list[OpenReference] = field(default_factory=list)
    resolved: list[OpenReference] = field(default_factory=list)
    """They are not missed any more: the picture is there, or the note does not refer to it."""
    moved: list[OpenReference] = field(default_factory=list)
    """They are on another line of the note now, or belong at another path, or are on their way, or not any more."""


def plan_news(
    known: Iterable[OpenReference],
    findings: Sequence[Finding],
    unread: Collection[str],
    now: datetime,
    emptied: Collection[str] = (),
) -> ReferenceNews:
    """Compares what was told with what a check of the whole storage directory found.

    Law: if the news are carried out, the same check has none. What a note misses that could not be read stays.

    Args:
        known: The open references.
        findings: Of the check.
        unread: The notes, and the folders with ``/`` at the end, that could not be read.
        now: The time.
        emptied: The notes that have no text, perhaps not yet. What they missed is on its way.
    """
    found: dict[tuple[str, str], OpenReference] = {}
    undecided = set()
    for each in findings:
        if each.note is None or each.target is None or each.line is None:
            continue
        if not is_text(each.note) or not is_text(each.target):
            continue  # no catalog can keep it, so nothing is told of it; the check itself reports it
        key = each.note, each.target
        if each.kind in _OPEN:
            path = each.file if each.file is not None and is_text(each.file) else None
            found.setdefault(key, OpenReference(each.note, each.target, each.line, path, now))
        elif each.kind in _ON_ITS_WAY:
            undecided.add(key)
    news = ReferenceNews()
    told = set()
    folders = tuple(path for path in unread if path.endswith("/"))
    for open_one in known:
        told.add(open_one.key)
        again = found.get(open_one.key)
        if open_one.key in undecided or (again is None and open_one.note in emptied):
            if not open_one.on_its_way:
                news.moved.append(replace(open_one, on_its_way=True))
        elif again is not None:
            now_open = replace(again, since=open_one.since)
            if now_open != open_one:
                news.moved.append(now_open)
        elif not (open_one.note in unread or open_one.note.startswith(folders)):
            news.resolved.append(open_one)
    news.missing.extend(each for key, each in found.items() if key not in told and key not in undecided)
    return news
