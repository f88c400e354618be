"""Adding a storage directory: its identity is decided from the content of the folder, and it is scanned (SPEC §4).

Safe to repeat. A folder whose identity has not arrived is remembered by its path, and every later command decides it
again. A known folder may turn out to be a different one than before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from strandline.catalog.port import Writer
from strandline.errors import DiskError, InvalidInputError, RefusedError, StorageDirIncompleteError
from strandline.model.events import StorageDirAdded
from strandline.model.identity.decisions import IdentityDecision, IdentityOutcome
from strandline.model.identity.rules import decide_identity, keep_replaced
from strandline.model.identity.sightings import IdentitySighting
from strandline.model.layout_choice import LayoutChoice, choose_layout
from strandline.model.remedies import say_forget, say_new_identity
from strandline.model.reports import AddedStorageDir, IdentityReport
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.model.suitable_folders import say_pictures_elsewhere
from strandline.model.values import dataclass
from strandline.services.scanning.scan import OnProgress, scan_storage_dir
from strandline.services.storage_dirs.layouts import change_layout, is_still_here, knows_files
from strandline.services.storage_dirs.manage import (
    check_name,
    check_name_is_free,
    find_free_name,
    get_by_number,
    name_after,
    set_place,
)
from strandline.services.storage_dirs.paths import check_outside, list_known_at, resolve_root
from strandline.services.storage_dirs.presence import (
    ROUNDS,
    adopt_identity,
    identity_to_keep,
    lies_elsewhere,
    look_and_decide,
    move_to_state,
    new_storage_dir_id,
    refresh,
)
from strandline.services.storage_dirs.suitable import check_size, check_suitable, find_picture_elsewhere
from strandline.services.storage_dirs.writing import check_guarantees
from strandline.services.workbench import Workbench


@dataclass(frozen=True, slots=True)
class _Wish:
    """The request."""

    name: str | None
    new_identity: bool
    read_only: bool
    layout: LayoutKind | None
    shared: bool
    """Write into the folder which layout and identity it has, for all machines."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What the folder is."""

    known: StorageDir | None
    """The SD in the catalog that it is, or None if it is new."""
    decision: IdentityDecision
    choice: LayoutChoice
    warnings: tuple[str, ...] = ()


def add_storage_dir(
    bench: Workbench,
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    new_identity: bool = False,
    read_only: bool = False,
    layout: LayoutKind | None = None,
    shared: bool = False,
    insists: bool = False,
    makes: bool = False,
    scan: bool = True,
    prove_all: bool = True,
    on_progress: OnProgress | None = None,
) -> AddedStorageDir:
    """Adds the folder, decides its layout and identity, and scans it unless the caller will. Idempotent.

    A layout that is not given is decided by what is there (``layout_choice``). With ``prove_all``, the scan reads
    every picture whose name says no id. Otherwise a watcher does.

    With ``shared``, the folder is one of named pictures, and ``SD_LAYOUT`` and then ``SD_ID`` are written into it, so
    that it has the same layout and identity on every machine. ``insists`` takes an unusual folder, too: a home, a
    folder of the system, or one with more than a million files. ``makes`` creates one that is not there. Waits up
    to four seconds if an identity may be written only after the files have been quiet for two.

    Raises:
        InvalidPathError, InvalidNameError, InvalidInputError, StorageDirNotFoundError: The input is invalid.
        CatalogInsideStorageDirError: The catalog is inside it, or it is inside the home.
        UnsuitableFolderError: It cannot be a storage directory. One that is known already stays one.
        StorageDirConflictError: Another storage directory has the given name.
        StorageDirIncompleteError: Its identity changes too fast to be decided.
        DiskError: A new ``SD_ID`` could not be written. Nothing else was changed.
    """
    root = resolve_root(bench, path, makes=makes)
    known = list_known_at(bench, root)
    if not known:
        check_suitable(bench, root, insists=insists)
    check_outside(bench.home, root, insists=insists)
    if shared and (read_only or layout is LayoutKind.IDS):
        raise InvalidInputError(
            "a shared folder of named pictures gets SD_LAYOUT and SD_ID; it cannot be read-only, or keep images by id"
        )
    layout = LayoutKind.NAMED if shared else layout
    wish = _Wish(None if name is None else check_name(name), new_identity, read_only, layout, shared)
    if wish.name is not None:
        with bench.catalog.read() as reader:
            check_name_is_free(reader, wish.name, *(sd.number for sd in known))
    if not (known or insists) and _choose_layout(bench, root, None, wish).layout is LayoutKind.NAMED:
        check_size(bench, root)
    verdict = _settle_identity(bench, root, wish)
    sd, copied = _remember(bench, root, verdict, wish)
    warnings = [*verdict.warnings, *_iter_warnings(bench, sd, copied=copied)]
    report = None
    if sd.is_reachable:
        if scan:
            report = scan_storage_dir(bench, sd, on_progress=on_progress, prove_all=prove_all)
        sd = get_by_number(bench, sd.number)
    return AddedStorageDir(
        sd, _report(verdict.decision, sd, warnings), report, copied, layout_reason=verdict.choice.reason
    )


def _iter_warnings(bench: Workbench, sd: StorageDir, *, copied: bool) -> Iterator[str]:
    if copied:
        yield (
            f"another folder has the same identity {sd.sd_id}; before you save anything, run "
            f"{say_new_identity(sd.path)} if this one is the copy, or {say_forget(sd)}"
        )
    if sd.is_reachable:
        with suppress(OSError):  # it is only a hint
            folder = bench.folder(sd)
            if not folder.has_images_folder() and (example := find_picture_elsewhere(folder)):
                yield say_pictures_elsewhere(sd, example)


def _settle_identity(bench: Workbench, root: str, wish: _Wish) -> _Verdict:
    """Decides what the folder is, and writes what is needed. Repeats this if another process was faster."""
    if wish.shared:
        check_guarantees(bench, root)
        bench.folder_at(root).write_layout(LayoutKind.NAMED)
    for _ in range(ROUNDS):
        known, choice, decision = _decide(bench, root, wish)
        warnings = tuple(decision.warnings)
        if not decision.steps:
            return _Verdict(known, decision, choice, warnings)
        try:
            check_guarantees(bench, root)
            applied = bench.folder_at(root).apply_identity(decision)
        except (DiskError, RefusedError) as error:
            if decision.outcome is IdentityOutcome.GENERATED:
                raise
            return _Verdict(
                known, decision, choice, (*warnings, error.message)
            )  # it is valid without being written
        if applied.is_as_decided:
            return _Verdict(known, decision, choice, (*warnings, *applied.warnings))
    raise StorageDirIncompleteError(
        f"the identity files in {root} keep changing; wait until nothing is being synced, and add it again",
        path=root,
    )


def _decide(
    bench: Workbench, root: str, wish: _Wish
) -> tuple[StorageDir | None, LayoutChoice, IdentityDecision]:
    at_root = sorted(list_known_at(bench, root), key=lambda sd: (not sd.is_reachable, -sd.number))
    known = at_root[0] if at_root else None
    choice = _choose_layout(bench, root, known, wish)
    is_left_as_is = choice.layout is LayoutKind.NAMED and not wish.shared
    fresh = known.sd_id if known is not None and known.provisional else None
    fresh = fresh or new_storage_dir_id()
    sighting, decision = look_and_decide(
        bench,
        root,
        lambda sighting, quiet: decide_identity(
            sighting,
            fresh=fresh,
            known=None if known is None or known.provisional else known.sd_id,
            known_former=frozenset(() if known is None else known.aliases),
            read_only=is_left_as_is or wish.read_only or (known is not None and known.read_only),
            quiet=quiet,
            new_identity=wish.new_identity or (wish.shared and sighting.is_without_any),
            root=root,
        ),
    )
    same = next((sd for sd in at_root if _is_still(bench, sd, sighting, decision)), None)
    if same is not None and not wish.read_only and not is_left_as_is:
        decision = keep_replaced(decision, sighting, identity_to_keep(same))
    if is_left_as_is and decision.outcome is IdentityOutcome.PROVISIONAL:
        decision = replace(decision, warnings=())  # nothing is missing: it needs no identity of its own
    return same, choice, decision


def _choose_layout(bench: Workbench, root: str, known: StorageDir | None, wish: _Wish) -> LayoutChoice:
    """The layout that was given now or earlier, otherwise what the folder shows."""
    if wish.layout is not None:
        return LayoutChoice(wish.layout, "this was asked for")
    if known is not None and known.is_layout_chosen:
        return LayoutChoice(known.layout, "this was asked for before")
    if known is not None and known.sd_id is not None and not known.provisional and not known.is_reachable:
        return LayoutChoice(known.layout, "it was so before")
    as_before = LayoutChoice(
        LayoutKind.IDS if known is None else known.layout, "the folder cannot be listed now"
    )
    look = bench.folder_at(root).look_at_layout()
    if known is not None and known.is_unmarked and not look.is_certain and _is_known_here(bench, known):
        return LayoutChoice(known.layout, "files of it are known")
    return choose_layout(look) or as_before


def _is_known_here(bench: Workbench, sd: StorageDir) -> bool:
    """Whether files of the unmarked SD are known, and the folder is still its own."""
    with suppress(OSError):
        return knows_files(bench, sd) and is_still_here(bench, sd)
    return False


def _is_still(
    bench: Workbench, sd: StorageDir, sighting: IdentitySighting, decision: IdentityDecision
) -> bool:
    """Whether the folder still is the SD that is known at this root, and not another disk mounted there."""
    if sd.is_unmarked:
        with suppress(OSError):
            return is_still_here(bench, sd)
        return False
    there = decision.sd_id
    if decision.outcome is IdentityOutcome.GENERATED and sighting.plain is not None:
        there = sighting.plain.value or there
    return there is None or not lies_elsewhere(bench, sd, sighting, there)


def _remember(bench: Workbench, root: str, verdict: _Verdict, wish: _Wish) -> tuple[StorageDir, bool]:
    """Writes the SD to the catalog. Returns it, and whether another online folder has its identity."""
    known, decision = verdict.known, verdict.decision
    twins = list(_iter_twins(bench, known, decision))
    moved = next((twin for twin in twins if _has_left(bench, twin)), None)
    if moved is not None and (known is None or known.sd_id is None):
        known = _move_here(bench, moved, known, root)
        twins.remove(moved)
    state, problem = _state_of(decision)
    if known is None:
        known = _insert(bench, root, verdict, state, problem, wish)
    else:
        known = _update(bench, known, verdict, wish)
        if state is not StorageDirState.ONLINE or not known.is_reachable:
            known = move_to_state(bench, known, state, problem, decision.question)
    return known, any(twin.is_reachable for twin in twins)


def _state_of(decision: IdentityDecision) -> tuple[StorageDirState, str | None]:
    if decision.sd_id is not None:
        return StorageDirState.ONLINE, None
    offline = decision.outcome in (IdentityOutcome.UNAVAILABLE, IdentityOutcome.OFFLINE)
    return StorageDirState.OFFLINE if offline else StorageDirState.INCOMPLETE, decision.problem


def _iter_twins(
    bench: Workbench, known: StorageDir | None, decision: IdentityDecision
) -> Iterator[StorageDir]:
    """The other SDs in the catalog with this identity, as they are now."""
    if decision.sd_id is None:
        return
    with bench.catalog.read() as reader:
        sds = reader.sds.list_storage_dirs()
    for sd in sds:
        if sd.sd_id == decision.sd_id and (known is None or sd.number != known.number):
            twin = refresh(bench, sd)
            if twin.sd_id == decision.sd_id:
                yield twin


def _has_left(bench: Workbench, sd: StorageDir) -> bool:
    """Whether the SD is certainly not at its path any more. A disk that does not answer proves nothing."""
    if sd.is_reachable:
        return False
    try:
        there = bench.folder(sd).read_identity()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return there is not None and there != sd.sd_id


def _move_here(bench: Workbench, moved: StorageDir, known: StorageDir | None, root: str) -> StorageDir:
    """``known`` was remembered at the root before its identity arrived, and turns out to be a moved SD."""
    with bench.catalog.write() as writer:
        writer.sds.hold_all()
        if known is not None:
            writer.sds.delete_storage_dir(known.number)
        set_place(writer, moved.number, root, bench.now())
    return get_by_number(bench, moved.number)


def _insert(
    bench: Workbench,
    root: str,
    verdict: _Verdict,
    state: StorageDirState,
    problem: str | None,
    wish: _Wish,
) -> StorageDir:
    decision = verdict.decision
    with bench.catalog.write() as writer:
        writer.sds.hold_all()
        for sd in writer.sds.list_storage_dirs():
            if (sd.path, sd.sd_id) == (root, decision.sd_id):
                return sd  # another process has just added it
        number = writer.sds.insert_storage_dir(
            sd_id=decision.sd_id,
            provisional=decision.outcome is IdentityOutcome.PROVISIONAL,
            name=_choose_name(writer, wish, root),
            path=root,
            state=state,
            problem=problem,
            read_only=wish.read_only,
            added_at=bench.now(),
            question=decision.question,
            layout=verdict.choice.layout,
            is_layout_chosen=wish.layout is not None,
        )
        writer.sds.add_aliases(number, sorted(decision.aliases))
        added = writer.sds.find_storage_dir(number)
        assert added is not None
        writer.journal.append_event(
            StorageDirAdded(at=bench.now(), sd_id=added.sd_id, name=added.name, path=added.path)
        )
    return added


def _choose_name(writer: Writer, wish: _Wish, root: str) -> str:
    if wish.name is None:
        return find_free_name(writer, name_after(root))
    check_name_is_free(writer, wish.name)
    return wish.name


def _update(bench: Workbench, known: StorageDir, verdict: _Verdict, wish: _Wish) -> StorageDir:
    decision, is_chosen = verdict.decision, wish.layout is not None or known.is_layout_chosen
    if (known.layout, known.is_layout_chosen) != (verdict.choice.layout, is_chosen):
        known = change_layout(bench, known, verdict.choice, is_chosen=is_chosen)
    with bench.catalog.write() as writer:
        writer.sds.hold_all()
        if wish.name is not None and wish.name != known.name:
            check_name_is_free(writer, wish.name, known.number)
            writer.sds.update_name(known.number, wish.name)
        if wish.read_only and not known.read_only:
            writer.sds.update_read_only(known.number, read_only=True)
    known = get_by_number(bench, known.number)
    return known if decision.sd_id is None else adopt_identity(bench, known, decision)


def _report(decision: IdentityDecision, sd: StorageDir, warnings: list[str]) -> IdentityReport:
    if decision.problem is not None:
        warnings = [decision.problem, *warnings]
    return IdentityReport(
        outcome=decision.outcome.value,
        migrated=decision.outcome is IdentityOutcome.MIGRATED,
        generated=decision.outcome is IdentityOutcome.GENERATED,
        had_conflict=decision.had_conflict,
        aliases=sd.aliases,
        warnings=tuple(warnings),
    )
