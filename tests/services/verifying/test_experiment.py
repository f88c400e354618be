"""An experiment: random worlds in which files break. After a repair, no image that is whole anywhere stays broken."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from builders.machine import Machine
from builders.pictures import make_picture
from builders.sampling import get_seed, is_exhaustive
from builders.storage import id_of, name_of
from strandline.model.storage_dirs import LayoutKind, StorageDir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.trashing.contents import list_trash
from strandline.services.trashing.delete import delete_files, plan_delete
from strandline.services.trashing.trash import file_of
from strandline.services.verifying.heal import heal
from strandline.services.verifying.verify import verify_storage_dirs

PICTURES = [make_picture("png", seed=seed, size=(16, 16)) for seed in range(12)]
OTHERS = [make_picture("png", seed=seed, size=(16, 16)) for seed in range(100, 112)]

Break = Callable[[random.Random, bytes], bytes]

BREAKS: dict[str, Break] = {
    "half": lambda chance, data: data[: chance.randrange(1, len(data) - 12)],
    "a flipped byte": lambda chance, data: _flip(data, chance.randrange(40, len(data) - 20)),
    "empty": lambda _, __: b"",
    "another image": lambda chance, _: chance.choice(OTHERS),
    "zeros": lambda _, data: data[:100] + bytes(len(data) - 100),
}


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


def path_in(sd: StorageDir, data: bytes) -> Path:
    """Where a picture is in a storage directory."""
    if sd.layout is LayoutKind.NAMED:
        return Path(sd.path, f"img/{PICTURES.index(data)}.png")
    return Path(sd.path, "media", name_of(data))


def build(machine: Machine, chance: random.Random) -> list[StorageDir]:
    """Two storage directories by id and a vault, with some of the pictures each; all of them were read once."""
    sds = [machine.add("one"), machine.add("two")]
    vault = machine.folder / "vault"
    (vault / "img").mkdir(parents=True)
    (vault / "Note.md").touch()
    sds.append(add_storage_dir(machine.bench, vault).sd)
    for sd in sds:
        for data in chance.sample(PICTURES, 8):
            path_in(sd, data).write_bytes(data)
    machine.clock.pass_time(minutes=5)
    assert repair(machine) == []
    for data in chance.sample(PICTURES, 3):
        steps = plan_delete(machine.bench, [id_of(data)], sds[:1])
        delete_files(machine.bench, steps)
    return sds


def repair(machine: Machine) -> list[tuple[Path, str]]:
    """Verifies everything, heals what it can, and returns the rest: where, and what."""
    sds = machine.list_storage_dirs()
    report = verify_storage_dirs(machine.bench, sds, older_than=timedelta(0))
    findings, _ = heal(machine.bench, report.findings)
    report = replace(report, findings=tuple(findings))
    return [
        (Path(each.sd.path, each.path), each.fault.value) for each in report.findings if not each.is_healed
    ]


@pytest.mark.parametrize("number", range(100 if is_exhaustive() else 6))
def test_no_image_that_is_whole_anywhere_stays_broken(machine: Machine, number: int) -> None:
    """In another folder, under an id or a name, in a conflict copy, or in the trash. No byte is lost."""
    chance = random.Random(get_seed() * 1000 + number)
    sds = build(machine, chance)
    broken: dict[Path, bytes] = {}
    for sd in sds:
        here = [data for data in PICTURES if path_in(sd, data).exists()]
        for data in chance.sample(here, 4):
            path = path_in(sd, data)
            if sd.layout is LayoutKind.IDS and chance.random() < 0.3:
                copy = f"{path.stem}.sync-conflict-20260101-101010-ABCDEFG{path.suffix}"
                path.with_name(copy).write_bytes(data)
            how = chance.choice(
                [each for each in BREAKS if each != "another image" or sd.layout is LayoutKind.IDS]
            )
            path.write_bytes(BREAKS[how](chance, data))
            broken[path] = data
    bad = {path: path.read_bytes() for path in broken}
    machine.clock.pass_time(minutes=10)
    repair(machine)
    machine.clock.pass_time(hours=25)  # until then, a named file may be arriving in a new version
    left = dict(repair(machine))
    whole = find_whole(machine, sds)
    for path, data in broken.items():
        is_healed = path.read_bytes() == data
        assert is_healed == (data in whole), (path, left.get(path))
        assert is_healed != (path in left)
    kept = {file_of(machine.bench, entry).read_bytes() for entry in list_trash(machine.bench)}
    kept |= {path.read_bytes() for sd in sds for path in Path(sd.path).rglob("*.png")}
    assert set(bad.values()) <= kept


def find_whole(machine: Machine, sds: list[StorageDir]) -> set[bytes]:
    """The pictures of which right bytes are anywhere within reach."""
    found = {path.read_bytes() for sd in sds for path in Path(sd.path).rglob("*.png")}
    found |= {file_of(machine.bench, entry).read_bytes() for entry in list_trash(machine.bench)}
    return found & set(PICTURES)
