"""Which programs may use which tables: while machines are upgraded, programs of two versions run beside each other.

A database says which format its tables have, and the oldest one whose programs may use them. A step that only adds
(a table, a column that may be left out, an index) leaves the second number as it is, so older programs go on. A step
that takes something away, or gives it another meaning, raises it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from strandline.errors import CatalogTooNewError

FORMAT, OLDEST = "format", "oldest_format"
"""What the table ``meta`` calls the two. SQLite has a place of its own for the first one."""


def check_known(told: Mapping[str, str], known: int, what: str, path: str | None = None) -> None:
    """Checks whether a program that knows the format ``known`` may use tables of which this is told.

    Raises:
        CatalogTooNewError: They were changed so that it may not.
    """
    version = int(told.get(FORMAT, 0))
    if int(told.get(OLDEST, version)) > known:
        where = {} if path is None else {"path": path}
        raise CatalogTooNewError(
            f"{what} made by a newer Strandline (format {version}, this one knows {known}); update Strandline "
            f"{'on this machine' if path is None else 'or use another --home'}",
            version=version, known_version=known, **where,
        )  # fmt: skip
