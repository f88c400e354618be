"""The cloud, with the last version of every file of each shared folder, and the sync clients that talk to it.

A client uploads what differs from its last agreement with the cloud. What the cloud has newer is pending. So nothing
is ever queued: the history chooses order, delay, and repetition. What surprises: if two machines changed one file,
the *uploading* client decides what happens to both versions, as real ones do, and each has its own name for the
loser.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from builders.dialects import conflict_name
from stateful.arrivals import Arrival, Flight, iter_steps
from stateful.replica import MEDIA, Replica
from stateful.words import Word

LONGEST_NAME = 180
"""Conflicts of conflicts make long names. Clients give up at some length, and so does this one."""

PLACEHOLDERS = {"icloud": ".{}.icloud", "nextcloud": "{}.nextcloud", "resilio": "{}.rsls"}


class Winner(Word):
    """Which version keeps the plain name in a conflict."""

    CLOUD = "cloud"
    LOCAL = "local"
    NEWEST = "newest mtime"
    NOBODY = "nobody"
    """rclone bisync, git-annex: both get other names, on all machines."""
    CLOUD_ONLY_HERE = "cloud, and the copy stays on one machine"
    """Nextcloud."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one file. Without data, it is the deletion."""

    number: int
    data: bytes | None
    mtime_ns: int = 0


UNKNOWN = Version(0, None)


@dataclass(slots=True)
class CloudFolder:
    """One shared folder, as the cloud has it."""

    tree: dict[str, Version] = field(default_factory=dict)
    _numbers: int = 0

    def put(self, key: str, data: bytes | None, mtime_ns: int = 0) -> Version:
        """A new version of the file."""
        self._numbers += 1
        version = self.tree[key] = Version(self._numbers, data, mtime_ns)
        return version


class Client:
    """The sync client of one folder on one machine."""

    def __init__(
        self,
        cloud: CloudFolder,
        replica: Replica,
        host: str,
        dialect: str,
        winner: Winner,
        *,
        deletions_win: bool,
    ) -> None:
        self.cloud = cloud
        self.replica = replica
        self.host = host
        self.dialect = dialect
        self.winner = winner
        self.deletions_win = deletions_win
        self.is_paused = False
        self.agreed: dict[str, Version] = {}
        """What this client and the cloud last agreed on."""
        self.flights: list[Flight] = []
        self.evicted: dict[str, str] = {}
        """Keys whose bytes are only in the cloud, with the keys of their placeholders."""
        self.unfinished: set[str] = set()
        """Files that the client itself left half written."""
        self.stays_here: set[str] = set()

    def list_pending(self) -> list[str]:
        """Keys with a newer version in the cloud that is not on its way, sorted."""
        flying = {flight.key for flight in self.flights}
        return sorted(
            key
            for key, version in self.cloud.tree.items()
            if key not in flying and version.number != self.agreed.get(key, UNKNOWN).number
        )

    # --- upwards ----------------------------------------------------------------------------------------------

    def upload(self, dialect: str | None = None, winner: Winner | None = None) -> None:
        """Brings all local changes to the cloud. An emptied or half mounted folder is a fault, so nothing is
        uploaded.
        """
        if not self.replica.is_whole:
            return
        local = self._list_local()
        if not local and any(version.data is not None for version in self.agreed.values()):
            return
        dialect, winner = dialect or self.dialect, winner or self.winner
        busy = {flight.key for flight in self.flights} | self.unfinished | self.stays_here
        for key, (data, mtime_ns) in local.items():
            if key not in busy and self.agreed.get(key, UNKNOWN).data != data:
                self._upload(key, data, mtime_ns, dialect, winner)
        for key, known in list(self.agreed.items()):
            if known.data is not None and key not in local and key not in self.evicted and key not in busy:
                self._upload_deletion(key, known)

    def _list_local(self) -> dict[str, tuple[bytes, int]]:
        """Bytes and mtime of every file that is not the client's own.

        Everything is read each time: with rounded mtimes and a reused inode, two contents look the same.
        """
        placeholders = set(self.evicted.values())
        found = {}
        for key, seen in self.replica.look().items():
            name = PurePosixPath(key).name
            if key in placeholders or key in self.stays_here or name.startswith(".syncthing."):
                continue
            data = self.replica.read(key)
            if data is not None:
                found[key] = (data, seen.mtime_ns)
        return found

    def _upload(self, key: str, data: bytes, mtime_ns: int, dialect: str, winner: Winner) -> None:
        newest = self.cloud.tree.get(key, UNKNOWN)
        is_ours = newest.number == self.agreed.get(key, UNKNOWN).number
        if newest.data == data:
            self.agreed[key] = newest
        elif newest.data is None and self.deletions_win and not is_ours and key in self.agreed:
            self.replica.remove(key)
            self.agreed[key] = newest
        elif is_ours or newest.data is None:
            self.agreed[key] = self.cloud.put(key, data, mtime_ns)
        else:
            self._resolve(key, data, mtime_ns, newest, dialect, winner)

    def _upload_deletion(self, key: str, known: Version) -> None:
        newest = self.cloud.tree[key]
        if newest.number == known.number or (self.deletions_win and key.startswith(MEDIA)):
            self.agreed[key] = self.cloud.put(key, None)
        else:
            self.agreed[key] = UNKNOWN  # changed elsewhere: it comes back

    def _resolve(
        self, key: str, data: bytes, mtime_ns: int, newest: Version, dialect: str, winner: Winner
    ) -> None:
        if winner is Winner.NEWEST:
            winner = Winner.LOCAL if mtime_ns > newest.mtime_ns else Winner.CLOUD
        copy = self._name_copy(key, dialect)
        if winner is Winner.LOCAL or copy is None:
            if copy is not None:
                self.cloud.put(copy, newest.data, newest.mtime_ns)
            self.agreed[key] = self.cloud.put(key, data, mtime_ns)
            return
        self.replica.rename(key, copy)
        if winner is Winner.CLOUD_ONLY_HERE:
            self.stays_here.add(copy)
        else:
            self.agreed[copy] = self.cloud.put(copy, data, mtime_ns)
        self.agreed[key] = UNKNOWN
        if winner is Winner.NOBODY:
            other = self._name_copy(key, dialect)
            if other is not None:
                self.cloud.put(other, newest.data, newest.mtime_ns)
                self.agreed[key] = self.cloud.put(key, None)

    def _name_copy(self, key: str, dialect: str) -> str | None:
        """An unused name for the loser; None if names have become too long."""
        path = PurePosixPath(key)
        names = [conflict_name(path.name, dialect, host=self.host, number=number) for number in (1, 2)]
        names += [conflict_name(path.name, "rclone", number=number) for number in range(1, 9)]
        for name in names:
            copy = path.with_name(name).as_posix()
            if copy not in self.cloud.tree and len(os.fsencode(name)) <= LONGEST_NAME:
                return copy
        return None

    # --- downwards --------------------------------------------------------------------------------------------

    def deliver(self, key: str, how: Arrival, pieces: int = 3) -> None:
        """Starts to bring the cloud's version. The first step happens at once."""
        if self.replica.away is not None or key not in self.cloud.tree:
            return
        version = self.cloud.tree[key]
        local = self.replica.read(key)
        is_ours = key in self.unfinished | self.stays_here
        if not is_ours and local not in (None, version.data, self.agreed.get(key, UNKNOWN).data):
            return  # changed here as well: the next upload resolves it
        self.unfinished.add(key)
        flight = Flight(key, iter_steps(self, key, version, how, pieces))
        self.flights.append(flight)
        self.go_on(flight)

    def go_on(self, flight: Flight) -> None:
        """The next step of an arrival. It is removed after the last step."""
        if self.replica.away is not None:
            return
        if next(flight.steps, None) is None and flight in self.flights:
            self.flights.remove(flight)

    def finish(self, key: str, version: Version) -> None:
        """The client considers this version complete."""
        self.agreed[key] = version
        self.unfinished.discard(key)
        self.stays_here.discard(key)
        placeholder = self.evicted.pop(key, None)
        if placeholder is not None:
            self.replica.remove(placeholder)

    def evict(self, key: str, dialect: str) -> None:
        """Frees the space of a file: its placeholder stays."""
        known = self.agreed.get(key, UNKNOWN)
        if known.data is None or self.replica.read(key) != known.data or key in self.unfinished:
            return
        self.keep_place(key, dialect)
        self.replica.remove(key)

    def keep_place(self, key: str, dialect: str) -> None:
        """Writes a placeholder for the file."""
        path = PurePosixPath(key)
        placeholder = path.with_name(PLACEHOLDERS[dialect].format(path.name)).as_posix()
        self.replica.write(placeholder, b"\0")
        self.evicted[key] = placeholder

    def hydrate(self, key: str) -> None:
        """Brings back the bytes of an evicted file."""
        known = self.agreed.get(key, UNKNOWN)
        if known.data is not None:
            self.replica.put(key, known.data, known.mtime_ns)
            self.finish(key, known)

    def crash(self) -> None:
        """The power is cut: unfinished files stay as they are, and the client knows that."""
        self.flights.clear()

    def follow_rename(self, new: Replica) -> None:
        """The folder was renamed in the cloud: all of it is downloaded to the new one, and local files are moved
        along.

        What was in the old folder is no longer this client's, and stays until it is deleted.
        """
        for key, (data, mtime_ns) in self._list_local().items():
            if key not in self.unfinished and self.agreed.get(key, UNKNOWN).data != data:
                new.put(key, data, mtime_ns)
        self.replica = new
        for known in (self.agreed, self.evicted, self.unfinished, self.stays_here, self.flights):
            known.clear()

    def sign_out(self) -> None:
        """The client deletes everything that it brought, and forgets it."""
        if not self.replica.is_whole:
            return
        self.flights.clear()
        for key in self.agreed:
            self.replica.remove(key)
        for placeholder in self.evicted.values():
            self.replica.remove(placeholder)
        self.agreed.clear()
        self.evicted.clear()
        self.unfinished.clear()


def find_evicted(name: str) -> str | None:
    """The name of the file that this placeholder stands for; None for any other name."""
    for form in PLACEHOLDERS.values():
        before, after = form.split("{}")
        if name.startswith(before) and name.endswith(after):
            return name[len(before) : len(name) - len(after)]
    return None


def media_key(filename: str) -> str:
    """The key of a file in the media folder."""
    return f"{MEDIA}/{filename}"
