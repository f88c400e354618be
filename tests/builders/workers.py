"""Workers: real processes that share a catalog and a bucket, and may be killed or suspended at any moment."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pytest

from builders.bucket_machine import BucketMachine, open_bucket_machine
from builders.postgres import Server, shared_server
from builders.program import command_line
from builders.s3_server import S3Server
from strandline.model.work import WorkState, WorkTask

LIMIT_S = 100
STALLED_AFTER_S = 2.0
"""A worker that says nothing for so long is taken for dead. So a test need not wait for long."""
PER_PART = 20


@dataclass
class Team:
    """A machine on a shared catalog, and workers on others."""

    machine: BucketMachine
    folder: Path
    environment: Mapping[str, str]
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(
        self, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})
    ) -> subprocess.Popen[str]:
        """A worker that is at work."""
        home = self.folder / f"worker-{len(self.workers)}"
        with (self.folder / f"log-{len(self.workers)}").open("w") as log:
            worker = subprocess.Popen(
                command_line("--home", str(home), "work", *arguments),
                env={**os.environ, **self.environment, **environment},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.workers.append(worker)
        assert worker.stdout is not None
        assert select.select([worker.stdout], [], [], LIMIT_S)[0], self.read_logs()
        assert "is at work" in worker.stdout.readline(), self.read_logs()
        return worker

    def read_logs(self) -> str:
        """What all workers have logged."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("log-*")))

    def wait(self, until: Callable[[], bool]) -> None:
        """Other processes bring it about, and tell nobody."""
        end_s = time.monotonic() + LIMIT_S
        while not until():
            assert time.monotonic() < end_s, self.read_logs()
            time.sleep(0.05)

    def wait_for(self, task: WorkTask, state: WorkState = WorkState.FINISHED) -> WorkTask:
        """The task once it is in this state."""
        work = self.machine.store.work
        self.wait(lambda: work.get_task(task.id).state not in (WorkState.WORKING, WorkState.PAUSED))
        ended = work.get_task(task.id)
        assert ended.state is state, (ended, self.read_logs())
        return ended

    def wait_until_idle(self) -> None:
        """Everything that was ordered is done, also what follows from it."""
        self.wait(lambda: self.machine.store.work.queue.count_open() == 0)

    def count_told(self) -> Counter[tuple[str, str]]:
        """The image events so far. Their numbers have no gap."""
        events = self.machine.store.events(limit=10_000)
        numbers = [event.seq for event in events]
        assert numbers == list(range(numbers[0] or 0, (numbers[0] or 0) + len(numbers)))
        return Counter(self.machine.told())


@contextmanager
def open_team(
    request: pytest.FixtureRequest,
    folder: Path,
    s3_server: S3Server,
    *,
    endpoint: str | None = None,
    images_per_part: int = PER_PART,
    server: Server | None = None,
    standby: Server | None = None,
    shared_thumbnails: str = "",
) -> Iterator[Team]:
    """A team without workers. ``endpoint`` is a proxy in front of the object store, for all of them. All go on at the
    ``standby`` once it is the primary. ``shared_thumbnails`` is where all of them share thumbnails.
    """
    with (server or shared_server(request)).lent_database() as url:
        if server is not None and standby is not None:
            both = f"host={server.folder},{standby.folder}"
            url = f"{url.replace(f'host={server.folder}', both)}&target_session_attrs=read-write"
        environment = {
            **s3_server.environment,
            "STRANDLINE_CATALOG_URL": url,
            "STRANDLINE_S3_ENDPOINT": endpoint or s3_server.endpoint,
            "STRANDLINE_S3_RETRIES": "0",
            "STRANDLINE_WORK_IMAGES_PER_PART": str(images_per_part),
            "STRANDLINE_WORK_STALLED_AFTER_S": str(STALLED_AFTER_S),
            "STRANDLINE_WORK_SCAN_EVERY_S": "0",
            "STRANDLINE_PICTURES_SHARED_THUMBNAILS": shared_thumbnails,
        }
        overrides: dict[str, int | float | str] = {
            "work.images_per_part": images_per_part,
            "work.stalled_after_s": STALLED_AFTER_S,
            "pictures.shared_thumbnails": shared_thumbnails,
        }
        with open_bucket_machine(
            folder / "home",
            s3_server,
            s3_server.make_place(),
            endpoint=endpoint,
            catalog_url=url,
            overrides=overrides,
        ) as machine:
            team = Team(machine, folder, environment)
            try:
                yield team
            finally:
                for worker in team.workers:
                    with_signal(worker, signal.SIGKILL)
                    worker.communicate(timeout=LIMIT_S)


def with_signal(worker: subprocess.Popen[str], number: int) -> None:
    """Sends a signal to a worker, if it has not ended."""
    if worker.poll() is None:
        worker.send_signal(number)
