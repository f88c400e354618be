"""Two machines with a sync client between them: a store at each end, and what must be true of both at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builders.receiver import Receiver, put_pictures, receiving
from scenarios.client import Client, Link, Traits
from scenarios.waiting import wait_until

ALARMS = (
    "image.missing", "image.damaged", "image.foreign", "image.removed", "sd.suspect", "sd.offline",
)  # fmt: skip
"""Events that no machine gets while nothing is wrong with it."""

CLIENTS_OWN = {".git", ".stfolder", ".stversions"}
"""Folders that a sync client makes in the root."""


@dataclass(frozen=True, slots=True)
class TwoMachines:
    """A link, and the stores that watch its two ends."""

    link: Link
    traits: Traits
    a: Receiver
    b: Receiver

    def both(self) -> tuple[Receiver, Receiver]:
        """``a`` and ``b``."""
        return self.a, self.b

    def put(self, pictures: dict[str, bytes]) -> None:
        """Writes the pictures into the folder that the client takes them from."""
        put_pictures(self.a.root / "media", pictures)

    def wait_until_agreed(self) -> None:
        """Waits until both stores show the same."""
        wait_until("both stores agree", self._agree, describe=self._describe)

    def wait_until_agreed_on(self, pictures: dict[str, bytes]) -> None:
        """Waits until both stores show the same, with all pictures available."""
        shown = {(name, hashlib.sha256(data).hexdigest()) for name, data in pictures.items()}

        def are_shown() -> bool:
            images = self.a.get_account().images
            return shown <= {(name, sha256) for _, name, _, sha256 in images} and self._agree()

        wait_until("both stores show them, and agree", are_shown, describe=self._describe)

    def _agree(self) -> bool:
        return self.a.get_account() == self.b.get_account()

    def _describe(self) -> str:
        """Where the two differ."""
        a, b = self.a.get_account(), self.b.get_account()
        heads = [(each.state, each.identity, sorted(each.aliases)) for each in (a, b)]
        images = f"only a: {sorted(a.images - b.images)}, only b: {sorted(b.images - a.images)}"
        return f"{heads[0]} | {heads[1]}; {images}"

    def check_shown_once(self, pictures: dict[str, bytes]) -> None:
        """Waits until both machines show all pictures and agree. Each journal announces each picture exactly once."""
        self.wait_until_agreed_on(pictures)
        self.a.wait_for(pictures)
        self.b.wait_for(pictures, rewritten=self.traits.rewrites_all)

    def check_told_once_for_good(self, pictures: dict[str, bytes]) -> None:
        """Nothing follows later: no mtime after the rename, no second proof, and no scan causes another event."""
        for machine in self.both():
            wait_until("every proof can be relied on", machine.relies_on_all_proofs)
            machine.catch_up()
        self.a.check_told_once(pictures)
        self.b.check_told_once(pictures, rewritten=self.traits.rewrites_all)

    def check_nothing_wrong(self, *, but: Sequence[str] = ()) -> None:
        """Neither journal has a gap or an alarm, except for those that the test causes."""
        of_rewriting = {"sd.offline"} if self.traits.rewrites_all else set()
        for machine, called_for in ((self.a, {*but}), (self.b, {*but} | of_rewriting)):
            alarms = {event.type for event in machine.list_events(*ALARMS)}
            assert alarms <= called_for, f"{machine.root}: {alarms - called_for}"
            seqs = [event.seq for event in machine.list_events()]
            assert seqs == list(range(1, len(seqs) + 1))

    def check_nothing_lost(self, *before: dict[str, bytes]) -> None:
        """Every file that was on either side is on both, byte for byte (an identity perhaps under another name)."""
        for machine in self.both():
            now = list_files(machine.root)
            for name, data in (item for each in before for item in each.items()):
                if name.startswith("SD_ID"):
                    assert data.strip() in {now[each].strip() for each in now if each.startswith("SD_ID")}
                else:
                    assert now[name] == data


def list_files(root: Path) -> dict[str, bytes]:
    """All files in the folder by path, except those that the sync clients keep there for themselves."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not CLIENTS_OWN.intersection(path.relative_to(root).parts)
    }


@contextmanager
def two_machines(
    client: Client,
    base: Path,
    *,
    below: str = "",
    added_apart: bool = False,
    keeps_versions: bool = False,
) -> Iterator[TwoMachines]:
    """Two folders that the client keeps in sync, with a watching store at each end.

    Args:
        base: The test's own folder.
        below: Where the storage directory is inside the synced folder; by default it is all of it.
        added_apart: Both machines add their folder before anything travels, so each creates an identity.
        keeps_versions: The client keeps the old bytes of replaced files.
    """
    roots, own = (base / "a", base / "b"), base / "own"
    for folder in (*roots, own):
        folder.mkdir()
    for root in roots:
        (root / below).mkdir(exist_ok=True)
        (root / "notes.md").write_text("what the pictures are for\n")
    link = client.open(own, *roots, keeps_versions)
    try:
        with receiving(base / "home-a", roots[0] / below) as a:
            if not added_apart:
                link.transfer()
            with receiving(base / "home-b", roots[1] / below) as b:
                yield TwoMachines(link, client.traits, a, b)
    finally:
        link.close()
