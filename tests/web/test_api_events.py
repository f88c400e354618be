"""Events over HTTP: live, each once and in order, also over a lost connection; and the journal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import id_of
from strandline.runtime.assembly import open_store
from strandline.web import live
from strandline.web.api import events as events_api


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An empty storage directory."""
    with serving_storage_dir(tmp_path) as it:
        yield it


@dataclass
class Told:
    """One event of a stream, parsed as by the browser's EventSource."""

    type: str = "message"
    id: str | None = None
    data: list[str] = field(default_factory=list)
    comment: str | None = None

    @property
    def json(self) -> Any:
        """Its data."""
        return json.loads("\n".join(self.data))


def iter_told(response: httpx.Response) -> Iterator[Told]:
    """The blocks of the stream."""
    told = Told()
    for line in response.iter_lines():
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            yield told
            told = Told()
        elif name == "data":
            told.data.append(value)
        elif name == "event":
            told.type = value
        elif name == "id":
            told.id = value
        else:
            told.comment = value


@contextmanager
def listening(served: Served, last: str | None = None, **query: str) -> Iterator[Iterator[Told]]:
    """The stream from its first block on."""
    headers = {} if last is None else {"last-event-id": last}
    with served.client.stream("GET", "/api/v1/events", headers=headers, params=query) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        yield iter_told(response)


def save(served: Served, *seeds: int) -> list[str]:
    """Saves that many images. Returns their ids."""
    images = [make_picture("png", seed=seed) for seed in seeds]
    for data in images:
        assert served.upload(data, "Notes").status_code == 201
    return [id_of(data) for data in images]


def next_ids(stream: Iterator[Told], count: int) -> list[str]:
    """The image ids of the next events."""
    return [next(stream).json["image_id"] for _ in range(count)]


def test_lines_end_with_lf_only(served: Served) -> None:
    """A small parser splits at two of them. Checked for a reset and for an event."""
    text = b""
    with served.client.stream("GET", "/api/v1/events", params={"since": "0-1"}) as response:
        chunks = response.iter_raw()
        while b"reset" not in text:
            text += next(chunks)
        save(served, 1)
        while b"image.available" not in text:
            text += next(chunks)
    assert b"\r" not in text
    assert b"\n\n" in text


def test_events_are_told_as_they_happen(served: Served) -> None:
    """With type, an id that orders them, and the event's JSON, from any process."""
    with listening(served) as stream:
        assert next(stream).comment == "connected"
        [image_id] = save(served, 1)
        told = next(stream)
        assert (told.type, told.json["image_id"]) == ("image.available", image_id)
        assert told.id == f"{served.store.bench.catalog.epoch}-{told.json['seq']}"
        with open_store(served.store.home) as other:
            saved = other.save(make_picture("png", seed=2), sd="Notes")
        assert next_ids(stream, 1) == [saved.image_id]


def test_scans_are_told_live(served: Served) -> None:
    """They are not in the journal and have no id."""
    with listening(served) as stream:
        next(stream)
        served.post("/scans", {"sd": "Notes"})
        told = next(stream)
        assert (told.type, told.id, told.json["seq"]) == ("scan.started", None, None)


@pytest.mark.parametrize("way", ["header", "query", "seq"])
def test_who_comes_back_misses_nothing(served: Served, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missed events come first, in order and once, then new ones; also over many pages."""
    monkeypatch.setattr(events_api, "REPLAY_PAGE", 2)
    with listening(served) as stream:
        next(stream)
        save(served, 1)
        last = next(stream).id
    assert last is not None
    if way == "seq":
        last = last.rpartition("-")[2]
    missed = save(served, 2, 3, 4, 5)
    with listening(served, last) if way == "header" else listening(served, since=last) as stream:
        next(stream)
        assert next_ids(stream, 4) == missed
        assert save(served, 6) == next_ids(stream, 1)


@pytest.mark.parametrize(
    "last", ["0123456789ab-1", "{epoch}-999999", "{epoch}-x", "{epoch}--1", "nonsense", "999999"]
)
def test_who_knew_another_catalog_is_told_to_begin_anew(served: Served, last: str) -> None:
    """``reset``, with the place to continue from, then new events."""
    with listening(served, last.format(epoch=served.store.bench.catalog.epoch)) as stream:
        reset = next(stream)
        assert (reset.type, reset.json["type"], reset.json["seq"]) == ("reset", "reset", None)
        assert save(served, 1) == next_ids(stream, 1)
    with listening(served, reset.id) as stream:
        assert next(stream).type == "message"


@pytest.mark.parametrize("since", ["abc", "-1", "1.5", "0123456789ab-", "1 2", "9" * 19, "\u0663"])
def test_a_place_that_is_none_is_refused(served: Served, since: str) -> None:
    """A program's own mistake. A header of that kind is a reset: a browser that got a 422 would never come back."""
    answer = served.client.get("/api/v1/events", params={"since": since})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")
    assert answer.json()["detail"].startswith("the parameter 'since' must match ")


def test_who_is_too_slow_is_told_so(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """``lagged``: events are not queued without limit. The client reloads and continues from there."""
    monkeypatch.setattr(live, "MAX_QUEUED", 0)
    with listening(served) as stream:
        next(stream)
        save(served, 1)
        assert next(stream).type == "lagged"
        monkeypatch.setattr(live, "MAX_QUEUED", 100)
        assert save(served, 2) == next_ids(stream, 1)


def test_a_quiet_stream_is_kept_alive(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a comment now and then."""
    monkeypatch.setattr(events_api, "HEARTBEAT_S", 0.1)
    with listening(served) as stream:
        assert next(stream).comment == "connected"
        beat = next(stream)
        assert (beat.comment is not None, beat.data) == (True, [])


def test_the_journal_is_read_backwards_page_by_page(served: Served) -> None:
    """Newest first. All pages together are complete, without repetitions."""
    saved = save(served, 1, 2, 3)
    first = served.get("/journal", limit=2)
    rest = served.get("/journal", limit=10, before=first["next"])
    told = first["events"] + rest["events"]
    assert [event["image_id"] for event in told if event["type"] == "image.available"] == saved[::-1]
    assert [event["seq"] for event in told] == sorted((event["seq"] for event in told), reverse=True)
    assert (told[-1]["type"], rest["next"]) == ("sd.added", None)


def test_the_journal_can_be_filtered(served: Served, tmp_path: Path) -> None:
    """By type or group of types, by storage directory, and from a number on."""
    save(served, 1, 2)
    (tmp_path / "Other").mkdir()
    served.post("/sds", {"path": str(tmp_path / "Other")})
    newest = served.get("/journal", limit=1)["events"][0]
    assert {event["type"] for event in served.get("/journal", type="image")["events"]} == {"image.available"}
    assert {event["type"] for event in served.get("/journal", type="sd.added")["events"]} == {"sd.added"}
    assert [event["seq"] for event in served.get("/journal", sd="Other")["events"]] == [newest["seq"]]
    assert [event["seq"] for event in served.get("/journal", since=newest["seq"] - 1)["events"]] == [
        newest["seq"]
    ]
    assert served.client.get("/api/v1/journal?type=weather").status_code == 422
