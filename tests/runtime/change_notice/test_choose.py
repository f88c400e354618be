"""Which backend gets which folder, and what happens if the system allows no more watches."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from builders.hint_reader import HintReader
from strandline.errors import WatchLimitError
from strandline.runtime.change_notice import MixedFolderWatcher, choose_folder_watcher
from strandline.runtime.change_notice.folder_watcher import naming_watch_limits
from strandline.runtime.change_notice.watchdog import WatchdogFolderWatcher


def everywhere(folder: Path) -> bool:
    """A machine with only local disks."""
    return True


def nowhere(folder: Path) -> bool:
    """A machine with only network drives."""
    return False


class FullFolderWatcher(WatchdogFolderWatcher):
    """A real watcher on a system without watches left for one folder name."""

    def watch(self, folder: Path) -> None:
        if folder.name == "media":
            raise WatchLimitError("no more watches; raise the limit")
        super().watch(folder)


def test_a_folder_without_room_for_a_watch_is_polled(tmp_path: Path) -> None:
    """The limit is no error: the folder's changes are still reported, and doctor can say which folder and why."""
    media = tmp_path / "media"
    media.mkdir()
    watcher = MixedFolderWatcher(FullFolderWatcher(), everywhere, poll_interval_s=0.01)
    reader = HintReader(watcher)
    try:
        reader.watch(tmp_path)
        reader.watch(media)
        assert watcher.fallbacks() == {media: "no more watches; raise the limit"}

        (media / "image.png").touch()
        reader.read_until_named(media, "image.png")
        (tmp_path / "SD_ID").touch()
        reader.read_until_named(tmp_path, "SD_ID")

        watcher.unwatch(media)
        assert watcher.fallbacks() == {}
    finally:
        watcher.close()


def test_a_fallback_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    """If a polled folder goes away, that is reported, and it is no fallback any more."""
    media = tmp_path / "media"
    media.mkdir()
    watcher = MixedFolderWatcher(FullFolderWatcher(), everywhere, poll_interval_s=0.01)
    reader = HintReader(watcher)
    try:
        reader.watch(media)
        media.rmdir()
        reader.read_until_gone(media)
        assert watcher.fallbacks() == {}
    finally:
        watcher.close()


def test_a_folder_on_a_network_drive_is_no_fallback(tmp_path: Path) -> None:
    """A folder that must be polled anyway is not worth mentioning."""
    watcher = choose_folder_watcher(nowhere, poll_interval_s=0.01)
    reader = HintReader(watcher)
    try:
        reader.watch(tmp_path)
        (tmp_path / "image.png").touch()
        reader.read_until_named(tmp_path, "image.png")
        assert watcher.fallbacks() == {}
        assert watcher.name.endswith("+polling")
    finally:
        watcher.close()


WITHOUT_DESCRIPTORS = """
import os, resource, sys
from pathlib import Path
from strandline.runtime.change_notice import LookAtNames, choose_folder_watcher
import strandline.runtime.change_notice.inotify

folder = Path(sys.argv[1])
used = os.open("/", os.O_RDONLY)
resource.setrlimit(resource.RLIMIT_NOFILE, (used + 1, used + 1))
watcher = choose_folder_watcher(lambda folder: True, poll_interval_s=0.01)
os.close(used)  # a listing needs one descriptor

watcher.watch(folder)
print(watcher.name, list(watcher.fallbacks()) == [folder])
while not any("SD_ID" in hint.names for hint in watcher.wait(1) if isinstance(hint, LookAtNames)):
    (folder / "SD_ID").mkdir(exist_ok=True)
    (folder / "SD_ID").chmod(0o700)
print("told")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of inotify's")
def test_without_any_room_all_is_polled(tmp_path: Path) -> None:
    """If the native watcher cannot even be opened, local folders are polled, and the reason is given."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DESCRIPTORS, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert done.stdout.split() == ["polling", "True", "told"]


@pytest.mark.parametrize(
    ("errno_name", "is_limit"),
    [
        ("ENOSPC", True),
        ("EMFILE", True),
        ("ENFILE", True),
        ("ENOMEM", True),
        ("EACCES", False),
        ("EIO", False),
    ],
)
def test_only_limits_are_limits(errno_name: str, is_limit: bool) -> None:
    """A lack of watches has its own error with the remedy. Other errors are passed on."""
    number = getattr(errno, errno_name)
    with pytest.raises(WatchLimitError if is_limit else OSError) as caught, naming_watch_limits():
        raise OSError(number, "said the system")
    assert (errno_name if is_limit else "said the system") in str(caught.value)
