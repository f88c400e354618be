"""One attempt to save one image: it is found in the folder, or written and registered, once, and never half.

What surprises: an existing file is *proven* before it counts. If it is arriving or damaged, it is replaced (its bytes
go to the trash first). If it is somebody's foreign image, it is first saved under its real id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from strandline.errors import (
    DifferentBytesError,
    DiskError,
    RefusedError,
    UnreadableFileError,
    WrongBytesError,
)
from strandline.folders.disk_errors import disk_errors
from strandline.folders.port import Folder, SaveMode
from strandline.model.image_files import FileStamp, ImageFile, Proof
from strandline.model.image_ids import ImageId, is_content_id
from strandline.model.markdown import format_markdown
from strandline.model.media_types import MediaType
from strandline.model.reports import Saved
from strandline.model.states import Look, Seen, after_look, choose_mtime, event_between, register_listed
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import TrashedFile, TrashReason
from strandline.model.values import dataclass
from strandline.services.finding.candidates import Discovery, add_odd_names, each_once
from strandline.services.finding.search import open_proven
from strandline.services.proving.prove import Outcome, ProofResult, look_at, prove_file
from strandline.services.saving.foreign import keep_foreign
from strandline.services.saving.intake import TakenSource, remember_name
from strandline.services.storage_dirs.writing import check_writable
from strandline.services.trashing.replace import replace_file
from strandline.services.workbench import Workbench

if TYPE_CHECKING:
    from typing import BinaryIO

    from strandline.catalog.port import Writer
    from strandline.folders.port import AsideCopy, WrittenFile


@dataclass(slots=True)
class Attempt:
    """One attempt to save one image. If :meth:`run` returns None, the folder changed meanwhile: try again."""

    bench: Workbench
    sd: StorageDir
    folder: Folder
    taken: TakenSource
    media_type: MediaType
    image_id: ImageId

    def run(self) -> Saved | None:
        """Finds the image in the folder, or writes it."""
        existing = self.list_existing()
        filename = self.choose_name(existing)
        in_the_way: ProofResult | None = None
        for name in existing:
            if (proof := self._find_proof(name)) is not None:
                return self._saved_before(name, proof)
            result = prove_file(self.bench, self.sd, name)
            if result.outcome is Outcome.GOOD and result.copy is not None:
                if result.copy.sha256 == self.taken.copy.sha256:
                    return self._saved_before(name, None if result.row is None else result.row.proof)
                raise self._different_bytes(name)
            if name == filename and result.outcome is not Outcome.GONE:
                in_the_way = result
        # A content id is its own proof. Under another one, nothing may be written that nothing can verify.
        look = None if is_content_id(self.image_id) else self.look(filename)
        self.bench.being_saved.add((self.sd.number, filename))
        try:
            with (
                disk_errors("write", self.folder.where(filename)),
                self.taken.copy.walked_meanwhile(self.media_type),
            ):
                if in_the_way is None:
                    written, trashed = self._write(filename, SaveMode.NEW, self.is_free), None
                else:
                    written, trashed = self._replace(filename, in_the_way)
            if written is None:
                return None
            self._check_still_there()
            look = replace(look or self.look(filename), stamp=written.stamp, ctime_ns=written.ctime_ns)
            with self.bench.catalog.write(durable=True) as writer:
                self.register(writer, filename, look)
                if trashed is not None:
                    writer.trash.insert_trashed(trashed)
            return self.report(filename, new=True, whole=look.whole)
        finally:
            self.bench.being_saved.discard((self.sd.number, filename))

    def find_new_name(self, together: Collection[str]) -> str | None:  # noqa: ARG002
        """The name under which it can be written if no file must be read before. None if one must be.

        ``together`` are folded names that others are about to get.
        """
        return None if self.list_existing() else self.folder.layout.name_for(self.image_id, self.media_type)

    def choose_name(self, existing: Collection[str], together: Collection[str] = ()) -> str:  # noqa: ARG002
        """The file name to write to: all lower case, or the existing spelling if the disk finds it under another
        one. ``together`` is as in :meth:`find_new_name`.
        """
        filename = self.folder.layout.name_for(self.image_id, self.media_type)
        odd = [name for name in existing if name != filename and name.lower() == filename]
        return odd[0] if filename not in existing and odd and self.folder.probe([filename]) else filename

    def list_existing(self) -> list[str]:
        """The image's files in this SD: those that discovery finds, and others that the catalog knows.

        Raises:
            DiskError: The folder cannot be searched. For a legacy id, which may have other bytes, also: it cannot be
                listed.
        """
        with self.bench.catalog.read() as reader:
            rows = reader.files.list_rows_of_image(self.image_id)
        layout = self.folder.layout
        known = [layout.name_of(row.path) for row in rows if row.sd == self.sd.number]
        likely = (*layout.candidates(self.image_id), *layout.respell(self.image_id, self.media_type), *known)
        with disk_errors("look into", self.folder.where("")):
            probed = self.folder.probe(dict.fromkeys(likely))
        found = tuple(name for name, _ in probed)
        # For a content id, a file with another spelling is at worst a second copy, never another image.
        if is_content_id(self.image_id) and found == each_once(found):
            return list(found)
        discovery = add_odd_names(self.folder, self.image_id, Discovery(found))
        if discovery.problem is not None and not is_content_id(self.image_id):
            raise DiskError(
                f"other bytes may be in {self.sd.name!r} under the id {self.image_id}, for {discovery.problem}; "
                "fix that, or omit the id",
                path=self.sd.path,
            )
        return list(discovery.filenames)

    def has_bytes(self, name: str) -> bool:
        """Whether the file has exactly these bytes. Reads it, unless a proof is reliable."""
        if self._find_proof(name) is not None:
            return True
        result = prove_file(self.bench, self.sd, name)
        is_same = result.copy is not None and result.copy.sha256 == self.taken.copy.sha256
        return is_same and result.outcome is Outcome.GOOD

    def _find_proof(self, name: str) -> Proof | None:
        """The proof that the file has these bytes, if it is reliable. Reads nothing."""
        with self.bench.catalog.read() as reader:
            row = reader.files.find_row(self.sd.number, self.folder.layout.path_of(name))
        if row is None or row.proof is None or row.proof.sha256 != self.taken.copy.sha256:
            return None
        opened = open_proven(self.bench, self.sd, row)
        if opened is None:
            return None
        opened.close()
        return row.proof

    def _saved_before(self, filename: str, proof: Proof | None) -> Saved | None:
        """The result if the existing file is the image. Makes it durable, because its writer may not have synced
        it.
        """
        try:
            with disk_errors("sync", self.folder.where(filename), FileNotFoundError):
                self.folder.ensure_durable(filename)
        except FileNotFoundError:
            return None
        remember_name(self.bench, self.image_id, self.taken)
        whole = None if proof is None else proof.whole
        if whole is None:  # it was proven before this was recorded
            whole = self.taken.copy.find_structure(self.media_type).whole
        return self.report(filename, new=False, whole=whole)

    def look(self, filename: str) -> Look:
        """What the bytes will prove under the name.

        Raises:
            WrongBytesError: Nothing. A content id is its own proof; a legacy id needs a whole image.
        """
        taken, now = self.taken, self.bench.now()
        look = look_at(self.bench, self._new_row(filename, taken.copy.stamp, now), taken.copy, now)
        is_doubtful = not look.whole or look.decodes is False
        if is_doubtful and not is_content_id(self.image_id):
            raise WrongBytesError(
                f"{taken.subject} is not a whole image ({look.reason}), so nothing can "
                "verify it under an id of your own; omit the id",
                source=taken.source,
                image_id=self.image_id,
            )
        # All of it was given: nobody is writing any more.
        return replace(look, open_ended=False) if look.open_ended else look

    def is_free(self) -> bool:
        """Called right before a rename that could replace something. True only for content ids, if the name still
        is free.
        """
        name = self.folder.layout.name_for(self.image_id, self.media_type)
        return is_content_id(self.image_id) and not self.folder.probe([name])

    def _replace(self, filename: str, there: ProofResult) -> tuple[WrittenFile | None, TrashedFile | None]:
        """Puts the good bytes in place of arriving, damaged, or foreign ones. Those go to the trash first."""
        path = self.folder.where(filename)
        if there.outcome is Outcome.CHANGING:
            return None, None
        if there.outcome is Outcome.UNREADABLE:
            raise UnreadableFileError(
                f"a file is under the image's name already: {there.reason}", path=str(path)
            )
        keep_foreign(self.bench, self.sd, filename, there)

        def is_judged(copied: AsideCopy) -> bool:
            # If these are not the bytes that failed their proof, they may be a whole image by now.
            return there.copy is not None and copied.sha256 == there.copy.sha256

        def write(allowed: Callable[[], bool]) -> WrittenFile | None:
            self._check_still_there()
            return self._write(filename, SaveMode.REPLACE, allowed)

        done = replace_file(
            self.bench,
            self.sd,
            filename,
            self.image_id,
            TrashReason.REPLACED,
            is_judged=is_judged,
            write=write,
        )
        return (None, None) if done is None else done

    @property
    def mtime_ns(self) -> int:
        """The new file's mtime."""
        return choose_mtime(self.taken.mtime_ns, self.bench.now())

    @property
    def source(self) -> bytes | BinaryIO:
        """The bytes to write."""
        buffer = self.taken.buffer
        return buffer if isinstance(buffer, bytes) else self.taken.copy.open()

    def _write(self, filename: str, mode: SaveMode, allowed: Callable[[], bool]) -> WrittenFile | None:
        # What replaces wrong bytes is newer than they are, or sync clients would take it for the same file, or older.
        mtime_ns = self.mtime_ns if mode is SaveMode.NEW else None
        try:
            return self.folder.write_image(filename, self.source, mode, allowed, mtime_ns=mtime_ns)
        except FileExistsError:
            self._check_regular(filename)
            return None

    def _check_regular(self, filename: str) -> None:
        """Raises if the name belongs to something else than a file. A file that has just appeared is no error.

        Raises:
            RefusedError: It is a folder, a link, or something else.
        """
        with suppress(FileNotFoundError):
            if self.folder.describe(self.folder.layout.path_of(filename)).kind != "file":
                path = self.folder.where(filename)
                raise RefusedError(
                    f"{path} is in the way and is not a regular file; move it away and save again",
                    path=str(path),
                )

    def _check_still_there(self) -> None:
        """Checks the SD again before bytes are replaced, and before success is reported.

        Meanwhile the path may lead to an empty mount point or to another disk (hazard H17). Anything already written
        then stays where it is, but the save does not report success.

        Raises:
            ReadOnlyStorageDirError, CopiedStorageDirError, StorageDirOfflineError, StorageDirIncompleteError: It is
                not there, or not the same any more.
        """
        self.sd = check_writable(self.bench, self.sd)
        self.folder = self.bench.folder(self.sd)

    def register(self, writer: Writer, filename: str, look: Look) -> None:
        """Adds the written file's row, event, and original name to a transaction."""
        now, name, layout = self.bench.now(), self.taken.original_name, self.folder.layout
        old, new = None, after_look(self._new_row(filename, look.stamp, now), look, now, layout)
        if not writer.files.insert_row(new):
            old = writer.files.find_row(self.sd.number, new.path)
            assert old is not None, "what keeps the row from being inserted"
            new = after_look(old, look, now, layout)
            if new is not old:
                writer.files.update_row(old, new)
        event = event_between(old, new, self.sd.sd_id, now, saved=True)
        if event is not None:
            writer.journal.append_event(event)
        if name is not None:
            writer.origins.add_origin(self.image_id, name, self.taken.origin, now)

    def _new_row(self, filename: str, stamp: FileStamp, now: datetime) -> ImageFile:
        wanted = self.folder.layout.split(filename)
        assert wanted is not None
        return register_listed(
            self.sd.number, self.folder.layout.path_of(filename), *wanted, Seen(stamp), now
        )

    def report(self, filename: str, *, new: bool, whole: bool) -> Saved:
        """The result."""
        name = self.taken.original_name or self.image_id
        return Saved(
            image_id=self.image_id,
            path=self.folder.layout.path_of(filename),
            media_type=self.media_type.name,
            size_bytes=self.taken.copy.size_bytes,
            new=new,
            markdown=format_markdown(self.bench.limits.markdown, filename, name),
            source=self.taken.source,
            whole=whole,
        )

    def _different_bytes(self, name: str) -> DifferentBytesError:
        return DifferentBytesError(
            f"{self.folder.where(name)} already has other bytes under the id {self.image_id}; "
            "leave the id out, and these get an id of their own",
            image_id=self.image_id,
            filename=name,
        )
