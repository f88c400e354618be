"""Is a storage directory there, and still the same? What happens to its marker, and what follows from it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.identities import A, B, S
from builders.identity_folders import as_somebody_without_rights
from builders.journal import list_event_types
from builders.snapshots import snapshot
from builders.storage import id_of, make_pictures, make_storage_dir, name_of, open_bench, rows_of
from strandline.folders.filesystems import Mount, MountKind, find_mount
from strandline.folders.time_limits import SlowPlaces
from strandline.model.identity.sd_ids import find_identity_in
from strandline.model.storage_dirs import StorageDir
from strandline.services.finding.search import find_image
from strandline.services.inspecting.inspect import inspect_storage_dir
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.storage_dirs.presence import reconsider, reconsider_storage_dirs, refresh
from strandline.services.workbench import MOUNT_FRESH_S, Workbench

PICTURES = make_pictures(8)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A storage directory with eight images."""
    return make_storage_dir(tmp_path / "Notes", *PICTURES, sd_id=A)


def test_a_provisional_identity_that_is_written_down_is_a_real_one(bench: Workbench, tmp_path: Path) -> None:
    """Its owner has agreed to it. Nothing else changes."""
    root = tmp_path / "Shared"
    root.mkdir()
    provisional = add_storage_dir(bench, root, read_only=True).sd
    (root / "SD_ID").write_text(str(provisional.sd_id))
    real = refresh(bench, provisional)
    assert (real.sd_id, real.provisional) == (provisional.sd_id, False)
    assert list_event_types(bench, "sd.") == ["sd.added"]


def test_going_offline_is_told_once_whatever_the_reason_becomes(
    bench: Workbench, root: Path, sd: StorageDir
) -> None:
    """Gone, then an empty folder, then another one: the reason is updated without an event."""
    reasons = set()
    root.rename(root.with_name("away"))
    reasons.add(refresh(bench, sd).problem)
    root.mkdir()
    reasons.add(refresh(bench, get_by_number(bench, sd.number)).problem)
    (root / "SD_ID").write_text(B)
    reasons.add(refresh(bench, get_by_number(bench, sd.number)).problem)
    assert len(reasons) == 3
    assert list_event_types(bench, "sd.") == ["sd.added", "sd.offline"]


def test_two_processes_tell_of_one_change_once(
    home: Path, bench: Workbench, root: Path, sd: StorageDir
) -> None:
    """Both saw the old identity. The second finds the change already made."""
    (root / "SD_ID").write_text(B)
    with open_bench(home) as other:
        assert refresh(bench, sd).sd_id == B
        assert refresh(other, sd).sd_id == B
    assert list_event_types(bench, "sd.") == ["sd.added", "sd.identity_changed"]


TORN = ["", A[:20], "\0" * 36, f"{A}\n{B}\n", "no identity"]


@pytest.mark.parametrize("torn", [*TORN, "a folder", "a link", "a placeholder that is not its own"])
def test_a_marker_that_is_torn_takes_the_folder_out_and_back(
    bench: Workbench, root: Path, sd: StorageDir, torn: str
) -> None:
    """Meanwhile nothing is concluded or written. When the marker is whole again, everything is as before."""
    before = rows_of(bench, sd)
    marker = root / "SD_ID"
    marker.unlink()
    if torn == "a folder":
        marker.mkdir()
    elif torn == "a link":
        marker.symlink_to("media")
    elif torn in TORN:
        marker.write_text(torn)
    else:
        (root / ".notes.txt.icloud").write_bytes(b"bplist00")
    for data in PICTURES:
        (root / "media" / name_of(data)).unlink()
    there = snapshot(root)
    seen = refresh(bench, sd)
    assert seen.sd_id == A
    assert not seen.is_reachable
    assert seen.state.value == ("offline" if "placeholder" in torn else "incomplete")
    assert not scan_storage_dir(bench, sd).found_changes
    assert find_image(bench, id_of(PICTURES[0])) is None
    assert snapshot(root) == there
    assert rows_of(bench, sd) == before
    if marker.is_dir() and not marker.is_symlink():
        marker.rmdir()
    else:
        marker.unlink(missing_ok=True)
    marker.write_text(A)
    assert refresh(bench, get_by_number(bench, sd.number)).state.value == "online"
    assert list_event_types(bench, "sd.") == ["sd.added", "sd.offline", "sd.online"]


@pytest.mark.parametrize("meanwhile", [None, *TORN])  # None: no such file
def test_a_marker_that_is_being_replaced_does_not_flap(home: Path, root: Path, meanwhile: str | None) -> None:
    """Sync clients delete or empty the old file before the new one is there (H6, H10). A moment later it is."""

    class Client(FakeClock):
        naps = 0

        def sleep(self, seconds: float) -> None:
            self.naps += 1
            assert seconds <= 0.1
            (root / "SD_ID").write_text(A)

    client = Client()
    with open_bench(home, client) as bench:
        sd = add_storage_dir(bench, root).sd
        for command in (refresh, reconsider):
            (root / "SD_ID").unlink()
            if meanwhile is not None:
                (root / "SD_ID").write_text(meanwhile)
            assert command(bench, sd) == sd
        assert client.naps == 2
        assert list_event_types(bench, "sd.") == ["sd.added"]


def test_a_folder_that_stays_away_costs_no_waiting(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir
) -> None:
    """An empty mount point is looked at twice when it appears, and once by every later command."""
    root.rename(root.with_name("away"))
    root.mkdir()
    offline = refresh(bench, sd)
    assert offline.state.value == "offline"
    before_s = clock.monotonic()
    assert refresh(bench, offline) == offline
    assert find_image(bench, id_of(PICTURES[0])) is None
    assert clock.monotonic() == before_s


def test_a_marker_in_the_cloud_leaves_the_folder_readable(
    bench: Workbench, root: Path, sd: StorageDir
) -> None:
    """An evicted ``SD_ID`` changes nothing: the SD is read under its known identity, without an event."""
    (root / "SD_ID").unlink()
    (root / ".SD_ID.icloud").write_bytes(b"bplist00")
    assert refresh(bench, sd) == sd
    found = find_image(bench, id_of(PICTURES[0]), sd)
    assert found is not None
    assert found.read() == PICTURES[0]
    assert list_event_types(bench, "sd.") == ["sd.added"]


def test_a_root_that_is_renamed_away_and_back_loses_nothing(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir
) -> None:
    """After a week unmounted, the catalog is unchanged and matches."""
    before = rows_of(bench, sd)
    root.rename(root.with_name("away"))
    for _ in range(3):
        assert scan_storage_dir(bench, sd).findings[0].kind == "offline"
        assert rows_of(bench, sd) == before
        clock.pass_time(days=2)
    root.with_name("away").rename(root)
    report = scan_storage_dir(bench, sd)
    assert (report.sd.state.value, report.found_changes, report.unchanged) == ("online", False, 8)
    assert rows_of(bench, sd) == before
    assert list_event_types(bench, "sd.") == ["sd.added", "sd.offline", "sd.online"]


def test_a_root_that_cannot_be_read_is_offline() -> None:
    """Without permission to read the folder, nothing in it counts as gone."""
    with as_somebody_without_rights() as folder, open_bench(folder / "home") as bench:
        root = make_storage_dir(folder / "Notes", *PICTURES, sd_id=A)
        sd = add_storage_dir(bench, root).sd
        root.chmod(0)
        assert refresh(bench, sd).state.value == "offline"
        assert not scan_storage_dir(bench, sd).found_changes
        root.chmod(0o700)
        assert refresh(bench, get_by_number(bench, sd.number)).state.value == "online"


def test_a_lookup_does_not_wait_for_conflict_copies_to_settle(
    bench: Workbench, clock: FakeClock, root: Path, sd: StorageDir
) -> None:
    """bisync left two copies and no ``SD_ID``: images are still shown, and the next patient command decides."""
    (root / "SD_ID").rename(root / "SD_ID.conflict1")
    (root / "SD_ID.conflict2").write_text(S)
    before_s = clock.monotonic()
    assert refresh(bench, sd) == sd
    assert find_image(bench, id_of(PICTURES[0])) is not None
    assert clock.monotonic() == before_s
    assert not (root / "SD_ID").exists()
    (settled,) = reconsider_storage_dirs(bench)
    assert clock.monotonic() - before_s >= 2
    assert (settled.sd_id, settled.aliases, settled.state.value) == (S, (A,), "online")
    assert find_identity_in((root / "SD_ID").read_bytes()) == S


@pytest.fixture
def dead_share(
    home: Path, root: Path, clock: FakeClock
) -> Iterator[tuple[Workbench, Callable[[], None], Callable[[], None]]]:
    """A workbench that treats the root as a network share: it can hang, answer again, and end its rest."""
    share = Mount(root, "nfs4", MountKind.NETWORK, keeps_inodes=True, read_only=False)
    released, answered = threading.Event(), threading.Event()
    with open_bench(home, clock) as bench:
        bench.find_mount = lambda path: share if path.startswith(str(root)) else find_mount(path)
        bench.slow_places = SlowPlaces(limit_s=0.2, rest_s=60, clock=clock.monotonic)

        def hang() -> None:
            with pytest.raises(TimeoutError):
                bench.slow_places.within(
                    share.place, lambda: released.wait(30), late=lambda _: answered.set()
                )

        def rest() -> None:
            released.set()
            assert answered.wait(30)
            clock.pass_time(seconds=61)

        yield bench, hang, rest
        released.set()


def test_a_share_that_does_not_answer_costs_its_time_limit_once(
    dead_share: tuple[Workbench, Callable[[], None], Callable[[], None]], root: Path
) -> None:
    """After the first call hangs, every command reports offline at once. Later it is tried again and is back."""
    bench, hang, rest = dead_share
    sd = add_storage_dir(bench, root).sd
    before = rows_of(bench, sd)
    hang()
    started_s = time.monotonic()
    for _ in range(20):
        assert refresh(bench, sd).state.value == "offline"
        assert find_image(bench, id_of(PICTURES[0])) is None
    assert "does not answer" in (reconsider_storage_dirs(bench)[0].problem or "")
    assert inspect_storage_dir(bench, sd).problems[0].kind == "offline"
    assert not scan_storage_dir(bench, sd).found_changes
    added = add_storage_dir(bench, root)
    assert (added.identity.outcome, added.sd.number) == ("unavailable", sd.number)
    assert time.monotonic() - started_s < 0.2 * 20
    assert rows_of(bench, sd) == before
    rest()
    assert refresh(bench, get_by_number(bench, sd.number)).state.value == "online"
    assert find_image(bench, id_of(PICTURES[0])) is not None
    assert list_event_types(bench, "sd.") == ["sd.added", "sd.offline", "sd.online"]


def test_a_share_that_does_not_answer_can_be_added(
    dead_share: tuple[Workbench, Callable[[], None], Callable[[], None]], root: Path
) -> None:
    """It is remembered by its path, without an identity. The decision follows when it answers."""
    bench, hang, rest = dead_share
    hang()
    added = add_storage_dir(bench, root)
    assert (added.identity.outcome, added.sd.sd_id, added.sd.path) == ("unavailable", None, str(root))
    rest()
    assert [(sd.sd_id, sd.state.value) for sd in reconsider_storage_dirs(bench)] == [(A, "online")]


def test_what_is_mounted_in_the_place_of_a_dead_share_is_asked_at_once(
    dead_share: tuple[Workbench, Callable[[], None], Callable[[], None]], root: Path, clock: FakeClock
) -> None:
    """Calls still hang in the unmounted share. The new one does not rest because of them."""
    bench, hang, _ = dead_share
    sd = add_storage_dir(bench, root).sd
    hang()
    assert refresh(bench, sd).state.value == "offline"
    there = bench.find_mount(str(root))
    bench.find_mount = lambda _path: replace(there, number=there.number + 1)
    clock.pass_time(seconds=MOUNT_FRESH_S + 1)
    assert refresh(bench, get_by_number(bench, sd.number)).state.value == "online"
