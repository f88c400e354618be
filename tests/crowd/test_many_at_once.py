"""Many at once: eight processes, and eight threads in a ninth, on one home, while a sync client interferes.

It has its own room, because no other test is meant to take so long, and because the crowd is a program that can be
made larger by hand. What surprises: nothing here waits for a race. So many acts on so few images cause every race,
hundreds of times. An exhaustive run takes four times as long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path

import pytest

from builders.sampling import get_seed, is_exhaustive
from builders.storage import id_of, make_storage_dir, name_of
from crowd.member import ACTS, CHANGED_TOO_OFTEN, LEGACY, MEDDLED_WITH, SAVED_ONLY, SD
from crowd.outsider import Outsider
from strandline import Store, open_store
from strandline.model.events import Event, ImageAvailable, ImageEvent
from strandline.model.sync_status import SyncStatus

RUN_S = 60.0 if is_exhaustive() else 15.0
"""In a quarter of a minute, every act is done dozens of times."""

PROCESSES = 8
THREADS = 8

END_LIMIT_S = 120
"""A verification may be under way, and the machine may be busy."""

RARELY = 3
"""A sync client that is always faster than a save has never been seen in a crowd. More of it is a bug in the save."""

PATIENCE = {"STRANDLINE_CATALOG_BUSY_TIMEOUT_S": "60"}
"""Sixteen write at once at low priority. Five seconds may be too short for them."""

TESTS = Path(__file__).parents[1]

LEAVES_PRESENT = frozenset(
    {"image.arriving", "image.damaged", "image.foreign", "image.missing", "image.removed"}
)


@dataclass
class Told:
    """The members' final reports."""

    done: Counter[str] = field(default_factory=Counter)
    saved: set[str] = field(default_factory=set)
    """The image ids of successful saves."""


@contextmanager
def crowd(home: Path) -> Iterator[Told]:
    """The members work while the block runs. Then their reports are available."""
    told = Told()
    first_seed = 100 * get_seed()
    members = [_start(home, first_seed + number, threads=1) for number in range(PROCESSES)]
    members.append(_start(home, first_seed + PROCESSES, threads=THREADS))
    try:
        for member in members:
            assert member.stdout is not None
            assert member.stdout.readline() == "ready\n"
        for member in members:
            assert member.stdin is not None
            member.stdin.write("go\n")
            member.stdin.flush()
        yield told
        for member in members:
            answer, complaint = member.communicate(timeout=END_LIMIT_S)
            assert member.returncode == 0, complaint
            own = json.loads(answer)
            told.done.update(own["done"])
            told.saved.update(own["saved"])
    finally:
        for member in members:
            member.kill()
            member.communicate()


def _start(home: Path, seed: int, *, threads: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "crowd.member", str(home), str(seed), str(threads)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TESTS,
        env={**os.environ, **PATIENCE},
    )  # fmt: skip


def list_all_events(store: Store) -> list[Event]:
    """The whole journal."""
    events: list[Event] = []
    while page := store.events(since=len(events) and (events[-1].seq or 0)):
        events += page
    return events


def check_same(store: Store, root: Path, wanted: dict[str, list[bytes]]) -> None:
    """A scan finds nothing, disk and catalog agree, nothing is wrong, and every image can be read."""
    names = os.listdir(root / "media")
    assert sorted(names) == sorted(wanted)
    (report,) = store.scan()
    assert (report.found_changes, report.unchanged, report.findings) == (False, len(names), [])
    status = store.inspect(SD)
    assert {kind: items for kind in SyncStatus.LISTS if (items := getattr(status, kind))} == {}
    assert status.on_disk_count == status.in_catalog_count == len(names)
    assert status.is_healthy
    for name, versions in wanted.items():
        assert store.get(name.partition(".")[0]).read() in versions


def check_told_once_a_coming(events: list[Event]) -> None:
    """No file is announced twice, unless an event in between said that it was gone or not whole."""
    moves = [
        event
        for event in events
        if isinstance(event, ImageEvent) and event.type in {"image.available", *LEAVES_PRESENT}
    ]  # fmt: skip
    moves.sort(key=lambda event: (event.filename, event.seq))
    for filename, told in groupby(moves, key=lambda event: event.filename):
        types = [event.type for event in told]
        assert ("image.available", "image.available") not in pairwise(types), (filename, types)


@pytest.mark.timeout(RUN_S + 4 * END_LIMIT_S)
def test_a_crowd_and_a_sync_client_on_one_storage_directory(home: Path, tmp_path: Path) -> None:
    """No member gets an undocumented error or wrong bytes, or misses a saved image. In the end all agree."""
    root = make_storage_dir(tmp_path / SD)
    with open_store(home) as store:
        store.add_storage_dir(root)
    outsider = Outsider(root / "media", get_seed())
    with crowd(home) as told:
        outsider.meddle_for(RUN_S)
    assert all(told.done[act] for act in ACTS), told.done
    assert sum(told.done[f"{act}: {CHANGED_TOO_OFTEN}"] for act in ACTS) <= RARELY, told.done
    saved = {name_of(data): data for data in SAVED_ONLY if id_of(data) in told.saved}
    assert {name: (root / "media" / name).read_bytes() for name in saved} == saved
    untouched = saved | outsider.brought
    wanted = {name: [data] for name, data in untouched.items()} | {
        name_of(data): [data] for data in MEDDLED_WITH
    }
    wanted |= {f"{image_id}.png": list(pictures) for image_id, pictures in LEGACY.items()}
    with open_store(home) as store:
        store.scan()
        check_same(store, root, wanted)
        events = list_all_events(store)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    available = Counter(event.filename for event in events if isinstance(event, ImageAvailable))
    assert available.keys() == wanted.keys()
    assert dict.fromkeys(untouched, 1).items() <= available.items()
    check_told_once_a_coming(events)
