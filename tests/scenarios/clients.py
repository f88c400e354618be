"""The clients by name: whoever is in this table keeps every promise that is tested here."""

from __future__ import annotations

from collections.abc import Callable

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


def get_client(name: str, find_syncthings: Callable[[], TwoSyncthings]) -> Client:
    """The client of that name. Only Syncthing needs the two running machines."""
    return syncthing_client(find_syncthings()) if name == SYNCTHING else CALLED[name]
