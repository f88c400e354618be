"""The outsider: a sync client that brings, breaks, and replaces files in the crowd's media folder."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from builders.pictures import make_picture
from builders.storage import name_of
from crowd.member import LEGACY, MEDDLED_WITH

FIRST_SEED = 10_000

PAUSE_S = 0.03
"""It changes some thirty files a second."""

AWAY_AT_MOST = 5
"""More at once are not believed to be gone (SPEC §6). Members that a busy machine starves would see them at once."""

BROUGHT_AT_MOST = 400
"""After this many new files, it continues with the existing ones."""


class Outsider:
    """Records what it brought, and how often it broke each name."""

    def __init__(self, media: Path, seed: int) -> None:
        self._media = media
        self._dice = random.Random(seed)
        self._temporary = media / ".syncthing.outsider.tmp"
        self.brought: dict[str, bytes] = {}
        self._away: list[str] = []
        self._wholes = {name_of(data): data for data in MEDDLED_WITH}
        self._wholes |= {f"{image_id}.png": pictures[0] for image_id, pictures in LEGACY.items()}

    def meddle_for(self, seconds: float) -> None:
        """At the end, everything that it broke is made whole again."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            self._dice.choice([self._bring, self._truncate, self._grow, self._replace, self._take_away])()
            time.sleep(PAUSE_S)  # its pace
        for name, data in self._wholes.items():
            self._rename_in(name, data)

    def _bring(self) -> None:
        if len(self.brought) >= BROUGHT_AT_MOST:
            return
        data = make_picture("png", seed=FIRST_SEED + len(self.brought))
        self.brought[name_of(data)] = data
        if self._dice.random() < 0.5:
            self._rename_in(name_of(data), data)
        else:
            (self._media / name_of(data)).write_bytes(data)

    def _truncate(self) -> None:
        """Truncates it in place, while members may be reading it."""
        name, data = self._choose()
        try:
            os.truncate(self._media / name, self._dice.randrange(len(data)))
        except FileNotFoundError:
            return

    def _grow(self) -> None:
        """Like ``cp``: empty, then in pieces."""
        name, data = self._choose()
        with open(self._media / name, "wb") as file:
            for start in range(0, len(data), 64 * 1024):
                file.write(data[start : start + 64 * 1024])
                file.flush()

    def _replace(self) -> None:
        self._rename_in(*self._choose())

    def _take_away(self) -> None:
        """If it has taken away too many, the first of them comes back."""
        name, _ = self._choose()
        if name in self._away:
            self._away.remove(name)
        if len(self._away) == AWAY_AT_MOST:
            back = self._away.pop(0)
            self._rename_in(back, self._wholes[back])
        (self._media / name).unlink(missing_ok=True)
        self._away.append(name)

    def _choose(self) -> tuple[str, bytes]:
        return self._dice.choice(list(self._wholes.items()))

    def _rename_in(self, name: str, data: bytes) -> None:
        self._temporary.write_bytes(data)
        self._temporary.rename(self._media / name)
