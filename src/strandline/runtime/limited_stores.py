"""Limited stores: a store that has only some of its storage directories, for those who may not see the others.

Its catalog answers as if there were no others (``catalog/limited``), so no service needs to know. Disks, limits,
clocks, and caches by the hash of an image are the whole store's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from strandline.catalog.limited import LimitedCatalog
from strandline.errors import NotAllowedError, StorageDirNotFoundError
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.assembly import LocalStore
from strandline.runtime.live_events import EventFeed

if TYPE_CHECKING:
    from strandline.model.events import Event
    from strandline.model.store_status import StoreStatus
    from strandline.pictures.cache import ThumbnailCache
    from strandline.services.storage_dirs.manage import StorageDirRef


class LimitedStore(LocalStore):
    """The part of a store. Close it before the store."""

    def __init__(self, store: LocalStore, sds: Collection[int]) -> None:
        bench = copy(store.bench)
        bench.catalog = LimitedCatalog(store.bench.catalog, sds)
        super().__init__(bench, store.settings, store.bell)
        self._whole = store

    @property
    def is_part(self) -> bool:
        """It is."""
        return True

    def get_storage_dir(self, sd: StorageDirRef) -> StorageDir:
        """The same for those that are in this part.

        Raises:
            NotAllowedError: It is not, or there is none.
        """
        try:
            return super().get_storage_dir(sd)
        except StorageDirNotFoundError as error:
            names = (
                ", ".join(known.name for known in self.list_storage_dirs()) or "no storage directory any more"
            )
            raise NotAllowedError(f"you may use {names}, and nothing else") from error

    def follow_events(self, on_events: Callable[[Sequence[Event]], None]) -> EventFeed:
        """A feed of the events of this part. Those of the journal are so already."""

        def hand_over(events: Sequence[Event]) -> None:
            if any(event.seq is None for event in events):
                known = {sd.sd_id for sd in self.list_storage_dirs()} - {None}
                events = [event for event in events if event.seq is not None or event.sd_id in known]
            if events:
                on_events(events)

        return super().follow_events(hand_over)

    def status(self) -> StoreStatus:
        """The status of this part. How full the machine's disk is belongs to the whole."""
        return replace(super().status(), home_free_bytes=None)

    def measure_operations(self) -> None:
        """They are about everything, so those who may see a part see none of them."""

    def close(self) -> None:
        """Frees what is its own."""
        for stream in list(self._streams):
            stream.close()

    def _make_thumbnail_cache(self) -> ThumbnailCache:
        return self._whole.thumbnails.cache
