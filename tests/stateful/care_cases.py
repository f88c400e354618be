"""Which history catches each of the naive stores that look after images, and by which law."""

from __future__ import annotations

from stateful.care_mutants import (
    collect_what_no_link_means,
    delete_for_good,
    empty_everything,
    heal_from_folders_only,
    keep_no_bad_bytes,
    move_on_trust,
    restore_over,
    take_an_absence_for_a_deletion,
    tell_removals_twice,
)
from stateful.care_operations import (
    Collect,
    DeleteImage,
    EmptyTrash,
    Heal,
    MoveImage,
    RestoreImage,
    WriteNote,
)
from stateful.histories import History
from stateful.machine_operations import CutPower, Wait
from stateful.mutants import Mutate
from stateful.people_operations import Copy, Delete
from stateful.store_operations import Save, SaveAgain
from stateful.sync_operations import DeliverAll
from stateful.world import Scene

DELETED = History(Scene(machines=2), (DeleteImage(machine=0, which=1),))
DELETED_THERE = History(
    Scene(machines=2, pictures=9),
    (Delete(machine=0, which=3), DeliverAll(machine=1), Wait(301.0), Wait(301.0)),
)
EMPTIED = History(Scene(machines=2), (DeleteImage(machine=0, which=1), EmptyTrash(machine=0)))
BACK_OVER = History(
    Scene(machines=2),
    (
        DeleteImage(machine=0, which=1),
        Copy(machine=0, picture=1, pieces=3),
        RestoreImage(machine=0, everything=True),
    ),
)
BAD_BYTES = History(Scene(machines=2), (Copy(machine=0, picture=8, pieces=4), SaveAgain(machine=0)))
GOOD_IN_TRASH = History(
    Scene(machines=2, pictures=2),
    (
        DeleteImage(machine=0, which=1),
        Copy(machine=0, picture=1, pieces=4),
        CutPower(machine=0),
        Heal(machine=0),
    ),
)
MOVED = History(
    Scene(machines=2, folders=2), (Save(machine=0, folder=0, picture=9), MoveImage(machine=0, folder=0))
)
NAMED_BY_ID = History(
    Scene(machines=2, pictures=12), (WriteNote(machine=0, first=3, by_id=True), Collect(machine=0))
)

CARE_CASES: dict[str, tuple[Mutate, History, str]] = {
    "deletes for good": (delete_for_good, DELETED, "kept"),
    "takes an absence for a deletion": (take_an_absence_for_a_deletion, DELETED_THERE, "kept"),
    "tells removals twice": (tell_removals_twice, DELETED, "told"),
    "empties everything": (empty_everything, EMPTIED, "kept"),
    "restores over": (restore_over, BACK_OVER, "I4"),
    "keeps no bad bytes": (keep_no_bad_bytes, BAD_BYTES, "I4"),
    "heals from folders only": (heal_from_folders_only, GOOD_IN_TRASH, "healed"),
    "moves on trust": (move_on_trust, MOVED, "I4"),
    "collects what no link means": (collect_what_no_link_means, NAMED_BY_ID, "collected"),
}
