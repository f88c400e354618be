"""By name: which image a person means by a path, a file's name, or a reference in a note.

A path on this machine comes first, then a path in one of the storage directories, then a file's name,
then the original name of images in folders by id. The image id is
that of the bytes that are there now, so a file that was never read is read.
"""

from __future__ import annotations

import os

from strandline.errors import (
    AmbiguousImageIdError,
    ImageArrivingError,
    ImageDamagedError,
    InvalidPathError,
    SourceNotFoundError,
    StorageDirNotFoundError,
    StrandlineError,
    UnreadableFileError,
)
from strandline.folders.file_tree import look_at_file, read_file
from strandline.model.changes import NamedFile, RefusedChange, change_of
from strandline.model.ignored import IGNORE_FILE
from strandline.model.image_files import FileState
from strandline.model.image_ids import ImageId
from strandline.model.plain_words import show_plainly
from strandline.model.remedies import say_add
from strandline.model.storage_dirs import StorageDir
from strandline.notes.file_index import name_of
from strandline.notes.note_names import is_note_name
from strandline.notes.reading import BrokenNoteError, read_note
from strandline.notes.references import Form, Reference
from strandline.notes.resolver import Resolved, Verdict
from strandline.services.checking import messages
from strandline.services.checking.check import list_pictures
from strandline.services.checking.memory import Memory
from strandline.services.checking.note_tree import NoteTree
from strandline.services.checking.one_look import OneLook, look_at_note
from strandline.services.checking.roots import find_base, find_root
from strandline.services.finding.named_places import find_storage_dir, list_places
from strandline.services.proving.prove import Outcome, prove_file
from strandline.services.scanning.ignored import read_ignored
from strandline.services.storage_dirs.paths import can_be_path, is_anything_at, shorten, spell_path
from strandline.services.storage_dirs.presence import refresh
from strandline.services.workbench import Workbench

MAX_NOTE_BYTES = 16 * 1024 * 1024

MOST_NAMED = 5
"""Files that a message names."""


def find_by_name(bench: Workbench, text: str, *, note: str | None = None) -> ImageId:
    """The image that the text means.

    Args:
        bench: The tools.
        text: A path, a file's name, or a reference as a note writes it. If no file has the name, the original name of
            images in folders by id.
        note: The path of the note with the reference, which is then resolved by the rules of the note's tool.

    Raises:
        SourceNotFoundError: There is no such file, or the note's reference leads to none. The message says what is
            known of it.
        AmbiguousImageIdError: Several files with different bytes have the name.
        StorageDirNotFoundError: The file is in no storage directory.
        InvalidPathError: No picture can have such a name, or the text has several.
        ImageArrivingError, ImageDamagedError: The bytes that are there are no whole image.
        UnreadableFileError: They cannot be read now.
    """
    return find_files_by_name(bench, text, note=note)[0].image_id


def find_files_by_name(bench: Workbench, text: str, *, note: str | None = None) -> list[NamedFile]:
    """The files that the text means, at least one. If there are several, all have the same image.

    Raises as :func:`find_by_name`.
    """
    _check_can_be_kept(text)
    if note is not None:
        text = text.strip()
        _check_can_be_kept(note)
        _check_is_path(note)
        _check_is_one(text)
        sd, path = _find_in_note(bench, text, note)
        return [NamedFile(sd, path, _identify(bench, sd, path))]
    _check_is_path(text)
    files = [NamedFile(sd, path, _identify(bench, sd, path)) for sd, path in list_places(bench, text)]
    if not files:
        raise _not_found(bench, text)
    found = {file.image_id: file for file in files}
    if len(found) > 1:
        paths = [os.path.join(file.sd.path, file.path) for file in found.values()]
        shown = ", ".join(map(show_plainly, paths[:MOST_NAMED]))
        raise AmbiguousImageIdError(
            f"{len(found)} different images have that name: {shown}; give one of these paths",
            value=text,
            candidates=list(found),
        )
    return files


def list_files_of_note(bench: Workbench, note: str) -> tuple[list[NamedFile], list[RefusedChange]]:
    """The pictures that a note, or all notes in a folder, refer to: each file once, by path; and those that are not
    there or cannot be read, each with the reason. References are resolved as by a check.

    Raises:
        StorageDirNotFoundError: It is in no storage directory.
        SourceNotFoundError, InvalidPathError: It is no note, or not there.
        DiskError: The storage directory cannot be listed, or a note cannot be read.
    """
    with bench.catalog.read() as reader:
        sds = reader.sds.list_storage_dirs()
    path = spell_path(bench, note) if can_be_path(note) else note
    inside = find_storage_dir(bench, sds, path)
    if inside is None:
        inside = next(((sd, "") for sd in sds if sd.path == path), None)
    if inside is None:
        raise _in_no_storage_dir(note)  # whether it is there or not: over HTTP, nobody may learn that
    find_base(path)
    sd, below = inside
    files: dict[str, NamedFile] = {}
    refused: dict[str, RefusedChange] = {}
    for each, reference, picture, is_there in list_pictures(sd.path, below):
        if picture in files or picture in refused:
            continue
        try:
            if not is_there:
                target = show_plainly(reference.target)
                raise SourceNotFoundError(
                    f"{each}:{reference.line} refers to {target}, which is not in {sd.name!r}",
                    source=picture,
                )
            files[picture] = NamedFile(sd, picture, _identify(bench, sd, picture))
        except StrandlineError as error:
            refused[picture] = change_of(sd, picture, None).refuse(error)
    return [files[path] for path in sorted(files)], [refused[path] for path in sorted(refused)]


def _in_no_storage_dir(note: str, *suggested: str) -> StorageDirNotFoundError:
    return StorageDirNotFoundError(
        f"{note} is in no storage directory; add the folder it belongs to: {say_add(*suggested)}", path=note
    )


def _suggest_root(path: str) -> str:
    """The folder that a person would add for the file or folder at the absolute path, which has just been looked at:
    the nearest one around it that shows by its content that it is one, such as an Obsidian vault. If none does, the
    folder itself, or the one it is in.
    """
    return find_root(path if os.path.isdir(path) else os.path.dirname(path), ())


def _check_can_be_kept(text: str) -> None:
    """Raises if no image can have such a name: it is no valid text, or has a newline.

    Raises:
        InvalidPathError: It says what to do.
    """
    why = None
    if "\n" in text.strip("\n"):
        why = "its name has a newline"
    try:
        text.encode()
    except UnicodeEncodeError:
        why = "its name is not valid text"
    if why is not None:
        raise InvalidPathError(
            f"a picture like {shorten(text)} is not kept, because {why}; rename it, or save it under another name",
            path=text,
        )


def _check_is_path(text: str) -> None:
    """Raises ``InvalidPathError`` if the text has a NUL byte, which no disk takes."""
    if "\0" in text:
        raise InvalidPathError(
            f"{shorten(text)!r} cannot be a path, because it has a NUL byte; give a path on each line, or add -0",
            path=text,
        )


def _check_is_one(text: str) -> None:
    """Raises ``InvalidPathError`` if a line has references to several pictures: only one would be answered."""
    targets = dict.fromkeys(
        each.target for each in _read_note("note.md", text.encode(errors="surrogateescape"))
    )
    if len(targets) > 1:
        shown = ", ".join(map(show_plainly, list(targets)[:MOST_NAMED]))
        raise InvalidPathError(
            f"the text has {len(targets)} references ({shown}); give one at a time", path=text
        )


def _identify(bench: Workbench, sd: StorageDir, path: str) -> ImageId:
    """The id of the image in the file. Reads it unless its name or a current proof says it."""
    folder = read_ignored(bench, sd)
    name = folder.layout.name_of(path)
    if folder.layout.is_ignored(name):
        raise _ignored(sd, path)
    wanted = folder.layout.split(name)
    assert wanted is not None, "only images are looked for"
    if wanted[0] is not None:
        return wanted[0]
    stamp = next((stamp for _, stamp in folder.probe([name])), None)
    with bench.catalog.read() as reader:
        row = reader.files.find_row(sd.number, path)
    if row is not None and row.image_id is not None and row.proof_is_current and row.stamp == stamp:
        return row.image_id
    result = prove_file(bench, refresh(bench, sd), name)
    if result.outcome is Outcome.GOOD and result.row is not None and result.row.image_id is not None:
        return result.row.image_id
    where = str(folder.where(name))
    if result.outcome is Outcome.BAD and result.row is not None and result.row.state is FileState.DAMAGED:
        raise ImageDamagedError(f"{where} is damaged: {result.reason}; replace it by a good copy", path=where)
    if result.outcome in (Outcome.BAD, Outcome.CHANGING):
        raise ImageArrivingError(
            f"{where} cannot be shown yet: {result.reason}; try again when it is complete", path=where
        )
    raise UnreadableFileError(f"{where} cannot be read now: {result.reason}", path=where)


def _ignored(sd: StorageDir, path: str) -> SourceNotFoundError:
    return SourceNotFoundError(
        f"{path} in {sd.name!r} is left alone, because {IGNORE_FILE} names it; change that file to use the picture",
        source=path,
    )


def _not_found(bench: Workbench, text: str) -> SourceNotFoundError | StorageDirNotFoundError:
    with bench.catalog.read() as reader:
        sds = reader.sds.list_storage_dirs()
    inside = find_storage_dir(bench, sds, text)
    if inside is not None and read_ignored(bench, inside[0]).layout.is_ignored(inside[1]):
        raise _ignored(*inside)
    path = text.strip().replace(os.sep, "/").removeprefix("./")
    endings = () if "/" in path else (path,)
    places = [*([inside] if inside else []), *((sd, path) for sd in sds if inside is None or sd != inside[0])]
    for sd, expected in places:
        if was := Memory(bench, sd).find([expected], endings):
            said = messages.say_remembered(was, expected, lambda each: each, sd.path)
            return SourceNotFoundError(f"there is no {text}; in {sd.name!r}, {said}", source=text)
    if inside is not None:
        return SourceNotFoundError(f"there is no {text}; {messages.NEVER_SEEN}", source=text)
    given = spell_path(bench, text) if can_be_path(text) else None
    if given is not None and is_anything_at(bench, given) and look_at_file(given) is not None:
        return StorageDirNotFoundError(
            f"{text} is in no storage directory; add the folder it belongs to: {say_add(_suggest_root(given))}",
            path=text,
        )
    return SourceNotFoundError(f"no image that is known has the name {text}; check the path", source=text)


def _find_in_note(bench: Workbench, text: str, note: str) -> tuple[StorageDir, str]:
    """The file that a reference means. The note need not have it: then it is read as if it did."""
    with bench.catalog.read() as reader:
        sds = reader.sds.list_storage_dirs()
    path = spell_path(bench, note)
    inside = find_storage_dir(bench, sds, path)
    if not is_note_name(note):
        raise InvalidPathError(f"{note} is not a note; give the path of one", path=note)
    if inside is None:
        there = is_anything_at(bench, path)
        if there is False:
            raise SourceNotFoundError(f"there is no {note}; check the path", source=note)
        raise _in_no_storage_dir(note, *([_suggest_root(path)] if there else []))
    sd, below = inside
    look = look_at_note(sd.path, below)
    resolved = _resolve(look, below, _list_readings(sd, below, text))
    if resolved.verdict in (Verdict.FOUND, Verdict.NOT_PORTABLE) and resolved.path is not None:
        _check_can_be_kept(resolved.path)
        return sd, resolved.path
    raise _unresolved(bench, sd, look.tree, resolved, text, note)


def _resolve(look: OneLook, note: str, readings: list[Reference]) -> Resolved:
    """The answer of the first reading that leads to a file, or else of the first one."""
    answers = [look.resolve(note, reading) for reading in readings]
    return next(
        (each for each in answers if each.verdict in (Verdict.FOUND, Verdict.NOT_PORTABLE)), answers[0]
    )


def _list_readings(sd: StorageDir, note: str, text: str) -> list[Reference]:
    """What the text may be: a whole reference, the target of one that the note has, or a target alone."""
    try:
        data = read_file(os.path.join(sd.path, note), MAX_NOTE_BYTES)
    except FileNotFoundError as error:
        raise SourceNotFoundError(
            f"there is no note {note} in {sd.name!r}; check the path", source=note
        ) from error
    whole = _read_note("note.md", text.encode(errors="surrogateescape"))
    in_note = [each for each in _read_note(note, data) if each.target == text]
    alone = [Reference(form, text, text, 1, 1) for form in (Form.MARKDOWN, Form.WIKI, Form.BLANKS)]
    return [*whole, *in_note, *alone]


def _read_note(path: str, data: bytes) -> list[Reference]:
    """What the note refers to; nothing if it is not what its name says."""
    try:
        return read_note(path, data)
    except BrokenNoteError:
        return []


def _unresolved(
    bench: Workbench, sd: StorageDir, tree: NoteTree, resolved: Resolved, text: str, note: str
) -> SourceNotFoundError | AmbiguousImageIdError:
    if resolved.verdict is Verdict.AMBIGUOUS:
        shown = ", ".join(map(show_plainly, resolved.candidates[:MOST_NAMED]))
        return AmbiguousImageIdError(
            f"{text} may mean {shown} in {note}; give the path", value=text, candidates=[]
        )
    path = resolved.path or text
    was = Memory(bench, sd).find(resolved.tries, resolved.endings)
    if was is not None:
        said = messages.say_remembered(was, path, lambda each: each, sd.path)
    elif resolved.candidates:
        said = f"a file of that name is at {resolved.candidates[0]}"
    else:
        copy = tree.find_conflict_copy(name_of(path)) if resolved.verdict is Verdict.MISSING else None
        said = messages.say_conflict_copy(copy) if copy else resolved.why or messages.NEVER_SEEN
    return SourceNotFoundError(f"{text} in {note} leads to no picture: {said}", source=text)
