"""Storage directories in the catalog: numbers, identities and aliases, names, paths and states.

The number is the key and never changes; the identity is an attribute that can. What surprises: two rows may
carry the same identity (a copied folder), or the same path (two disks that are mounted there in turn), but never
the same name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirQuestion, StorageDirState

if TYPE_CHECKING:
    from strandline.model.identity.anchors import Anchors


@cache
def _select(dialect: Dialect) -> str:
    """The aliases come in the same statement, a line each: every lookup pays for this question."""
    return (
        "SELECT number, sd_id, provisional, name, path, state, problem, read_only, first_scan_done, added_at_us, "
        f"question, layout, layout_chosen, (SELECT {dialect.lines('sd_id')} FROM storage_dir_aliases AS a "
        "WHERE a.number = storage_dirs.number) FROM storage_dirs"
    )


_STATES = {each.value: each for each in StorageDirState}
_LAYOUTS = {each.value: each for each in LayoutKind}
"""By their values. A call of the class costs five times as much, and every lookup pays for it."""


@lru_cache(maxsize=1024)  # every lookup reads all rows, and they hardly change
def _to_storage_dir(row: tuple[Any, ...]) -> StorageDir:
    (
        number, sd_id, provisional, name, path, state, problem, read_only, first_scan_done, added_at_us, question,
        layout, layout_chosen, aliases,
    ) = row  # fmt: skip
    return StorageDir(
        number=number,
        sd_id=sd_id,
        provisional=bool(provisional),
        name=name,
        path=path,
        state=_STATES[state],
        problem=problem,
        question=None if question is None else StorageDirQuestion(question),
        read_only=bool(read_only),
        first_scan_done=bool(first_scan_done),
        layout=_LAYOUTS[layout],
        is_layout_chosen=bool(layout_chosen),
        added_at=from_microseconds(added_at_us),
        aliases=() if aliases is None else tuple(sorted(aliases.split("\n"))),
    )


class StorageDirReader:
    """The storage directories of this catalog."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect
        self._select = _select(dialect)

    def list_storage_dirs(self) -> list[StorageDir]:
        """All storage directories in the order in which they were added. Cost: one statement."""
        return [_to_storage_dir(row) for row in self._conn.execute(f"{self._select} ORDER BY number")]

    def list_with_identity(self, sd_id: StorageDirId | None, *, omit: int | None = None) -> list[StorageDir]:
        """Those with this identity, not as an alias: more than one if a folder was copied. None: without one.

        Without the one that has the number ``omit``.
        """
        rows = self._conn.execute(
            f"{self._select} WHERE {self._sql.same('sd_id', '?')} AND {self._sql.differs('number', '?')} "
            "ORDER BY number",
            (sd_id, omit),
        )
        return [_to_storage_dir(row) for row in rows]

    def find_storage_dir(self, number: int) -> StorageDir | None:
        """The storage directory with the local number, or None."""
        row = self._conn.execute(f"{self._select} WHERE number = ?", (number,)).fetchone()
        return None if row is None else _to_storage_dir(row)

    def find_anchors(self, number: int) -> Anchors | None:
        """What the SD without an identity file was recognized by when it was last here; None if it never was."""
        row = self._conn.execute("SELECT anchors FROM storage_dirs WHERE number = ?", (number,)).fetchone()
        if row is None or row[0] is None:
            return None
        from strandline.model.identity.anchors import Anchors  # here: most folders have an identity

        place, names = json.loads(row[0])
        return Anchors(place, frozenset(names))


class StorageDirWriter(StorageDirReader):
    """Adds, moves, renames, and forgets storage directories."""

    def hold_all(self) -> None:
        """Until the end of the transaction, nobody else adds or changes storage directories. Call it first, if what
        is written depends on all of them, such as whether a name is free. Rows of image files are not concerned.

        Raises:
            CatalogLockedError: At the end of the transaction: others held them for too long.
        """
        if self._sql.hold_storage_dirs:
            self._conn.execute(self._sql.hold_storage_dirs)

    def insert_storage_dir(
        self,
        *,
        sd_id: StorageDirId | None,
        provisional: bool,
        name: str,
        path: str,
        state: StorageDirState,
        problem: str | None,
        read_only: bool,
        added_at: datetime,
        question: StorageDirQuestion | None = None,
        layout: LayoutKind = LayoutKind.IDS,
        is_layout_chosen: bool = False,
    ) -> int:
        """Adds a storage directory and returns its number.

        Raises:
            CatalogError: At the end of the transaction: the name is taken. The caller must check first.
        """
        ((number,),) = self._conn.execute(
            "INSERT INTO storage_dirs (sd_id, provisional, name, path, state, problem, read_only, "
            "added_at_us, question, layout, layout_chosen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "RETURNING number",
            (
                sd_id, int(provisional), name, path, state.value, problem, int(read_only),
                as_microseconds(added_at), question, layout.value, int(is_layout_chosen),
            ),
        ).fetchall()  # fmt: skip
        return int(number)

    def update_state(
        self,
        sd: StorageDir,
        state: StorageDirState,
        problem: str | None,
        question: StorageDirQuestion | None = None,
    ) -> bool:
        """Changes the SD's state if it still is ``sd.state``. False if another process was faster."""
        cursor = self._conn.execute(
            "UPDATE storage_dirs SET state = ?, problem = ?, question = ? "
            f"WHERE number = ? AND state = ? AND {self._sql.same('problem', '?')} "
            f"AND {self._sql.same('question', '?')}",
            (state.value, problem, question, sd.number, sd.state.value, sd.problem, sd.question),
        )
        return cursor.rowcount == 1

    def update_identity(self, number: int, sd_id: StorageDirId, *, provisional: bool) -> None:
        """Sets the identity. The caller keeps the old one as an alias with :func:`add_aliases`."""
        self._conn.execute(
            "UPDATE storage_dirs SET sd_id = ?, provisional = ? WHERE number = ?",
            (sd_id, int(provisional), number),
        )
        self._conn.execute("DELETE FROM storage_dir_aliases WHERE number = ? AND sd_id = ?", (number, sd_id))

    def add_aliases(self, number: int, aliases: Iterable[StorageDirId]) -> None:
        """Adds the values to the SD's aliases. Idempotent."""
        self._conn.executemany(
            "INSERT INTO storage_dir_aliases (number, sd_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(number, alias) for alias in aliases],
        )

    def update_path(self, number: int, path: str) -> None:
        """Sets the SD's path. Without an identity file, what is there now counts as it."""
        self._conn.execute(
            "UPDATE storage_dirs SET path = ?, anchors = NULL WHERE number = ?", (path, number)
        )

    def update_name(self, number: int, name: str) -> None:
        """Sets the SD's name."""
        self._conn.execute("UPDATE storage_dirs SET name = ? WHERE number = ?", (name, number))

    def update_read_only(self, number: int, *, read_only: bool) -> None:
        """Sets whether the SD is read-only."""
        self._conn.execute("UPDATE storage_dirs SET read_only = ? WHERE number = ?", (int(read_only), number))

    def update_layout(self, number: int, layout: LayoutKind, *, is_chosen: bool) -> None:
        """Sets the layout, and whether a person chose it. If it is another one, drops all files of the SD, because
        their names meant something else: the next scan is a first one.
        """
        changed = self._conn.execute(
            "UPDATE storage_dirs SET layout = ?, first_scan_done = 0, anchors = NULL "
            "WHERE number = ? AND layout <> ?",
            (layout.value, number, layout.value),
        ).rowcount
        self._conn.execute(
            "UPDATE storage_dirs SET layout_chosen = ? WHERE number = ?", (int(is_chosen), number)
        )
        if changed:
            self._conn.execute("DELETE FROM image_files WHERE sd = ?", (number,))
            self._conn.execute("DELETE FROM conflict_copies WHERE sd = ?", (number,))

    def update_anchors(self, number: int, anchors: Anchors | None) -> None:
        """Sets what the SD without an identity file is recognized by. None: whatever is there is it."""
        text = None if anchors is None else json.dumps([anchors.place, sorted(anchors.names)])
        self._conn.execute("UPDATE storage_dirs SET anchors = ? WHERE number = ?", (text, number))

    def mark_first_scan_done(self, number: int) -> None:
        """From now on, files that a scan finds are arrivals."""
        self._conn.execute("UPDATE storage_dirs SET first_scan_done = 1 WHERE number = ?", (number,))

    def delete_storage_dir(self, number: int) -> None:
        """Deletes the SD with its rows and aliases. Touches no file."""
        self._conn.execute("DELETE FROM image_files WHERE sd = ?", (number,))
        self._conn.execute("DELETE FROM storage_dir_aliases WHERE number = ?", (number,))
        self._conn.execute("DELETE FROM storage_dirs WHERE number = ?", (number,))
