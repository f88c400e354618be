"""A synced folder on the disk of one machine: what sync clients and people do to its files.

Keys are paths below the root (``SD_ID``, ``media/….png``). What surprises: the kernel gives files the real time, but
the simulated machines are in other years. So everything that is written, including folders, gets the time of its
machine.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from builders.clocks import FakeClock
from stateful.words import Word

MEDIA = "media"
FAT_TICK_NS = 2_000_000_000


class Times(Word):
    """What a file system or sync client does to a file's mtime."""

    KEPT = "kept"
    ROUNDED = "rounded"
    """Rounded to 2 s, as on FAT."""
    DROPPED = "dropped"
    """It becomes the time of arrival."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One ``lstat`` of an entry."""

    inode: int
    size_bytes: int
    mtime_ns: int
    mode: int


class Replica:
    """One folder. All changes to it go through here, so all times come from one clock."""

    def __init__(self, root: Path, clock: FakeClock, times: Times) -> None:
        self.root = root
        self.times = times
        self._clock = clock
        self.changes = 0
        """Number of changes made here. While it stays, the folder is unchanged."""
        self._writes = 0
        self._stamped: dict[Path, tuple[int, int]] = {}
        self.away: Path | None = None
        """Where the folder is while its disk is unmounted; None while it is mounted."""
        self.half_away: Path | None = None
        """Where the files are that a half mounted disk does not show."""

    @property
    def is_whole(self) -> bool:
        """Its disk is mounted and shows all files."""
        return self.away is None and self.half_away is None and self.root.is_dir()

    def path(self, key: str) -> Path:
        """Where the file is."""
        return self.root / key

    def read(self, key: str) -> bytes | None:
        """The bytes of a regular file, or None."""
        path = f"{self.root}/{key}"
        with suppress(FileNotFoundError, NotADirectoryError):
            if stat.S_ISREG(os.lstat(path).st_mode):
                return Path(path).read_bytes()
        return None

    def list_keys(self) -> list[str]:
        """All regular files of the root and media folder, sorted."""
        return sorted(key for key, seen in self.look().items() if stat.S_ISREG(seen.mode))

    def look(self) -> dict[str, Seen]:
        """Every entry of the root and media folder."""
        found: dict[str, Seen] = {}
        for prefix, folder in (("", self.root), (f"{MEDIA}/", self.root / MEDIA)):
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        at = entry.stat(follow_symlinks=False)
                        # A folder's own size and mtime only reflect its content, which is listed anyway.
                        is_folder = stat.S_ISDIR(at.st_mode)
                        found[prefix + entry.name] = Seen(
                            at.st_ino,
                            0 if is_folder else at.st_size,
                            0 if is_folder else at.st_mtime_ns,
                            at.st_mode,
                        )
            except (FileNotFoundError, NotADirectoryError):
                continue
        return found

    # --- changes ----------------------------------------------------------------------------------------------

    def put(self, key: str, data: bytes, sent_ns: int | None = None) -> None:
        """Writes the whole file through a temporary and a rename, then sets its mtime, like Syncthing."""
        path = self._ensure_folder(key)
        temporary = self._temporary_of(path)
        temporary.write_bytes(data)
        self._stamp(temporary, None)
        os.replace(temporary, path)
        self._stamp(path, sent_ns)

    def put_temporary(self, key: str, data: bytes) -> Callable[[int | None], None]:
        """Writes only the temporary. The result gives it its name and mtime."""
        temporary = self._temporary_of(self._ensure_folder(key))
        temporary.write_bytes(data)
        self._stamp(temporary, None)

        def finish(sent_ns: int | None) -> None:
            path = self._ensure_folder(key)
            if not self._temporary_of(path).is_file():  # somebody deleted it: it is fetched again
                self._temporary_of(path).write_bytes(data)
            os.replace(self._temporary_of(path), path)
            self._stamp(path, sent_ns)

        return finish

    def write(self, key: str, data: bytes, sent_ns: int | None = None) -> None:
        """Writes in place under the final name, like ``cp``. An existing file keeps its inode."""
        path = self._ensure_folder(key)
        path.write_bytes(data)
        self._stamp(path, sent_ns)

    def append(self, key: str, data: bytes, *, at: int) -> bool:
        """Appends bytes to a file that still has this length. False if somebody else has changed it."""
        path = self.path(key)
        if not path.is_file() or path.stat().st_size != at:
            return False
        with path.open("ab") as file:
            file.write(data)
        self._stamp(path, None)
        return True

    def remove(self, key: str) -> None:
        """Deletes the file if it exists."""
        self.changes += 1
        self.path(key).unlink(missing_ok=True)

    def rename(self, key: str, new: str) -> None:
        """Renames the file if it exists. Replaces an existing target."""
        self.changes += 1
        if self.path(key).is_file():
            os.replace(self.path(key), self._ensure_folder(new))

    def set_time(self, key: str, sent_ns: int | None) -> None:
        """Changes only the mtime."""
        if self.path(key).is_file():
            self._stamp(self.path(key), sent_ns)

    def obstruct(self, key: str, data: bytes, what: int) -> None:
        """Puts a link to a file with the bytes, a dangling link, a folder, or a FIFO in a free place."""
        path = self._ensure_folder(key)
        if os.path.lexists(path):
            return
        self.changes += 1
        match what % 4:
            case 0:
                elsewhere = self.root.with_name("elsewhere")
                elsewhere.write_bytes(data)
                path.symlink_to(elsewhere)
            case 1:
                path.symlink_to("nowhere")
            case 2:
                path.mkdir()
            case _:
                os.mkfifo(path)

    def unmount(self, leave: str) -> None:
        """Removes the disk. Leaves ``nothing``, an ``empty`` mount point, or a third of the files (``half``)."""
        self.changes += 1
        if leave == "half":
            self.half_away = self.root.with_name(self.root.name + ", half")
            self.half_away.mkdir()
            names = (
                sorted(path.name for path in (self.root / MEDIA).iterdir())
                if (self.root / MEDIA).is_dir()
                else []
            )
            for name in (name for number, name in enumerate(names) if number % 3):
                os.rename(self.root / MEDIA / name, self.half_away / name)
            return
        self.away = self.root.with_name(self.root.name + ", away")
        os.rename(self.root, self.away)
        if leave == "empty":
            self.root.mkdir()

    def mount(self) -> None:
        """Brings the disk back as it was."""
        self.changes += 1
        if self.half_away is not None:
            (self.root / MEDIA).mkdir(exist_ok=True)
            for path in self.half_away.iterdir():
                if not os.path.lexists(self.root / MEDIA / path.name):
                    os.rename(path, self.root / MEDIA / path.name)
            shutil.rmtree(self.half_away)
            self.half_away = None
        if self.away is not None:
            shutil.rmtree(self.root, ignore_errors=True)
            os.rename(self.away, self.root)
            self.away = None

    def stamp_folders(self) -> None:
        """Gives root and media folder the machine's time, if the kernel has changed theirs since the last call."""
        for folder in (self.root, self.root / MEDIA):
            try:
                found = os.lstat(folder)
            except OSError:
                continue
            if stat.S_ISDIR(found.st_mode) and self._stamped.get(folder) != (found.st_ino, found.st_mtime_ns):
                at_ns = self.now_ns()
                os.utime(folder, ns=(at_ns, at_ns))
                self._stamped[folder] = (found.st_ino, at_ns)

    def now_ns(self) -> int:
        """The machine's time, a little later at each call, so no two writes have equal times on a good disk."""
        self._writes += 1
        return (
            int(self._clock.now().timestamp()) * 1_000_000_000
            + self._clock.now().microsecond * 1000
            + self._writes
        )

    def _temporary_of(self, path: Path) -> Path:
        shown = (
            path.name
            if len(os.fsencode(path.name)) < 140
            else hashlib.sha256(os.fsencode(path.name)).hexdigest()
        )
        return path.with_name(f".syncthing.{shown}.tmp")

    def _ensure_folder(self, key: str) -> Path:
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _stamp(self, path: Path, sent_ns: int | None) -> None:
        self.changes += 1
        at_ns = self.now_ns() if sent_ns is None or self.times is Times.DROPPED else sent_ns
        if self.times is Times.ROUNDED:
            at_ns -= at_ns % FAT_TICK_NS
        os.utime(path, ns=(at_ns, at_ns))
