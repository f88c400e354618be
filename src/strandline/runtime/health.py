"""Health: is this machine fit for Strandline? Each check is a line that says what is wrong and what to do.

A check never raises. If something cannot even be checked, that is an answer too, and the worst one.
"""

from __future__ import annotations

import base64
import errno
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from strandline.errors import (
    CatalogDamagedError,
    CatalogError,
    CatalogTooNewError,
    DiskError,
    MissingExtraError,
    StrandlineError,
)
from strandline.extras import CORE, PICTURES, SERVE, check_extra
from strandline.model.buckets import is_bucket_address
from strandline.model.plain_words import say_bytes
from strandline.model.remedies import refer_to, say_command
from strandline.model.reports import Check
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.store_status import ENOUGH_BYTES as ENOUGH_BYTES
from strandline.model.suitable_folders import say_same_identity
from strandline.services.storage_dirs.presence import refresh_storage_dirs
from strandline.services.storage_dirs.writing import find_twin
from strandline.services.workbench import Workbench

ENOUGH_WATCHES = 64
"""Two per storage directory, and some for other programs."""

ENOUGH_INSTANCES = 8
"""One per watching process, and some for other programs."""

EARLIEST_NOW = datetime(2024, 1, 1, tzinfo=UTC)
"""An earlier time is before this program was written: the clock's battery is empty."""

CATALOG_REMEDY = "move it away and add the storage directories again: no image is lost by that"

SHARED_CATALOG_REMEDY = (
    "restore a backup, or make a new database and add the storage directories again: no image is lost by that"
)

AWAY_REMEDY = "see that it runs and can be used; nothing need be restored for that"

MAX_SKEW_S = 60.0
"""Maximum difference between the clock and the times of the home's disk. If it is larger, "a minute ago" is wrong."""


ONE_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A whole PNG."""


def check_health(bench: Workbench, stalled_after_s: float) -> list[Check]:
    """All checks, in a sensible order for a reader. Leaves no lasting change. A worker that says nothing for so long
    is not there.
    """
    catalog = _check_catalog(bench)
    sds = refresh_storage_dirs(bench) if catalog.ok else []
    return [
        catalog,
        *_check_database(bench, stalled_after_s),
        _check_home(bench),
        *(_check_storage_dir(bench, sd) for sd in sds),
        *_check_buckets(bench, sds),
        *_iter_change_notice_checks(
            Path("/proc/sys/fs/inotify"), ENOUGH_WATCHES + sum(_count_watches(bench, sd) for sd in sds)
        ),
        _check_core(),
        _check_server(),
        *_iter_decoder_checks(),
        _check_clock(bench),
    ]


def check_machine(damage: StrandlineError) -> list[Check]:
    """The checks that need no store, after one for what kept it from being opened: the catalog, or the home."""
    is_home = isinstance(damage, DiskError)
    is_own_catalog = isinstance(damage, CatalogError) and "catalog" not in damage.facts
    remedy = CATALOG_REMEDY if is_own_catalog and not isinstance(damage, CatalogTooNewError) else None
    first = Check("home" if is_home else "catalog", False, damage.message, remedy)
    return [
        first,
        *_iter_change_notice_checks(Path("/proc/sys/fs/inotify")),
        _check_core(),
        _check_server(),
        *_iter_decoder_checks(),
    ]


def _check_catalog(bench: Workbench) -> Check:
    path = bench.catalog.place
    try:
        problems = bench.catalog.check_integrity()
    except CatalogDamagedError as error:
        problems = [error.message]
    except StrandlineError as error:  # nothing is known to be wrong with what it has
        return Check("catalog", False, error.message, AWAY_REMEDY)
    if not problems:
        return Check("catalog", True, f"{path} is sound")
    remedy = SHARED_CATALOG_REMEDY if bench.catalog.is_shared else CATALOG_REMEDY
    return Check("catalog", False, f"{path} is damaged: {problems[0]}", remedy)


def _check_database(bench: Workbench, stalled_after_s: float) -> list[Check]:
    if not bench.catalog.is_shared:
        return []
    from strandline.runtime.team_health import check_database  # here: few have one

    return check_database(bench, stalled_after_s)


def _check_buckets(bench: Workbench, sds: Sequence[StorageDir]) -> list[Check]:
    if not any(is_bucket_address(sd.path) for sd in sds):
        return []
    from strandline.runtime.team_health import check_buckets  # here: few have one

    return list(check_buckets(bench, sds))


def _check_home(bench: Workbench) -> Check:
    elsewhere = "choose a folder on a local disk with --home or STRANDLINE_HOME"
    place = bench.folder_at(os.path.realpath(bench.home))
    if not place.is_local:
        message = f"{bench.home} is on {place.kind}, where SQLite's journal does not work reliably"
        return Check("home", False, message, elsewhere)
    try:
        with tempfile.TemporaryFile(dir=bench.scratch) as file:
            file.write(b"\0")
    except OSError as error:
        message = f"{bench.home} cannot be written to: {error.strerror}"
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "make room on its disk" if is_full else "give yourself the rights"
        return Check("home", False, message, f"{remedy}; or {elsewhere}")
    return Check("home", True, f"{bench.home} is on a local disk ({place.kind})")


def _check_storage_dir(bench: Workbench, sd: StorageDir) -> Check:
    name = f"storage directory {sd.name}"
    if not sd.is_reachable:
        return Check(
            name, False, f"{sd.state.value}: {sd.problem}", f"see {say_command('sd', 'show', refer_to(sd))}"
        )
    folder = bench.folder(sd)
    try:
        unlistable, unwritable, free_bytes = (
            folder.find_unlistable(),
            folder.find_unwritable(),
            folder.find_free_bytes(),
        )
    except OSError as error:
        return Check(name, False, f"it cannot be looked at: {error.strerror or error}", "check that drive")
    if unlistable is not None:
        return Check(name, False, f"{unlistable} cannot be listed", "give this user the right to read it")
    if sd.state is StorageDirState.SUSPECT:
        return Check(name, False, f"suspect: {sd.problem}", f"see {say_command('inspect', refer_to(sd))}")
    if (twin := find_twin(bench, sd)) is not None:
        return Check(name, False, f"it has the same identity as {twin.name!r}", say_same_identity(sd, twin))
    if sd.read_only:
        return Check(name, True, f"{sd.state.value}, read-only by choice")
    if unwritable is not None:
        is_mounted_so = bench.find_mount(sd.path).read_only
        first = "mount it writable" if is_mounted_so else "give yourself the rights"
        remedy = (
            f"{first}; or if it is only to be read, run {say_command('sd', 'add', '--read-only', sd.path)}"
        )
        why = "is mounted read-only" if is_mounted_so else "cannot be written to"
        return Check(name, False, f"{unwritable} {why}", remedy)
    if free_bytes is not None and free_bytes < ENOUGH_BYTES:
        message = (
            f"its disk has only {say_bytes(free_bytes)} left, so hardly a picture can be saved or can arrive"
        )
        return Check(name, False, message, "make room on that disk, or raise the quota")
    how = "watched natively" if folder.tells_changes else "polled"
    what = "writable" if folder.layout.names_are_ids else "with named pictures, writable"
    return Check(name, True, f"{sd.state.value}, {what}, on {folder.kind}, {how}")


def _count_watches(bench: Workbench, sd: StorageDir) -> int:
    """How many watches a folder of named pictures takes: one for each folder in it. Cost: a listing of each."""
    folder = bench.folder(sd)
    if folder.layout.names_are_ids or not folder.tells_changes or not sd.is_reachable:
        return 0
    waiting, count = [""], 0
    while waiting:
        path = waiting.pop()
        count += 1
        with suppress(OSError):
            waiting += (f"{path}/{name}" if path else name for name in folder.list_folders_in(path))
    return count


def _iter_change_notice_checks(folder: Path, watches: int = ENOUGH_WATCHES) -> Iterator[Check]:
    """The system's limits for change notices, if it has any."""
    if sys.platform != "linux":
        return
    limits = (("max_user_watches", watches), ("max_user_instances", ENOUGH_INSTANCES))
    for limit, enough in limits:
        try:
            value = int((folder / limit).read_text())
        except (OSError, ValueError):
            yield Check(f"inotify {limit}", False, "cannot be read", "folders are polled if needed")
            continue
        remedy = None if value >= enough else f"raise it: sysctl fs.inotify.{limit}={max(8192, enough)}"
        yield Check(f"inotify {limit}", value >= enough, f"{value:,}", remedy)


def _check_core() -> Check:
    """Each command needs some of its libraries only, so one that is missing may not have been noticed."""
    try:
        check_extra(CORE)
    except MissingExtraError as error:
        return Check("core", False, error.message, f"type: {error.facts['command']}")
    return Check("core", True, "complete")


def _check_server() -> Check:
    """A core installation may well do without a server, so that is no finding."""
    try:
        check_extra(SERVE)
    except MissingExtraError as error:
        return Check("server", True, error.message)
    return Check("server", True, "installed")


def _iter_decoder_checks() -> Iterator[Check]:
    """Without decoders, some images cannot be proven at all."""
    try:
        check_extra(PICTURES)
    except MissingExtraError as error:
        message = "not installed: there are no thumbnails, and some images with old ids stay unproven"
        yield Check("decoders", False, message, f"type: {error.facts['command']}")
        return
    yield _check_decoder("libvips", "pyvips")
    yield _check_decoder("HEIC decoder", "pi_heif")
    yield _check_decoder_process()


def _check_decoder(what: str, module: str) -> Check:
    try:
        __import__(module)
    except (ImportError, OSError) as error:
        return Check(what, False, f"cannot be loaded: {error}", f"install it again: pip install {module}")
    return Check(what, True, "there")


def _check_decoder_process() -> Check:
    """Starts a decoder and lets it decode: libraries are useless if no process can load them."""
    from strandline.pictures.decoding import check_decodes

    try:
        check_decodes(ONE_PIXEL, "image/png", fresh=True)
    except StrandlineError as error:
        remedy = "run Strandline with a Python interpreter that has it installed; a frozen program cannot start one"
        return Check("decoder process", False, f"decodes nothing: {error.message}", remedy)
    return Check("decoder process", True, "starts and decodes")


def _check_clock(bench: Workbench) -> Check:
    now = bench.now()
    said = f"{now:%Y-%m-%d %H:%M} UTC"
    try:
        with tempfile.TemporaryFile(dir=bench.scratch) as file:
            skew_s = os.fstat(file.fileno()).st_mtime - now.timestamp()
    except OSError:
        skew_s = 0.0  # the home's own check reports it
    if now < EARLIEST_NOW or abs(skew_s) > MAX_SKEW_S:
        return Check("clock", False, f"the clock says {said}", "set the clock")
    return Check("clock", True, said)
