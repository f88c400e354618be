"""One machine with a synced folder of named pictures, and what must hold whenever its store does something.

Beside the folder there is one by id, which nobody syncs, to copy and move to. What surprises: nothing here asks the
tested code; files are read again before and after each action, in the folders and in the trash.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from builders.clocks import FakeClock
from builders.named_vault import list_events, list_files
from builders.storage import make_storage_dir, open_bench
from stateful.replica import Replica, Seen, Times
from strandline.errors import StrandlineError
from strandline.model.events import (
    Event,
    ImageAvailable,
    ImageChanged,
    ImageEvent,
    ImageMissing,
    ImageRemoved,
)
from strandline.model.image_files import FileState
from strandline.model.image_ids import hash_to_content_id
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.runtime.assembly import LocalStore
from strandline.runtime.live_events import Bell
from strandline.runtime.settings import Settings
from strandline.services.storage_dirs.manage import get_by_number

GRACE = timedelta(days=30)
VAULT, IDS = 1, 2
"""The numbers of the two storage directories."""


class Verb(StrEnum):
    """What a store was asked for, which determines what it may change."""

    LOOK = "look"
    DELETE = "delete"
    RESTORE = "restore"
    EMPTY = "empty"
    HEAL = "heal"
    RESCUE = "rescue"
    RESOLVE = "resolve"
    FOLD = "fold"
    COLLECT = "collect"
    IMPORT = "import"
    COPY = "copy"
    MOVE = "move"


REPLACING = (Verb.HEAL, Verb.RESCUE, Verb.RESOLVE)
REMOVING = (Verb.DELETE, Verb.RESOLVE, Verb.FOLD, Verb.COLLECT, Verb.MOVE)
ADDING = (*REPLACING, Verb.RESTORE, Verb.IMPORT, Verb.COPY, Verb.MOVE)


class NamedReplica(Replica):
    """The same with everything in the tree, as sync clients list it."""

    def look(self) -> dict[str, Seen]:
        """Every file below the root."""
        found = {}
        for folder, _, names in os.walk(self.root):
            for name in names:
                at = os.lstat(f"{folder}/{name}")
                key = Path(folder, name).relative_to(self.root).as_posix()
                found[key] = Seen(at.st_ino, at.st_size, at.st_mtime_ns, at.st_mode)
        return found


class NamedMachine:
    """A computer with its own store."""

    def __init__(self, folder: Path, whole: frozenset[bytes]) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.whole = whole
        self.exit = ExitStack()
        self.bench = self.exit.enter_context(open_bench(folder / "home", self.clock))
        self.store = LocalStore(self.bench, Settings(), Bell())
        self.replica = NamedReplica(folder / "Vault", self.clock, Times.KEPT)
        self.replica.root.mkdir()
        self._told = 0
        self._shown: dict[tuple[int, str], int] = {}
        """The files that were told to be shown, and after which change of the folder. A file that is renamed is told
        under neither name, so after a change the same name may be told again.
        """
        self._removed: set[tuple[int, str]] = set()

    def begin(self) -> None:
        """Both folders are in use."""
        self.store.add_storage_dir(self.replica.root, layout="named")
        self.store.add_storage_dir(make_storage_dir(self.folder / "Ids"))
        self.act(Verb.LOOK, lambda: None)

    @property
    def vault(self) -> StorageDir:
        """The folder of named pictures, as the catalog knows it now."""
        return get_by_number(self.bench, VAULT)

    @property
    def ids(self) -> StorageDir:
        """The folder by id."""
        return get_by_number(self.bench, IDS)

    def list_files(self) -> dict[str, bytes]:
        """All files of both folders."""
        roots = ("Vault", "Ids")
        return {
            f"{root}/{path}": data for root in roots for path, data in list_files(self.folder / root).items()
        }

    def list_trash(self) -> dict[str, tuple[bytes, datetime]]:
        """Bytes and time of each entry, by its folder."""
        found = {}
        for about in (self.folder / "home" / "trash").glob("*/*/about.json"):
            told = json.loads(about.read_text())
            path = about.parent / str(told["filename"])
            if path.is_file():
                at = datetime.fromisoformat(told["trashed_at"])
                found[str(about.parent)] = (path.read_bytes(), at)
        return found

    # --- what it does -------------------------------------------------------------------------------------------

    def act(self, verb: Verb, do: Callable[[], object]) -> object | None:
        """Lets the store do something, and checks it. A documented refusal is None."""
        before, trash = self.list_files(), self.list_trash()
        result = None
        try:
            result = do()
        except StrandlineError:
            pass
        after, trash_after = self.list_files(), self.list_trash()
        self._check_changes(verb, before, after)
        self._check_kept(verb, before, after, trash, trash_after)
        for event in list_events(self.bench)[self._told :]:
            self._told += 1
            self._judge(event, before, after)
        return result

    def _check_changes(self, verb: Verb, before: dict[str, bytes], after: dict[str, bytes]) -> None:
        notes = {data.decode(errors="replace") for path, data in before.items() if path.endswith(".md")}
        for path in before.keys() | after.keys():
            was, now = before.get(path), after.get(path)
            what = f"{verb} of {path}"
            if was == now:
                continue
            assert not path.endswith(".md"), f"a note was changed by {what}"
            if was is None:
                assert verb in ADDING, f"a file was made by {what}"
                assert now in self.whole, f"half a picture was written by {what}"
            elif now is None:
                assert verb in REMOVING, f"a file was taken by {what}"
                self._check_taken(verb, path, was, after, notes)
            else:
                assert verb in REPLACING, f"a file was replaced by {what}"
                assert was not in self.whole, f"a whole picture was replaced by {what}"
                assert now in self.whole, f"half a picture was written by {what}"

    def _check_taken(
        self, verb: Verb, path: str, was: bytes, after: dict[str, bytes], notes: set[str]
    ) -> None:
        if verb in (Verb.FOLD, Verb.RESOLVE, Verb.MOVE):
            assert was in after.values(), f"no other file has the bytes of {path} after {verb}"
        if verb in (Verb.FOLD, Verb.RESOLVE, Verb.COLLECT):
            named = any(f"<{path.removeprefix('Vault/')}>" in note for note in notes)
            assert not named, f"a note shows {path}, which {verb} has taken"

    def _check_kept(
        self,
        verb: Verb,
        before: dict[str, bytes],
        after: dict[str, bytes],
        trash: dict[str, tuple[bytes, datetime]],
        trash_after: dict[str, tuple[bytes, datetime]],
    ) -> None:
        """Nothing is lost but what was in the trash for its grace time, and emptied."""
        gone = [entry for name, entry in trash.items() if name not in trash_after]
        may_go = {data for data, at in gone if verb is Verb.EMPTY and self.clock.now() - at >= GRACE}
        kept = {*after.values(), *(data for data, _ in trash_after.values())}
        lost = {*before.values(), *(data for data, _ in trash.values())} - kept - may_go
        assert not lost, f"{verb} has lost {len(lost)} files"

    def _judge(self, event: Event, before: dict[str, bytes], after: dict[str, bytes]) -> None:
        """Whether an event is true of the files, and new."""
        if not isinstance(event, ImageEvent):
            return
        sd = self.store.get_storage_dir(event.sd_id or str(self.replica.root))
        place = (sd.number, event.path or "")
        root, version = ("Vault/", self.replica.changes) if sd.number == VAULT else ("Ids/", 0)
        if isinstance(event, ImageAvailable | ImageChanged):
            datas = (before.get(root + place[1]), after.get(root + place[1]))
            held = [hash_to_content_id(data) for data in datas if data in self.whole and data is not None]
            assert event.image_id in held, f"it is not there: {event}"
            if isinstance(event, ImageAvailable):
                assert self._shown.get(place) != version, f"told twice: {event}"
            self._shown[place] = version
            self._removed.discard(place)
        else:
            if isinstance(event, ImageRemoved):
                assert place not in self._removed, f"told twice: {event}"
                self._removed.add(place)
            elif isinstance(event, ImageMissing):
                assert root + place[1] not in after, f"it is there: {event}"
            else:  # it is arriving, or damaged
                assert before.get(root + place[1]) not in self.whole, f"it is whole: {event}"
            self._shown.pop(place, None)

    # --- the end ------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """All is quiet: the catalog depends only on the files, what can be healed is, and what was deleted comes
        back to each free place.
        """
        for _ in range(3):
            self.clock.pass_time(minutes=2)
            self.act(Verb.LOOK, self.store.scan)
            if self.vault.state is StorageDirState.SUSPECT:
                self.act(Verb.LOOK, lambda: self.store.confirm_storage_dir(self.vault))
        self.clock.pass_time(hours=25)
        self.act(Verb.LOOK, lambda: self.store.verify(older_than=timedelta(0)))
        self._check_catalog()
        self.heal()
        self.act(Verb.RESTORE, self.restore_all)
        files = self.list_files()
        for entry in self.store.trash.list_entries():
            root = "Ids" if entry.sd_id == self.ids.sd_id else "Vault"
            is_back = f"{root}/{entry.path}" in files or entry.reason.value == "replaced"
            assert is_back, f"{entry.path} did not come back"

    def _check_catalog(self) -> None:
        expected = {
            path: hash_to_content_id(data)
            for path, data in list_files(self.replica.root).items()
            if data in self.whole
        }
        with self.bench.catalog.read() as reader:
            rows = reader.files.find_rows(VAULT, reader.files.list_some_paths(VAULT, limit=1000))
        good = {
            path: row.image_id
            for path, row in rows.items()
            if row.state is FileState.PRESENT and row.absent_since is None and row.proof_is_current
        }
        assert good == expected
        for image_id in set(expected.values()):
            found = self.store.find(image_id)
            assert found is not None, "it is there, and is not handed out"
            assert hash_to_content_id(found.read()) == image_id

    def heal(self) -> None:
        """Verifies everything and heals it. Nothing stays bad whose right bytes are known and whole within reach."""
        report = self.store.verify(older_than=timedelta(0))
        healed = self.act(Verb.HEAL, lambda: self.store.heal(report))
        if healed is None:
            return
        files = self.list_files()
        reach = {*files.values(), *(data for data, _ in self.list_trash().values())}
        known = {hash_to_content_id(data) for data in reach if data in self.whole}
        for finding in report.findings:
            at = f"{'Vault' if finding.sd.number == VAULT else 'Ids'}/{finding.path}"
            is_bad = at in files and files[at] not in self.whole
            is_known = finding.sha256 is not None and finding.sha256[:32] in known
            may_be_healed = finding.fault.value != "arriving" and finding.sd.state is StorageDirState.ONLINE
            assert not (is_bad and is_known and may_be_healed), f"{at} is bad, and whole within reach"

    def restore_all(self) -> object:
        """Brings back everything that was deleted."""
        return self.store.trash.restore({entry.image_id for entry in self.store.trash.list_entries()})

    def close(self) -> None:
        """Ends its store."""
        self.store.close()
        self.exit.close()
