"""Inspecting: every possible disagreement of disk and catalog is in its list, and inspecting changes nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from builders.catalogs import sql_of
from builders.clocks import FakeClock
from builders.identities import A, B, C, S
from builders.identity_folders import as_somebody_without_rights, lay
from builders.pictures import make_picture
from builders.snapshots import snapshot
from builders.storage import id_of, make_pictures, make_storage_dir, name_of, open_bench, put_half, put_image
from strandline.folders.filesystems import Mount
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_status import SyncStatus
from strandline.services.inspecting.inspect import inspect_storage_dir
from strandline.services.proving.prove import prove_file
from strandline.services.saving.save import save_image
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.confirm import confirm_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

PICTURES = make_pictures(12)
LEGACY = "6F1B2C3D-0000-4000-8000-00000000ABCD".lower()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A storage directory with twelve images."""
    return make_storage_dir(tmp_path / "Notes", *PICTURES, sd_id=A)


def filled_lists(status: SyncStatus) -> dict[str, list[str]]:
    """The lists with entries, by name."""
    lists = {name: [item.filename for item in getattr(status, name)] for name in SyncStatus.LISTS}
    return {name: items for name, items in lists.items() if items}


def dump(bench: Workbench) -> list[str]:
    """The whole catalog as text."""
    with bench.catalog.read() as reader:
        return list(sql_of(reader).iterdump())


def test_where_nothing_is_wrong_every_list_is_empty(bench: Workbench, root: Path, sd: StorageDir) -> None:
    """The numbers match the folder, and the JSON has all of its keys."""
    status = inspect_storage_dir(bench, sd)
    assert filled_lists(status) == {}
    assert (status.on_disk_count, status.in_catalog_count) == (12, 12)
    assert status.on_disk_bytes == sum(map(len, PICTURES))
    assert status.is_healthy
    told = json.loads(json.dumps(status.to_json()))
    assert told["on_disk"] == {"count": 12, "bytes": sum(map(len, PICTURES))}
    assert told["in_catalog"] == {"count": 12, "checked": 0}
    assert told.keys() == {
        "sd_id", "name", "path", "state", "measured_at", "on_disk", "in_catalog", "identity", "problems",
        *SyncStatus.LISTS,
    }  # fmt: skip


def test_what_nobody_has_checked_is_counted(bench: Workbench, sd: StorageDir) -> None:
    """A listing checks no bytes. Each proof counts one more."""
    prove_file(bench, sd, name_of(PICTURES[0]))
    status = inspect_storage_dir(bench, sd)
    assert (status.checked_count, status.in_catalog_count, status.is_healthy) == (1, 12, True)


def test_a_file_that_may_not_be_read_is_a_finding(
    bench: Workbench, sd: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could check it, so the folder is not healthy, whichever process asks."""
    locked = name_of(PICTURES[3])
    monkeypatch.setattr(os, "access", lambda name, mode, **_: mode == os.F_OK or name != locked)
    status = inspect_storage_dir(bench, sd)
    assert filled_lists(status) == {"unreadable": [locked]}
    assert not status.is_healthy


def test_a_checked_file_that_was_closed_since_is_a_finding(
    bench: Workbench, sd: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes and mtime are as they were, so no stamp tells it. Names that are no images' are not asked about."""
    locked, open_to_all = name_of(PICTURES[3]), name_of(PICTURES[4])
    for name in (locked, open_to_all):
        prove_file(bench, sd, name)
    stray = Path(sd.path, "media", "notes.txt")
    stray.write_text("mine")
    for path in (Path(sd.path, "media", locked), stray):
        path.chmod(0o200)
    asked = set()

    def may(name: str, mode: int, **_: object) -> bool:
        asked.add(name)
        return mode == os.F_OK or name != locked

    monkeypatch.setattr(os, "access", may)
    status = inspect_storage_dir(bench, sd)
    assert [item.filename for item in status.unreadable] == [locked]
    assert not status.is_healthy
    assert asked.isdisjoint({open_to_all, stray.name})


def test_every_discrepancy_is_in_its_list(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir
) -> None:
    """All kinds at once, with real files. An entry in one list hides none in another."""
    media = root / "media"
    names = [name_of(data) for data in PICTURES]
    (media / names[0]).unlink()
    (media / names[1]).write_bytes(PICTURES[1] + b"more")
    (media / names[2]).rename(media / f".{names[2]}.icloud")
    new = put_image(root, make_picture("gif"))
    arriving = put_half(root, make_picture("jpg"))
    prove_file(bench, sd, arriving)
    upper = names[3].upper()
    (media / upper).write_bytes(PICTURES[3])
    (media / f"{id_of(PICTURES[4])} (1).png").write_bytes(PICTURES[4])
    (media / ".syncthing.x.png.tmp").write_bytes(b"half")
    (media / ".DS_Store").write_bytes(b"x")
    (media / ".holiday.jpg.icloud").write_bytes(b"x")
    (media / "notes\n.txt").write_bytes(b"x")
    (media / f"{'1' * 32}.png").symlink_to(media / names[5])
    (media / f"{'2' * 32}.png").mkdir()
    os.mkfifo(media / f"{'3' * 32}.png")
    status = inspect_storage_dir(bench, sd)
    assert filled_lists(status) == {
        "on_disk_not_in_catalog": sorted([new, upper]),
        "in_catalog_not_on_disk": [names[0]],
        "size_differs": [names[1]],
        "arriving": [arriving],
        "online_only": [names[2]],
        "conflict_copies": [f"{id_of(PICTURES[4])} (1).png"],
        "temporaries": [".syncthing.x.png.tmp"],
        "strays": sorted(
            [".DS_Store", ".holiday.jpg.icloud", "notes\n.txt", f"{'2' * 32}.png", f"{'3' * 32}.png"]
        ),
        "case_clashes": sorted([names[3], upper]),
        "symlinks": [f"{'1' * 32}.png"],
    }
    assert status.online_only[0].to_json()["placeholder"] == f".{names[2]}.icloud"
    (differs,) = status.size_differs
    assert (differs.size_bytes, dict(differs.facts)) == (
        len(PICTURES[1]) + 4, {"catalog_size_bytes": len(PICTURES[1])},
    )  # fmt: skip
    (gone,) = status.in_catalog_not_on_disk
    assert dict(gone.facts) == {"state": "present", "absent_since": None}
    assert {item.filename: dict(item.facts)["client"] for item in status.strays}[".DS_Store"] == "macos"
    assert status.on_disk_count == 14
    assert status.in_catalog_count == 13
    assert status.is_healthy


def test_damaged_and_foreign_and_wrongly_named_come_from_proofs(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir
) -> None:
    """These come from the last read of the files. The inspection itself reads none."""
    half, whole = make_picture("jpg", seed=7), make_picture("webp")
    damaged = put_half(root, half)
    foreign = put_image(root, make_picture("gif", seed=8), name_of(make_picture("gif", seed=9)))
    wrong = put_image(root, whole, f"{id_of(whole)}.jpg")
    heic = put_image(root, make_picture("heic"), f"{LEGACY}.jpeg")
    for _ in range(2):
        for name in (damaged, foreign, wrong, heic):
            prove_file(bench, sd, name)
        clock.pass_time(hours=25)
    for name in (damaged, foreign):
        prove_file(bench, sd, name)
    status = inspect_storage_dir(bench, sd)
    assert filled_lists(status) == {
        "damaged": [damaged],
        "foreign": [foreign],
        "wrong_extension": sorted([wrong, heic]),
    }
    assert {dict(item.facts)["media_type"] for item in status.wrong_extension} == {"image/webp", "image/heic"}
    assert not status.is_healthy


def test_a_placeholder_beside_its_file_counts_once(bench: Workbench, root: Path, sd: StorageDir) -> None:
    """The client left it behind. The file is here, known or new, so it is not online-only."""
    media = root / "media"
    (media / f".{name_of(PICTURES[0])}.icloud").write_bytes(b"x")
    new = put_image(root, make_picture("gif"))
    (media / f"{new}.nextcloud").write_bytes(b"x")
    (media / f".{new}.icloud").write_bytes(b"x")
    status = inspect_storage_dir(bench, sd)
    assert filled_lists(status) == {"on_disk_not_in_catalog": [new]}
    assert (status.on_disk_count, status.in_catalog_count) == (13, 12)
    assert status.on_disk_bytes == sum(map(len, PICTURES)) + len(make_picture("gif"))


def test_copies_that_differ_between_storage_directories(
    bench: Workbench, root: Path, sd: StorageDir, tmp_path: Path
) -> None:
    """For a legacy id, two folders can have two pictures. Both are listed once both were read."""
    other = add_storage_dir(bench, make_storage_dir(tmp_path / "Other")).sd
    for folder, where, seed in ((root, sd, 1), (Path(other.path), other, 2)):
        for image_id in (LEGACY, LEGACY.replace("0", "1")):
            put_image(folder, make_picture("png", seed=seed if image_id == LEGACY else 3), f"{image_id}.png")
            prove_file(bench, where, f"{image_id}.png")
    for each in (sd, other):
        assert filled_lists(inspect_storage_dir(bench, each)) == {"differing_copies": [f"{LEGACY}.png"]}


def test_looking_changes_nothing(bench: Workbench, root: Path, sd: StorageDir) -> None:
    """Not a byte of the catalog and no time in the folder changes, however much is wrong."""
    put_image(root, make_picture("gif"))
    put_image(root, PICTURES[0], f"{id_of(PICTURES[0])} (1).png")
    (root / "media" / name_of(PICTURES[1])).unlink()
    folder, catalog = snapshot(root), dump(bench)
    inspect_storage_dir(bench, sd)
    inspect_storage_dir(bench, sd)
    assert (snapshot(root), dump(bench)) == (folder, catalog)


def test_missing_images_are_in_the_catalog_and_not_on_disk(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir
) -> None:
    """They stay listed until they are dropped. One that comes back is on disk before any scan notices."""
    names = sorted(name_of(data) for data in PICTURES[:3])
    for name in names:
        (root / "media" / name).rename(root / name)
    scan_storage_dir(bench, sd)
    clock.pass_time(minutes=2)
    assert scan_storage_dir(bench, sd).missing == 3
    (root / names[0]).rename(root / "media" / names[0])
    status = inspect_storage_dir(bench, sd)
    assert filled_lists(status) == {"in_catalog_not_on_disk": names[1:]}
    assert [dict(item.facts)["state"] for item in status.in_catalog_not_on_disk] == ["missing", "missing"]
    assert (status.on_disk_count, status.in_catalog_count) == (10, 12)


def test_what_is_gone_has_no_wrong_extension(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir
) -> None:
    """A list of things to fix contains nothing that cannot be fixed."""
    data = make_picture("webp")
    wrong = put_image(root, data, f"{id_of(data)}.jpg")
    prove_file(bench, sd, wrong)
    assert filled_lists(inspect_storage_dir(bench, sd)) == {"wrong_extension": [wrong]}
    (root / "media" / wrong).unlink()
    scan_storage_dir(bench, sd)
    clock.pass_time(minutes=2)
    scan_storage_dir(bench, sd)
    assert filled_lists(inspect_storage_dir(bench, sd)) == {"in_catalog_not_on_disk": [wrong]}


def test_a_media_folder_whose_absence_was_accepted_is_empty(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir
) -> None:
    """A person accepted it, so it is no problem. Its files are listed until they are dropped."""
    shutil.rmtree(root / "media")
    scan_storage_dir(bench, sd)
    confirm_storage_dir(bench, get_by_number(bench, sd.number))
    status = inspect_storage_dir(bench, get_by_number(bench, sd.number))
    assert (status.problems, status.is_healthy) == ([], True)
    assert filled_lists(status) == {"in_catalog_not_on_disk": sorted(name_of(data) for data in PICTURES)}


@pytest.mark.parametrize("what", ["gone", "a link", "a file"])
def test_what_cannot_be_listed_is_not_missing(
    bench: Workbench, root: Path, sd: StorageDir, what: str
) -> None:
    """The report says that it could not look, and draws no conclusion."""
    (root / "media").rename(root / "elsewhere")
    if what == "a link":
        (root / "media").symlink_to(root / "elsewhere")
    elif what == "a file":
        (root / "media").write_text("x")
    status = inspect_storage_dir(bench, sd)
    assert [problem.kind for problem in status.problems] == ["unreadable"]
    assert filled_lists(status) == {}
    assert (status.on_disk_count, status.in_catalog_count) == (0, 0)
    assert not status.is_healthy


def test_files_that_cannot_be_looked_at_are_named_and_not_missing() -> None:
    """If a folder can be listed but not searched, every name is known, and nothing else."""
    with as_somebody_without_rights() as folder, open_bench(folder / "home") as bench:
        root = make_storage_dir(folder / "Notes", *PICTURES)
        sd = add_storage_dir(bench, root).sd
        (root / "media").chmod(0o400)
        status = inspect_storage_dir(bench, sd)
        (root / "media").chmod(0)
        closed = inspect_storage_dir(bench, sd)
        (root / "media").chmod(0o700)
    assert filled_lists(status) == {"unreadable": sorted(name_of(data) for data in PICTURES)}
    assert (status.on_disk_count, status.in_catalog_count, status.is_healthy) == (12, 12, False)
    assert [problem.kind for problem in closed.problems] == ["unreadable"]


def test_a_media_folder_that_is_not_there_yet_is_empty(bench: Workbench, tmp_path: Path) -> None:
    """Nothing was known in it, so nothing is wrong."""
    sd = add_storage_dir(bench, make_storage_dir(tmp_path / "New", has_media=False)).sd
    status = inspect_storage_dir(bench, sd)
    assert (filled_lists(status), status.problems, status.is_healthy) == ({}, [], True)


def test_offline_incomplete_and_suspect_are_said(bench: Workbench, root: Path, sd: StorageDir) -> None:
    """The state is one of the problems. While the folder cannot be read, nothing is counted."""
    root.rename(root.with_name("away"))
    offline = inspect_storage_dir(bench, sd)
    root.with_name("away").rename(root)
    (root / "SD_ID").write_text(A[:9])
    incomplete = inspect_storage_dir(bench, get_by_number(bench, sd.number))
    (root / "SD_ID").write_text(A)
    shutil.rmtree(root / "media")
    (root / "media").mkdir()
    scan_storage_dir(bench, sd)
    suspect = inspect_storage_dir(bench, get_by_number(bench, sd.number))
    for status, kind in ((offline, "offline"), (incomplete, "incomplete"), (suspect, "suspect")):
        assert [problem.kind for problem in status.problems] == [kind]
        assert status.sd.state.value == kind
        assert not status.is_healthy
    assert filled_lists(offline) == filled_lists(incomplete) == {}
    assert len(suspect.in_catalog_not_on_disk) == 12


def test_the_identity_is_shown_with_all_that_lies_there(bench: Workbench, tmp_path: Path) -> None:
    """Both files, aliases, conflict copies, former values, and files that should hold an identity but do not."""
    root = make_storage_dir(tmp_path / "Notes", sd_id=A)
    lay(
        root,
        {"SD_ID (1)": B, f"SD_ID.was-{C}": C, ".sd-id": S, "SD_ID.conflict1": "nonsense", "SD_ID 2": None},
    )
    sd = add_storage_dir(bench, root).sd
    identity = inspect_storage_dir(bench, sd).identity
    assert identity == {
        "sd_id": A,
        "provisional": False,
        "aliases": sorted([B, C, S]),
        "plain": A,
        "legacy": S,
        "conflict_copies": [
            {"filename": "SD_ID (1)", "value": B},
            {"filename": "SD_ID 2", "value": None},
            {"filename": "SD_ID.conflict1", "value": None},
        ],
        "former": sorted([B, C, S]),
        "ignored": [
            {"filename": "SD_ID 2", "reason": "a folder"},
            {"filename": "SD_ID.conflict1", "reason": "not a UUID"},
        ],
        "problem": None,
    }


def do_after_listing(bench: Workbench, action: Callable[[], object]) -> None:
    """Makes something happen between an inspection's listing and its second look at the marker.

    That look first asks which file system the root is on, like the first look and the listing.
    """
    ask, asked = bench.find_mount, count(1)

    def find_mount(path: str) -> Mount:
        if next(asked) == 3:
            action()
        return ask(path)

    ticks = count(10_000, step=10)
    bench.monotonic = lambda: float(next(ticks))  # so the next time no cached answer is used
    bench.find_mount = find_mount


def test_an_unmount_during_the_listing_is_noticed(bench: Workbench, root: Path, sd: StorageDir) -> None:
    """The marker is checked again after the listing, because an interrupted listing proves nothing."""
    (root / "media" / name_of(PICTURES[0])).unlink()
    do_after_listing(bench, lambda: root.rename(root.with_name("away")))
    status = inspect_storage_dir(bench, sd)
    assert (status.sd.state.value, filled_lists(status)) == ("offline", {})


def test_a_file_that_is_saved_during_the_listing_is_not_called_missing(
    home: Path, bench: Workbench, sd: StorageDir
) -> None:
    """A file in the catalog but not in the listing is checked again: it may have arrived in between."""

    def save_from_another_process() -> None:
        with open_bench(home) as other:
            save_image(other, make_picture("gif"), sd)

    do_after_listing(bench, save_from_another_process)
    status = inspect_storage_dir(bench, sd)
    assert filled_lists(status) == {}
    assert (status.on_disk_count, status.in_catalog_count) == (13, 13)
