"""One look at one name: its result, its cost, and when to look again."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.pictures import make_picture
from builders.statements import count_statements
from builders.storage import (
    make_pictures,
    make_storage_dir,
    name_of,
    open_bench,
    put_half,
    put_image,
    set_mtime,
)
from strandline.catalog.port import Writer
from strandline.folders.local import LocalFolder
from strandline.model.image_files import FileStamp, FileState, ImageFile
from strandline.model.storage_dirs import StorageDir
from strandline.services.proving import arrivals
from strandline.services.proving.arrivals import Arrival, look_at_arrival, look_at_arrivals
from strandline.services.proving.prove import ProofResult, prove_file
from strandline.services.saving.save import save_image
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Limits, Workbench

GOOD, OTHER = make_pictures(2)
NAME = name_of(GOOD)


@dataclass
class Place:
    """A storage directory ten seconds after it was added."""

    bench: Workbench
    clock: FakeClock
    root: Path

    @property
    def sd(self) -> StorageDir:
        """The catalog's row."""
        return get_by_number(self.bench, 1)

    @property
    def file(self) -> Path:
        """Where the image arrives."""
        return self.root / "media" / NAME

    @property
    def row(self) -> ImageFile | None:
        """What the catalog knows about it."""
        with self.bench.catalog.read() as reader:
            return reader.files.find_row(1, f"media/{NAME}")

    def look(self, name: str = NAME) -> Arrival:
        """Looks at the name now."""
        return look_at_arrival(self.bench, self.sd, name)


@pytest.fixture
def place(home: Path, tmp_path: Path) -> Iterator[Place]:
    """An empty one. The catalog's clock is ahead of the files' mtimes."""
    root, clock = make_storage_dir(tmp_path / "sd"), FakeClock()
    with open_bench(home, clock, limits=Limits(read_max_bytes=100_000)) as bench:
        add_storage_dir(bench, root)
        clock.pass_time(seconds=10)
        yield Place(bench, clock, root)


def test_a_whole_image_is_proven(place: Place) -> None:
    """One look registers, proves, and announces it. A second look has nothing to do."""
    put_image(place.root, GOOD)
    assert [place.look(), place.look()] == [Arrival.PROVEN, Arrival.KNOWN]


def test_a_half_one_fails_until_it_is_whole(place: Place) -> None:
    """The result says whether it changed since the last look, which determines the next one."""
    put_half(place.root, GOOD)
    assert [place.look(), place.look()] == [Arrival.FAILED, Arrival.FAILED_AGAIN]
    place.file.write_bytes(GOOD[:-1])
    assert [place.look(), place.look()] == [Arrival.FAILED, Arrival.FAILED_AGAIN]
    put_image(place.root, GOOD)
    assert place.look() is Arrival.PROVEN


def test_what_was_proven_too_soon_is_read_once_more(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read in two seconds, not before, and not again after that."""
    reads = count_reads(monkeypatch)
    put_image(place.root, GOOD)
    set_mtime(place.file, seconds_ago=1, before=place.clock.now().timestamp())
    assert [place.look(), place.look(), len(reads)] == [Arrival.PROVEN_TOO_SOON, Arrival.PROVEN_TOO_SOON, 1]
    place.clock.pass_time(seconds=2)
    assert [place.look(), place.look(), len(reads)] == [Arrival.PROVEN, Arrival.KNOWN, 2]


def test_a_file_from_the_future_is_read_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some machine's clock is wrong by ten years. Waiting would not improve the proof (hazard H28)."""
    reads = count_reads(monkeypatch)
    put_image(place.root, GOOD)
    set_mtime(place.file, seconds_ago=-10 * 365 * 86_400)
    assert [place.look(), place.look(), len(reads)] == [Arrival.PROVEN, Arrival.KNOWN, 1]


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on."""
    reads: list[str] = []

    def counted(bench: Workbench, sd: StorageDir, name: str) -> ProofResult:
        reads.append(name)
        return prove_file(bench, sd, name)

    monkeypatch.setattr(arrivals, "prove_file", counted)
    return reads


def test_attributes_that_change_cost_one_hash_and_no_event(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the mtime is set after the rename, it is proven again, once. A mode costs nothing (hazard H37)."""
    reads = count_reads(monkeypatch)
    put_image(place.root, GOOD)
    assert place.look() is Arrival.PROVEN
    set_mtime(place.file, seconds_ago=1000)
    assert [place.look(), place.look()] == [Arrival.PROVEN, Arrival.KNOWN]
    place.file.chmod(0o400)
    assert [place.look(), len(reads)] == [Arrival.KNOWN, 2]


def test_what_no_look_changes_is_left_alone(place: Place) -> None:
    """Foreign once quiet, damaged after a day: after that only a change is worth a look."""
    place.file.write_bytes(OTHER)
    assert place.look() is Arrival.FAILED
    place.clock.pass_time(seconds=3)
    assert (place.look(), place.row and place.row.state) == (Arrival.NOTHING, FileState.FOREIGN)
    put_half(place.root, GOOD)
    assert place.look() is Arrival.FAILED
    place.clock.pass_time(hours=25)
    assert (place.look(), place.row and place.row.state) == (Arrival.NOTHING, FileState.DAMAGED)


def test_a_file_that_went_is_for_a_scan(place: Place) -> None:
    """Absence is never concluded from one name. An unknown file causes nothing."""
    assert place.look() is Arrival.NOTHING
    put_image(place.root, GOOD)
    place.look()
    place.file.unlink()
    assert (place.look(), place.row and place.row.state) == (Arrival.SCAN_SOON, FileState.PRESENT)


def test_a_file_that_cannot_be_read_is_registered_by_a_scan_and_tried_again(place: Place) -> None:
    """Here it is larger than the limit."""
    place.file.write_bytes(bytes(100_001))
    assert (place.look(), place.row) == (Arrival.SCAN_SOON, None)
    place.file.write_bytes(GOOD)
    place.look()
    place.file.write_bytes(bytes(100_001))
    assert place.look() is Arrival.FAILED_AGAIN


NAMES: list[tuple[str, Arrival]] = [
    (f".{NAME}.icloud", Arrival.SCAN_SOON),
    (f"{NAME}.nextcloud", Arrival.SCAN_SOON),
    (f".syncthing.{NAME}.tmp", Arrival.NOTHING),
    (f"{NAME[:-4]} (1).png", Arrival.SCAN_SOON),
    ("cat.png", Arrival.NOTHING),
    (f"{uuid.UUID(int=1)}.txt", Arrival.NOTHING),
]


@pytest.mark.parametrize(("name", "arrival"), NAMES)
def test_other_names(place: Place, name: str, arrival: Arrival) -> None:
    """A scan must judge a placeholder, and a copy of an image that has no good file. Everything else is no image's
    name, whatever its bytes.
    """
    put_image(place.root, GOOD, name)
    assert place.look(name) is arrival


def test_a_copy_of_an_image_with_a_good_file_causes_no_scan(place: Place) -> None:
    """Sync clients and people make many of them, and each scan lists the whole folder."""
    put_image(place.root, GOOD)
    place.look()
    name = f"{NAME[:-4]} (1).png"
    put_image(place.root, GOOD, name)
    assert place.look(name) is Arrival.NOTHING


def make_link(path: Path) -> None:
    """To a good image."""
    put_image(path.parents[1], GOOD, "good")
    path.symlink_to("good")


@pytest.mark.parametrize("make", [make_link, Path.mkdir, os.mkfifo], ids=["link", "folder", "fifo"])
def test_what_is_no_file_is_neither_followed_nor_opened(place: Place, make: Callable[[Path], None]) -> None:
    """Even if it has an image's name (hazards H33, H34)."""
    make(place.file)
    assert (place.look(), place.row) == (Arrival.NOTHING, None)


def test_what_this_program_is_saving_is_left_to_the_save(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watcher sees the file before the save has registered it. It must not prove it, too."""
    reads = count_reads(monkeypatch)
    seen: list[Arrival] = []
    begin_write = place.bench.catalog.write

    def look_and_write(*, durable: bool = False) -> AbstractContextManager[Writer]:
        assert place.file.exists()
        seen.append(place.look())
        return begin_write(durable=durable)

    monkeypatch.setattr(place.bench.catalog, "write", look_and_write)
    save_image(place.bench, GOOD, place.sd)
    assert seen == [Arrival.BEING_SAVED]
    assert place.look() is Arrival.KNOWN
    assert reads == []


def test_many_known_names_cost_one_statement(place: Place) -> None:
    """A burst of saves is looked at together."""
    names = [put_image(place.root, make_picture("png", seed=seed)) for seed in range(50)]
    assert dict(look_at_arrivals(place.bench, place.sd, names)) == dict.fromkeys(names, Arrival.PROVEN)
    sd = place.sd

    def look_again() -> None:
        assert dict(look_at_arrivals(place.bench, sd, names)) == dict.fromkeys(names, Arrival.KNOWN)

    assert count_statements(place.bench, look_again) == 1


def test_one_name_that_cannot_be_looked_at_holds_up_no_other(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk has an error at one of three names."""
    names = [put_image(place.root, make_picture("png", seed=seed)) for seed in range(3)]
    probe = LocalFolder.probe

    def probe_badly(folder: LocalFolder, asked: list[str]) -> list[tuple[str, FileStamp]]:
        if names[1] in asked:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return probe(folder, asked)

    monkeypatch.setattr(LocalFolder, "probe", probe_badly)
    found = dict(look_at_arrivals(place.bench, place.sd, names))
    assert [found[name] for name in names] == [Arrival.PROVEN, Arrival.SCAN_SOON, Arrival.PROVEN]


def test_a_save_that_begins_while_others_are_read_keeps_its_file(place: Place) -> None:
    """It was not being saved when the look at the batch began."""
    first, second = (put_image(place.root, make_picture("png", seed=seed)) for seed in range(2))
    looks = look_at_arrivals(place.bench, place.sd, [first, second])
    assert next(looks) == (first, Arrival.PROVEN)
    place.bench.being_saved.add((place.sd.number, second))
    assert list(looks) == [(second, Arrival.BEING_SAVED)]
