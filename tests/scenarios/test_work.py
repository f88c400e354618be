"""Workers on many machines share scans and checks. Whether some are killed, suspended, or stopped: every image is
proven, and told once.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from builders.s3_server import S3Server
from builders.storage import make_pictures, name_of
from builders.workers import LIMIT_S, STALLED_AFTER_S, Team, open_team, with_signal
from fault_kit.object_store import Asked, Fault, FaultyStore, run_faulty_store
from strandline.model.work import WorkKind

PICTURES = make_pictures(120)


@dataclass
class Gate:
    """A proxy in front of the object store. It lets some reads of images through, and then all others wait."""

    faulty: FaultyStore
    through: int
    opened: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hold(self, asked: Asked) -> Fault:
        """The rule of the proxy."""
        if "/media/" in asked.key and asked.method == "GET":
            with self.lock:
                self.through -= 1
                is_held = self.through < 0
            if is_held:
                self.waiting.release()
                self.opened.wait(LIMIT_S)
        return None

    def wait_for(self, reads: int) -> None:
        """Returns once so many reads wait."""
        for _ in range(reads):
            assert self.waiting.acquire(timeout=LIMIT_S)


@pytest.fixture
def gate(s3_server: S3Server) -> Iterator[Gate]:
    """Open for a fifth of the pictures."""
    with run_faulty_store(s3_server.endpoint) as faulty:
        gate = Gate(faulty, len(PICTURES) // 5)
        faulty.rule = gate.hold
        yield gate
        gate.opened.set()


@pytest.fixture
def team(request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server, gate: Gate) -> Iterator[Team]:
    """Nobody is at work yet, and another program has uploaded the pictures."""
    with open_team(request, tmp_path, s3_server, endpoint=gate.faulty.endpoint) as team:
        team.machine.add()
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(team.machine.put, PICTURES))
        yield team


ONCE = {("available", name_of(picture)): 1 for picture in PICTURES}


def test_workers_divide_what_there_is(team: Team, gate: Gate) -> None:
    """A scan in parts, and then the proofs. Nothing is left in the queue; asked to stop, they end well."""
    gate.opened.set()
    task = team.machine.store.work.add(WorkKind.SCAN, team.machine.sd)
    assert task.parts == 16
    workers = [team.start("--concurrency", "1") for _ in range(2)]
    scanned = team.wait_for(task)
    assert (scanned.done, scanned.parts_done) == (len(PICTURES), 16)
    team.wait(
        lambda: team.count_told().total() >= len(PICTURES)
    )  # the proofs are ordered once the scan has ended
    team.wait_until_idle()
    assert team.count_told() == ONCE
    status = team.machine.store.work.read_status()
    assert (status.waiting_parts, status.running_parts, status.failed) == (0, 0, [])
    assert sum(worker.is_alive for worker in status.workers) == 2
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(LIMIT_S) == 0, team.read_logs()


def test_one_is_killed_and_one_suspended_for_long(team: Team, gate: Gate) -> None:
    """The third does what they were doing. The suspended one wakes up, changes nothing, and goes on with other work.
    Each image is told once, and the numbers have no gap.
    """
    work, sd = team.machine.store.work, team.machine.sd
    task = work.add(WorkKind.SCAN, sd)
    killed, suspended = team.start("--concurrency", "2"), team.start("--concurrency", "2")
    gate.wait_for(40)
    killed.kill()
    suspended.send_signal(signal.SIGSTOP)
    gate.opened.set()
    assert len(team.count_told()) < len(PICTURES)
    team.start("--concurrency", "2")
    team.wait_for(task)
    team.wait_until_idle()
    assert team.count_told() == ONCE
    assert suspended.pid not in {worker.pid for worker in work.read_status().workers if worker.is_alive}
    suspended.send_signal(signal.SIGCONT)
    verified = work.add(WorkKind.VERIFY, sd)
    team.wait_for(verified)
    assert team.count_told() == ONCE
    with_signal(suspended, signal.SIGTERM)
    assert suspended.wait(LIMIT_S) == 0, team.read_logs()
    with team.machine.store.bench.catalog.read() as reader:
        assert reader.files.count_unchecked(sd.number) == 0


def test_a_stopped_worker_gives_back_what_it_has_begun(team: Team, gate: Gate) -> None:
    """Soon, and without waiting for the time after which it is taken for dead."""
    work = team.machine.store.work
    work.add(WorkKind.SCAN, team.machine.sd)
    first = team.start("--concurrency", "2")
    gate.wait_for(20)
    begun_s = time.monotonic()
    first.send_signal(signal.SIGTERM)
    gate.opened.set()
    assert first.wait(LIMIT_S) == 0, team.read_logs()
    assert time.monotonic() - begun_s < 4 * STALLED_AFTER_S
    assert work.read_status().running_parts == 0
    assert work.queue.count_open() > 0
    last = team.start("--until-empty")
    assert last.wait(LIMIT_S) == 0, team.read_logs()
    assert team.count_told() == ONCE
