"""Problems of inotify only: a kernel queue that overflows, watches that end unnoticed, shared watches."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.hint_reader import HintReader, has_listing, names_in

if sys.platform != "linux":
    pytest.skip("inotify is Linux's", allow_module_level=True)

from strandline.runtime.change_notice import FolderGone, FolderWatcher, Hint, ListFolder, ListReason
from strandline.runtime.change_notice.inotify import InotifyFolderWatcher

BURST = 50_000
"""Three times the kernel's default queue. This made another watcher lose two of three files."""


@pytest.fixture
def watcher() -> Iterator[InotifyFolderWatcher]:
    watcher = InotifyFolderWatcher()
    yield watcher
    watcher.close()


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    return folder


def prepare_files(outside: Path, count: int) -> list[str]:
    """This many names of one file, to be renamed one by one. (Real files would take six times as long.)"""
    outside.mkdir()
    (outside / "file").touch()
    names = [f"{number:032x}.png" for number in range(count)]
    for name in names:
        (outside / name).hardlink_to(outside / "file")
    return names


def rename_all(names: list[str], source: Path, target: Path) -> None:
    """Like a sync client: each file at once under its final name."""
    origin, destination = f"{source}/", f"{target}/"
    for name in names:
        os.rename(origin + name, destination + name)  # Path objects would halve the speed


def follow(watcher: FolderWatcher, folder: Path, until: str) -> set[str]:
    """The names that a reader knows who follows the hints, up to the sentinel."""
    known: set[str] = set()
    while until not in known:
        hints = watcher.wait(20)
        assert hints, "the watcher fell silent"
        known |= names_in(hints, folder)
        if has_listing(hints, folder):
            known |= {path.name for path in folder.iterdir()}
    return known


def test_a_burst_that_nobody_reads_loses_nothing(
    watcher: InotifyFolderWatcher, tmp_path: Path, media: Path
) -> None:
    """After 50,000 renames that nobody reads, all folders must be listed, and everything is found."""
    names = prepare_files(tmp_path / "outside", BURST)
    reader = HintReader(watcher)
    reader.watch(tmp_path)
    reader.watch(media)

    rename_all(names, tmp_path / "outside", media)

    hints = reader.read_until(lambda hints: ListFolder(tmp_path, ListReason.EVENTS_LOST) in hints)
    assert has_listing(hints, media)
    (media / "last.png").mkdir()
    reader.read_until_named(media, "last.png")


STOPPED_READER = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from test_inotify import follow
from strandline.runtime.change_notice.inotify import InotifyFolderWatcher

folder = Path(sys.argv[1])
watcher = InotifyFolderWatcher()
watcher.watch(folder)
print("ready", flush=True)
print(len(follow(watcher, folder, until="last.png")), flush=True)
"""


def test_a_process_that_was_stopped_loses_nothing(tmp_path: Path, media: Path) -> None:
    """After a laptop's sleep, a debugger, or SIGSTOP, the reader knows every file."""
    names = prepare_files(tmp_path / "outside", 20_000)
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED_READER, str(media), *paths], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "ready\n"
            child.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, child.pid, os.WSTOPPED)
            rename_all(names, tmp_path / "outside", media)
            child.send_signal(signal.SIGCONT)
            (media / "last.png").mkdir()
            assert child.stdout.readline() == f"{len(names) + 1}\n"
        finally:
            child.kill()


def test_a_folder_that_went_while_the_queue_overflowed_is_gone(
    watcher: InotifyFolderWatcher, tmp_path: Path, media: Path
) -> None:
    """The overflow may drop the end of a watch. All watches are set again, so it is still reported."""
    other = tmp_path / "other"
    other.mkdir()
    reader = HintReader(watcher)
    reader.watch(media)
    reader.watch(other)

    overflow_queue_in(media)
    other.rmdir()

    hints = reader.read_until(bool)
    assert FolderGone(other) in hints
    assert has_listing(hints, media)


def test_a_folder_that_was_replaced_while_the_queue_overflowed_is_watched(
    watcher: InotifyFolderWatcher, tmp_path: Path, media: Path
) -> None:
    """If a folder is deleted and made again during an overflow, the new one is watched and must be listed."""
    other = tmp_path / "other"
    other.mkdir()
    reader = HintReader(watcher)
    reader.watch(media)
    reader.watch(other)

    overflow_queue_in(media)
    other.rename(tmp_path / "moved")
    other.mkdir()

    reader.read_until_listed(other)
    (other / "later.png").touch()
    reader.read_until_named(other, "later.png")


def overflow_queue_in(folder: Path) -> None:
    """More events than the kernel queues. The names alternate, because the kernel merges equal events."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    (folder / "a").touch()
    (folder / "b").touch()
    for _ in range(limit // 2 + 1):
        os.utime(folder / "a")
        os.utime(folder / "b")


def test_two_paths_of_one_folder_are_both_told(
    watcher: InotifyFolderWatcher, tmp_path: Path, media: Path
) -> None:
    """The kernel has one watch for a folder with two paths. Each path is reported, and ends separately."""
    (tmp_path / "alias").symlink_to(tmp_path, target_is_directory=True)
    alias = tmp_path / "alias" / "media"
    reader = HintReader(watcher)
    reader.watch(media)
    reader.watch(alias)

    (media / "first.png").mkdir()
    reader.read_until(
        lambda hints: "first.png" in names_in(hints, media) and "first.png" in names_in(hints, alias)
    )
    watcher.unwatch(alias)
    (media / "second.png").mkdir()
    hints = reader.read_until_named(media, "second.png")
    assert not names_in(hints, alias)


def test_a_folder_that_changes_itself_is_listed(watcher: InotifyFolderWatcher, media: Path) -> None:
    """After a change of its mode, a folder that could not be listed is reported."""
    reader = HintReader(watcher)
    reader.watch(media)

    media.chmod(0o700)

    assert reader.read_until(bool) == [ListFolder(media, ListReason.FOLDER_CHANGED)]


def test_a_growing_file_is_told_when_it_is_closed(watcher: InotifyFolderWatcher, media: Path) -> None:
    """A file that is written slowly is reported when it appears and when it is closed, not at each write."""
    reader = HintReader(watcher)
    reader.watch(media)

    with (media / "growing.png").open("wb", buffering=0) as file:
        reader.read_until_named(media, "growing.png")
        silent: list[Hint] = []
        for _ in range(100):
            file.write(b"more")
            silent += watcher.wait(0)
        assert silent == []
    reader.read_until_named(media, "growing.png")


def test_a_moved_folder_can_be_watched_under_its_new_path(
    watcher: InotifyFolderWatcher, tmp_path: Path, media: Path
) -> None:
    """The old path is gone. The new path works after one more try, even if it was watched before that was read."""
    reader = HintReader(watcher)
    reader.watch(media)
    moved = tmp_path / "moved"
    media.rename(moved)

    watcher.watch(moved)
    hints = reader.read_until_gone(media)
    if FolderGone(moved) in hints:
        reader.watch(moved)
    (moved / "image.png").mkdir()

    reader.read_until_named(moved, "image.png")


def test_a_file_without_a_name_is_told_once_it_has_one(watcher: InotifyFolderWatcher, media: Path) -> None:
    """Until then, Linux reports its changes under a name that nobody can open. A folder may have such a name."""
    watcher.watch(media)
    watcher.wait(1.0)
    unnamed, folder = os.open(media, os.O_WRONLY | os.O_TMPFILE), os.open(media, os.O_PATH)
    os.write(unnamed, b"bytes")
    os.utime(unnamed)
    os.link(f"/proc/self/fd/{unnamed}", "named.png", dst_dir_fd=folder, follow_symlinks=True)
    os.close(unnamed)
    os.close(folder)
    (media / "#12").mkdir()
    told = set[str]()
    while "#12" not in told:
        told |= names_in(watcher.wait(5.0), media)
    assert told == {"named.png", "#12"}
