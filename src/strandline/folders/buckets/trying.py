"""What an endpoint does is tried, not believed, and remembered: vendors of the S3 protocol differ, and change.

All objects are below ``.strandline-try/`` and a random name, which no listing of images enters, and are deleted
again.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from strandline.errors import StrandlineError
from strandline.folders.buckets.calls import BucketCalls
from strandline.folders.buckets.refusals import ReplacedError
from strandline.folders.disk_errors import PlaceError
from strandline.folders.saving import SaveMode, write_whole
from strandline.model.buckets import Guarantees, parse_guarantees

TRIED_BELOW = ".strandline-try"

_IS_TOLD = "is_told"
"""Whether those who share the catalog know it."""

_WRITERS = 8
"""They race for one name. A server that lets two win does so with fewer (seaweedfs#8800: three of 16)."""

_NAMES = ("A.png", "a-b.png", "a.png", "a0.png", "b.png", "ü.png")
"""In the order of their bytes."""


class SharedMemory(Protocol):
    """What all who share a catalog know of the servers of buckets. The worst that was told counts."""

    def recall(self, bucket: str) -> Mapping[str, bool]:
        """Each guarantee by its name. Empty if nobody told."""
        ...

    def tell(self, bucket: str, told: Mapping[str, bool], *, forgets: bool = False) -> None:
        """Tells what was seen here. ``forgets`` what was told before."""
        ...


def find_guarantees(calls: BucketCalls) -> Guarantees:
    """Tries each guarantee.

    Raises:
        OSError: The bucket cannot be written to, or did not answer.
    """
    folder = f"{TRIED_BELOW}/{uuid.uuid4().hex}"
    made: set[str] = set()
    try:
        made.add(first := f"{folder}/first")
        calls.client.create(first, b"1")  # an error here is no answer about a guarantee
        return Guarantees(
            creates_once=_creates_once(calls, folder, made),
            replaces_only_the_same=_replaces_only_the_same(calls, first),
            lists_at_once=_lists_at_once(calls, f"{folder}/list", made),
            lists_in_order=_lists_in_order(calls, f"{folder}/list"),
        )
    finally:
        for path in made:
            with suppress(OSError):
                calls.client.delete(path)


def _creates_once(calls: BucketCalls, folder: str, made: set[str]) -> bool:
    """Twice in a row, then many at once."""
    made.update((again := f"{folder}/again", raced := f"{folder}/raced"))
    calls.client.create(again, b"1")
    if not _is_refused(lambda: calls.client.create(again, b"2")):
        return False
    results = calls.each(range(_WRITERS), lambda number: calls.client.create(raced, str(number).encode()))
    return sum(isinstance(result, str) for result in results) == 1


def _replaces_only_the_same(calls: BucketCalls, path: str) -> bool:
    before = calls.client.head(path).e_tag
    if _is_refused(lambda: calls.client.replace(path, b"2", before)):
        return False  # Ceph refuses what it should do, for it compares the ETag with its quotes
    return _is_refused(lambda: calls.client.replace(path, b"3", before))


def _lists_at_once(calls: BucketCalls, folder: str, made: set[str]) -> bool:
    paths = [f"{folder}/{name}" for name in _NAMES]
    made.update(paths)
    calls.each(paths, lambda path: calls.client.create(path, b"1"))
    if set(_list(calls, folder)) != set(paths):
        return False
    calls.client.delete(paths[0])
    return set(_list(calls, folder)) == set(paths[1:])


def _lists_in_order(calls: BucketCalls, folder: str) -> bool:
    listed = _list(calls, folder)
    after = [version.path for some in calls.client.iter_versions(folder, after="a") for version in some]
    return listed == sorted(listed) and after == [path for path in listed if path > f"{folder}/a"]


def _list(calls: BucketCalls, folder: str) -> list[str]:
    return [version.path for some in calls.client.iter_versions(folder) for version in some]


def _is_refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except (FileExistsError, ReplacedError):
        return True
    except PlaceError:
        return False
    return False


def remember(calls: BucketCalls, found: Guarantees, *, forgets: bool = False) -> Guarantees:
    """Keeps the result in the home, and tells those who share the catalog. Returns what counts from now on: with
    them, the worst that any of them saw, unless ``forgets``.

    Raises:
        DiskError: The home refuses.
    """
    shared = calls.means.shared_memory
    if shared is not None:
        shared.tell(calls.client.address.bucket, found.by_name, forgets=forgets)
    _keep(calls, found, is_told=shared is not None)
    return recall(calls) or found


def recall(calls: BucketCalls, *, of_others: bool = False) -> Guarantees | None:
    """What counts for this bucket: the result of the last try here, or, with those who share the catalog, the worst
    that any of them saw. None if it was never tried from here, with this endpoint and address, unless what the others
    saw will do.
    """
    try:
        known: Any = json.loads(_memory_of(calls).read_bytes())
    except (OSError, ValueError):
        known = None
    own, shared, bucket = parse_guarantees(known), calls.means.shared_memory, calls.client.address.bucket
    if shared is None or (own is None and not of_others):
        return own
    told = shared.recall(bucket)
    if own is not None and not known.get(_IS_TOLD):  # by a program of before, or without the shared catalog
        told = {name: holds and told.get(name, True) for name, holds in own.by_name.items()}
        with suppress(StrandlineError):  # then it is told the next time
            shared.tell(bucket, told)
            _keep(calls, own, is_told=True)
    return parse_guarantees(told)


def _keep(calls: BucketCalls, found: Guarantees, *, is_told: bool) -> None:
    path = _memory_of(calls)
    path.parent.mkdir(exist_ok=True)
    about = {"endpoint": calls.client.options.endpoint, "address": calls.where("")}
    data = (json.dumps({**about, **found.to_json(), _IS_TOLD: is_told}, indent=2) + "\n").encode()
    write_whole(path.parent, path.name, data, scratch=calls.means.scratch, mode=SaveMode.REPLACE)


def _memory_of(calls: BucketCalls) -> Path:
    asked = f"{calls.client.options.endpoint} {calls.where('')}"
    return calls.means.memory / f"{hashlib.sha256(asked.encode()).hexdigest()[:32]}.json"
