"""Commands about many images: ids from arguments, files, and stdin, answered one after the other as they come.

Nothing is collected, so the ids may be more than fit into memory, and the first answer does not wait for the last id.
An image that cannot be answered is reported in its place, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from strandline.cli.arguments import STDIN, Answer, GivenIds, complete_id, find_named, parse_given
from strandline.cli.exit_status import ExitStatus, exit_status_of
from strandline.cli.session import Session, get_stdin
from strandline.cli.writing import say, say_about, write_json, write_line
from strandline.errors import (
    CatalogAwayError,
    CatalogError,
    CatalogLockedError,
    StorageDirNotFoundError,
    StrandlineError,
)
from strandline.model.changes import FileChange
from strandline.model.image_ids import ImageId
from strandline.model.written_ids import PictureName

if TYPE_CHECKING:
    from strandline.cli.arguments import GivenId
    from strandline.model.changes import NamedFile, RefusedChange
    from strandline.store import Store

_CHUNK_BYTES = 1 << 16

_CONCERNS_ALL = (CatalogError, CatalogAwayError, CatalogLockedError, StorageDirNotFoundError)
"""Errors that every other image would have, too: they end the command."""


def answer_each(
    session: Session, store: Store, ids: GivenIds, find: Callable[[ImageId], Answer], *, is_block: bool
) -> int:
    """Answers about each image in the order of the ids. Returns the highest of their exit statuses."""
    worst: int = ExitStatus.DONE
    count = 0
    for text, given in _iter_given(ids):
        image_id: ImageId | None = None
        try:
            if isinstance(given, StrandlineError):
                raise given
            image_id = complete_id(store, given, ids.note)
            answer = find(image_id)
        except _CONCERNS_ALL:
            raise
        except StrandlineError as error:
            worst = max(worst, exit_status_of(error))
            say_about(image_id or text, error.message)
            if session.json:
                write_json({"given": text, "image_id": image_id, "error": error.to_json()}, is_line=True)
            continue
        worst = max(worst, answer.status)
        if session.json:
            write_json({"given": text, "image_id": image_id, **answer.document}, is_line=True)
            continue
        if is_block and count:
            write_line()
        answer.show()
        count += 1
    return worst


class Gathered(NamedTuple):
    """What a person means who gives many images."""

    images: list[ImageId]
    files: list[NamedFile]
    """What they mean by a path or a name: these files alone."""
    refused: tuple[RefusedChange, ...] = ()
    """The texts that mean no image. The others go on."""


def gather_images(
    store: Store, ids: GivenIds, find_gone: Callable[[str], list[ImageId]] = lambda _name: []
) -> Gathered:
    """All images that a person means, and the files that they mean by a path or a name.

    ``find_gone`` says what a path or a name means that need not be there any more.

    Raises:
        StrandlineError: None of the texts means an image.
    """
    images: list[ImageId] = []
    files: list[NamedFile] = []
    refused: list[RefusedChange] = []
    for _, given in [("", ids.only)] if ids.only is not None else _iter_given(ids):
        try:
            if isinstance(given, StrandlineError):
                raise given
            if isinstance(given, PictureName) and (gone := _find_gone(given.text, find_gone)):
                images += gone
            elif isinstance(given, PictureName):
                image_id, named = find_named(store, given, ids.note)
                files += named
                images += [] if named else [image_id]
            else:
                images.append(complete_id(store, given))
        except _CONCERNS_ALL:
            raise
        except StrandlineError as error:
            refused.append(FileChange(None, None, None).refuse(error))
    if refused and not (images or files):
        for each in refused[:-1]:
            say(each.message)
        raise refused[-1].error
    return Gathered(images, files, tuple(refused))


def _find_gone(text: str, find: Callable[[str], list[ImageId]]) -> list[ImageId]:
    return next(filter(None, map(find, dict.fromkeys((text, text.strip())))), [])


def _iter_given(ids: GivenIds) -> Iterator[tuple[str, GivenId | StrandlineError]]:
    """Each id with the text that it was in, or the error of a text without an id. Blank lines are skipped."""
    for text in _iter_texts(ids):
        try:
            found = parse_given(text, ids.note)
        except StrandlineError as error:
            yield text, error
            continue
        if not isinstance(found, tuple):
            yield text, found
        else:
            for image_id in found:
                yield text, image_id


def _iter_texts(ids: GivenIds) -> Iterator[str]:
    for text in ids.texts:
        if text == STDIN:
            yield from _iter_records(get_stdin(), ids.separator)
        else:
            yield text
    for file in ids.files:
        yield from _iter_records(file, ids.separator)


def _iter_records(stream: BinaryIO, separator: bytes) -> Iterator[str]:
    """The lines of the stream without blanks around them, or exactly what is between its NUL bytes; each as soon as
    it has arrived, unless it is blank. Cost: linear, however long a record is.
    """
    read = getattr(stream, "read1", stream.read)  # a pipe's read() would wait for a full chunk
    parts: list[bytes] = []
    while chunk := read(_CHUNK_BYTES):
        records = chunk.split(separator)
        if len(records) > 1:
            yield from _decode([b"".join((*parts, records[0])), *records[1:-1]], separator)
            parts = []
        parts.append(records[-1])
    yield from _decode([b"".join(parts)], separator)


def _decode(records: Sequence[bytes], separator: bytes) -> Iterator[str]:
    for record in records:
        text = record.decode(errors="surrogateescape")
        if stripped := text.strip():
            yield stripped if separator == b"\n" else text
