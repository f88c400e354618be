"""A folder of named pictures as a person has it: added as it is, seen, found, moved about, and never written to."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.identities import A
from builders.named_vault import list_events, put
from builders.pictures import make_picture
from builders.snapshots import snapshot
from builders.storage import id_of, make_pictures, make_storage_dir, open_bench, put_image
from strandline.errors import StorageDirOfflineError
from strandline.model.events import Event, ImageAvailable, ImageChanged, ImageEvent, StorageDirLayoutChanged
from strandline.model.image_files import FileState, ImageFile, ImageFilter, ProofKind
from strandline.model.reports import ScanReport
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.model.verdicts import Verdict
from strandline.services.finding.describe import find_image_info, list_images
from strandline.services.finding.explain import explain_image
from strandline.services.finding.look_up import look_up
from strandline.services.finding.search import find_as_is, find_image
from strandline.services.inspecting.browse import list_tree
from strandline.services.inspecting.inspect import inspect_storage_dir
from strandline.services.proving.arrivals import Arrival, look_at_arrival
from strandline.services.saving.copy import copy_image
from strandline.services.saving.save import save_image
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.confirm import confirm_storage_dir
from strandline.services.storage_dirs.manage import get_by_number, move_storage_dir
from strandline.services.storage_dirs.presence import reconsider, refresh
from strandline.services.workbench import Workbench

ONE, TWO, THREE, FOUR = make_pictures(4)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """Two pictures, one of them twice, notes, and an old version in a folder that is passed over."""
    root = tmp_path / "Vault"
    put(root, ".obsidian/app.json", b"{}")
    put(root, "Note.md", b"![[Pasted image 1.png]]")
    put(root, "Pasted image 1.png", ONE)
    put(root, "Study/attachments/graph.png", TWO)
    put(root, "Study/copy.png", ONE)
    put(root, ".stversions/Pasted image 1.png", THREE)
    return root


@pytest.fixture
def sd(bench: Workbench, vault: Path) -> StorageDir:
    """The vault, added."""
    return add_storage_dir(bench, vault).sd


def rows_of(bench: Workbench, sd: StorageDir) -> dict[str, ImageFile]:
    """All rows, by path."""
    with bench.catalog.read() as reader:
        paths = list(reader.files.list_some_paths(sd.number, limit=1000))
        paths += [row.path for row in reader.files.iter_noteworthy_rows(sd.number)]
        return reader.files.find_rows(sd.number, paths)


def scan(bench: Workbench, sd: StorageDir) -> ScanReport:
    """A scan of the storage directory as it is now."""
    return scan_storage_dir(bench, get_by_number(bench, sd.number))


def new_events(bench: Workbench, do: Callable[[], object], kind: type[Event] = ImageEvent) -> list[Event]:
    """The events of this kind that came meanwhile."""
    before = len(list_events(bench))
    do()
    return [event for event in list_events(bench)[before:] if isinstance(event, kind)]


def test_a_vault_is_added_as_it_is(bench: Workbench, vault: Path) -> None:
    """Nothing is written into it, and every picture in it is an image with its name."""
    before = snapshot(vault)
    added = add_storage_dir(bench, vault)
    assert snapshot(vault) == before
    assert (added.sd.layout, added.sd.state, added.sd.is_unmarked) == (
        LayoutKind.NAMED,
        StorageDirState.ONLINE,
        True,
    )
    assert "files are there already" in added.layout_reason
    assert added.identity.warnings == ()
    rows = rows_of(bench, added.sd)
    assert {path: row.image_id for path, row in rows.items()} == {
        "Pasted image 1.png": id_of(ONE),
        "Study/attachments/graph.png": id_of(TWO),
        "Study/copy.png": id_of(ONE),
    }
    assert {row.proof_kind for row in rows.values()} == {ProofKind.STRUCTURE}
    page = list_images(bench, ImageFilter(), after=None, limit=9)
    assert {image.image_id: len(image.files) for image in page.images} == {id_of(ONE): 2, id_of(TWO): 1}
    named = list_images(bench, ImageFilter(text="graph"), after=None, limit=9)
    assert [image.original_name for image in named.images] == ["graph.png"]
    assert add_storage_dir(bench, vault).sd == added.sd
    assert snapshot(vault) == before


def test_a_second_scan_finds_nothing(bench: Workbench, sd: StorageDir) -> None:
    """And writes nothing."""
    report = scan(bench, sd)
    assert (report.unchanged, report.found_changes, report.findings) == (3, False, [])
    assert new_events(bench, lambda: scan(bench, sd), Event) == []


def test_a_picture_is_found_by_its_id(bench: Workbench, sd: StorageDir, clock: FakeClock) -> None:
    """By any of its files."""
    clock.pass_time(minutes=1)
    scan(bench, sd)
    for data in (ONE, TWO):
        found = find_image(bench, id_of(data))
        assert found is not None
        assert (found.read(), found.proven, found.whole) == (data, True, True)
        assert look_up(bench, id_of(data)).exists
        assert explain_image(bench, id_of(data)).verdict is Verdict.SHOWN
    Path(sd.path, "Pasted image 1.png").unlink()
    found = find_image(bench, id_of(ONE))
    assert found is not None
    assert found.relative_path == "Study/copy.png"


def test_an_image_is_healed_from_a_folder_by_id(bench: Workbench, sd: StorageDir, tmp_path: Path) -> None:
    """Both kinds live in one catalog: one image, several files. A copy is saved in either."""
    root = make_storage_dir(tmp_path / "ids", TWO)
    ids = add_storage_dir(bench, root).sd
    info = find_image_info(bench, id_of(TWO))
    assert info is not None
    assert len(info.files) == 2
    (root / "media" / f"{id_of(TWO)}.png").unlink()
    assert copy_image(bench, id_of(ONE), ids).new
    assert not copy_image(bench, id_of(ONE), sd).new
    save_image(bench, THREE, ids, name="map.png")
    assert copy_image(bench, id_of(THREE), sd).path == "map.png"


def test_other_bytes_make_another_image(bench: Workbench, sd: StorageDir, clock: FakeClock) -> None:
    """The file is the new image from its proof on, told once. The old one is not found there."""
    clock.pass_time(minutes=1)
    put(Path(sd.path), "Study/attachments/graph.png", FOUR)
    assert find_image(bench, id_of(TWO)) is None
    assert not look_up(bench, id_of(TWO)).exists
    (changed,) = [event for event in list_events(bench) if isinstance(event, ImageChanged)]
    assert (changed.image_id, changed.old_image_id, changed.path) == (
        id_of(FOUR), id_of(TWO), "Study/attachments/graph.png",
    )  # fmt: skip
    assert rows_of(bench, sd)["Study/attachments/graph.png"].image_id == id_of(FOUR)
    assert new_events(bench, lambda: scan(bench, sd)) == []
    assert find_as_is(bench, id_of(TWO)) is None
    assert explain_image(bench, id_of(TWO)).verdict is Verdict.NOT_FOUND


def test_half_a_picture_is_arriving_and_has_no_id(bench: Workbench, sd: StorageDir, clock: FakeClock) -> None:
    """It is announced once it is whole. It is never another image under a false name."""
    root = Path(sd.path)
    put(root, "new.png", THREE[: len(THREE) // 2])
    (event,) = new_events(bench, lambda: scan(bench, sd))
    assert (event.type, event.to_json()["image_id"], event.to_json()["path"]) == (
        "image.arriving",
        None,
        "new.png",
    )
    clock.pass_time(hours=30)
    report = scan(bench, sd)
    assert [finding.kind for finding in report.findings] == ["damaged"]
    status = inspect_storage_dir(bench, sd)
    assert [item.path for item in status.damaged] == ["new.png"]
    put(root, "new.png", THREE)
    arriving, event = new_events(bench, lambda: scan(bench, sd))
    assert arriving.type == "image.arriving"
    assert isinstance(event, ImageAvailable)
    assert event.image_id == id_of(THREE)


def test_moved_files_and_folders_are_recognized(bench: Workbench, sd: StorageDir, clock: FakeClock) -> None:
    """By their inodes: nothing is missing, nothing is told, and no byte is read."""
    root = Path(sd.path)
    (root / "Study").rename(root / "Learning")
    (root / "Pasted image 1.png").rename(root / "Learning/Formula.png")
    assert new_events(bench, lambda: scan(bench, sd)) == []
    assert rows_of(bench, sd).keys() == {
        "Learning/attachments/graph.png",
        "Learning/copy.png",
        "Learning/Formula.png",
    }
    assert all(row.proof_is_current for row in rows_of(bench, sd).values())
    named = list_images(bench, ImageFilter(text="formula"), after=None, limit=9)
    assert [image.image_id for image in named.images] == [id_of(ONE)]
    clock.pass_time(minutes=5)
    assert not scan(bench, sd).found_changes


def test_files_that_sync_moved_are_recognized(bench: Workbench, sd: StorageDir, clock: FakeClock) -> None:
    """By their bytes: another machine renamed the folder, so all files are deleted and written here."""
    root = Path(sd.path)
    for path, data in (
        ("Study/attachments/graph.png", TWO),
        ("Study/copy.png", ONE),
        ("Pasted image 1.png", ONE),
    ):
        (root / path).unlink()
        put(root, f"Moved/{path}", data)
    assert new_events(bench, lambda: scan(bench, sd)) == []
    assert get_by_number(bench, sd.number).state is StorageDirState.ONLINE
    assert all(path.startswith("Moved/") for path in rows_of(bench, sd))
    clock.pass_time(minutes=5)
    report = scan(bench, sd)
    assert (report.missing, report.absent, report.unchanged) == (0, 0, 3)


def test_a_deleted_picture_becomes_missing(bench: Workbench, sd: StorageDir, clock: FakeClock) -> None:
    """By two scans, as anywhere."""
    (Path(sd.path) / "Study/attachments/graph.png").unlink()
    assert scan(bench, sd).absent == 1
    clock.pass_time(minutes=2)
    (event,) = new_events(bench, lambda: scan(bench, sd))
    assert (event.type, event.to_json()["path"]) == ("image.missing", "Study/attachments/graph.png")
    put(Path(sd.path), "found again.png", TWO)
    (event,) = new_events(bench, lambda: scan(bench, sd))
    assert isinstance(event, ImageAvailable)
    assert "Study/attachments/graph.png" not in rows_of(bench, sd)


def test_much_that_goes_is_not_believed(bench: Workbench, sd: StorageDir) -> None:
    """The brake is the same."""
    for path in rows_of(bench, sd):
        (Path(sd.path) / path).unlink()
    scan(bench, sd)
    assert get_by_number(bench, sd.number).state is StorageDirState.SUSPECT


def test_an_arrival_is_proven_by_its_path(bench: Workbench, sd: StorageDir, clock: FakeClock) -> None:
    """A look at one name in any folder is enough."""
    put(Path(sd.path), "Study/new.png", THREE)
    os.utime(Path(sd.path, "Study/new.png"), (1, 1))
    events = new_events(bench, lambda: look_at_arrival(bench, sd, "Study/new.png"))
    assert [event.type for event in events] == ["image.available"]
    assert look_at_arrival(bench, sd, "Study/new.png") is Arrival.KNOWN
    assert look_at_arrival(bench, sd, "Study/note.md") is Arrival.NOTHING
    assert look_at_arrival(bench, sd, "Study/gone.png") is Arrival.NOTHING
    assert look_at_arrival(bench, sd, "Study") is Arrival.FOLDER


def test_known_bytes_need_no_other_proof(bench: Workbench, sd: StorageDir, tmp_path: Path) -> None:
    """A WebP that was proven anywhere is whole at once, and by its hash, although its structure cannot show holes."""
    data = make_picture("webp")
    ids = make_storage_dir(tmp_path / "ids", data)
    other = add_storage_dir(bench, ids).sd
    assert find_image(bench, id_of(data), other) is not None
    put(Path(sd.path), "photo.webp", data)
    scan(bench, sd)
    row = rows_of(bench, sd)["photo.webp"]
    assert (row.proof_kind, row.is_whole) == (ProofKind.HASH, True)


def test_another_folder_at_its_path_is_not_it(bench: Workbench, sd: StorageDir, tmp_path: Path) -> None:
    """An empty mount point has none of its anchors: it is offline, nothing is missing, and it comes back."""
    root = Path(sd.path)
    root.rename(tmp_path / "away")
    assert refresh(bench, sd).state is StorageDirState.OFFLINE
    root.mkdir()
    away = refresh(bench, get_by_number(bench, sd.number))
    assert away.state is StorageDirState.OFFLINE
    assert "sd confirm" in (away.problem or "")
    assert scan(bench, sd).absent == 0
    root.rmdir()
    (tmp_path / "away").rename(root)
    assert refresh(bench, away).state is StorageDirState.ONLINE


def test_a_restored_folder_is_recognized_by_its_files(
    bench: Workbench, sd: StorageDir, tmp_path: Path
) -> None:
    """Its root is another one, but the known files are there. If none is, a person can say that it is the same."""
    root = Path(sd.path)
    root.rename(tmp_path / "away")
    for path, row in rows_of(bench, sd).items():
        put(root, path, ONE if row.image_id == id_of(ONE) else TWO)
    assert refresh(bench, sd).state is StorageDirState.ONLINE
    root.rename(tmp_path / "restored")
    root.mkdir()
    put(root, "new.png", FOUR)
    away = refresh(bench, sd)
    assert away.state is StorageDirState.OFFLINE
    confirmed = confirm_storage_dir(bench, away)
    assert (confirmed.identity_restored, confirmed.sd.state) == (True, StorageDirState.ONLINE)
    assert snapshot(root).keys() == {".", "new.png"}
    root.rename(tmp_path / "third")
    with pytest.raises(StorageDirOfflineError):
        confirm_storage_dir(bench, refresh(bench, get_by_number(bench, sd.number)))


def test_a_moved_vault_is_told_by_a_person(bench: Workbench, sd: StorageDir, tmp_path: Path) -> None:
    """Its files stay known."""
    Path(sd.path).rename(tmp_path / "elsewhere")
    moved = move_storage_dir(bench, refresh(bench, sd), tmp_path / "elsewhere")
    assert (moved.state, moved.sd_id) == (StorageDirState.ONLINE, sd.sd_id)
    assert scan(bench, moved).unchanged == 3


def test_an_image_with_an_id_is_not_announced_as_a_named_one(bench: Workbench, sd: StorageDir) -> None:
    """A scan decides the layout first. If a person chose it, it is a picture like all others."""
    (Path(sd.path) / "media").mkdir()
    name = f"media/{put_image(Path(sd.path), FOUR)}"
    assert look_at_arrival(bench, sd, name) is Arrival.SCAN_SOON
    assert name not in rows_of(bench, sd)
    chosen = replace(sd, is_layout_chosen=True)
    assert look_at_arrival(bench, chosen, name) is not Arrival.SCAN_SOON


@pytest.mark.parametrize("what", ["SD_ID", ".sd-id", "image"])
def test_the_layout_is_decided_again(bench: Workbench, sd: StorageDir, what: str) -> None:
    """If an identity, or the first image with an id, arrives: it is an event, and nothing becomes missing."""
    root = Path(sd.path)
    if what == "image":
        (root / "media").mkdir()
        put_image(root, FOUR)
    else:
        (root / what).write_text(f"{A}\n")
    (event,) = new_events(bench, lambda: reconsider(bench, sd), StorageDirLayoutChanged)
    assert event.to_json()["layout"] == "ids"
    changed = get_by_number(bench, sd.number)
    assert changed.layout is LayoutKind.IDS
    if what == "image":
        assert changed.state is StorageDirState.INCOMPLETE
    else:
        assert (changed.sd_id, changed.state) == (A, StorageDirState.ONLINE)
        scan(bench, changed)
    assert [event for event in list_events(bench) if event.type == "image.missing"] == []


def test_a_scan_notices_that_ids_arrived(bench: Workbench, sd: StorageDir) -> None:
    """Without anybody asking."""
    (Path(sd.path) / "media").mkdir()
    put_image(Path(sd.path), FOUR)
    scan(bench, sd)
    assert get_by_number(bench, sd.number).layout is LayoutKind.IDS


def test_a_layout_that_was_chosen_stays(bench: Workbench, vault: Path) -> None:
    """If an identity arrives then, it is the folder's, and nothing else changes."""
    sd = add_storage_dir(bench, vault, layout=LayoutKind.NAMED).sd
    (vault / "SD_ID").write_text(f"{A}\n")
    before = snapshot(vault)
    marked = reconsider(bench, refresh(bench, sd))
    assert (marked.layout, marked.sd_id, marked.provisional) == (LayoutKind.NAMED, A, False)
    assert scan(bench, marked).unchanged == 3
    assert snapshot(vault) == before
    assert add_storage_dir(bench, vault).sd.layout is LayoutKind.NAMED


def test_a_file_says_the_layout(bench: Workbench, tmp_path: Path) -> None:
    """On every machine, also if it arrives after the identity."""
    root = make_storage_dir(tmp_path / "Shared", ONE)
    put(root, "Note.png", TWO)
    sd = add_storage_dir(bench, root).sd
    assert sd.layout is LayoutKind.IDS
    (root / "SD_LAYOUT").write_text("named\n")
    changed = reconsider(bench, sd)
    assert (changed.layout, changed.sd_id, changed.state) == (
        LayoutKind.NAMED,
        sd.sd_id,
        StorageDirState.ONLINE,
    )
    scan(bench, changed)
    assert rows_of(bench, changed).keys() == {"Note.png", f"media/{id_of(ONE)}.png"}
    assert [event for event in list_events(bench) if event.type == "image.missing"] == []


def test_a_folder_with_ids_whose_identity_is_away_is_not_taken_for_named(
    bench: Workbench, tmp_path: Path
) -> None:
    """Another disk with notes may be mounted there."""
    root = make_storage_dir(tmp_path / "ids", ONE)
    sd = add_storage_dir(bench, root).sd
    root.rename(tmp_path / "away")
    put(root, "Note.md", b"x")
    again = reconsider(bench, refresh(bench, sd))
    assert (again.layout, again.state) == (LayoutKind.IDS, StorageDirState.OFFLINE)


def test_the_tree_is_browsed(bench: Workbench, sd: StorageDir) -> None:
    """Notes and folders are told apart from pictures."""
    page = list_tree(bench, sd)
    meanings = {entry.path: (entry.kind, entry.meaning) for entry in page.entries}
    assert meanings["Study/copy.png"] == ("file", "image")
    assert meanings["Note.md"] == ("file", "other")
    assert meanings["Study"] == ("folder", "other")
    only = list_tree(bench, sd, meaning="image")
    assert {entry.state for entry in only.entries} == {FileState.PRESENT}
    assert len(only.entries) == 3


def test_inspecting_a_healthy_vault_finds_nothing(bench: Workbench, sd: StorageDir) -> None:
    """Neither notes nor passed-over folders are discrepancies."""
    status = inspect_storage_dir(bench, sd)
    assert (status.on_disk_count, status.in_catalog_count, status.problems) == (3, 3, [])
    assert status.on_disk_not_in_catalog == status.in_catalog_not_on_disk == status.strays == []


def test_what_was_not_read_is_read_later(home: Path, vault: Path) -> None:
    """A page adds without reading, and the next scan of a person reads the rest."""
    with open_bench(home) as bench:
        sd = add_storage_dir(bench, vault, prove_all=False).sd
        assert {row.image_id for row in rows_of(bench, sd).values()} == {None}
        assert list_images(bench, ImageFilter(), after=None, limit=9).total == 0
        scan(bench, sd)
        assert list_images(bench, ImageFilter(), after=None, limit=9).total == 2
