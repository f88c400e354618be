"""What a store may write into a folder, and what it may replace there (I4, I13, I15, I22).

Every change of every file between two looks was made by the store, and its operation must allow it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from stateful.deeds import ADDING, REMOVING, REPLACING, Deed, Facts, Look, check
from stateful.pool import is_right
from stateful.replica import MEDIA, Seen

if TYPE_CHECKING:
    from stateful.machine import Machine

SYSTEM_LITTER = ("media/.DS_Store", "media/Thumbs.db")
"""The part of ``litter`` in a media folder that does not hint at images on their way."""


@dataclass(frozen=True, slots=True)
class WrittenLaws:
    """Checks what one machine writes."""

    machine: Machine
    hashes: dict[tuple[str, str, Seen], str]
    """Hashes of all files that were ever seen in its media folders: by label, key, and ``lstat``."""

    def judge(self, before: Look, after: Look, deed: Deed, facts: Facts) -> None:
        for label, was in before.disk.items():
            now = after.disk.get(label, {})
            for key in was.keys() | now.keys():
                if was.get(key) != now.get(key):
                    self._check_write(label, key, was.get(key), now.get(key), before, after, deed, facts)

    def _check_write(
        self,
        label: str,
        key: str,
        was: Seen | None,
        now: Seen | None,
        before: Look,
        after: Look,
        deed: Deed,
        facts: Facts,
    ) -> None:
        replica = self.machine.replicas[label]
        what = f"{deed} of {label}/{key}: {was} became {now}"
        only_reads = [
            sd for sd in after.sds.values() if self.machine.find_label(sd) == label and sd.read_only
        ]
        check(not only_reads, "I4", f"a folder that is only to be read was written to; {what}")
        if key == MEDIA:
            check(was is None and deed in ADDING, "I4", what)
            return
        if key == ".sd-id" and now is None:
            check(before.values[label] <= after.values[label], "I4", f"a value is lost; {what}")
            return
        if key == "SD_ID" or key.startswith("SD_ID.was-"):
            check(now is not None and (was is None or key == "SD_ID"), "I4", what)
            self._check_identity(label, before, after, deed, what)
            return
        has_twin = self.has_twin(label, before) and self.has_twin(label, after)
        check(not has_twin, "I15", f"nobody has said which is the copy; {what}")
        if now is None:
            assert was is not None
            self._check_removed(label, key, was, before, after, deed, facts, what)
        elif was is None:
            check(deed in ADDING and facts.label in ("", label), "I4", what)
            self._check_added(label, key, before, deed, what)
        else:
            check(
                deed in REPLACING and facts.label in ("", label) and key.startswith(f"{MEDIA}/"), "I4", what
            )
            check(deed is not Deed.SAVE or self._may_replace(label, key, before, facts), "I22", what)
            data = replica.read(key) or b""
            check(is_right(PurePosixPath(key).name, data), "I4", f"wrong bytes were written; {what}")
            self._check_replaced(label, key, was, what)

    def _check_added(self, label: str, key: str, before: Look, deed: Deed, what: str) -> None:
        """New files have right bytes. What is brought back is what was deleted there."""
        data = self.machine.replicas[label].read(key) or b""
        if deed is Deed.RESTORE:
            was_deleted = {kept.sha256 for kept in before.trash.values() if kept.path == key}
            is_it = hashlib.sha256(data).hexdigest() in was_deleted
            check(is_it, "restored", f"not what was deleted; {what}")
        else:
            check(key.startswith(f"{MEDIA}/"), "I4", what)
            check(is_right(PurePosixPath(key).name, data), "I4", f"wrong bytes were written; {what}")

    def _check_removed(
        self,
        label: str,
        key: str,
        was: Seen,
        before: Look,
        after: Look,
        deed: Deed,
        facts: Facts,
        what: str,
    ) -> None:
        """Each verb takes only what it is for (that no bytes are lost is checked by ``kept``)."""
        check(deed in REMOVING and (facts.source or facts.label) in ("", label), "I4", what)
        if not key.startswith(f"{MEDIA}/"):
            check(deed is Deed.RESOLVE and before.values[label] == after.values[label], "I13", what)
            return
        old = self.hashes[label, key, was]
        if deed is Deed.DELETE:
            check(
                PurePosixPath(key).name.lower().startswith(facts.filename), "I4", f"nobody meant it; {what}"
            )
        elif deed is Deed.COLLECT:
            self._check_collected(label, key, before, after, what)
        else:
            place = facts.label if deed is Deed.MOVE else label
            twins = [each for each in after.disk[place] if self._hash(place, each, after) == old]
            check(bool(twins), "I4", f"no other file has its bytes; {what}")

    def _check_collected(self, label: str, key: str, before: Look, after: Look, what: str) -> None:
        """No text of any folder names it, all folders could be read, and no more than a tenth went."""
        image_id = PurePosixPath(key).name.partition(".")[0].lower()
        away = [sd.name for sd in after.sds.values() if not sd.is_reachable]
        check(not away, "collected", f"nobody could read the notes in {away}; {what}")
        for each, replica in self.machine.replicas.items():
            for note in replica.list_keys():
                if not note.startswith(f"{MEDIA}/"):
                    named = image_id.encode() in (replica.read(note) or b"").lower()
                    check(not named, "collected", f"{each}/{note} names it; {what}")
        files = [each for each in before.disk[label] if each.startswith(f"{MEDIA}/")]
        gone = [each for each in files if each not in after.disk[label]]
        check(len(gone) * 10 <= len(files), "collected", f"{len(gone)} of {len(files)} went at once; {what}")

    def _hash(self, label: str, key: str, look: Look) -> str | None:
        return self.hashes.get((label, key, look.disk[label][key]))

    def _may_replace(self, label: str, key: str, before: Look, facts: Facts) -> bool:
        """A save may replace its own file, and that of the image that was in its place."""
        own, there = f"{MEDIA}/{facts.filename}", before.disk[label]
        foreign = self.hashes.get((label, own, there[own]), "") if own in there else ""
        return key == own or PurePosixPath(key).stem == foreign[:32]

    def has_twin(self, label: str, look: Look) -> bool:
        """Whether two online folders have the same identity."""
        here = [
            sd.sd_id
            for sd in look.sds.values()
            if sd.is_reachable and self.machine.find_label(sd) is not None
        ]
        own = [
            sd.sd_id for sd in look.sds.values() if sd.is_reachable and self.machine.find_label(sd) == label
        ]
        return any(here.count(sd_id) > 1 for sd_id in own)

    def _check_identity(self, label: str, before: Look, after: Look, deed: Deed, what: str) -> None:
        known = {str(sd.sd_id).encode() for sd in before.sds.values() if self.machine.find_label(sd) == label}
        new = after.values[label] - before.values[label]
        lost = before.values[label] - after.values[label]
        check(not lost, "I13", f"the value {lost} is in no file any more; {what}")
        # Another program has replaced it in SD_ID. The same deed may write several identity files.
        new -= {value for value in known if f"SD_ID.was-{value.decode()}" in after.disk[label]}
        if deed is Deed.ADD:
            is_blank = not any(key.lower().startswith("sd_id") for key in before.disk[label])
            holds_nothing = all(
                key in SYSTEM_LITTER for key in before.disk[label] if key.startswith(f"{MEDIA}/")
            )
            check(not new or (is_blank and holds_nothing), "I13", f"{new} was made up; {what}")
        else:
            allowed = known if deed is Deed.CONFIRM else set()
            check(new <= allowed, "I13", f"{new} was made up; {what}")

    def _check_replaced(self, label: str, key: str, was: Seen, what: str) -> None:
        """A save replaces only wrong bytes, and only what it has put into the trash."""
        old = self.hashes.get((label, key, was))
        check(old is not None, "I22", f"the simulator does not know what was replaced; {what}")
        name = PurePosixPath(key).name
        check(
            not (old or "").startswith(name.partition(".")[0].lower()),
            "I22",
            f"right bytes were replaced; {what}",
        )
        kept = [path for path in (self.machine.home / "trash").glob("*/*/*") if path.name != "about.json"]
        kept += list((self.machine.replicas[label].root / MEDIA).iterdir())
        hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in kept if path.is_file()}
        check(old in hashes, "I4", f"the replaced bytes are nowhere; {what}")
