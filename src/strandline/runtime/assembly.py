"""Assembly: the only place that puts a store together. Chooses home, settings, database, folders, and decoders.

Nothing is created before the settings have been read. A home that a sync client would copy is refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from strandline.catalog.database import open_catalog
from strandline.catalog.journal import JournalLimits
from strandline.errors import CatalogInsideStorageDirError, NotSharedError
from strandline.folders.time_limits import SlowPlaces
from strandline.model.buckets import BucketOptions, is_bucket_address
from strandline.model.defaults import MAX_IMAGE_BYTES
from strandline.model.events import Event
from strandline.model.identity.sd_ids import IDENTITY_FILE, LEGACY_IDENTITY_FILE
from strandline.runtime.home import CATALOG_FILE, ensure_home, give_to_owner
from strandline.runtime.live_events import Bell, EventFeed
from strandline.runtime.setting_sections import ALLOW
from strandline.runtime.settings import Settings, find_home
from strandline.services.storage_dirs.paths import check_outside
from strandline.services.workbench import Limits, Workbench, utc_now
from strandline.store import Store

if TYPE_CHECKING:
    import threading

    from strandline.catalog.port import Catalog
    from strandline.model.arrival_notices import TakenNotices
    from strandline.model.operations import Operations
    from strandline.model.reports import Check
    from strandline.pictures.cache import ThumbnailCache
    from strandline.runtime.arrival_queue import ArrivalQueue
    from strandline.runtime.scan_jobs import ScanJobs
    from strandline.runtime.work.orders import Work
    from strandline.services.event_stream import EventStream


LOCAL = {"catalog.url": ""}
"""The settings of the store of this machine's own catalog."""


class LocalStore(Store):
    """The store of this machine: the facade, and what only the assembly knows."""

    def __init__(self, bench: Workbench, settings: Settings, bell: Bell) -> None:
        super().__init__(bench, self._make_thumbnail_cache, self._start_watching)
        self.settings = settings
        self.bench = bench
        self.bell = bell

    @property
    def home(self) -> Path:
        """The folder of catalog, settings, and caches."""
        return self.bench.home

    def close(self) -> None:
        """Closes it, and gives the home's owner what root has made there."""
        super().close()
        give_to_owner(self.home)

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock."""
        return self.bench.now

    @cached_property
    def scans(self) -> ScanJobs:
        """The scans that people start, and the watcher's."""
        from strandline.runtime.scan_jobs import ScanJobs

        return ScanJobs(self.bench)

    @cached_property
    def arrivals(self) -> ArrivalQueue:
        """What object stores have told of, and was not looked at yet."""
        from strandline.runtime.arrival_queue import ArrivalQueue

        return ArrivalQueue(self.bench)

    def take_notices(self, text: bytes) -> TakenNotices:
        """Takes what an object store tells of its objects as hints, and looks at them soon.

        Raises:
            InvalidInputError: It has no form that is known, or too many notices.
        """
        from strandline.model.arrival_notices import TakenNotices, parse_notices
        from strandline.services.proving.told_arrivals import find_told_names

        notices = parse_notices(text)
        names, unknown = find_told_names(self.bench, notices.found)
        dropped = self.arrivals.add(names)
        return TakenNotices(len(names) - dropped, notices.ignored + unknown, dropped)

    @property
    def is_shared(self) -> bool:
        """Whether other machines use the catalog, too."""
        return self.bench.catalog.is_shared

    @property
    def is_part(self) -> bool:
        """Whether it has only some storage directories, for one who may not see the others, or the machine."""
        return False

    @cached_property
    def work(self) -> Work:
        """The work that machines with this catalog share.

        Raises:
            NotSharedError, MissingExtraError: There is none.
        """
        if not self.bench.catalog.is_shared:
            raise NotSharedError(
                "work is shared by machines that share a catalog, and this home has its own; set catalog.url to "
                "postgresql://user@host/database, or use `strandline scan` and `strandline verify` here"
            )
        from strandline.extras import WORK, check_extra

        check_extra(WORK)
        from strandline.runtime.work.orders import Work  # here: it loads the driver of PostgreSQL

        return Work(self.bench, self.settings)

    def follow_events(self, on_events: Callable[[Sequence[Event]], None]) -> EventFeed:
        """A feed of all events from now on, for one listener, which must not block. Start it, and stop it."""
        return EventFeed(self.bench, self.bell, on_events)

    def check_health(self) -> list[Check]:
        """Whether this machine is healthy: catalog, home, storage directories, change notice, decoders, and clock."""
        from strandline.runtime.health import check_health

        return check_health(self.bench, self.settings.work.stalled_after_s)

    def measure_operations(self) -> Operations | None:
        """What an administrator watches beside the status: queues, requests, and statements. None without a shared
        catalog and buckets. Cost: three statements over the open parts of the work, never over images.
        """
        if not self.is_shared and not any(is_bucket_address(sd.path) for sd in self.list_storage_dirs()):
            return None
        from strandline.runtime.operations import measure_operations  # here: few have any

        return measure_operations(self)

    def check_ready(self) -> None:
        """Checks whether the catalog answers, and this program may still use it. Cost: a statement.

        Raises:
            StrandlineError: Why not.
        """
        self.bench.catalog.check_format()

    def _make_thumbnail_cache(self) -> ThumbnailCache:
        from strandline.pictures.cache import ThumbnailCache

        limit_bytes = self.settings.pictures.thumbnail_cache_bytes
        return ThumbnailCache(self.home / "cache" / "thumbnails", max_bytes=limit_bytes)

    def _start_watching(
        self, _store: Store, once: bool, since: int | None, stop: threading.Event | None
    ) -> EventStream:
        from strandline.runtime.watching.session import watch_events

        return watch_events(self.bench, self.settings, self.bell, once=once, since=since, stop=stop)


def open_store(
    home: str | os.PathLike[str] | None = None,
    *,
    local: bool = False,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, int | float | str] | None = None,
    now: Callable[[], datetime] = utc_now,
) -> LocalStore:
    """Opens this machine's store, and creates its home if needed. Use it in a ``with`` block.

    Args:
        home: The folder of catalog, settings, and caches. Default: ``STRANDLINE_HOME``, then the platform's data
            folder.
        local: Opens this machine's own catalog, even if the home uses a shared one (``catalog.url``).
        environ: Replaces the process's environment.
        overrides: Settings by key (``"scan.batch_files"``), which take precedence over file and environment.
        now: The wall clock, for tests that let a day pass.

    Raises:
        ConfigError: A setting is invalid.
        CatalogInsideStorageDirError: The home is in a storage directory.
        CatalogDamagedError, CatalogTooNewError, CatalogLockedError, DiskError: The catalog cannot be opened.
        CatalogAwayError, MissingExtraError: The same for a shared one (``catalog.url``).
    """
    environ = os.environ if environ is None else environ
    place = find_home(home, environ)
    settings = Settings.load(place, environ, {**(overrides or {}), **(LOCAL if local else {})})
    _check_not_synced(place)
    ensure_home(place, has_catalog=not settings.catalog.url)
    bell = Bell()
    catalog = open_catalog_of(place, settings)
    try:
        catalog.on_commit = bell.ring
        with catalog.read() as reader:
            for sd in reader.sds.list_storage_dirs():
                check_outside(place, sd.path)
        bench = Workbench(
            catalog, place, limits_of(settings), now=now, announce=bell.announce,
            slow_places=SlowPlaces(limit_s=settings.read.io_timeout_s),
        )  # fmt: skip
        if catalog.is_shared:
            _see_work(bench, settings)
        return LocalStore(bench, settings, bell)
    except BaseException:
        catalog.close()
        raise


def _see_work(bench: Workbench, settings: Settings) -> None:
    """What workers do for all machines is done for this one, too."""
    from strandline.catalog.postgres.database import PostgresCatalog
    from strandline.catalog.postgres.work.seen import SeenWork
    from strandline.timings import ARRIVALS, OK

    assert isinstance(bench.catalog, PostgresCatalog)
    seen = SeenWork(bench.catalog, settings.work.stalled_after_s)
    bench.find_scan_by_workers, bench.has_workers = seen.find_last_scan, seen.has_workers
    bench.note_arrival = partial(ARRIVALS.note, "listing", OK)


def open_catalog_of(home: Path, settings: Settings) -> Catalog:
    """This home's own catalog, or the one that it shares with others."""
    limits = JournalLimits(settings.journal.max_events, timedelta(days=settings.journal.max_days))
    timeout_s = settings.catalog.busy_timeout_s
    if not settings.catalog.url:
        return open_catalog(home / CATALOG_FILE, busy_timeout_s=timeout_s, journal_limits=limits)
    from strandline.extras import POSTGRES, check_extra

    check_extra(POSTGRES)
    import platform

    from strandline import __version__
    from strandline.catalog.postgres.database import open_postgres  # here: nobody else needs the driver

    return open_postgres(
        settings.catalog.url,
        pool_size=settings.catalog.pool,
        lock_timeout_s=timeout_s,
        journal_limits=limits,
        program=f"{__version__} {platform.node()}",
    )


def limits_of(settings: Settings) -> Limits:
    """The limits for the services, from the settings."""
    return Limits(
        scan_batch_files=settings.scan.batch_files,
        max_memory_bytes=settings.read.max_memory_bytes,
        save_max_bytes=settings.save.max_bytes,
        archive_max_bytes=settings.imports.max_archive_bytes,
        download_timeout_s=settings.imports.fetch_timeout_s,
        allows_private_addresses=settings.imports.private_addresses == ALLOW,
        trash_max_bytes=settings.trash.max_bytes,
        trash_grace_days=settings.trash.grace_days,
        read_max_bytes=max(settings.save.max_bytes, MAX_IMAGE_BYTES),
        fetch_timeout_s=settings.read.fetch_timeout_s,
        max_pixels=settings.pictures.max_pixels,
        decode_timeout_s=settings.pictures.decode_timeout_s,
        markdown=settings.save.markdown,
        shared_thumbnails=settings.pictures.shared_thumbnails,
        s3=BucketOptions(
            settings.s3.endpoint.rstrip("/"),
            settings.s3.region,
            settings.s3.addressing,
            settings.s3.timeout_s,
            settings.s3.retries,
            settings.s3.redirect_to.rstrip("/"),
            settings.s3.redirect_s,
            settings.s3.trash_prefix,
        ),
    )


def _check_not_synced(home: Path) -> None:
    """Refuses a home in a folder with an identity, even if no catalog knows that folder yet."""
    real_home = Path(os.path.realpath(home))
    for folder in (real_home, *real_home.parents):
        if any(os.path.lexists(folder / name) for name in (IDENTITY_FILE, LEGACY_IDENTITY_FILE)):
            raise CatalogInsideStorageDirError(
                f"the catalog's home {real_home} is inside the storage directory {folder}, where a sync client would "
                "damage it; choose another home with --home or STRANDLINE_HOME",
                home=str(real_home),
                path=str(folder),
            )
