"""May a storage directory be written to? Every save asks this, more than once.

A person may have forbidden it, two folders may have the same identity, and the disk may be gone. A folder at the path
proves nothing: it may be an empty mount point or another disk (hazard H17). So the identity is read each time.
"""

from __future__ import annotations

from strandline.errors import (
    CopiedStorageDirError,
    ReadOnlyStorageDirError,
    StorageDirIncompleteError,
    StorageDirOfflineError,
)
from strandline.model.remedies import say_add, say_forget
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.suitable_folders import say_same_identity
from strandline.services.storage_dirs.presence import refresh
from strandline.services.workbench import Workbench


def check_writable(bench: Workbench, sd: StorageDir) -> StorageDir:
    """The SD as it is now, if it may be written to.

    Raises:
        ReadOnlyStorageDirError, CopiedStorageDirError, StorageDirOfflineError, StorageDirIncompleteError: It must not
            be written to. The message says what to do.
    """
    if sd.read_only:
        raise ReadOnlyStorageDirError(
            f"{sd.name!r} was added with --read-only, so nothing in it is changed; if it may be written to, run "
            f"{say_forget(sd)}, then {say_add(sd.path)}",
            sd_id=sd.sd_id,
        )
    sd = refresh(bench, sd)
    if sd.state is StorageDirState.INCOMPLETE:
        raise StorageDirIncompleteError(
            f"{sd.name!r} is incomplete; {sd.problem}", sd_id=sd.sd_id, path=sd.path
        )
    if not sd.is_reachable:
        raise StorageDirOfflineError(f"{sd.name!r} is offline; {sd.problem}", sd_id=sd.sd_id, path=sd.path)
    twin = find_twin(bench, sd)
    if twin is not None:
        raise CopiedStorageDirError(say_same_identity(sd, twin), sd_id=sd.sd_id)
    return sd


def find_twin(bench: Workbench, sd: StorageDir) -> StorageDir | None:
    """Another storage directory that is there now and has the same identity. One of the two is a copy."""
    with bench.catalog.read() as reader:
        twins = reader.sds.list_with_identity(sd.sd_id, omit=sd.number)
    return next((twin for twin in twins if refresh(bench, twin).is_reachable), None)
