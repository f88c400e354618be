"""Scans over HTTP: started, followed to their end, and cancelled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import make_pictures, put_image
from strandline.errors import ScanNotFoundError
from strandline.runtime import scan_jobs
from strandline.runtime.scan_jobs import ScanState
from strandline.services.scanning.scan import scan_storage_dir

LIMIT_S = 20


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Three images."""
    with serving_storage_dir(tmp_path, *make_pictures(3)) as it:
        yield it


def follow(served: Served, number: str) -> dict[str, object]:
    """The scan once it has ended."""
    pause = threading.Event()
    for _ in range(LIMIT_S * 100):
        scan: dict[str, object] = served.get(f"/scans/{number}")["scan"]
        if scan["state"] != "running":
            return scan
        pause.wait(0.01)
    raise AssertionError("the scan does not end")


def test_a_scan_is_followed_to_its_report(served: Served, tmp_path: Path) -> None:
    """202 with its location, and in the end the report of ``scan --json``."""
    put_image(tmp_path / "Notes", make_picture("png", seed=9))
    started = served.post("/scans", {"sd": "Notes"})
    scan = started.json()["scan"]
    assert started.status_code == 202
    assert started.headers["location"] == f"/api/v1/scans/{scan['id']}"
    ended = follow(served, scan["id"])
    assert ended["state"] == "finished"
    assert isinstance(ended["report"], dict)
    assert (ended["report"]["added"], ended["report"]["unchanged"]) == (1, 3)
    assert served.get("/scans")["scans"] == [ended]


def test_all_are_scanned_where_none_is_named(served: Served, tmp_path: Path) -> None:
    """One scan for each."""
    (tmp_path / "Other").mkdir()
    served.post("/sds", {"path": str(tmp_path / "Other")})
    scans = served.post("/scans", {}).json()["scans"]
    assert [scan["name"] for scan in scans] == ["Notes", "Other"]
    assert all(follow(served, scan["id"])["state"] == "finished" for scan in scans)


@pytest.mark.parametrize("number", ["999", "x", "-1", "0" * 40, "²"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_scan_that_is_not_known_is_404(served: Served, method: str, number: str) -> None:
    """It is never an internal error."""
    response = served.client.request(method, f"/api/v1/scans/{number}")
    assert (response.status_code, response.json()["code"]) == (404, "scan-not-found")


def test_an_unknown_storage_directory_is_not_scanned(served: Served) -> None:
    """404, and no scan starts."""
    assert served.post("/scans", {"sd": "Nobody"}).status_code == 404
    assert served.get("/scans") == {"scans": []}


def test_one_storage_directory_is_not_scanned_twice_at_once(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second request returns the running scan. After a cancel, a new one can start."""
    began, go_on = threading.Event(), threading.Event()

    def scan_slowly(*_: object, cancel: threading.Event, **__: object) -> object:
        began.set()
        assert go_on.wait(LIMIT_S)
        return real_scan(served.store.bench, served.store.get_storage_dir("Notes"), cancel=cancel)

    real_scan = scan_storage_dir
    monkeypatch.setattr(scan_jobs, "scan_storage_dir", scan_slowly)
    first = served.post("/scans", {"sd": "Notes"}).json()["scan"]
    assert began.wait(LIMIT_S)
    assert served.post("/scans", {"sd": "Notes"}).json()["scan"]["id"] == first["id"]
    assert served.get("/sds")["sds"][0]["scanning"]["id"] == first["id"]
    assert served.client.delete(f"/api/v1/scans/{first['id']}").status_code == 202
    go_on.set()
    assert follow(served, first["id"])["state"] == "cancelled"
    assert served.post("/scans", {"sd": "Notes"}).json()["scan"]["id"] != first["id"]


def test_ended_scans_are_forgotten_at_last(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are kept, so a daemon does not grow."""
    monkeypatch.setattr(scan_jobs, "MAX_KEPT", 3)
    jobs = served.store.scans
    numbers = []
    for _ in range(6):
        job = jobs.start(served.store.get_storage_dir("Notes"))
        follow(served, str(job.number))
        numbers.append(job.number)
    assert [job.number for job in jobs.list_jobs()] == numbers[:2:-1]
    with pytest.raises(ScanNotFoundError):
        jobs.get(str(numbers[0]))
    assert all(job.state is ScanState.FINISHED for job in jobs.list_jobs())
