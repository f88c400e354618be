"""The watcher and its storage directories: added, moved, forgotten, going away, coming back, losing files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from builders.catalogs import list_rows
from builders.identities import A, B
from builders.opens import noting_opens
from builders.pictures import make_picture
from builders.storage import make_pictures, make_storage_dir, name_of, open_bench, put_image
from builders.watching import RunningClock, make_arrival, wait_for_all, watching
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.runtime.settings import Settings
from strandline.runtime.watching.place_watcher import SCAN_SOON_S, TICK_S, PlaceWatcher
from strandline.services.saving.save import save_image
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import forget_storage_dir, get_by_number, move_storage_dir
from strandline.services.workbench import Workbench

AVAILABLE = "image.available"

pytestmark = pytest.mark.usefixtures("impatient")


def sd_at(bench: Workbench, number: int = 1) -> StorageDir:
    """The storage directory as the catalog has it."""
    return get_by_number(bench, number)


def states_of(bench: Workbench, number: int = 1) -> set[FileState]:
    """The states of its files."""
    with bench.catalog.read() as reader:
        return {row.state for row in list_rows(reader, number)}


def test_what_the_first_scan_registered_is_proven_in_the_background(bench: Workbench, root: Path) -> None:
    """Nobody has requested these images. Still, each is read once and reported."""
    with watching(bench) as reader:
        wait_for_all(reader, root)
    assert [reader.types_of(path.name) for path in (root / "media").iterdir()] == [[AVAILABLE]] * 10


def test_a_media_folder_that_appears_later_is_watched(bench: Workbench, tmp_path: Path) -> None:
    """Made empty and then filled, or moved in with its images."""
    one = make_storage_dir(tmp_path / "one", has_media=False)
    two = make_storage_dir(tmp_path / "two", has_media=False)
    for root in (one, two):
        add_storage_dir(bench, root)
    (tmp_path / "aside").mkdir()
    with watching(bench) as reader:
        (one / "media").mkdir()
        reader.wait_for(AVAILABLE, put_image(one, make_arrival(1)))
        reader.wait_for(AVAILABLE, put_image(one, make_arrival(2)))
        (tmp_path / "aside" / name_of(make_arrival(3))).write_bytes(make_arrival(3))
        (tmp_path / "aside").rename(two / "media")
        reader.wait_for(AVAILABLE, name_of(make_arrival(3)))


def test_another_process_adds_moves_and_forgets(
    bench: Workbench, root: Path, home: Path, tmp_path: Path
) -> None:
    """The list of storage directories is read every second, within the allowed 2 s. Nothing has to be restarted."""
    assert 2 * TICK_S <= 2
    with watching(bench) as reader, open_bench(home) as other:
        wait_for_all(reader, root)

        added = add_storage_dir(other, make_storage_dir(tmp_path / "added")).sd
        reader.wait_for(AVAILABLE, put_image(tmp_path / "added", make_arrival(1)))

        (tmp_path / "added").rename(tmp_path / "moved")
        move_storage_dir(other, added, tmp_path / "moved")
        reader.wait_for(AVAILABLE, put_image(tmp_path / "moved", make_arrival(2)))

        forget_storage_dir(other, added)
        forgotten = put_image(tmp_path / "moved", make_arrival(3))
        reader.wait_for(AVAILABLE, put_image(root, make_arrival(4)))
        assert reader.types_of(forgotten) == []


def test_forgetting_while_files_arrive_is_quiet(
    bench: Workbench, root: Path, home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody did it on purpose: no warning, whatever the watcher was doing."""
    with watching(bench) as reader, open_bench(home) as other:
        wait_for_all(reader, root)
        for number in range(5):
            fleeting = make_storage_dir(tmp_path / f"fleeting {number}")
            sd = add_storage_dir(other, fleeting).sd
            reader.wait_for(AVAILABLE, put_image(fleeting, make_arrival(number)))
            for data in make_pictures(20, first_seed=2000 + 100 * number):
                put_image(fleeting, data)
            forget_storage_dir(other, sd)
        reader.wait_for(AVAILABLE, put_image(root, make_arrival(10)))
    assert caplog.messages == []


def test_an_identity_that_arrives_last_is_taken_up(bench: Workbench, tmp_path: Path) -> None:
    """Images first, SD_ID later, and only half of it at first (hazards H9, H10)."""
    root = make_storage_dir(tmp_path / "sd", make_arrival(1))
    identity = (root / "SD_ID").read_text()
    (root / "SD_ID").unlink()
    assert add_storage_dir(bench, root).sd.state is StorageDirState.INCOMPLETE
    with watching(bench) as reader:
        (root / "SD_ID").write_text(identity[:20])
        early = put_image(root, make_arrival(2))
        (root / "SD_ID").write_text(identity)
        assert reader.wait_for("sd.online").sd_id == identity.strip()
        wait_for_all(reader, root)
    assert reader.types_of(early) == [AVAILABLE]


def test_an_identity_that_vanishes_and_returns(bench: Workbench, root: Path) -> None:
    """It is offline meanwhile: arrivals wait for the identity, and nothing is concluded."""
    with watching(bench) as reader:
        wait_for_all(reader, root)
        identity = (root / "SD_ID").read_text()
        (root / "SD_ID").unlink()
        reader.wait_for("sd.offline")
        name = put_image(root, make_arrival(1))
        (root / "SD_ID").write_text(identity)
        reader.wait_for("sd.online")
        reader.wait_for(AVAILABLE, name)
    assert states_of(bench) == {FileState.PRESENT}


def test_a_folder_that_is_moved_away_and_back(bench: Workbench, root: Path, clock: RunningClock) -> None:
    """It is offline with everything known about it frozen, for however long, and then online as before."""
    with watching(bench) as reader:
        wait_for_all(reader, root)
        root.rename(root.with_name("elsewhere"))
        reader.wait_for("sd.offline")
        clock.pass_time(minutes=10)
        root.with_name("elsewhere").rename(root)
        reader.wait_for("sd.online")
        reader.wait_for(AVAILABLE, put_image(root, make_arrival(1)))
    assert states_of(bench) == {FileState.PRESENT}
    assert {event.type for event in reader.read} & {"image.missing", "sd.suspect"} == set()


def test_an_empty_mount_point_is_no_empty_storage_directory(
    bench: Workbench, root: Path, clock: RunningClock
) -> None:
    """As after an unmount: the folder exists and is empty (hazard H17)."""
    with watching(bench) as reader:
        wait_for_all(reader, root)
        root.rename(root.with_name("disk"))
        root.mkdir()
        reader.wait_for("sd.offline")
        clock.pass_time(minutes=10)
        root.rmdir()
        root.with_name("disk").rename(root)
        reader.wait_for("sd.online")
    assert states_of(bench) == {FileState.PRESENT}


def test_another_storage_directory_at_the_path_is_not_taken_for_it(
    bench: Workbench, root: Path, tmp_path: Path
) -> None:
    """Another disk at the same mount point: its images are never registered under the old identity (H14)."""
    other = make_storage_dir(tmp_path / "other", *make_pictures(3, first_seed=500), sd_id=B)
    with watching(bench) as reader:
        wait_for_all(reader, root)
        root.rename(root.with_name("disk"))
        other.rename(root)
        offline = reader.wait_for("sd.offline")
        put_image(root, make_arrival(1))
        root.rename(other)
        root.with_name("disk").rename(root)
        reader.wait_for("sd.online")
        reader.wait_for(AVAILABLE, put_image(root, make_arrival(2)))
    assert offline.sd_id == A
    strangers = {path.name for path in (other / "media").iterdir()}
    assert not strangers & {getattr(event, "filename", "") for event in reader.read}


def test_a_file_that_stays_away_is_missing_after_two_scans(
    bench: Workbench, root: Path, clock: RunningClock
) -> None:
    """Not before 60 s have passed, and only once. It is available again when it returns (hazards H6, H7)."""
    victim = next((root / "media").iterdir())
    aside = shutil.copy(victim, root.with_name("aside"))
    with watching(bench) as reader:
        wait_for_all(reader, root)
        victim.unlink()
        reader.wait_until(lambda events: any(getattr(event, "absent", 0) for event in events))
        assert reader.types_of(victim.name) == [AVAILABLE]
        clock.pass_time(seconds=Settings().scan.periodic_s)
        reader.wait_for("image.missing", victim.name)
        Path(aside).rename(victim)
        reader.wait_for(AVAILABLE, victim.name, count=2)
    assert reader.types_of(victim.name) == [AVAILABLE, "image.missing", AVAILABLE]


def test_many_files_gone_at_once_are_not_believed(bench: Workbench, root: Path, clock: RunningClock) -> None:
    """The storage directory is suspect until they are back, and no file becomes missing (hazard H18)."""
    gone = sorted((root / "media").iterdir())[:8]
    aside = root.with_name("aside")
    aside.mkdir()
    with watching(bench) as reader:
        wait_for_all(reader, root)
        for path in gone:
            path.rename(aside / path.name)
        reader.wait_for("sd.suspect")
        clock.pass_time(minutes=6)
        reader.wait_for(AVAILABLE, put_image(root, make_arrival(1)))
        for path in gone:
            (aside / path.name).rename(path)
        reader.wait_for("sd.online")
    assert "image.missing" not in {event.type for event in reader.read}
    assert states_of(bench) == {FileState.PRESENT}


def test_what_no_event_told_the_periodic_scan_finds(
    bench: Workbench, root: Path, clock: RunningClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are hints: even if every one is lost, the image is announced (hazard H8, I23)."""
    monkeypatch.setattr(PlaceWatcher, "_follow_media", lambda *_: None)
    with watching(bench) as reader:
        wait_for_all(reader, root)
        name = put_image(root, make_arrival(1))
        clock.pass_time(seconds=Settings().scan.periodic_s)
        reader.wait_for(AVAILABLE, name)


def test_an_empty_file_that_a_scan_met_first_is_told_as_arriving(
    bench: Workbench, root: Path, clock: RunningClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing alone shows that it has not arrived. The look at its bytes is then no news."""
    monkeypatch.setattr(PlaceWatcher, "_follow_media", lambda *_: None)
    name = name_of(make_arrival(1))
    with watching(bench) as reader:
        wait_for_all(reader, root)
        (root / "media" / name).touch()
        clock.pass_time(seconds=Settings().scan.periodic_s)
        reader.wait_for("image.arriving", name)
        put_image(root, make_arrival(1))
        clock.pass_time(seconds=Settings().scan.periodic_s)
        reader.wait_for(AVAILABLE, name)
    assert reader.types_of(name) == ["image.arriving", AVAILABLE]


def test_scan_soon_is_late_enough_for_a_replacement() -> None:
    """Syncthing's gap was 4 ms, and renamed folders took a quarter of a second (hazards H6, H32)."""
    assert SCAN_SOON_S >= 1


def test_what_this_program_saved_is_not_read_again(bench: Workbench, root: Path, clock: RunningClock) -> None:
    """The save hashed the bytes itself. What other programs write is opened, so the test would see it."""
    others = set()
    with watching(bench) as reader, noting_opens(root / "media") as list_opened:
        wait_for_all(reader, root)
        list_opened()
        for seed in range(5):
            save_image(bench, make_picture("png", seed=9_000 + seed), sd_at(bench))
        for seed in range(2):  # between the two, everything that is due was looked at
            clock.pass_time(seconds=5)
            others.add(put_image(root, make_picture("png", seed=9_100 + seed)))
            for name in others:
                reader.wait_for(AVAILABLE, name)
        assert {name for name in list_opened() if not name.startswith("#")} == others  # "#": an unnamed file
