"""The end of a history: everything settles, and the catalog must then be a function of the files in the folders.

That function is written here a second time, without the tested code. It knows nothing of orders, clocks, delays, lost
hints, and litter. So each run that agrees with it shows that none of them mattered (I8, I9, I11, I18, I23, I28).
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path

from stateful.arrivals import Arrival
from stateful.care_operations import heal, restore
from stateful.cloud import UNKNOWN, Client, find_evicted
from stateful.deeds import Deed, check
from stateful.driven_watcher import Notice
from stateful.laws import DAY_S
from stateful.machine import Machine, dump_catalog
from stateful.pool import is_right, is_whole, list_own_names
from stateful.replica import MEDIA, Replica
from stateful.world import World, left_label, list_file_names
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.sync_names import is_identity_like
from strandline.model.trash import RESTORABLE

ROUNDS = 14
"""Of uploads and deliveries. More than any conflict needs that the stores do not keep alive themselves."""

PERIODIC_S = 301.0

SOON_S = 62.0
"""A good file is shown after the scan that finds it: after a quiet minute it needs no further look."""

Entry = tuple[str, str, str]
"""File name, state, and the hash of the bytes if they are proven."""


def settle(world: World) -> None:
    """No more operations: everything is mounted, online, delivered, and confirmed, and time passes."""
    for machine in world.machines:
        machine.notice = Notice.TOLD
        for replica in machine.replicas.values():
            replica.mount()
        machine.set_watching(is_watching=True)
        for label in [label for label in machine.replicas if label.endswith(" copy")]:
            world.remove_twin(machine, label.removesuffix(" copy"))
        for label in machine.replicas.keys() & map(left_label, world.clouds):
            world.remove_left(machine, label)
    for _number, flight in world.copying:
        list(flight.steps)
    world.copying.clear()
    world.play(_Nothing())
    world.pass_time(3)
    _come_to_agreement(world)
    for number, label in world.renamed:
        world.add(number, label)
    for span_s in (PERIODIC_S, 62, 62):
        world.pass_time(span_s)
        for machine in world.machines:
            _confirm_all(machine)
    world.pass_time(62)
    _come_to_agreement(world)
    world.pass_time(PERIODIC_S + SOON_S)
    for machine in world.machines:
        _check_shown(machine)
    world.pass_time(DAY_S + PERIODIC_S)
    world.pass_time(PERIODIC_S)


class _Nothing:
    def play(self, world: World) -> None:
        """Runs the watchers."""


def _come_to_agreement(world: World) -> None:
    for _ in range(ROUNDS):
        for client in world.clients.values():
            _exchange(client)
        world.play(_Nothing())
        world.pass_time(3)
        if not any(client.list_pending() or _has_news(client) for client in world.clients.values()):
            return
    check(
        False,
        "I8",
        f"the machines do not come to agree: {[c.list_pending() for c in world.clients.values()]}",
    )


def _exchange(client: Client) -> None:
    while client.flights:
        for flight in list(client.flights):
            client.go_on(flight)
    for key in client.unfinished & client.cloud.tree.keys():
        client.agreed[key] = UNKNOWN
    client.upload()
    for key in client.list_pending():
        client.deliver(key, Arrival.WHOLE)


def _has_news(client: Client) -> bool:
    before = dict(client.cloud.tree)
    client.upload()
    return client.cloud.tree != before


def _confirm_all(machine: Machine) -> None:
    for sd in machine.list_known():
        if sd.state is not StorageDirState.ONLINE:
            machine.do(Deed.CONFIRM, lambda sd=sd: machine.store.confirm_storage_dir(sd))  # type: ignore[misc]
            machine.take_notice()


def check_settled(world: World) -> None:
    """Checks all laws of the end."""
    for machine in world.machines:
        for where, replica, sd in _iter_online(machine):
            found, expected = list_entries(machine, sd), _list_expected(replica)
            check(found == expected, "I8", f"{where}: {_differences(found, expected)}")
        _check_readable(machine)
        _check_idempotence(machine)
    _check_identities(world)
    for machine in world.machines:
        heal(machine)
        _check_restored(machine)


def _check_restored(machine: Machine) -> None:
    """The trash lists what is in it, and what was deleted comes back to each place that is free."""
    entries = machine.store.trash.list_entries()
    ids = {each for sd in machine.list_known() for each in (sd.sd_id, *sd.aliases)}
    folders = map(Path, machine.laws.list_trash())
    there = {folder.name for folder in folders if folder.parent.name in ids}
    lost = there - {entry.trash_id for entry in entries}
    check(not lost, "kept", f"the trash has {sorted(lost)}, and does not list it")
    restore(machine)
    for entry in entries:
        sd = next((sd for sd in machine.list_known() if entry.sd_id in (sd.sd_id, *sd.aliases)), None)
        label = None if sd is None else machine.find_label(sd)
        if sd is None or label is None or entry.reason not in RESTORABLE or is_identity_like(entry.filename):
            continue
        may_be_written = (
            sd.state is StorageDirState.ONLINE and not sd.read_only and not machine.laws.has_twin(label)
        )
        is_taken = entry.path.lower() in {key.lower() for key in machine.replicas[label].look()}
        check(is_taken or not may_be_written, "restored", f"{label}/{entry.path} did not come back")


def _check_shown(machine: Machine) -> None:
    """A right file is shown after one periodic scan. It does not wait for the day that other files need (I28)."""
    for where, replica, sd in _iter_online(machine):
        good = {entry for entry in _list_expected(replica) if entry[1] == FileState.PRESENT.value}
        late = good - list_entries(machine, sd)
        check(not late, "I28", f"{where}: right, and not shown: {sorted(late)}")


def _iter_online(machine: Machine) -> Iterator[tuple[str, Replica, StorageDir]]:
    """The folders that are known and online, which includes all with an identity (I28)."""
    for label, replica in machine.replicas.items():
        sd = machine.find_sd(label)
        if sd is None:
            continue
        where = f"{machine.folder.name}/{label}"
        identity = (replica.read("SD_ID") or b"").decode("utf-8", "replace").strip().lower()
        is_it = identity in {str(sd.sd_id), *sd.aliases}
        check(sd.is_reachable or not is_it, "I28", f"{where} is there, and stays {sd.state}: {sd.problem}")
        if sd.is_reachable:
            yield where, replica, sd


def list_entries(machine: Machine, sd: StorageDir) -> set[Entry]:
    """The canonical dump: the catalog's files of one storage directory, without missing and trashed ones."""
    entries = set()
    for row in machine.rows().values():
        if row.sd != sd.number or row.state in (FileState.MISSING, FileState.TRASHED):
            continue
        is_shown = row.state is FileState.PRESENT and row.proof_is_current and row.absent_since is None
        state = "absent" if row.absent_since is not None else row.state.value
        entries.add(
            (row.filename, state, row.proof.sha256[:32] if is_shown and row.proof is not None else "")
        )
    return entries


def _list_expected(replica: Replica) -> set[Entry]:
    """The same, computed from the bytes alone. Everything wrong has been so for a day."""
    entries = set()
    there = replica.look()
    for key, seen in there.items():
        name = key.removeprefix(f"{MEDIA}/")
        if name == key or not _is_wanted(name) or not stat.S_ISREG(seen.mode):
            continue
        data = replica.read(key) or b""
        if is_right(name, data):
            entries.add((name, FileState.PRESENT.value, _short_hash(data)))
        else:
            is_content_id = len(name.partition(".")[0]) == 32
            is_foreign = is_content_id and is_whole(data)
            entries.add((name, (FileState.FOREIGN if is_foreign else FileState.DAMAGED).value, ""))
    for key in there:
        evicted = find_evicted(key.removeprefix(f"{MEDIA}/"))
        if evicted is not None and _is_wanted(evicted) and f"{MEDIA}/{evicted}" not in there:
            entries.add((evicted, FileState.ONLINE_ONLY.value, ""))
    return entries


def _is_wanted(name: str) -> bool:
    return name.lower() in list_file_names() or name.lower() in list_own_names()


def _short_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _differences(found: set[Entry], expected: set[Entry]) -> str:
    return f"the catalog alone has {sorted(found - expected)}, the disk alone {sorted(expected - found)}"


def _check_readable(machine: Machine) -> None:
    """Every image with a good file anywhere can be read correctly (I1, I8, I28)."""
    good: set[str] = set()
    for _, replica, _ in _iter_online(machine):
        good.update(
            name.lower() for name, state, _ in _list_expected(replica) if state == FileState.PRESENT.value
        )
    for name in list_file_names():
        data = machine.do(Deed.LOOK, lambda name=name: _read_image(machine, name))  # type: ignore[misc]
        if isinstance(data, bytes):
            check(is_right(name, data), "I1", f"{name} is handed out wrong")
        else:
            check(name not in good, "I28", f"{name} lies there, is right, and is not handed out: {data}")


def _read_image(machine: Machine, name: str) -> bytes | None:
    found = machine.store.find(name.partition(".")[0])
    return None if found is None else found.read()


def _check_idempotence(machine: Machine) -> None:
    """Another scan of everything reads and writes nothing (I10)."""
    before, reads = dump_catalog(machine.home), machine.laws.reads.total
    machine.do(Deed.WATCH, machine.store.scan)
    machine.take_notice()
    check(dump_catalog(machine.home) == before, "I10", "a scan of an unchanged folder changed the catalog")
    check(machine.laws.reads.total == reads, "I10", "a scan of an unchanged folder read files")


def _check_identities(world: World) -> None:
    """Machines that see the same values have the same identity (I12)."""
    for label in world.clouds:
        chosen: dict[frozenset[bytes], set[str]] = {}
        for machine in world.machines:
            sd = machine.find_sd(label)
            if sd is not None and sd.is_reachable and machine.replicas[label].read("SD_ID") is not None:
                values = machine.laws.list_values(label)
                chosen.setdefault(values, set()).add(str(sd.sd_id))
                aliases = {str(sd.sd_id), *sd.aliases}
                lost = {value.decode() for value in values} - aliases
                check(not lost, "I12", f"{machine.folder.name}/{label} does not go by {lost}")
        for values, ids in chosen.items():
            check(len(ids) == 1, "I12", f"{label} with the values {values} is called {ids}")
