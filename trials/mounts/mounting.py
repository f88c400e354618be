"""Mounting: images of file systems in files, through loop devices, and a file system of our own through FUSE.

Debian: ``btrfs-progs xfsprogs exfatprogs exfat-fuse ntfs-3g dosfstools fusefat fuse3 python3-fusepy``. What
surprises: where the kernel has no driver for FAT, exFAT or NTFS, the drivers that run outside it are used. The disk
is the same, and so are its rules: letter case, the two seconds of its times, no links.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SIZE_BYTES = 320 * 1024 * 1024
"""The least that XFS takes; the files are sparse."""

LIMIT_S = 20.0

CLOUD_PROGRAM = Path(__file__).with_name("cloud_mount.py")
SYSTEM_PYTHON = "/usr/bin/python3"
"""The one for which Debian packages fusepy; the tests' own environment needs nothing more for this."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """What can be mounted, and what is so about it."""

    mount: Callable[[Path, Path], None]
    """Called with a scratch folder of its own, and the mount point."""
    folds_case: bool = False
    links: bool = True
    """Whether it can link, and a new file gets its name that way."""
    mtime_ns: int = 1
    """Times are kept as multiples of this."""
    is_local: bool = True
    """As Strandline sees it: a disk that tells of changes."""


@contextmanager
def mount_tree(folder: Path) -> Iterator[Path]:
    """A folder for mount points; at the end whatever is mounted below is unmounted, the last one first."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder.mkdir()
    try:
        yield folder
    finally:
        for point in reversed(_list_mount_points(folder)):
            subprocess.run(["umount", "--lazy", point], check=True)


def mount(name: str, mounts: Path) -> Path:
    """Mounts one of :data:`FILE_SYSTEMS`; the mount point, which is empty."""
    scratch, point = mounts / f"{name}.scratch", mounts / name
    scratch.mkdir()
    point.mkdir()
    FILE_SYSTEMS[name].mount(scratch, point)
    wait_until(lambda: str(point) in _list_mount_points(point), f"{name} is not mounted")
    return point


@contextmanager
def pulled_out(point: Path) -> Iterator[None]:
    """An empty folder lies where the disk was, as an unmounted one leaves its mount point."""
    _mount_tmpfs(point, point)
    try:
        yield
    finally:
        _run("umount", point)


def remount_read_only(point: Path) -> None:
    """From now on nobody writes there."""
    _run("mount", "-o", "remount,ro", point)


def _make_and_mount(maker: str, *command: str) -> Callable[[Path, Path], None]:
    def mount_it(scratch: Path, point: Path) -> None:
        image = scratch / "image"
        with open(image, "wb") as file:
            file.truncate(SIZE_BYTES)
        _run(*maker.split(), image)
        device = _run("losetup", "--find", "--show", image).strip()
        try:
            _run(*(part.format(device=device, point=point) for part in command))
        finally:
            # Carried out when it is unmounted: nothing is left behind.
            subprocess.run(["losetup", "--detach", device], check=False)

    return mount_it


def _mount_overlay(scratch: Path, point: Path) -> None:
    lower, upper, work = (scratch / name for name in ("lower", "upper", "work"))
    for folder in (lower, upper, work):
        folder.mkdir()
    _run(
        "mount", "-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", point
    )


def _mount_tmpfs(_scratch: Path, point: Path) -> None:
    _run("mount", "-t", "tmpfs", "none", point)


def _mount_bind(scratch: Path, point: Path) -> None:
    _run("mount", "--bind", scratch, point)


def _mount_fat(scratch: Path, point: Path) -> None:
    image = scratch / "image"
    with open(image, "wb") as file:
        file.truncate(SIZE_BYTES)
    _run("mkfs.vfat", image)
    _run("fusefat", "-o", "rw+", image, point)


def _mount_cloud(scratch: Path, point: Path) -> None:
    (scratch / "files").mkdir()
    command = [
        SYSTEM_PYTHON,
        str(CLOUD_PROGRAM),
        str(scratch / "files"),
        str(point),
        str(scratch / "weather"),
    ]
    if subprocess.run([SYSTEM_PYTHON, "-c", "import fusepy"], capture_output=True, check=False).returncode:
        pytest.skip("fusepy is not installed: apt-get install python3-fusepy fuse3")
    _run(*command)


def files_behind(cloud: Path) -> Path:
    """The folder in which the files of a mounted cloud really lie: nothing fails and nothing is slow there."""
    return cloud.with_name(f"{cloud.name}.scratch") / "files"


def set_weather(cloud: Path, **weather: object) -> None:
    """How a mounted cloud behaves from now on: ``fail={"read": "EIO"}`` by operation, ``slow_s=6``, or fair."""
    control = cloud.with_name(f"{cloud.name}.scratch") / "weather"
    fresh = control.with_suffix(".new")
    fresh.write_text(json.dumps(weather))
    fresh.rename(control)


FILE_SYSTEMS = {
    "ext4": FileSystem(_make_and_mount("mkfs.ext4 -q", "mount", "{device}", "{point}")),
    "btrfs": FileSystem(_make_and_mount("mkfs.btrfs -q", "mount", "{device}", "{point}")),
    "xfs": FileSystem(_make_and_mount("mkfs.xfs -q", "mount", "{device}", "{point}")),
    "tmpfs": FileSystem(_mount_tmpfs),
    "overlay": FileSystem(_mount_overlay),
    "bind": FileSystem(_mount_bind),
    "exfat": FileSystem(
        _make_and_mount("mkfs.exfat", "mount.exfat-fuse", "{device}", "{point}"),
        folds_case=True, links=False, mtime_ns=1_000_000_000,
    ),
    "ntfs": FileSystem(
        _make_and_mount("mkfs.ntfs -q -F", "lowntfs-3g", "-o", "ignore_case", "{device}", "{point}"),
        folds_case=True, mtime_ns=100,
    ),
    "fat": FileSystem(_mount_fat, folds_case=True, links=False, mtime_ns=2_000_000_000, is_local=False),
    "cloud": FileSystem(_mount_cloud, links=False, is_local=False),
}  # fmt: skip
"""Every one that the tests mount. ``fat`` is served by a FUSE program that says so, hence not local; ``exfat`` and
``ntfs`` lie on a block device of this machine."""


def _run(*command: str | Path) -> str:
    """Runs a program of the system; where it is missing, or the kernel lacks the file system, the test is skipped."""
    program = str(command[0])
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    ended = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)
    if ended.returncode != 0:
        pytest.skip(f"{program}: {ended.stderr.strip()[:200]}")
    return ended.stdout


def _list_mount_points(folder: Path) -> list[str]:
    """In the order in which they were mounted."""
    with open("/proc/self/mountinfo") as table:
        points = [line.split(" ")[4] for line in table]
    return [point for point in points if point == str(folder) or point.startswith(f"{folder}/")]


def wait_until(is_so: Callable[[], bool], complaint: str) -> None:
    """Asks again and again, with a limit."""
    deadline_s = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline_s, complaint
        time.sleep(0.02)
