"""What people and their programs do, as operations of a history."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from builders.dialects import conflict_name
from stateful.arrivals import Arrival, Flight, iter_copying
from stateful.cloud import Winner, media_key
from stateful.laws import Deed, Facts, check
from stateful.litter import LITTER
from stateful.machine import Fault
from stateful.pool import LAST, id_of_bytes, is_right, list_legacy_pictures, list_pictures, name_of_picture
from stateful.replica import Replica
from stateful.world import World, list_file_names, pick

OWN_VALUES = tuple(f"{uuid.UUID(int=number, version=4)}" for number in (3, 90, 2**100))
"""Identities that other programs and restored backups bring along: smaller and larger than the first one."""


GUISES = ("{}\n", "{}", "\ufeff{}\r\n", "  {} \n")
"""In which one and the same value may come (hazard H11)."""


@dataclass(frozen=True)
class Save:
    """A person saves a picture, under its content id or under a legacy id."""

    machine: int
    folder: int = 0
    picture: int = 0
    legacy: bool = False

    def play(self, world: World) -> None:
        machine, label = world.machine(self.machine), world.label(self.folder)
        sd = machine.find_sd(label)
        if sd is None:
            return
        if self.legacy:
            names = list_legacy_pictures()
            name, *both = names[self.picture % len(names)]
            data, image_id = both[self.picture // len(names) % 2], name.partition(".")[0]
        else:
            data, image_id = list_pictures()[self.picture % LAST], None
            name = name_of_picture(self.picture % LAST)
        saved = machine.do(
            Deed.SAVE,
            lambda: machine.store.save(data, sd=sd, name=f"{self.picture}.png", image_id=image_id),
            Facts(label, name, data),
        )
        if not isinstance(saved, Fault):
            there = machine.replicas[label].read(media_key(saved.filename))
            check(there == data, "I1", f"saved as {saved.filename}, and other bytes lie there")


@dataclass(frozen=True)
class SaveAgain:
    """A person saves a picture whose file is not right any more: it is replaced, and what it was is put aside."""

    machine: int
    folder: int = 0
    which: int = 0

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        wrong = [number for number in range(LAST) if _is_wrong(replica, name_of_picture(number))]
        number = pick(wrong, self.which)
        if number is not None:
            Save(self.machine, self.folder, number).play(world)


def _is_wrong(replica: Replica, name: str) -> bool:
    data = replica.read(media_key(name))
    return data is not None and not is_right(name, data)


@dataclass(frozen=True)
class Copy:
    """A person copies a picture into the media folder with another program, in place and slowly."""

    machine: int
    folder: int = 0
    picture: int = 0
    pieces: int = 2

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        if not replica.is_whole:
            return
        number = self.picture % LAST
        data, key = list_pictures()[number], media_key(name_of_picture(number))
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
    """A person changes a file in place: to another picture, to one that is cut, or to nothing."""

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
    """A person or another client gives a file the name of a conflict copy, or a copy gets its name."""

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
    """Litter, and names that only look like ours, come to lie in the folder."""

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
    """A disk or a client that does not care spells a name in other letters: all upper case, or the first one."""

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
    """Something that is no file gets an image's name: a link to a good picture or to nothing, a folder, a FIFO."""

    machine: int
    folder: int = 0
    what: int = 0

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        if replica.is_whole:
            replica.obstruct(media_key(name_of_picture(LAST)), list_pictures()[LAST], self.what)


@dataclass(frozen=True)
class Touch:
    """Nothing changes but a file's mtime: forward, or years back."""

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
    """A machine that was offline comes back with another ``SD_ID``: a conflict in the making."""

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
    """Two machines that were offline write each its own ``SD_ID``, and come back: a conflict in some dialect."""

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
class Ask:
    """A person asks for a picture: whatever is handed out is right."""

    machine: int
    picture: int = 0
    how: int = 0

    def play(self, world: World) -> None:
        machine = world.machine(self.machine)
        name = list_file_names()[self.picture % len(list_file_names())]
        image_id = name.partition(".")[0]
        if self.how % 4 == 3:
            machine.do(Deed.LOOK, lambda: machine.store.explain(image_id))
            return
        if self.how % 4 == 2:
            machine.do(Deed.LOOK, lambda: machine.store.look_up(image_id))
            return
        found = machine.do(Deed.LOOK, lambda: machine.store.find(image_id))
        if found is None or isinstance(found, Fault):
            return
        data = machine.do(Deed.LOOK, found.read)
        if isinstance(data, bytes):
            check(is_right(name, data), "I1", f"{name} was handed out with the bytes of {id_of_bytes(data)}")


@dataclass(frozen=True)
class Inspect:
    """A person looks at the whole folder; it changes nothing."""

    machine: int
    folder: int = 0

    def play(self, world: World) -> None:
        machine = world.machine(self.machine)
        sd = machine.find_sd(world.label(self.folder))
        if sd is not None:
            machine.do(Deed.LOOK, lambda: machine.store.inspect(sd))


@dataclass(frozen=True)
class Scan:
    """A person asks for a scan of everything."""

    machine: int

    def play(self, world: World) -> None:
        machine = world.machine(self.machine)
        machine.do(Deed.WATCH, machine.store.scan)


@dataclass(frozen=True)
class Add:
    """A person adds a folder; perhaps one that is still downloading."""

    machine: int
    folder: int = 0

    def play(self, world: World) -> None:
        world.add(self.machine, world.label(self.folder))


@dataclass(frozen=True)
class Forget:
    """A person forgets a folder."""

    machine: int
    folder: int = 0

    def play(self, world: World) -> None:
        machine = world.machine(self.machine)
        sd = machine.find_sd(world.label(self.folder))
        if sd is not None:
            machine.do(Deed.LOOK, lambda: machine.store.forget_storage_dir(sd))


@dataclass(frozen=True)
class Rejoin:
    """A person sets a folder up anew: it is forgotten, comes again from the cloud, and is added on the way."""

    machine: int
    folder: int = 0
    arrived: int = 0
    backwards: bool = True
    """``SD_ID`` comes last, else first."""

    def play(self, world: World) -> None:
        Forget(self.machine, self.folder).play(world)
        client = world.client(self.machine, self.folder)
        client.sign_out()
        for key in sorted(client.list_pending(), reverse=self.backwards)[: self.arrived]:
            client.deliver(key, Arrival.WHOLE)
        world.add(self.machine, world.label(self.folder))


@dataclass(frozen=True)
class Confirm:
    """A person confirms what waits for it, while the disk is there: who confirms without it says an untruth."""

    machine: int
    folder: int = 0

    def play(self, world: World) -> None:
        machine = world.machine(self.machine)
        sd = machine.find_sd(world.label(self.folder))
        if sd is not None and world.replica(self.machine, self.folder).is_whole:
            machine.do(Deed.CONFIRM, lambda: machine.store.confirm_storage_dir(sd))


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
    """What no program copies."""
    return [name for name in names if Path(folder, name).is_fifo()]


@dataclass(frozen=True)
class MoveRoot:
    """A person renames the folder, and says so or not."""

    machine: int
    folder: int = 0
    says_so: bool = True

    def play(self, world: World) -> None:
        machine, label = world.machine(self.machine), world.label(self.folder)
        replica, sd = machine.replicas[label], machine.find_sd(label)
        if not replica.is_whole:
            return
        new = replica.root.with_name(f"{label} moved" if replica.root.name == label else label)
        replica.root.rename(new)
        replica.root = new
        if sd is not None and self.says_so:
            machine.do(Deed.WATCH, lambda: machine.store.move_storage_dir(sd, new))
        else:
            world.add(self.machine, label)
