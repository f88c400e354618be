"""Roots: which folder a path means, whether it may be a storage directory, and which one is known at that path.

A path is resolved once, when it is given. After that every look uses the resolved path. What surprises: two storage
directories may be known at one root. They are two disks that are mounted at the same place in turn.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath

from strandline.errors import (
    CatalogInsideStorageDirError,
    InvalidPathError,
    StorageDirNotFoundError,
    StorageDirOfflineError,
    UnsuitableFolderError,
)
from strandline.model.buckets import is_apart, is_bucket_address, overlap, parse_bucket_address
from strandline.model.passed_over import is_in_passed_over
from strandline.model.storage_dirs import StorageDir
from strandline.services.workbench import Workbench

MAX_PATH_LENGTH = 1024 if sys.platform == "darwin" else 4096
"""Bytes, including the NUL at the end: the system's limit. Windows allows some more."""

MAX_ROOT_LENGTH = MAX_PATH_LENGTH - len("/media/") - 255 - 1
"""The path of any file in the media folder must fit. Otherwise a save could write what no read can reach."""

SHOWN_CHARACTERS = 100
"""Maximum length of a user's input in an error message."""


def resolve_root(bench: Workbench, path: str | os.PathLike[str], *, makes: bool = False) -> str:
    """The folder of the path, absolute and without links.

    A folder that cannot be examined now (no permission above it, or a share that does not answer) is taken as given:
    it can be remembered, and decided later. ``makes``: one that is not there is made, if the folder above it is.

    Raises:
        DiskError: It could not be made.
        InvalidPathError: The path is empty, too long, contains NUL or undecodable bytes, or is not a folder.
        StorageDirNotFoundError: There is no such folder.
        StorageDirOfflineError: A link leads to a disk that does not answer.
        UnsuitableFolderError: The catalog is shared, and other machines cannot see this folder.
    """
    if bench.catalog.is_shared:
        from strandline.model.shared_places import find_objection_to_sharing  # here: few catalogs are

        objection = find_objection_to_sharing(os.fspath(path))
        if objection is not None:
            raise UnsuitableFolderError(objection, path=os.fspath(path))
    if is_bucket_address(os.fspath(path)):
        return _resolve_bucket(bench, os.fspath(path))
    given = spell_path(bench, expand_user(os.fspath(path)))
    folder = bench.folder_at(given)
    try:
        root = folder.find_real_root()
    except NotADirectoryError as error:
        raise InvalidPathError(
            f"{given} is not a folder; give the folder that contains SD_ID and media", path=given
        ) from error
    except FileNotFoundError as error:
        may_make = _is_folder(bench, os.path.dirname(given))
        if not (makes and may_make):
            raise StorageDirNotFoundError(
                f"there is no folder {shorten(given)}; create it first, or check the path",
                path=given,
                may_make=may_make,
            ) from error
        from strandline.folders.opened_folders import make_folder  # here: it is rarely wanted

        make_folder(Path(given))
        root = folder.find_real_root()
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise InvalidPathError(f"{shorten(given)} is not a usable path: {error.strerror}") from error
        if isinstance(error, TimeoutError) and folder.is_local:
            raise StorageDirOfflineError(
                f"{given} leads to a disk that does not answer; try again when it is back", path=given
            ) from error
        root = given
    if len(os.fsencode(root)) > MAX_ROOT_LENGTH:
        raise InvalidPathError(
            f"{shorten(root)} is too long a path for a storage directory: it may have {MAX_ROOT_LENGTH} bytes, so "
            "that its files can be reached; move the folder up, or shorten the names above it"
        )
    return root


def _is_folder(bench: Workbench, path: str) -> bool:
    try:
        bench.folder_at(path).find_real_root()
    except OSError:
        return False
    return True


def _resolve_bucket(bench: Workbench, text: str) -> str:
    """The address as it is spelled everywhere. A bucket that does not answer now is taken as given.

    Raises:
        InvalidPathError: It is no address.
        StorageDirNotFoundError: There is no such bucket.
        UnsuitableFolderError: The bucket's trash, or what machines share, is there.
        MissingExtraError: The part for buckets is not installed.
    """
    from strandline.extras import S3, check_extra  # here: few people have a bucket

    check_extra(S3)
    address, trash = parse_bucket_address(text), bench.limits.s3.trash_prefix
    root = address.text
    if not is_apart(address, trash):
        raise UnsuitableFolderError(
            f"{root} cannot be a storage directory, because the trash of its bucket is at {trash}; give another "
            "prefix, or change s3.trash_prefix on every machine",
            path=root,
        )
    shared = bench.limits.shared_thumbnails
    if shared and overlap(address, parse_bucket_address(shared)):
        raise UnsuitableFolderError(
            f"{root} cannot be a storage directory, because machines share thumbnails at {shared}; give another "
            "prefix, or change pictures.shared_thumbnails on every machine",
            path=root,
        )
    try:
        bench.folder_at(root).find_real_root()
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise StorageDirNotFoundError(
                f"{error.strerror}; create it first, or check its name", path=root
            ) from error
    return root


def expand_user(path: str) -> str:
    """The path with ``~`` replaced by the user's home.

    Raises:
        InvalidPathError: Empty, too long, or with NUL or undecodable bytes.
    """
    return os.path.expanduser(_check_text(path))


def can_be_path(text: str) -> bool:
    """Whether the system accepts the text as a path. A relative one needs a current folder: somebody may have removed
    it.
    """
    try:
        return is_accepted(text) and (os.path.isabs(os.path.expanduser(text)) or bool(os.getcwd()))
    except OSError:
        return False


def is_accepted(text: str) -> bool:
    """Whether the system accepts the text as a path: not empty, no NUL, and every character can be encoded. Pure."""
    try:
        return b"\0" not in os.fsencode(text) and bool(text)
    except UnicodeEncodeError:
        return False


def check_target(text: str) -> None:
    """Raises ``InvalidPathError`` if nothing can be written at the path, on any disk."""
    if not is_accepted(text):
        raise InvalidPathError(f"{shorten(text)!r} cannot be a path; give another one", path=shorten(text))


def find_real_path(bench: Workbench, text: str) -> str | None:
    """The text as a path, with links resolved as far as possible, or as the address of a bucket. None if it is
    neither.
    """
    if is_bucket_address(text):
        with suppress(InvalidPathError):
            return parse_bucket_address(text).text
        return None
    if not can_be_path(text):
        return None
    given = spell_path(bench, text)
    try:
        return bench.folder_at(given).find_likely_root()
    except OSError:
        return given


def spell_path(bench: Workbench, text: str) -> str:
    """The text as an absolute path, and as the disk spells it, if nothing is at exactly that path and one file or
    folder differs from it only in Unicode form: Macs write the ü of ``Küche`` as two characters, keyboards as one. If
    the place does not answer in time, the path as it is.

    Cost: an ``lstat`` if the path is not ASCII. If nothing is there, a listing of each folder above.
    """
    given = os.path.abspath(os.path.expanduser(text))
    if given.isascii():
        return given
    try:
        return bench.folder_at(given).spell_root()
    except TimeoutError:
        return given


def is_anything_at(bench: Workbench, path: str) -> bool | None:
    """Whether a file or folder is at an absolute path. None if the place does not answer in time."""
    try:
        bench.folder_at(path).find_real_root()
    except TimeoutError:
        return None
    except NotADirectoryError:
        return True
    except OSError:
        return False
    return True


def check_outside(home: Path, root: str, *, insists: bool = False) -> None:
    """Refuses a catalog inside a storage directory, and the reverse. Accesses only the home.

    Args:
        home: May contain links.
        root: Contains no links; see :func:`resolve_root`.
        insists: A person wants it although it is unusual. Then the catalog may be in a hidden folder of it.

    Raises:
        CatalogInsideStorageDirError: One is inside the other.
    """
    if is_bucket_address(root):
        return
    real_home, real_root = Path(os.path.realpath(home)), Path(root)
    if insists and real_home != real_root and real_home.is_relative_to(real_root):
        is_hidden = is_in_passed_over(f"{real_home.relative_to(real_root).as_posix()}/catalog")
        if is_hidden:
            return
    if real_home.is_relative_to(real_root) or real_root.is_relative_to(real_home):
        raise CatalogInsideStorageDirError(
            f"the catalog's home {real_home} and the storage directory {root} must not be inside one another: a "
            "sync client would damage the catalog; choose another home with --home or STRANDLINE_HOME",
            home=str(real_home), path=root,
        )  # fmt: skip


def list_known_at(bench: Workbench, root: str) -> list[StorageDir]:
    """The SDs with this root, by path or by another path to the same folder (a bind mount)."""
    with bench.catalog.read() as reader:
        sds = reader.sds.list_storage_dirs()
    place = bench.folder_at(root).find_place()
    return [sd for sd in sds if sd.path == root or (place and place == bench.folder(sd).find_place())]


def shorten(text: str) -> str:
    """The text, short enough for a message."""
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."


def _check_text(text: str) -> str:
    if not text or "\0" in text or len(text) > MAX_PATH_LENGTH:
        raise InvalidPathError(
            f"{shorten(text)!r} is not a usable path; give the folder that contains SD_ID and media"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidPathError(
            f"{shorten(text)!r} contains bytes that are not text, and the catalog needs text; rename the folder"
        ) from error
    return text


def parse_inside(sd: StorageDir, path: str) -> str:
    """The path relative to the root, with forward slashes. It leads nowhere else.

    Raises:
        InvalidPathError: It is empty or absolute, leads out of the storage directory, or is no path.
    """
    posix = PurePosixPath(path.replace(os.sep, "/"))
    parts = posix.parts
    leads_out = posix.is_absolute() or ".." in parts or any(os.path.splitdrive(part)[0] for part in parts)
    if leads_out or not parts or not can_be_path(path) or len(path) > MAX_PATH_LENGTH:
        raise InvalidPathError(
            f"{shorten(path)!r} is not a path inside the storage directory; give it relative to {sd.path}",
            path=shorten(path),
        )
    return "/".join(parts)
