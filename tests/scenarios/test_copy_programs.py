"""rsync, rclone, Unison and cp fill a storage directory that is watched: real programs, each in its own way.

Every one brings the same pictures. While it works a reader asks for them in a tight loop; it gets the right bytes
or is told why not. What surprises: half of these programs show the final name before the bytes (HAZARDS §0).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders.receiver import (
    Receiver,
    make_large_picture,
    make_mixed_pictures,
    name_of,
    put_pictures,
    receiving,
    size_of,
)
from builders.storage import make_storage_dir
from builders.system_packages import require
from scenarios.syncthing_node import wait_until

LIMIT_S = 60
Command = list[str | Path]
MakeCommand = Callable[[Path, Path], Command]


def rsync(*options: str) -> MakeCommand:
    """rsync from folder to folder."""
    return lambda source, target: [require("rsync", "rsync"), "-a", *options, f"{source}/", f"{target}/"]


def rclone(*options: str) -> MakeCommand:
    """rclone from folder to folder, with no configuration of the user's."""
    return lambda source, target: [
        require("rclone", "rclone"), "--config", "/dev/null", "copy", *options, source, target,
    ]  # fmt: skip


def unison(source: Path, target: Path) -> Command:
    """Unison, one way."""
    program = require("unison", "unison")
    return [
        program,
        "-ui",
        "text",
        "-batch",
        "-silent",
        "-force",
        str(source),
        "-logfile",
        "/dev/null",
        source,
        target,
    ]


def cp(source: Path, target: Path) -> Command:
    """What file managers do."""
    return ["cp", "-r", f"{source}/.", target]


WAYS: dict[str, MakeCommand] = {
    "cp": cp,
    "rsync": rsync(),
    "rsync --inplace": rsync("--inplace"),
    "rsync --inplace --preallocate": rsync("--inplace", "--preallocate"),
    "rsync --delay-updates": rsync("--delay-updates"),
    "rclone copy": rclone(),
    "unison": unison,
}


@pytest.fixture
def receiver(home: Path, tmp_path: Path) -> Iterator[Receiver]:
    """A watched storage directory with an empty media folder."""
    with receiving(home, make_storage_dir(tmp_path / "receiver")) as receiver:
        yield receiver


@pytest.fixture
def source(tmp_path: Path, receiver: Receiver) -> Path:
    """The sender's copy of the storage directory; its media folder is empty."""
    source = tmp_path / "source"
    (source / "media").mkdir(parents=True)
    shutil.copy2(receiver.root / "SD_ID", source)
    return source


def run(command: Command, tmp_path: Path) -> None:
    """Runs a program of the system to its end, with a home of its own."""
    subprocess.run(command, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}, check=True, timeout=LIMIT_S)


@pytest.mark.parametrize("way", WAYS)
def test_images_are_told_once_and_never_handed_out_half(
    receiver: Receiver, source: Path, tmp_path: Path, way: str
) -> None:
    """Pictures of every kind, small and large, in whatever order and pieces the program writes them."""
    large = make_large_picture(1, 3_000_000)
    pictures = make_mixed_pictures(3) | {name_of(large, "png"): large}
    put_pictures(source / "media", pictures)
    with receiver.reading(pictures):
        run(WAYS[way](source, receiver.root), tmp_path)
        receiver.wait_for(pictures)


BREAKABLE: dict[str, MakeCommand] = {
    "rsync --inplace": rsync("--inplace", "--bwlimit=2000"),
    "rclone copy": rclone("--bwlimit", "2M", "--buffer-size", "0"),
}


def kill_in_the_middle(command: Command, tmp_path: Path, is_in_the_middle: Callable[[], bool]) -> None:
    """Starts a program and kills it hard, with all its processes, once it has come so far."""
    process = subprocess.Popen(
        command, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}, start_new_session=True
    )
    try:
        wait_until(f"{command[0]} is in the middle", is_in_the_middle, LIMIT_S)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT_S)


@pytest.mark.parametrize("way", BREAKABLE)
def test_what_a_killed_program_left_is_arriving_until_the_rest_comes(
    receiver: Receiver, source: Path, tmp_path: Path, way: str
) -> None:
    """Killed in the middle, it leaves half a file under the final name (hazard H4); the next run completes it."""
    data = make_large_picture(2, 4_000_000)
    name = name_of(data, "png")
    put_pictures(source / "media", {name: data})
    target = receiver.root / "media" / name
    slow = BREAKABLE[way](source, receiver.root)
    with receiver.reading({name: data}):
        kill_in_the_middle(slow, tmp_path, lambda: size_of(target) > 300_000)
        assert size_of(target) < len(data)
        receiver.events.wait_for("image.arriving", name)
        assert receiver.store.look_up(name.partition(".")[0]).state == "arriving"
        run(WAYS[way](source, receiver.root), tmp_path)
        receiver.wait_for({name: data})
    assert receiver.events.types_of(name) == ["image.arriving", "image.available"]


def test_a_killed_rsync_leaves_a_temporary_that_is_no_image(
    receiver: Receiver, source: Path, tmp_path: Path
) -> None:
    """Without --inplace nothing lies under the final name before it is whole."""
    data = make_large_picture(3, 4_000_000)
    name = name_of(data, "png")
    put_pictures(source / "media", {name: data})
    media = receiver.root / "media"
    slow = rsync("--bwlimit=2000")(source, receiver.root)
    kill_in_the_middle(slow, tmp_path, lambda: any(media.glob(f".{name}.??????")))
    (report,) = receiver.store.scan()
    assert (report.temporaries, report.added, receiver.events.types_of(name)) == (1, 0, [])
    run(WAYS["rsync"](source, receiver.root), tmp_path)
    receiver.wait_for({name: data})
    assert receiver.events.types_of(name) == ["image.available"]
