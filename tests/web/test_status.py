"""The status over HTTP: as JSON, for Prometheus, and as a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.metrics import read_samples
from builders.pictures import make_picture
from builders.reports import make_storage_dir
from builders.served import Served, serving_storage_dir
from builders.storage import make_pictures, put_half
from strandline.model.reports import Check
from strandline.model.storage_dirs import FileCounts
from strandline.model.store_status import FileMeasures, StorageDirStatus, StoreStatus
from strandline.web.api.metrics import METRICS_TYPE, format_metrics


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Three images, and half of one."""
    with serving_storage_dir(tmp_path, *make_pictures(3)) as it:
        put_half(tmp_path / "Notes", make_picture("png", seed=9))
        it.store.scan()
        yield it


def test_json_is_what_the_command_prints(served: Served) -> None:
    """The same keys."""
    status = served.get("/status")
    assert set(status) == set(served.store.status().to_json())
    assert (status["outcome"], status["images"]) == ("well", 4)
    assert status["sds"][0]["arrivals_waiting"] == 1


def test_prometheus_gets_the_same_numbers(served: Served) -> None:
    """In its text format, with the token as all requests."""
    response = served.client.get("/metrics")
    assert response.headers["content-type"] == METRICS_TYPE
    samples = read_samples(response.text)
    label = f'sd="Notes",sd_id="{served.get("/sds")["sds"][0]["sd_id"]}"'
    assert samples[f'strandline_sd_files{{{label},state="present"}}'] == 3
    assert samples[f'strandline_sd_files{{{label},state="arriving"}}'] == 1
    assert samples[f"strandline_sd_arrivals_waiting{{{label}}}"] == 1
    assert samples['strandline_outcome{outcome="well"}'] == 1
    age_s = datetime.now(UTC).timestamp() - samples[f"strandline_sd_last_scan_timestamp_seconds{{{label}}}"]
    assert 0 <= age_s < 600
    with served.as_stranger() as stranger:
        assert stranger.get("/metrics").status_code == 401
        token = {"authorization": f"Bearer {served.app.door.guard.token}"}
        assert stranger.get("/metrics", headers=token).status_code == 200
    assert served.client.get("/metrics?sd=Notes").status_code == 422


@given(st.text(min_size=1, max_size=20))
def test_no_name_breaks_a_line(name: str) -> None:
    """Whatever a folder is called, each line is one sample, and its label can be read back."""
    sd = replace(make_storage_dir(), name=name)
    each = StorageDirStatus(sd, FileCounts(1, {}, 0), FileMeasures(), None, None)
    text = format_metrics(StoreStatus(datetime.now(UTC), (each,), 1, 0, 0, 0, {}), '1"\n')
    (online,) = (key for key in read_samples(text) if key.startswith("strandline_sd_online"))
    label = re.search(r'sd="((?:[^"\\]|\\.)*)"', online)
    assert label
    assert re.sub(r"\\(.)", lambda at: "\n" if at[1] == "n" else at[1], label[1]) == name


def test_the_machine_is_checked_on_a_page(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the doctor says. What failed comes first, with what to do about it."""
    assert 'href="/status/machine"' in served.client.get("/status").text
    checks = served.store.check_health()
    page = served.client.get("/status/machine").text
    assert all(check.name.lower().replace("storage directory", "folder") in page.lower() for check in checks)
    failed = Check("the clock", False, "it is an hour late", "set it")
    monkeypatch.setattr(type(served.store), "check_health", lambda _self: [*checks[:1], failed])
    page = served.client.get("/status/machine").text
    assert page.index("1 check of 2 failed") < page.index("the clock") < page.index("What to do: set it")
    assert page.index("What to do") < page.index("What is as it should be") < page.index("<strong>catalog")


def test_the_page_says_it_in_one_sentence_first(served: Served, tmp_path: Path) -> None:
    """Then what is fine and what is not, with links. The inspector and the help lead to it."""
    page = served.client.get("/status").text
    assert page.index("Nothing needs you now: 4 images") < page.index("Notes</bdi>")
    assert "1 image still arriving" in page
    for other in ("/inspect", "/help"):
        assert 'href="/status"' in served.client.get(other).text
    (tmp_path / "Notes").rename(tmp_path / "away")
    served.store.refresh_storage_dirs()
    page = served.client.get("/status").text
    assert "Nothing is known to be wrong, but Notes cannot be looked at now" in page
    assert re.search(r'Offline: .*<a href="/folders#sd-\d+">Why, and what to do</a>', page)
