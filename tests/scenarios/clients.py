"""The clients by name. Every client in this table keeps every promise that is tested here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from builders.sampling import get_seed, is_exhaustive
from scenarios import copy_clients
from scenarios.client import Client, Traits
from scenarios.git_annex import GIT_ANNEX
from scenarios.syncthing import TwoSyncthings
from scenarios.syncthing_client import TRAITS, syncthing_client
from scenarios.two_way_clients import BISYNC, UNISON

CALLED: dict[str, Client] = {
    "cp": copy_clients.CP,
    "rsync": copy_clients.RSYNC,
    "rsync --inplace": copy_clients.RSYNC_INPLACE,
    "rsync --inplace --preallocate": copy_clients.RSYNC_PREALLOCATE,
    "rsync --partial": copy_clients.RSYNC_PARTIAL,
    "rsync --partial-dir": copy_clients.RSYNC_PARTIAL_DIR,
    "rsync --delay-updates": copy_clients.RSYNC_DELAY_UPDATES,
    "rclone copy": copy_clients.RCLONE_COPY,
    "rclone bisync": BISYNC,
    "Unison": UNISON,
    "git-annex": GIT_ANNEX,
}
"""The clients that are started for each transfer."""

SYNCTHING = "Syncthing"

TRAITS_OF: dict[str, Traits] = {name: client.traits for name, client in CALLED.items()} | {SYNCTHING: TRAITS}


SLOW = "git-annex"
"""It starts a dozen processes per command, and takes as long as all others together."""

SCENARIOS = ("transfers", "kills", "moved roots", "renamed folders", "identity conflicts", "old versions")


def list_clients(scenario: str, names: Iterable[str] = TRAITS_OF) -> list[str]:
    """The clients for a scenario: all of them, but the slow one in only one scenario a day."""
    has_slow = is_exhaustive() or SCENARIOS.index(scenario) == get_seed() % len(SCENARIOS)
    return [name for name in names if name != SLOW or has_slow]


def get_client(name: str, find_syncthings: Callable[[], TwoSyncthings]) -> Client:
    """The client of that name. Only Syncthing needs the two running machines."""
    return syncthing_client(find_syncthings()) if name == SYNCTHING else CALLED[name]
