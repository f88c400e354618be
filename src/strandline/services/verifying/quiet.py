"""Quiet files: those that nobody has written to for two seconds, so nobody is about to finish writing them.

All files that are to be healed are looked at first. So the wait is one for all of them, not one for each.
"""

from __future__ import annotations

from dataclasses import field
from typing import TypeAlias

from strandline.errors import FileChangedError, SourceNotFoundError
from strandline.folders.disk_errors import disk_errors
from strandline.folders.port import Folder
from strandline.model.image_files import FileStamp
from strandline.model.values import dataclass
from strandline.services.workbench import Workbench

QUIET_S = 2.0
"""A file that did not change for so long is not being written."""
PATIENCE_S = 30.0
"""How long a file that keeps changing is waited for."""
PAUSE_S = 0.25

_Look: TypeAlias = list[tuple[str, FileStamp]]


@dataclass(slots=True)
class QuietFiles:
    """Since when each file looks as it does."""

    bench: Workbench
    _since: dict[tuple[str, str], tuple[_Look, float]] = field(default_factory=dict)

    def look_at(self, folder: Folder, name: str) -> float:
        """For how many seconds the file has looked as it does now. 0 at the first look and after a change.

        Raises:
            SourceNotFoundError: It is gone. It is not brought back.
            DiskError: It cannot be looked at.
        """
        with disk_errors("look at", folder.where(name)):
            found = folder.probe([name])
        if not found:
            raise SourceNotFoundError(
                f"there is no {folder.where(name)} any more; it is not brought back", source=name
            )
        now_s, key = self.bench.monotonic(), (folder.root, name)
        look, since_s = self._since.get(key, (None, now_s))
        if look != found:
            since_s = now_s
        self._since[key] = (found, since_s)
        return now_s - since_s

    def wait_for(self, folder: Folder, name: str) -> None:
        """Waits until nobody has written to the file for two seconds.

        Raises:
            SourceNotFoundError, DiskError: As :meth:`look_at`.
            FileChangedError: It keeps changing.
        """
        give_up_s = self.bench.monotonic() + PATIENCE_S
        while self.look_at(folder, name) < QUIET_S:
            if self.bench.monotonic() >= give_up_s:
                raise FileChangedError(f"{folder.where(name)} keeps changing; try again later", path=name)
            self.bench.sleep(PAUSE_S)
