"""Spooling: what is uploaded lies in memory while it is small, and beyond that in files of no name, in scratch.

What surprises: the framework would keep the files of forms wherever the system has its temporary ones, which may be
memory, or a disk that is full; so its parser is given files of ours. And what a file could not write at once it
tries to write again when it is closed.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartParser
from starlette.requests import Request

from strandline.folders.disk_errors import disk_errors

MEMORY_BYTES = 4 * 1024 * 1024
"""Of a body in memory; a larger one lies on the disk."""

FORM_MEMORY_BYTES = 256 * 1024
"""The same of each file of a form, which may have a thousand."""

_DOING = "keep an upload in"


@asynccontextmanager
async def spooled_body(request: Request, scratch: Path) -> AsyncIterator[BinaryIO]:
    """The body of the request as a file, at its beginning.

    Raises:
        DiskError: The disk refused it.
    """
    with disk_errors(_DOING, scratch):
        file = _open_spool(scratch, MEMORY_BYTES)
        try:
            async for chunk in request.stream():
                file.write(chunk)
            file.seek(0)
        except BaseException:
            file.close()
            raise
    with file:
        yield cast(BinaryIO, file)


@asynccontextmanager
async def spooled_form(request: Request, scratch: Path, *, max_files: int) -> AsyncIterator[FormData]:
    """The form that the request carries, its files at their beginnings.

    Raises:
        MultiPartException: It is no form, or has too many parts.
        DiskError: The disk refused a file.
    """
    async with aclosing(request.stream()) as stream:
        with disk_errors(_DOING, scratch):
            form = await _FormParser(request, stream, scratch, max_files=max_files).parse()
    try:
        yield form
    finally:
        await form.close()


def _open_spool(scratch: Path, memory_bytes: int) -> SpooledTemporaryFile[bytes]:
    return SpooledTemporaryFile(max_size=memory_bytes, dir=str(scratch))


class _FormParser(MultiPartParser):
    """The framework's, with files in scratch."""

    spool_max_size = FORM_MEMORY_BYTES

    def __init__(
        self, request: Request, stream: AsyncGenerator[bytes, None], scratch: Path, *, max_files: int
    ) -> None:
        super().__init__(request.headers, stream, max_files=max_files, max_fields=max_files)
        self._scratch = scratch

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        part = self._current_part
        if part.file is not None:
            part.file.file.close()
            file = self._files_to_close_on_error[-1] = _open_spool(self._scratch, self.spool_max_size)
            part.file.file = cast(BinaryIO, file)
