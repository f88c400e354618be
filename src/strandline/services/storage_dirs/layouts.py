"""Layouts: which one a storage directory has now, and whether one without an identity is still there (SPEC §15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strandline.model.events import StorageDirLayoutChanged
from strandline.model.identity.anchors import is_same_folder, is_same_place
from strandline.model.storage_dirs import LayoutKind, StorageDir

if TYPE_CHECKING:
    from strandline.model.layout_choice import LayoutChoice
    from strandline.services.workbench import Workbench

NAMES_ASKED = 64
"""How many known files are looked for if the root is another one."""


def settle_layout(bench: Workbench, sd: StorageDir) -> StorageDir:
    """The SD with the layout that its folder has now, unless a person chose it. Writes a change and its event.

    A folder whose own identity may be away is never taken for one of named pictures: that is told only by a file.
    What is absent changes nothing if files are known: they may be away, and their rows would be dropped.
    Cost: a listing of the root, and one of the media folder up to the first image with an id.
    """
    from strandline.model.layout_choice import choose_layout  # here: most questions look at no names

    has_identity = sd.sd_id is not None and not sd.provisional
    if sd.is_layout_chosen or (has_identity and not sd.is_reachable):
        return sd
    look = bench.folder(sd).look_at_layout()
    choice = choose_layout(look)
    if choice is None or choice.layout is sd.layout:
        return sd
    if choice.layout is LayoutKind.NAMED and look.says is None and has_identity:
        return sd
    if not look.is_certain and knows_files(bench, sd):
        return sd
    return change_layout(bench, sd, choice, is_chosen=False)


def knows_files(bench: Workbench, sd: StorageDir) -> bool:
    """Whether the catalog knows any file of the SD. Cost: one or two statements."""
    with bench.catalog.read() as reader:
        return bool(reader.files.list_some_paths(sd.number, limit=1))


def change_layout(bench: Workbench, sd: StorageDir, choice: LayoutChoice, *, is_chosen: bool) -> StorageDir:
    """Writes another layout with its event. All rows are dropped, so nothing becomes missing: the next scan is a
    first one.
    """
    with bench.catalog.write() as writer:
        writer.sds.update_layout(sd.number, choice.layout, is_chosen=is_chosen)
        if choice.layout is not sd.layout:
            event = StorageDirLayoutChanged(
                at=bench.now(), sd_id=sd.sd_id, name=sd.name, path=sd.path,
                layout=choice.layout.value, old_layout=sd.layout.value, reason=choice.reason,
            )  # fmt: skip
            writer.journal.append_event(event)
        return writer.sds.find_storage_dir(sd.number) or sd


def is_shared(bench: Workbench, sd: StorageDir) -> bool:
    """Whether files in the folder say that its pictures have names, and which one it is.

    Cost: an open, and if there is an ``SD_ID``, a listing of the root.
    """
    folder = bench.folder(sd)
    try:
        value = folder.read_identity()
    except OSError:
        return False
    return value is not None and folder.look_at_layout().says is LayoutKind.NAMED


def is_still_here(bench: Workbench, sd: StorageDir) -> bool:
    """Whether the folder at the path is the unmarked SD. Remembers what it is recognized by.

    Cost if nothing changed: some calls of ``lstat`` and one statement.

    Raises:
        OSError: It cannot be told now.
    """
    folder = bench.folder(sd)
    look = folder.look_at_anchors()
    with bench.catalog.read() as reader:
        known = reader.sds.find_anchors(sd.number)
    if known is not None and not is_same_place(known, look):
        with bench.catalog.read() as reader:
            paths = reader.files.list_some_paths(sd.number, limit=NAMES_ASKED)
        again = folder.look_again([folder.layout.name_of(path) for path in paths])
        there = sum(stamp is not None for stamp in again.values())
        if not is_same_folder(known, look, asked=len(again), there=there):
            return False
    if known != look.anchors:
        with bench.catalog.write() as writer:
            writer.sds.update_anchors(sd.number, look.anchors)
    return True
