"""The notes of a storage directory: checked as a whole, with what the catalog remembers of its pictures."""

from __future__ import annotations

from collections.abc import Callable

from strandline.errors import StorageDirOfflineError
from strandline.model.note_checks import CheckOptions, NoteCheck
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.services.checking.check import check_path
from strandline.services.checking.memory import Memory
from strandline.services.workbench import Workbench


def check_notes(
    bench: Workbench,
    sd: StorageDir,
    path: str | None = None,
    *,
    options: CheckOptions | None = None,
    go_on: Callable[[], None] = lambda: None,
) -> NoteCheck:
    """What the notes at or below the path (by default, all of the storage directory) refer to. Writes only what it
    learned about the notes. ``go_on`` is called at each note; what it raises ends the check.

    Raises:
        NotInBucketsError, SourceNotFoundError, InvalidPathError, DiskError: As for :func:`~.check.check_path`.
    """
    return check_path(
        path or sd.path,
        options or CheckOptions(),
        {sd.path: sd.sd_id or ""},
        lambda _root: Memory(bench, sd),
        go_on,
    )


def check_whole(sd: StorageDir) -> StorageDir:
    """The storage directory, which was looked at just now, if it is all there.

    Raises:
        StorageDirOfflineError: It is not, so nobody can tell what is missing in it.
    """
    if sd.state is not StorageDirState.ONLINE:
        raise StorageDirOfflineError(
            f"{sd.name!r} is {sd.state.value}, so nobody can tell which pictures are missing; {sd.problem}",
            sd_id=sd.sd_id,
            path=sd.path,
        )
    return sd
