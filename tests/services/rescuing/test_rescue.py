"""Rescue: exactly the bytes that are missing or bad come back from any folder, to where they were, over nothing."""

from __future__ import annotations

import json
import os
import threading
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from strandline.errors import ImageNotFoundError, SourceNotFoundError
from strandline.model.storage_dirs import StorageDir
from strandline.model.wanted import RescueReport, WantedFile, WantedImage, parse_wanted
from strandline.services.finding.search import find_image
from strandline.services.rescuing import search
from strandline.services.rescuing.provide import provide, provide_zip
from strandline.services.rescuing.rescue import rescue
from strandline.services.rescuing.wanted import list_not_yet_missing, list_wanted
from strandline.services.saving.save import save_image
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.trashing.contents import list_trash
from strandline.services.verifying.verify import verify_storage_dirs

ONE, TWO, THREE = (make_picture("png", seed=seed) for seed in range(3))
ID, NAME = id_of(ONE), name_of(ONE)
BAD = ONE[: len(ONE) // 2]


def wanted(machine: Machine) -> list[WantedFile]:
    """Everything that is wanted."""
    return list_wanted(machine.bench, machine.list_storage_dirs())


def bring_back(machine: Machine, *folders: Path, dry_run: bool = False) -> RescueReport:
    """Looks through the folders for it."""
    return rescue(machine.bench, wanted(machine), [str(folder) for folder in folders], dry_run=dry_run)


def say(report: RescueReport) -> tuple[list[str | None], list[str], list[str]]:
    """Paths of what was done, codes of what was refused, paths of what was not found."""
    return (
        [change.path for change in report.changes.done],
        [each.code for each in report.changes.refused],
        [each.path for each in report.not_found],
    )


def lose(machine: Machine, sd: StorageDir, path: Path) -> None:
    """The file goes, and two scans notice it."""
    path.unlink()
    for _ in range(3):
        machine.clock.pass_time(minutes=2)
        scan_storage_dir(machine.bench, sd)


def lost(machine: Machine) -> StorageDir:
    """A storage directory whose image is missing. It was proven, so its size is known."""
    sd = machine.add("one", ONE, TWO)
    machine.get(ID, sd)
    lose(machine, sd, machine.media(sd) / NAME)
    return sd


def vault(machine: Machine, **files: bytes) -> StorageDir:
    """A folder of named pictures, all of them read."""
    root = machine.folder / "vault"
    (root / "img").mkdir(parents=True)
    (root / "Note.md").touch()
    for name, data in files.items():
        (root / "img" / f"{name}.png").write_bytes(data)
    return add_storage_dir(machine.bench, root).sd


@pytest.fixture
def card(machine: Machine) -> Path:
    """A camera card with other pictures, and a file that is none."""
    card = machine.folder / "card"
    (card / "DCIM/100").mkdir(parents=True)
    (card / "DCIM/100/a.png").write_bytes(THREE)
    (card / "notes.txt").write_text("x")
    return card


def test_a_missing_file_comes_back_under_its_path(machine: Machine, card: Path) -> None:
    """Whatever it is called there. It has the time that it had, and the folder stays as it is."""
    sd = lost(machine)
    [file] = wanted(machine)
    assert (file.path, file.fault.value, file.size_bytes) == (f"media/{NAME}", "missing", len(ONE))
    (card / "DCIM/100/IMG_0001.JPG.backup").write_bytes(ONE)
    assert say(bring_back(machine, card, dry_run=True)) == ([], [], [])
    assert not (machine.media(sd) / NAME).exists()
    report = bring_back(machine, card)
    assert say(report) == ([f"media/{NAME}"], [], [])
    assert (report.files, report.checked) == (3, 1)
    assert machine.get(ID, sd).read() == ONE
    assert wanted(machine) == []
    assert (card / "DCIM/100/IMG_0001.JPG.backup").read_bytes() == ONE


def test_pictures_are_read_if_the_size_is_unknown(machine: Machine, card: Path) -> None:
    """A half that came first never told how long it will be. Hidden folders are looked through as well."""
    sd = machine.add("one", TWO)
    machine.put(sd, BAD, NAME)
    scan_storage_dir(machine.bench, sd)
    [file] = wanted(machine)
    assert (file.fault.value, file.size_bytes) == ("arriving", None)
    assert say(bring_back(machine, card)) == ([], [], [f"media/{NAME}"])
    (card / ".stversions").mkdir()
    (card / ".stversions/b~20260101-101010.png").write_bytes(ONE)
    assert say(bring_back(machine, card)) == ([f"media/{NAME}"], [], [])
    assert (machine.media(sd) / NAME).read_bytes() == ONE
    assert [entry.size_bytes for entry in list_trash(machine.bench)] == [len(BAD)]


def test_nothing_is_replaced(machine: Machine, card: Path) -> None:
    """Something else has the place of the missing file by now."""
    sd = lost(machine)
    (card / "x").write_bytes(ONE)
    files = wanted(machine)
    (machine.media(sd) / NAME).mkdir()
    report = rescue(machine.bench, files, [str(card)])
    assert say(report) == ([], ["place-taken"], [])
    (machine.media(sd) / NAME).rmdir()
    (machine.media(sd) / NAME).write_bytes(ONE)
    assert say(rescue(machine.bench, files, [str(card)])) == ([f"media/{NAME}"], [], [])


def test_named_files_come_back_by_their_history(machine: Machine, card: Path) -> None:
    """The missing one, its folder too, and the damaged one; each only with the bytes that it had."""
    sd = vault(machine, sea=ONE, hill=TWO)
    root = Path(sd.path)
    (root / "img/hill.png").write_bytes(TWO[: len(TWO) // 2])
    lose(machine, sd, root / "img/sea.png")
    machine.clock.pass_time(hours=25)  # until then, the half may be a new version on its way
    assert [(each.path, each.names) for each in wanted(machine)] == [
        ("img/hill.png", ("hill.png",)),
        ("img/sea.png", ("sea.png",)),
    ]
    (card / "hill.png").write_bytes(THREE)
    assert say(bring_back(machine, card))[2] == ["img/hill.png", "img/sea.png"]
    (card / "1").write_bytes(ONE)
    (card / "2").write_bytes(TWO)
    assert say(bring_back(machine, card)) == (["img/hill.png", "img/sea.png"], [], [])
    assert (root / "img/sea.png").read_bytes() == ONE
    assert (root / "img/hill.png").read_bytes() == TWO
    assert wanted(machine) == []


def test_a_legacy_file_only_if_its_bytes_are_known(machine: Machine, card: Path) -> None:
    """A picture of the same name proves nothing."""
    sd = machine.add("one", TWO)
    name = f"{LEGACY_ID}.png"
    machine.put(sd, BAD, name)
    scan_storage_dir(machine.bench, sd)
    (card / name).write_bytes(ONE)
    assert say(bring_back(machine, card)) == ([], [], [f"media/{name}"])
    machine.put(sd, ONE, name)
    machine.clock.pass_time(minutes=1)
    assert find_image(machine.bench, LEGACY_ID) is not None
    lose(machine, sd, machine.media(sd) / name)
    assert say(bring_back(machine, card)) == ([f"media/{name}"], [], [])


def test_altered_bytes_are_mended(machine: Machine, card: Path) -> None:
    """A bit flipped on the disk: the file looks as before."""
    sd = vault(machine, sea=ONE)
    path = Path(sd.path, "img/sea.png")
    machine.clock.pass_time(hours=25)
    seen = path.stat()
    data = bytearray(ONE)
    data[-1] ^= 1
    flipped = ONE[:-20] + TWO[-20:-12] + ONE[-12:] if bytes(data) == ONE else bytes(data)
    path.write_bytes(flipped)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    verify_storage_dirs(machine.bench, [sd], older_than=timedelta(0))
    assert [each.fault.value for each in wanted(machine)] in (["altered"], ["damaged"], ["arriving"])
    (card / "x").write_bytes(ONE)
    assert say(bring_back(machine, card)) == (["img/sea.png"], [], [])
    assert path.read_bytes() == ONE


def test_links_are_not_followed_and_closed_folders_are_told(machine: Machine, card: Path) -> None:
    """What a link leads to is not in the folder. A folder that is one itself is fine."""
    lost(machine)
    (machine.folder / "elsewhere").mkdir()
    (machine.folder / "elsewhere/x.png").write_bytes(ONE)
    (card / "link").symlink_to(machine.folder / "elsewhere")
    (card / "x.png").symlink_to(machine.folder / "elsewhere/x.png")
    (card / "loop").symlink_to(card)
    assert say(bring_back(machine, card))[2] == [f"media/{NAME}"]
    (machine.folder / "mount").symlink_to(machine.folder / "elsewhere")
    assert say(bring_back(machine, machine.folder / "mount"))[0] == [f"media/{NAME}"]
    with pytest.raises(SourceNotFoundError):
        bring_back(machine, card / "nothing")


def test_a_search_is_bounded_and_can_be_interrupted(
    machine: Machine, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that it has not seen everything."""
    lost(machine)
    monkeypatch.setattr(search, "MOST_FILES", 1)
    assert not bring_back(machine, card).is_complete
    monkeypatch.undo()
    asked = threading.Event()
    asked.set()
    report = rescue(machine.bench, wanted(machine), [str(card)], cancel=asked)
    assert (report.is_complete, len(report.not_found)) == (False, 1)


def test_a_storage_directory_that_is_away_is_left_alone(machine: Machine, card: Path) -> None:
    """Nothing is written to an empty mount point."""
    sd = lost(machine)
    files = wanted(machine)
    (card / "x").write_bytes(ONE)
    machine.take_away(sd)
    Path(sd.path).mkdir()
    assert say(rescue(machine.bench, files, [str(card)])) == ([], ["sd-offline"], [])
    assert os.listdir(sd.path) == []


def test_wanted_says_what_people_called_it_and_whether_it_is_elsewhere(machine: Machine) -> None:
    """The name that it was saved under, and that another folder still shows it."""
    one, two = machine.add("one", TWO), machine.add("two", TWO)
    save_image(machine.bench, ONE, one, name="holiday.png")
    machine.clock.pass_time(minutes=1)
    save_image(machine.bench, ONE, two, name="beach.png")
    lose(machine, one, machine.media(one) / NAME)
    [file] = wanted(machine)
    assert (file.sd, file.names, file.is_elsewhere) == (one, ("holiday.png", "beach.png"), True)


@pytest.mark.parametrize("target", ["out", "out.zip"])
def test_what_another_machine_provides_is_found(machine: Machine, target: str) -> None:
    """From its own folders, whatever they are called there."""
    lost(machine)
    vault(machine, sea=ONE)
    text = json.dumps({"wanted": [each.to_json() for each in wanted(machine)]})
    images, unknown = parse_wanted(text)
    assert (len(images), unknown) == (1, 0)
    report = provide(machine.bench, images, str(machine.folder / target))
    assert [(change.path, change.sd_name) for change in report.done] == [(NAME, "vault")]
    if target == "out":
        assert (machine.folder / target / NAME).read_bytes() == ONE
        assert provide(machine.bench, images, str(machine.folder / target)).refused == ()
        (machine.folder / target / NAME).write_bytes(TWO)
        [refused] = provide(machine.bench, images, str(machine.folder / target)).refused
        assert refused.code == "place-taken"
        (machine.folder / target / NAME).write_bytes(ONE)
        assert say(bring_back(machine, machine.folder / target))[0] == [f"media/{NAME}"]
    else:
        with zipfile.ZipFile(machine.folder / target) as archive:
            assert archive.read(NAME) == ONE


def test_what_is_not_here_is_told(machine: Machine) -> None:
    """And no empty ZIP is made."""
    machine.add("one", ONE)
    images, _ = parse_wanted(json.dumps({"wanted": [{"image_id": id_of(THREE)}]}))
    report = provide(machine.bench, images, str(machine.folder / "out.zip"))
    assert [each.code for each in report.refused] == ["image-not-found"]
    assert not (machine.folder / "out.zip").exists()


def test_an_archive_of_what_is_here_is_handed_out(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file that somebody must remove. If nothing is here, there is no archive. Its names are not walked
    through for each file.
    """
    machine.add("one", ONE)
    here, nowhere = WantedImage(id_of(ONE), None), WantedImage(id_of(TWO), None)
    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "namelist", lambda _: pytest.fail("all names were asked for"))
        report, file = provide_zip(machine.bench, [here, nowhere, here])
    with file, zipfile.ZipFile(file) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [ONE]
    assert ([change.image_id for change in report.done], len(report.refused)) == ([id_of(ONE)] * 2, 1)
    with pytest.raises(ImageNotFoundError):
        provide_zip(machine.bench, [nowhere])
    assert list(machine.bench.scratch.iterdir()) == []


def test_what_is_not_missing_yet_is_counted(machine: Machine) -> None:
    """Until a scan a minute later: then it is wanted."""
    sd = machine.add("one", ONE, TWO, THREE)
    machine.get(ID, sd)
    (machine.media(sd) / NAME).unlink()
    scan_storage_dir(machine.bench, sd)
    absent = list_not_yet_missing(machine.bench, machine.list_storage_dirs())
    assert [(each.sd.number, each.files) for each in absent] == [(sd.number, 1)]
    assert wanted(machine) == []
    machine.clock.pass_time(minutes=2)
    scan_storage_dir(machine.bench, sd)
    assert list_not_yet_missing(machine.bench, machine.list_storage_dirs()) == []
    assert [each.path for each in wanted(machine)] == [f"media/{NAME}"]
