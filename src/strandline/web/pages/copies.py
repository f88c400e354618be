"""Conflict copies of one image side by side: what a person needs to choose the right one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from strandline.model.plain_words import say_bytes
from strandline.model.reports import StorageDirTrace
from strandline.model.storage_dirs import StorageDir
from strandline.web.pages.words import say_moment

KINDS = frozenset({"conflict-copy", "other-copy", "rival-copy"})
"""What an explanation calls conflict copies."""


class Compared(NamedTuple):
    """One conflict copy among others."""

    sd: StorageDir
    filename: str
    size: str
    """``3.1 MB, the largest``."""
    date: str
    bytes: str
    """Whose bytes it has."""


def compare_copies(traces: Sequence[StorageDirTrace]) -> list[Compared]:
    """The conflict copies that could be read, if there are at least two, in the order of the traces.

    Law: two of them are said to have the same bytes if and only if they do.
    """
    found = [
        (trace.sd, fact)
        for trace in traces
        for fact in trace.disk
        if fact.what in KINDS and fact.sha256 is not None
    ]
    if len(found) < 2:
        return []
    sizes = [fact.size_bytes or 0 for _, fact in found]
    dates = [fact.mtime for _, fact in found if fact.mtime is not None]
    first: dict[str | None, str] = {}
    compared = []
    for sd, fact in found:
        known = first.setdefault(fact.sha256, fact.filename)
        own = "the image’s own" if fact.what == "conflict-copy" else "its own"
        compared.append(
            Compared(
                sd,
                fact.filename,
                say_bytes(fact.size_bytes) + _say_most(fact.size_bytes, sizes, "the largest"),
                "not known"
                if fact.mtime is None
                else say_moment(fact.mtime) + _say_most(fact.mtime, dates, "the newest"),
                own if known == fact.filename else f"the same as {known}",
            )
        )
    return compared


def _say_date(at: datetime | None, dates: Sequence[datetime]) -> str:
    return "not known" if at is None else say_moment(at) + _say_most(at, dates, "the newest")


def _say_most(value: object, values: Sequence[object], words: str) -> str:
    """The words if only this value is the greatest."""
    return f", {words}" if value == max(values) and values.count(value) == 1 else ""  # type: ignore[type-var]
