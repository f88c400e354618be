"""A cloud drive as FUSE shows it: the files of a folder, with a network's problems. Run by the system's Python.

``cloud_mount.py FILES MOUNT_POINT WEATHER``: before each operation the file WEATHER is read. It is JSON: ``fail``
gives errors by operation, ``slow_s`` delays everything, ``log_reads`` records what is read, and ``die``
ends the program. What surprises: like most such drives, it can neither link nor rename without replacing.
"""

# ruff: noqa: ARG002  (FUSE gives the operations more arguments than these need)

from __future__ import annotations

import errno
import json
import os
import sys
import time
from typing import Any

import fusepy  # type: ignore[import-not-found]


class Cloud(fusepy.Operations):  # type: ignore[misc]
    """Passes every operation to the real files, unless it is set to fail."""

    def __init__(self, files: str, weather: str) -> None:
        self._files = files
        self._weather = weather

    def __call__(self, operation: str, path: str, *arguments: Any) -> Any:
        """Every operation comes through here."""
        self._pass_weather(operation, path)
        return super().__call__(operation, self._files + path, *arguments)

    def _pass_weather(self, operation: str, path: str) -> None:
        try:
            with open(self._weather) as file:
                weather = json.load(file)
        except FileNotFoundError:
            return
        if weather.get("die"):
            os._exit(1)
        if weather.get("log_reads") and operation == "read":
            with open(os.path.join(os.path.dirname(self._weather), "reads"), "a") as reads:
                reads.write(path + "\n")
        time.sleep(weather.get("slow_s", 0))
        name = weather.get("fail", {}).get(operation)
        if name is not None:
            raise fusepy.FuseOSError(getattr(errno, name))

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int | float]:
        seen = os.lstat(path)
        fields = ("st_mode", "st_nlink", "st_size", "st_uid", "st_gid")
        times = {name: getattr(seen, name) for name in ("st_atime", "st_mtime", "st_ctime")}
        return {name: getattr(seen, name) for name in fields} | times

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *os.listdir(path)]

    def open(self, path: str, flags: int) -> int:
        return os.open(path, flags)

    def create(self, path: str, mode: int, fi: object = None) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT, mode)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        os.truncate(path, length)

    def fsync(self, path: str, datasync: int, fh: int) -> None:
        os.fsync(fh)

    def release(self, path: str, fh: int) -> None:
        os.close(fh)

    def link(self, target: str, source: str) -> None:
        raise fusepy.FuseOSError(errno.ENOSYS)

    def rename(self, old: str, new: str) -> None:
        os.rename(old, self._files + new)

    def mkdir(self, path: str, mode: int) -> None:
        os.mkdir(path, mode)

    def rmdir(self, path: str) -> None:
        os.rmdir(path)

    def unlink(self, path: str) -> None:
        os.unlink(path)

    def utimens(self, path: str, times: tuple[float, float] | None = None) -> None:
        os.utime(path, times)

    def chmod(self, path: str, mode: int) -> None:
        os.chmod(path, mode)


if __name__ == "__main__":
    files, mount_point, weather = sys.argv[1:]
    fusepy.FUSE(Cloud(files, weather), mount_point, allow_other=True, attr_timeout=0, entry_timeout=0)
