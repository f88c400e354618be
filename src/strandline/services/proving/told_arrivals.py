"""Told arrivals: keys that an object store gives a hint of are found in the storage directories, and looked at.

A look is that of the watcher: one HEAD, and if something is new, a read and a proof. What is not there any more is
left to the next scan, as everywhere: only a listing may conclude that an image is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from strandline.errors import StorageDirNotFoundError
from strandline.model.arrival_notices import Notice
from strandline.model.buckets import is_bucket_address, is_plain_key, parse_bucket_address
from strandline.services.proving.arrivals import Arrival, look_at_arrivals
from strandline.services.storage_dirs.presence import refresh
from strandline.services.workbench import Workbench


class ToldName(NamedTuple):
    """A name in a storage directory that should be looked at."""

    sd: int
    name: str


def find_told_names(bench: Workbench, notices: Iterable[Notice]) -> tuple[list[ToldName], int]:
    """The names that the notices mean, each once, and how many mean none: unknown buckets, and keys where no images
    are. Cost: one statement.
    """
    with bench.catalog.read() as reader:
        sds = [sd for sd in reader.sds.list_storage_dirs() if is_bucket_address(sd.path)]
    places = [(sd.number, parse_bucket_address(sd.path), bench.folder(sd).layout) for sd in sds]
    found, unknown = dict[ToldName, None](), 0
    for notice in notices:
        before = len(found)
        for number, address, layout in places:
            begin = f"{address.prefix}/" if address.prefix else ""
            if notice.bucket != address.bucket or not notice.key.startswith(begin):
                continue
            path = address.path_of(notice.key)
            name = layout.find_name(path) if is_plain_key(notice.key) and path else None
            if name is not None:
                found[ToldName(number, name)] = None
        unknown += len(found) == before
    return list(found), unknown


def look_at_told(bench: Workbench, number: int, names: Sequence[str]) -> list[Arrival]:
    """Looks at these names of a storage directory now, if it is there. Otherwise a scan finds them when it is back.

    Raises:
        StrandlineError: The catalog failed.
    """
    with bench.catalog.read() as reader:
        known = reader.sds.find_storage_dir(number)
    if known is None or not known.is_reachable:
        return []
    try:
        sd = refresh(bench, known)
    except StorageDirNotFoundError:
        return []
    return [arrival for _, arrival in look_at_arrivals(bench, sd, names)] if sd.is_reachable else []
