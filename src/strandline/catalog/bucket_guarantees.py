"""What machines that share the catalog saw the servers of buckets do. The worst that any of them saw counts.

A server may let two writers win only now and then, so a machine that saw none of it knows less than one that did.
"""

from __future__ import annotations

from collections.abc import Mapping

from strandline.catalog.dialect import Connection, Dialect


class BucketGuaranteeReader:
    """By bucket, without the endpoint: machines may know it by different names."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect

    def recall(self, bucket: str) -> dict[str, bool]:
        """Each guarantee by its name, and whether it held whenever it was tried. Empty if nobody tried. Cost: a
        statement.
        """
        rows = self._conn.execute("SELECT name, holds FROM bucket_guarantees WHERE bucket = ?", (bucket,))
        return {name: bool(holds) for name, holds in rows.fetchall()}


class BucketGuaranteeWriter(BucketGuaranteeReader):
    """What was tried."""

    def tell(self, bucket: str, told: Mapping[str, bool]) -> None:
        """Records what one machine saw. What did not hold once does not hold until :meth:`forget`. Idempotent."""
        for name in sorted(told):  # in order, so that no two machines wait for each other
            self._conn.execute(
                "INSERT INTO bucket_guarantees (bucket, name, holds) VALUES (?, ?, ?) "
                "ON CONFLICT (bucket, name) DO UPDATE SET holds = excluded.holds "
                "WHERE excluded.holds < bucket_guarantees.holds",
                (bucket, name, int(told[name])),
            )

    def forget(self, bucket: str) -> None:
        """Forgets what was seen: the server is another one now."""
        self._conn.execute("DELETE FROM bucket_guarantees WHERE bucket = ?", (bucket,))
