"""Disks that cause trouble: a small one that fills up, a read-only one, and a share that never answers.

They are real and mounted if this machine lets tests mount. Otherwise (no root, a restricted container) the kernel
simulates them: seccomp filters give the same answers to the same code, so the same tests run everywhere. What
surprises: a simulated disk knows no folders, only calls; :data:`HardDisk.refusals` says which ones fail.
"""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from fault_kit.refusing_kernel import Refusal, call_refused
from fault_kit.supervised import Job, supervisor
from strandline.catalog import database_errors

T = TypeVar("T")

CREATING = {"argument": 2, "mask": 0o20000100}
"""An ``open`` that creates a file: O_CREAT, or O_TMPFILE."""

_READ_ONLY, _REMOUNT, _DETACH = 1, 32, 2
"""mount(2) and umount2(2). Detaching unmounts at once, even if something is still open."""
_MAY_NOT = {errno.EPERM, errno.EACCES, errno.ENOSYS}
_NO_FUSE = _MAY_NOT | {errno.ENOENT, errno.ENODEV, errno.ENXIO}
_RUN_LIMIT_S = 60
_TESTS = Path(__file__).parents[1]

_LIST_SHARE = """
from strandline.folders import filesystems
def list_mounts(list_mounts=filesystems._list_mounts):
    entries = list_mounts()
    disk = filesystems.find_in(entries, {share!r})
    [disk_id] = [entry.mount_id for entry in entries if entry.mount is disk]
    share = filesystems.parse_mountinfo(f"-1 {{disk_id}} 0:0 / {share} rw - fuse none rw".encode())
    return *entries, *share
filesystems._list_mounts = list_mounts
"""
"""A simulated share is in the table of mounts, too. Its path has no spaces."""


@dataclass(frozen=True)
class HardDisk:
    """A disk, real or simulated."""

    folder: Path
    refusals: tuple[Refusal, ...] = ()
    """What the kernel refuses to programs that use a simulated disk. Empty for a mounted one."""

    @property
    def is_mounted(self) -> bool:
        return may_mount()

    def call(self, call: Callable[[], T]) -> T:
        """Makes a call that uses the disk."""
        return call_refused(self.refusals, call) if self.refusals else call()

    def count_free_blocks(self) -> int | None:
        """None if it is simulated, because others write there as well."""
        return os.statvfs(self.folder).f_bavail if self.is_mounted else None


@contextmanager
def small_disk(folder: Path, size_kib: int) -> Iterator[HardDisk]:
    """A disk of that size, a power of two, on the folder, which is created if needed.

    A simulated one has room for any number of files, but not for a single larger write.
    """
    folder.mkdir(exist_ok=True)
    if not may_mount():
        yield HardDisk(folder, (_refuse_writes_over(size_kib * 1024),))
        return
    with _mounted("tmpfs", folder, f"size={size_kib}k"):
        yield HardDisk(folder)


@contextmanager
def filled(disk: HardDisk, *, room_bytes: int = 0) -> Iterator[HardDisk]:
    """The disk has only this much room for a while, a power of two.

    With no room, a simulated disk refuses positioned writes, which only SQLite makes.
    """
    if not disk.is_mounted:
        full = _refuse_writes_over(room_bytes) if room_bytes else Refusal("pwrite64", errno.ENOSPC)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                database_errors, "ROOM_BYTES", sys.maxsize
            )  # programs that ask for room find too little
            yield replace(disk, refusals=(full,))
        return
    filler = disk.folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while not room_bytes or os.statvfs(disk.folder).f_bavail * 4096 > room_bytes:
            file.write(bytes(4096))
    yield disk
    filler.unlink()


@contextmanager
def read_only(disk: HardDisk) -> Iterator[HardDisk]:
    """The disk takes no writes for a while."""
    if not disk.is_mounted:
        yield replace(disk, refusals=(Refusal("openat", errno.EROFS, **CREATING),))
        return
    _mount("none", disk.folder, _REMOUNT | _READ_ONLY)
    try:
        yield disk
    finally:
        _mount("none", disk.folder, _REMOUNT)


def run_beside_hung_share(share: Path, code: str, *arguments: str) -> str:
    """The output of code that runs in a process for which a share at that path never answers. It must succeed.

    A real share is a FUSE mount that nobody serves. A simulated one leaves all calls about the path unanswered until
    the process ends.
    """
    with _unserved_mount(share) as is_mounted:
        if is_mounted:
            command = [sys.executable, "-c", code, *arguments]
            ran = subprocess.run(
                command, cwd=_TESTS, capture_output=True, text=True, timeout=_RUN_LIMIT_S, check=False
            )
            assert ran.returncode == 0, ran.stderr
            return ran.stdout
    with supervisor() as runs:
        played = runs.hang(Job((share,), arguments, _LIST_SHARE.format(share=str(share)) + code))
    assert played.status == 0, played.stderr
    return played.stdout


@cache
def may_mount() -> bool:
    """True if this machine lets the tests mount a disk. Any other failure is an error."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with _mounted("tmpfs", Path(folder)):
                return True
        except OSError as error:
            if error.errno in _MAY_NOT:
                return False
            raise


@contextmanager
def _unserved_mount(folder: Path) -> Iterator[bool]:
    """At the end of the block, all waiting calls fail. Yields False if FUSE cannot be mounted."""
    try:
        device = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        if error.errno not in _NO_FUSE:
            raise
        yield False
        return
    try:
        if not may_mount():
            yield False
            return
        with _mounted("fuse", folder, f"fd={device},rootmode=40000,user_id=0,group_id=0"):
            yield True
    finally:
        os.close(device)


@contextmanager
def _mounted(kind: str, folder: Path, options: str = "") -> Iterator[None]:
    _mount(kind, folder, 0, options)
    try:
        yield
    finally:
        if _libc().umount2(os.fsencode(folder), _DETACH):
            raise _last_error(folder)


def _mount(kind: str, folder: Path, flags: int, options: str = "") -> None:
    if _libc().mount(b"none", os.fsencode(folder), kind.encode(), ctypes.c_ulong(flags), options.encode()):
        raise _last_error(folder)


def _refuse_writes_over(limit_bytes: int) -> Refusal:
    return Refusal("write", errno.ENOSPC, argument=2, mask=0x1_0000_0000 - limit_bytes)


def _last_error(folder: Path) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), str(folder))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
