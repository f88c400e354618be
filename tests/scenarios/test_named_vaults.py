"""A vault of named pictures and notes that a real client syncs: each picture is shown once it is whole.

Both machines take the folder as it is, so no identity travels. What surprises: a client that renames on one machine
writes and deletes on the other, in its own order, and nothing may be called missing by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders.pictures import extension_of, make_picture
from builders.receiver import KINDS, Receiver, make_large_picture, receiving
from scenarios.client import Client, Link
from scenarios.clients import TRAITS_OF, list_clients
from scenarios.two_machines import ALARMS, list_files
from scenarios.waiting import wait_until
from strandline.model.events import ImageAvailable
from strandline.model.image_ids import hash_to_content_id
from strandline.model.layout import NAMED_LAYOUT

TWO_WAY = [name for name, traits in TRAITS_OF.items() if traits.two_way]
"""The other clients never delete files."""

PICTURES = {
    f"Trips/Lisbon {number}/{kind} no. {number}.{extension_of(kind)}": make_picture(kind, seed=number)
    for number, kind in enumerate(KINDS)
} | {"Trips/large.png": make_large_picture(3, 3_000_000)}


@dataclass(frozen=True, slots=True)
class Vaults:
    """The two ends of a link, and the machines that watch them."""

    link: Link
    a: Receiver
    b: Receiver

    def check_shown(self, pictures: dict[str, bytes]) -> None:
        """Waits until both machines know exactly these pictures, by path, and hand out their bytes."""
        expected = {path: hash_to_content_id(data) for path, data in pictures.items()}
        for machine in (self.a, self.b):
            wait_until(
                "each picture is shown under its path",
                lambda machine=machine: list_shown(machine) == expected,  # type: ignore[misc]
                describe=lambda machine=machine: str(list_shown(machine)),  # type: ignore[misc]
            )
            for image_id, data in zip(expected.values(), pictures.values(), strict=True):
                assert machine.store.get(image_id).read() == data

    def check_notes_miss(self, targets: set[str]) -> None:
        """Waits until both machines say that exactly these destinations are missed."""
        for machine in (self.a, self.b):
            wait_until(
                f"the notes miss {targets}",
                lambda machine=machine: (  # type: ignore[misc]
                    {each.target for each in machine.store.list_open_references(machine.root.name)} == targets
                ),
            )


def list_shown(machine: Receiver) -> dict[str, str]:
    """The ids of the files that are there and proven, by path."""
    return {
        file.path: str(file.image_id)
        for file in machine.list_files()
        if file.proof_is_current and file.state == "present" and file.absent_since is None
    }


def write(root: Path, files: dict[str, bytes]) -> None:
    """A person puts the files there."""
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


@contextmanager
def syncing_vaults(client: Client, base: Path, files: dict[str, bytes]) -> Iterator[Vaults]:
    """A vault with these files on one machine, synced to the other, and a watching store at each end."""
    roots, own = (base / "a", base / "b"), base / "own"
    for folder in (*roots, own):
        folder.mkdir()
    write(roots[0], files)
    link = client.open(own, *roots, False)
    try:
        link.transfer()
        with (
            receiving(base / "home-a", roots[0], layout="named") as a,
            receiving(base / "home-b", roots[1], layout="named") as b,
        ):
            yield Vaults(link, a, b)
    finally:
        link.close()


@pytest.mark.parametrize("client", list_clients("transfers"), indirect=True)
def test_a_vault_arrives_as_it_is(client: Client, tmp_path: Path) -> None:
    """First some pictures, then a note and those that it refers to. Each is told once, and nothing is written."""
    first = dict(list(PICTURES.items())[:3])
    note = "".join(f"![](<{path}>)\n" for path in PICTURES).encode()
    with syncing_vaults(client, tmp_path, first | {"start.md": b"notes\n"}) as vaults:
        vaults.check_shown(first)
        write(vaults.a.root, {"All.md": note} | PICTURES)
        vaults.link.transfer()
        vaults.check_shown(PICTURES)
        vaults.check_notes_miss(set())
        assert list_files(vaults.b.root) == PICTURES | {"start.md": b"notes\n", "All.md": note}
        for machine in (vaults.a, vaults.b):
            told = Counter(e.path for e in machine.list_events() if isinstance(e, ImageAvailable))
            assert PICTURES.keys() - first.keys() <= told.keys()
            assert client.traits.rewrites_all or max(told.values()) == 1, told
            assert client.traits.rewrites_all or not machine.list_events(*ALARMS)


@pytest.mark.parametrize("client", list_clients("renamed folders", TWO_WAY), indirect=True)
def test_a_folder_that_is_renamed_elsewhere_loses_nothing(client: Client, tmp_path: Path) -> None:
    """Its pictures are known under their new paths. What notes miss by it is told, and resolved when they follow."""
    note = f"![](<{next(iter(PICTURES))}>)\n".encode()
    with syncing_vaults(client, tmp_path, PICTURES | {"All.md": note}) as vaults:
        vaults.check_shown(PICTURES)
        vaults.check_notes_miss(set())
        (vaults.a.root / "Trips").rename(vaults.a.root / "Reisen")
        vaults.link.transfer()
        moved = {path.replace("Trips/", "Reisen/"): data for path, data in PICTURES.items()}
        vaults.check_shown(moved)
        vaults.check_notes_miss({next(iter(PICTURES))})
        write(vaults.b.root, {"All.md": note.replace(b"Trips/", b"Reisen/")})
        vaults.link.transfer()
        vaults.check_notes_miss(set())
        for machine in (vaults.a, vaults.b):
            assert not machine.list_events("image.missing", "image.damaged", "image.removed")


@pytest.mark.parametrize("client", list_clients("identity conflicts", TWO_WAY), indirect=True)
def test_both_versions_of_a_picture_are_shown(client: Client, tmp_path: Path) -> None:
    """Two people edit one picture at the same time. Whatever the client does, each machine shows what it has."""
    path, versions = next(iter(PICTURES)), [make_picture("jpg", seed=seed) for seed in (71, 72)]
    with syncing_vaults(client, tmp_path, PICTURES) as vaults:
        vaults.check_shown(PICTURES)
        write(vaults.a.root, {path: versions[0]})
        write(vaults.b.root, {path: versions[1]})
        vaults.link.transfer()
        vaults.link.transfer()
        left = set()
        for machine in (vaults.a, vaults.b):
            wait_until(
                "what is on the disk is shown",
                lambda machine=machine: list_shown(machine) == list_expected(machine.root),  # type: ignore[misc]
            )
            left |= set(list_files(machine.root).values())
            assert not machine.list_events("image.missing", "image.damaged", "image.removed")
        assert left >= set(versions)


def list_expected(root: Path) -> dict[str, str]:
    """The ids of the pictures that are there, by path. rclone's ``x.jpg.conflict1`` has no picture's extension."""
    return {
        path: str(hash_to_content_id(data))
        for path, data in list_files(root).items()
        if NAMED_LAYOUT.split(path) is not None
    }
