"""Polling: bounded work, dead shares, folders that cannot be listed, and huge ones."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.hint_reader import HintReader
from strandline.runtime.change_notice import ListFolder, ListReason
from strandline.runtime.change_notice.polling import PollingFolderWatcher, plan_rest_s
from strandline.runtime.change_notice.snapshots import MAX_REMEMBERED, iter_stamps


class Share:
    """A network drive that can stop answering, refuse, or grow. Otherwise it lists real folders."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.dead: Path | None = None
        self.refuses = False
        self.extra_names = 0
        self.extra_stamp = 1

    def list_stamps(self, folder: Path) -> Iterable[tuple[str, int]]:
        if folder == self.dead:
            self.answers.wait()
        if self.refuses:
            raise OSError(errno.EIO, "the share is away")
        yield from iter_stamps(folder)
        for number in range(self.extra_names):
            yield f"{number}", self.extra_stamp


@pytest.fixture
def share() -> Iterator[Share]:
    share = Share()
    yield share
    share.answers.set()


@pytest.fixture
def watcher(share: Share) -> Iterator[PollingFolderWatcher]:
    watcher = PollingFolderWatcher(interval_s=0.01, list_stamps=share.list_stamps)
    yield watcher
    watcher.close()


@given(st.floats(0, 100), st.floats(0, 10_000))
def test_listing_takes_at_most_a_tenth_of_the_time(interval_s: float, listing_s: float) -> None:
    """However slow a listing is, it runs at most a tenth of the time, and never before the interval is over."""
    rest_s = plan_rest_s(interval_s, listing_s)

    assert rest_s >= interval_s
    assert listing_s <= 0.1 * (listing_s + rest_s) * (1 + 1e-9)


def test_a_dead_share_blocks_nobody(share: Share, watcher: PollingFolderWatcher, tmp_path: Path) -> None:
    """While one folder's disk does not answer, wait returns in time and other folders are reported."""
    dead, alive = tmp_path / "dead", tmp_path / "alive"
    dead.mkdir()
    alive.mkdir()
    share.dead = dead
    share.answers.clear()
    watcher.watch(dead)
    reader = HintReader(watcher)
    reader.watch(alive)

    assert watcher.wait(0.02) == []
    (alive / "image.png").touch()
    hints = reader.read_until_named(alive, "image.png")

    assert all(hint.folder == alive for hint in hints)
    share.answers.set()
    assert reader.read_until(bool) == [ListFolder(dead, ListReason.WATCH_ADDED)]


def test_a_dead_share_holds_one_thread(share: Share, tmp_path: Path) -> None:
    """Watching and unwatching a hanging folder many times leaves only one thread."""
    share.dead = tmp_path
    share.answers.clear()
    watcher = PollingFolderWatcher(interval_s=0.01, answer_timeout_s=0.01, list_stamps=share.list_stamps)

    for _ in range(5):
        watcher.watch(tmp_path)
        watcher.unwatch(tmp_path)
    watcher.watch(tmp_path)

    assert len([thread for thread in threading.enumerate() if str(tmp_path) in thread.name]) == 1
    share.answers.set()
    assert HintReader(watcher).read_until(bool) == [ListFolder(tmp_path, ListReason.WATCH_ADDED)]
    watcher.close()


def test_a_folder_that_cannot_be_listed_is_told_once(
    share: Share, watcher: PollingFolderWatcher, tmp_path: Path
) -> None:
    """A share that goes away and comes back is reported each time. Changes in between are in the listing."""
    reader = HintReader(watcher)
    reader.watch(tmp_path)

    share.refuses = True
    assert reader.read_until(bool) == [ListFolder(tmp_path, ListReason.UNREADABLE)]
    assert watcher.wait(0.05) == []
    (tmp_path / "image.png").touch()
    share.refuses = False
    assert reader.read_until(bool) == [ListFolder(tmp_path, ListReason.READABLE_AGAIN)]


def test_a_huge_folder_is_listed_when_it_changes(
    share: Share, watcher: PollingFolderWatcher, tmp_path: Path
) -> None:
    """With more names than are remembered, a change is reported as a listing, and no change as nothing."""
    share.extra_names = MAX_REMEMBERED + 1
    reader = HintReader(watcher)
    reader.watch(tmp_path)

    assert watcher.wait(0.1) == []
    share.extra_stamp = 2
    assert reader.read_until(bool) == [ListFolder(tmp_path, ListReason.TOO_MANY_NAMES)]
