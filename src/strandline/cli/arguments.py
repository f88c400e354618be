"""Arguments that many commands take: image ids, and storage directories with completion of their names.

An image id is parsed while the command line is read, so an invalid one never touches the disk. It still gets its
own error code, not the one for wrong usage. Only the first digits of an id are looked up in the catalog, when the
store is open. Reading many ids is in ``many_ids``, which most commands do not need.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import click

from strandline.cli.exit_status import ExitStatus
from strandline.cli.session import Session, get_stdin
from strandline.errors import (
    InvalidPathError,
    NotFoundError,
    SourceNotFoundError,
    StrandlineError,
    UnreadableFileError,
)
from strandline.model.image_ids import ImageId, find_image_id

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from strandline.model.changes import NamedFile
    from strandline.model.written_ids import IdPrefix, PictureName
    from strandline.store import Store

    GivenId = ImageId | IdPrefix | PictureName

STDIN = "-"

_IDS = (
    "ID is an image id, its first digits, text with ids in it, or a picture's path; - reads ids from stdin."
)

COMPLETIONS = 50
"""Ids that a shell is offered. With more, a person types another digit."""


class GivenIds(NamedTuple):
    """The images that a command is about."""

    only: GivenId | None
    """The one image, or None if the command is about many, however many those turn out to be."""
    texts: tuple[str, ...] = ()
    """Each has ids in it, or is ``-``."""
    files: Sequence[BinaryIO] = ()
    separator: bytes = b"\n"
    note: str | None = None
    """The note that names of pictures are references in."""

    @property
    def are_many(self) -> bool:
        """Whether the answers are numbered among many."""
        return self.only is None


class Answer(NamedTuple):
    """The answer about one image."""

    document: Mapping[str, object]
    show: Callable[[], object]
    """Writes it for people."""
    status: int = ExitStatus.DONE


def parse_given(text: str, note: str | None = None) -> GivenId | tuple[ImageId, ...]:
    """What the text means: an id, the beginning of one, several ids, or a picture's name.

    A name may have hex digits in it that are no id of ours, as those of phones and of Notion have. If it is a file,
    or a reference in a note, that is meant first.

    Raises:
        InvalidImageIdError: The text has no id in it, and is no picture's name.
    """
    from strandline.model.written_ids import PictureName, may_be_picture_name, parse_written_ids

    found = parse_written_ids(text)
    if not isinstance(found, tuple) or find_image_id(text) is not None:
        return found[0] if isinstance(found, tuple) else found
    is_one = len(found) == 1
    if (note is not None and is_one and may_be_picture_name(text)) or os.path.isfile(text):
        is_id = is_one and find_image_id(os.path.basename(text).rpartition(".")[0]) is not None
        return PictureName(text, found[0] if is_id or note is not None else None)
    return found[0] if is_one else found


def _gather_ids(
    texts: tuple[str, ...], files: Sequence[BinaryIO], separator: bytes, note: str | None
) -> GivenIds:
    if not texts and not files:
        raise click.UsageError("give an image id, - to read ids from stdin, or --files-from FILE")
    if len(texts) == 1 and texts[0] != STDIN and not files:
        given = find_image_id(texts[0]) or parse_given(texts[0], note)
        if not isinstance(given, tuple):
            return GivenIds(given, note=note)
    return GivenIds(None, texts, files, separator, note)


def list_id_completions(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids in the catalog that begin with the text, newest first, with their names; and files, which the shell finds.
    Looks at no storage directory.

    Never raises, and never creates a catalog. A text of one letter means too many ids.
    """
    from click.shell_completion import CompletionItem

    from strandline.model.queries import Query

    session = context.ensure_object(Session)
    files = [CompletionItem(incomplete, type="file")]
    if not re.fullmatch("[0-9a-fA-F-]{2,36}", incomplete):
        return files
    with suppress(StrandlineError):
        if not session.has_catalog():
            return files
        with session.open_store() as store:
            images = store.list_images(Query(text=incomplete), limit=COMPLETIONS).images
            ids = [
                CompletionItem(image.image_id, help=image.original_name)
                for image in images
                if image.image_id.startswith(incomplete.lower())
            ]
            return files + ids
    return files


class GivenPath(click.Path):
    """A path that need not exist. An empty one is refused: a script means a variable that is not set, and never the
    current folder.
    """

    def __init__(self, *, allow_dash: bool = False) -> None:
        super().__init__(exists=False, readable=False, allow_dash=allow_dash)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path as it was typed."""
        if value == "":
            self.fail("the path is empty; give one, such as . for the current folder", param, ctx)
        return super().convert(value, param, ctx)


class GivenText(click.types.StringParamType):
    """A text that narrows what a command is about. An empty one is refused: a script means a variable that is not
    set, and never everything.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text as it was typed."""
        if isinstance(value, str) and not value.strip():
            self.fail("it is empty; give a text, or leave the option out", param, ctx)
        return super().convert(value, param, ctx)


class FileToRead(click.ParamType[BinaryIO]):
    """A file that the command reads, or ``-`` for stdin. Opened while the command line is read, closed at its end."""

    name = "file"

    def shell_complete(
        self, _context: click.Context, _parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Files, which the shell finds."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]

    def convert(
        self, value: Any, _parameter: click.Parameter | None, context: click.Context | None
    ) -> BinaryIO:
        """Opens it.

        Raises:
            SourceNotFoundError, InvalidPathError, UnreadableFileError: As for a file to save.
        """
        if value == STDIN:
            return get_stdin()
        try:
            file = open(value, "rb")  # noqa: SIM115 - the context closes it
        except FileNotFoundError as error:
            raise SourceNotFoundError(f"there is no file {value}; check the path", source=value) from error
        except IsADirectoryError as error:
            raise InvalidPathError(f"{value} is a folder; give a file", path=value) from error
        except OSError as error:
            raise UnreadableFileError(
                f"cannot read {value}: {error.strerror or error}; give this user the right to read it",
                path=value,
            ) from error
        if context is not None:
            context.call_on_close(file.close)
        return file


def image_ids_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for a command about one image or many: it gets ``ids``."""
    return _with_image_ids(command, "ID...", _gather_ids)


def image_ids_or_none_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a command that may be given no image: then ``ids`` is None."""

    def gather(
        texts: tuple[str, ...], files: Sequence[BinaryIO], separator: bytes, note: str | None
    ) -> GivenIds | None:
        return _gather_ids(texts, files, separator, note) if texts or files else None

    return _with_image_ids(command, "[ID]...", gather)


def _with_image_ids(
    command: Callable[..., Any],
    metavar: str,
    gather: Callable[[tuple[str, ...], Sequence[BinaryIO], bytes, str | None], GivenIds | None],
) -> Callable[..., Any]:
    @click.argument("texts", metavar=metavar, nargs=-1, shell_complete=list_id_completions)
    @click.option(
        "--files-from",
        "files",
        metavar="FILE",
        type=FileToRead(),
        multiple=True,
        help="Also read ids, or lines that have some, from this file; - is stdin. May be repeated.",
    )
    @click.option(
        "-0", "--null", "is_null", is_flag=True, help="What is read is separated by NUL bytes, not by lines."
    )
    @click.option(
        "--in",
        "note",
        metavar="NOTE",
        type=GivenPath(),
        help="A picture's path is a reference in this note.",
    )
    @wraps(command)
    def take_ids(
        *args: Any,
        texts: tuple[str, ...],
        files: tuple[BinaryIO, ...],
        is_null: bool,
        note: str | None,
        **others: Any,
    ) -> Any:
        ids = gather(texts, files, b"\0" if is_null else b"\n", note)
        return command(*args, ids=ids, **others)

    take_ids.__doc__ = f"{inspect.cleandoc(command.__doc__ or '')}\n\n{_IDS}"
    return take_ids


def answer_images(
    session: Session,
    store: Store,
    ids: GivenIds,
    find: Callable[[ImageId], Answer],
    *,
    is_block: bool = False,
) -> int:
    """Answers about the image, or about each of many. Returns the exit status.

    Args:
        find: Makes the answer about one image.
        is_block: Answers have several lines, so a blank line separates them.

    Raises:
        StrandlineError: There is no answer about the only image. (One of many is reported, and the others go on.)
    """
    if ids.only is not None:
        answer = find(complete_id(store, ids.only, ids.note))
        session.answer(answer.document, answer.show)
        return answer.status
    from strandline.cli.many_ids import answer_each

    return answer_each(session, store, ids, find, is_block=is_block)


def complete_id(store: Store, given: GivenId, note: str | None = None) -> ImageId:
    """The image id that the user means.

    Raises:
        InvalidImageIdError: Only its first digits were given, and not exactly one known image has them.
        StrandlineError: A picture's name was given, and as :meth:`Store.find_by_name` says.
    """
    if isinstance(given, str):
        return given
    from strandline.model.written_ids import PictureName

    if isinstance(given, PictureName):
        return find_named(store, given, note)[0]
    return store.complete_image_id(given.digits)


def find_named(store: Store, given: PictureName, note: str | None = None) -> tuple[ImageId, list[NamedFile]]:
    """The image that a name means, and the files that have it: none if only an id in it is meant, because no picture
    has the name, or one that is called by its id. Raises as :meth:`Store.find_files_by_name`.
    """
    try:
        files = store.find_files_by_name(given.text, note=note)
    except NotFoundError:
        if given.or_id is None:
            raise
        return given.or_id, []
    from strandline.model.storage_dirs import LayoutKind  # here: most commands are given ids

    is_by_id = given.or_id is not None and files[0].sd.layout is LayoutKind.IDS
    return files[0].image_id, [] if is_by_id else files


def list_sd_completions(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Storage directory names that begin with the text. Never raises, and never creates a catalog."""
    from click.shell_completion import CompletionItem

    session = context.ensure_object(Session)
    with suppress(StrandlineError):
        if not session.has_catalog():
            return []
        with session.open_store() as store:
            return [
                CompletionItem(sd.name, help=sd.path)
                for sd in store.list_storage_dirs()
                if sd.name.startswith(incomplete)
            ]
    return []


sd_option = click.option(
    "--sd",
    metavar="SD",
    type=GivenText(),
    shell_complete=list_sd_completions,
    help="A storage directory: its name, path or identity.",
)

sd_argument = click.argument("sd", metavar="SD", shell_complete=list_sd_completions)

sds_argument = click.argument("sds", metavar="[SD]...", nargs=-1, shell_complete=list_sd_completions)
