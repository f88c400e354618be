"""Clients that are started for each transfer and go both ways: Unison and rclone bisync.

What surprises: both remember their last state and lock that memory. After a kill, both refuse to continue until
somebody confirms that no other process is running.
"""

from __future__ import annotations

from pathlib import Path

from builders.system_packages import require
from scenarios.client import Client, CommandLink, Leftover, Traits, Word, slowly


class _UnisonLink(CommandLink):
    """``-prefer newer -copyonconflict``: without these, each side keeps its own ``SD_ID`` for good."""

    def __init__(self, own: Path, a: Path, b: Path, keeps_versions: bool) -> None:
        super().__init__(own, a, b)
        versions = ["-backup", "Name *", "-backuploc", "local"] if keeps_versions else []
        self._command: list[Word] = [
            require("unison", "unison"), "-ui", "text", "-batch", "-silent", "-times", "-logfile", "/dev/null",
            "-prefer", "newer", "-copyonconflict", "-ignorelocks", *versions, a, b,
        ]  # fmt: skip
        self.transfer()

    def transfer(self) -> None:
        """Runs twice: one side makes a copy of a conflict, and it travels with the next run."""
        self.run(*self._command)
        self.run(*self._command)

    def begin(self) -> None:
        require("strace", "strace")
        self.start([*slowly("write", delay_ms=20), *self._command])


class _BisyncLink(CommandLink):
    """Begins with ``--resync``, which records both listings. After that it detects which side changed what."""

    def __init__(self, own: Path, a: Path, b: Path, _keeps_versions: bool) -> None:
        super().__init__(own, a, b)
        self._memory = own / "bisync"
        self._command: list[Word] = [
            require("rclone", "rclone"), "--config", "/dev/null", "bisync", a, b, "--workdir", self._memory,
            "--max-delete", "100",  # otherwise it refuses to repeat a folder's rename
        ]  # fmt: skip
        self._first = ["--resync"]
        self.transfer()

    def transfer(self) -> None:
        """If a store writes while it works, it gives up and asks for a ``--resync``, which it then gets."""
        for lock in self._memory.glob("*.lck"):
            lock.unlink()
        done = self.try_to_run(*self._command, *self._first)
        if "Must run --resync" in done.stderr:
            self.run(*self._command, "--resync")
        else:
            assert done.returncode == 0, done.stderr
        self._first = []

    def begin(self) -> None:
        self.start([*self._command, "--bwlimit", "2M", "--buffer-size", "0"])

    def kill(self) -> None:
        """After a kill its listings are invalid. Its own remedy is ``--resync``."""
        super().kill()
        self._first = ["--resync"]


UNISON = Client(
    Traits(
        two_way=True,
        killed_leaves=Leftover.TEMPORARY,
        identity_copies=("SD_ID (conflict_on_????-??-??)",),
        old_versions="media/.bak.0.{name}",
    ),
    _UnisonLink,
)
BISYNC = Client(
    Traits(
        two_way=True,
        killed_leaves=Leftover.HALF,
        identity_copies=("SD_ID..path1", "SD_ID..path2"),
        equal_news_clash=True,  # before 1.64
    ),
    _BisyncLink,
)
