"""The home: made so that only its owner can read it, and tightened if an earlier version left it open.

The catalog names all pictures, and thumbnails show them. Folder and files are made private one by one, because a
umask would belong to the whole process, and images in a storage directory are to get the rights that a user's other
files have. If root runs a command on the home of another user, such as that of a service, the files that it makes
there get the home's owner: otherwise the service could not read them.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from strandline.errors import DiskError
from strandline.folders.disk_errors import disk_errors
from strandline.model.defaults import SCRATCH, SHARED_SCRATCH

CATALOG_FILE = "catalog.db"

FOLDERS = (SCRATCH, "cache")
"""What can contain pixels. Below them files keep any rights, because nobody else gets that far."""

_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def ensure_home(home: Path, *, has_catalog: bool = True) -> None:
    """Makes the home if it is missing, and takes every right of group and others from what this user owns in it.

    Raises:
        DiskError: It cannot be made, or not be listed.

    Without ``has_catalog``, the catalog is elsewhere. If root runs this on another user's home, that user gets what
    root left there.
    """
    try:
        _make(home, has_catalog=has_catalog)
    except PermissionError as error:
        raise DiskError(
            f"you may not use the home {home} ({error.strerror}); run this as the user whom it belongs to, or choose "
            "another home with --home or STRANDLINE_HOME",
            path=str(home),
        ) from error
    if os.name == "posix":
        _make_private(home)
        with disk_errors("look through the home", home), os.scandir(home) as entries:
            for entry in entries:
                _make_private(Path(entry.path))
    give_to_owner(home)


def _make(home: Path, *, has_catalog: bool) -> None:
    with disk_errors("make the home", home, PermissionError):
        if home.exists() and not home.is_dir():
            raise DiskError(
                f"{home} is not a folder; choose another home with --home or STRANDLINE_HOME", path=str(home)
            )
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in FOLDERS if has_catalog else (*FOLDERS, SHARED_SCRATCH):
            (home / folder).mkdir(mode=0o700, exist_ok=True)
        # An empty file is a new catalog to SQLite, and its WAL gets the same rights.
        with suppress(FileExistsError):
            if has_catalog:
                os.close(os.open(home / CATALOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def give_to_owner(home: Path) -> None:
    """Gives what root owns in a home to the home's owner. Does nothing unless root runs it on another user's home.

    Follows no link, and leaves a file with several names alone: one of them may be elsewhere. Never raises.
    Cost: one lstat a file, also of the cache.
    """
    if os.name != "posix" or os.geteuid() != 0:
        return
    with suppress(OSError):
        owner = home.stat()
        if owner.st_uid == 0:
            return
        for _, folders, files, descriptor in os.fwalk(os.path.realpath(home)):
            for name in (*folders, *files):
                with suppress(OSError):  # gone, or a disk without owners
                    status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                    if status.st_uid == 0 and (stat.S_ISDIR(status.st_mode) or status.st_nlink == 1):
                        os.chown(name, owner.st_uid, owner.st_gid, dir_fd=descriptor, follow_symlinks=False)


def _make_private(path: Path) -> None:
    """Does nothing to a link, to what others own, or on a disk that has no rights."""
    try:
        status = path.lstat()
        if (
            status.st_mode & _FOR_OTHERS
            and status.st_uid == os.geteuid()
            and not stat.S_ISLNK(status.st_mode)
        ):
            path.chmod(stat.S_IMODE(status.st_mode) & ~_FOR_OTHERS)
    except OSError:
        return
