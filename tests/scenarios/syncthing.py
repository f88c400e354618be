"""Two real Syncthings that keep one folder equal over loopback: two machines for a test.

Nothing is simulated: files arrive, clash and break off as they do for people. ::

    with TwoSyncthings(tmp_path) as pair:
        (pair.a.folder / "SD_ID").write_text("…")
        pair.wait_in_sync()                     # now it is in pair.b.folder
        pair.disconnect()                       # both sides go on, apart
        …
        pair.reconnect()                        # Syncthing makes conflict copies

What surprises is how much it takes to know that two folders are equal *and stay so*: "both idle" is also true
right after a local write, before the watcher has spoken, and right after a scan, while the news is still on
the wire. See :meth:`TwoSyncthings.wait_in_sync`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from builders.system_packages import require
from scenarios.syncthing_node import FOLDER_ID, HOST, SyncthingNode, wait_until

_TIMEOUT_S = 60.0
"""Far more than anything here takes; a slow machine is not a failure."""


class TwoSyncthings:
    """Two linked machines, ``a`` and ``b``; a context manager that starts and stops them.

    Where Syncthing is not installed the test is skipped.

    Args:
        base: A folder of the test's own, for both machines' homes, folders and logs.
    """

    def __init__(self, base: Path) -> None:
        binary = require("syncthing", "syncthing")
        ports = _find_free_ports(4)
        self.a = SyncthingNode(binary, base, "a", api_port=ports[0], sync_port=ports[1])
        self.b = SyncthingNode(binary, base, "b", api_port=ports[2], sync_port=ports[3])

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            for node in (self.a, self.b):
                undo.callback(node.stop)
                node.start()
            # b first: a device that is known is accepted at its first call.
            self._introduce(self.b, self.a, "dynamic")
            self._introduce(self.a, self.b, f"tcp://{HOST}:{self.b.sync_port}")
            wait_until("link up", self.is_connected, _TIMEOUT_S, self.describe)
            self.wait_in_sync()
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    @staticmethod
    def _introduce(node: SyncthingNode, other: SyncthingNode, address: str) -> None:
        """Tell a node of the other one and of the folder that they share.

        Only one of the two is told an address, so only one dials: with both dialling, each can drop the
        connection that the other keeps, and to reconnect then takes 20 s (seen with 1.19).
        """
        device = node.get("/rest/config/defaults/device")
        device |= {
            "deviceID": other.device_id,
            "name": other.name,
            "addresses": [address],
            "compression": "never",
        }
        node.put(f"/rest/config/devices/{other.device_id}", device)
        folder = node.get("/rest/config/defaults/folder")
        folder |= {
            "id": FOLDER_ID,
            "path": str(node.folder),
            "devices": [{"deviceID": node.device_id}, {"deviceID": other.device_id}],
            "fsWatcherEnabled": True,
            "fsWatcherDelayS": 1,  # the smallest that old versions take
            "rescanIntervalS": 3600,
        }
        node.put(f"/rest/config/folders/{FOLDER_ID}", folder)

    # --- the link -------------------------------------------------------------------------------------------

    def is_connected(self) -> bool:
        """True where both run and each sees the other."""
        pairs = ((self.a, self.b), (self.b, self.a))
        return all(node.is_running() and node.is_connected_to(other) for node, other in pairs)

    def disconnect(self) -> None:
        """Cut the link between two that run, until both have noticed; both go on, and both folders can be written."""
        self.a.post(f"/rest/system/pause?device={self.b.device_id}")
        wait_until(
            "link down",
            lambda: not (self.a.is_connected_to(self.b) or self.b.is_connected_to(self.a)),
            _TIMEOUT_S,
            self.describe,
        )

    def reconnect(self) -> None:
        """Mend the link after ``disconnect``, ``stop`` or ``kill``, starting who does not run; waits for it."""
        self.a.start()
        self.b.start()
        if not self.is_connected():
            # From paused to not paused, a dials at once instead of when its next turn comes.
            self.a.post(f"/rest/system/pause?device={self.b.device_id}")
            self.a.post(f"/rest/system/resume?device={self.b.device_id}")
        wait_until("link up", self.is_connected, _TIMEOUT_S, self.describe)

    def throttle(self, kib_per_s: int) -> None:
        """Slow the link down, to look at files that have arrived in part; 0 for no limit. Both must run."""
        for node in (self.a, self.b):
            node.patch("/rest/config/options", {"maxSendKbps": kib_per_s, "maxRecvKbps": 0})

    # --- waiting --------------------------------------------------------------------------------------------

    def scan(self) -> None:
        """Make both sides look at their folders now."""
        self.a.scan()
        self.b.scan()

    def wait_in_sync(self, timeout_s: float = _TIMEOUT_S) -> None:
        """Wait until both folders hold the same and nothing is under way between them.

        One round: both sides scan; each is idle and needs nothing; each has been told of the other's last
        change; both trees are equal by content. Two such rounds running without a change between them end the
        wait: a conflict copy is made by one side and then travels as a file like any other, and the second
        round sees that.

        Raises:
            SyncTimeoutError: Says where the trees differ, with the ends of both logs.
        """
        seen: tuple[int, int] | None = None

        def is_settled() -> bool:
            nonlocal seen
            before, seen = seen, self._find_common_state()
            return seen is not None and seen == before

        wait_until("folders in sync", is_settled, timeout_s, self.describe)

    def wait_for(self, what: str, is_so: Callable[[], bool], timeout_s: float = 30) -> None:
        """Wait for anything else, such as a name that arrives."""
        wait_until(what, is_so, timeout_s, self.describe)

    def _find_common_state(self) -> tuple[int, int] | None:
        """Both sides' sequence numbers where all is settled and equal, else None."""
        self.scan()
        a, b = self.a.find_settled_sequence(), self.b.find_settled_sequence()
        if (
            a is None
            or b is None
            or (self.b.get_sequence_of(self.a), self.a.get_sequence_of(self.b)) != (a, b)
        ):
            return None
        return (a, b) if self.a.list_entries() == self.b.list_entries() else None

    def describe(self) -> str:
        """Where the two folders differ, and the ends of both logs."""
        a, b = self.a.list_entries(), self.b.list_entries()
        differences = [
            f"{name}: {a.get(name)} | {b.get(name)}" for name in sorted(a | b) if a.get(name) != b.get(name)
        ]
        return "\n".join(["a | b", *differences, self.a.log_tail(), self.b.log_tail()])


def _find_free_ports(count: int) -> list[int]:
    """Different TCP ports that nobody listens on now (all held while the next is chosen)."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in sockets]
