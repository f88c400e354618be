"""Clients that are started for each transfer and copy one way: cp, rsync, and rclone copy, as people use them."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from builders.system_packages import require
from scenarios.client import Client, CommandLink, Leftover, Link, Traits, Word, slowly


@dataclass(frozen=True, slots=True)
class Program:
    """A copy program: its command, and the variants that slow it down or keep old versions."""

    command: Callable[[], list[Word]]
    slow: Callable[[], list[Word]]
    versioned: tuple[str, ...] = ()
    contents: str = "/"
    """Appended to the source to mean its contents instead of the folder."""
    killed_by: signal.Signals = signal.SIGKILL

    def open(self, own: Path, a: Path, b: Path, keeps_versions: bool) -> Link:
        """See :attr:`Client.open`."""
        return _CopyLink(own, a, b, self, self.versioned if keeps_versions else ())


class _CopyLink(CommandLink):
    def __init__(self, own: Path, a: Path, b: Path, program: Program, options: tuple[str, ...]) -> None:
        super().__init__(own, a, b)
        self._program = program
        self.killed_by = program.killed_by
        self._folders: list[Word] = [*options, f"{a}{program.contents}", b]

    def transfer(self) -> None:
        self.run(*self._program.command(), *self._folders)

    def begin(self) -> None:
        self.start([*self._program.slow(), *self._folders])


def _cp() -> list[Word]:
    # --sparse=always makes it read and write; otherwise the kernel copies a whole file in one call.
    return ["cp", "-a", "--sparse=always"]


def _slow_cp() -> list[Word]:
    require("strace", "strace")
    return [*slowly("write", delay_ms=50), *_cp()]


def _rsync(*options: str, killed_by: signal.Signals = signal.SIGKILL) -> Program:
    def command() -> list[Word]:
        return [require("rsync", "rsync"), "-a", *options]

    return Program(command, lambda: [*command(), "--bwlimit=2000"], ("--backup",), killed_by=killed_by)


def _rclone_copy() -> Program:
    def command() -> list[Word]:
        return [require("rclone", "rclone"), "--config", "/dev/null", "copy"]

    versioned = ("--suffix", ".old", "--suffix-keep-extension")
    return Program(
        command, lambda: [*command(), "--bwlimit", "2M", "--buffer-size", "0"], versioned, contents=""
    )


_BESIDE = "media/{name}~"

CP = Client(
    Traits(rewrites_all=True, killed_leaves=Leftover.HALF, old_versions="media/{name}.~1~"),
    Program(_cp, _slow_cp, ("--backup=numbered",), contents="/.").open,
)
RSYNC = Client(Traits(killed_leaves=Leftover.TEMPORARY, old_versions=_BESIDE), _rsync().open)
RSYNC_INPLACE = Client(Traits(killed_leaves=Leftover.HALF, old_versions=_BESIDE), _rsync("--inplace").open)
RSYNC_PREALLOCATE = Client(
    Traits(killed_leaves=Leftover.HALF, old_versions=_BESIDE), _rsync("--inplace", "--preallocate").open
)
# On Ctrl-C or shutdown, it gives the partial file the final name. SIGKILL leaves no time for that.
RSYNC_PARTIAL = Client(
    Traits(killed_leaves=Leftover.HALF, old_versions=_BESIDE),
    _rsync("--partial", killed_by=signal.SIGTERM).open,
)
RSYNC_PARTIAL_DIR = Client(
    Traits(killed_leaves=Leftover.TEMPORARY, old_versions=_BESIDE),
    _rsync("--partial-dir=.rsync-partial").open,
)
RSYNC_DELAY_UPDATES = Client(
    Traits(killed_leaves=Leftover.TEMPORARY, old_versions=_BESIDE), _rsync("--delay-updates").open
)
RCLONE_COPY = Client(
    Traits(killed_leaves=Leftover.HALF, old_versions="media/{stem}.old.png"), _rclone_copy().open
)
