"""Local folders: what a home that uses a shared catalog has in its own one.

A folder belongs to one machine, so its images stay in that machine's own catalog, in the home, beside the shared one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from strandline.errors import StrandlineError
from strandline.logs import get_logger
from strandline.model.buckets import is_bucket_address
from strandline.runtime.assembly import LOCAL, LocalStore, open_catalog_of, open_store
from strandline.runtime.home import CATALOG_FILE
from strandline.runtime.settings import Settings
from strandline.services.workbench import utc_now

log = get_logger(__name__)


def open_own(home: Path, now: Callable[[], datetime] = utc_now) -> LocalStore | None:
    """The store of the home's own catalog, if that has folders. Otherwise None.

    Raises:
        StrandlineError: The catalog cannot be opened.
    """
    return open_store(home, local=True, now=now) if _count(home) else None


def open_beside(store: LocalStore) -> LocalStore | None:
    """The store of the home's own catalog, if the given one is on a shared catalog and the own one has folders.
    Otherwise None, also if it cannot be opened: then the log says why.
    """
    if not store.is_shared:
        return None
    try:
        return open_own(store.home, store.now)
    except StrandlineError as error:
        log.error("this machine's own folders are not served: %s", error.message)
        return None


def count_local_folders(home: Path) -> int:
    """How many folders the home's own catalog has. 0 if there is none, or if it cannot be read: opening it says why.

    Buckets do not count: after ``catalog migrate`` they are in both catalogs. Creates nothing. Cost: opens the
    catalog, and reads one small table.
    """
    try:
        return _count(home)
    except StrandlineError:
        return 0


def _count(home: Path) -> int:
    try:
        is_empty = not (home / CATALOG_FILE).stat().st_size
    except OSError:  # there is none, or this user may not look into the home
        is_empty = True
    if is_empty:  # nobody has one, or a command that needs only the home has made the file
        return 0
    settings = Settings.load(home, os.environ, LOCAL)
    with closing(open_catalog_of(home, settings)) as catalog, catalog.read() as reader:
        return sum(not is_bucket_address(sd.path) for sd in reader.sds.list_storage_dirs())
