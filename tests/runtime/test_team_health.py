"""The doctor of a shared catalog and a bucket, on real servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from builders.postgres import shared_server
from builders.program import run
from builders.s3_server import S3Server
from builders.storage import make_pictures
from builders.workers import Team, open_team
from strandline.folders.buckets.refusals import CHECK_ENDPOINT, find_address
from strandline.model.buckets import BucketOptions
from strandline.model.reports import Check
from strandline.model.work import WorkKind
from strandline.runtime.assembly import open_store
from strandline.services.workbench import utc_now

(PICTURE,) = make_pictures(1)


@pytest.fixture
def team(request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server) -> Iterator[Team]:
    """A bucket with an image."""
    with open_team(request, tmp_path, s3_server) as team:
        team.machine.add(PICTURE)
        yield team


def diagnose(team: Team) -> dict[str, Check]:
    """The lines by name; each failed one says what to do."""
    checks = team.machine.store.check_health()
    assert all(check.ok or check.remedy for check in checks)
    assert len({check.name for check in checks}) == len(checks)
    return {check.name: check for check in checks}


def test_a_healthy_team(team: Team) -> None:
    """Servers, role, tables, notices, clocks, guarantees, and programs, each in a line."""
    store, name = team.machine.store, team.machine.sd.name
    store.bench.now = utc_now  # one that runs
    checks = diagnose(team)
    assert [key for key in checks if key.startswith(("database", "tables", "notices", "workers", "servers"))] == [
        "database", "database role", "tables", "notices of events", "database clock", "workers", "servers",
    ]  # fmt: skip
    assert all(check.ok for key, check in checks.items() if "inotify" not in key), checks
    assert re.fullmatch(r"PostgreSQL \d+\.\d+.*", checks["database"].message)
    assert checks["database clock"].message == checks[f"clock of {name}"].message == "as here"
    assert "was never tried" in checks[f"object store of {name}"].message
    store.bench.folder(team.machine.sd).find_guarantees()
    store.bench.catalog.listen()
    team.wait(lambda: "all with version" in diagnose(team)["servers"].message)
    assert "an object is created once" in diagnose(team)[f"object store of {name}"].message


def test_what_is_wrong_is_said(team: Team) -> None:
    """Work without workers, a worker of another version, and a clock that is wrong."""
    store = team.machine.store
    task = store.work.add(WorkKind.VERIFY, team.machine.sd)
    assert "1 part of the work waits" in diagnose(team)["workers"].message
    with psycopg.connect(team.environment["STRANDLINE_CATALOG_URL"]) as conn:
        conn.execute("INSERT INTO strandline_work.procrastinate_workers DEFAULT VALUES")
        conn.execute(
            "INSERT INTO strandline_work.workers SELECT id, 'pi', 1, '0.0.1', 0 "
            "FROM strandline_work.procrastinate_workers"
        )
    assert diagnose(team)["workers"].remedy == "finish the upgrade: pi (0.0.1)"
    store.work.cancel(task.id)
    team.machine.clock.pass_time(seconds=3600)
    checks = diagnose(team)
    assert re.search(r"3,[56]\d\d seconds behind this machine's", checks["database clock"].message)
    assert "quarter of an hour" in (checks[f"clock of {team.machine.sd.name}"].remedy or "")


def test_a_role_that_may_only_use_the_tables(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """It says who must migrate. One that may not even read them is told which right it lacks."""
    server = shared_server(request)
    with server.lent_database() as url:
        weak = re.sub("user=[a-z]+", "user=weak", url)
        with psycopg.connect(url) as conn:
            conn.execute("DROP ROLE IF EXISTS weak")
            conn.execute("CREATE ROLE weak LOGIN")
        settings = {"catalog.url": weak}
        lost = run("--home", tmp_path / "home", "config", "set", "catalog.url", weak)
        assert lost.status == 0
        refused = run("--home", tmp_path / "home", "doctor")
        assert refused.status == 1
        assert "lacks a right" in refused.text
        with psycopg.connect(url) as conn:
            conn.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO weak")
        with open_store(tmp_path / "home", overrides=settings) as store:
            (role,) = (check for check in store.check_health() if check.name == "database role")
            assert role.ok
            assert "weak may use all tables, and an upgrade needs a role that owns" in role.message
        with psycopg.connect(url) as conn:
            conn.execute("REVOKE DELETE ON notes FROM weak")
        with open_store(tmp_path / "home", overrides=settings) as store:
            (role,) = (check for check in store.check_health() if check.name == "database role")
            assert not role.ok
            assert "may not read and write public.notes" in role.message
        with psycopg.connect(url) as conn:
            conn.execute("DROP OWNED BY weak")
            conn.execute("DROP ROLE weak")


def test_servers_that_are_away(tmp_path: Path) -> None:
    """A line, and status 1."""
    home = tmp_path / "home"
    assert run("--home", home, "config", "set", "catalog.url", "postgresql://x@127.0.0.1:1/x").status == 0
    found = run("--home", home, "--json", "doctor")
    assert found.status == 1
    (catalog,) = (check for check in found.json["checks"] if check["name"] == "catalog")
    assert (catalog["ok"], catalog["remedy"]) == (False, None)
    assert "does not answer" in catalog["message"]


def test_which_endpoint_is_asked() -> None:
    """The setting, then the environment, then that of AWS."""
    environ = {"AWS_ENDPOINT_URL": "https://other"}
    assert find_address(BucketOptions("https://one"), environ) == "https://one"
    assert find_address(BucketOptions(), environ) == "https://other"
    assert find_address(BucketOptions(region="eu-1"), {}) == "https://s3.eu-1.amazonaws.com"


def test_an_object_store_that_cannot_be_reached_is_a_failure(team: Team) -> None:
    """What it once guaranteed is no news then."""
    store, name = team.machine.store, team.machine.sd.name
    store.bench.folder(team.machine.sd).find_guarantees()
    away = BucketOptions("http://127.0.0.1:9", timeout_s=2.0, retries=0)
    store.bench.limits = replace(store.bench.limits, s3=away)
    store.bench._buckets.clear()
    checks = diagnose(team)
    assert f"clock of {name}" not in checks
    check = checks[f"object store of {name}"]
    assert not check.ok
    assert check.message.startswith("http://127.0.0.1:9 cannot be reached: ")
    assert check.remedy == CHECK_ENDPOINT
