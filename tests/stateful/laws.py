"""The invariants that are checked after everything that a store does (docs/hazards.md).

The difference between two looks at disk and catalog is what the store did in between. Nothing here asks the tested
code: bytes are hashed again, identities are read again, and the brake is computed again. The laws of the end are in
``settled``.
"""

from __future__ import annotations

import hashlib
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from stateful.deeds import Deed, Disk, Facts, Kept, Key, Look, check
from stateful.kept import KeptLaws
from stateful.looks import has_stamp, is_ambiguous, is_of, is_there, is_too_soon, read_values
from stateful.pool import is_right, lacks_only_its_end
from stateful.reads import Read, Reads
from stateful.replica import FAT_TICK_NS, MEDIA, Replica, Seen
from stateful.sightings import Sightings
from stateful.told import ToldLaws
from stateful.written import WrittenLaws
from strandline.model.image_files import FileState, ImageFile, ProofKind
from strandline.model.storage_dirs import StorageDir

if TYPE_CHECKING:
    from stateful.machine import Machine

DAY_S = 24 * 3600.0
GRACE_S = 60.0
SLACK_S = 0.001
READS_OF_A_GOOD_FILE = 2
"""One that proves it, and one more if the first came too soon after its mtime."""

_GONE = (FileState.MISSING, FileState.TRASHED)


@dataclass(slots=True)
class Laws:
    """Checks one machine."""

    machine: Machine
    reads: Reads = field(default_factory=Reads)
    durable_log_bytes: int = 0
    """This much of the catalog's log is durable for certain."""
    _before: Look | None = None
    _before_that: Look | None = None
    _looked_at: object = None
    _doubtful: set[Key] = field(default_factory=set)
    """Absent before a power cut, which may have lost the news that they were back in between."""
    _judged: tuple[object, object] = (None, None)
    """Rows and disk at the last check. While they stay, so does its result."""
    _values: dict[str, tuple[object, frozenset[bytes]]] = field(default_factory=dict)
    _sightings: Sightings = field(default_factory=Sightings)
    _hashes: dict[tuple[str, str, Seen], str] = field(default_factory=dict)
    _times_read: Counter[Read] = field(default_factory=Counter)
    _noted: dict[str, int] = field(default_factory=dict)
    _promised: set[Key] = field(default_factory=set)
    _written: WrittenLaws = field(init=False)
    _told: ToldLaws = field(init=False)
    _kept: KeptLaws = field(init=False)

    def __post_init__(self) -> None:
        self._written = WrittenLaws(self.machine, self._hashes)
        self._told = ToldLaws(self.machine)
        self._kept = KeptLaws(self.machine, self._hashes)

    def look_before(self) -> None:
        """Called before the store does anything. If nothing has changed since its last operation, that look is
        used.
        """
        state = self._state_of_disks()
        if self._before is None or self._looked_at != state:
            self._before = self._look()
        self.reads.begin()

    def judge(self, deed: Deed, facts: Facts) -> bool:
        """Compares with the look before. Returns whether anything was written to a folder.

        Raises:
            LawBrokenError: An invariant is violated.
        """
        before, after = self._before, self._look()
        assert before is not None
        read = self.reads.end()
        self._before_that, self._before = before, after
        self._looked_at = self._state_of_disks()
        self._check_reads(read, deed)
        self._written.judge(before, after, deed, facts)
        self._told.judge(before, after)
        self._kept.judge(before, after, deed)
        _check_rows_stay(before, after, deed)
        if after.rows is not self._judged[0] or after.disk != self._judged[1]:
            self._judged = after.rows, after.disk
            labels = {number: self.machine.find_label(sd) for number, sd in after.sds.items()}
            for key, row in after.rows.items():
                if row.absent_since is None:
                    self._doubtful.discard(key)
                label = labels[row.sd]
                if label is not None:
                    self._check_row(row, before.rows.get(key), after.sds[row.sd], label, before, after)
        for number, sd in after.sds.items():
            self._check_storage_dir(number, sd, before, after)
        if deed is Deed.SAVE:
            self._note_promise(facts, after)
        return before.disk != after.disk

    def forget_look(self) -> None:
        """Something other than the store has changed the catalog, or a new life begins."""
        self._before = None
        self._times_read.clear()

    def rename_label(self, old: str, new: str) -> None:
        """Renames a label. The new one goes to an empty folder."""
        here = {sd.number for sd in self.machine.list_known() if self.machine.find_label(sd) == old}
        accepted = {
            f"{MEDIA}/{row.filename}"
            for row in self.machine.rows().values()
            if row.absence_accepted and row.sd in here
        }
        self._sightings.rename(old, new, self.machine.clock.monotonic(), accepted)
        self._hashes |= {
            (new, key, seen): sha256 for (label, key, seen), sha256 in self._hashes.items() if label == old
        }
        self._noted.clear()
        self._before = None

    def check_promises(self, known: set[Key]) -> None:
        """After a power cut: what a save promised is still known, if it was known before."""
        rows = self.machine.rows()
        self._told.begin_anew()
        self._doubtful = {key for key, row in rows.items() if row.absent_since is not None}
        for key in self._promised & known:
            check(key in rows, "I21", f"the row of {key} was promised by a save, and is lost by a power cut")

    def list_values(self, label: str) -> frozenset[bytes]:
        """The identities in the folder now."""
        replica = self.machine.replicas[label]
        return read_values(replica, replica.look())

    def list_trash(self) -> dict[str, Kept]:
        """What is in the trash now."""
        return self._kept.look()

    def has_twin(self, label: str) -> bool:
        """Whether another folder that is online has the same identity."""
        return self._written.has_twin(label, self._look())

    # --- I16, I24: what is read ---------------------------------------------------------------------------------

    def _check_reads(self, read: list[Read], deed: Deed) -> None:
        if deed is Deed.ADD:
            self._times_read.clear()  # another life begins
        for path, stamp in read:
            is_placeholder = path.endswith((".icloud", ".nextcloud", ".rsls"))
            check(not is_placeholder, "I16", f"the placeholder {path} was read")
            if deed is Deed.WATCH:
                self._times_read[path, stamp] += 1
        for (path, stamp), times in self._times_read.items():
            # Otherwise one stamp may belong to several contents.
            is_told_apart = stamp.mtime_ns % FAT_TICK_NS != 0
            if times > READS_OF_A_GOOD_FILE and is_told_apart and has_stamp(path, stamp):
                name, data = PurePosixPath(path).name, Path(path).read_bytes()
                right = is_right(name, data) and not lacks_only_its_end(name, data)
                check(
                    not right, "I24", f"{path} is right, has not stirred, and was read {times} times: {stamp}"
                )

    # --- I2, I3, I5, I7: what is believed ---------------------------------------------------------------------

    def _check_row(
        self, row: ImageFile, old: ImageFile | None, sd: StorageDir, label: str, before: Look, after: Look
    ) -> None:
        key = f"{MEDIA}/{row.filename}"
        at = after.disk.get(label, {}).get(key)
        what = f"{label}/{row.filename} is {row.state}"
        if row.state is FileState.PRESENT and row.proof_is_current and row.proof is not None:
            proven = row.proof.sha256
            if row.image_id is not None and len(row.image_id) == 32:
                check(proven.startswith(row.image_id), "I2", f"{what} by the proof {proven}")
            if at is not None and is_of(row, at) and not is_too_soon(row.proof, at):
                found = self._hash(label, key, at)
                check(found == proven, "I2", f"{what} by the proof {proven}, and its bytes have {found}")
                data = self.machine.replicas[label].read(key) or b""
                is_told_apart = row.proof.kind is ProofKind.DECODED or not lacks_only_its_end(
                    row.filename, data
                )
                check(
                    is_right(row.filename, data) and is_told_apart,
                    "I2",
                    f"{what} by {row.proof.kind}, and its bytes are not right",
                )
        if (
            row.state is FileState.DAMAGED
            and (old is None or old.state is not FileState.DAMAGED)
            and at is not None
        ):
            span_s = self.machine.clock.monotonic() - self._sightings.get_change_s(label, key)
            check(span_s >= DAY_S - SLACK_S, "I3", f"{what} {span_s:.0f} s after its last change")
            check(not is_right(row.filename, self.machine.replicas[label].read(key) or b""), "I3", what)
        if row.state is FileState.MISSING and old is not None and old.state not in _GONE:
            check(at is None, "I5", f"{what} and lies there")
            span_s = self.machine.clock.monotonic() - self._sightings.get_absence_s(label, key)
            is_told = (row.sd, row.filename) in self._doubtful
            check(
                is_told or span_s >= GRACE_S - SLACK_S, "I5", f"{what} {span_s:.1f} s after it was seen last"
            )
            check(sd.is_reachable, "I5", f"{what} in a storage directory that is {sd.state}")
            braked = not old.absence_accepted and all(
                self._is_braked(look, sd.number, label) for look in (before, after)
            )
            check(not braked, "I7", f"{what}, and too many went with it")

    def _is_braked(self, look: Look, number: int, label: str) -> bool:
        """Whether too many files are gone for any to be missing, by the rows of either moment and the current
        disk.
        """
        there = {key.lower() for key in look.disk.get(label, {})}
        before = self._before_that
        assert before is not None
        expected = [
            row
            for (sd, name), row in look.rows.items()
            if sd == number
            and not row.absence_accepted
            and (before.rows.get((sd, name), row).state not in _GONE)
            and row.state is not FileState.TRASHED
        ]
        absent = [row for row in expected if not is_there(row.filename, there)]
        return len(absent) > max(5, len(expected) / 10) or (len(absent) == len(expected) >= 2)

    # --- I6 ---------------------------------------------------------------------------------------------------

    def _check_storage_dir(self, number: int, sd: StorageDir, before: Look, after: Look) -> None:
        label = self.machine.find_label(sd)
        if label is None or self.machine.replicas[label].away is None or number not in before.sds:
            return
        was, now = (
            {key: row for key, row in look.rows.items() if key[0] == number} for look in (before, after)
        )
        changed = [f"{row} became {now.get(key)}" for key, row in was.items() if now.get(key) != row]
        check(was == now, "I6", f"the rows of {label} changed while it was unmounted: {changed}")

    # --- looking ----------------------------------------------------------------------------------------------

    def _look(self) -> Look:
        now_s = self.machine.clock.monotonic()
        disk: Disk = {}
        values = {}
        for label, replica in self.machine.replicas.items():
            disk[label] = replica.look()
            values[label] = self._find_values(label, replica, disk[label])
            if replica.away is None:
                self._note_times(label, disk[label], now_s)
        sds = {sd.number: sd for sd in self.machine.list_known()}
        return Look(disk, self.machine.rows(), sds, values, self._kept.look())

    def _state_of_disks(self) -> object:
        return [
            (label, replica.root, replica.away, replica.changes)
            for label, replica in self.machine.replicas.items()
        ]

    def _note_times(self, label: str, entries: dict[str, Seen], now_s: float) -> None:
        replica, rows = self.machine.replicas[label], self.machine.rows()
        here = {sd.number: sd for sd in self.machine.list_known() if self.machine.find_label(sd) == label}
        has_changed = self._noted.get(label) != replica.changes
        self._noted[label] = replica.changes
        changed = self._sightings.note(
            label,
            entries,
            [f"{MEDIA}/{filename}" for number, filename in rows if number in here],
            now_s,
            is_reachable=any(sd.is_reachable for sd in here.values()),
        )
        for key, seen in entries.items():
            is_stale = key in changed or (has_changed and is_ambiguous(seen))
            if is_stale and stat.S_ISREG(seen.mode):
                self._hashes[label, key, seen] = self._read_hash(label, key)
        self._forget_reads(replica, entries)

    def _forget_reads(self, replica: Replica, entries: dict[str, Seen]) -> None:
        """A file that vanished and comes back is looked at again, like a new one."""
        below = f"{replica.root}/"
        there = {f"{below}{key}" for key in entries}
        for read in [read for read in self._times_read if read[0].startswith(below) and read[0] not in there]:
            del self._times_read[read]

    def _find_values(self, label: str, replica: Replica, entries: dict[str, Seen]) -> frozenset[bytes]:
        in_root = {key: seen for key, seen in entries.items() if "/" not in key}
        known = self._values.get(label)
        if known is None or known[0] != in_root:
            known = self._values[label] = in_root, read_values(replica, entries)
        return known[1]

    def _hash(self, label: str, key: str, seen: Seen) -> str:
        known = self._hashes.get((label, key, seen))
        return self._read_hash(label, key) if known is None else known

    def _read_hash(self, label: str, key: str) -> str:
        return hashlib.sha256(self.machine.replicas[label].read(key) or b"").hexdigest()

    def _note_promise(self, facts: Facts, after: Look) -> None:
        self.durable_log_bytes = self.machine.log_size()
        for (number, filename), row in after.rows.items():
            sd = after.sds[number]
            if filename == facts.filename and self.machine.find_label(sd) == facts.label and row.is_proven:
                self._promised.add((number, filename))


def _check_rows_stay(before: Look, after: Look, deed: Deed) -> None:
    """Only a person who forgets a folder, or empties the trash, drops rows (I5, I25)."""
    for number, filename in before.rows.keys() - after.rows.keys():
        if deed is Deed.EMPTY and before.rows[number, filename].state is FileState.TRASHED:
            continue
        check(number not in after.sds, "I5", f"the row of {filename} is gone, and its folder is still known")
