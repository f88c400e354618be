"""May a storage directory be written to? Every save asks this, more than once.

A person may have forbidden it, two folders may have the same identity, and the disk may be gone. A folder at the path
proves nothing: it may be an empty mount point or another disk (hazard H17). So the identity is read each time.
"""

from __future__ import annotations

from strandline.errors import (
    CopiedStorageDirError,
    InvalidInputError,
    NotInBucketsError,
    ReadOnlyStorageDirError,
    StorageDirIncompleteError,
    StorageDirOfflineError,
)
from strandline.model.remedies import say_add, say_forget
from strandline.model.reports import ProbedStorageDir
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.suitable_folders import say_same_identity
from strandline.services.storage_dirs.presence import refresh
from strandline.services.workbench import Workbench


def check_writable(bench: Workbench, sd: StorageDir) -> StorageDir:
    """The SD as it is now, if it may be written to.

    Raises:
        ReadOnlyStorageDirError, CopiedStorageDirError, StorageDirOfflineError, StorageDirIncompleteError,
        NotInBucketsError: It must not be written to. The message says what to do.
    """
    if sd.read_only:
        raise ReadOnlyStorageDirError(
            f"{sd.name!r} was added with --read-only, so nothing in it is changed; if it may be written to, run "
            f"{say_forget(sd)}, then {say_add(sd.path)}",
            sd_id=sd.sd_id,
        )
    sd = refresh(bench, sd)
    if sd.is_reachable:
        check_guarantees(bench, sd.path)
    if sd.state is StorageDirState.INCOMPLETE:
        raise StorageDirIncompleteError(
            f"{sd.name!r} is incomplete; {sd.problem}", sd_id=sd.sd_id, path=sd.path
        )
    if not sd.is_reachable:
        raise StorageDirOfflineError(f"{sd.name!r} is offline; {sd.problem}", sd_id=sd.sd_id, path=sd.path)
    problem = find_copy_problem(bench, sd)
    if problem is not None:
        raise CopiedStorageDirError(problem, sd_id=sd.sd_id)
    return sd


def check_guarantees(bench: Workbench, root: str) -> None:
    """Refuses to write where two programs could overwrite each other. Tries it out the first time. In a shared
    catalog, its programs take turns there.

    Raises:
        NotInBucketsError: The server of the place was seen to let them.
        DiskError: It cannot be tried out.
    """
    folder = bench.folder_at(root)
    known = folder.recall_guarantees() or folder.find_guarantees()
    if known is not None and not known.creates_once and not bench.catalog.is_shared:
        raise NotInBucketsError(
            f"nothing is written to {root}, because its server lets two programs overwrite each other (it ignores "
            f"If-None-Match); to read it, run {say_add(root, '--read-only')}; to write to it, share a catalog "
            "(catalog.url), by which programs take turns",
            path=root,
        )


def probe_storage_dir(bench: Workbench, sd: StorageDir, *, forgets: bool) -> ProbedStorageDir:
    """Tries what the server of a storage directory's bucket does, and remembers it. In a shared catalog, the worst
    that any machine saw counts, unless it ``forgets`` that.

    Raises:
        InvalidInputError: It is a folder on a disk.
        ReadOnlyStorageDirError: It was added with ``--read-only``, so nothing is tried there.
        DiskError: It cannot be tried now.
    """
    if sd.read_only:
        raise ReadOnlyStorageDirError(
            f"{sd.name!r} was added with --read-only, so nothing is written to it, not even to try its server",
            sd_id=sd.sd_id,
        )
    guarantees = bench.folder(sd).find_guarantees(forgets=forgets)
    if guarantees is None:
        raise InvalidInputError(
            f"{sd.name!r} is a folder on a disk, where the operating system keeps its promises; give one in a bucket",
            path=sd.path,
        )
    return ProbedStorageDir(sd, guarantees)


def find_twin(bench: Workbench, sd: StorageDir) -> StorageDir | None:
    """Another storage directory that is there now and has the same identity. One of the two is a copy."""
    with bench.catalog.whole.read() as reader:  # also one that this caller may not see
        twins = reader.sds.list_with_identity(sd.sd_id, omit=sd.number)
    return next((twin for twin in twins if refresh(bench, twin).is_reachable), None)


def find_copy_problem(bench: Workbench, sd: StorageDir) -> str | None:
    """That another storage directory has the same identity, in words. Names it only to those who may see it."""
    twin = find_twin(bench, sd)
    if twin is None:
        return None
    with bench.catalog.read() as reader:
        is_seen = reader.sds.find_storage_dir(twin.number) is not None
    if is_seen:
        return say_same_identity(sd, twin)
    return f"another folder has the same identity as {sd.name!r}; one who may see both must say which is the copy"
