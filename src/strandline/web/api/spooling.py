"""Spooling: uploads are hashed as they arrive, in memory while small, and in unnamed files beyond that.

Hashing and writing never run on the event loop. The spooled file is the copy that is saved: no byte is copied twice
before it reaches its storage directory. The framework's form parser gets our copies instead of its own temporary
files, which would be in the system's temporary folder: in memory, or on a disk that is full.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import BinaryIO, NamedTuple, cast

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartParser
from starlette.requests import Request

from strandline import CopyWriter
from strandline.web.backend import Backend

PIECE_BYTES = 1024 * 1024
"""This much of a raw body is collected before a thread hashes and writes it."""

FORM_MEMORY_BYTES = 256 * 1024
"""Memory limit per file of a form, which may have a thousand. For a raw body, the store's limit applies."""


class Part(NamedTuple):
    """One file of an upload."""

    name: str | None
    writer: CopyWriter


@asynccontextmanager
async def spooled_body(request: Request, backend: Backend) -> AsyncIterator[CopyWriter]:
    """The whole body of the request.

    Raises:
        DiskError: The disk refused it.
    """
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
async def spooled_form(request: Request, backend: Backend, *, max_files: int) -> AsyncIterator[list[Part]]:
    """The files of the form that the request carries, those of its field ``files``.

    Raises:
        MultiPartException: It is no form, or has too many parts.
        DiskError: The disk refused a file.
    """
    spools: list[_Spool] = []
    try:
        async with aclosing(request.stream()) as stream:
            form = await _FormParser(request, stream, backend, spools, max_files=max_files).parse()
        files = [each for each in form.getlist("files") if isinstance(each, UploadFile)]
        yield [Part(each.filename or None, cast(_Spool, each.file).writer) for each in files]
    finally:
        await backend.crossing.slow(lambda: _close(spools))


async def _write(backend: Backend, writer: CopyWriter, pieces: bytearray) -> None:
    await backend.crossing.slow(lambda: writer.write(bytes(pieces)))


def _close(spools: list[_Spool]) -> None:
    for spool in spools:
        spool.writer.close()


class _Spool:
    """Replaces the framework's disk file in its parser, which then writes and seeks in threads."""

    def __init__(self, writer: CopyWriter) -> None:
        self.writer = writer

    def write(self, data: bytes) -> int:
        self.writer.write(data)
        return len(data)

    def seek(self, _offset: int) -> int:
        return 0


class _FormParser(MultiPartParser):
    """The framework's parser with our copies in place of its files."""

    def __init__(
        self,
        request: Request,
        stream: AsyncGenerator[bytes, None],
        backend: Backend,
        spools: list[_Spool],
        *,
        max_files: int,
    ) -> None:
        super().__init__(request.headers, stream, max_files=max_files, max_fields=max_files)
        self._backend = backend
        self._spools = spools

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        part = self._current_part
        if part.file is not None:
            self._files_to_close_on_error.pop().close()
            spool = _Spool(self._backend.store.begin_copy(max_memory_bytes=FORM_MEMORY_BYTES))
            self._spools.append(spool)
            part.file.file = cast(BinaryIO, spool)
