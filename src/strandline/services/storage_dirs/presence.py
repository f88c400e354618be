"""Is a storage directory there, and is it still the same one? Every service asks this before it looks (SPEC §4).

:func:`refresh` costs one small read if nothing has changed. If something has, the folder is looked at and decided
again, and the result is written to the catalog with its event. An SD whose identity cannot be read now is *offline*,
and nothing is concluded about an offline SD. It is never "empty".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from strandline.errors import (
    DiskError,
    RefusedError,
    StorageDirNotFoundError,
    StorageDirOfflineError,
)
from strandline.model import identity
from strandline.model.events import (
    StorageDirEvent,
    StorageDirIdentityChanged,
    StorageDirOffline,
    StorageDirOnline,
)
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.remedies import say_add, say_bring_back, say_confirm, say_move
from strandline.model.storage_dirs import StorageDir, StorageDirQuestion, StorageDirState

if TYPE_CHECKING:
    from strandline.model.identity.decisions import IdentityDecision
    from strandline.model.identity.sightings import IdentitySighting
    from strandline.services.workbench import Workbench

IDENTITY_QUIET = timedelta(seconds=2)
"""Identity files that have not changed for this long are not being replaced now (SPEC §4)."""

NAMES_ASKED = 64
"""How many known file names are checked to distinguish a changed identity from another SD (SPEC §4)."""

LOOKS_FOR_QUIET = 8
"""Number of looks, half a second apart, while identity files change. After that there is an answer without a
write.
"""

REPLACEMENT_GAP_S = 0.05
"""Ten times the observed gap while Syncthing replaces a file. ``cp`` leaves the old file empty for less."""

ROUNDS = 3
"""How often to decide again if another process was faster."""


def refresh(bench: Workbench, sd: StorageDir) -> StorageDir:
    """The SD as it is now. Cost if nothing changed: one open, fstat, and read of ``SD_ID``.

    Never waits for identity files to be quiet: while they change, the SD keeps its last known state.
    """
    try:
        value = bench.folder(sd).read_identity()
    except OSError:
        value = None
    if sd.is_unmarked:
        return _refresh_unmarked(bench, sd, looks=1, is_marked=value is not None)
    if value is not None and value == sd.sd_id and not sd.provisional:
        bench.reached.add(sd.number)
        return sd if sd.is_reachable else move_to_state(bench, sd, StorageDirState.ONLINE, None)
    return _decide_and_apply(bench, sd, looks=1)


def check_reachable(bench: Workbench, sd: StorageDir) -> StorageDir:
    """The SD as it is now, which can be reached. Cost: as :func:`refresh`.

    Raises:
        StorageDirOfflineError: It cannot.
    """
    now = refresh(bench, sd)
    if not now.is_reachable:
        raise StorageDirOfflineError(
            f"{sd.name!r} cannot be reached now: {now.problem or 'it went away'}", sd_id=sd.sd_id
        )
    return now


def refresh_storage_dirs(
    bench: Workbench,
    ask: Callable[[Workbench, StorageDir], StorageDir] = refresh,
    sds: Iterable[StorageDir] | None = None,
) -> list[StorageDir]:
    """All SDs, or these, as ``ask`` finds them, in the order in which they were added. Costs and writes what ``ask``
    does.

    An SD that another process forgets meanwhile is omitted.
    """
    if sds is None:
        with bench.catalog.read() as reader:
            sds = reader.sds.list_storage_dirs()
    refreshed = []
    for sd in sds:
        with suppress(StorageDirNotFoundError):
            refreshed.append(ask(bench, sd))
    return refreshed


def reconsider(bench: Workbench, sd: StorageDir) -> StorageDir:
    """The SD as it is now, from a look at everything that concerns its layout and identity. Carries out the decision.

    Waits up to four seconds for changing identity files. Never invents an identity: if the folder of a known SD is
    empty, the SD is offline. If it was remembered without an identity, it stays incomplete until it is added again.
    """
    if sd.is_unmarked:
        return _refresh_unmarked(bench, sd, looks=LOOKS_FOR_QUIET, is_marked=True)
    from strandline.services.storage_dirs.layouts import (
        settle_layout,  # here: most questions reconsider nothing
    )

    sd = settle_layout(bench, _decide_and_apply(bench, sd, looks=LOOKS_FOR_QUIET))
    return _refresh_unmarked(bench, sd, looks=1, is_marked=False) if sd.is_unmarked else sd


def reconsider_storage_dirs(bench: Workbench, sds: Iterable[StorageDir] | None = None) -> list[StorageDir]:
    """All SDs, or these, as :func:`reconsider` finds them."""
    return refresh_storage_dirs(bench, reconsider, sds)


def _refresh_unmarked(bench: Workbench, sd: StorageDir, *, looks: int, is_marked: bool) -> StorageDir:
    """The SD in which no file says which one it is, recognized by its anchors.

    Args:
        bench: The tools.
        sd: An unmarked SD.
        looks: As for :func:`look_and_decide`.
        is_marked: An identity may have arrived, so the layout is decided again.
    """
    from strandline.services.storage_dirs.layouts import (  # here: most have an identity
        is_shared,
        is_still_here,
        settle_layout,
    )

    try:
        is_same = is_still_here(bench, sd)
    except OSError as error:
        place = "folder" if sd.is_on_disk else "bucket"
        back = say_bring_back(sd, getattr(error, "remedy", None))
        problem = f"the {place} cannot be read now ({error.strerror or error}); {back}"
        return _be_unreachable(bench, sd, problem)
    bench.reached.add(sd.number)
    if not is_same:
        problem = (
            f"nothing that is known of it is at {sd.path} now; bring its disk back, or if this is the right folder, "
            f"run {say_confirm(sd)}"
        )
        return move_to_state(bench, sd, StorageDirState.OFFLINE, problem, StorageDirQuestion.RESTORE_IDENTITY)
    if is_marked:
        sd = settle_layout(bench, sd)
        if not sd.is_unmarked or sd.is_layout_chosen or is_shared(bench, sd):
            sd = _decide_and_apply(bench, sd, looks=looks)
        if not sd.is_unmarked:
            return sd
    return sd if sd.is_reachable else move_to_state(bench, sd, StorageDirState.ONLINE, None)


def _decide_and_apply(bench: Workbench, sd: StorageDir, *, looks: int) -> StorageDir:
    for _ in range(ROUNDS):
        sighting, decision = look_and_decide(
            bench,
            sd.path,
            lambda seen, quiet: decide_again(sd, seen, quiet=quiet),
            looks=looks,
            may_be_replaced=sd.is_reachable,
        )
        if decision.sd_id is None or decision.outcome is identity.decisions.IdentityOutcome.GENERATED:
            state, problem = _state_without_identity(sd, sighting, decision)
            if sighting.errors and state is StorageDirState.OFFLINE:
                return _be_unreachable(bench, sd, problem, decision.question)
            return move_to_state(bench, sd, state, problem, decision.question)
        if lies_elsewhere(bench, sd, sighting, decision.sd_id):
            return move_to_state(
                bench, sd, StorageDirState.OFFLINE, _say_who_is_there(bench, sd, decision.sd_id)
            )
        if decision.wait_for_quiet:
            return sd
        decision = identity.rules.keep_replaced(decision, sighting, identity_to_keep(sd))
        try:
            applied = bench.folder(sd).apply_identity(decision)
        except (DiskError, RefusedError):
            break  # the decision is valid without being written; the next command tries again
        if applied.is_as_decided:
            break
    else:
        return move_to_state(bench, sd, StorageDirState.INCOMPLETE, "its identity keeps changing; wait")
    bench.reached.add(sd.number)
    known = adopt_identity(bench, sd, decision)
    return known if known.is_reachable else move_to_state(bench, known, StorageDirState.ONLINE, None)


def look_and_decide(
    bench: Workbench,
    root: str,
    decide: Callable[[IdentitySighting, bool], IdentityDecision],
    *,
    looks: int = LOOKS_FOR_QUIET,
    may_be_replaced: bool = True,
) -> tuple[IdentitySighting, IdentityDecision]:
    """Looks at the identity files and decides; up to ``looks`` times, while a decision waits for them to be quiet.

    Args:
        bench: The tools.
        root: The folder.
        decide: Gets the sighting, and whether the files have been quiet for two seconds.
        looks: Half a second apart. 1 does not wait.
        may_be_replaced: Look once more after a moment if ``SD_ID`` is missing or contains anything else, because sync
            clients replace a file by first deleting or emptying the old one (hazards H6, H10).
    """
    sighting, decision = _look_once(bench, root, decide)
    if may_be_replaced and decision.sd_id is None and _may_be_changing(sighting):
        bench.sleep(REPLACEMENT_GAP_S)
        sighting, decision = _look_once(bench, root, decide)
    for _ in range(looks - 1):
        if not decision.wait_for_quiet:
            break
        bench.sleep(IDENTITY_QUIET.total_seconds() / 4)
        sighting, decision = _look_once(bench, root, decide)
    return sighting, decision


def _may_be_changing(sighting: IdentitySighting) -> bool:
    """Whether ``SD_ID`` may have an identity in a moment: it is missing now, or half a file."""
    plain = sighting.plain
    return not sighting.errors and (plain is None or plain.unfit not in identity.rules.FIXED)


def _look_once(
    bench: Workbench, root: str, decide: Callable[[IdentitySighting, bool], IdentityDecision]
) -> tuple[IdentitySighting, IdentityDecision]:
    sighting = look(bench, root)
    still_s = bench.stillness.seconds(("identity", root), sighting.stamp)
    return sighting, decide(sighting, still_s >= IDENTITY_QUIET.total_seconds())


def look(bench: Workbench, root: str) -> IdentitySighting:
    """Everything in the root that concerns its identity. If the disk does not answer, the look has failed."""
    return bench.folder_at(root).look_at_identity()


def decide_again(sd: StorageDir, sighting: IdentitySighting, *, quiet: bool) -> IdentityDecision:
    """The result of :func:`~strandline.model.identity.rules.decide_identity` for an SD in the catalog."""
    return identity.rules.decide_identity(
        sighting,
        fresh=sd.sd_id if sd.provisional and sd.sd_id is not None else new_storage_dir_id(),
        known=None if sd.provisional else sd.sd_id,
        known_former=frozenset(sd.aliases),
        read_only=sd.is_left_as_is,
        quiet=quiet,
        root=sd.path,
    )


def identity_to_keep(sd: StorageDir) -> StorageDirId | None:
    """The identity to keep in the folder if another program replaces it; None if none was, or none may be written."""
    return None if sd.provisional or sd.is_left_as_is else sd.sd_id


def adopt_identity(bench: Workbench, sd: StorageDir, decision: IdentityDecision) -> StorageDir:
    """Writes the decided identity and its aliases to the catalog if they are not there yet."""
    sd_id, provisional = decision.sd_id, decision.outcome is identity.decisions.IdentityOutcome.PROVISIONAL
    assert sd_id is not None
    if sd_id == sd.sd_id and provisional == sd.provisional and decision.aliases.issubset(sd.aliases):
        return sd
    with bench.catalog.write() as writer:
        writer.sds.hold_all()
        known = writer.sds.find_storage_dir(sd.number) or sd
        aliases = set(decision.aliases)
        if sd_id != known.sd_id or provisional != known.provisional:
            writer.sds.update_identity(sd.number, sd_id, provisional=provisional)
        if known.sd_id not in (None, sd_id):
            aliases.add(known.sd_id)
            event = StorageDirIdentityChanged(
                at=bench.now(), sd_id=sd_id, name=sd.name, path=sd.path, old_sd_id=known.sd_id
            )
            writer.journal.append_event(event)
        writer.sds.add_aliases(sd.number, sorted(aliases - {sd_id}))
        return writer.sds.find_storage_dir(sd.number) or sd


def move_to_state(
    bench: Workbench,
    sd: StorageDir,
    state: StorageDirState,
    problem: str | None,
    question: StorageDirQuestion | None = None,
    *,
    event: StorageDirEvent | None = None,
) -> StorageDir:
    """Writes the state and its event if it differs from the catalog. Returns the SD as it is then.

    If an SD comes online, its absences start again: what was absent while something was wrong proves nothing.
    ``event`` replaces the plain online or offline event if that would say too little.
    """
    if (sd.state, sd.problem, sd.question) == (state, problem, question):
        return sd
    with bench.catalog.write() as writer:
        if writer.sds.update_state(sd, state, problem, question) and sd.state is not state:
            writer.journal.append_event(event or _plain_event(bench, sd, state, problem))
            if state is StorageDirState.ONLINE:
                writer.files.restart_absences(sd.number, bench.now())
        return writer.sds.find_storage_dir(sd.number) or sd


def _be_unreachable(
    bench: Workbench, sd: StorageDir, problem: str, question: StorageDirQuestion | None = None
) -> StorageDir:
    """Offline, because it cannot be reached from here.

    Other machines that share the catalog may reach it: this one may lack a key, or its network. So it tells them only
    if it had reached the place before, and only once until it reaches it again. One that reaches it says so.
    """
    if bench.catalog.is_shared:
        if sd.number not in bench.reached:
            return replace(sd, state=StorageDirState.OFFLINE, problem=problem, question=question)
        bench.reached.discard(sd.number)
    return move_to_state(bench, sd, StorageDirState.OFFLINE, problem, question)


def new_storage_dir_id() -> StorageDirId:
    """A random identity."""
    return StorageDirId(str(uuid.uuid4()))


def _plain_event(
    bench: Workbench, sd: StorageDir, state: StorageDirState, problem: str | None
) -> StorageDirEvent:
    now = bench.now()
    if state in (StorageDirState.ONLINE, StorageDirState.SUSPECT):
        return StorageDirOnline(at=now, sd_id=sd.sd_id, name=sd.name, path=sd.path)
    return StorageDirOffline(at=now, sd_id=sd.sd_id, name=sd.name, path=sd.path, reason=problem or "")


def _say_who_is_there(bench: Workbench, sd: StorageDir, found: StorageDirId) -> str:
    with bench.catalog.read() as reader:
        known = reader.sds.list_with_identity(found)
    if known:
        name = known[0].name
        return (
            f"the storage directory {name!r} is at {sd.path} now; if this one has moved, run {say_move(sd)}"
        )
    return f"another storage directory ({found}) is at {sd.path} now; to use it, run {say_add(sd.path)}"


def _state_without_identity(
    sd: StorageDir, sighting: IdentitySighting, decision: IdentityDecision
) -> tuple[StorageDirState, str]:
    if decision.outcome is identity.decisions.IdentityOutcome.GENERATED:
        return (
            StorageDirState.INCOMPLETE,
            "nothing has arrived here yet; if something is being synced, wait, or if it is to begin empty, run "
            f"{say_add(sd.path)}",
        )
    problem = decision.problem or "its identity cannot be read"
    marker_gone = (
        sd.sd_id is not None and not sd.provisional and sighting.plain is None and not sighting.temporaries
    )
    if decision.outcome is identity.decisions.IdentityOutcome.INCOMPLETE and not marker_gone:
        return StorageDirState.INCOMPLETE, problem
    return StorageDirState.OFFLINE, problem


def lies_elsewhere(bench: Workbench, sd: StorageDir, sighting: IdentitySighting, found: StorageDirId) -> bool:
    """Whether another SD is at the path now: the other identity has no explanation, and too few known files are
    there.
    """
    if sd.sd_id in (None, found) or sd.provisional:
        return False
    if _is_another_here(bench, sd, found):
        return True  # a current identity wins over an alias
    if found in sd.aliases:
        return False
    assert sd.sd_id is not None
    if identity.rules.explains_change(sd.sd_id, sighting):
        return False
    with bench.catalog.read() as reader:
        known = reader.files.list_some_paths(sd.number, limit=NAMES_ASKED)
    folder = bench.folder(sd)
    try:
        there = folder.probe(map(folder.layout.name_of, known))
    except OSError:
        return True  # nothing can be concluded, which is what "elsewhere" means
    return 2 * len(there) < len(known)


def _is_another_here(bench: Workbench, sd: StorageDir, found: StorageDirId) -> bool:
    """Whether the catalog knows another SD with this identity at this path. Then the folder is that one."""
    with bench.catalog.read() as reader:
        sds = reader.sds.list_storage_dirs()
    return any((other.sd_id, other.path) == (found, sd.path) for other in sds if other.number != sd.number)
