"""``strandline work``: refused with a remedy where nothing is shared, and ordered from any machine where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.postgres import shared_server
from builders.program import run, run_process
from builders.python_process import run_python
from builders.s3_server import S3Server
from builders.storage import make_pictures, name_of

PICTURES = make_pictures(3)
TASK_KEYS = {
    "id", "kind", "sd_id", "name", "state", "first", "done", "total", "parts", "parts_done", "parts_failed",
    "findings", "images_per_s", "remaining_s", "began_at", "ended_at", "problem",
}  # fmt: skip


@pytest.fixture
def shared(
    request: pytest.FixtureRequest, made: CommandHome, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mapping[str, str]]:
    """A home with a shared catalog and three pictures in a bucket, which nobody has listed yet."""
    del made
    other = s3_server.make_place()
    for data in PICTURES:
        other.put(f"media/{name_of(data)}", data)
    with shared_server(request).lent_database() as url:
        environment = {**s3_server.environment, "STRANDLINE_CATALOG_URL": url}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert run("sd", "add", other.address, "--new-identity", "--name", "archive").status == 0
        yield environment


@pytest.mark.parametrize(
    "words", [(), ("status",), ("add", "scan"), ("cancel", "1"), ("pause", "1"), ("resume", "1")]
)
def test_without_a_shared_catalog_it_is_refused(made: CommandHome, words: tuple[str, ...]) -> None:
    """It says what to set, and what to use on one machine."""
    del made
    refused = run("work", *words, "--json")
    assert refused.status == 5
    assert refused.json["error"]["code"] == "not-shared"
    assert "catalog.url" in refused.stderr
    assert "`strandline scan`" in refused.stderr


def test_a_folder_user_imports_nothing_of_it(tmp_path: Path) -> None:
    """Neither the driver, nor the library of the queue, nor our own rooms for it; also if it is asked for."""
    unwanted = (
        "psycopg procrastinate psycopg_pool croniter strandline.runtime.work strandline.catalog.postgres"
    )
    for words in (["work", "status"], ["scan"], ["verify"], ["status"]):
        code = (
            "import sys\nfrom strandline.cli.main import main\n"
            f"main({['--home', str(tmp_path / 'home'), *words]!r})\n"
            f"print('loaded:', *sorted(set(sys.modules) & set({unwanted!r}.split())))"
        )
        assert run_python(code).stdout.splitlines()[-1] == "loaded:"


def test_it_is_ordered_shown_paused_resumed_and_cancelled(shared: Mapping[str, str]) -> None:
    """The keys of the JSON are a contract. Something to do and nobody who does it is status 1."""
    del shared
    (task,) = run("work", "add", "verify", "archive", "--json").json["tasks"]
    assert set(task) == TASK_KEYS
    assert (task["kind"], task["name"], task["state"], task["total"]) == ("verify", "archive", "working", 3)
    status = run("work", "status", "--json")
    assert status.status == 1
    assert set(status.json) == {"workers", "tasks", "waiting_parts", "running_parts"}
    assert (status.json["workers"], status.json["tasks"], status.json["waiting_parts"]) == ([], [task], 1)
    assert "start a worker with `strandline work`" in run("work", "status").text
    assert run("work", "pause", task["id"], "--json").json["task"]["state"] == "paused"
    assert run("work", "status").status == 0
    assert run("work", "resume", task["id"], "--json").json["task"]["state"] == "working"
    assert run("work", "cancel", task["id"], "--json").json["task"]["state"] == "cancelled"
    assert run("work", "resume", task["id"]).status == 5
    assert run("work", "pause", "77", "--json").json["error"]["code"] == "task-not-found"
    assert run("work", "pause", "x").status == 4
    assert run("work", "add", "dance").status == 2


def test_a_worker_does_it_and_ends(shared: Mapping[str, str]) -> None:
    """What the pages of a table say is what was done."""
    run("work", "add", "scan", "--first")
    ended = run_process("work", "--until-empty", environ=shared)
    assert (ended.status, ended.stderr) == (0, "")
    assert ended.text == "worker 1 is at work\n"
    status = run("work", "status")
    assert status.status == 0
    rows = [line.split("\t") for line in status.text.splitlines() if "\t" in line]
    assert {(row[1], row[3], row[4]) for row in rows} == {
        ("scan", "finished", "3"),
        ("prove", "finished", "3"),
    }
