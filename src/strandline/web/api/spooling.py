"""Spooling: uploads are hashed as they arrive, in memory while small, and in unnamed files beyond that.

Hashing and writing never run on the event loop, except for a few kilobytes that stay in memory: hashing them takes
less time than waking a thread. The spooled file is the copy that is saved: no byte is copied twice before it reaches
its storage directory. The framework's form parser gets our copies instead of its own temporary files, which would be
in the system's temporary folder: in memory, or on a disk that is full.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from itertools import zip_longest
from typing import BinaryIO, NamedTuple, cast

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from strandline import CopyWriter, ImageTooLargeError, InvalidInputError
from strandline.web.backend import Backend
from strandline.web.bodies import expect

PIECE_BYTES = 1024 * 1024
"""This much of a raw body is collected before a thread hashes and writes it."""

FORM_MEMORY_BYTES = 256 * 1024
"""Memory limit per file of a form, which may have a thousand. For a raw body, the store's limit applies."""


FORM_BYTES = 1024 * 1024
"""Allowance for a form's boundaries and names, in addition to its files."""

SMALL_BYTES = 32 * 1024
"""A file of a form is hashed on the event loop up to this size: 0.1 ms at most."""


class Part(NamedTuple):
    """One file of an upload."""

    name: str | None
    writer: CopyWriter
    modified_at: datetime | None


class Form(NamedTuple):
    """An upload by a form."""

    parts: list[Part]
    texts: dict[str, str]
    """Its other fields; the last one of each name."""


@asynccontextmanager
async def spooled_body(request: Request, backend: Backend) -> AsyncIterator[CopyWriter]:
    """The whole body of the request, which may be as large as the largest image.

    Raises:
        SilentClientError, ClientDisconnect: The client has stopped sending. They need no handler.
        ImageTooLargeError: It has more bytes.
        DiskError: The disk refused it.
    """
    expect(request.scope, backend.store.settings.save.max_bytes, _make_too_large)
    writer = backend.store.begin_copy()
    try:
        pieces = bytearray()
        async for chunk in request.stream():
            pieces += chunk
            if len(pieces) >= PIECE_BYTES:
                await _write(backend, writer, pieces)
                pieces = bytearray()
        await _write(backend, writer, pieces)
        yield writer
    finally:
        await backend.crossing.slow(writer.close)


@asynccontextmanager
async def spooled_form(
    request: Request, backend: Backend, *, max_files: int, limit_bytes: int | None = None
) -> AsyncIterator[Form]:
    """The form that the request carries: the files of its field ``files`` with the times in ``modified``, and texts.

    Without ``limit_bytes``, all of its files together may be as large as the largest image.

    Raises:
        SilentClientError, ClientDisconnect: The client has stopped sending. They need no handler.
        InvalidInputError: It is no form, or has too many parts; or there are times, but not one for each file, or
            one of them is none.
        ImageTooLargeError: It has more bytes.
        DiskError: The disk refused a file.
    """
    if limit_bytes is None:
        limit_bytes = backend.store.settings.save.max_bytes + FORM_BYTES
    expect(request.scope, limit_bytes, _make_too_large)
    spooled: list[_SpooledFile] = []
    try:
        async with aclosing(request.stream()) as stream:
            form = await _FormParser(request, stream, backend, spooled, max_files=max_files).parse()
        files = [each for each in form.getlist("files") if isinstance(each, _SpooledFile)]
        times = [each for each in form.getlist("modified") if isinstance(each, str)]
        if times and len(times) != len(files):
            raise InvalidInputError(
                f"the form has {len(files)} fields 'files' and {len(times)} 'modified'; give one for each file, "
                "in the same order, or none"
            )
        parts = [
            Part(each.filename or None, each.writer, parse_time(time))
            for each, time in zip_longest(files, times)
        ]
        yield Form(parts, {name: text for name, text in form.items() if isinstance(text, str)})
    except MultiPartException as error:
        raise InvalidInputError(error.message) from error
    finally:
        await backend.crossing.slow(lambda: _close(spooled))


def parse_time(text: str | None) -> datetime | None:
    """A time with a zone, as ``2026-07-14T09:30:00Z``. None for no text.

    Raises:
        InvalidInputError: It is something else.
    """
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise InvalidInputError(
            f"'modified' is {text[:40]!r}; give a time with its zone, for example 2026-07-14T09:30:00Z"
        )
    return time


async def read_document(request: Request, limit_bytes: int) -> bytes:
    """The whole body of the request, which is short, and not the bytes of an image.

    Raises:
        SilentClientError, ClientDisconnect: The client has stopped sending. They need no handler.
        InvalidInputError: It has more bytes.
    """
    expect(request.scope, limit_bytes, _make_too_long)
    return await request.body()


def _make_too_long(limit_bytes: int) -> InvalidInputError:
    return InvalidInputError(
        f"that is more than {limit_bytes:,} bytes; send less at once", limit_bytes=limit_bytes
    )


def _make_too_large(limit_bytes: int) -> ImageTooLargeError:
    return ImageTooLargeError(
        f"the upload has more than {limit_bytes:,} bytes; raise the setting save.max_bytes to save it",
        limit_bytes=limit_bytes,
    )


async def _write(backend: Backend, writer: CopyWriter, pieces: bytearray) -> None:
    await backend.crossing.slow(lambda: writer.write(bytes(pieces)))


def _close(files: list[_SpooledFile]) -> None:
    for each in files:
        each.writer.close()


class _SpooledFile(UploadFile):
    """A file of a form, in the parser's own form, with our copy in place of the framework's disk file."""

    def __init__(self, backend: Backend, filename: str | None) -> None:
        super().__init__(cast(BinaryIO, None), filename=filename)
        self._backend = backend
        self.writer = backend.store.begin_copy(max_memory_bytes=FORM_MEMORY_BYTES)

    async def write(self, data: bytes) -> None:
        if self.writer.size_bytes + len(data) <= SMALL_BYTES:
            self.writer.write(data)
        else:
            await self._backend.crossing.slow(lambda: self.writer.write(data))

    async def seek(self, offset: int) -> None:
        """The parser goes back to the beginning. A copy has no position."""


class _FormParser(MultiPartParser):
    """The framework's parser with our copies in place of its files."""

    def __init__(
        self,
        request: Request,
        stream: AsyncGenerator[bytes, None],
        backend: Backend,
        files: list[_SpooledFile],
        *,
        max_files: int,
    ) -> None:
        super().__init__(request.headers, stream, max_files=max_files, max_fields=max_files)
        self._backend = backend
        self._files = files
        self._is_whole = False

    def on_end(self) -> None:
        """The last boundary has come. What is between two others has no end without it."""
        self._is_whole = True

    async def parse(self) -> FormData:
        form = await super().parse()
        if not self._is_whole:
            raise MultiPartException(
                "the form is cut off: its closing boundary is missing; nothing was saved, so send it again"
            )
        return form

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        part = self._current_part
        if part.file is not None:
            self._files_to_close_on_error.pop().close()
            part.file = _SpooledFile(self._backend, part.file.filename)
            self._files.append(part.file)
