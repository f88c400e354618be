"""What people let Strandline do to look after their images, as operations: delete and bring back, verify and heal,
copy, move, import, rescue, resolve, fold, collect.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from stateful.deeds import Deed, Facts
from stateful.healed import check_healed
from stateful.machine import Fault
from stateful.pool import LAST, list_legacy_pictures, list_pictures, name_of_picture
from stateful.world import BEGIN, DIARY, World, list_file_names, pick

if TYPE_CHECKING:
    from stateful.machine import Machine
    from strandline.model.storage_dirs import StorageDir

MONTH_S = 31 * 86_400.0
"""Longer than anything is kept in the trash, and than anything unused is left alone."""


@dataclass(frozen=True)
class WriteNote:
    """A person writes the folder's note: it shows two pictures, and names others by their files or by their ids."""

    machine: int
    folder: int = 0
    first: int = 0
    by_id: bool = False

    def play(self, world: World) -> None:
        replica = world.replica(self.machine, self.folder)
        if replica.is_whole:
            names = [name_of_picture((self.first + step) % LAST) for step in range(3)]
            names += [name for name, *_ in list_legacy_pictures()[:1]]
            replica.put(DIARY, write_diary(names, by_id=self.by_id))


def write_diary(names: list[str], *, by_id: bool = False) -> bytes:
    """A note with these pictures."""
    lines = [
        f"see {name.partition('.')[0].upper()}" if by_id and number > 1 else f"![](media/{name})"
        for number, name in enumerate(names)
    ]
    return "\n".join(lines).encode()


@dataclass(frozen=True)
class DeleteImage:
    """A person deletes an image from a folder, as the folder has it."""

    machine: int
    folder: int = 0
    which: int = 0

    def play(self, world: World) -> None:
        machine, label = world.machine(self.machine), world.label(self.folder)
        sd = machine.find_sd(label)
        if sd is not None:
            store, image_id = machine.store, _choose(machine, label, None, self.which)
            facts = Facts(label, image_id)
            machine.do(Deed.DELETE, lambda: store.delete(store.plan_delete([image_id], sds=[sd])), facts)


@dataclass(frozen=True)
class RestoreImage:
    """A person brings back what was deleted: one image, or everything."""

    machine: int
    which: int = 0
    everything: bool = False

    def play(self, world: World) -> None:
        restore(world.machine(self.machine), self.which, everything=self.everything)


def restore(machine: Machine, which: int = 0, *, everything: bool = True) -> None:
    """Brings back one deleted image, or all."""
    ids = sorted({kept.image_id for kept in machine.laws.list_trash().values()})
    chosen = ids if everything else ids[which % len(ids) :][:1] if ids else []
    machine.do(Deed.RESTORE, lambda: machine.store.trash.restore(chosen))


@dataclass(frozen=True)
class EmptyTrash:
    """A person empties the trash, perhaps a month later."""

    machine: int
    is_later: bool = False

    def play(self, world: World) -> None:
        if self.is_later:
            world.pass_time(MONTH_S)
        machine = world.machine(self.machine)
        machine.do(Deed.EMPTY, machine.store.trash.empty)


@dataclass(frozen=True)
class Heal:
    """A person verifies everything, and heals what can be."""

    machine: int

    def play(self, world: World) -> None:
        heal(world.machine(self.machine))


def heal(machine: Machine) -> None:
    """Verifies everything, and heals what can be: then nothing is bad that is whole within reach."""
    report = machine.do(Deed.VERIFY, lambda: machine.store.verify(older_than=timedelta(0)))
    if not isinstance(report, Fault):
        machine.do(Deed.HEAL, lambda: machine.store.heal(report))
        check_healed(machine, report)


@dataclass(frozen=True)
class HealKnown:
    """A person presses the button that heals what a folder is known to have bad."""

    machine: int
    folder: int = 0

    def play(self, world: World) -> None:
        machine, label = world.machine(self.machine), world.label(self.folder)
        sd = machine.find_sd(label)
        if sd is not None:
            machine.do(Deed.HEAL, lambda: machine.store.heal_known(sd))


@dataclass(frozen=True)
class CopyImage:
    """A person copies an image into a folder, perhaps from another one."""

    machine: int
    folder: int = 0
    picture: int = 0

    def play(self, world: World) -> None:
        machine, label = world.machine(self.machine), world.label(self.folder)
        sd = machine.find_sd(label)
        if sd is not None:
            image_id = _choose(machine, world.label(self.folder + 1), label, self.picture)
            store = machine.store
            machine.do(Deed.COPY, lambda: store.copy_files(store.plan_copy([image_id], to=sd)), Facts(label))


@dataclass(frozen=True)
class MoveImage:
    """A person moves an image from one folder to another one, perhaps although a note uses it."""

    machine: int
    folder: int = 0
    picture: int = 0
    insists: bool = False

    def play(self, world: World) -> None:
        machine, label = world.machine(self.machine), world.label(self.folder)
        source, to = machine.find_sd(label), machine.find_sd(world.label(self.folder + 1))
        if source is not None and to is not None and source.number != to.number:
            machine.do(
                Deed.MOVE,
                lambda: self._move(machine, source, to),
                Facts(world.label(self.folder + 1), source=label),
            )

    def _move(self, machine: Machine, source: StorageDir, to: StorageDir) -> object:
        image_id = _choose(machine, machine.find_label(source), machine.find_label(to), self.picture)
        plan = machine.store.plan_move([image_id], to=to, source=source)
        return machine.store.move_files(plan, insists=self.insists)


@dataclass(frozen=True)
class Import:
    """A person imports some pictures, of which one is twice, and something that is none."""

    machine: int
    folder: int = 0
    first: int = 0

    def play(self, world: World) -> None:
        machine, label = world.machine(self.machine), world.label(self.folder)
        sd = machine.find_sd(label)
        if sd is not None:
            pictures = [list_pictures()[(self.first + step) % LAST] for step in (0, 1, 2, 1)]
            pictures.append(b"a letter")
            machine.do(Deed.IMPORT, lambda: machine.store.import_images(pictures, sd=sd), Facts(label))


@dataclass(frozen=True)
class Rescue:
    """A person plugs in a backup with all pictures, and lets it be searched for what is missing or bad."""

    machine: int

    def play(self, world: World) -> None:
        machine, backup = world.machine(self.machine), world.base / "backup"
        if not backup.exists():
            write_backup(backup)
        machine.do(Deed.RESCUE, lambda: machine.store.rescue([backup]))


def write_backup(folder: Path) -> None:
    """All pictures, under names that people give."""
    folder.mkdir()
    pictures = [*list_pictures()[:LAST], *(data for _, *both in list_legacy_pictures() for data in both)]
    for number, data in enumerate(pictures):
        path = folder / f"DSC_{number:04}.jpg"
        path.write_bytes(data)
        os.utime(path, (BEGIN.timestamp(), BEGIN.timestamp()))


@dataclass(frozen=True)
class ResolveConflicts:
    """A person lets all conflict copies be resolved."""

    machine: int

    def play(self, world: World) -> None:
        machine = world.machine(self.machine)
        machine.do(Deed.RESOLVE, machine.store.resolve_conflicts)


@dataclass(frozen=True)
class Fold:
    """A person folds duplicates."""

    machine: int

    def play(self, world: World) -> None:
        machine = world.machine(self.machine)
        machine.do(Deed.FOLD, lambda: machine.store.fold(machine.store.plan_fold()))


@dataclass(frozen=True)
class Collect:
    """A person looks at what is unused, and collects it at once or a month later."""

    machine: int
    is_later: bool = True

    def play(self, world: World) -> None:
        machine = world.machine(self.machine)
        machine.do(Deed.LOOK, machine.store.find_unused)
        if self.is_later:
            world.pass_time(MONTH_S)
        machine.do(Deed.COLLECT, machine.store.collect)


def _choose(machine: Machine, label: str | None, other: str | None, number: int) -> str:
    """The id of an image that has a file in the folder, and none in the other one, if there is such an image."""
    names = list_file_names()
    here = [name for name in names if label is not None and _has(machine, label, name)]
    alone = [name for name in here if other is None or not _has(machine, other, name)]
    name = pick(alone or here or names, number)
    assert name is not None
    return name.partition(".")[0]


def _has(machine: Machine, label: str, name: str) -> bool:
    image_id = name.partition(".")[0]
    return any(image_id in key.lower() for key in machine.replicas[label].list_keys())
