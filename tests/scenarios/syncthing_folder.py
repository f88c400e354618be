"""One folder that two Syncthings keep equal: both sides, and the wait until they are equal.

What surprises is how hard it is to know that two folders are equal *and stay so*: "both idle" is also true right
after a local write, before the watcher has reported it, and right after a scan, while the news is still in transit.
See :meth:`SharedFolder.wait_in_sync`.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from scenarios.syncthing_node import SyncthingNode
from scenarios.waiting import LIMIT_S, wait_until

_TEMPORARY_PREFIXES = (".syncthing.", "~syncthing~")
_OWN_NAMES = (".stfolder", ".stversions", ".stignore")


class SyncedFolder:
    """One machine's side of a shared folder."""

    def __init__(self, node: SyncthingNode, folder_id: str, path: Path) -> None:
        self.node = node
        self.folder_id = folder_id
        self.path = path

    def configure(self, *nodes: SyncthingNode, keeps_versions: bool) -> None:
        """Adds the folder to the node, with its partners. It is paused until told otherwise."""
        folder = self.node.get("/rest/config/defaults/folder")
        folder |= {
            "id": self.folder_id,
            "path": str(self.path),
            "devices": [{"deviceID": node.device_id} for node in nodes],
            "paused": True,
            "fsWatcherEnabled": True,
            "fsWatcherDelayS": 1,  # the minimum for old versions
            "rescanIntervalS": 3600,
        }
        if keeps_versions:
            folder["versioning"] = folder["versioning"] | {"type": "simple", "params": {"keep": "5"}}
        self.node.put(f"/rest/config/folders/{self.folder_id}", folder)

    def set_paused(self, paused: bool) -> None:
        """Pauses or resumes the folder."""
        self.node.patch(f"/rest/config/folders/{self.folder_id}", {"paused": paused})

    def forget(self) -> None:
        """Removes the folder from the node's configuration. Its files stay."""
        self.node.delete(f"/rest/config/folders/{self.folder_id}")

    def scan(self) -> None:
        """Makes Syncthing scan the folder now. Returns when it has."""
        self.node.post(f"/rest/db/scan?folder={self.folder_id}")

    def find_settled_sequence(self) -> int | None:
        """The number of the last change that this side knows, or None while it is busy or needs something."""
        status = self.node.get(f"/rest/db/status?folder={self.folder_id}")
        is_settled = status["state"] == "idle" and not status["needTotalItems"] and not status["needBytes"]
        return int(status["sequence"]) if is_settled else None

    def get_sequence_of(self, other: SyncthingNode) -> int:
        """The number of the other side's last change that this side has received."""
        path = f"/rest/db/completion?folder={self.folder_id}&device={other.device_id}"
        return int(self.node.get(path).get("sequence", -1))

    # --- what is there --------------------------------------------------------------------------------------

    def list_entries(self) -> dict[str, str]:
        """The folder's content without Syncthing's own files: path to kind, size, and hash."""
        entries = {}
        for name in self._list_names():
            if name.startswith(_OWN_NAMES) or Path(name).name.startswith(_TEMPORARY_PREFIXES):
                continue
            try:
                entries[name] = _describe(self.path / name)
            except FileNotFoundError:  # vanished meanwhile
                continue
        return entries

    def list_conflict_copies(self) -> list[str]:
        """Paths of Syncthing's conflict copies."""
        return [name for name in self._list_names() if ".sync-conflict-" in name]

    def list_temporaries(self) -> list[str]:
        """Paths of partially received files."""
        return [name for name in self._list_names() if Path(name).name.startswith(_TEMPORARY_PREFIXES)]

    def _list_names(self) -> list[str]:
        return sorted(
            (Path(top) / name).relative_to(self.path).as_posix()
            for top, folders, files in os.walk(self.path)
            for name in [*folders, *files]
        )


class SharedFolder:
    """Both sides, ``a`` and ``b``, of one folder."""

    def __init__(self, a: SyncedFolder, b: SyncedFolder) -> None:
        self.a = a
        self.b = b

    def scan(self) -> None:
        """Makes both sides scan their folders now."""
        self.a.scan()
        self.b.scan()

    def set_paused(self, paused: bool) -> None:
        """Pauses or resumes both sides."""
        self.a.set_paused(paused)
        self.b.set_paused(paused)

    def forget(self) -> None:
        """Removes the folder from both configurations. The files stay."""
        self.a.forget()
        self.b.forget()

    def wait_in_sync(self, limit_s: float = LIMIT_S) -> None:
        """Waits until both folders have the same content and nothing is in transit.

        One round: both sides scan; each is idle and needs nothing; each has received the other's last change; both
        trees have equal contents. The wait ends after two such rounds in a row without a change: one side makes a
        conflict copy, which then travels like any other file, and the second round sees that.

        Raises:
            SyncTimeoutError: Says where the trees differ, with the ends of both logs.
        """
        seen: tuple[int, int] | None = None

        def is_settled() -> bool:
            nonlocal seen
            before, seen = seen, self._find_common_state()
            return seen is not None and seen == before

        wait_until("folders in sync", is_settled, limit_s, self.describe)

    def _find_common_state(self) -> tuple[int, int] | None:
        """Both sides' sequence numbers if all is settled and equal, otherwise None."""
        self.scan()
        a, b = self.a.find_settled_sequence(), self.b.find_settled_sequence()
        if a is None or b is None:
            return None
        if (self.b.get_sequence_of(self.a.node), self.a.get_sequence_of(self.b.node)) != (a, b):
            return None
        return (a, b) if self.a.list_entries() == self.b.list_entries() else None

    def describe(self) -> str:
        """Where the two folders differ, and the ends of both logs."""
        a, b = self.a.list_entries(), self.b.list_entries()
        differences = [
            f"{name}: {a.get(name)} | {b.get(name)}" for name in sorted(a | b) if a.get(name) != b.get(name)
        ]
        return "\n".join(["a | b", *differences, self.a.node.log_tail(), self.b.node.log_tail()])


def _describe(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    if path.is_dir():
        return "folder"
    data = path.read_bytes()
    return f"{len(data)} bytes, {hashlib.sha256(data).hexdigest()}"
