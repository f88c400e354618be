"""Conflict copies: equal ones are folded, right ones heal, others become images. No bytes are ever lost."""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from strandline.errors import StorageDirNotFoundError
from strandline.model.conflicts import ResolveReport
from strandline.model.image_files import ImageFile
from strandline.model.storage_dirs import StorageDir
from strandline.services.inspecting.inspect import inspect_storage_dir
from strandline.services.resolving.listing import list_conflicts
from strandline.services.resolving.resolve import find_given, resolve_conflicts
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.trashing.contents import list_trash
from strandline.services.trashing.restore import restore_images
from strandline.services.trashing.trash import file_of

ONE, TWO, THREE = (make_picture("png", seed=seed) for seed in range(3))
ID, NAME = id_of(ONE), name_of(ONE)
BAD = ONE[: len(ONE) // 2]
MARK = ".sync-conflict-20260101-101010-ABCDEFG"
COPY = f"{ID}{MARK}.png"
OLD = "6f1b2c3d-0000-4000-8000-00000000000a"


def listed(machine: Machine) -> list[tuple[str, str, str]]:
    """Path, bytes, and remedy of each conflict copy."""
    listing = list_conflicts(machine.bench, machine.list_storage_dirs())
    return [(each.path, each.bytes_are, each.remedy.value) for each in listing.conflicts]


def resolve(machine: Machine, *texts: str, dry_run: bool = False) -> ResolveReport:
    """Resolves everything, or these."""
    sds = machine.list_storage_dirs()
    given = find_given(machine.bench, sds, texts or [sd.path for sd in sds])
    return resolve_conflicts(machine.bench, given, dry_run=dry_run)


def say(report: ResolveReport) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    """What was resolved and how, codes of what was refused, and paths of what was left."""
    return (
        [(each.path, each.remedy.value) for each in report.resolved],
        [each.code for each in report.changes.refused],
        [each.path for each in report.left],
    )


def in_trash(machine: Machine) -> dict[str, bytes]:
    """The bytes in the trash, by path."""
    return {entry.path: file_of(machine.bench, entry).read_bytes() for entry in list_trash(machine.bench)}


def vault(machine: Machine, **files: bytes) -> tuple[StorageDir, Path]:
    """A folder of named pictures that was read."""
    root = machine.folder / "vault"
    root.mkdir()
    (root / "Note.md").touch()
    for name, data in files.items():
        (root / f"{name}.png").write_bytes(data)
    return add_storage_dir(machine.bench, root).sd, root


def test_equal_bytes_are_folded_and_come_back(machine: Machine) -> None:
    """The copy is in the trash, and `trash restore` undoes it."""
    sd = machine.add("one", ONE)
    machine.put(sd, ONE, COPY)
    assert listed(machine) == [(f"media/{COPY}", "duplicate", "fold")]
    assert say(resolve(machine, dry_run=True))[0] == [(f"media/{COPY}", "fold")]
    assert (machine.media(sd) / COPY).exists()
    report = resolve(machine)
    assert say(report) == ([(f"media/{COPY}", "fold")], [], [])
    assert [change.path for change in report.changes.done] == [f"media/{COPY}"]
    assert in_trash(machine) == {f"media/{COPY}": ONE}
    assert say(resolve(machine)) == ([], [], [])
    assert restore_images(machine.bench, [ID]).refused == ()
    assert (machine.media(sd) / COPY).read_bytes() == ONE


@pytest.mark.parametrize("plain", [BAD, None])
def test_right_bytes_heal_their_file(machine: Machine, plain: bytes | None) -> None:
    """It was half, or gone. What was there is in the trash."""
    sd = machine.add("one", TWO)
    if plain is not None:
        machine.put(sd, plain, NAME)
    machine.put(sd, ONE, COPY)
    assert listed(machine) == [(f"media/{COPY}", "true", "heal")]
    assert say(resolve(machine)) == ([(f"media/{COPY}", "heal")], [], [])
    assert (machine.media(sd) / NAME).read_bytes() == ONE
    assert not (machine.media(sd) / COPY).exists()
    kept = {f"media/{COPY}": ONE} | ({} if plain is None else {f"media/{NAME}": plain})
    assert in_trash(machine) == kept
    assert machine.get(ID).read() == ONE


def test_other_bytes_become_an_image(machine: Machine) -> None:
    """Under their own id. Half of one stays as it is: it may still be arriving."""
    sd = machine.add("one", ONE)
    machine.put(sd, TWO, COPY)
    machine.put(sd, THREE[: len(THREE) // 2], f"{ID}{MARK.replace('10-', '11-')}.png")
    done, refused, _ = say(resolve(machine))
    assert done == [(f"media/{COPY}", "keep-both")]
    assert refused == ["wrong-bytes"]
    assert machine.get(id_of(TWO), sd).read() == TWO
    assert machine.get(ID, sd).read() == ONE
    assert not (machine.media(sd) / COPY).exists()


def test_a_legacy_image_is_healed_by_its_history(machine: Machine) -> None:
    """Without one, nobody can tell which bytes it had, so its copies stay."""
    sd = machine.add("one", TWO)
    name, copy = f"{LEGACY_ID}.png", f"{LEGACY_ID}{MARK}.png"
    machine.put(sd, BAD, name)
    machine.put(sd, ONE, copy)
    scan_storage_dir(machine.bench, sd)
    assert say(resolve(machine)) == ([], [], [f"media/{copy}"])
    machine.put(sd, ONE, name)
    machine.clock.pass_time(minutes=1)
    machine.get(LEGACY_ID)
    machine.put(sd, BAD, name)
    scan_storage_dir(machine.bench, sd)
    assert say(resolve(machine)) == ([(f"media/{copy}", "heal")], [], [])
    assert (machine.media(sd) / name).read_bytes() == ONE
    machine.put(sd, THREE, copy)
    machine.get(LEGACY_ID)
    assert say(resolve(machine)) == ([(f"media/{copy}", "keep-both")], [], [])
    assert machine.get(id_of(THREE)).read() == THREE


def test_named_copies_are_images_already(machine: Machine) -> None:
    """Another version stays under its name. An equal one is folded, unless a note uses it."""
    sd, root = vault(machine, sea=ONE, hill=TWO, wood=THREE)
    (root / f"sea{MARK}.png").write_bytes(TWO)
    (root / f"hill{MARK}.png").write_bytes(TWO)
    (root / f"wood{MARK}.png").write_bytes(THREE)
    (root / f"gone{MARK}.png").write_bytes(ONE)
    (root / "Note.md").write_text(f"![](wood{MARK}.png)")
    scan_storage_dir(machine.bench, sd)
    report = resolve(machine)
    assert say(report) == (
        [(f"hill{MARK}.png", "fold")],
        ["refused"],
        [f"gone{MARK}.png", f"sea{MARK}.png"],
    )
    assert "Note.md:1 uses" in report.changes.refused[0].message
    assert not (root / f"hill{MARK}.png").exists()
    assert [row.state.value for row in _rows(machine, sd, f"hill{MARK}.png")] == ["trashed"]


def test_an_edit_is_not_undone(machine: Machine) -> None:
    """The copy has the bytes that the file had. The file has others, and they are whole: somebody wrote them."""
    sd, root = vault(machine, sea=ONE)
    (root / "sea.png").write_bytes(TWO)
    (root / f"sea{MARK}.png").write_bytes(ONE)
    scan_storage_dir(machine.bench, sd)
    assert say(resolve(machine)) == ([], [], [f"sea{MARK}.png"])
    (root / "sea.png").write_bytes(TWO[: len(TWO) // 2])
    machine.clock.pass_time(minutes=1)
    scan_storage_dir(machine.bench, sd)
    (root / f"sea{MARK}.png").write_bytes(TWO)
    assert say(resolve(machine))[0] == [(f"sea{MARK}.png", "heal")]
    assert (root / "sea.png").read_bytes() == TWO


def test_only_what_is_named_is_resolved(machine: Machine) -> None:
    """A path of a copy, or a storage directory. What is no copy is told."""
    sd = machine.add("one", ONE, TWO)
    other = f"{id_of(TWO)} (1).png"
    machine.put(sd, ONE, COPY)
    machine.put(sd, TWO, other)
    report = resolve(machine, str(machine.media(sd) / other), str(machine.media(sd) / NAME))
    assert say(report)[:2] == ([(f"media/{other}", "fold")], ["entry-not-found"])
    assert (machine.media(sd) / COPY).exists()
    assert say(resolve(machine, "one"))[0] == [(f"media/{COPY}", "fold")]
    with pytest.raises(StorageDirNotFoundError):
        resolve(machine, "/nowhere/x.png")


def test_a_storage_directory_and_one_copy_of_another(machine: Machine) -> None:
    """Of the other one, only that copy is resolved."""
    one, two = machine.add("one", ONE), machine.add("two", ONE, TWO)
    other = f"{id_of(TWO)} (1).png"
    for sd in (one, two):
        machine.put(sd, ONE, COPY)
    machine.put(two, TWO, other)
    report = resolve(machine, "one", str(machine.media(two) / other))
    assert say(report) == ([(f"media/{COPY}", "fold"), (f"media/{other}", "fold")], [], [])
    assert [(machine.media(sd) / COPY).exists() for sd in (one, two)] == [False, True]


def test_copies_of_the_identity_are_folded_only_if_their_value_is_kept(machine: Machine) -> None:
    """One with a value that nothing else has, and one that some systems take for SD_ID itself, stay."""
    sd = machine.add("one", ONE)
    root = Path(sd.path)
    (root / f"SD_ID{MARK}").write_text(f"{OLD}\n")
    (root / "SD_ID.conflict1").write_text(f"{sd.sd_id}\n")
    (root / "SD_ID.conflict2").write_text("nothing\n")
    (root / "sd_id").write_text(f"{sd.sd_id}\n")
    scan_storage_dir(machine.bench, sd)
    (root / f"SD_ID.was-{OLD}").unlink(missing_ok=True)
    assert {path: remedy for path, _, remedy in listed(machine)} == {
        f"SD_ID{MARK}": "leave",
        "SD_ID.conflict1": "fold",
        "SD_ID.conflict2": "leave",
        "sd_id": "leave",
    }
    (root / f"SD_ID.was-{OLD}").write_text(f"{OLD}\n")
    report = resolve(machine)
    assert sorted(change.path or "" for change in report.changes.done) == ["SD_ID.conflict1", f"SD_ID{MARK}"]
    assert (root / "SD_ID").read_text() == f"{sd.sd_id}\n"
    assert in_trash(machine)[f"SD_ID{MARK}"] == f"{OLD}\n".encode()
    for entry in list_trash(machine.bench):
        assert restore_images(machine.bench, [entry.image_id]).refused == ()
    assert (root / f"SD_ID{MARK}").read_text() == f"{OLD}\n"


def test_a_storage_directory_that_is_away_is_told(machine: Machine) -> None:
    """Nothing is concluded about it, and a read-only one is refused."""
    sd = machine.add("one", ONE)
    machine.put(sd, ONE, COPY)
    machine.take_away(sd)
    assert [each.reason for each in resolve(machine).not_listed] != []


def _rows(machine: Machine, sd: StorageDir, path: str) -> list[ImageFile]:
    with machine.bench.catalog.read() as reader:
        row = reader.files.find_row(sd.number, path)
    return [] if row is None else [row]


def test_onedrive_names_a_copy_by_the_computer(machine: Machine) -> None:
    """Only beside its plain file. Alone, or with a name that Windows gives nobody, it is a picture of its own."""
    name = "Rosen 7-DESKTOP-7QK2J9A"
    same = "Rosen 7-LAPTOP-1A2B3C4D"
    alone = {"Tulpen-DESKTOP-7QK2J9A": THREE, "Rosen 7-desktop-7qk2j9a": TWO, "Rosen 7-2": TWO}
    sd, _ = vault(machine, **{"Rosen 7": ONE, name: TWO, same: ONE, **alone})
    assert listed(machine) == [(f"{name}.png", "different", "leave"), (f"{same}.png", "duplicate", "fold")]
    inspected = inspect_storage_dir(machine.bench, sd).conflict_copies
    assert [each.filename for each in inspected] == [f"{name}.png", f"{same}.png"]
    assert say(resolve(machine))[0] == [(f"{same}.png", "fold")]


def test_a_decomposed_name_belongs_to_a_decomposed_file(machine: Machine) -> None:
    """As a Mac writes both."""
    name = normalize("NFD", "Küche ü")
    vault(machine, **{name: ONE, f"{name}{MARK}": ONE})
    assert listed(machine) == [(f"{name}{MARK}.png", "duplicate", "fold")]
