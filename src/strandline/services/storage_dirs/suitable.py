"""Suitable folders: what decides whether a folder can be a storage directory, and a refusal if it cannot."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from strandline.errors import UnreadableFileError, UnsuitableFolderError
from strandline.model.buckets import is_bucket_address
from strandline.model.storage_dirs import StorageDir
from strandline.model.suitable_folders import MANY_ENTRIES, FolderFacts, find_objection, may_be_picture
from strandline.services.scanning.ignored import look_at_ignored
from strandline.services.storage_dirs.presence import refresh
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.folders.port import Folder

ENTRIES_SEARCHED = 2000
"""How many entries of a folder without a media folder are searched for pictures. Enough for a hint."""


def check_suitable(
    bench: Workbench, root: str, *, known: StorageDir | None = None, insists: bool = False
) -> None:
    """Refuses a folder that cannot be a storage directory, or is an unusual one.

    Args:
        bench: The tools.
        root: Absolute, without links.
        known: The storage directory that is to be there, if it is in the catalog.
        insists: A person wants it although it is unusual.

    Raises:
        UnsuitableFolderError: The message says why, and what to do instead.
    """
    _refuse(find_facts(bench, root, known), insists=insists)


def check_size(bench: Workbench, root: str) -> None:
    """Refuses a folder with so many files that a person should be asked whether all of them are meant.

    Cost: a walk that ends after :data:`MANY_ENTRIES` entries, about 1 s; none if the whole disk has no more.

    Raises:
        UnsuitableFolderError: It has more.
    """
    with suppress(OSError, UnreadableFileError):  # the scan says what cannot be listed
        folder = bench.folder_at(root)
        used = folder.find_used_files()
        if used is not None and used <= MANY_ENTRIES:
            return
        ignores = look_at_ignored(folder) or (lambda _path: False)
        entries = (name for above, name in folder.iter_tree() if not ignores(f"{above}/{name}".lstrip("/")))
        is_very_large = next(islice(entries, MANY_ENTRIES, None), None) is not None
        _refuse(FolderFacts(root, is_very_large=is_very_large))


def _refuse(facts: FolderFacts, *, insists: bool = False) -> None:
    objection = find_objection(facts, insists=insists)
    if objection is not None:
        raise UnsuitableFolderError(
            objection.message,
            path=facts.root,
            may_insist=objection.may_insist,
            is_question=objection.is_question,
        )


def find_picture_elsewhere(folder: Folder) -> str | None:
    """The path (below the root) of a picture that is not in the media folder: notes whose pictures are beside them.
    None if there is none among the first entries.

    Raises:
        OSError: The folder cannot be listed now.
    """
    media = folder.layout.images_folder
    for above, name in islice(folder.iter_tree(), ENTRIES_SEARCHED):
        is_elsewhere = above != media and not above.startswith(f"{media}/")
        if is_elsewhere and may_be_picture(name):
            return os.path.join(above, name)
    return None


def find_facts(bench: Workbench, root: str, known: StorageDir | None) -> FolderFacts:
    """What is known about the folder. The arguments are those of :func:`check_suitable`."""
    if is_bucket_address(root):
        return _find_bucket_facts(bench, root, known)
    folder, home = Path(root), Path(os.path.realpath(os.path.expanduser("~")))
    with bench.catalog.read() as reader:
        others = [sd for sd in reader.sds.list_storage_dirs() if known is None or sd.number != known.number]
    others = [sd for sd in others if sd.is_on_disk]
    above = [sd for sd in others if folder != Path(sd.path) and folder.is_relative_to(sd.path)]
    below = [sd for sd in others if folder != Path(sd.path) and Path(sd.path).is_relative_to(folder)]
    return FolderFacts(
        root,
        is_system_root=folder == Path(home.anchor),
        is_user_home=folder == home,
        holds_user_home=folder != home and home.is_relative_to(folder),
        media_of=_find_owner(bench, folder),
        inside=_find_present(bench, above),
        contains=_find_present(bench, below),
    )


def _find_bucket_facts(bench: Workbench, root: str, known: StorageDir | None) -> FolderFacts:
    """The same for a place in a bucket: only other storage directories speak against it."""
    above, _, name = root.rpartition("/")
    media_of = None
    if is_bucket_address(f"{above}/") and above.count("/") > 1:
        owner = bench.folder_at(above)
        with suppress(OSError):
            media_of = (
                above if name == owner.layout.images_folder and owner.read_identity() is not None else None
            )
    with bench.catalog.read() as reader:
        others = [sd for sd in reader.sds.list_storage_dirs() if known is None or sd.number != known.number]
    return FolderFacts(
        root,
        media_of=media_of,
        inside=_find_present(bench, [sd for sd in others if root.startswith(f"{sd.path}/")]),
        contains=_find_present(bench, [sd for sd in others if sd.path.startswith(f"{root}/")]),
    )


def _find_owner(bench: Workbench, folder: Path) -> str | None:
    """The folder above, if this is its media folder."""
    above = bench.folder_at(str(folder.parent))
    if folder.name != above.layout.images_folder:
        return None
    with suppress(OSError):
        return str(folder.parent) if above.read_identity() is not None else None
    return None


def _find_present(bench: Workbench, sds: list[StorageDir]) -> StorageDir | None:
    """One that is there now. Another disk may be mounted at the place of one that is away."""
    return next((sd for sd in sds if refresh(bench, sd).is_reachable), None)
