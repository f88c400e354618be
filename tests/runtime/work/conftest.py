"""A machine on a shared catalog, with a bucket behind a proxy, and a worker in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders.other_thread import run_in_thread
from builders.s3_server import S3Server
from builders.storage import name_of
from builders.workers import Team, open_team
from fault_kit.object_store import Asked, FaultyStore, run_faulty_store
from strandline.model.image_files import FileState
from strandline.model.reports import ScanReport
from strandline.model.storage_dirs import StorageDir
from strandline.model.work import WorkKind, WorkTask
from strandline.runtime.work import orders, worker
from strandline.runtime.work.orders import Work
from strandline.runtime.work.worker import WorkerOptions, run_worker

SMALL = 10
"""Images of a part."""


@dataclass
class Shop:
    """One worker at a time, which ends once there is nothing to do."""

    team: Team
    faulty: FaultyStore

    @property
    def work(self) -> Work:
        """What people order."""
        return self.team.machine.store.work

    @property
    def sd(self) -> StorageDir:
        """The bucket as it is now."""
        return self.team.machine.sd

    def run(self) -> None:
        """Does all that was ordered. What fails is tried again at once."""
        options = WorkerOptions(2, "test", until_empty=True, wait_s=lambda _: 0.0)
        run_in_thread(lambda: run_worker(self.team.machine.store, options, threading.Event()))

    def do(self, kind: WorkKind) -> WorkTask:
        """Orders it, does it, and returns how it ended."""
        task = self.work.add(kind, self.sd)
        self.run()
        return self.work.get_task(task.id)

    def count_states(self, pictures: list[bytes]) -> dict[str, int]:
        """How many of the pictures are proven, unproven, absent, or missing."""
        counts: dict[str, int] = {}
        paths = [f"media/{name_of(data)}" for data in pictures]
        with self.team.machine.store.bench.catalog.read() as reader:
            rows = reader.files.find_rows(1, paths)
        for path in paths:
            row = rows.get(path)
            state = "unknown"
            if row is not None:
                is_there = row.absent_since is None and row.state is FileState.PRESENT
                state = row.state.value if row.state is not FileState.PRESENT else "absent"
                state = ("proven" if row.proof_is_current else "unproven") if is_there else state
            counts[state] = counts.get(state, 0) + 1
        return counts

    def answer(self, is_meant: Callable[[Asked], bool], status: int) -> None:
        """The object store answers such requests with this status from now on."""
        self.faulty.rule = lambda asked: status if is_meant(asked) else None


@pytest.fixture
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    """An empty bucket, and nothing to do. Its first scan has few parts, so that tests are quick."""
    monkeypatch.setattr(orders, "FIRST_PARTS", 4)
    monkeypatch.setattr(worker, "LOOK_S", 0.1)
    with (
        run_faulty_store(s3_server.endpoint) as faulty,
        open_team(request, tmp_path, s3_server, endpoint=faulty.endpoint, images_per_part=SMALL) as team,
    ):
        team.machine.add()
        yield Shop(team, faulty)


def upload(shop: Shop, pictures: list[bytes]) -> None:
    """Another program uploads them."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(shop.team.machine.put, pictures))


def report_of(shop: Shop) -> ScanReport:
    """An ordinary scan, to compare with."""
    return shop.team.machine.scan()
