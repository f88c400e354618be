"""A storage directory as this machine knows it: a local number, an identity, a path, a name, a state."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.values import dataclass


class StorageDirState(StrEnum):
    """Whether conclusions may be drawn about the images of a storage directory (SPEC §4)."""

    ONLINE = "online"
    """The root is a folder, and its identity reads and fits."""
    INCOMPLETE = "incomplete"
    """No identity yet: it may be the last file to arrive."""
    OFFLINE = "offline"
    """Unmounted, unreadable, its marker gone, another identity, or its disk does not answer."""
    SUSPECT = "suspect"
    """Online, and so many known files are gone that absence is not believed (SPEC §6, mass-vanish brake)."""


@dataclass(frozen=True, slots=True)
class StorageDir:
    """A storage directory. A value: it says what was known when it was read from the catalog."""

    number: int
    """Local to this catalog, never reused, never shown."""
    sd_id: StorageDirId | None
    """None while no identity has arrived."""
    name: str
    path: str
    state: StorageDirState
    read_only: bool
    """Added with ``--read-only``: nothing is ever written into it."""
    provisional: bool
    """The identity was made up for this catalog only, because a read-only folder holds none."""
    aliases: tuple[StorageDirId, ...]
    """Other values under which it is known, sorted."""
    added_at: datetime
    root_device: int | None = None
    root_inode: int | None = None
    first_scan_done: bool = False
    """What the first scan registers is proven in the background; what later ones find, at once."""
    problem: str | None = None
    """Why it is not online, in a sentence; None where it is."""

    @property
    def is_reachable(self) -> bool:
        """True where its files may be read and listed now: online or suspect."""
        return self.state in (StorageDirState.ONLINE, StorageDirState.SUSPECT)

    def as_json(self) -> dict[str, object]:
        """The object that stands for it in every JSON answer (SPEC §9)."""
        return {
            "sd_id": self.sd_id,
            "name": self.name,
            "path": self.path,
            "state": self.state.value,
            "read_only": self.read_only,
            "provisional": self.provisional,
            "aliases": list(self.aliases),
            "problem": self.problem,
        }
