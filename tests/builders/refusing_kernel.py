"""A kernel that refuses chosen system calls, for one thread: what a file system that cannot link looks like.

Real file systems without hard links (vfat, SMB, FUSE) cannot be mounted everywhere that tests run. A seccomp filter
can be set everywhere on Linux, without rights: the kernel itself then answers the chosen calls with the chosen error,
and our code meets exactly what it would meet there. The filter binds one thread, and goes with it.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

_ARCHITECTURES: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {"read": 0, "write": 1, "pwrite64": 18, "fsync": 74, "openat": 257, "getdents64": 217}
        | {"link": 86, "linkat": 265, "rename": 82, "renameat": 264, "renameat2": 316}
        | {"stat": 4, "lstat": 6, "newfstatat": 262, "statx": 332, "statfs": 137, "readlink": 89},
    ),
    "aarch64": (
        0xC00000B7,
        {"read": 63, "write": 64, "pwrite64": 68, "fsync": 82, "openat": 56, "getdents64": 61}
        | {"linkat": 37, "renameat": 38, "renameat2": 276}
        | {"newfstatat": 79, "statx": 291, "statfs": 43},
    ),
}
"""AUDIT_ARCH of each machine, and its numbers of the calls (a number that is not there has no such call)."""


@dataclass(frozen=True)
class Refusal:
    """One system call that fails; with a mask, only where that argument has one of the bits."""

    call: str
    number: int
    argument: int = 0
    mask: int = 0


NO_UNNAMED_FILES = Refusal("openat", errno.EOPNOTSUPP, argument=2, mask=0o20000000)
NO_LINKS = (Refusal("link", errno.EPERM), Refusal("linkat", errno.EPERM))
NO_RENAME_FLAGS = Refusal("renameat2", errno.EINVAL, argument=4, mask=0xFFFFFFFF)
LIKE_VFAT = (NO_UNNAMED_FILES, *NO_LINKS)
"""Renaming without replacing works there."""
LIKE_FUSE = (*LIKE_VFAT, NO_RENAME_FLAGS)
"""A plain rename is all there is."""


def call_refused(refusals: Sequence[Refusal], call: Callable[[], T]) -> T:
    """Makes the call on a thread of its own, to which the kernel refuses these system calls."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            _refuse(refusals)
            results.append(call())
        except BaseException as error:  # noqa: BLE001  (raised below)
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


class _Instruction(ctypes.Structure):
    """``struct sock_filter``."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


_LOAD, _JUMP_EQUAL, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
"""Offsets in ``struct seccomp_data``."""


def _refuse(refusals: Sequence[Refusal]) -> None:
    architecture, numbers = _ARCHITECTURES[platform.machine()]
    code = [
        _Instruction(_LOAD, 0, 0, _ARCHITECTURE_AT),
        _Instruction(_JUMP_EQUAL, 1, 0, architecture),
        _Instruction(_RETURN, 0, 0, _ALLOW),
    ]
    for refusal in refusals:
        if refusal.call not in numbers:
            continue
        then = [_Instruction(_RETURN, 0, 0, _FAIL | refusal.number)]
        if refusal.mask:
            then = [
                _Instruction(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * refusal.argument),
                _Instruction(_JUMP_BITS, 0, 1, refusal.mask),
                *then,
            ]
        code += [
            _Instruction(_LOAD, 0, 0, _NUMBER_AT),
            _Instruction(_JUMP_EQUAL, 0, len(then), numbers[refusal.call]),
            *then,
        ]
    code.append(_Instruction(_RETURN, 0, 0, _ALLOW))
    program = _Program(len(code), (_Instruction * len(code))(*code))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong)
    set_no_new_privs, set_seccomp, mode_filter = 38, 22, 2
    if prctl(set_no_new_privs, 1, None, 0, 0) or prctl(set_seccomp, mode_filter, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel refused the filter")
