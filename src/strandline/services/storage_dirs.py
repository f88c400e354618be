"""Storage directories: added, named, moved, forgotten, confirmed (SPEC §4). Forgetting never touches a file.

Adding decides the identity from what lies in the folder and is safe to repeat. What surprises: a folder whose
identity has not arrived is remembered all the same, by its path, and decided again by every later command.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from strandline.catalog import image_files, journal, storage_dirs
from strandline.catalog.database import Transaction
from strandline.errors import (
    CatalogInsideStorageDirError,
    InvalidNameError,
    InvalidPathError,
    ReadOnlyStorageDirError,
    StorageDirConflictError,
    StorageDirNotFoundError,
    StorageDirOfflineError,
)
from strandline.folders.identity_files import look_at_identity, read_plain_identity
from strandline.folders.identity_writes import apply_identity
from strandline.model.events import ImageRemoved, StorageDirAdded
from strandline.model.identity import decide_identity
from strandline.model.identity_decisions import IdentityDecision, IdentityOutcome
from strandline.model.identity_sightings import IdentitySighting
from strandline.model.image_files import FileState
from strandline.model.media_types import find_media_type_by_extension
from strandline.model.reports import AddedStorageDir, IdentityReport
from strandline.model.sd_ids import IDENTITY_FILE, StorageDirId, find_storage_dir_id
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.services.online import (
    adopt_identity,
    look_until_quiet,
    move_to_state,
    new_storage_dir_id,
    refresh,
)
from strandline.services.scan import OnProgress, scan_storage_dir
from strandline.services.workbench import Workbench

MAX_NAME_LENGTH = 100

ENTRIES_SEARCHED = 2000
"""How far a folder without ``media/`` is searched for pictures to speak of; enough to say that there are some."""

StorageDirRef = StorageDir | str | os.PathLike[str]
"""A StorageDir, or text that is an identity, an alias, a path, or a name, in that order."""


def add_storage_dir(
    bench: Workbench,
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    new_identity: bool = False,
    read_only: bool = False,
    on_progress: OnProgress | None = None,
) -> AddedStorageDir:
    """Adds the folder, decides its identity, and scans it; idempotent.

    Waits up to four seconds where an identity may be written only once the files have been quiet for two.

    Raises:
        InvalidPathError, StorageDirNotFoundError: There is no such folder.
        CatalogInsideStorageDirError: The catalog lies in it, or it in the home.
        DiskError: ``SD_ID`` had to be written and could not be; nothing else was changed.
    """
    root = _check_root(bench, path)
    known = _find_at(bench, root)
    if known is not None:
        read_only = read_only or known.read_only
    if name is not None:
        name = check_name(name)
    decision = _decide(bench, root, known, new_identity=new_identity, read_only=read_only)
    warnings = list(decision.warnings)
    if decision.steps:
        applied = apply_identity(Path(root), decision, scratch=bench.scratch)
        warnings += applied.warnings
        if not applied.is_as_decided:
            return add_storage_dir(bench, path, name=name, read_only=read_only, on_progress=on_progress)
    sd, copied = _remember(bench, root, known, decision, name=name, read_only=read_only)
    if copied:
        warnings.append(f"another folder carries the same identity {sd.sd_id}; see 'strandline sd list'")
    if sd.is_reachable and (hint := _hint_at_pictures_elsewhere(Path(root))) is not None:
        warnings.append(hint)
    scan = scan_storage_dir(bench, sd, on_progress=on_progress) if sd.is_reachable else None
    sd = get_by_number(bench, sd.number)
    return AddedStorageDir(sd, _report(decision, sd, warnings), scan, copied)


def list_storage_dirs(bench: Workbench) -> list[StorageDir]:
    """All SDs as they are now, in the order in which they were added."""
    with bench.catalog.read() as conn:
        sds = storage_dirs.list_storage_dirs(conn)
    return [refresh(bench, sd) for sd in sds]


def get_storage_dir(bench: Workbench, ref: StorageDirRef) -> StorageDir:
    """The SD that is meant: by identity, alias, path, or name, in that order.

    Raises:
        StorageDirNotFoundError: None is.
    """
    if isinstance(ref, StorageDir):
        return get_by_number(bench, ref.number)
    text = os.fspath(ref)
    with bench.catalog.read() as conn:
        sds = storage_dirs.list_storage_dirs(conn)
    found = find_by_text(sds, text, os.path.realpath(text) if "\0" not in text else None)
    if found is not None:
        return found
    shown = text if len(text) <= 100 else text[:97] + "..."
    known = ", ".join(repr(sd.name) for sd in sds) or "none yet; add one with 'strandline sd add PATH'"
    raise StorageDirNotFoundError(
        f"no storage directory is known as {shown!r}; known are: {known}", value=shown
    )


def find_by_text(sds: list[StorageDir], text: str, real_path: str | None) -> StorageDir | None:
    """The SD that the text means: identity, alias, path, or name, in that order; reachable ones first. Pure."""
    sds = sorted(sds, key=lambda sd: not sd.is_reachable)
    sd_id = find_storage_dir_id(text)
    matches = (
        lambda sd: sd_id is not None and sd.sd_id == sd_id,
        lambda sd: sd_id in sd.aliases,
        lambda sd: sd.path in (text, real_path),
        lambda sd: sd.name == text,
        lambda sd: sd.name.casefold() == text.casefold(),
    )
    return next((sd for is_match in matches for sd in sds if is_match(sd)), None)


def get_by_number(bench: Workbench, number: int) -> StorageDir:
    """The SD with the local number.

    Raises:
        StorageDirNotFoundError: It was forgotten.
    """
    with bench.catalog.read() as conn:
        sd = storage_dirs.find_storage_dir(conn, number)
    if sd is None:
        raise StorageDirNotFoundError(
            "that storage directory was forgotten; add it again with 'strandline sd add'"
        )
    return sd


def rename_storage_dir(bench: Workbench, sd: StorageDir, name: str) -> StorageDir:
    """Gives the SD another name in this catalog.

    Raises:
        InvalidNameError: Empty, too long, or with control characters.
        StorageDirConflictError: Another SD has that name.
    """
    name = check_name(name)
    with bench.catalog.write() as transaction:
        for other in storage_dirs.list_storage_dirs(transaction.conn):
            if other.number != sd.number and other.name == name:
                raise StorageDirConflictError(f"{other.path} is called {name!r} already; choose another name")
        storage_dirs.update_name(transaction, sd.number, name)
    return get_by_number(bench, sd.number)


def move_storage_dir(bench: Workbench, sd: StorageDir, path: str | os.PathLike[str]) -> StorageDir:
    """Says where the SD lies now. Touches no file.

    Raises:
        StorageDirConflictError: The folder there has another identity, or belongs to another SD.
    """
    root = _check_root(bench, path)
    there = _find_at(bench, root)
    if there is not None and there.number != sd.number:
        raise StorageDirConflictError(
            f"{root} is the storage directory {there.name!r}; 'sd forget' that one first"
        )
    decision = decide_identity(
        look_at_identity(Path(root)), fresh=new_storage_dir_id(), known=sd.sd_id, read_only=sd.read_only
    )
    same = sd.sd_id in (decision.sd_id, *decision.aliases) or decision.sd_id in sd.aliases
    if decision.sd_id is not None and not sd.provisional and not same:
        raise StorageDirConflictError(
            f"{root} holds the storage directory {decision.sd_id}, not {sd.sd_id}; add it with 'sd add'",
            path=root,
        )
    with bench.catalog.write() as transaction:
        storage_dirs.update_place(transaction, sd.number, path=root, root=_root_of(root))
    return refresh(bench, get_by_number(bench, sd.number))


def forget_storage_dir(bench: Workbench, sd: StorageDir) -> None:
    """Drops the SD from this catalog. Touches no file."""
    with bench.catalog.write() as transaction:
        storage_dirs.delete_storage_dir(transaction, sd.number)


def confirm_storage_dir(bench: Workbench, sd: StorageDir) -> StorageDir:
    """Does the one thing that waits for a person: restores a lost identity, else accepts that files are gone.

    Raises:
        StorageDirOfflineError: The folder itself is not there.
        ReadOnlyStorageDirError: The identity is lost and may not be written.
    """
    sd = refresh(bench, sd)
    if not sd.is_reachable and sd.sd_id is not None:
        return _restore_identity(bench, sd)
    if not sd.is_reachable:
        raise StorageDirOfflineError(
            f"{sd.name!r} has never had an identity here; wait for it, or use 'sd add --new-identity'"
        )
    with bench.catalog.write() as transaction:
        image_files.accept_absences(transaction, sd.number, bench.now(), all_rows=not _has_media(sd))
    return move_to_state(bench, sd, StorageDirState.ONLINE, None)


def accept_missing(bench: Workbench, sd: StorageDir) -> int:
    """Drops the rows of missing files, and says so in the journal; returns how many."""
    now = bench.now()
    with bench.catalog.write() as transaction:
        rows = image_files.list_rows_in_state(transaction.conn, sd.number, FileState.MISSING)
        for row in rows:
            image_files.delete_row(transaction, row)
            removed = ImageRemoved(
                at=now, sd_id=sd.sd_id, image_id=row.image_id, filename=row.filename, state=row.state
            )
            journal.append_event(transaction, removed)
    return len(rows)


def check_name(name: str) -> str:
    """The name without spaces around it.

    Raises:
        InvalidNameError: Empty, longer than 100 characters, or with characters that cannot be printed.
    """
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidNameError(
            f"a name has 1 to {MAX_NAME_LENGTH} printable characters; this one has not",
            value=name[:MAX_NAME_LENGTH],
        )
    return name


def check_outside(home: Path, root: Path) -> None:
    """Refuses a catalog inside a storage directory, and the other way round.

    Raises:
        CatalogInsideStorageDirError: It is so.
    """
    home, root = Path(os.path.realpath(home)), Path(os.path.realpath(root))
    if home.is_relative_to(root) or root.is_relative_to(home):
        raise CatalogInsideStorageDirError(
            f"the catalog's home {home} and the storage directory {root} must not lie in one another, for a sync "
            "client would tear the catalog; choose another home with --home or STRANDLINE_HOME",
            home=str(home), path=str(root),
        )  # fmt: skip


def _check_root(bench: Workbench, path: str | os.PathLike[str]) -> str:
    text = os.fspath(path)
    try:
        root = os.path.realpath(os.path.expanduser(text))
        is_folder = os.path.isdir(root)
    except (ValueError, OSError) as error:
        raise InvalidPathError(f"{text[:100]!r} is no usable path: {error}") from error
    if not is_folder:
        if os.path.lexists(root):
            raise InvalidPathError(
                f"{root} is not a folder; give the folder that holds SD_ID and media", path=root
            )
        raise StorageDirNotFoundError(
            f"there is no folder {root}; create it first, or check the path", path=root
        )
    check_outside(bench.home, Path(root))
    return root


def _root_of(root: str) -> tuple[int, int]:
    seen = os.stat(root)
    return seen.st_dev, seen.st_ino


def _find_at(bench: Workbench, root: str) -> StorageDir | None:
    """The SD whose root this folder is: by path, or by device and inode (a second way to the same folder)."""
    with bench.catalog.read() as conn:
        sds = storage_dirs.list_storage_dirs(conn)
    place = _root_of(root)
    by_path = next((sd for sd in sds if sd.path == root), None)
    if by_path is not None:
        return by_path
    return next(
        (sd for sd in sds if (sd.root_device, sd.root_inode) == place and _is_same_root(sd, place)), None
    )


def _is_same_root(sd: StorageDir, place: tuple[int, int]) -> bool:
    try:
        return _root_of(sd.path) == place
    except OSError:
        return False


def _decide(
    bench: Workbench, root: str, known: StorageDir | None, *, new_identity: bool, read_only: bool
) -> IdentityDecision:
    provisional = known.sd_id if known is not None and known.provisional else None
    fresh = provisional or new_storage_dir_id()

    def decide(sighting: IdentitySighting, quiet: bool) -> IdentityDecision:
        return decide_identity(
            sighting,
            fresh=fresh,
            known=None if known is None or known.provisional else known.sd_id,
            known_former=frozenset(() if known is None else known.aliases),
            read_only=read_only,
            quiet=quiet,
            new_identity=new_identity,
        )

    return look_until_quiet(bench, root, decide)[1]


def _remember(
    bench: Workbench,
    root: str,
    known: StorageDir | None,
    decision: IdentityDecision,
    *,
    name: str | None,
    read_only: bool,
) -> tuple[StorageDir, bool]:
    """Writes the SD to the catalog; returns it, and whether another online folder has its identity."""
    state, problem = _state_of(decision)
    twins = _list_twins(bench, decision.sd_id, known)
    moved = next((twin for twin in twins if not _carries(twin)), None)
    if known is None and moved is not None:
        with bench.catalog.write() as transaction:
            storage_dirs.update_place(transaction, moved.number, path=root, root=_root_of(root))
        known = get_by_number(bench, moved.number)
        twins.remove(moved)
    if known is None:
        known = _insert(bench, root, decision, state, problem, name=name, read_only=read_only)
    else:
        known = _update(bench, known, decision, name=name, read_only=read_only)
        if state is StorageDirState.ONLINE and known.is_reachable:
            state, problem = known.state, known.problem
        known = move_to_state(bench, known, state, problem)
    return known, any(_carries(twin) for twin in twins)


def _state_of(decision: IdentityDecision) -> tuple[StorageDirState, str | None]:
    if decision.sd_id is not None:
        return StorageDirState.ONLINE, None
    offline = decision.outcome in (IdentityOutcome.UNAVAILABLE, IdentityOutcome.OFFLINE)
    return StorageDirState.OFFLINE if offline else StorageDirState.INCOMPLETE, decision.problem


def _list_twins(bench: Workbench, sd_id: StorageDirId | None, known: StorageDir | None) -> list[StorageDir]:
    if sd_id is None:
        return []
    with bench.catalog.read() as conn:
        sds = storage_dirs.list_storage_dirs(conn)
    return [sd for sd in sds if sd.sd_id == sd_id and (known is None or sd.number != known.number)]


def _carries(sd: StorageDir) -> bool:
    """Whether the SD's own path still holds its identity."""
    try:
        return read_plain_identity(sd.path) == sd.sd_id
    except OSError:
        return False


def _insert(
    bench: Workbench,
    root: str,
    decision: IdentityDecision,
    state: StorageDirState,
    problem: str | None,
    *,
    name: str | None,
    read_only: bool,
) -> StorageDir:
    with bench.catalog.write() as transaction:
        number = storage_dirs.insert_storage_dir(
            transaction,
            sd_id=decision.sd_id,
            provisional=decision.outcome is IdentityOutcome.PROVISIONAL,
            name=_free_name(transaction, name or os.path.basename(root) or root, None),
            path=root,
            state=state,
            problem=problem,
            read_only=read_only,
            root=_root_of(root),
            added_at=bench.now(),
        )
        storage_dirs.add_aliases(transaction, number, sorted(decision.aliases))
        added = storage_dirs.find_storage_dir(transaction.conn, number)
        assert added is not None
        journal.append_event(
            transaction, StorageDirAdded(at=bench.now(), sd_id=added.sd_id, name=added.name, path=added.path)
        )
    return added


def _update(
    bench: Workbench, known: StorageDir, decision: IdentityDecision, *, name: str | None, read_only: bool
) -> StorageDir:
    with bench.catalog.write() as transaction:
        if name is not None and name != known.name:
            storage_dirs.update_name(transaction, known.number, _free_name(transaction, name, known.number))
        if read_only != known.read_only:
            storage_dirs.update_read_only(transaction, known.number, read_only=read_only)
    known = get_by_number(bench, known.number)
    return known if decision.sd_id is None else adopt_identity(bench, known, decision)


def _free_name(transaction: Transaction, name: str, number: int | None) -> str:
    """The name, or the name with " 2", " 3" … behind it where others have it."""
    taken = {sd.name for sd in storage_dirs.list_storage_dirs(transaction.conn) if sd.number != number}
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name} {count}"
    return candidate


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


def _restore_identity(bench: Workbench, sd: StorageDir) -> StorageDir:
    """Writes the known identity back where ``SD_ID`` was lost; never over another identity."""
    assert sd.sd_id is not None
    if not os.path.isdir(sd.path):
        raise StorageDirOfflineError(
            f"{sd.path} is not there; mount the disk or use 'sd move' if it lies elsewhere now", path=sd.path
        )
    if sd.read_only:
        raise ReadOnlyStorageDirError(
            f"{sd.name!r} was added with --read-only, so {IDENTITY_FILE} is not written"
        )
    sighting = look_at_identity(Path(sd.path))
    if sighting.candidates:
        raise StorageDirConflictError(
            f"{sd.path} holds another identity ({', '.join(sorted(sighting.candidates))}); add it with 'sd add'",
            path=sd.path,
        )
    decision = IdentityDecision(
        IdentityOutcome.EXISTING, sd.sd_id, write=sd.sd_id, may_replace=sighting.plain is not None
    )
    apply_identity(Path(sd.path), decision, scratch=bench.scratch)
    return refresh(bench, replace(sd))


def _has_media(sd: StorageDir) -> bool:
    return os.path.isdir(os.path.join(sd.path, "media")) and not os.path.islink(
        os.path.join(sd.path, "media")
    )


def _hint_at_pictures_elsewhere(root: Path) -> str | None:
    """A sentence for a person who added a folder of notes whose pictures do not lie in ``media/``."""
    if (root / "media").exists():
        return None
    searched = 0
    for folder, _, names in os.walk(root):
        for name in names:
            searched += 1
            if find_media_type_by_extension(os.path.splitext(name)[1][1:]) is not None:
                return (
                    f"{root} has no media folder, and holds pictures elsewhere ({os.path.join(folder, name)}); "
                    f"'strandline save -r {root} --sd …' takes them in"
                )
        if searched > ENTRIES_SEARCHED:
            return None
    return None
