"""Mounting: images of file systems in files, through loop devices, and a file system of our own through FUSE.

If this machine lacks root, a program (:data:`FILE_SYSTEMS` has Debian's packages), a driver, or a device, the test is
skipped with that reason. Anything else is a failure. What surprises: if the kernel has no driver for FAT, exFAT, or
NTFS, user-space drivers are used. The disk and its rules are the same: letter case, times of two seconds, no links.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from builders.system_packages import require

SIZE_BYTES = 320 * 1024 * 1024
"""The minimum for XFS. The files are sparse."""

LIMIT_S = 20.0

_LACKING = ("unknown filesystem type", "permission denied", "not permitted", "must be superuser")
"""mount(8)'s messages if the kernel lacks the driver, or the machine does not allow mounting."""

CLOUD_PROGRAM = Path(__file__).with_name("cloud_mount.py")
SYSTEM_PYTHON = "/usr/bin/python3"
"""Debian packages fusepy for this Python. The tests' own environment does not need it."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A file system that can be mounted, and its properties."""

    mount: Callable[[Path, Path], None]
    """Called with its own scratch folder, and the mount point."""
    programs: Mapping[str, str] = field(default_factory=dict)
    """The programs that it needs besides ``mount``, each with its Debian package."""
    devices: tuple[str, ...] = ()
    folds_case: bool = False
    links: bool = True
    """Whether it supports hard links, which give a new file its name."""
    mtime_ns: int = 1
    """Times are kept as multiples of this."""
    is_local: bool = True
    """For Strandline: a disk that reports changes."""


@contextmanager
def mount_tree(folder: Path) -> Iterator[Path]:
    """A folder for mount points. At the end, everything below it is unmounted in reverse order."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder.mkdir()
    try:
        yield folder
    finally:
        for point in reversed(_list_mount_points(folder)):
            subprocess.run(["umount", "--lazy", point], check=True)


def mount(name: str, mounts: Path) -> Path:
    """Mounts one of :data:`FILE_SYSTEMS`. Returns the mount point, which is empty."""
    for program, package in FILE_SYSTEMS[name].programs.items():
        require(program, package)
    for device in FILE_SYSTEMS[name].devices:
        if not os.path.exists(device):
            pytest.skip(f"this machine has no {device}")
    scratch, point = mounts / f"{name}.scratch", mounts / name
    scratch.mkdir()
    point.mkdir()
    FILE_SYSTEMS[name].mount(scratch, point)
    wait_until(lambda: str(point) in _list_mount_points(point), f"{name} is not mounted")
    return point


@contextmanager
def pulled_out(point: Path) -> Iterator[None]:
    """An empty folder is in place of the disk, like the mount point of an unmounted one."""
    _mount_tmpfs(point, point)
    try:
        yield
    finally:
        _run("umount", point)


def remount_read_only(point: Path) -> None:
    """From now on nobody can write there."""
    _run("mount", "-o", "remount,ro", point)


def _make_and_mount(maker: str, *command: str) -> Callable[[Path, Path], None]:
    def mount_it(scratch: Path, point: Path) -> None:
        image = scratch / "image"
        with open(image, "wb") as file:
            file.truncate(SIZE_BYTES)
        _run(*maker.split(), image)
        device = _run("losetup", "--find", "--show", image).strip()
        try:
            _mount(*(part.format(device=device, point=point) for part in command))
        finally:
            # Done at unmount, so nothing is left behind.
            subprocess.run(["losetup", "--detach", device], check=False)

    return mount_it


def _mount_overlay(scratch: Path, point: Path) -> None:
    lower, upper, work = (scratch / name for name in ("lower", "upper", "work"))
    for folder in (lower, upper, work):
        folder.mkdir()
    layers = f"lowerdir={lower},upperdir={upper},workdir={work}"
    _mount("mount", "-t", "overlay", "overlay", "-o", layers, point)


def _mount_tmpfs(_scratch: Path, point: Path) -> None:
    _mount("mount", "-t", "tmpfs", "none", point)


def _mount_bind(scratch: Path, point: Path) -> None:
    _mount("mount", "--bind", scratch, point)


def _mount_fat(scratch: Path, point: Path) -> None:
    image = scratch / "image"
    with open(image, "wb") as file:
        file.truncate(SIZE_BYTES)
    _run("mkfs.vfat", image)
    _mount("fusefat", "-o", "rw+", image, point)


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
        pytest.skip("fusepy is not installed: apt-get install python3-fusepy")
    _mount(*command)


def files_behind(cloud: Path) -> Path:
    """The folder with the real files of a mounted cloud. Nothing fails or is slow there."""
    return cloud.with_name(f"{cloud.name}.scratch") / "files"


def set_weather(cloud: Path, **weather: object) -> None:
    """How a mounted cloud behaves from now on: ``fail={"read": "EIO"}`` by operation, ``slow_s=6``, or normally."""
    control = cloud.with_name(f"{cloud.name}.scratch") / "weather"
    fresh = control.with_suffix(".new")
    fresh.write_text(json.dumps(weather))
    fresh.rename(control)


LOOP, FUSE = ("/dev/loop-control",), ("/dev/fuse",)
FILE_SYSTEMS = {
    "ext4": FileSystem(
        _make_and_mount("mkfs.ext4 -q", "mount", "{device}", "{point}"),
        {"mkfs.ext4": "e2fsprogs"}, LOOP,
    ),
    "btrfs": FileSystem(
        _make_and_mount("mkfs.btrfs -q", "mount", "{device}", "{point}"),
        {"mkfs.btrfs": "btrfs-progs"}, LOOP,
    ),
    "xfs": FileSystem(
        _make_and_mount("mkfs.xfs -q", "mount", "{device}", "{point}"),
        {"mkfs.xfs": "xfsprogs"}, LOOP,
    ),
    "tmpfs": FileSystem(_mount_tmpfs),
    "overlay": FileSystem(_mount_overlay),
    "bind": FileSystem(_mount_bind),
    "exfat": FileSystem(
        _make_and_mount("mkfs.exfat", "mount.exfat-fuse", "{device}", "{point}"),
        {"mkfs.exfat": "exfatprogs", "mount.exfat-fuse": "exfat-fuse"}, LOOP + FUSE,
        folds_case=True, links=False, mtime_ns=1_000_000_000,
    ),
    "ntfs": FileSystem(
        _make_and_mount("mkfs.ntfs -q -F", "lowntfs-3g", "-o", "ignore_case", "{device}", "{point}"),
        {"mkfs.ntfs": "ntfs-3g", "lowntfs-3g": "ntfs-3g"}, LOOP + FUSE,
        folds_case=True, mtime_ns=100,
    ),
    "fat": FileSystem(
        _mount_fat, {"mkfs.vfat": "dosfstools", "fusefat": "fusefat"}, FUSE,
        folds_case=True, links=False, mtime_ns=2_000_000_000, is_local=False,
    ),
    "cloud": FileSystem(
        _mount_cloud, {SYSTEM_PYTHON: "python3-fusepy", "fusermount3": "fuse3"}, FUSE,
        links=False, is_local=False,
    ),
}  # fmt: skip
"""All that the tests mount. ``fat`` is served by a FUSE program, hence not local. ``exfat`` and ``ntfs`` are on a
local block device.
"""


def _run(*command: str | Path) -> str:
    """Runs a program of the system, which must succeed."""
    ended = _start(command)
    assert ended.returncode == 0, f"{command}: {ended.stderr}"
    return ended.stdout


def _mount(*command: str | Path) -> None:
    """The same for a program that mounts. If the kernel has no driver or does not allow it, the test is skipped."""
    ended = _start(command)
    if ended.returncode and any(words in ended.stderr.lower() for words in _LACKING):
        pytest.skip(f"{command[0]}: {ended.stderr.strip()[:200]}")
    assert ended.returncode == 0, f"{command}: {ended.stderr}"


def _start(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)


def _list_mount_points(folder: Path) -> list[str]:
    """In the order of mounting."""
    with open("/proc/self/mountinfo") as table:
        points = [line.split(" ")[4] for line in table]
    return [point for point in points if point == str(folder) or point.startswith(f"{folder}/")]


def wait_until(is_so: Callable[[], bool], complaint: str) -> None:
    """Checks again and again, with a limit."""
    deadline_s = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline_s, complaint
        time.sleep(0.02)
