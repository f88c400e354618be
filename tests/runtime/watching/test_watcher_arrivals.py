"""However a file arrives, it is announced once, when it is whole, and never before."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders.pictures import extension_of, make_picture
from builders.storage import make_storage_dir, name_of, open_bench, put_image
from builders.watching import EventReader, RunningClock, is_whole, watching
from strandline.model.events import Event, ImageAvailable
from strandline.model.image_ids import is_content_id
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench

ARRIVING, AVAILABLE = "image.arriving", "image.available"


@dataclass
class Receiver:
    """A watched storage directory, and a folder beside it for incoming files."""

    root: Path
    stage: Path
    bench: Workbench
    clock: RunningClock
    reader: EventReader

    def path_of(self, name: str) -> Path:
        """Where the file arrives."""
        return self.root / "media" / name

    def put_aside(self, data: bytes) -> Path:
        """Writes the bytes to a file outside the storage directory, on the same disk."""
        path = self.stage / uuid.uuid4().hex
        path.write_bytes(data)
        return path

    def wait_until_all_before_is_told(self) -> None:
        """Sends one more image and waits for it. By then all earlier ones have been looked at."""
        last = put_image(self.root, make_picture("png", seed=uuid.uuid4().int % 2**40))
        self.reader.wait_for(AVAILABLE, last)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """One for all ways of arriving. Each way has its own images."""
    base = tmp_path_factory.mktemp("receiver")
    root = make_storage_dir(base / "sd")
    (base / "stage").mkdir()

    def check_whole(event: Event) -> None:
        if isinstance(event, ImageAvailable) and event.image_id and is_content_id(event.image_id):
            assert is_whole(root, event.filename)

    clock = RunningClock()
    with open_bench(base / "home", clock) as bench:
        add_storage_dir(bench, root)
        with watching(bench, on_event=check_whole) as reader:
            yield Receiver(root, base / "stage", bench, clock, reader)


def rename_in(to: Receiver, name: str, data: bytes) -> None:
    """Like Syncthing, rsync, Unison, and Nextcloud."""
    to.put_aside(data).rename(to.path_of(name))


def link_in(to: Receiver, name: str, data: bytes) -> None:
    """A second name for a file."""
    os.link(to.put_aside(data), to.path_of(name))


def link_unnamed(to: Receiver, name: str, data: bytes) -> None:
    """As Strandline itself saves."""
    descriptor = os.open(to.root / "media", os.O_TMPFILE | os.O_WRONLY)
    try:
        os.write(descriptor, data)
        # Although the path is absolute: only with a folder descriptor does Python call linkat, which follows.
        os.link(f"/proc/self/fd/{descriptor}", to.path_of(name), src_dir_fd=descriptor, follow_symlinks=True)
    finally:
        os.close(descriptor)


def write_slowly(to: Receiver, name: str, data: bytes) -> None:
    """Like a file manager on a slow share: in pieces, with pauses longer than the quiet time."""
    third = len(data) // 3
    with to.path_of(name).open("wb", buffering=0) as file:
        file.write(data[:third])
        to.reader.wait_for(ARRIVING, name)
        file.write(data[third : 2 * third])
        to.clock.pass_time(seconds=5)
        to.wait_until_all_before_is_told()
        file.write(data[2 * third :])


def write_and_never_close(to: Receiver, name: str, data: bytes) -> None:
    """Like a program that keeps its files open: no event reports the last byte."""
    descriptor = os.open(to.path_of(name), os.O_WRONLY | os.O_CREAT)
    os.write(descriptor, data[:50])
    to.reader.wait_for(ARRIVING, name)
    os.write(descriptor, data[50:])
    to.clock.pass_time(seconds=5)
    to.reader.wait_for(AVAILABLE, name)
    os.close(descriptor)


def create_empty_first(to: Receiver, name: str, data: bytes) -> None:
    """Like rclone before 1.63, and briefly `cp`."""
    to.path_of(name).touch()
    to.reader.wait_for(ARRIVING, name)
    to.path_of(name).write_bytes(data)


def preallocate_first(to: Receiver, name: str, data: bytes) -> None:
    """Like `rsync --preallocate --inplace`: the full size from the start, in zeros."""
    to.path_of(name).write_bytes(bytes(len(data)))
    to.reader.wait_for(ARRIVING, name)
    with to.path_of(name).open("r+b") as file:
        file.write(data)


def rename_a_truncated_version_first(to: Receiver, name: str, data: bytes) -> None:
    """Like Syncthing after it scanned the sender during a write: a clean rename of half a file."""
    for size_bytes in (len(data) // 3, len(data) // 2):
        rename_in(to, name, data[:size_bytes])
        to.reader.wait_for(ARRIVING, name)
    rename_in(to, name, data)


def rename_and_set_mtime(to: Receiver, name: str, data: bytes) -> None:
    """Like Syncthing: the mtime is set after the rename."""
    rename_in(to, name, data)
    to.reader.wait_for(AVAILABLE, name)
    os.utime(to.path_of(name), (1_000_000_000, 1_000_000_000))


def rename_and_set_mode(to: Receiver, name: str, data: bytes) -> None:
    """Like clients that set attributes last (hazard H37)."""
    rename_in(to, name, data)
    to.path_of(name).chmod(0o400)
    to.path_of(name).chmod(0o600)


def rename_with_an_mtime_in_the_future(to: Receiver, name: str, data: bytes) -> None:
    """From a machine whose clock is wrong by ten years (hazard H28)."""
    aside = to.put_aside(data)
    os.utime(aside, (2_000_000_000, 2_000_000_000))
    aside.rename(to.path_of(name))


def replace_with_a_gap(to: Receiver, name: str, data: bytes) -> None:
    """Like Syncthing and Seafile: the old file goes, then the new one comes (hazard H6)."""
    rename_in(to, name, data)
    to.reader.wait_for(AVAILABLE, name)
    to.path_of(name).unlink()
    to.wait_until_all_before_is_told()
    rename_in(to, name, data)


def rename_under_other_names(to: Receiver, name: str, data: bytes) -> None:
    """Like a rename on another machine: away, to a temporary, and back (hazard H7)."""
    rename_in(to, name, data)
    to.reader.wait_for(AVAILABLE, name)
    temporary = to.path_of(f".syncthing.{name}.tmp")
    to.path_of(name).rename(temporary)
    temporary.rename(to.path_of(name))


WAYS: list[tuple[Callable[[Receiver, str, bytes], None], str, list[str]]] = [
    (rename_in, "jpg", [AVAILABLE]),
    (link_in, "gif", [AVAILABLE]),
    (link_unnamed, "webp", [AVAILABLE]),
    (write_slowly, "png", [ARRIVING, AVAILABLE]),
    (write_and_never_close, "png", [ARRIVING, AVAILABLE]),
    (create_empty_first, "svg", [ARRIVING, AVAILABLE]),
    (preallocate_first, "avif", [ARRIVING, AVAILABLE]),
    (rename_a_truncated_version_first, "jpg-progressive", [ARRIVING, AVAILABLE]),
    (rename_and_set_mtime, "heic", [AVAILABLE]),
    (rename_and_set_mode, "png", [AVAILABLE]),
    (rename_with_an_mtime_in_the_future, "png", [AVAILABLE]),
    (replace_with_a_gap, "png", [AVAILABLE]),
    (rename_under_other_names, "png", [AVAILABLE]),
]


@pytest.mark.parametrize(("arrive", "kind", "told"), WAYS, ids=[way.__name__ for way, _, _ in WAYS])
def test_each_way_of_arriving_is_told_once(
    receiver: Receiver, arrive: Callable[[Receiver, str, bytes], None], kind: str, told: list[str]
) -> None:
    """Arriving while half, available exactly once, and only when its bytes hash to its id."""
    data = make_picture(kind, seed=[way for way, _, _ in WAYS].index(arrive) + 100)
    name = name_of(data)
    arrive(receiver, name, data)
    receiver.reader.wait_for(AVAILABLE, name)
    receiver.wait_until_all_before_is_told()
    assert receiver.reader.types_of(name) == told


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "gif", "svg"])
def test_a_legacy_name_is_available_when_its_structure_ends(receiver: Receiver, kind: str) -> None:
    """For a UUID, only the structure shows that the last byte has arrived, and it is enough."""
    data = make_picture(kind, seed=55)
    name = f"{uuid.uuid4()}.{extension_of(kind)}"
    path = receiver.path_of(name)
    path.write_bytes(data[: len(data) * 2 // 3])
    receiver.reader.wait_for(ARRIVING, name)
    path.write_bytes(data)
    receiver.reader.wait_until(lambda _: receiver.reader.types_of(name) == [ARRIVING, AVAILABLE])


def test_what_is_no_image_name_is_never_told(receiver: Receiver) -> None:
    """Temporaries, conflict copies, strays, links, and folders cause no event and no row."""
    data = make_picture("png", seed=9)
    good = name_of(data)
    names = [
        f".syncthing.{good}.tmp",
        f".{good}.Ab3xYz",
        good.replace(".png", ".sync-conflict-1.png"),
        "cat.png",
    ]
    for name in names:
        receiver.path_of(name).write_bytes(data)
    receiver.path_of(good).symlink_to(receiver.path_of("cat.png"))
    folder = name_of(make_picture("png", seed=10))
    receiver.path_of(folder).mkdir()
    receiver.wait_until_all_before_is_told()
    assert [receiver.reader.types_of(name) for name in (*names, good, folder)] == [[]] * 6


def test_events_are_told_in_the_journals_order(receiver: Receiver) -> None:
    """No number occurs twice or is left out, whatever happens in between."""
    receiver.wait_until_all_before_is_told()
    seqs = [event.seq for event in receiver.reader.read if event.seq is not None]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    live_only = {event.type for event in receiver.reader.read if event.seq is None}
    assert live_only <= {"scan.started", "scan.progress", "scan.finished"}
