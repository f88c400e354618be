"""Two real Syncthings, linked over loopback: two machines for a test.

Nothing is simulated: files arrive, clash and break off as they do for people. ::

    with TwoSyncthings(tmp_path) as pair:
        shared = pair.share("photos", tmp_path / "a", tmp_path / "b")
        shared.set_paused(False)
        (tmp_path / "a" / "SD_ID").write_text("…")
        shared.wait_in_sync()                   # now it is in tmp_path / "b"
        pair.disconnect()                       # both sides go on, apart
        …
        pair.reconnect()                        # Syncthing makes conflict copies

What surprises: to start two takes three seconds, to share a further folder next to nothing. So a session has one
pair, and each test its own folder.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from builders.system_packages import require
from scenarios.syncthing_folder import SharedFolder, SyncedFolder
from scenarios.syncthing_node import HOST, SyncthingNode
from scenarios.waiting import LIMIT_S, wait_until


class TwoSyncthings:
    """Two linked machines, ``a`` and ``b``; a context manager that starts and stops them.

    If Syncthing is not installed, the test is skipped.

    Args:
        base: The test's own folder, for both machines' homes and logs.
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
                node.begin_to_start()
            for node in (self.a, self.b):
                node.start()
            # b first: a known device is accepted at its first call.
            self._introduce(self.b, self.a, "dynamic")
            self._introduce(self.a, self.b, f"tcp://{HOST}:{self.b.sync_port}")
            self._wait_for_link()
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    @staticmethod
    def _introduce(node: SyncthingNode, other: SyncthingNode, address: str) -> None:
        """Introduces a node to the other one.

        Only one of the two gets an address, so only one dials. If both dial, each can drop the connection that the
        other keeps, and reconnecting then takes 20 s (seen with 1.19).
        """
        device = node.get("/rest/config/defaults/device")
        device |= {
            "deviceID": other.device_id,
            "name": other.name,
            "addresses": [address],
            "compression": "never",
        }
        node.put(f"/rest/config/devices/{other.device_id}", device)

    def share(self, folder_id: str, a: Path, b: Path, *, keeps_versions: bool = False) -> SharedFolder:
        """Adds a folder to both machines. It is paused: nothing travels before ``set_paused(False)``."""
        shared = SharedFolder(SyncedFolder(self.a, folder_id, a), SyncedFolder(self.b, folder_id, b))
        for end in (shared.b, shared.a):
            end.configure(self.a, self.b, keeps_versions=keeps_versions)
        return shared

    # --- the link -------------------------------------------------------------------------------------------

    def is_connected(self) -> bool:
        """True if both run and each sees the other."""
        pairs = ((self.a, self.b), (self.b, self.a))
        return all(node.is_running() and node.is_connected_to(other) for node, other in pairs)

    def disconnect(self) -> None:
        """Cuts the link between two running machines, and waits until both notice. Both folders can still be
        written.
        """
        self.a.post(f"/rest/system/pause?device={self.b.device_id}")

        def is_down() -> bool:
            return not (self.a.is_connected_to(self.b) or self.b.is_connected_to(self.a))

        wait_until("link down", is_down, LIMIT_S, self._describe)

    def reconnect(self) -> None:
        """Restores the link after ``disconnect``, ``stop``, or ``kill``, and waits for it. Starts machines that do
        not run.
        """
        self.a.start()
        self.b.start()
        if not self.is_connected():
            # When its pause ends, a dials at once instead of at its next turn.
            self.a.post(f"/rest/system/pause?device={self.b.device_id}")
            self.a.post(f"/rest/system/resume?device={self.b.device_id}")
        self._wait_for_link()

    def throttle(self, kib_per_s: int) -> None:
        """Slows the link down, to observe files that have arrived in part; 0 for no limit. Both must run."""
        for node in (self.a, self.b):
            node.patch("/rest/config/options", {"maxSendKbps": kib_per_s, "maxRecvKbps": 0})

    def _wait_for_link(self) -> None:
        wait_until("link up", self.is_connected, LIMIT_S, self._describe)

    def _describe(self) -> str:
        return f"{self.a.log_tail()}\n{self.b.log_tail()}"


def _find_free_ports(count: int) -> list[int]:
    """Different TCP ports that are free now (all are held while the next is chosen)."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in sockets]
