"""The contract of a watcher, kept by each backend: inotify, watchdog, polling, and two of them together."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders.hint_reader import HintReader, has_listing, names_in
from strandline.runtime.change_notice import (
    FolderGone,
    FolderWatcher,
    Hint,
    ListFolder,
    ListReason,
    LookAtNames,
    choose_folder_watcher,
)
from strandline.runtime.change_notice.hints import MAX_NAMES
from strandline.runtime.change_notice.polling import PollingFolderWatcher

IMAGE = "0123456789abcdef0123456789abcdef.png"


def open_inotify() -> FolderWatcher:
    from strandline.runtime.change_notice.inotify import InotifyFolderWatcher

    return InotifyFolderWatcher()


def open_watchdog() -> FolderWatcher:
    from strandline.runtime.change_notice.watchdog import WatchdogFolderWatcher

    return WatchdogFolderWatcher(check_interval_s=0.05)


def open_polling() -> FolderWatcher:
    return PollingFolderWatcher(interval_s=0.02)


def open_mixed() -> FolderWatcher:
    """The media folder is polled, as on a network drive. All other folders are native."""
    return choose_folder_watcher(lambda folder: folder.name != "media", poll_interval_s=0.02)


BACKENDS: dict[str, Callable[[], FolderWatcher]] = {
    "watchdog": open_watchdog,
    "polling": open_polling,
    "mixed": open_mixed,
}
if sys.platform == "linux":
    BACKENDS["inotify"] = open_inotify


@pytest.fixture(params=sorted(BACKENDS))
def watcher(request: pytest.FixtureRequest) -> Iterator[FolderWatcher]:
    watcher = BACKENDS[request.param]()
    yield watcher
    watcher.close()


@pytest.fixture
def reader(watcher: FolderWatcher) -> HintReader:
    return HintReader(watcher)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


# Each way makes one change to media/IMAGE. What it needs exists already.


def write(media: Path, outside: Path) -> None:
    (media / IMAGE).write_bytes(b"new")


def rename_into(media: Path, outside: Path) -> None:
    (outside / "temporary").write_bytes(b"new")
    (outside / "temporary").rename(media / IMAGE)


def hard_link(media: Path, outside: Path) -> None:
    (outside / "temporary").write_bytes(b"new")
    (media / IMAGE).hardlink_to(outside / "temporary")


def symlink(media: Path, outside: Path) -> None:
    (media / IMAGE).symlink_to("/nowhere")


def link_unnamed_file(media: Path, outside: Path) -> None:
    fd = os.open(media, os.O_TMPFILE | os.O_WRONLY, 0o600)
    try:
        os.write(fd, b"new")
        # With a descriptor given, os.link follows the symlink in /proc; without, it links the symlink.
        os.link(f"/proc/self/fd/{fd}", media / IMAGE, src_dir_fd=fd)
    finally:
        os.close(fd)


def make_subfolder(media: Path, outside: Path) -> None:
    (media / IMAGE).mkdir()


def rename_away(media: Path, outside: Path) -> None:
    (media / IMAGE).rename(outside / IMAGE)


def rename_inside(media: Path, outside: Path) -> None:
    (media / IMAGE).rename(media / "other.png")


def delete(media: Path, outside: Path) -> None:
    (media / IMAGE).unlink()


def replace_by_rename(media: Path, outside: Path) -> None:
    (outside / "temporary").write_bytes(b"other bytes")
    (outside / "temporary").replace(media / IMAGE)


def append(media: Path, outside: Path) -> None:
    with (media / IMAGE).open("ab") as file:
        file.write(b" and more")


def rewrite_behind_the_same_mtime(media: Path, outside: Path) -> None:
    before = (media / IMAGE).stat()
    (media / IMAGE).write_bytes(b"dlo")
    os.utime(media / IMAGE, ns=(before.st_atime_ns, before.st_mtime_ns))


def set_mtime(media: Path, outside: Path) -> None:
    os.utime(media / IMAGE, (1_000_000_000, 1_000_000_000))


def set_mode(media: Path, outside: Path) -> None:
    (media / IMAGE).chmod(0o400)


APPEARS = [write, rename_into, hard_link, symlink, make_subfolder]
if hasattr(os, "O_TMPFILE"):
    APPEARS.append(link_unnamed_file)
CHANGES = [
    rename_away,
    rename_inside,
    delete,
    replace_by_rename,
    append,
    rewrite_behind_the_same_mtime,
    set_mtime,
    set_mode,
]


@pytest.mark.parametrize("way", APPEARS)
def test_what_appears_is_named(
    reader: HintReader, media: Path, outside: Path, way: Callable[[Path, Path], None]
) -> None:
    """A name that appears is reported by name, whatever the way."""
    reader.watch(media)

    way(media, outside)

    reader.read_until_named(media, IMAGE)


@pytest.mark.parametrize("way", CHANGES)
def test_what_changes_or_goes_is_named(
    reader: HintReader, media: Path, outside: Path, way: Callable[[Path, Path], None]
) -> None:
    """A name whose file changes, is replaced, or vanishes is reported by name."""
    (media / IMAGE).write_bytes(b"old")
    reader.watch(media)

    way(media, outside)

    reader.read_until_named(media, IMAGE)


def test_both_names_of_a_rename_are_told(reader: HintReader, media: Path, outside: Path) -> None:
    """For a rename within the folder, both the old and the new name are reported."""
    (media / IMAGE).write_bytes(b"old")
    reader.watch(media)

    rename_inside(media, outside)

    reader.read_until_named(media, IMAGE, "other.png")


def test_watching_begins_with_a_listing(watcher: FolderWatcher, media: Path) -> None:
    """The first listing covers what was in the folder before it was watched."""
    (media / IMAGE).write_bytes(b"old")

    watcher.watch(media)

    hints = HintReader(watcher).read_until(bool)
    assert hints == [ListFolder(media, ListReason.WATCH_ADDED)]


def test_reading_is_no_change(reader: HintReader, media: Path) -> None:
    """After a look at a file, no hint names it unless it changed."""
    (media / IMAGE).write_bytes(b"old")
    reader.watch(media)

    assert (media / IMAGE).read_bytes() == b"old"
    assert [path.name for path in media.iterdir()] == [IMAGE]
    (media / "later.png").mkdir()

    hints = reader.read_until_named(media, "later.png")
    assert names_in(hints, media) == {"later.png"}
    assert not has_listing(hints, media)


def test_watching_twice_is_watching_once(reader: HintReader, media: Path) -> None:
    """A second watch of the same folder requests no listing and doubles no hint."""
    reader.watch(media)

    reader.watcher.watch(media)
    (media / IMAGE).mkdir()

    hints = reader.read_until_named(media, IMAGE)
    assert hints == [LookAtNames(media, frozenset({IMAGE}))]


def test_folders_are_told_apart(reader: HintReader, tmp_path: Path, media: Path) -> None:
    """Root and media folder of a storage directory are watched side by side. Each hint names its own folder."""
    reader.watch(tmp_path)
    reader.watch(media)

    (media / IMAGE).mkdir()
    (tmp_path / "SD_ID").mkdir()

    hints = reader.read_until(
        lambda hints: IMAGE in names_in(hints, media) and "SD_ID" in names_in(hints, tmp_path)
    )
    assert IMAGE not in names_in(hints, tmp_path)
    assert "SD_ID" not in names_in(hints, media)


def test_a_media_folder_may_come_later(reader: HintReader, tmp_path: Path) -> None:
    """A folder that appears in a watched root is reported. Once it is watched, its contents are covered."""
    reader.watch(tmp_path)

    media = tmp_path / "media"
    media.mkdir()
    (media / IMAGE).write_bytes(b"new")

    reader.read_until_named(tmp_path, "media")
    reader.watch(media)
    (media / "later.png").write_bytes(b"new")
    reader.read_until_covered(media, "later.png")


def test_subfolders_are_not_looked_into(reader: HintReader, media: Path) -> None:
    """Changes in a subfolder of the watched folder are not reported."""
    (media / "inner").mkdir()
    reader.watch(media)

    (media / "inner" / "hidden.png").write_bytes(b"new")
    (media / IMAGE).mkdir()

    hints = reader.read_until_named(media, IMAGE)
    assert "hidden.png" not in names_in(hints, media)


def test_a_removed_folder_is_gone(reader: HintReader, media: Path) -> None:
    """The watched folder itself is deleted, and that is reported."""
    (media / IMAGE).write_bytes(b"old")
    reader.watch(media)

    shutil.rmtree(media)

    reader.read_until_gone(media)


def test_a_folder_that_is_moved_away_is_gone(reader: HintReader, tmp_path: Path, media: Path) -> None:
    """The watched folder itself is renamed, and that is reported."""
    reader.watch(media)

    media.rename(tmp_path / "elsewhere")

    reader.read_until_gone(media)


@pytest.mark.parametrize("is_read_in_between", [True, False])
def test_a_folder_that_is_made_again_can_be_watched_again(
    reader: HintReader, media: Path, is_read_in_between: bool
) -> None:
    """A folder that was deleted and made again can be watched like a new one."""
    reader.watch(media)
    shutil.rmtree(media)
    if is_read_in_between:
        reader.read_until_gone(media)
    media.mkdir()

    reader.watcher.watch(media)
    (media / IMAGE).write_bytes(b"new")

    def read_until_covered(name: str) -> None:
        """Watches again if the late report of the first folder's end has ended the new watch."""

        def is_covered(hints: list[Hint]) -> bool:
            if FolderGone(media) in hints:
                reader.watcher.watch(media)
            return has_listing(hints, media) or name in names_in(hints, media)

        reader.read_until(is_covered)

    read_until_covered(IMAGE)
    (media / "later.png").write_bytes(b"new")
    read_until_covered("later.png")


def test_a_second_watch_finds_a_replaced_folder(reader: HintReader, tmp_path: Path) -> None:
    """No event reports that a parent was moved and replaced. Watching again corrects it."""
    media = tmp_path / "sd" / "media"
    media.mkdir(parents=True)
    reader.watch(media)
    (tmp_path / "sd").rename(tmp_path / "moved")
    media.mkdir(parents=True)

    reader.watcher.watch(media)
    (media / IMAGE).write_bytes(b"new")

    reader.read_until_covered(media, IMAGE)


def test_only_folders_are_watched(watcher: FolderWatcher, tmp_path: Path, media: Path) -> None:
    """Nothing, a file, or a symlink at the path raises an error that says which."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to(media, target_is_directory=True)

    with pytest.raises(FileNotFoundError):
        watcher.watch(tmp_path / "absent")
    with pytest.raises(NotADirectoryError):
        watcher.watch(tmp_path / "file")
    with pytest.raises(NotADirectoryError):
        watcher.watch(tmp_path / "link")


def test_an_absent_folder_can_be_watched_once_it_is_there(reader: HintReader, tmp_path: Path) -> None:
    """A failed watch does not prevent a later one."""
    folder = tmp_path / "late"
    with pytest.raises(FileNotFoundError):
        reader.watcher.watch(folder)
    folder.mkdir()

    reader.watch(folder)
    (folder / IMAGE).write_bytes(b"new")

    reader.read_until_named(folder, IMAGE)


def test_nothing_is_told_of_an_unwatched_folder(reader: HintReader, media: Path, outside: Path) -> None:
    """After unwatch, no changes are reported. A second unwatch does no harm."""
    reader.watch(media)
    reader.watch(outside)

    (media / "before.png").write_bytes(b"new")
    reader.watcher.unwatch(media)
    reader.watcher.unwatch(media)
    (media / IMAGE).write_bytes(b"new")
    (outside / IMAGE).write_bytes(b"new")

    hints = reader.read_until_named(outside, IMAGE)
    assert not names_in(hints, media)


def test_an_unwatched_folder_can_be_watched_again(reader: HintReader, media: Path) -> None:
    """Unwatch and watch, during a poll or not, is a new start with a listing."""
    reader.watch(media)

    reader.watcher.unwatch(media)
    reader.watch(media)
    (media / IMAGE).mkdir()

    reader.read_until_named(media, IMAGE)


WEIRD_NAMES = ["-rf", " ", "new\nline.png", "n" * 255, "\N{GRINNING FACE}.png", "e\u0301.png", "\u00e9.png"]
if sys.platform == "linux":
    WEIRD_NAMES.append(os.fsdecode(b"\xff\xfe\x80.png"))


def test_no_name_is_too_weird(reader: HintReader, media: Path) -> None:
    """Any possible name is reported as the folder spells it, undecodable bytes as surrogates."""
    reader.watch(media)

    for name in WEIRD_NAMES:
        (media / name).write_bytes(b"new")

    reader.read_until_named(media, *WEIRD_NAMES)


def test_many_names_become_a_listing(reader: HintReader, media: Path) -> None:
    """However many files change while nobody reads, all are covered, and no hint exceeds its bound."""
    reader.watch(media)

    names = [f"{number}.png" for number in range(2 * MAX_NAMES)]
    for name in names:
        (media / name).touch()

    hints = reader.read_until_covered(media, *names)
    assert all(len(hint.names) <= MAX_NAMES for hint in hints if isinstance(hint, LookAtNames))


def test_wait_ends_in_time(watcher: FolderWatcher, media: Path) -> None:
    """Without hints, wait returns when the time is over, and at once if it is zero."""
    HintReader(watcher).watch(media)

    began_s = time.monotonic()
    assert watcher.wait(0) == []
    assert watcher.wait(0.05) == []
    assert time.monotonic() - began_s < 30


def test_wake_ends_a_wait(watcher: FolderWatcher, media: Path) -> None:
    """Another thread can end a wait, before or after it begins."""
    HintReader(watcher).watch(media)
    waking = threading.Thread(target=watcher.wake)

    waking.start()
    assert watcher.wait(600) == []  # longer than any test may take

    waking.join()


def test_a_watch_from_another_thread_ends_a_wait(reader: HintReader, media: Path) -> None:
    """If a folder is watched while the reader waits, its listing is requested at once."""
    watching = threading.Thread(target=reader.watcher.watch, args=(media,))

    watching.start()
    reader.read_until_listed(media)

    watching.join()


def test_close_ends_a_wait(watcher: FolderWatcher, media: Path) -> None:
    """Closing ends another thread's wait. Closing or waiting again does no harm."""
    HintReader(watcher).watch(media)
    told: list[Hint] = []
    waiting = threading.Thread(target=lambda: told.extend(watcher.wait(60)))
    waiting.start()

    watcher.close()
    waiting.join(timeout=30)

    assert not waiting.is_alive()
    assert told == []
    watcher.close()
    watcher.wake()
    watcher.unwatch(media)
    assert watcher.wait(600) == []
