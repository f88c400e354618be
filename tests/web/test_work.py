"""Work on many machines over HTTP and on its page: shown, ordered, paused, resumed, and cancelled."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.other_thread import run_in_thread
from builders.s3_server import S3Server
from builders.served import Served, serving
from builders.storage import make_pictures
from builders.workers import Team, open_team
from strandline import open_store
from strandline.model.work import WorkKind
from strandline.runtime.work.worker import WorkerOptions, run_worker

PICTURES = make_pictures(12)


@pytest.fixture
def team(request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server) -> Iterator[Team]:
    """A bucket with twelve images that nobody has read."""
    with open_team(request, tmp_path, s3_server) as team:
        team.machine.add(*PICTURES)
        yield team


@pytest.fixture
def served(team: Team) -> Iterator[Served]:
    """Its server."""
    with serving(team.machine.store) as served:
        yield served


def work_all(team: Team) -> None:
    """A worker that does everything."""
    options = WorkerOptions(2, "test", until_empty=True)
    run_in_thread(lambda: run_worker(team.machine.store, options, threading.Event()))


def test_work_is_ordered_shown_and_changed(served: Served, team: Team) -> None:
    """The shapes are those of the command line. An ended task is not paused."""
    assert served.get("/work") == {"workers": [], "tasks": [], "waiting_parts": 0, "running_parts": 0}
    ordered = served.post("/work", {"kind": "prove", "first": True})
    assert ordered.status_code == 202
    (task,) = ordered.json()["tasks"]
    assert (task["kind"], task["state"], task["total"], task["first"]) == ("prove", "working", 12, True)
    assert served.get("/work")["waiting_parts"] == 1
    assert served.get(f"/work/{task['id']}")["task"] == task
    for verb, state in (("pause", "paused"), ("resume", "working")):
        assert served.post(f"/work/{task['id']}/{verb}").json()["task"]["state"] == state
    work_all(team)
    done = served.get(f"/work/{task['id']}")["task"]
    assert (done["state"], done["done"], done["findings"]) == ("finished", 12, 0)
    assert served.post(f"/work/{task['id']}/pause").status_code == 409
    again = served.post("/work", {"kind": "scan", "sd": team.machine.sd.name}).json()["tasks"][0]
    assert served.client.delete(f"/api/v1/work/{again['id']}").json()["task"]["state"] == "cancelled"
    assert served.post("/work", {"kind": "dance"}).status_code == 422
    refused = served.post("/work", {"kind": "thumbnails"})
    assert (refused.status_code, refused.json()["code"]) == (409, "refused")
    assert "pictures.shared_thumbnails" in refused.json()["detail"]
    assert served.client.get("/api/v1/work/77").json()["code"] == "task-not-found"


def test_the_page_says_how_far_it_is(served: Served, team: Team) -> None:
    """Nobody works; then it is paused, resumed, cancelled, and done. The page of the status leads there."""
    assert 'href="/status/work"' in served.client.get("/status").text
    assert "Everything is done" in served.client.get("/status/work").text
    assert "Make thumbnails" not in served.client.get("/status/work").text
    sd = team.machine.sd
    ordered = served.client.post("/status/work/add", data={"kind": "verify", "sd": str(sd.sd_id)})
    assert ordered.status_code == 303
    page = served.client.get("/status/work").text
    assert "Nobody works on it" in page
    assert "0 of 12 images, waiting" in page
    (pause,) = re.findall(r'action="(/status/work/\d+/pause)"', page)
    served.client.post(pause)
    page = served.client.get("/status/work").text
    assert "paused" in page
    (resume,) = re.findall(r'action="(/status/work/\d+/resume)"', page)
    served.client.post(resume)
    work_all(team)
    page = served.client.get("/status/work").text
    assert "12 images" in page
    assert "<progress" not in page
    refused = served.client.post(pause)
    assert refused.status_code == 409
    assert "That did not work" in refused.text
    assert served.client.post("/status/work/99/cancel").status_code == 404


def test_a_failure_is_said(served: Served, team: Team) -> None:
    """With its reason, until a later task makes it good."""
    work = team.machine.store.work
    task = work.add(WorkKind.SCAN, team.machine.sd)
    for _ in range(6):
        work.queue.fail_last_step(task.number, "the bucket said 503", attempts=6)
    page = served.client.get("/status/work").text
    assert "1 task failed" in page
    assert "The bucket said 503" in page


def test_without_a_shared_catalog_there_is_none(home: Path) -> None:
    """The page of the status does not lead there, and what is asked is refused with a remedy."""
    with open_store(home) as store, serving(store) as served:
        assert "/status/work" not in served.client.get("/status").text
        refused = served.client.get("/api/v1/work")
        assert (refused.status_code, refused.json()["code"]) == (409, "not-shared")
        assert "catalog.url" in refused.json()["detail"]
        assert served.client.get("/status/work").status_code == 409
