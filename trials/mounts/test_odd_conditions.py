"""Disks that are read-only, layered, failing, or slow: nothing is lost or concluded, and the reason is reported."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.storage import id_of, make_pictures, make_storage_dir, name_of
from strandline.errors import (
    ImageNotFoundError,
    ImageUnreachableError,
    StorageDirOfflineError,
    UnwritableFolderError,
)
from strandline.runtime.assembly import LocalStore, open_store
from strandline.runtime.health import check_health
from trials.mounts.mounting import files_behind, mount, remount_read_only, set_weather

PICTURES = make_pictures(12)
PICTURE = PICTURES[0]

ONCE_S = 5.0
"""The cost of a disk that does not answer (SPEC §5)."""
SLOW_S = 20.0
"""Far longer than that, so that a single operation shows whether it waited."""
BUSY_S = 3.0


def states_of(store: LocalStore) -> set[str]:
    """The states of all image files."""
    page = store.list_images()
    return {report.file.state.value for image in page.images for report in image.files}


def check_all_there(store: LocalStore) -> None:
    """Every image can be read, and a scan then finds nothing to change."""
    assert [store.get(id_of(data)).read() for data in PICTURES] == PICTURES
    (report,) = store.scan()
    assert (report.found_changes, report.unchanged, report.findings) == (False, len(PICTURES), [])


@pytest.mark.parametrize("name", ["ext4", "xfs", "tmpfs", "overlay", "ntfs"])
def test_a_disk_that_became_read_only(name: str, mounts: Path, home: Path) -> None:
    """Everything is shown. A save is refused with what to do, and ``doctor`` reports it."""
    point = mount(name, mounts)
    root = make_storage_dir(point / "Notes", *PICTURES)
    with open_store(home) as store:
        store.add_storage_dir(root)
        remount_read_only(point)
        check_all_there(store)
        with pytest.raises(UnwritableFolderError, match="read-only"):
            store.save(make_picture("gif"), sd="Notes")
        [check] = [each for each in check_health(store.bench, 30.0) if each.name == "storage directory Notes"]
        assert not check.ok
        assert "cannot be written to" in check.message
        check_all_there(store)


def test_a_read_only_disk_without_identity(mounts: Path, home: Path) -> None:
    """It can be viewed. Adding it without ``--read-only`` fails and says why."""
    point = mount("ext4", mounts)
    (point / "Notes").mkdir()
    with open_store(home) as store:
        remount_read_only(point)
        with pytest.raises(UnwritableFolderError):
            store.add_storage_dir(point / "Notes")
        assert store.add_storage_dir(point / "Notes", read_only=True).identity.outcome == "provisional"


def test_an_old_identity_on_a_read_only_disk(mounts: Path, home: Path) -> None:
    """It still is the identity. It cannot be migrated, and that is no failure of a read-only folder."""
    point = mount("ext4", mounts)
    root = make_storage_dir(point / "Notes", *PICTURES)
    sd_id = (root / "SD_ID").read_text().strip()
    (root / "SD_ID").rename(root / ".sd-id")
    remount_read_only(point)
    with open_store(home) as store:
        added = store.add_storage_dir(root, read_only=True)
        assert added.sd.sd_id == sd_id
        check_all_there(store)


def test_a_layer_above(mounts: Path, home: Path) -> None:
    """Overlay: a file that is copied up gets another inode. It is looked at again, and is the same image."""
    lower = mounts / "overlay.scratch" / "lower"
    point = mount("overlay", mounts)
    subprocess.run(["umount", point], check=True)
    make_storage_dir(lower / "Notes", *PICTURES)
    layers = f"lowerdir={lower},upperdir={lower.with_name('upper')},workdir={lower.with_name('work')}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, point], check=True)
    root = point / "Notes"
    with open_store(home) as store:
        store.add_storage_dir(root)
        check_all_there(store)
        path = root / "media" / name_of(PICTURE)
        inode = path.stat().st_ino
        path.chmod(0o600)
        assert (lower.with_name("upper") / "Notes" / "media" / path.name).is_file(), "it was not copied up"
        (root / "media" / "copied-up").touch()
        (report,) = store.scan()
        assert report.changed == (path.stat().st_ino != inode)  # the kernel chooses whether it is another
        check_all_there(store)
        assert [event.type for event in store.events()].count("image.available") == len(PICTURES)


@pytest.mark.parametrize("error", ["EIO", "ENOTCONN", "ESTALE", "ETIMEDOUT", "EACCES"])
@pytest.mark.parametrize("operation", ["open", "read"])
def test_a_file_that_cannot_be_read(operation: str, error: str, mounts: Path, home: Path) -> None:
    """It is here and unreadable, never missing or damaged. When reading works again, it is shown."""
    cloud = mount("cloud", mounts)
    make_storage_dir(files_behind(cloud) / "Notes", *PICTURES)
    with open_store(home) as store:
        store.add_storage_dir(cloud / "Notes")
        set_weather(cloud, fail={operation: error})
        with pytest.raises(ImageNotFoundError):
            store.get(id_of(PICTURE))
        store.scan()
        assert states_of(store) == {"present"}
    set_weather(cloud)
    with open_store(home) as store:  # a new process: this one may let the drive rest for a minute
        check_all_there(store)


@pytest.mark.parametrize("error", ["EIO", "ENOTCONN", "ESTALE", "ETIMEDOUT", "EACCES"])
@pytest.mark.parametrize("operation", ["readdir", "opendir", "getattr"])
def test_a_folder_that_cannot_be_listed(operation: str, error: str, mounts: Path, home: Path) -> None:
    """Nothing is concluded: no file is absent. When listing works again, all are shown without an event."""
    cloud = mount("cloud", mounts)
    make_storage_dir(files_behind(cloud) / "Notes", *PICTURES)
    with open_store(home) as store:
        store.add_storage_dir(cloud / "Notes")
        check_all_there(store)
        told = len(store.events())
        set_weather(cloud, fail={operation: error})
        (report,) = store.scan()
        assert (report.absent, report.missing) == (0, 0)
        assert report.sd.state.value in {"offline", "suspect"} or report.findings
        status = store.inspect("Notes")
        assert status.in_catalog_not_on_disk == []
        assert status.problems
        assert states_of(store) == {"present"}
    set_weather(cloud)
    with open_store(home) as store:
        check_all_there(store)
        assert {event.type for event in store.events()[told:]} <= {"sd.offline", "sd.suspect", "sd.online"}


def test_a_mount_whose_program_dies(mounts: Path, home: Path) -> None:
    """Everything answers "transport endpoint is not connected": the storage directory is offline, nothing else."""
    cloud = mount("cloud", mounts)
    make_storage_dir(files_behind(cloud) / "Notes", *PICTURES)
    with open_store(home) as store:
        store.add_storage_dir(cloud / "Notes")
        check_all_there(store)
        set_weather(cloud, die=True)
        with pytest.raises(OSError, match=r"not connected|abort"):
            os.stat(cloud / "Notes")
        (report,) = store.scan()
        assert (report.sd.state, report.found_changes) == ("offline", False)
        with pytest.raises(ImageUnreachableError):
            store.get(id_of(PICTURE))
        with pytest.raises(StorageDirOfflineError):
            store.save(make_picture("gif"), sd="Notes")
        assert states_of(store) == {"present"}


def test_nothing_is_downloaded_unasked(mounts: Path, home: Path) -> None:
    """If reading may download, scans, the background verifier, listings, and the inspector read nothing."""
    cloud = mount("cloud", mounts)
    make_storage_dir(files_behind(cloud) / "Notes", *PICTURES)
    with open_store(home) as store:
        store.add_storage_dir(cloud / "Notes")
        set_weather(cloud, log_reads=True)
        with store.watch(once=True) as events:
            list(events)
        store.scan()
        store.inspect("Notes")
        store.list_images()
        read = (cloud.with_name("cloud.scratch") / "reads").read_text().splitlines()
        assert [path for path in read if "/media/" in path] == []
        [check] = [each for each in check_health(store.bench, 30.0) if each.name == "storage directory Notes"]
        assert check.message.endswith("polled")
        check_all_there(store)


def test_a_slow_drive_costs_its_time_once(mounts: Path, home: Path) -> None:
    """An image in another storage directory is found after five seconds, later at once, and everything recovers."""
    cloud = mount("cloud", mounts)
    make_storage_dir(files_behind(cloud) / "Notes", *PICTURES)
    local = make_storage_dir(mounts / "Local")
    late = make_picture("png", seed=99)
    with open_store(home) as store:
        store.add_storage_dir(cloud / "Notes")
        check_all_there(store)
        store.add_storage_dir(local)
        (local / "media" / name_of(late)).write_bytes(late)
        set_weather(cloud, slow_s=SLOW_S)
        started_s = time.monotonic()
        assert store.get(id_of(late), sd="Notes").read() == late
        once_s = time.monotonic() - started_s
        for _ in range(3):
            assert store.get(id_of(late), sd="Notes").read() == late
            with pytest.raises(ImageUnreachableError):
                store.get(id_of(PICTURE))
        store.scan()
        assert ONCE_S <= once_s < ONCE_S + BUSY_S
        assert time.monotonic() - started_s < once_s + BUSY_S
        assert states_of(store) == {"present"}
    set_weather(cloud)
    with open_store(home) as store:
        assert [store.get(id_of(data)).read() for data in PICTURES] == PICTURES
