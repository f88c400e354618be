"""What people ask of Strandline, as operations of a history."""

from __future__ import annotations

from dataclasses import dataclass

from stateful.arrivals import Arrival
from stateful.cloud import media_key
from stateful.deeds import Deed, Facts, check
from stateful.machine import Fault
from stateful.pool import LAST, get_legacy_picture, id_of_bytes, is_right, list_pictures, name_of_picture
from stateful.replica import Replica
from stateful.world import World, list_file_names, pick


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
            name, data = get_legacy_picture(self.picture)
            image_id = name.partition(".")[0]
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
    """A person saves a picture whose file has gone bad. It is replaced, and its old bytes go to the trash."""

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
class Ask:
    """A person asks for a picture. Whatever is returned is right."""

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
    """A person inspects the whole folder, which changes nothing."""

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
    """A person adds a folder, which may still be downloading."""

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
    """A person sets a folder up again: it is forgotten, downloaded again, and added in between."""

    machine: int
    folder: int = 0
    arrived: int = 0
    backwards: bool = True
    """``SD_ID`` comes last, otherwise first."""

    def play(self, world: World) -> None:
        Forget(self.machine, self.folder).play(world)
        client = world.client(self.machine, self.folder)
        client.sign_out()
        for key in sorted(client.list_pending(), reverse=self.backwards)[: self.arrived]:
            client.deliver(key, Arrival.WHOLE)
        world.add(self.machine, world.label(self.folder))


@dataclass(frozen=True)
class Confirm:
    """A person confirms what waits for it, while the disk is there: otherwise the confirmation would be wrong."""

    machine: int
    folder: int = 0

    def play(self, world: World) -> None:
        machine = world.machine(self.machine)
        sd = machine.find_sd(world.label(self.folder))
        if sd is not None and world.replica(self.machine, self.folder).is_whole:
            machine.do(Deed.CONFIRM, lambda: machine.store.confirm_storage_dir(sd))
