"""A worker whose database stops: it waits, begins again as another one, and does what is left."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.postgres import Server, started
from builders.s3_server import S3Server
from builders.storage import make_pictures, name_of
from builders.workers import LIMIT_S, Team, open_team
from strandline.model.work import WorkKind

PICTURES = make_pictures(60)


@pytest.fixture
def server() -> Iterator[Server]:
    """A database server that this test may stop."""
    with started() as server:
        yield server


@pytest.fixture
def team(
    request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server, server: Server
) -> Iterator[Team]:
    """A bucket with pictures that nobody has listed."""
    with open_team(request, tmp_path, s3_server, server=server) as team:
        team.machine.add()
        for data in PICTURES:
            team.machine.put(data)
        yield team


def test_a_worker_outlives_its_database(team: Team, server: Server) -> None:
    """It crashed, before there is work and in the middle of it. Each image is told once, and the log has one
    line for what happened.
    """
    worker = team.start("--concurrency", "2")
    server.stop()
    server.start()
    work = team.machine.store.work
    work.add(WorkKind.SCAN, team.machine.sd)
    team.wait(lambda: bool(team.machine.told()))
    server.stop()
    server.start()
    team.wait_until_idle()
    told = team.machine.told()
    assert sorted(told) == sorted(("available", name_of(data)) for data in PICTURES)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(LIMIT_S) == 0, team.read_logs()
    assert "Traceback" not in team.read_logs()
