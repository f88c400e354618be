"""Seccomp filters: the kernel refuses chosen system calls, or asks another process what to do with each.

File systems without hard links, disks that fail at one call, and machines that die at another are not available
everywhere. A filter is, on any Linux and without privileges. What surprises: a reported call has not been made yet.
The process that makes it waits, and can be killed in the middle of its work.
"""

from __future__ import annotations

import ctypes
import fcntl
import platform
from collections.abc import Iterable
from dataclasses import dataclass

# fmt: off
_X86_64 = {
    "read": 0, "write": 1, "open": 2, "stat": 4, "fstat": 5, "lstat": 6, "lseek": 8, "pread64": 17, "pwrite64": 18,
    "writev": 20, "access": 21, "fsync": 74, "fdatasync": 75, "truncate": 76, "ftruncate": 77, "rename": 82,
    "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87, "symlink": 88, "readlink": 89, "chmod": 90,
    "fchmod": 91, "fchown": 93, "statfs": 137, "fstatfs": 138, "getdents64": 217, "openat": 257, "mkdirat": 258,
    "newfstatat": 262, "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266, "readlinkat": 267,
    "fchmodat": 268, "faccessat": 269, "utimensat": 280, "fallocate": 285, "renameat2": 316, "seccomp": 317,
    "flock": 73, "statx": 332, "faccessat2": 439,
}
_AARCH64 = {
    "read": 63, "write": 64, "fstat": 80, "lseek": 62, "pread64": 67, "pwrite64": 68, "writev": 66, "fsync": 82,
    "fdatasync": 83, "truncate": 45, "ftruncate": 46, "fchmod": 52, "fchown": 55, "statfs": 43, "fstatfs": 44,
    "getdents64": 61, "openat": 56, "mkdirat": 34, "newfstatat": 79, "unlinkat": 35, "renameat": 38, "linkat": 37,
    "symlinkat": 36, "readlinkat": 78, "fchmodat": 53, "faccessat": 48, "utimensat": 88, "fallocate": 47,
    "renameat2": 276, "seccomp": 277, "flock": 32, "statx": 291, "faccessat2": 439,
}
# fmt: on
_MACHINES = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}
_ARCHITECTURE, NUMBERS = _MACHINES.get(platform.machine(), (0, {}))
"""AUDIT_ARCH of this machine, and its call numbers. It does not have the calls that are missing."""
NAMES = {number: name for name, number in NUMBERS.items()}


@dataclass(frozen=True)
class Refusal:
    """One system call that fails. With a mask, only if that argument has one of the bits."""

    call: str
    number: int
    argument: int = 0
    mask: int = 0


@dataclass(frozen=True)
class Asked:
    """A call that waits for an answer."""

    key: int
    task: int
    """The id of the calling thread, for ``/proc``."""
    call: str
    arguments: tuple[int, ...]


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


class _Notice(ctypes.Structure):
    """``struct seccomp_notif``."""

    _fields_ = (
        ("key", ctypes.c_uint64),
        ("task", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("number", ctypes.c_int32),
        ("architecture", ctypes.c_uint32),
        ("instruction_pointer", ctypes.c_uint64),
        ("arguments", ctypes.c_uint64 * 6),
    )


class _Answer(ctypes.Structure):
    """``struct seccomp_notif_resp``."""

    _fields_ = (
        ("key", ctypes.c_uint64),
        ("value", ctypes.c_int64),
        ("error", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
    )


_LOAD, _JUMP_EQUAL, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _FAIL, _ASK = 0x7FFF0000, 0x00050000, 0x7FC00000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
"""Offsets in ``struct seccomp_data``."""
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_GO_ON = 1

_LIBC = ctypes.CDLL(None, use_errno=True)


def refuse(refusals: Iterable[Refusal]) -> None:
    """From now on, the kernel refuses these calls to this thread, and to the threads and processes that it starts."""
    code: list[_Instruction] = []
    for refusal in refusals:
        if refusal.call not in NUMBERS:
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
            _Instruction(_JUMP_EQUAL, 0, len(then), NUMBERS[refusal.call]),
            *then,
        ]
    _install(code, flags=0)


def ask_about(calls: Iterable[str]) -> int:
    """From now on, these calls of this thread and of what it starts wait for an answer. Returns where to give it.

    Refusals come first: a refused call is not reported.
    """
    code = [_Instruction(_LOAD, 0, 0, _NUMBER_AT)]
    for call in calls:
        if call in NUMBERS:
            code += [
                _Instruction(_JUMP_EQUAL, 0, 1, NUMBERS[call]),
                _Instruction(_RETURN, 0, 0, _ASK),
            ]
    with_listener = 8
    return _install(code, flags=with_listener)


def receive(listener: int) -> Asked | None:
    """The next waiting call. None if its caller was killed meanwhile."""
    notice = _Notice()
    try:
        fcntl.ioctl(listener, _RECEIVE, notice)
    except FileNotFoundError:
        return None
    return Asked(notice.key, notice.task, NAMES[notice.number], tuple(notice.arguments))


def answer(listener: int, asked: Asked, error_number: int = 0) -> None:
    """Lets the call proceed, or makes it fail with this number."""
    reply = _Answer(asked.key, 0, -error_number, 0 if error_number else _GO_ON)
    try:
        fcntl.ioctl(listener, _SEND, reply)
    except FileNotFoundError:
        return  # killed meanwhile


def _install(code: list[_Instruction], *, flags: int) -> int:
    code = [
        _Instruction(_LOAD, 0, 0, _ARCHITECTURE_AT),
        _Instruction(_JUMP_EQUAL, 1, 0, _ARCHITECTURE),
        _Instruction(_RETURN, 0, 0, _ALLOW),
        *code,
        _Instruction(_RETURN, 0, 0, _ALLOW),
    ]
    program = _Program(len(code), (_Instruction * len(code))(*code))
    set_no_new_privs, mode_filter = 38, 1
    long = ctypes.c_ulong
    if _LIBC.prctl(set_no_new_privs, long(1), long(0), long(0), long(0)) == 0:
        done = _LIBC.syscall(long(NUMBERS["seccomp"]), long(mode_filter), long(flags), ctypes.byref(program))
        if done >= 0:
            return int(done)
    raise OSError(ctypes.get_errno(), "the kernel refused the filter")
