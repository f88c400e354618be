"""The contract of a sync client, so that every client is tested for the same promises.

A :class:`Client` opens a :class:`Link` between two folders, ``a`` and ``b``. Nothing travels before the first
:meth:`Link.transfer`. After it, everything that can be in sync is in sync. A client's peculiarities are not hidden in
tests but are data, its :class:`Traits`. What surprises: "in sync" is all that the clients have in common. The order,
the names, the number of pieces, and what a kill leaves differ for each of them.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from scenarios.waiting import LIMIT_S

Word = str | Path


class Leftover(Enum):
    """What a killed client leaves in the media folder."""

    NOTHING = "nothing"
    TEMPORARY = "a temporary name"
    HALF = "half of the bytes under the final name"
    POINTER = "a few bytes of its own under the final name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """The peculiarities of a client."""

    two_way: bool = False
    """Both folders may be written; otherwise everything goes from ``a`` to ``b``."""
    rewrites_all: bool = False
    """Each run rewrites every file in place. A whole file, even ``SD_ID``, is half for a moment."""
    killed_leaves: Leftover
    identity_copies: tuple[str, ...] = ()
    """The names (patterns) of its copies if both sides created an ``SD_ID``; empty for one-way clients. Some
    clients keep one of the two as ``SD_ID``, others do not.
    """
    equal_news_clash: bool = False
    """A file that is new on both sides is a conflict for it, even if the bytes are the same."""
    old_versions: str | None = None
    """A pattern: where the old bytes of ``media/NAME`` are in the receiving folder, if it keeps versions."""


class Link(ABC):
    """Two folders and the client between them. Close it, otherwise its processes outlive the test."""

    def __init__(self, a: Path, b: Path) -> None:
        self.a = a
        self.b = b

    @abstractmethod
    def transfer(self) -> None:
        """Runs the client until it has nothing left to do."""

    @abstractmethod
    def begin(self) -> None:
        """Starts a transfer from ``a`` to ``b`` that takes seconds, and returns at once."""

    @abstractmethod
    def kill(self) -> None:
        """Kills it in the middle, like a power cut. :meth:`transfer` must be able to continue afterwards."""

    @abstractmethod
    def close(self) -> None:
        """Ends what still runs. Only files remain."""

    def bytes_arrived(self) -> int:
        """How many bytes have arrived in ``b`` so far, under any name. Holes and reserved blocks do not count."""
        return sum(_bytes_in(Path(top) / name) for top, _, names in os.walk(self.b) for name in names)


@dataclass(frozen=True, slots=True)
class Client:
    """A program that people use to keep folders in sync."""

    traits: Traits
    open: Callable[[Path, Path, Path, bool], Link]
    """Called with a folder for the client's own files, ``a``, ``b``, and whether to keep old versions."""


class CommandLink(Link):
    """A client that is started for each transfer: one or more commands, each a program of the system."""

    killed_by = signal.SIGKILL

    def __init__(self, own: Path, a: Path, b: Path) -> None:
        super().__init__(a, b)
        self.own = own
        self._environment = {"PATH": "/usr/bin:/bin", "HOME": str(own), "LC_ALL": "C.UTF-8"}
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, *command: Word, cwd: Path | None = None) -> str:
        """Runs a command to its end and returns its output. If it fails, the test fails with that output."""
        done = self.try_to_run(*command, cwd=cwd)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def try_to_run(self, *command: Word, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command that may fail to its end."""
        return subprocess.run(
            command, cwd=cwd, env=self._environment, capture_output=True, text=True, timeout=LIMIT_S
        )

    def start(self, command: Sequence[Word], cwd: Path | None = None) -> None:
        """Starts a command in a process group of its own."""
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self) -> None:
        """Kills the command that was started, and all its processes."""
        assert self._process is not None
        assert self._process.poll() is None, "it has ended by itself: make it slower"
        self.close()

    def close(self) -> None:
        """Ends what still runs."""
        if self._process is not None:
            if self._process.poll() is None:
                os.killpg(self._process.pid, self.killed_by)
            self._process.wait(LIMIT_S)
            self._process = None


def slowly(system_call: str, *, delay_ms: int) -> list[Word]:
    """The start of a command that slows down a program without a rate limit: each such call is delayed."""
    strace = shutil.which("strace")
    assert strace is not None
    return [strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={system_call}",
            "-e", f"inject={system_call}:delay_exit={delay_ms * 1000}"]  # fmt: skip


def _bytes_in(path: Path) -> int:
    try:
        seen = path.lstat()
    except FileNotFoundError:
        return 0
    return min(seen.st_size, seen.st_blocks * 512)
