"""A worker whose database stops, cannot be reached, or is replaced by its standby: it waits, begins again as another
one, and does what is left.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from builders.postgres import make_standby, shared_server, started
from builders.s3_server import S3Server
from builders.sampling import take_sample
from builders.storage import make_pictures, name_of
from builders.workers import LIMIT_S, Team, open_team
from fault_kit.network import passing_on
from fault_kit.object_store import Asked, Fault, run_faulty_store
from strandline.errors import CatalogAwayError
from strandline.model.work import WorkKind

PICTURES = make_pictures(60)


def stop_the_database(request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server) -> None:
    """It crashed, before there is work and in the middle of it. Each image is told once, and the log has one
    line for what happened.
    """
    with started() as server, open_team(request, tmp_path, s3_server, server=server) as team:
        put_pictures(team)
        worker = team.start("--concurrency", "2")
        server.stop()
        server.start()
        team.machine.store.work.add(WorkKind.SCAN, team.machine.sd)
        team.wait(lambda: bool(team.machine.told()))
        server.stop()
        server.start()
        team.wait_until_idle()
        told = team.machine.told()
        assert sorted(told) == sorted(("available", name_of(data)) for data in PICTURES)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(LIMIT_S) == 0, team.read_logs()
        assert "Traceback" not in team.read_logs()


def promote_the_standby(request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server) -> None:
    """Its address names both. What the primary had acknowledged is there, and each image is told once."""
    with (
        started() as server,
        make_standby(server) as standby,
        open_team(request, tmp_path, s3_server, server=server, standby=standby) as team,
    ):
        put_pictures(team)
        worker = team.start("--concurrency", "2")
        work = team.machine.store.work
        work.add(WorkKind.SCAN, team.machine.sd)
        team.wait(lambda: bool(team.machine.told()))
        server.stop("fast")
        standby.promote()
        team.wait(lambda: is_idle(team))
        team.machine.put(new := make_pictures(1, first_seed=900)[0])
        work.add(WorkKind.SCAN, team.machine.sd)
        team.wait_until_idle()
        told = sorted(team.machine.told())
        assert told == sorted(("available", name_of(data)) for data in [*PICTURES, new])
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(LIMIT_S) == 0, team.read_logs()
        assert "Traceback" not in team.read_logs()
        server.start()


def put_pictures(team: Team) -> None:
    """Into a bucket that nobody has listed."""
    team.machine.add()
    for data in PICTURES:
        team.machine.put(data)


def is_idle(team: Team) -> bool:
    """Whether there is nothing to do. False also while nobody answers."""
    with suppress(CatalogAwayError):
        return team.machine.store.work.queue.count_open() == 0
    return False


def cut_the_network(request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server) -> None:
    """No byte passes, and nobody says so. Another worker takes over what it was doing. Once the network is back, it
    finds that out, goes on, and tells nothing twice.
    """
    is_open, reads = threading.Event(), threading.Semaphore(0)

    def hold(asked: Asked) -> Fault:
        if "/media/" in asked.key and asked.method == "GET":
            reads.release()
            is_open.wait(LIMIT_S)
        return None

    with (
        run_faulty_store(s3_server.endpoint) as faulty,
        open_team(request, tmp_path, s3_server, endpoint=faulty.endpoint) as team,
        passing_on(shared_server(request).socket) as network,
    ):
        put_pictures(team)
        faulty.rule = hold
        database = team.environment["STRANDLINE_CATALOG_URL"].partition("///")[2].partition("?")[0]
        cut_off = f"postgresql://strandline@127.0.0.1:{network.port}/{database}"
        team.start(environment={"STRANDLINE_CATALOG_URL": cut_off})
        work = team.machine.store.work
        work.add(WorkKind.SCAN, team.machine.sd)
        assert reads.acquire(timeout=LIMIT_S), team.read_logs()
        network.cut()
        is_open.set()
        team.start()
        team.wait_until_idle()
        once = {("available", name_of(data)): 1 for data in PICTURES}
        assert team.count_told() == once
        network.heal()
        team.wait(lambda: sum(each.is_alive for each in work.read_status().workers) == 2)
        assert team.count_told() == once
        assert [worker.poll() for worker in team.workers] == [None, None]
        assert "Traceback" not in team.read_logs()


FAULTS = (stop_the_database, promote_the_standby, cut_the_network)
"""Some ten seconds each, most of which is waiting."""


@pytest.mark.parametrize("fault", take_sample(FAULTS, "worker faults"), ids=lambda fault: fault.__name__)
def test_a_worker_goes_on(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    s3_server: S3Server,
    fault: Callable[[pytest.FixtureRequest, Path, S3Server], None],
) -> None:
    """A database that stops, is replaced, or cannot be reached: one of these a day, and each in `make trials`."""
    fault(request, tmp_path, s3_server)
