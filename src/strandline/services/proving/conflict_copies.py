"""Conflict copies of images without a good file: read once, so that listings know whether they show the image.

The copies themselves are never registered as image files, and never renamed. If an image has no row at all, its own
file is registered as missing, so that the image is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from strandline.errors import DiskError, ImageTooLargeError
from strandline.folders.port import Folder
from strandline.model.conflict_copies import ListedCopy, ReadCopy, do_they_show_one_image, plan_copies
from strandline.model.image_files import parse_stamp
from strandline.model.image_ids import ImageId
from strandline.model.states import Look, register_lost
from strandline.model.storage_dirs import StorageDir
from strandline.services.proving.drawing import can_be_image
from strandline.services.proving.prove import look_at_good_bytes
from strandline.services.workbench import Workbench

MAX_READ = 1000
"""Conflict copies that one scan reads. The next scan goes on."""


def note_conflict_copies(
    bench: Workbench, sd: StorageDir, names: Sequence[str], is_cancelled: Callable[[], bool]
) -> None:
    """Records which of the SD's conflict copies show an image that has no good file. ``names`` has all that it has.

    Cost if nothing changed: one statement, and if there are conflict copies, one more and one ``lstat`` for each copy
    of an image without a good file. Files that cannot be read are left to the next scan.
    """
    if not bench.folder(sd).layout.names_are_ids:
        return  # a copy of a named picture is a picture of its own
    with bench.catalog.read() as reader:
        known = reader.copies.list_copies_in(sd.number)
    if names or known:
        _note(bench, sd, names, known, is_cancelled)


def note_copies_of(bench: Workbench, sd: StorageDir, image_id: ImageId | None) -> None:
    """The same for one image, whose file has just failed. Cost: a listing if the folder has changed since the last
    one.
    """
    if image_id is None or not bench.folder(sd).layout.names_are_ids:
        return
    try:
        names = bench.folder(sd).find_odd_names(image_id).conflict_copies
    except OSError:
        return
    if names:
        with bench.catalog.read() as reader:
            known = [copy for copy in reader.copies.list_copies_of([image_id]) if copy.sd == sd.number]
        _note(bench, sd, names, known, lambda: False)


def _note(
    bench: Workbench,
    sd: StorageDir,
    names: Sequence[str],
    known: Sequence[ReadCopy],
    is_cancelled: Callable[[], bool],
) -> None:
    folder = bench.folder(sd)
    ids = {name: wanted[0] for name in names if (wanted := find_original(folder, name)) is not None}
    with bench.catalog.read() as reader:
        lacking = reader.copies.list_without_good_file(set(ids.values()))
    needed = [name for name, image_id in ids.items() if image_id in lacking]
    try:
        here = folder.probe([name for name in needed if not folder.is_evicted(name)])
    except OSError:
        return
    listed = [ListedCopy(folder.layout.path_of(name), ids[name], stamp.as_text()) for name, stamp in here]
    plan = plan_copies(listed, {copy.path: copy for copy in known})
    read, looks = [], {}
    for copy in plan.to_read[:MAX_READ]:
        if is_cancelled():
            break
        found = _read(folder, sd, copy)
        if found is not None:
            read.append(found[0])
            looks[copy.path] = found[1]
    _write(bench, sd, read, looks, plan.to_forget)


def find_original(folder: Folder, name: str) -> tuple[ImageId, str, str] | None:
    """Image id, media type, and name of the image file that a conflict copy was made from. None if it is not one."""
    stands_for = folder.layout.explain(name).stands_for
    wanted = None if stands_for is None else folder.layout.split(stands_for)
    if stands_for is None or wanted is None or wanted[0] is None:
        return None
    return wanted[0], wanted[1], stands_for


def _read(folder: Folder, sd: StorageDir, copy: ListedCopy) -> tuple[ReadCopy, Look | None] | None:
    """The copy, and if it shows the image, what its bytes say of it."""
    try:
        reading = folder.read_image(folder.layout.name_of(copy.path))
    except (OSError, DiskError, ImageTooLargeError):
        return None
    bytes_of = reading.copy
    if bytes_of.changed_while_read:
        return None
    if not can_be_image(bytes_of, copy.image_id):
        return ReadCopy(sd.number, copy.path, copy.image_id, copy.stamp, None), None
    read = ReadCopy(sd.number, copy.path, copy.image_id, copy.stamp, bytes_of.sha256)
    return read, look_at_good_bytes(bytes_of)


def _write(
    bench: Workbench,
    sd: StorageDir,
    read: Sequence[ReadCopy],
    looks: Mapping[str, Look | None],
    to_forget: Sequence[str],
) -> None:
    if not read and not to_forget:
        return
    folder, now = bench.folder(sd), bench.now()
    with bench.catalog.write() as writer:
        for path in to_forget:
            writer.copies.forget_copy(sd.number, path)
        for copy in read:
            writer.copies.put_copy(copy)
        for image_id in {copy.image_id for copy in read}:
            copies = writer.copies.list_copies_of([image_id])
            if not do_they_show_one_image(copies) or writer.files.list_rows_of_image(image_id):
                continue
            here = next((copy for copy in copies if copy.sd == sd.number and copy.sha256), None)
            original = here and find_original(folder, folder.layout.name_of(here.path))
            if here and original:
                _, media_type, name = original
                path, stamp, look = folder.layout.path_of(name), parse_stamp(here.stamp), looks.get(here.path)
                writer.files.insert_row(
                    register_lost(sd.number, path, image_id, media_type, stamp, look, now)
                )
