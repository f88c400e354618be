"""System calls on files: what each is about to do, and to which path."""

from __future__ import annotations

import os
from dataclasses import dataclass

from fault_kit.seccomp import Asked

# fmt: off
_BY_DESCRIPTOR = frozenset({
    "read", "pread64", "lseek", "fstat", "fstatfs", "getdents64", "write", "writev", "pwrite64", "fsync", "fdatasync",
    "ftruncate", "fallocate", "fchmod", "fchown",
})
_BY_PATH = {
    "open": 0, "stat": 0, "lstat": 0, "access": 0, "readlink": 0, "statfs": 0, "truncate": 0, "mkdir": 0, "rmdir": 0,
    "creat": 0, "unlink": 0, "chmod": 0, "rename": 1, "link": 1, "symlink": 1,
}
"""Which argument is the path. If there are two paths, the new one."""
_BY_FOLDER = {
    "openat": 0, "newfstatat": 0, "statx": 0, "readlinkat": 0, "faccessat": 0, "faccessat2": 0, "mkdirat": 0,
    "unlinkat": 0, "fchmodat": 0, "utimensat": 0, "symlinkat": 1, "renameat": 2, "renameat2": 2, "linkat": 2,
}
"""Which argument is the folder's descriptor; the path follows it."""
_LOOKING = frozenset({
    "read", "pread64", "lseek", "fstat", "fstatfs", "getdents64", "stat", "lstat", "access", "readlink", "statfs",
    "newfstatat", "statx", "readlinkat", "faccessat", "faccessat2",
})
NAMING = frozenset({
    "mkdir", "mkdirat", "rmdir", "creat", "link", "linkat", "symlink", "symlinkat", "rename", "renameat", "renameat2",
    "unlink", "unlinkat",
})
"""They create or remove a name. An ``open`` that creates a file does so, too."""
# fmt: on
SYNCING = frozenset({"fsync", "fdatasync"})
WRITING = frozenset({"write", "writev", "pwrite64", "ftruncate", "fallocate"})
"""They change the bytes of an open file."""

ALL = frozenset({*_BY_DESCRIPTOR, *_BY_PATH, *_BY_FOLDER})
CHANGING = ALL - _LOOKING
"""They may change something; an ``open`` does if it creates or empties a file."""

_AT_CWD = -100
_CREATING = os.O_CREAT | (getattr(os, "O_TMPFILE", 0) & ~getattr(os, "O_DIRECTORY", 0))


@dataclass(frozen=True)
class Call:
    """A call that a process is about to make."""

    name: str
    path: str
    changes: bool
    """It changes something, or makes it durable."""
    creates: bool = False
    """It is an ``open`` that makes a file."""

    def __str__(self) -> str:
        return f"{self.name} {os.path.basename(self.path)}"


def find_call(asked: Asked) -> Call | None:
    """What the call is about to do, and to what. None if it has no target (a closed descriptor)."""
    try:
        path = _path_of(asked)
    except OSError:
        return None
    if asked.call in ("openat", "open"):
        flags = asked.arguments[2 if asked.call == "openat" else 1]
        creates = bool(flags & _CREATING) and (not flags & os.O_CREAT or not os.path.lexists(path))
        return Call(asked.call, path, changes=creates or bool(flags & os.O_TRUNC), creates=creates)
    return Call(asked.call, path, changes=asked.call in CHANGING)


def _path_of(asked: Asked) -> str:
    call, arguments = asked.call, asked.arguments
    if call in _BY_DESCRIPTOR:
        return os.readlink(f"/proc/{asked.task}/fd/{_signed(arguments[0])}")
    if call in _BY_PATH:
        return _resolve(asked.task, _AT_CWD, arguments[_BY_PATH[call]])
    place = _BY_FOLDER[call]
    return _resolve(asked.task, _signed(arguments[place]), arguments[place + 1])


def _resolve(task: int, descriptor: int, address: int) -> str:
    path = _read_text(task, address)
    if not os.path.isabs(path):
        folder = os.readlink(f"/proc/{task}/{'cwd' if descriptor == _AT_CWD else f'fd/{descriptor}'}")
        path = os.path.join(folder, path)
    return os.path.normpath(path)


def _read_text(task: int, address: int) -> str:
    memory = os.open(f"/proc/{task}/mem", os.O_RDONLY)
    try:
        return os.fsdecode(os.pread(memory, 4096, address).partition(b"\0")[0])
    finally:
        os.close(memory)


def _signed(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value
