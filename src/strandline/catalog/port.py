"""The port: the catalog as everything outside this room sees it, whatever database is behind it.

To read is to ask a :class:`Reader`; to write is to act on a :class:`Writer`, in one transaction. Both hand out a
small object for each table. No caller sees a connection or SQL. Another database passes the same tests
(``tests/contracts/catalog``), and ``runtime/assembly.py`` chooses it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from strandline.catalog.conflict_copies import ConflictCopyReader, ConflictCopyWriter
from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.earlier_files import EarlierFileReader, EarlierFileWriter
from strandline.catalog.image_files.reader import ImageFileReader
from strandline.catalog.image_files.writer import ImageFileWriter
from strandline.catalog.images import ImageReader
from strandline.catalog.journal import JournalReader, JournalWriter
from strandline.catalog.notes import NoteReader, NoteWriter
from strandline.catalog.origins import OriginReader, OriginWriter
from strandline.catalog.storage_dirs import StorageDirReader, StorageDirWriter
from strandline.catalog.trash_index import TrashReader, TrashWriter

if TYPE_CHECKING:
    from strandline.catalog.access_tokens import AccessTokenReader, AccessTokenWriter
    from strandline.catalog.audit import AuditReader, AuditWriter
    from strandline.catalog.bucket_guarantees import BucketGuaranteeReader, BucketGuaranteeWriter
    from strandline.catalog.image_files.duplicates import DuplicateReader
    from strandline.catalog.image_files.ranges import RangeReader
    from strandline.catalog.sign_ins import SignInReader, SignInWriter
    from strandline.catalog.whole_tables import TableReader, TableWriter


class Reader:
    """Answers questions from the last commit. In a ``snapshot()``, all answers come from the same commit."""

    files: ImageFileReader
    sds: StorageDirReader
    journal: JournalReader
    origins: OriginReader
    trash: TrashReader
    copies: ConflictCopyReader
    earlier: EarlierFileReader
    notes: NoteReader

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect
        self.images = ImageReader(conn, dialect)
        self.files = ImageFileReader(conn, dialect)
        self.sds = StorageDirReader(conn, dialect)
        self.journal = JournalReader(conn, dialect)
        self.origins = OriginReader(conn, dialect)
        self.trash = TrashReader(conn, dialect)
        self.copies = ConflictCopyReader(conn, dialect)
        self.earlier = EarlierFileReader(conn, dialect)
        self.notes = NoteReader(conn, dialect)

    @property
    def duplicates(self) -> DuplicateReader:
        """Files with the same bytes."""
        from strandline.catalog.image_files.duplicates import DuplicateReader  # here: few questions need it

        return DuplicateReader(self._conn, self._sql)

    @property
    def tokens(self) -> AccessTokenReader:
        """Who may use the catalog through a server."""
        from strandline.catalog.access_tokens import AccessTokenReader  # here: only servers ask

        return AccessTokenReader(self._conn, self._sql)

    @property
    def sign_ins(self) -> SignInReader:
        """What the servers of a shared catalog have in common."""
        from strandline.catalog.sign_ins import SignInReader

        return SignInReader(self._conn, self._sql)

    @property
    def guarantees(self) -> BucketGuaranteeReader:
        """What servers of buckets were seen to do."""
        from strandline.catalog.bucket_guarantees import BucketGuaranteeReader

        return BucketGuaranteeReader(self._conn, self._sql)

    @property
    def audit(self) -> AuditReader:
        """What they changed."""
        from strandline.catalog.audit import AuditReader

        return AuditReader(self._conn, self._sql)

    def limited_to(self, sds: Collection[int]) -> Reader:
        """The same answers as if only these storage directories were in the catalog (:mod:`~.limited`)."""
        from strandline.catalog.limited import LimitedReader  # here: only for those who may not see all

        return LimitedReader(self, self._conn, self._sql, sds)

    @property
    def ranges(self) -> RangeReader:
        """Files of a range of paths."""
        from strandline.catalog.image_files.ranges import RangeReader  # here: few commands divide work

        return RangeReader(self._conn, self._sql)

    @property
    def tables(self) -> TableReader:
        """Whole tables, as they are."""
        from strandline.catalog.whole_tables import TableReader  # here: only a move needs it

        return TableReader(self._conn, self._sql)


class Writer(Reader):
    """A transaction: either everything in it happens, or nothing. It can also answer as a :class:`Reader`."""

    files: ImageFileWriter
    sds: StorageDirWriter
    journal: JournalWriter
    origins: OriginWriter
    trash: TrashWriter
    copies: ConflictCopyWriter
    earlier: EarlierFileWriter
    notes: NoteWriter

    def __init__(self, conn: Connection, dialect: Dialect, journal: JournalWriter) -> None:
        self._conn = conn
        self._sql = dialect
        self.images = ImageReader(conn, dialect)
        self.files = ImageFileWriter(conn, dialect)
        self.sds = StorageDirWriter(conn, dialect)
        self.journal = journal
        self.origins = OriginWriter(conn, dialect)
        self.trash = TrashWriter(conn, dialect)
        self.copies = ConflictCopyWriter(conn, dialect)
        self.earlier = EarlierFileWriter(conn, dialect)
        self.notes = NoteWriter(conn, dialect)

    @property
    def tables(self) -> TableWriter:
        """Whole tables, to be filled."""
        from strandline.catalog.whole_tables import TableWriter  # here: only a move needs it

        return TableWriter(self._conn, self._sql)

    @property
    def tokens(self) -> AccessTokenWriter:
        """Who may use the catalog through a server."""
        from strandline.catalog.access_tokens import AccessTokenWriter

        return AccessTokenWriter(self._conn, self._sql)

    @property
    def sign_ins(self) -> SignInWriter:
        """What the servers of a shared catalog have in common."""
        from strandline.catalog.sign_ins import SignInWriter

        return SignInWriter(self._conn, self._sql)

    @property
    def guarantees(self) -> BucketGuaranteeWriter:
        """What servers of buckets were seen to do."""
        from strandline.catalog.bucket_guarantees import BucketGuaranteeWriter

        return BucketGuaranteeWriter(self._conn, self._sql)

    @property
    def audit(self) -> AuditWriter:
        """What they changed."""
        from strandline.catalog.audit import AuditWriter

        return AuditWriter(self._conn, self._sql)


class Catalog(Protocol):
    """One catalog, shared by all threads of a process. Safe beside other processes.

    Attributes:
        place: Where the database is, for messages.
        format: The version of its tables, when it was opened or connected to last. It may be newer than this
            program's (:mod:`~.formats`).
        is_shared: Whether other machines use it, too. Then it has only places that all of them see alike.
        epoch: Text of this database: at most 64 digits, ASCII letters, and dots. A rebuilt catalog has another one,
            so its event ids differ.
        on_commit: Called after each commit that appended an event, in the writer's thread. It must not
            block.
    """

    on_commit: Callable[[], None]

    @property
    def epoch(self) -> str: ...

    @property
    def place(self) -> str: ...

    @property
    def format(self) -> int: ...

    @property
    def is_shared(self) -> bool: ...

    @property
    def whole(self) -> Catalog:
        """The catalog itself; of a part (:mod:`~.limited`), that of which it is one. For what must not depend on who
        asks.
        """

    def read(self) -> AbstractContextManager[Reader]:
        """Answers from the last commit. Never waits for a writer.

        Raises:
            CatalogError, CatalogLockedError, DiskError: They replace the database's own errors.
        """

    def snapshot(self) -> AbstractContextManager[Reader]:
        """Like :meth:`read`, but all answers come from the same commit."""

    def write(self, *, durable: bool = False) -> AbstractContextManager[Writer]:
        """A transaction. It commits at the end of the block, and rolls back if the block raises.

        Its events become visible with its changes, never after events with larger numbers (decision 15). ``durable``
        waits until the commit has reached the disk.

        Raises:
            CatalogLockedError: Another process held the catalog for too long.
        """

    def hold(self, name: str, limit_s: float) -> AbstractContextManager[Callable[[], None]]:
        """The lock of a name, which one program has at a time, of all that share the catalog. What it gives raises an
        error if the lock was lost meanwhile.

        The server takes it away from a program that says nothing for ``limit_s``, or whose connection breaks.
        A server that takes over knows nothing of the locks of the one before.

        Raises:
            NotSharedError: The catalog is this home's own.
            CatalogLockedError: Another program has it for too long.
            CatalogAwayError: There is no server.
        """

    def listen(self) -> None:
        """Calls :attr:`on_commit` also soon after another process committed events, if the database can tell.
        Idempotent. That only wakes: a program that reads the journal from time to time misses nothing without it.
        """

    def check_format(self) -> None:
        """Checks whether this program may still use the catalog: a newer one may have changed its tables meanwhile.
        Writing checks it, too. Cost: a statement.

        Raises:
            CatalogTooNewError: It may not.
        """

    def read_version(self) -> int:
        """A token for the catalog as it is now. Cost: some microseconds."""

    def changed_since(self, version: int) -> bool:
        """Whether this or another process has committed since the token was read."""

    def check_integrity(self) -> list[str]:
        """Problems found by the database's own check; empty if it is healthy. Reads everything."""

    def close(self) -> None:
        """Frees everything. Idempotent."""
