"""Bursts: more files at once than the kernel's queue holds, and none is lost."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.program import started
from builders.storage import id_of, make_storage_dir, name_of, open_bench, put_image
from builders.watching import RunningClock, watching
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.watching import place_watcher
from strandline.services.proving.arrivals import Arrival, look_at_arrivals
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench

AVAILABLE = "image.available"
FEW = 300
MANY_NAMES = 2_000
"""More than are reported one by one: some are looked at by name, the rest are found by a listing."""


def put_aside(folder: Path, count: int) -> list[Path]:
    """This many tiny files with matching names, outside every storage directory."""
    folder.mkdir()
    paths = []
    for number in range(count):
        data = b"image %d" % number
        paths.append(folder / f"{id_of(data)}.png")
        paths[-1].write_bytes(data)
    return paths


def test_a_burst_is_told_file_by_file(home: Path, tmp_path: Path) -> None:
    """Each image once, whether a hint or a listing found it, and the journal has no gap."""
    root = make_storage_dir(tmp_path / "sd")
    aside = put_aside(tmp_path / "aside", MANY_NAMES)
    with open_bench(home, RunningClock()) as bench:
        add_storage_dir(bench, root)
        with watching(bench) as reader:
            for path in aside:
                path.rename(root / "media" / path.name)
            events = reader.wait_until(lambda events: sum(e.type == AVAILABLE for e in events) >= MANY_NAMES)
    told = [getattr(event, "filename", "") for event in events if event.type == AVAILABLE]
    assert sorted(told) == sorted(path.name for path in aside)
    seqs = [event.seq for event in events if event.seq is not None]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def test_what_comes_now_does_not_wait_for_a_backlog(home: Path, tmp_path: Path) -> None:
    """A thousand files arrived while nobody watched. A new one is announced before they are done (hazard H38)."""
    root = make_storage_dir(tmp_path / "sd")
    aside = put_aside(tmp_path / "aside", FEW * 4)
    last = aside.pop()
    with open_bench(home, RunningClock()) as bench:
        add_storage_dir(bench, root)
        for path in aside:
            path.rename(root / "media" / path.name)
        with watching(bench) as reader:
            reader.wait_for(AVAILABLE)
            last.rename(root / "media" / last.name)
            events = reader.wait_until(lambda events: sum(e.type == AVAILABLE for e in events) > len(aside))
    told = [getattr(event, "filename", "") for event in events if event.type == AVAILABLE]
    assert sorted(told) == sorted(path.name for path in [*aside, last])
    assert told.index(last.name) < len(told) // 2


def test_what_this_program_saves_is_not_looked_at_meanwhile(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hints cost no look at the folder. If nothing registers the file, a second look does."""
    root = make_storage_dir(tmp_path / "sd")
    looks: list[str] = []

    def noted(bench: Workbench, sd: StorageDir, names: Iterable[str]) -> Iterator[tuple[str, Arrival]]:
        looks.extend(names := list(names))
        return look_at_arrivals(bench, sd, names)

    with open_bench(home, RunningClock()) as bench:
        sd = add_storage_dir(bench, root).sd
        with watching(bench) as reader:
            reader.wait_for("scan.finished")
            monkeypatch.setattr(place_watcher, "look_at_arrivals", noted)
            own = make_picture("png", seed=1)
            bench.being_saved.add((sd.number, name_of(own)))
            put_image(root, own)
            put_image(root, own)
            other = put_image(root, make_picture("png", seed=2))
            reader.wait_for(AVAILABLE, other)
            assert (set(looks), reader.types_of(name_of(own))) == ({other}, [])
            bench.being_saved.clear()
            reader.wait_for(AVAILABLE, name_of(own))


def test_a_burst_while_the_watcher_cannot_run(home: Path, tmp_path: Path) -> None:
    """While stopped it reads no events, and the kernel's queue overflows. Afterwards it finds every file."""
    root = make_storage_dir(tmp_path / "sd")
    aside = put_aside(tmp_path / "aside", FEW)
    with open_bench(home) as bench:
        add_storage_dir(bench, root)
    with started("watch", "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        overflow_queue(root / "media")
        for path in aside:
            path.rename(root / "media" / path.name)
        process.send_signal(signal.SIGCONT)
        events = map(json.loads, process.stdout)
        available = (event["filename"] for event in events if event["type"] == AVAILABLE)
        told = list(islice(available, FEW))
    assert sorted(told) == sorted(path.name for path in aside)


def overflow_queue(folder: Path) -> None:
    """More events than the kernel keeps for a slow reader: two per rename."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    this, that = folder / "this", folder / "that"
    this.touch()
    for _ in range(limit // 4 + 1):
        this.rename(that)
        that.rename(this)
