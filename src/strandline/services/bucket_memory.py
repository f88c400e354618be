"""What all who share a catalog know of the servers of buckets, kept in that catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strandline.catalog.port import Catalog


class BucketMemory:
    """A :class:`~strandline.folders.buckets.trying.SharedMemory`. Methods raise what the catalog's raise."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def recall(self, bucket: str) -> Mapping[str, bool]:
        """One statement."""
        with self._catalog.read() as reader:
            return reader.guarantees.recall(bucket)

    def tell(self, bucket: str, told: Mapping[str, bool], *, forgets: bool = False) -> None:
        """Is on the disk of the database once this returns: who writes without the lock must have been told."""
        with self._catalog.write(durable=True) as writer:
            if forgets:
                writer.guarantees.forget(bucket)
            writer.guarantees.tell(bucket, told)
