"""Where an image is used: the places in notes that mean one of its files. Writes nothing, and remembers nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress

from strandline.errors import StrandlineError
from strandline.model.image_ids import ImageId
from strandline.model.note_checks import NoteMention, NoteUse, UnreadNote
from strandline.model.states import should_lie_there
from strandline.model.storage_dirs import StorageDir
from strandline.services.checking.check import list_uses
from strandline.services.workbench import Workbench


def find_uses(bench: Workbench, image_id: ImageId) -> list[NoteUse]:
    """The places in notes that mean a file of the image, by storage directory, note, and line.

    Files that are gone do not count, and storage directories that cannot be listed now are left out.
    """
    with bench.catalog.read() as reader:
        rows = reader.files.list_rows_of_image(image_id)
        sds = {sd.number: sd for sd in reader.sds.list_storage_dirs()}
    return find_uses_of((sds[row.sd], row.path) for row in rows if should_lie_there(row))


def find_uses_of(
    files: Iterable[tuple[StorageDir, str]], mentions: list[NoteMention] | None = None
) -> list[NoteUse]:
    """The places in notes that mean one of these files, each with its storage directory, which must be that of the
    notes. Storage directories that cannot be listed now are left out. Cost: a listing of each, however many files.

    Notes that only have the name of one of the files are added to ``mentions``.
    """
    paths = defaultdict[int, set[str]](set)
    sds: dict[int, StorageDir] = {}
    for sd, path in files:
        paths[sd.number].add(path)
        sds[sd.number] = sd
    found = []
    for number in sorted(paths):
        sd = sds[number]
        if not sd.is_reachable:
            continue
        with suppress(StrandlineError):
            found += find_uses_in(sd, paths[number], mentions=mentions)
    return found


def find_uses_in(
    sd: StorageDir,
    paths: AbstractSet[str],
    unread: list[UnreadNote] | None = None,
    mentions: list[NoteMention] | None = None,
) -> list[NoteUse]:
    """The places in notes of one storage directory that mean one of its files: none in a bucket. What could not be
    read, and may refer to one, is added to ``unread``, and notes that only have the name of one to ``mentions``.

    Raises:
        DiskError: It cannot be listed.
    """
    if not sd.is_on_disk:
        return []
    named: list[tuple[str, str]] = []
    uses = [
        NoteUse(sd, note, reference.line, reference.column, reference.target, path)
        for note, reference, path in list_uses(sd.path, paths, unread, named)
    ]
    if mentions is not None:
        mentions += [NoteMention(sd, note, path) for note, path in sorted(named)]
    return uses
