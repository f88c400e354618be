"""Usage: which pictures the texts of all storage directories name, by any reader (SPEC §20).

A picture is used if a reference of any note leads to it, or if any text, drawing, or setting has its file name, one
of its original names, or its id, in any storage directory. The readers err on the side of *used*. What was not read
is a gap, and nobody may draw conclusions past a gap.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from typing import TypeAlias

from strandline.errors import StrandlineError, UnreadableFileError
from strandline.folders.file_tree import look_at_file, read_file
from strandline.model.identity.sightings import find_identity_name
from strandline.model.image_files import ImageFile
from strandline.model.image_ids import content_id_of
from strandline.model.layout_choice import LAYOUT_FILE
from strandline.model.note_checks import CheckOptions
from strandline.model.portable_names import fold_path
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.model.unused import Gap
from strandline.model.values import dataclass
from strandline.notes.mentions import Mentions
from strandline.notes.note_names import is_note_name
from strandline.services.checking.check import MAX_TEXT_BYTES, check_path, list_uses
from strandline.services.checking.note_tree import NoteTree
from strandline.services.checking.texts import NO_TEXT, ONLY_IN_CLOUD, decode_text
from strandline.services.checking.unused import list_names
from strandline.services.workbench import Workbench

_ID = re.compile(rb"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
"""Anywhere, also within a longer number: what is taken for an id of a picture is not collected."""


Key: TypeAlias = "tuple[int, str]"
"""Storage directory's number, and path."""


@dataclass(slots=True)
class Usage:
    """What the texts of all storage directories name."""

    used: set[Key]
    """Storage directory's number and path of each file that something names."""
    gaps: list[Gap]
    texts: Counter[int]
    """How many were read, by storage directory's number."""
    named: Counter[int]
    """How many of their own pictures the notes of each storage directory name, by its number."""


def find_usage(
    bench: Workbench, sds: Collection[StorageDir], rows: Collection[ImageFile], *, by_image: bool = True
) -> Usage:
    """Which of the files are used. ``sds`` are all storage directories, as they are now.

    What names an image uses all its files. Unless ``by_image``, it uses only the file that has the name or the id:
    the others have the same bytes.

    Cost: a listing of each, and a read of each of its texts.
    """
    if by_image:
        names, ids = _list_names(bench, rows), _list_ids(rows)
    else:
        names = {(row.sd, row.path): {*list_names(row.filename)} for row in rows}
        ids = _list_ids_in_names(sds, rows)
    mentions = Mentions(name for each in names.values() for name in each)
    found_ids: set[str] = set()
    in_notes: dict[int, set[str]] = {}
    used: set[Key] = set()
    gaps: list[Gap] = []
    texts = Counter[int]()
    own = defaultdict[int, set[str]](set)
    for row in rows:
        own[row.sd].add(row.path)
    for sd in sds:
        if sd.state is not StorageDirState.ONLINE:
            gaps.append(Gap(sd, None, f"it is {sd.state.value}: {sd.problem}"))
            continue
        if not sd.is_on_disk:
            gaps += _iter_bucket_gaps(bench, sd)
            continue
        try:
            tree = NoteTree(sd.path)
            used |= {(sd.number, path) for _, _, path in list_uses(sd.path, own[sd.number])}
            unread = check_path(sd.path, CheckOptions(reads_pictures=False), {sd.path: sd.sd_id or ""}).unread
        except (OSError, StrandlineError) as error:
            gaps.append(Gap(sd, None, getattr(error, "message", str(error))))
            continue
        gaps += [Gap(sd, each.path, each.reason) for each in unread]
        gaps += _list_hidden(sd, tree, {each.path for each in unread})
        own_notes, in_own = set(tree.notes), in_notes.setdefault(sd.number, set())
        for path in _iter_texts(tree):
            data = _read(sd, tree, path, gaps)
            if data is not None:
                texts[sd.number] += 1
                found = mentions.read(data)
                found_here = {match[0].decode().lower() for match in _ID.finditer(data)}
                found_ids |= found_here
                if path in own_notes:
                    in_own |= found | found_here
        gaps += [Gap(sd, path, reason) for path, reason in tree.refused.items()]
    referred, named = frozenset(used), Counter[int]()
    for row in rows:
        key = (row.sd, row.path)
        if ids[key] & found_ids or any(mentions.has(name) for name in names[key]):
            used.add(key)
        is_named = key in used and _is_in(in_notes.get(row.sd, set()), ids[key], names[key])
        named[row.sd] += is_named or key in referred
    return Usage(used, gaps, texts, named)


def _list_names(bench: Workbench, rows: Collection[ImageFile]) -> dict[Key, set[str]]:
    """The names that may stand for each file: its own, and those that its image came with."""
    with bench.catalog.read() as reader:
        images = list({row.image_id for row in rows if row.image_id is not None})
        origins = reader.origins.list_names_of_images(images)
    return {
        (row.sd, row.path): {
            *list_names(row.filename),
            *(origins.get(row.image_id, ()) if row.image_id else ()),
        }
        for row in rows
    }


def _is_in(found: set[str], ids: set[str], names: set[str]) -> bool:
    """Whether what was found in some texts, folded, has one of the ids or names."""
    return bool(ids & found) or any(fold_path(name) in found for name in names)


def _list_ids(rows: Collection[ImageFile]) -> dict[Key, set[str]]:
    """The ids of each file's image: the same bytes may have a legacy id, or several, and a content id."""
    of_bytes = defaultdict[str, set[str]](set)
    for row in rows:
        if row.proof is not None:
            of_bytes[row.proof.sha256].add(content_id_of(row.proof.sha256))
            if row.image_id is not None:
                of_bytes[row.proof.sha256].add(row.image_id)
    return {
        (row.sd, row.path): {
            *({row.image_id} if row.image_id is not None else ()),
            *(of_bytes[row.proof.sha256] if row.proof is not None else ()),
        }
        for row in rows
    }


def _list_ids_in_names(sds: Collection[StorageDir], rows: Collection[ImageFile]) -> dict[Key, set[str]]:
    """The id of each file whose name is one."""
    by_id = {sd.number for sd in sds if sd.layout is LayoutKind.IDS}
    return {
        (row.sd, row.path): {row.image_id} if row.image_id is not None and row.sd in by_id else set()
        for row in rows
    }


def _iter_bucket_gaps(bench: Workbench, sd: StorageDir) -> Iterator[Gap]:
    """Texts in a bucket, which are not read: the first one tells. A bucket that has only images has none."""
    folder = bench.folder(sd)
    try:
        for files in folder.iter_files([]):
            for path in (file.path for file in files):
                name = folder.layout.find_name(path)
                is_image = name is not None and folder.layout.split(name) is not None
                is_own = find_identity_name(path) is not None or path == LAYOUT_FILE
                if not (is_image or is_own) and path.rpartition(".")[2].lower() not in NO_TEXT:
                    yield Gap(sd, path, "texts in buckets are not read")
                    return
    except OSError as error:
        yield Gap(sd, None, error.strerror or str(error))


def _iter_texts(tree: NoteTree) -> Iterator[str]:
    drawings = (path for path in tree.pictures if path.lower().endswith(".svg"))
    for path in (*tree.notes, *tree.others, *drawings, *tree.iter_settings()):
        if path.rpartition(".")[2].lower() not in NO_TEXT:
            yield path


def _list_hidden(sd: StorageDir, tree: NoteTree, known: set[str]) -> list[Gap]:
    """Texts that are only in the cloud, and folders behind links, unless they are known: nobody has read what is in
    them.
    """
    return [Gap(sd, path, why) for path, why in tree.iter_unread_texts() if path not in known]


def _read(sd: StorageDir, tree: NoteTree, path: str, gaps: list[Gap]) -> bytes | None:
    """The text, as UTF-8. None if it is no text, or if it cannot be read, which is a gap."""
    try:
        look = look_at_file(tree.locate(path))
        if look is None:
            return None  # it went away meanwhile
        if not look.is_here:
            gaps.append(Gap(sd, path, ONLY_IN_CLOUD))
            return None
        data = read_file(tree.locate(path), MAX_TEXT_BYTES)
    except FileNotFoundError:
        return None
    except (OSError, UnreadableFileError) as error:
        gaps.append(Gap(sd, path, getattr(error, "message", str(error))))
        return None
    text = decode_text(data)
    if text is None and is_note_name(path):
        gaps.append(Gap(sd, path, "it is called a note, but has no text in it"))
    return text
