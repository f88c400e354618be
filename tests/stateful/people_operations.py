"""What people and their programs do to folders and files, as operations of a history."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from builders.dialects import conflict_name
from stateful.arrivals import Flight, iter_copying
from stateful.cloud import Winner, media_key
from stateful.deeds import Deed
from stateful.litter import LITTER
from stateful.pool import LAST, get_legacy_picture, list_pictures, name_of_picture
from stateful.world import World, list_file_names, other_root, pick

OWN_VALUES = tuple(f"{uuid.UUID(int=number, version=4)}" for number in (3, 90, 2**100))
"""Identities from other programs and restored backups: smaller and larger than the first one."""


GUISES = ("{}\n", "{}", "\ufeff{}\r\n", "  {} \n")
"""Ways to write the same value (hazard H11)."""


@dataclass(frozen=True)
class Copy:
    """A person copies a picture into the media folder with another program, in place and slowly."""

    machine: int
    folder: int = 0
    picture: int = 0
    pieces: int = 2
    legacy: bool = False

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        if not replica.is_whole:
            return
        if self.legacy:
            name, data = get_legacy_picture(self.picture)
        else:
            name, data = name_of_picture(self.picture % LAST), list_pictures()[self.picture % LAST]
        key = media_key(name)
        steps = iter_copying(replica, key, data, self.pieces)
        if next(steps, None) is not None:
            world.copying.append((self.machine % len(world.machines), Flight(key, steps)))


@dataclass(frozen=True)
class Delete:
    """A person deletes a file, or its placeholder."""

    machine: int
    folder: int = 0
    which: int = 0

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        keys = [key for key in replica.list_keys() if key.startswith("media/")]
        key = pick(keys, self.which)
        if key is not None:
            replica.remove(key)
            client = world.client(self.machine, self.folder)
            for evicted, placeholder in list(client.evicted.items()):
                if placeholder == key:
                    del client.evicted[evicted]


@dataclass(frozen=True)
class DeleteMany:
    """A person deletes most of the media folder, or all of it."""

    machine: int
    folder: int = 0
    everything: bool = False

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        keys = [key for key in replica.list_keys() if key.startswith("media/")]
        for key in keys if self.everything else [key for number, key in enumerate(keys) if number % 4]:
            replica.remove(key)


@dataclass(frozen=True)
class Edit:
    """A person changes a file in place: to another picture, to a truncated one, or to nothing."""

    machine: int
    folder: int = 0
    which: int = 0
    to: int = 0

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        keys = [key for key in replica.list_keys() if key.removeprefix("media/") in list_file_names()]
        key = pick(keys, self.which)
        if key is None:
            return
        whole = list_pictures()[self.to % len(list_pictures())]
        kind = self.to % 4
        replica.write(key, b"" if kind == 3 else whole[: len(whole) // 2] if kind == 2 else whole)


@dataclass(frozen=True)
class Rename:
    """A person or another client renames a file to a conflict copy, or the reverse."""

    machine: int
    folder: int = 0
    which: int = 0
    dialect: str = "syncthing"
    keeps_plain: bool = False

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        keys = [key for key in replica.list_keys() if key.removeprefix("media/") in list_file_names()]
        key = pick(keys, self.which)
        data = None if key is None else replica.read(key)
        if key is None or data is None:
            return
        replica.put(media_key(conflict_name(key.removeprefix("media/"), self.dialect)), data)
        if not self.keeps_plain:
            replica.remove(key)


@dataclass(frozen=True)
class Drop:
    """Litter, and names that only look like ours, appear in the folder."""

    machine: int
    folder: int = 0
    which: int = 0

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        if replica.is_whole:
            name, data = LITTER[self.which % len(LITTER)]
            replica.put(name, data)


@dataclass(frozen=True)
class Respell:
    """A disk or client that ignores case spells a name differently: all upper case, or only its first letter."""

    machine: int
    folder: int = 0
    which: int = 0
    fully: bool = True

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        keys = [key for key in replica.list_keys() if key.removeprefix("media/") in list_file_names()]
        key = pick(keys, self.which)
        if key is not None:
            name = key.removeprefix("media/")
            stem, _, extension = name.partition(".")
            replica.rename(key, media_key(name.upper() if self.fully else f"{stem}.{extension.title()}"))


@dataclass(frozen=True)
class Obstruct:
    """A link to a picture or to nothing, a folder, or a FIFO gets an image's name."""

    machine: int
    folder: int = 0
    what: int = 0

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        if replica.is_whole:
            replica.obstruct(media_key(name_of_picture(LAST)), list_pictures()[LAST], self.what)


@dataclass(frozen=True)
class Touch:
    """Only a file's mtime changes: forward, or years back."""

    machine: int
    folder: int = 0
    which: int = 0
    years: int = 0

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        key = pick(replica.list_keys(), self.which)
        if key is not None:
            replica.set_time(key, replica.now_ns() + self.years * 365 * 24 * 3_600_000_000_000)


@dataclass(frozen=True)
class OldProgram:
    """An older program writes its ``.sd-id``."""

    machine: int
    folder: int = 0
    value: int = 0

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        if replica.is_whole:
            replica.put(".sd-id", OWN_VALUES[self.value % len(OWN_VALUES)].encode())


@dataclass(frozen=True)
class OtherIdentity:
    """A machine that was offline comes back with another ``SD_ID``, which will lead to a conflict."""

    machine: int
    folder: int = 0
    value: int = 0

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        if replica.is_whole and replica.read("SD_ID") is not None:
            guise = GUISES[self.value % len(GUISES)]
            replica.put("SD_ID", guise.format(OWN_VALUES[self.value % len(OWN_VALUES)]).encode())


@dataclass(frozen=True)
class Quarrel:
    """Two machines that were offline each wrote an ``SD_ID``, and come back: a conflict in some dialect."""

    machine: int
    folder: int = 0
    value: int = 0
    dialect: str = "syncthing"
    winner: Winner = Winner.CLOUD

    def play(self, world: World) -> None:
        for step in range(2):
            OtherIdentity(self.machine + step, self.folder, self.value + step).play(world)
            world.client(self.machine + step, self.folder).upload(self.dialect, self.winner)


@dataclass(frozen=True)
class Duplicate:
    """A person copies the whole folder beside itself and adds the copy, or deletes that copy again."""

    machine: int
    folder: int = 0

    def play(self, world: World) -> None:
        machine, label = world.machine(self.machine), world.label(self.folder)
        replica, twin = machine.replicas[label], f"{label} copy"
        if twin in machine.replicas:
            world.remove_twin(machine, label)
        elif replica.is_whole:
            machine.replicas[twin] = world.new_replica(machine, twin)
            shutil.copytree(replica.root, machine.replicas[twin].root, symlinks=True, ignore=_list_pipes)
            world.add(self.machine, twin)


def _list_pipes(folder: str, names: list[str]) -> list[str]:
    """Entries that no program copies."""
    return [name for name in names if Path(folder, name).is_fifo()]


@dataclass(frozen=True)
class MoveRoot:
    """A person renames the folder, and may tell the store or not."""

    machine: int
    folder: int = 0
    says_so: bool = True

    def play(self, world: World) -> None:
        machine, label = world.machine(self.machine), world.label(self.folder)
        replica, sd = machine.replicas[label], machine.find_sd(label)
        new = other_root(replica.root, label)
        if not replica.is_whole or new.exists():
            return
        replica.root.rename(new)
        replica.root = new
        if sd is not None and self.says_so:
            machine.do(Deed.WATCH, lambda: machine.store.move_storage_dir(sd, new))
        else:
            world.add(self.machine, label)
