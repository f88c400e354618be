"""No bytes are lost by a store: what was in its folders or in its trash is in one of them afterwards.

Only emptying the trash takes anything away, and only what has been there for its grace time. So whatever was whole
once, and nobody deleted for good, is still somewhere, and a deletion on another machine never reaches the trash here.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from stateful.deeds import Deed, Kept, Look, check
from stateful.replica import MEDIA, Seen
from strandline.model.image_files import FileState

if TYPE_CHECKING:
    from stateful.machine import Machine

GRACE = timedelta(days=30)


@dataclass(slots=True)
class KeptLaws:
    """Checks what one machine keeps."""

    machine: Machine
    hashes: Mapping[tuple[str, str, Seen], str]
    """Hashes of all files that were ever seen in its media folders."""
    _known: dict[str, Kept] = field(default_factory=dict)

    def look(self) -> dict[str, Kept]:
        """What is in the trash, by its folder there. The bytes must be those of the description."""
        found = {}
        for folder in (self.machine.home / "trash").glob("*/*"):
            name = str(folder)
            kept = self._known.get(name)
            about = folder / "about.json"
            if kept is None and about.is_file():
                told = json.loads(about.read_text())
                path = folder / str(told["filename"])
                if not path.is_file():
                    continue  # nothing was moved
                sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
                check(sha256 == told["sha256"], "kept", f"{path} has other bytes than its description")
                kept = self._known[name] = Kept(
                    told["path"],
                    told["image_id"],
                    sha256,
                    told["reason"],
                    datetime.fromisoformat(told["trashed_at"]),
                )
            if kept is not None and (folder / kept.filename).is_file():
                found[name] = kept
        return found

    def judge(self, before: Look, after: Look, deed: Deed) -> None:
        """Compares two looks at folders and trash."""
        if before.trash != after.trash or before.disk != after.disk:
            self._check_kept(before, after, deed)
        for key, row in after.rows.items():
            is_new = row.state is FileState.TRASHED and key in before.rows
            if is_new and before.rows[key].state is not FileState.TRASHED:
                is_there = any(kept.path == row.path for kept in after.trash.values())
                check(is_there, "kept", f"{row.path} is called deleted, and is not in the trash")

    def _check_kept(self, before: Look, after: Look, deed: Deed) -> None:
        here = set(self._list_hashes(after, ""))
        now = self.machine.clock.now()
        for name in before.trash.keys() - after.trash.keys():
            kept = before.trash[name]
            may_go = deed is Deed.EMPTY and now - kept.at >= GRACE
            check(may_go or kept.sha256 in here, "kept", f"{kept} left the trash by {deed}, and is nowhere")
        may_go_too = {before.trash[name].sha256 for name in before.trash.keys() - after.trash.keys()}
        lost = (
            set(self._list_hashes(before, f"{MEDIA}/")) - here - (may_go_too if deed is Deed.EMPTY else set())
        )
        check(not lost, "kept", f"{deed} has lost the bytes {sorted(lost)}")

    def _list_hashes(self, look: Look, below: str) -> Iterable[str]:
        """Of the files in the folders, or in their media folders alone, and of the trash."""
        for label, entries in look.disk.items():
            for key, seen in entries.items():
                if key.startswith(below) and stat.S_ISREG(seen.mode):
                    yield self.hashes[label, key, seen]
        yield from (kept.sha256 for kept in look.trash.values())
