"""Syncthing as one of the clients: another folder of the two instances that run for the whole session."""

from __future__ import annotations

from pathlib import Path

from scenarios.client import Client, Leftover, Link, Traits
from scenarios.syncthing import TwoSyncthings

TRAITS = Traits(
    two_way=True,
    killed_leaves=Leftover.TEMPORARY,
    identity_copies=("SD_ID.sync-conflict-????????-??????-???????",),
    old_versions=".stversions/media/{stem}~*.png",
)


class SyncthingLink(Link):
    """Syncthing works by itself after the first transfer. A transfer only waits until both sides are equal."""

    def __init__(self, pair: TwoSyncthings, own: Path, a: Path, b: Path, keeps_versions: bool) -> None:
        super().__init__(a, b)
        self._pair = pair
        # The folder's id must be new to both, because they remember old ones.
        self.shared = pair.share(own.as_posix().replace("/", "-"), a, b, keeps_versions=keeps_versions)

    def transfer(self) -> None:
        self._pair.reconnect()
        self._pair.throttle(0)
        self.shared.set_paused(False)
        self.shared.wait_in_sync()

    def begin(self) -> None:
        self._pair.throttle(2_000)
        self.shared.a.scan()

    def kill(self) -> None:
        self._pair.b.kill()

    def close(self) -> None:
        self._pair.reconnect()
        self._pair.throttle(0)
        self.shared.forget()


def syncthing_client(pair: TwoSyncthings) -> Client:
    """Syncthing between the two machines."""
    return Client(TRAITS, lambda own, a, b, keeps_versions: SyncthingLink(pair, own, a, b, keeps_versions))
