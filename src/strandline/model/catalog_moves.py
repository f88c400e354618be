"""The report of a catalog that moved from one database to another."""

from __future__ import annotations

from strandline.model.json_form import JsonForm
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class MovedTable(JsonForm):
    """One table, which has the same rows in both databases."""

    name: str
    rows: int
    sha256: str
    """Of all rows by key, computed from what each database answers."""


@dataclass(frozen=True, slots=True)
class CatalogMove(JsonForm):
    """What moved, and that it arrived."""

    source: str
    target: str
    tables: tuple[MovedTable, ...]

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables)
