"""Providing: what another machine wants is collected from this machine's storage directories (SPEC §19).

The list comes from elsewhere, and says only which bytes are wanted. Names in the target are made here.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from strandline.errors import ImageNotFoundError, InvalidPathError, PlaceTakenError, StrandlineError
from strandline.folders.disk_errors import disk_errors
from strandline.folders.opened_folders import make_folders
from strandline.folders.port import Folder, SaveMode
from strandline.model.changes import ChangeReport, FileChange, RefusedChange
from strandline.model.media_types import find_media_type
from strandline.model.storage_dirs import LayoutKind
from strandline.model.wanted import WantedImage
from strandline.services.finding.search import find_image
from strandline.services.storage_dirs.paths import check_target
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from strandline.folders.port import ProofCopy

ZIP_ENDING = ".zip"


class Target(Protocol):
    """Where the files go."""

    def put(self, name: str, copy: ProofCopy, mtime_ns: int | None) -> None:
        """Writes a file. Raises ``PlaceTakenError`` if the name has other bytes."""
        ...


def provide(bench: Workbench, wanted: Iterable[WantedImage], target: str) -> ChangeReport:
    """Collects what is here of the wanted images into a folder, which is made, or into a new ZIP file.

    Each file is ``{content id}.{extension}``; ``rescue`` finds it by its bytes. Nothing is replaced: bytes that are
    in the folder already count as done. If nothing is found, there is no ZIP file. A row's ``path`` is the name in
    the target, and its storage directory is where the bytes came from. What is not here is refused as not found.
    Durable when it returns.

    Raises:
        PlaceTakenError: The ZIP file is there already.
        InvalidPathError: Its folder is not there, or it cannot be a path.
        DiskError: The target cannot be written.
    """
    check_target(target)
    with _open_target(bench, os.path.abspath(target)) as place:
        return _collect(bench, wanted, place)


def provide_zip(bench: Workbench, wanted: Iterable[WantedImage]) -> tuple[ChangeReport, BinaryIO]:
    """The same as the bytes of a ZIP file, in an unnamed file of the home, which the caller closes.

    Raises:
        ImageNotFoundError: Nothing of it is here.
        DiskError: The home has no room.
    """
    with ExitStack() as opened:
        file = opened.enter_context(tempfile.TemporaryFile(dir=bench.scratch))
        with (
            disk_errors("write", str(bench.scratch)),
            zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
        ):
            report = _collect(bench, wanted, _ZipTarget(archive))
        if not report.done:
            raise ImageNotFoundError("no storage directory here has anything that is wanted")
        file.seek(0)
        opened.pop_all()
    return report, cast("BinaryIO", file)


def _collect(bench: Workbench, wanted: Iterable[WantedImage], place: Target) -> ChangeReport:
    plan: list[FileChange] = []
    done: list[FileChange] = []
    refused: list[RefusedChange] = []
    for each in wanted:
        change = FileChange(each.image_id or each.content_id, None, None)
        try:
            with ExitStack() as opened:
                change, copy, mtime_ns = _find(bench, each, opened)
                place.put(change.path or "", copy, mtime_ns)
            done.append(change)
        except StrandlineError as error:
            refused.append(change.refuse(error))
        plan.append(change)
    return ChangeReport(tuple(plan), tuple(done), tuple(refused))


def _find(
    bench: Workbench, wanted: WantedImage, opened: ExitStack
) -> tuple[FileChange, ProofCopy, int | None]:
    """The wanted bytes, read just now, and the file that they become.

    Raises:
        ImageNotFoundError: No storage directory of this machine has them.
    """
    for image_id in dict.fromkeys((wanted.content_id, wanted.image_id)):
        found = None if image_id is None else find_image(bench, image_id)
        if found is None:
            continue
        opened.callback(found.close)
        copy = found.lend_copy()
        media_type = find_media_type(found.media_type)
        if wanted.is_right(copy.sha256) and media_type is not None:
            name = f"{wanted.content_id}.{media_type.extension}"
            change = FileChange(
                wanted.image_id or wanted.content_id, found.sd.sd_id, name, copy.size_bytes, found.sd.name
            )
            with bench.catalog.read() as reader:
                row = reader.files.find_row(found.sd.number, found.relative_path)
            return change, copy, None if row is None or row.stamp is None else row.stamp.mtime_ns
    raise ImageNotFoundError(
        f"no storage directory here has the bytes of {wanted.image_id or wanted.content_id}"
    )


@contextmanager
def _open_target(bench: Workbench, target: str) -> Iterator[Target]:
    if not target.lower().endswith(ZIP_ENDING):
        with disk_errors("make the folder", target):
            make_folders(Path(target))
        yield _FolderTarget(bench, bench.folder_at(target, LayoutKind.NAMED))
        return
    above, name = os.path.dirname(target), os.path.basename(target)
    folder = bench.folder_at(above, LayoutKind.NAMED)
    with disk_errors("look at", above):
        try:
            taken = folder.look_at([name])
            folder.find_real_root()
        except FileNotFoundError as error:
            raise InvalidPathError(f"there is no folder {above}; make it first", path=above) from error
    if taken:
        raise _say_taken(target)
    with disk_errors("write", str(bench.scratch)), tempfile.TemporaryFile(dir=bench.scratch) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            yield _ZipTarget(archive)
        if archive.namelist():
            file.seek(0)
            _write(folder, name, file, None)


class _FolderTarget:
    def __init__(self, bench: Workbench, folder: Folder) -> None:
        self._bench, self._folder = bench, folder

    def put(self, name: str, copy: ProofCopy, mtime_ns: int | None) -> None:
        """Writes the file, unless it is there."""
        with copy.open() as data:
            try:
                _write(self._folder, name, data, mtime_ns)
            except PlaceTakenError:
                limit_bytes = self._bench.limits.read_max_bytes
                with disk_errors("read", self._folder.where(name)):
                    if self._folder.hash_image(name, limit_bytes=limit_bytes).sha256 != copy.sha256:
                        raise


class _ZipTarget:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names: set[str] = set()

    def put(self, name: str, copy: ProofCopy, mtime_ns: int | None) -> None:  # noqa: ARG002
        """Adds the file. A ZIP's times have no time zone, so it has none."""
        if name in self._names:
            return
        self._names.add(name)
        with copy.open() as data, self._archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
            while piece := data.read(1024 * 1024):
                entry.write(piece)


def _write(folder: Folder, name: str, data: BinaryIO, mtime_ns: int | None) -> None:
    where = folder.where(name)
    try:
        with disk_errors("write", where, FileExistsError):
            folder.write_image(name, data, SaveMode.NEW, lambda: False, mtime_ns=mtime_ns)
    except FileExistsError as error:
        raise _say_taken(str(where)) from error


def _say_taken(where: str) -> PlaceTakenError:
    return PlaceTakenError(f"something else is at {where} now, and stays; name another target", path=where)
