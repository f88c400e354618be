"""On every file system: an image is saved, found, listed, announced, and read, and then nothing is left to do."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.storage import id_of, make_pictures, make_storage_dir, name_of, set_mtime
from builders.watching import EventReader
from strandline.errors import DiskError, ImageArrivingError, ImageUnreachableError
from strandline.folders.filesystems import MountKind, find_mount
from strandline.runtime.assembly import LocalStore, open_store
from trials.mounts.mounting import FILE_SYSTEMS, mount, pulled_out, wait_until

PICTURE, OTHER = make_picture("jpg", seed=1), make_picture("png", seed=2)
LEGACY_ID = "12345678-9abc-4def-8123-456789abcdef"
FOLDING = [name for name, each in FILE_SYSTEMS.items() if each.folds_case]


def check_nothing_to_do(store: LocalStore, count: int) -> None:
    """Another scan finds nothing, and disk and catalog agree."""
    (report,) = store.scan()
    assert (report.found_changes, report.unchanged, report.findings) == (False, count, [])
    status = store.inspect(report.sd)
    assert (status.on_disk_count, status.in_catalog_count, status.is_healthy) == (count, count, True)


@pytest.mark.parametrize("name", FILE_SYSTEMS)
def test_an_image_lives_there(name: str, mounts: Path, home: Path) -> None:
    """A folder gets its identity, images are saved, and a broken one is replaced."""
    point = mount(name, mounts)
    assert (find_mount(point).kind is MountKind.LOCAL) == FILE_SYSTEMS[name].is_local
    root = point / "Notes"
    root.mkdir()
    with open_store(home) as store:
        added = store.add_storage_dir(root)
        assert added.identity.outcome == "generated"
        saved = store.save(PICTURE, sd="Notes")
        assert (saved.new, store.save(PICTURE, sd="Notes").new) == (True, False)
        assert store.get(saved.image_id).read() == PICTURE
        store.save(OTHER, sd="Notes")
        check_nothing_to_do(store, 2)
        os.truncate(root / "media" / saved.filename, 500)
        assert store.find(saved.image_id) is None
        assert store.save(PICTURE, sd="Notes").new
        assert store.get(saved.image_id).read() == PICTURE
        check_nothing_to_do(store, 2)
    assert sorted(os.listdir(root / "media")) == sorted([saved.filename, name_of(OTHER)])


@pytest.mark.parametrize("name", FILE_SYSTEMS)
def test_a_legacy_id_is_never_saved_over_what_arrives(name: str, mounts: Path, home: Path) -> None:
    """If a file can neither be linked nor renamed without replacing, the save is refused with what to do."""
    root = make_storage_dir(mount(name, mounts) / "Notes")
    with open_store(home) as store:
        store.add_storage_dir(root)
        if FILE_SYSTEMS[name].links:
            store.save(OTHER, sd="Notes", image_id=LEGACY_ID)
            assert store.get(LEGACY_ID).read() == OTHER
        else:
            with pytest.raises(DiskError, match="save under a content id, or on another disk"):
                store.save(OTHER, sd="Notes", image_id=LEGACY_ID)
        check_nothing_to_do(store, len(os.listdir(root / "media")))


@pytest.mark.parametrize("name", FILE_SYSTEMS)
def test_an_old_identity_file_is_migrated(name: str, mounts: Path, home: Path) -> None:
    """``.sd-id`` becomes ``SD_ID``, even if the file system has no links."""
    root = make_storage_dir(mount(name, mounts) / "Notes")
    sd_id = (root / "SD_ID").read_text()
    (root / "SD_ID").rename(root / ".sd-id")
    with open_store(home) as store:
        assert store.add_storage_dir(root).identity.outcome == "migrated"
    assert ((root / "SD_ID").read_text().strip(), (root / ".sd-id").exists()) == (sd_id.strip(), False)


@pytest.mark.parametrize("name", FILE_SYSTEMS)
def test_arrivals_are_noticed(name: str, mounts: Path, home: Path) -> None:
    """By the system's notices or by polling. If reading would download, the image is reported as arriving."""
    root = make_storage_dir(mount(name, mounts) / "Notes")
    pictures = make_pictures(3)
    told_as = "image.available" if FILE_SYSTEMS[name].is_local else "image.arriving"
    with open_store(home, overrides={"watch.poll_interval_s": 0.2}) as store:
        store.add_storage_dir(root)
        with store.watch() as events:
            reader = EventReader(events)
            reader.wait_for("scan.finished")
            for data in pictures:
                temporary = root / "media" / f".syncthing.{name_of(data)}.tmp"
                temporary.write_bytes(data)
                temporary.rename(root / "media" / name_of(data))
            for data in pictures:
                reader.wait_for(told_as, name_of(data))
        assert [store.get(id_of(data)).read() for data in pictures] == pictures
        assert all(reader.types_of(name_of(data)).count(told_as) == 1 for data in pictures)
        check_nothing_to_do(store, len(pictures))


@pytest.mark.parametrize("name", FOLDING)
@pytest.mark.parametrize("spell", [str.upper, str.title])
@pytest.mark.parametrize("known", [True, False])
def test_a_name_in_other_letters_is_one_file(
    name: str, spell: Callable[[str], str], known: bool, mounts: Path, home: Path
) -> None:
    """However it was found, its row has the name on the disk, and it is announced once."""
    root = make_storage_dir(mount(name, mounts) / "Notes")
    with open_store(home) as store:
        store.add_storage_dir(root)
        spelled = spell(name_of(OTHER))
        (root / "media" / spelled).write_bytes(OTHER)
        if known:
            store.scan()
        assert store.get(id_of(OTHER)).read() == OTHER
        assert not store.save(OTHER, sd="Notes").new
        assert store.exists(id_of(OTHER))
        [file] = store.info(id_of(OTHER)).files
        [listed] = os.listdir(root / "media")
        assert file.file.filename == listed
        check_nothing_to_do(store, 1)
        assert [event.type for event in store.events()].count("image.available") == 1


@pytest.mark.parametrize("name", FOLDING)
def test_a_half_file_in_other_letters_is_replaced(name: str, mounts: Path, home: Path) -> None:
    """The good bytes get the one name that is possible."""
    root = make_storage_dir(mount(name, mounts) / "Notes")
    (root / "media" / name_of(OTHER).upper()).write_bytes(OTHER[:300])
    with open_store(home) as store:
        store.add_storage_dir(root)
        assert store.save(OTHER, sd="Notes").new
        assert store.get(id_of(OTHER)).read() == OTHER
        check_nothing_to_do(store, 1)


@pytest.mark.parametrize("name", FOLDING)
def test_a_file_that_is_renamed_to_other_letters_is_gone_under_the_former_ones(
    name: str, mounts: Path, home: Path
) -> None:
    """The disk still finds it by the old spelling. The listing counts, and no old row is left."""
    root = make_storage_dir(mount(name, mounts) / "Notes", PICTURE, OTHER)
    path = root / "media" / name_of(OTHER)
    times = iter([datetime.now(UTC) + timedelta(minutes=2 * count) for count in range(5)])
    clock = [next(times)]
    with open_store(home, now=lambda: clock[0]) as store:
        store.add_storage_dir(root)
        path.rename(path.with_name("arriving.tmp")).rename(path.with_name(path.name.upper()))
        moved = path.name not in os.listdir(root / "media")  # NTFS shows every name in lower case
        for transitions in ((moved, moved, 0), (0, 0, moved), (0, 0, 0)):
            [report] = store.scan()
            assert (report.added, report.absent, report.missing) == transitions
            clock[0] = next(times)


@pytest.mark.parametrize("name", FILE_SYSTEMS)
def test_a_copy_that_is_renamed_into_place_is_found(name: str, mounts: Path, home: Path) -> None:
    """Even if the folder's own time does not change, so that it seems unchanged since its listing."""
    root = make_storage_dir(mount(name, mounts) / "Notes")
    temporary = root / "media" / "arriving.tmp"
    with open_store(home) as store:
        store.add_storage_dir(root)
        temporary.write_bytes(OTHER)
        set_mtime(root / "media", 100)
        assert store.find(id_of(OTHER)) is None
        temporary.rename(root / "media" / f"{id_of(OTHER)} (conflicted copy 2026-01-01).png")
        wait_until(lambda: store.find(id_of(OTHER)) is not None, "the copy is not found")


@pytest.mark.parametrize("name", FILE_SYSTEMS)
def test_a_disk_that_comes_back_is_the_same(name: str, mounts: Path, home: Path) -> None:
    """While it is unplugged, nothing is concluded. Afterwards nothing has changed and nothing is announced again."""
    pictures = make_pictures(3)
    point = mount(name, mounts)
    root = make_storage_dir(point / "Notes", *pictures)
    with open_store(home) as store:
        store.add_storage_dir(root)
        assert [store.get(id_of(data)).read() for data in pictures] == pictures
        with pulled_out(point):
            (report,) = store.scan()
            assert (report.sd.state, report.found_changes) == ("offline", False)
            with pytest.raises(ImageUnreachableError):
                store.get(id_of(pictures[0]))
        check_nothing_to_do(store, 3)
        assert [store.get(id_of(data)).read() for data in pictures] == pictures
        assert [event.type for event in store.events()].count("image.available") == 3


@pytest.mark.parametrize("name", FILE_SYSTEMS)
def test_other_bytes_of_one_size_in_one_tick_are_seen(name: str, mounts: Path, home: Path) -> None:
    """A file is overwritten in the second in which it was proven, with the same size and time."""
    root = make_storage_dir(mount(name, mounts) / "Notes", OTHER)
    path = root / "media" / name_of(OTHER)
    with open_store(home) as store:
        store.add_storage_dir(root)
        assert store.get(id_of(OTHER)).read() == OTHER
        before = path.stat()
        with open(path, "r+b") as file:
            file.write(bytes(reversed(OTHER)))
        os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))
        after = path.stat()
        assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        with pytest.raises(ImageArrivingError):
            store.get(id_of(OTHER))


@pytest.mark.parametrize("name", [name for name, each in FILE_SYSTEMS.items() if each.mtime_ns > 1])
def test_times_are_as_coarse_as_the_tests_believe(name: str, mounts: Path) -> None:
    """Otherwise the tests above would check less than they claim."""
    path = mount(name, mounts) / "file"
    path.write_bytes(b"")
    set_ns, tick_ns = 1_700_000_001_123_456_789, FILE_SYSTEMS[name].mtime_ns
    os.utime(path, ns=(0, set_ns))
    assert path.stat().st_mtime_ns == set_ns // tick_ns * tick_ns
