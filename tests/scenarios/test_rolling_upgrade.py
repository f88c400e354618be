"""While machines are upgraded, programs of this version and the next one run beside each other, on one catalog.

The next one is this one with one more migration, and one more kind of work. After a migration that only adds, nothing
fails and nothing is lost. After another one, the older programs say that they are too old, and have lost nothing.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from builders.next_version import NEW_KIND, make_next_version
from builders.program import run_process
from builders.s3_server import S3Server
from builders.storage import make_pictures, name_of
from builders.workers import LIMIT_S, Team, open_team
from strandline.catalog.schema import VERSION
from strandline.errors import CatalogTooNewError
from strandline.model.work import WorkKind

THERE = make_pictures(40)
"""In the bucket."""
SAVED = make_pictures(400, first_seed=5000)
"""Saved meanwhile, as many as there is time for."""


@pytest.fixture
def team(request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server) -> Iterator[Team]:
    """A machine of this version. Another program has uploaded pictures, which nobody has listed."""
    with open_team(request, tmp_path, s3_server) as team:
        team.machine.add()
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(team.machine.put, THERE))
        yield team


@dataclass
class Busy:
    """A machine that saves, reads, and follows events, until it is told to stop."""

    team: Team
    saved: list[str] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    reads: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def save(self) -> None:
        """One picture after the other."""
        sd = self.team.machine.sd
        for data in SAVED:
            if self.over.is_set():
                return
            assert self.team.machine.store.save(data, sd=sd).new
            self.saved.append(name_of(data))

    def read(self) -> None:
        """What pages ask: images, numbers, and one image's bytes."""
        store = self.team.machine.store
        while not self.over.is_set():
            store.status()
            for image in store.list_images(limit=3).images:
                with store.get(image.image_id) as found:
                    assert found.read()
            self.reads += 1

    def follow(self) -> None:
        """Everything that happened, in order and without a gap."""
        store = self.team.machine.store
        while not self.over.is_set():
            events = store.events(since=self.seen[-1] if self.seen else 0, limit=1000)
            self.seen += [event.seq or 0 for event in events]

    def wait_for_more(self) -> None:
        """Returns after some more of each."""
        saves, reads = len(self.saved), self.reads
        self.team.wait(lambda: len(self.saved) > saves + 3 and self.reads > reads + 1)


@contextmanager
def being_busy(team: Team) -> Iterator[Busy]:
    """A machine at work. None of it may fail."""
    busy = Busy(team)

    def end_all(call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException:
            busy.over.set()
            raise

    with ThreadPoolExecutor(3) as threads:
        running = [threads.submit(end_all, call) for call in (busy.save, busy.read, busy.follow)]
        try:
            yield busy
        finally:
            busy.over.set()
            for each in running:
                each.result(LIMIT_S)


def ask(team: Team, statement: str) -> list[tuple[object, ...]]:
    """What the database has."""
    with psycopg.connect(team.environment["STRANDLINE_CATALOG_URL"]) as conn:
        return conn.execute(statement.encode()).fetchall()


def add_new_work(team: Team) -> int:
    """What the next version might order."""
    with psycopg.connect(team.environment["STRANDLINE_CATALOG_URL"]) as conn:
        row = conn.execute(
            "INSERT INTO strandline_work.tasks (kind, sd, state, priority, total, facts, began_us) "
            "VALUES (%s, %s, 'working', 50, NULL, '{}', 0) RETURNING number",
            (NEW_KIND, team.machine.sd.number),
        ).fetchone()
        assert row is not None
        conn.execute(
            "INSERT INTO strandline_work.parts (task, behind, through) VALUES (%s, '', '')", (row[0],)
        )
    return int(row[0])


def test_two_versions_run_beside_each_other(team: Team, tmp_path: Path) -> None:
    """The next one migrates while this one saves, reads, proves, and works. This one leaves alone work that it does
    not know, and the next one does it.
    """
    store = team.machine.store
    new_environment = make_next_version(tmp_path / "next", adds=True)
    store.work.add(WorkKind.SCAN, team.machine.sd)
    with being_busy(team) as busy:
        team.start()
        task = add_new_work(team)
        team.wait_until_idle()
        unknown = "SELECT attempts, status FROM strandline_work.procrastinate_jobs WHERE queueing_lock LIKE 'part-%'"
        team.wait(lambda: ask(team, unknown) == [(0, "todo")])
        assert store.work.queue.find_task(task) is None
        team.start(environment=new_environment)
        assert ask(team, "SELECT value FROM meta WHERE key = 'format'") == [(str(VERSION + 1),)]
        state = f"SELECT state FROM strandline_work.tasks WHERE number = {task}"
        team.wait(lambda: ask(team, state) == [("finished",)])
        team.machine.put(new := make_pictures(1, first_seed=9000)[0])
        store.work.add(WorkKind.SCAN, team.machine.sd)
        team.wait_until_idle()
        busy.wait_for_more()
    told = Counter(team.machine.told())
    assert told == {("available", name): 1 for name in (*map(name_of, [*THERE, new]), *busy.saved)}
    assert busy.seen == list(range(busy.seen[0], busy.seen[0] + len(busy.seen)))
    assert [status.counts.unchecked for status in store.status().sds] == [0]
    assert [worker.poll() for worker in team.workers] == [None, None]
    assert "Traceback" not in team.read_logs()
    assert "WARNING" not in team.read_logs().upper()


def test_a_step_that_does_not_only_add(team: Team, tmp_path: Path) -> None:
    """What was acknowledged before is there. Then each call says what to do, the worker ends with the same words, and
    its work waits for newer ones, without a failure.
    """
    store = team.machine.store
    team.start()
    team.wait(lambda: store.work.read_status().workers != [])
    saved: list[str] = []
    refused: list[CatalogTooNewError] = []

    def save() -> None:
        sd = team.machine.sd
        try:
            for data in SAVED:
                store.save(data, sd=sd)
                saved.append(name_of(data))
        except CatalogTooNewError as error:
            refused.append(error)

    saving = threading.Thread(target=save)
    saving.start()
    team.wait(lambda: len(saved) > 5)
    environment = {**team.environment, **make_next_version(tmp_path / "next", adds=False)}
    migrated = run_process("--home", tmp_path / "other", "work", "status", environ=environment)
    assert migrated.stderr == ""
    saving.join(LIMIT_S)
    assert (refused[0].facts["version"], refused[0].facts["known_version"]) == (VERSION + 1, VERSION)
    assert "update Strandline on this machine" in refused[0].message
    rows = {path for (path,) in ask(team, "SELECT path FROM image_files")}
    assert {f"media/{name}" for name in saved} <= rows
    for call in (store.status, store.check_ready, lambda: store.list_images(limit=1), store.work.read_status):
        with pytest.raises(CatalogTooNewError):
            call()
    begin_s = time.monotonic()
    assert team.workers[0].wait(LIMIT_S) == 8, team.read_logs()
    assert time.monotonic() - begin_s < 20
    assert "update Strandline on this machine" in team.read_logs()
    assert ask(team, "SELECT count(*) FROM strandline_work.parts WHERE failures > 0") == [(0,)]
