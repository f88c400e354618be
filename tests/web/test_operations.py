"""What an administrator of many machines is told: queues, arrivals, requests to other servers, and statements."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builders.metrics import read_samples
from builders.s3_server import S3Server
from builders.served import LIMIT_S, Served, serving, serving_storage_dir
from builders.storage import make_pictures, name_of
from builders.workers import Team, open_team
from strandline.catalog.postgres.connections import PostgresConnection
from strandline.catalog.postgres.database import PostgresCatalog
from strandline.catalog.postgres.work.measures import measure_work
from strandline.errors import CatalogAwayError
from strandline.model.operations import MOST_VERSIONS, count_versions
from strandline.model.work import WorkKind
from strandline.timings import MOST_KINDS, OTHER, SQL, Timings
from strandline.web import app

FIRST, *PICTURES = make_pictures(9)


@pytest.fixture
def team(request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server) -> Iterator[Team]:
    """A bucket with an image that is known."""
    with open_team(request, tmp_path, s3_server) as team:
        team.machine.add(FIRST)
        yield team


@pytest.fixture
def served(team: Team, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server of it, which asks the catalog nothing by itself: its statements are counted."""
    monkeypatch.setattr(app, "SECRETS_S", 3600.0)
    with serving(team.machine.store) as served:
        yield served


def scrape(served: Served) -> dict[str, float]:
    """What Prometheus gets."""
    return read_samples(served.client.get("/metrics").text)


def sum_of(samples: dict[str, float], name: str, *labels: str) -> float:
    """Of all samples with these labels."""
    return sum(
        number
        for key, number in samples.items()
        if key.startswith(f"{name}{{") and all(label in key for label in labels)
    )


def count_statements(call: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> int:
    """Of all threads of this process."""
    asked: list[str] = []
    execute = PostgresConnection.execute

    def note(connection: PostgresConnection, statement: str, *values: Any) -> Any:
        asked.append(statement)
        return execute(connection, statement, *values)

    with monkeypatch.context() as patch:
        patch.setattr(PostgresConnection, "execute", note)
        call()
    return len(asked)


def test_numbers_of_work(team: Team, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits, and since when; what failed; who works; how late arrivals are proven, and what workers' requests
    took. It costs the same, however much there is.
    """
    work = team.machine.store.work
    assert scrape(served)['strandline_work_parts{kind="scan",state="waiting"}'] == 0
    assert scrape(served)['strandline_work_parts{kind="thumbnails",state="waiting"}'] == 0
    few = count_statements(lambda: scrape(served), monkeypatch)
    for data in PICTURES:
        team.machine.put(data)
    task = work.add(WorkKind.SCAN, team.machine.sd)
    samples = scrape(served)
    assert samples['strandline_work_parts{kind="scan",state="waiting"}'] == task.parts
    assert samples['strandline_work_tasks{kind="scan",state="working"}'] == 1
    assert samples['strandline_work_oldest_waiting_timestamp_seconds{kind="scan"}'] == pytest.approx(
        task.began_at.timestamp(), abs=1
    )
    assert 'strandline_work_oldest_waiting_timestamp_seconds{kind="prove"}' not in samples
    assert count_statements(lambda: scrape(served), monkeypatch) == few
    work.pause(task.id)
    paused = scrape(served)
    assert paused['strandline_work_parts{kind="scan",state="waiting"}'] == 0
    assert paused['strandline_work_tasks{kind="scan",state="paused"}'] == 1
    work.resume(task.id)
    worker = team.start("--until-empty")
    assert worker.wait(LIMIT_S) == 0, team.read_logs()
    done = scrape(served)
    assert sum_of(done, "strandline_work_parts") == 0
    workers = 'process="workers"'
    lag = ('source="listing"', workers)
    assert sum_of(done, "strandline_arrival_lag_seconds_count", *lag) == len(PICTURES)
    gets = ('operation="get"', 'outcome="ok"', workers)
    assert sum_of(done, "strandline_s3_request_seconds_count", *gets) >= len(PICTURES)
    assert sum_of(done, "strandline_sql_seconds_count", 'operation="commit"', workers) > 0
    assert sum_of(done, "strandline_sql_seconds_count", 'operation="read"', 'process="server"') > 0


def test_a_task_that_failed_counts_until_the_next_one_succeeds(team: Team) -> None:
    """Each storage directory once."""
    store = team.machine.store
    catalog = store.bench.catalog
    assert isinstance(catalog, PostgresCatalog)

    def count_failed() -> int:
        measures = measure_work(catalog, 30.0)
        assert measures is not None
        (scans,) = (each for each in measures.kinds if each.kind is WorkKind.SCAN)
        return scans.failed_tasks

    assert measure_work(catalog, 30.0) is None
    queue = store.work.queue
    for state, failed in (("FAILED", 1), ("FAILED", 1), ("FINISHED", 0)):
        task = store.work.add(WorkKind.SCAN, team.machine.sd)
        queue.end_task(task.number, type(task.state)[state], None)
        assert count_failed() == failed


def test_notices_are_counted(team: Team, served: Served) -> None:
    """How late they were proven, and how many had no room."""
    team.machine.put(PICTURES[0])
    key = f"{team.machine.other.prefix}media/{name_of(PICTURES[0])}"
    notice = {"s3": {"bucket": {"name": team.machine.other.bucket}, "object": {"key": key}}}
    before = scrape(served)
    answer = served.post("/arrivals", {"Records": [{"eventName": "ObjectCreated:Put", **notice}]})
    assert answer.status_code == 202
    assert served.store.arrivals.wait_until_empty(LIMIT_S)
    after = scrape(served)
    name, labels = "strandline_arrival_lag_seconds_count", ('source="notice"', 'process="server"')
    assert sum_of(after, name, *labels) == sum_of(before, name, *labels) + 1
    assert (after["strandline_notices_waiting"], after["strandline_notices_dropped_total"]) == (0, 0)
    served.store.arrivals.stop()
    assert (
        served.post("/arrivals", {"Records": [{"eventName": "ObjectCreated:Put", **notice}]}).json()[
            "dropped"
        ]
        == 1
    )
    assert scrape(served)["strandline_notices_dropped_total"] == 1


def test_failures_are_counted_by_code(team: Team, served: Served) -> None:
    """An object that is not there, and a statement that others block."""
    before = scrape(served)
    with pytest.raises(FileNotFoundError):
        team.machine.store.bench.folder(team.machine.sd).read_image(name_of(PICTURES[3]))
    catalog = team.machine.store.bench.catalog
    assert isinstance(catalog, PostgresCatalog)
    with pytest.raises(CatalogAwayError), catalog.connected() as connection:
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    after = scrape(served)
    for name, outcome in (
        ("strandline_s3_request_seconds_count", "absent"), ("strandline_sql_seconds_count", "catalog-away"),
    ):  # fmt: skip
        label = f'outcome="{outcome}"'
        assert sum_of(after, name, label) > sum_of(before, name, label)


def test_a_token_for_a_part_sees_none_of_it(team: Team, served: Served) -> None:
    """Nor does one for a part that is all there is now."""
    token = served.store.tokens.create("read", sds=[team.machine.sd]).text
    served.app.door.guard = served.app.door.read_guard()
    with served.as_stranger() as stranger:
        text = stranger.get("/metrics", headers={"authorization": f"Bearer {token}"}).text
    assert read_samples(text)["strandline_images"] == 1
    for name in ("work", "s3", "sql", "arrival_lag", "notices"):
        assert f"strandline_{name}" not in text


def test_a_home_with_folders_is_told_nothing_of_it(tmp_path: Path) -> None:
    """Nor does it load anything for it."""
    with serving_storage_dir(tmp_path, FIRST) as served:
        loaded = set(sys.modules)
        text = served.client.get("/metrics").text
        for name in ("work", "s3", "sql", "arrival_lag", "notices"):
            assert f"strandline_{name}" not in text
        assert {name for name in set(sys.modules) - loaded if name.startswith("strandline")} == set()


def test_kinds_of_calls_are_few_whatever_happens() -> None:
    """A mistake in the program does not make a metric for each name."""
    timings = Timings(SQL.bounds_s)
    for number in range(2 * MOST_KINDS):
        timings.note("read", str(number), 0.5)
    kinds = timings.read()
    assert len(kinds) == MOST_KINDS + 1
    assert sum(kinds[OTHER].numbers) == MOST_KINDS
    versions = count_versions([str(number) for number in range(3 * MOST_VERSIONS)])
    assert (len(versions), versions["other"]) == (MOST_VERSIONS + 1, 2 * MOST_VERSIONS)
