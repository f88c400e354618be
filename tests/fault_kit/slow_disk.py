"""The real program on a slow disk: each of its own writes takes as long as a megabyte on an old memory card.

Run it as ``python -m fault_kit.slow_disk`` with the arguments of ``strandline``. SQLite still writes at full speed.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from typing import Any

from strandline.cli.main import main

WRITE_S = 0.1


class _SlowFile(io.FileIO):
    """A file with slow writes."""

    def write(self, data: Any) -> int:
        """Writes after a delay."""
        time.sleep(WRITE_S)
        return super().write(data)


def slow_down() -> None:
    """For the rest of this process."""
    make_file, write = tempfile.TemporaryFile, os.write

    def make_slow_file(**options: Any) -> _SlowFile:
        with make_file(**options) as file:
            return _SlowFile(os.dup(file.fileno()), "w+b")

    def write_slowly(fd: int, data: Any, /) -> int:
        time.sleep(WRITE_S)
        return write(fd, data)

    tempfile.TemporaryFile = make_slow_file  # type: ignore[assignment]
    os.write = write_slowly


if __name__ == "__main__":
    slow_down()
    sys.exit(main())
