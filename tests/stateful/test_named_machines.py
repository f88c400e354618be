"""Random histories of two machines that sync a folder of named pictures, and look after it.

People write, rename, and move pictures and folders on both, and edit the note; sync clients bring all of it across in
any order, and keep conflict copies of pictures and notes. Each machine deletes and brings back, heals, resolves,
folds, collects, copies, moves, and imports. What one machine does arrives at the other as any change does: nothing is
lost.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from builders.dialects import DIALECTS
from builders.sampling import is_exhaustive, take_sample
from builders.storage import make_pictures
from stateful.arrivals import Arrival
from stateful.care_mutants import delete_for_good, move_on_trust, tell_removals_twice
from stateful.cloud import Client, CloudFolder, Winner
from stateful.mutants import Mutate
from stateful.named_machine import NamedMachine, Verb
from strandline.model.changes import NamedFile
from strandline.model.image_ids import hash_to_content_id
from strandline.services.checking.open_references import list_open_references, tell_references

PICTURES = make_pictures(4)
FOLDERS = ("", "a/", "b/", "Ä/")
NAMES = ("x.png", "y.PNG", "z.png")
PATHS = st.sampled_from([folder + name for folder in FOLDERS for name in NAMES])
TARGETS = tuple(folder + name for folder in ("", "a/") for name in NAMES[:2])
NOTE = "note.md"
MACHINES = st.sampled_from([0, 1])
NUMBERS = st.sampled_from(range(len(PICTURES)))

EXAMPLES = 1500 if is_exhaustive() else 20
"""As many as one core plays in ten seconds."""


class NamedMachines(RuleBasedStateMachine):
    """Two machines, and the cloud between them."""

    def __init__(self) -> None:
        super().__init__()
        place = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
        self.work = Path(tempfile.mkdtemp(prefix="strandline-named-", dir=place))
        self.cloud = CloudFolder()
        self.machines = [NamedMachine(self.work / f"m{number}", frozenset(PICTURES)) for number in (0, 1)]
        self.clients = [
            Client(self.cloud, machine.replica, f"pc{number}", "syncthing", Winner.CLOUD, deletions_win=False)
            for number, machine in enumerate(self.machines)
        ]

    def teardown(self) -> None:
        """Ends the history, when all is quiet."""
        try:
            if self.machines[0].list_files():
                self.settle()
        finally:
            for machine in self.machines:
                machine.close()
            shutil.rmtree(self.work)

    @initialize(paths=st.lists(PATHS, unique=True, max_size=4))
    def begin(self, paths: list[str]) -> None:
        """Both have the folder, with some pictures and a note."""
        for number, path in enumerate(paths):
            self.put(0, path, PICTURES[number])
        self.put(0, NOTE, write_note(TARGETS))
        self.clients[0].upload()
        for key in self.clients[1].list_pending():
            self.clients[1].deliver(key, Arrival.WHOLE)
        for machine in self.machines:
            machine.begin()

    def put(self, machine: int, path: str, data: bytes) -> None:
        """A program writes a file whole, a second later."""
        self.machines[machine].clock.pass_time(seconds=1)
        self.machines[machine].replica.put(path, data)

    # --- people and sync clients --------------------------------------------------------------------------------

    @rule(machine=MACHINES, path=PATHS, number=NUMBERS)
    def write(self, machine: int, path: str, number: int) -> None:
        """A picture is written, perhaps over another one."""
        self.put(machine, path, PICTURES[number])

    @rule(machine=MACHINES, path=PATHS, number=NUMBERS)
    def write_half(self, machine: int, path: str, number: int) -> None:
        """Half a picture is written in place."""
        self.machines[machine].clock.pass_time(seconds=1)
        self.machines[machine].replica.write(path, PICTURES[number][: len(PICTURES[number]) // 2])

    @rule(machine=MACHINES, old=PATHS, new=PATHS)
    def rename(self, machine: int, old: str, new: str) -> None:
        """A person renames a picture, or moves it to another folder."""
        replica = self.machines[machine].replica
        if replica.path(old).is_file() and not replica.path(new).exists():
            replica.rename(old, new)

    @rule(
        machine=MACHINES, old=st.sampled_from(FOLDERS[1:]), new=st.sampled_from(["b/", "moved/", "b/inner/"])
    )
    def move_folder(self, machine: int, old: str, new: str) -> None:
        """With everything in it. The other machine gets new files and deletions."""
        replica = self.machines[machine].replica
        source, target = replica.path(old), replica.path(new)
        if source.is_dir() and not target.exists() and source not in target.parents:
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
            replica.changes += 1

    @rule(machine=MACHINES, path=PATHS)
    def remove(self, machine: int, path: str) -> None:
        """A person deletes a picture with another program."""
        self.machines[machine].replica.remove(path)

    @rule(machine=MACHINES, wanted=st.lists(st.sampled_from(TARGETS), unique=True))
    def edit_the_note(self, machine: int, wanted: list[str]) -> None:
        """It refers to other pictures now."""
        self.put(machine, NOTE, write_note(wanted))

    @rule(machine=MACHINES, dialect=st.sampled_from(sorted(DIALECTS)), winner=st.sampled_from(Winner))
    def upload(self, machine: int, dialect: str, winner: Winner) -> None:
        """A client sends what has changed, and resolves conflicts."""
        self.clients[machine].upload(dialect, winner)

    @rule(
        machine=MACHINES, backwards=st.booleans(), how=st.sampled_from([Arrival.WHOLE, Arrival.AFTER_A_GAP])
    )
    def deliver(self, machine: int, backwards: bool, how: Arrival) -> None:
        """A client brings what is new, in any order."""
        client = self.clients[machine]
        for key in sorted(client.list_pending(), reverse=backwards):
            client.deliver(key, how)
        while client.flights:
            client.go_on(client.flights[0])

    @rule(machine=MACHINES, which=st.integers(0, 9), how=st.sampled_from(Arrival), steps=st.integers(0, 3))
    def deliver_one(self, machine: int, which: int, how: Arrival, steps: int) -> None:
        """A client brings one file, perhaps not to the end."""
        client = self.clients[machine]
        pending = client.list_pending()
        if pending:
            client.deliver(pending[which % len(pending)], how)
        for _ in range(steps):
            if client.flights:
                client.go_on(client.flights[0])

    # --- the machines -------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([0.1, 2, 90, 32 * 1440]))
    def wait(self, minutes: float) -> None:
        """Time passes everywhere."""
        for machine in self.machines:
            machine.clock.pass_time(minutes=minutes)

    @rule(machine=MACHINES)
    def scan(self, machine: int) -> None:
        """A scan, and a look at the notes."""
        each = self.machines[machine]
        each.act(Verb.LOOK, each.store.scan)
        each.act(Verb.LOOK, lambda: tell_references(each.bench, each.vault))

    @rule(machine=MACHINES, number=NUMBERS, path=PATHS, is_alone=st.booleans())
    def delete(self, machine: int, number: int, path: str, is_alone: bool) -> None:
        """An image is deleted from the folder, or one file of it."""
        each, image_id = self.machines[machine], hash_to_content_id(PICTURES[number])
        files = [NamedFile(each.vault, path, image_id)] if is_alone else []
        ids = [] if is_alone else [image_id]
        sds = () if is_alone else (each.vault,)
        each.act(Verb.DELETE, lambda: each.store.delete(each.store.plan_delete(ids, sds=sds, files=files)))

    @rule(machine=MACHINES)
    def restore(self, machine: int) -> None:
        """Everything is brought back whose place is free."""
        self.machines[machine].act(Verb.RESTORE, self.machines[machine].restore_all)

    @rule(machine=MACHINES)
    def empty(self, machine: int) -> None:
        """The trash is emptied."""
        self.machines[machine].act(Verb.EMPTY, self.machines[machine].store.trash.empty)

    @rule(machine=MACHINES)
    def heal(self, machine: int) -> None:
        """Everything is verified and healed."""
        self.machines[machine].heal()

    @rule(machine=MACHINES)
    def resolve(self, machine: int) -> None:
        """All conflict copies are resolved."""
        self.machines[machine].act(Verb.RESOLVE, self.machines[machine].store.resolve_conflicts)

    @rule(machine=MACHINES)
    def fold(self, machine: int) -> None:
        """Duplicates are folded."""
        store = self.machines[machine].store
        self.machines[machine].act(Verb.FOLD, lambda: store.fold(store.plan_fold()))

    @rule(machine=MACHINES)
    def collect(self, machine: int) -> None:
        """What is unused is collected, a month after a first look."""
        each = self.machines[machine]
        each.act(Verb.LOOK, each.store.find_unused)
        each.clock.pass_time(minutes=32 * 1440)
        each.act(Verb.COLLECT, each.store.collect)

    @rule(machine=MACHINES, number=NUMBERS, moves=st.booleans(), back=st.booleans())
    def transfer(self, machine: int, number: int, moves: bool, back: bool) -> None:
        """An image is copied or moved to the folder by id, or from it."""
        each, image_id = self.machines[machine], hash_to_content_id(PICTURES[number])
        source, to = (each.ids, each.vault) if back else (each.vault, each.ids)
        store = each.store
        if moves:
            each.act(Verb.MOVE, lambda: store.move_files(store.plan_move([image_id], to=to, source=source)))
        else:
            each.act(Verb.COPY, lambda: store.copy_files(store.plan_copy([image_id], to=to)))

    @rule(machine=MACHINES, number=NUMBERS)
    def bring_in(self, machine: int, number: int) -> None:
        """Pictures are imported into the folder."""
        each, pictures = self.machines[machine], [PICTURES[number], PICTURES[0]]
        each.act(Verb.IMPORT, lambda: each.store.import_images(pictures, sd=each.vault))

    @rule(machine=MACHINES)
    def rescue(self, machine: int) -> None:
        """A backup is searched for what is missing or bad."""
        backup = self.work / "backup"
        if not backup.exists():
            backup.mkdir()
            for number, data in enumerate(PICTURES):
                (backup / f"DSC_{number}.png").write_bytes(data)
        each = self.machines[machine]
        each.act(Verb.RESCUE, lambda: each.store.rescue([backup]))

    # --- the end ------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """The machines come to agree, and each of them is right about the folder."""
        for _ in range(14):
            for client in self.clients:
                while client.flights:
                    client.go_on(client.flights[0])
                client.upload()
                for key in client.list_pending():
                    client.deliver(key, Arrival.WHOLE)
        assert not any(client.list_pending() for client in self.clients), "they do not come to agree"
        for machine, client in zip(self.machines, self.clients, strict=True):
            machine.settle()
            machine.act(Verb.LOOK, lambda machine=machine: tell_references(machine.bench, machine.vault))  # type: ignore[misc]
            files = machine.replica.look()
            text = (machine.replica.read(NOTE) or b"").decode()
            missed = {target for target in TARGETS if f"<{target}>" in text} - files.keys()
            opened = {
                each.target
                for each in list_open_references(machine.bench, machine.vault)
                if each.note == NOTE
            }
            assert opened == missed
            assert not client.flights


def write_note(targets: object) -> bytes:
    """A note that shows these pictures."""
    return "".join(f"![](<{target}>)\n" for target in targets).encode()  # type: ignore[attr-defined]


TestNamedMachines = pytest.mark.timeout(7200 if is_exhaustive() else 300)(NamedMachines.TestCase)
TestNamedMachines.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

NAIVE: dict[str, Mutate] = {
    "deletes for good": delete_for_good,
    "tells removals twice": tell_removals_twice,
    "moves on trust": move_on_trust,
}

ENOUGH = 100


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", take_sample(sorted(NAIVE), "named mutants"))
def test_a_naive_store_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each breaks a promise in one of a hundred histories."""
    NAIVE[name](monkeypatch)
    few = settings(TestNamedMachines.settings, max_examples=ENOUGH, phases=(Phase.generate,))
    with pytest.raises(AssertionError):
        run_state_machine_as_test(NamedMachines, settings=few)
