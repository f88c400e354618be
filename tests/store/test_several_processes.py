"""Several processes on one home: each sees what the others did, and nothing is done or reported twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from builders.pictures import make_picture
from builders.storage import id_of, make_pictures, make_storage_dir, name_of
from strandline import Store, open_store

PICTURE = make_picture("png", seed=1)
LIMIT_S = 60

WORKER = """
import json, sys
from strandline import open_store
home, *arguments = sys.argv[1:]
with open_store(home) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(work(store, *arguments)))
"""
"""Opens the store, waits for the starting signal, and prints the result of ``work``."""

SAVE_ALL = """
def work(store, *paths):
    return [store.save(path, sd="one").new for path in paths]
"""
READ_ALL = """
def work(store, *ids):
    return [store.get(image_id).sha256[:32] for image_id in ids]
"""
SCAN_OFTEN = """
def work(store):
    return [report.to_json()["added"] for _ in range(10) for report in store.scan()]
"""
OPEN_ONLY = """
def work(store):
    return len(store.list_storage_dirs())
"""


def run_at_once(home: Path, *programs: tuple[str, list[str]]) -> list[Any]:
    """Starts a process for each program, lets all begin at once, and returns their results."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code + WORKER, str(home), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for code, arguments in programs
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        output, _ = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 0
        answers.append(json.loads(output))
    return answers


def count_available(store: Store) -> Counter[object]:
    """How often each file was announced."""
    events = [event.to_json() for event in store.events(limit=10_000)]
    return Counter(event["filename"] for event in events if event["type"] == "image.available")


@pytest.fixture
def root(home: Path, tmp_path: Path) -> Path:
    """A storage directory that the home knows."""
    root = make_storage_dir(tmp_path / "one")
    with open_store(home) as store:
        store.add_storage_dir(root)
    return root


@pytest.mark.slow
def test_an_image_that_two_save_at_once_is_new_to_one(home: Path, root: Path, tmp_path: Path) -> None:
    """Twenty images, two processes, and a third that scans: one file and one announcement each."""
    pictures = make_pictures(20)
    paths = []
    for number, data in enumerate(pictures):
        paths.append(str(tmp_path / f"{number}.png"))
        Path(paths[-1]).write_bytes(data)
    first, second, _ = run_at_once(home, (SAVE_ALL, paths), (SAVE_ALL, paths), (SCAN_OFTEN, []))
    assert all(a != b for a, b in zip(first, second, strict=True))
    assert sorted(os.listdir(root / "media")) == sorted(name_of(data) for data in pictures)
    with open_store(home) as store:
        assert count_available(store) == Counter(name_of(data) for data in pictures)
        (report,) = store.scan()
        assert (report.found_changes, report.unchanged) == (False, 20)


@pytest.mark.slow
def test_an_image_that_many_find_at_once_is_announced_once(home: Path, root: Path) -> None:
    """Three processes read unknown files at once while another scans."""
    pictures = make_pictures(15)
    for data in pictures:
        (root / "media" / name_of(data)).write_bytes(data)
    ids: list[str] = [id_of(data) for data in pictures]
    *read, _ = run_at_once(home, (READ_ALL, ids), (READ_ALL, ids[::-1]), (READ_ALL, ids), (SCAN_OFTEN, []))
    assert read == [ids, ids[::-1], ids]
    with open_store(home) as store:
        assert count_available(store) == Counter(name_of(data) for data in pictures)


@pytest.mark.slow
def test_a_watcher_and_a_saver_announce_an_image_once(home: Path, root: Path, tmp_path: Path) -> None:
    """The watcher sees the file before or after its row exists: one event, and the watcher's reader gets it."""
    pictures = make_pictures(10)
    paths = []
    for number, data in enumerate(pictures):
        paths.append(str(tmp_path / f"{number}.png"))
        Path(paths[-1]).write_bytes(data)
    heard: set[object] = set()
    with open_store(home) as store:
        with store.watch() as events:
            (new,) = run_at_once(home, (SAVE_ALL, paths))
            for event in events:
                if event.type == "image.available":
                    heard.add(event.to_json()["filename"])
                if len(heard) == len(pictures):
                    break
        assert new == [True] * len(pictures)
        assert count_available(store) == Counter(name_of(data) for data in pictures)


@pytest.mark.slow
def test_two_homes_may_share_a_storage_directory(tmp_path: Path) -> None:
    """Two programs with their own catalogs (hazard H36): each image is new to one of them, and whole for both."""
    root = make_storage_dir(tmp_path / "shared")
    pictures = make_pictures(20)
    start = threading.Barrier(2)

    def save_all(home: Path) -> list[bool]:
        with open_store(home) as store:
            store.add_storage_dir(root)
            start.wait()
            new = [store.save(data, sd="shared").new for data in pictures]
            assert [store.get(id_of(data)).read() for data in pictures] == pictures
            return new

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(save_all, (tmp_path / "home1", tmp_path / "home2"))
    assert all(a != b for a, b in zip(first, second, strict=True))
    assert sorted(os.listdir(root / "media")) == sorted(name_of(data) for data in pictures)


@pytest.mark.slow
def test_many_processes_make_one_catalog(tmp_path: Path) -> None:
    """The home is new, and all open it at once."""
    assert run_at_once(tmp_path / "new", *[(OPEN_ONLY, [])] * 4) == [0] * 4


@pytest.mark.slow
def test_a_store_sees_at_once_what_another_one_did(home: Path, root: Path, tmp_path: Path) -> None:
    """Nothing stays in memory that another process could change."""
    with open_store(home) as here, open_store(home) as there:
        assert here.find(id_of(PICTURE)) is None
        there.save(PICTURE, sd="one", name="holiday.png")
        assert here.get(id_of(PICTURE)).read() == PICTURE
        assert here.info(id_of(PICTURE)).original_names == ("holiday.png",)
        there.add_storage_dir(make_storage_dir(tmp_path / "two"))
        assert [sd.name for sd in here.list_storage_dirs()] == ["one", "two"]
        there.forget_storage_dir("one")
        assert here.find(id_of(PICTURE)) is None
