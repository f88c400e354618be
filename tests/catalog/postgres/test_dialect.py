"""The dialects: the same fragments, and values marked as each driver wants them."""

from __future__ import annotations

import pytest

from strandline.catalog.dialect import SQLITE, SqliteDialect
from strandline.catalog.postgres.dialect import POSTGRES, PostgresDialect, mark_values


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("SELECT 1", "SELECT 1"),
        ("a = ? AND b IN (?, ?)", "a = %s AND b IN (%s, %s)"),
        ("a = :sd AND b > :word0)", "a = %(sd)s AND b > %(word0)s)"),
        ("a % :every = 0", "a %% %(every)s = 0"),
        ("a LIKE '50%?' || ?", "a LIKE '50%%?' || %s"),
        ("split(a, ':', 2) = :a", "split(a, ':', 2) = %(a)s"),
        ("count(*)::text, :a::text", "count(*)::text, %(a)s::text"),
        ("a = 'it''s ?' AND b = ?", "a = 'it''s ?' AND b = %s"),
    ],
)
def test_values_are_marked_outside_of_texts(ours: str, theirs: str) -> None:
    """Not a word of a statement changes, and what is in quotes is no mark."""
    assert mark_values(ours) == theirs


def test_both_dialects_have_the_same_fragments() -> None:
    """What one lacks would be found out only when it is used."""

    def names(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert names(SqliteDialect) == names(PostgresDialect)
    assert SQLITE.use("i") == "INDEXED BY i"
    assert POSTGRES.use("i") == ""
