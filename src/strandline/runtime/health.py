"""Health: is this machine fit for Strandline? Each check is a line that says what is wrong and what to do."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from strandline.folders.filesystems import MountKind, find_mount
from strandline.model.reports import Check
from strandline.model.storage_dirs import StorageDir
from strandline.services.storage_dirs import list_storage_dirs
from strandline.services.workbench import Workbench

ENOUGH_WATCHES = 64
"""Two for each storage directory, and some for everybody else."""

EARLIEST_NOW = datetime(2024, 1, 1, tzinfo=UTC)
"""Before this program was written: a clock that says so has lost its battery."""


def check_health(bench: Workbench) -> list[Check]:
    """All checks, in the order in which a person would want to read them. Changes nothing that lasts."""
    return [
        _check_catalog(bench),
        _check_home(bench),
        *(_check_storage_dir(bench, sd) for sd in list_storage_dirs(bench)),
        *_check_change_notice(),
        _check_decoder("libvips", "pyvips"),
        _check_decoder("HEIC decoder", "pi_heif"),
        _check_clock(bench),
    ]


def _check_catalog(bench: Workbench) -> Check:
    problems = bench.catalog.check_integrity()
    if not problems:
        return Check("catalog", True, f"{bench.catalog.path} is sound")
    return Check(
        "catalog",
        False,
        f"{bench.catalog.path} is damaged: {problems[0]}",
        "move it away and add the storage directories again: no image is lost by that",
    )


def _check_home(bench: Workbench) -> Check:
    mount = find_mount(bench.home)
    if mount.kind is MountKind.LOCAL:
        return Check("home", True, f"{bench.home} lies on a local disk ({mount.fstype})")
    return Check(
        "home",
        False,
        f"{bench.home} lies on {mount.fstype}, where SQLite's journal does not work reliably",
        "choose a folder on a local disk with --home or STRANDLINE_HOME",
    )


def _check_storage_dir(bench: Workbench, sd: StorageDir) -> Check:
    name = f"storage directory {sd.name}"
    if not sd.is_reachable:
        return Check(name, False, f"{sd.state.value}: {sd.problem}", "see 'strandline sd show'")
    if sd.read_only:
        return Check(name, True, f"{sd.state.value}, read-only by choice")
    if not os.access(sd.path, os.W_OK | os.X_OK):
        return Check(
            name,
            False,
            f"{sd.path} cannot be written to",
            "give yourself the rights, or add it with --read-only",
        )
    mount = bench.mount_at(sd.path)
    how = "watched natively" if mount.kind is MountKind.LOCAL else "polled"
    return Check(name, True, f"{sd.state.value}, writable, on {mount.fstype}, {how}")


def _check_change_notice() -> Iterator[Check]:
    if sys.platform != "linux":
        return
    folder = Path("/proc/sys/fs/inotify")
    for limit, enough in (("max_user_watches", ENOUGH_WATCHES), ("max_user_instances", 8)):
        try:
            value = int((folder / limit).read_text())
        except (OSError, ValueError):
            yield Check(f"inotify {limit}", False, "cannot be read", "folders are polled where it is needed")
            continue
        remedy = None if value >= enough else f"raise it: sysctl fs.inotify.{limit}={max(8192, enough)}"
        yield Check(f"inotify {limit}", value >= enough, f"{value:,}", remedy)


def _check_decoder(what: str, module: str) -> Check:
    try:
        __import__(module)
    except (ImportError, OSError) as error:
        return Check(what, False, f"cannot be loaded: {error}", f"install it again: pip install {module}")
    return Check(what, True, "there")


def _check_clock(bench: Workbench) -> Check:
    now = bench.now()
    with tempfile.TemporaryFile(dir=bench.scratch) as file:
        skew_s = os.fstat(file.fileno()).st_mtime - now.timestamp()
    if now < EARLIEST_NOW or abs(skew_s) > 60:
        return Check("clock", False, f"the clock says {now:%Y-%m-%d %H:%M} UTC", "set the clock")
    return Check("clock", True, f"{now:%Y-%m-%d %H:%M} UTC")
