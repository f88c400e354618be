"""What an endpoint does is tried, not believed, and remembered: vendors of the S3 protocol differ, and change.

All objects are below ``.strandline-try/`` and a random name, which no listing of images enters, and are deleted
again.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from strandline.folders.buckets.calls import BucketCalls
from strandline.folders.buckets.refusals import ReplacedError
from strandline.folders.disk_errors import PlaceError
from strandline.folders.saving import SaveMode, write_whole
from strandline.model.buckets import Guarantees, parse_guarantees

TRIED_BELOW = ".strandline-try"

_WRITERS = 8
"""They race for one name. A server that lets two win does so with fewer (seaweedfs#8800: three of 16)."""

_NAMES = ("A.png", "a-b.png", "a.png", "a0.png", "b.png", "ü.png")
"""In the order of their bytes."""


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


def remember(calls: BucketCalls, found: Guarantees) -> None:
    """Keeps the result in the home. Raises :class:`~strandline.errors.DiskError`."""
    path = _memory_of(calls)
    path.parent.mkdir(exist_ok=True)
    told = {"endpoint": calls.client.options.endpoint, "address": calls.where(""), **found.to_json()}
    data = (json.dumps(told, indent=2) + "\n").encode()
    write_whole(path.parent, path.name, data, scratch=calls.means.scratch, mode=SaveMode.REPLACE)


def recall(calls: BucketCalls) -> Guarantees | None:
    """The result of the last try with this endpoint and address. None if there was none."""
    try:
        return parse_guarantees(json.loads(_memory_of(calls).read_bytes()))
    except (OSError, ValueError):
        return None


def _memory_of(calls: BucketCalls) -> Path:
    asked = f"{calls.client.options.endpoint} {calls.where('')}"
    return calls.means.memory / f"{hashlib.sha256(asked.encode()).hexdigest()[:32]}.json"
