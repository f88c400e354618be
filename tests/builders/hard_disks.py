"""Disks that give trouble, for real: a small one that fills up, a read-only one, and a share that never answers.

Mounting needs rights that not every machine gives to tests; :func:`may_mount` says so beforehand.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_DETACH = 2
"""umount2(2): let go of it at once, whoever still holds something there."""


@cache
def may_mount() -> bool:
    """True where this machine lets the tests mount a disk (root outside of a tight container)."""
    with tempfile.TemporaryDirectory() as folder:
        is_mounted = (
            subprocess.run(["mount", "-t", "tmpfs", "none", folder], capture_output=True).returncode == 0
        )
        if is_mounted:
            subprocess.run(["umount", folder], check=True)
        return is_mounted


@contextmanager
def small_disk(folder: Path, size_kib: int) -> Iterator[Path]:
    """A disk of that size, mounted on the folder, which is made if need be."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """A mounted disk takes no writes for a while."""
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


@contextmanager
def hung_share(folder: Path) -> Iterator[None]:
    """A share mounted over the folder, whose server never answers: whoever looks into it waits.

    It is a FUSE mount that nobody serves. At the end of the block all who wait are let go with an error.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    try:
        options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
        if libc.mount(b"hung", os.fsencode(folder), b"fuse", 0, options.encode()):
            raise OSError(ctypes.get_errno(), "cannot mount a FUSE share")
        try:
            yield
        finally:
            libc.umount2(os.fsencode(folder), _DETACH)
    finally:
        os.close(device)


def may_mount_fuse() -> bool:
    """True where :func:`hung_share` works."""
    return may_mount() and os.access("/dev/fuse", os.R_OK | os.W_OK)
