"""Months: the length of a listing before any of it is fetched, and the places inside it."""

from __future__ import annotations

from typing import ClassVar

from strandline.model.image_files import ImageCursor
from strandline.model.json_form import JsonForm, Table
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class Month(JsonForm):
    """How many images a month has."""

    month: str
    """``2026-11``"""
    count: int


@dataclass(frozen=True, slots=True)
class Months(JsonForm):
    """The number of images in each month, newest first."""

    months: tuple[tuple[str, int], ...]
    """``("2026-11", 42)``, newest first."""
    cursors: tuple[ImageCursor, ...] | None
    """Every so many images, from a walk over them. None if the catalog counts without one."""
    version: str
    """Changes with every change of the result."""
    files: int = 0
    """Number of matching files: more than images, if some of them have the same bytes."""
    is_fresh: bool = True
    """False if something has changed since, and a new walk is running."""

    JSON: ClassVar[Table] = {
        "months": "counts",
        "total": "total",
        "files": "files",
        "version": "version",
        "fresh": "is_fresh",
    }

    @property
    def total(self) -> int:
        """Number of distinct matching images."""
        return sum(count for _, count in self.months)

    def find_position(self, month: str, offset: int) -> int | None:
        """The position of that image of the month, counted over all matching images. None if the month has no such
        image.
        """
        before = 0
        for name, count in self.months:
            if name == month:
                return before + offset if offset < count else None
            before += count
        return None

    @property
    def counts(self) -> list[Month]:
        """The months, newest first."""
        return [Month(*each) for each in self.months]
