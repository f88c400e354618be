"""The simulated world: machines, clouds, and people. A history is played in it, one operation after another.

After each operation the watchers run, and every law is checked. What surprises: there is no randomness in here. The
history says what happens, so the same history is the same run, and can be shortened.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from builders.clocks import FakeClock
from stateful.arrivals import Arrival, Flight
from stateful.cloud import Client, CloudFolder, Winner, media_key
from stateful.deeds import Deed
from stateful.machine import Machine
from stateful.pool import list_legacy_pictures, list_pictures, name_of_picture
from stateful.reads import simulated_kernel
from stateful.replica import Replica, Times

T = TypeVar("T")

BEGIN = datetime(2026, 11, 22, 12, tzinfo=UTC)
DIARY = "Diary.md"
"""The note of a folder."""

IN_MEMORY = Path("/dev/shm")
"""In memory, so that ten thousand histories wear out no disk."""


@dataclass(frozen=True)
class Scene:
    """Numbers of everything, and the properties of disks and clocks."""

    machines: int = 2
    folders: int = 1
    pictures: int = 3
    """Initial pictures in each folder, on all machines."""
    legacy_pictures: int = 0
    """The same with legacy ids."""
    has_notes: bool = False
    """Each folder has a note that shows the first picture."""
    years_off: tuple[int, ...] = (0, 0, 0)
    """How far each machine's clock is off."""
    times: tuple[Times, ...] = (Times.KEPT,) * 3
    """What each machine does to mtimes."""
    dialects: tuple[str, ...] = ("syncthing",) * 3
    """How each machine's sync client names the loser of a conflict."""
    winners: tuple[Winner, ...] = (Winner.CLOUD,) * 3
    deletions_win: bool = False
    """Deletions win over edits of the same file elsewhere (Syncthing from 2.0). Otherwise the edit wins."""
    last_only_reads: bool = False
    """The last machine adds its folders with ``--read-only``."""


class Operation(Protocol):
    """An event. It is valid in every world: if its target does not exist, nothing happens."""

    def play(self, world: World) -> None:
        """Lets it happen."""


class World:
    """Machines ``0 … n``, and folders ``f0 … fn``, each in a cloud and on the disk of every machine."""

    def __init__(self, base: Path, scene: Scene) -> None:
        self.scene = scene
        self.base = base
        self.clouds = {f"f{number}": CloudFolder() for number in range(scene.folders)}
        self.machines: list[Machine] = []
        self.clients: dict[tuple[int, str], Client] = {}
        self.copying: list[tuple[int, Flight]] = []
        """The files that people are copying, by machine."""
        self.renamed: list[tuple[int, str]] = []
        """Folders that arrived under another name: the machine, and the folder's label."""
        for number in range(scene.machines):
            self._add_machine(number)
        self._begin()

    def _add_machine(self, number: int) -> None:
        clock = FakeClock(BEGIN + timedelta(days=365 * self.scene.years_off[number]))
        machine = Machine(self.base / f"m{number}", clock)
        self.machines.append(machine)
        for label, cloud in self.clouds.items():
            replica = Replica(machine.folder / label, clock, self.scene.times[number])
            replica.root.mkdir()
            machine.replicas[label] = replica
            self.clients[number, label] = Client(
                cloud,
                replica,
                f"pc{number}",
                self.scene.dialects[number],
                self.scene.winners[number],
                deletions_win=self.scene.deletions_win,
            )

    def _begin(self) -> None:
        """All folders are in use on all machines, with the same pictures."""
        for label, replica in self.machines[0].replicas.items():
            replica.put("SD_ID", f"{uuid.UUID(int=70 + int(label[1:]), version=4)}\n".encode())
            for number in range(self.scene.pictures):
                replica.put(media_key(name_of_picture(number)), list_pictures()[number])
            for name, data, _other in list_legacy_pictures()[: self.scene.legacy_pictures]:
                replica.put(media_key(name), data)
            if self.scene.has_notes:
                replica.put(DIARY, f"![](media/{name_of_picture(0)})".encode())
            self.clients[0, label].upload()
        for (number, label), client in self.clients.items():
            for key in client.list_pending():
                client.deliver(key, Arrival.WHOLE)
            self.add(number, label)

    def play(self, operation: Operation) -> None:
        """Plays one operation, and runs all machines."""
        operation.play(self)
        touched = getattr(operation, "machine", None)
        for (number, _label), client in self.clients.items():
            if not client.is_paused and (touched is None or number == touched % len(self.machines)):
                client.upload()
        for machine in self.machines:
            machine.take_notice(is_touched=touched is None or machine is self.machine(touched))

    # --- words for operations ---------------------------------------------------------------------------------

    def machine(self, number: int) -> Machine:
        """One of the machines."""
        return self.machines[number % len(self.machines)]

    def client(self, machine: int, folder: int) -> Client:
        """The client of one folder on one machine."""
        return self.clients[machine % len(self.machines), f"f{folder % len(self.clouds)}"]

    def replica(self, machine: int, folder: int) -> Replica:
        """The folder on the machine's disk."""
        return self.client(machine, folder).replica

    def label(self, folder: int) -> str:
        """The folder's label."""
        return f"f{folder % len(self.clouds)}"

    def add(self, number: int, label: str) -> None:
        """``sd add`` of the folder on the machine, if its disk is there."""
        machine = self.machines[number % len(self.machines)]
        replica = machine.replicas[label]
        if replica.is_whole:
            only_reads = self.scene.last_only_reads and machine is self.machines[-1]
            machine.do(Deed.ADD, lambda: machine.store.add_storage_dir(replica.root, read_only=only_reads))

    def new_replica(self, machine: Machine, label: str) -> Replica:
        """A folder beside the others that no client serves."""
        return Replica(machine.folder / label, machine.clock, Times.KEPT)

    def remove_twin(self, machine: Machine, label: str) -> None:
        """Forgets and deletes the copy of a folder."""
        twin = f"{label} copy"
        sd = machine.find_sd(twin)
        if sd is not None:
            machine.do(Deed.LOOK, lambda: machine.store.forget_storage_dir(sd))
        shutil.rmtree(machine.replicas.pop(twin).root)

    def follow_rename(self, number: int, label: str, *, is_told: bool) -> None:
        """The machine's client starts to bring the folder under another name. The old one stays."""
        machine, client = self.machine(number), self.clients[number % len(self.machines), label]
        old, left = client.replica, left_label(label)
        if not old.is_whole or left in machine.replicas:
            return
        new = Replica(other_root(old.root, label), machine.clock, old.times)
        new.root.mkdir()
        machine.laws.rename_label(label, left)
        machine.replicas |= {label: new, left: old}
        client.follow_rename(new)
        self.renamed.append((number, label))
        sd = machine.find_sd(left)
        if sd is not None and is_told:
            machine.do(Deed.WATCH, lambda: machine.store.move_storage_dir(sd, new.root))

    def remove_left(self, machine: Machine, left: str) -> None:
        """Nothing is left to delete of a folder that has another name now."""
        shutil.rmtree(machine.replicas.pop(left).root)

    def pass_time(self, seconds: float) -> None:
        """Time passes everywhere."""
        for machine in self.machines:
            machine.pass_time(seconds)

    def close(self) -> None:
        """Ends all stores."""
        for machine in self.machines:
            machine.stop()


def left_label(label: str) -> str:
    """The label of the old folder after a rename elsewhere."""
    return f"{label} left"


def other_root(root: Path, label: str) -> Path:
    """The other of the two names that the folder can have on the disk."""
    return root.with_name(f"{label} moved" if root.name == label else label)


def pick(things: Sequence[T], number: int) -> T | None:
    """One of them, or None if there are none."""
    return things[number % len(things)] if things else None


@cache
def list_file_names() -> tuple[str, ...]:
    """All possible image names."""
    return tuple(
        [name_of_picture(number) for number in range(len(list_pictures()))]
        + [name for name, *_ in list_legacy_pictures()]
    )


@contextmanager
def new_world(scene: Scene) -> Iterator[World]:
    """A world in memory with the simulated kernel. Deleted at the end of the block."""
    place = IN_MEMORY if IN_MEMORY.is_dir() else None
    base = Path(tempfile.mkdtemp(prefix="strandline-", dir=place))
    world: World | None = None
    try:
        with simulated_kernel():
            world = World(base, scene)
            try:
                yield world
            finally:
                world.close()
    finally:
        shutil.rmtree(base, ignore_errors=True)
