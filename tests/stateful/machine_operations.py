"""Events of machines and their disks, as operations of a history."""

from __future__ import annotations

from dataclasses import dataclass

from stateful.world import World, pick

LEAVES = ("nothing", "empty", "half")


@dataclass(frozen=True)
class Wait:
    """Time passes for everybody."""

    seconds: float = 1.0

    def play(self, world: World) -> None:
        world.pass_time(self.seconds)


@dataclass(frozen=True)
class CutPower:
    """A machine loses power in the middle of its work, and restarts at once."""

    machine: int
    survives: float = 1.0
    """How much of the commits that were not durable has reached the disk."""

    def play(self, world: World) -> None:
        number = self.machine % len(world.machines)
        world.machines[number].cut_power(self.survives)
        for (where, _label), client in world.clients.items():
            if where == number:
                client.crash()
        world.copying = [copying for copying in world.copying if copying[0] != number]


@dataclass(frozen=True)
class Watching:
    """The daemon ends or starts."""

    machine: int
    is_on: bool = False

    def play(self, world: World) -> None:
        world.machine(self.machine).set_watching(is_watching=self.is_on)


@dataclass(frozen=True)
class Unmount:
    """A disk is removed. It leaves nothing, an empty mount point, or half of the folder."""

    machine: int
    folder: int = 0
    leaves: str = "nothing"

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        if replica.is_whole:
            replica.unmount(self.leaves)


@dataclass(frozen=True)
class Mount:
    """A disk comes back."""

    machine: int
    folder: int = 0

    def play(self, world: World) -> None:
        world.replica(self.machine, self.folder).mount()


@dataclass(frozen=True)
class Empty:
    """A power cut hits the sync client: a file that it brought is now empty, or full of zeros."""

    machine: int
    folder: int = 0
    which: int = 0
    zeros: bool = False

    def play(self, world: World) -> None:
        client = world.client(self.machine, self.folder)
        key = pick([key for key in sorted(client.agreed) if key != ".sd-id"], self.which)
        data = None if key is None else client.replica.read(key)
        if key is not None and data is not None and client.replica.is_whole:
            client.replica.write(key, bytes(len(data)) if self.zeros else b"")
            client.agreed.pop(key)
            client.unfinished.add(key)
