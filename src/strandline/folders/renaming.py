"""Renaming that never replaces, which operating systems offer and Python does not.

Linux has ``renameat2`` with RENAME_NOREPLACE, macOS ``renameatx_np`` with RENAME_EXCL; both are called through
``ctypes``. On Windows the ordinary rename already refuses to replace. Many file systems that cannot link cannot do
this either, and answer EINVAL: that is ``False`` here, not an error.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

_RENAME_NOREPLACE = 1
"""From <linux/fs.h>."""
_RENAME_EXCL = 4
"""From macOS <sys/stdio.h>."""
_CANNOT = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}

_SHARING_VIOLATIONS = {5, 32, 33}
"""Windows: a virus scanner, an indexer, or a sync client has the file open, usually for a moment."""
_PATIENCE_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

_Rename = Callable[[int, bytes, int, bytes], int]


def rename_without_replacing(
    source: str, target: str, *, source_fd: int | None, target_fd: int | None
) -> bool:
    """Renames, atomically, unless the target exists.

    Args:
        source: Name relative to ``source_fd``, or a path if that is None.
        target: Likewise.
        source_fd: Descriptor of the folder.
        target_fd: Likewise.

    Returns:
        False if this system or file system does not support it. Nothing has happened then.

    Raises:
        FileExistsError: The target exists.
        OSError: Anything else that went wrong.
    """
    if sys.platform == "win32":
        patiently(lambda: Path(source).rename(target))
        return True
    rename = _find_rename()
    if rename is None:
        return False
    number = rename(_at(source_fd), os.fsencode(source), _at(target_fd), os.fsencode(target))
    if number in _CANNOT:
        return False
    if number:
        raise OSError(number, os.strerror(number), source, None, target)
    return True


def patiently(call: Callable[[], object]) -> None:
    """Makes the call. On Windows, retries for about two seconds while another program has the file open."""
    for pause_s in _PATIENCE_S if sys.platform == "win32" else ():
        try:
            call()
            return
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _SHARING_VIOLATIONS:
                raise
            time.sleep(pause_s)
    call()


def _at(folder_fd: int | None) -> int:
    at_fdcwd = -2 if sys.platform == "darwin" else -100
    return at_fdcwd if folder_fd is None else folder_fd


@cache
def _find_rename() -> _Rename | None:
    """The C library's function, wrapped to return 0 or an errno. None if it has none (older musl, BSD)."""
    import ctypes  # here: most file systems have links, and do not need it

    name, flags = (
        ("renameatx_np", _RENAME_EXCL) if sys.platform == "darwin" else ("renameat2", _RENAME_NOREPLACE)
    )
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    function.restype = ctypes.c_int

    def rename(source_fd: int, source: bytes, target_fd: int, target: bytes) -> int:
        return ctypes.get_errno() if function(source_fd, source, target_fd, target, flags) else 0

    return rename
