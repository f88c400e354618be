"""A kernel that refuses chosen system calls for one thread, as on a file system without links.

Real file systems without hard links (vfat, SMB, FUSE) cannot be mounted everywhere that tests run. A seccomp filter
can be set everywhere on Linux, without rights: the kernel itself then answers the chosen calls with the chosen error,
so our code sees exactly what it would see there. The filter applies to one thread, and ends with it.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from fault_kit.seccomp import Refusal, refuse

__all__ = [
    "LIKE_FUSE",
    "LIKE_VFAT",
    "NO_LINKS",
    "NO_RENAME_FLAGS",
    "NO_UNNAMED_FILES",
    "Refusal",
    "call_refused",
]

T = TypeVar("T")

NO_UNNAMED_FILES = Refusal("openat", errno.EOPNOTSUPP, argument=2, mask=0o20000000)
NO_LINKS = (Refusal("link", errno.EPERM), Refusal("linkat", errno.EPERM))
NO_RENAME_FLAGS = Refusal("renameat2", errno.EINVAL, argument=4, mask=0xFFFFFFFF)
LIKE_VFAT = (NO_UNNAMED_FILES, *NO_LINKS)
"""It supports renaming without replacing."""
LIKE_FUSE = (*LIKE_VFAT, NO_RENAME_FLAGS)
"""It supports only a plain rename."""


def call_refused(refusals: Sequence[Refusal], call: Callable[[], T]) -> T:
    """Makes the call in its own thread, for which the kernel refuses these system calls."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            refuse(refusals)
            results.append(call())
        except BaseException as error:  # noqa: BLE001  (raised below)
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
