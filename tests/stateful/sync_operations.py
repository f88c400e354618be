"""What sync clients do, as operations of a history."""

from __future__ import annotations

from dataclasses import dataclass

from stateful.arrivals import Arrival
from stateful.cloud import PLACEHOLDERS, Winner
from stateful.driven_watcher import Notice
from stateful.world import World, left_label, pick


@dataclass(frozen=True)
class Upload:
    """A client sends its local changes, and resolves conflicts in its dialect."""

    machine: int
    folder: int = 0
    dialect: str = "syncthing"
    winner: Winner = Winner.CLOUD

    def play(self, world: World) -> None:
        world.client(self.machine, self.folder).upload(self.dialect, self.winner)


@dataclass(frozen=True)
class Deliver:
    """A client starts to bring one of the files that are newer in the cloud."""

    machine: int
    folder: int = 0
    which: int = 0
    how: Arrival = Arrival.WHOLE
    pieces: int = 3

    def play(self, world: World) -> None:
        client = world.client(self.machine, self.folder)
        key = pick(client.list_pending(), self.which)
        if key is not None:
            client.deliver(key, self.how, self.pieces)


@dataclass(frozen=True)
class DeliverAll:
    """A client brings all of them, whole, in any order."""

    machine: int
    folder: int = 0
    backwards: bool = False

    def play(self, world: World) -> None:
        client = world.client(self.machine, self.folder)
        for key in sorted(client.list_pending(), reverse=self.backwards):
            client.deliver(key, Arrival.WHOLE)


@dataclass(frozen=True)
class GoOn:
    """A file on its way, or one that a person copies, progresses by one step."""

    machine: int
    folder: int = 0
    which: int = 0

    def play(self, world: World) -> None:
        client = world.client(self.machine, self.folder)
        flight = pick(client.flights, self.which)
        if flight is not None:
            client.go_on(flight)
        copying = pick(world.copying, self.which)
        if copying is not None and next(copying[1].steps, None) is None:
            world.copying.remove(copying)


@dataclass(frozen=True)
class Repeat:
    """A client brings an existing file again: a new inode, the same bytes."""

    machine: int
    folder: int = 0
    which: int = 0

    def play(self, world: World) -> None:
        client = world.client(self.machine, self.folder)
        here = [
            key for key, version in sorted(client.agreed.items()) if client.replica.read(key) == version.data
        ]
        key = pick(here, self.which)
        version = None if key is None else client.agreed[key]
        if (
            key is not None
            and version is not None
            and version.data is not None
            and client.replica.away is None
        ):
            client.replica.put(key, version.data, version.mtime_ns)


@dataclass(frozen=True)
class Evict:
    """A client frees a file's space."""

    machine: int
    folder: int = 0
    which: int = 0
    dialect: str = "icloud"

    def play(self, world: World) -> None:
        client = world.client(self.machine, self.folder)
        key = pick(sorted(client.agreed), self.which)
        if key is not None and client.replica.is_whole and self.dialect in PLACEHOLDERS:
            client.evict(key, self.dialect)


@dataclass(frozen=True)
class Hydrate:
    """A client brings back the bytes of an evicted file."""

    machine: int
    folder: int = 0
    which: int = 0

    def play(self, world: World) -> None:
        client = world.client(self.machine, self.folder)
        key = pick(sorted(client.evicted), self.which)
        if key is not None and client.replica.is_whole:
            client.hydrate(key)


@dataclass(frozen=True)
class SignOut:
    """A client deletes everything that it brought. Later it brings everything again."""

    machine: int
    folder: int = 0

    def play(self, world: World) -> None:
        world.client(self.machine, self.folder).sign_out()


@dataclass(frozen=True)
class RenamedElsewhere:
    """The folder was renamed on another machine (H32): it arrives again, file by file, and the old one goes."""

    machine: int
    folder: int = 0
    is_told: bool = False
    """The person reports it at once, before anything has come. Otherwise perhaps later, by adding the folder."""

    def play(self, world: World) -> None:
        client = world.client(self.machine, self.folder)
        if not client.is_paused:
            world.follow_rename(self.machine, world.label(self.folder), is_told=self.is_told)


@dataclass(frozen=True)
class TakeAway:
    """A client deletes a file of the folder's old name; with the last file, the folder."""

    machine: int
    folder: int = 0
    which: int = 0

    def play(self, world: World) -> None:
        machine, left = world.machine(self.machine), left_label(world.label(self.folder))
        if left in machine.replicas:
            key = pick(machine.replicas[left].list_keys(), self.which)
            if key is None:
                world.remove_left(machine, left)
            else:
                machine.replicas[left].remove(key)


@dataclass(frozen=True)
class Pause:
    """A client is paused, so changes are sent later; or it resumes."""

    machine: int
    folder: int = 0
    is_paused: bool = True

    def play(self, world: World) -> None:
        world.client(self.machine, self.folder).is_paused = self.is_paused


@dataclass(frozen=True)
class Hints:
    """From now on, the kernel's hints to a watcher are delivered, lost, doubled, reversed, or late."""

    machine: int
    notice: Notice = Notice.LOST

    def play(self, world: World) -> None:
        world.machine(self.machine).notice = self.notice
