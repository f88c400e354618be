"""Events on the wire: stable names, and nothing lost between writing and reading."""

from __future__ import annotations

import dataclasses
import json
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.image_rows import times
from strandline.model.events import EVENT_TYPES, Event, format_time, parse_event, parse_time
from strandline.model.image_files import FileState

texts = st.text(max_size=20)
FIELD_VALUES: dict[str, st.SearchStrategy[object]] = {
    "state": st.sampled_from(FileState),
    "whole": st.none() | st.booleans(),
    "at": times,
    "sd_id": st.none() | texts,
    "old_sd_id": st.none() | texts,
    "seq": st.none() | st.integers(1, 2**62),
}
COUNTS = {"done", "total", "absent", "known", "added", "changed", "missing", "returned"}


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Any event with any facts."""
    cls = draw(st.sampled_from(sorted(EVENT_TYPES.values(), key=lambda each: each.type)))
    values = {
        field.name: draw(FIELD_VALUES.get(field.name, st.integers(0) if field.name in COUNTS else texts))
        for field in dataclasses.fields(cls)
    }
    return cls(**values)  # type: ignore[arg-type]


@given(events())
def test_an_event_survives_the_wire(event: Event) -> None:
    """An event read from JSON equals the one that was written."""
    assert parse_event(json.loads(json.dumps(event.to_json()))) == event
    assert {type(value) for value in event.to_json().values()} <= {str, int, bool, type(None)}


@given(events())
def test_every_event_begins_with_the_same_four_keys(event: Event) -> None:
    """``seq``, ``at``, ``type``, ``sd_id``, and then its own facts."""
    keys = list(event.to_json())
    assert keys[:4] == ["seq", "at", "type", "sd_id"]
    if event.type.startswith("image."):
        own = {"image.changed": ["old_image_id"], "image.available": ["saved"]}
        assert keys[4:] == ["image_id", "filename", "state", "whole", "path", *own.get(event.type, [])]


def test_the_wire_names_are_those_of_the_contract() -> None:
    """Names that subscribers listen for never change."""
    assert set(EVENT_TYPES) == {
        "image.available", "image.arriving", "image.changed", "image.damaged", "image.foreign", "image.missing",
        "image.removed", "sd.added", "sd.online", "sd.offline", "sd.suspect", "sd.identity_changed",
        "sd.layout_changed", "reference.missing", "reference.resolved", "scan.started", "scan.progress",
        "scan.finished", "reset",
    }  # fmt: skip


def test_an_unknown_type_is_a_key_error() -> None:
    """An event of a newer version is not taken for another one."""
    with pytest.raises(KeyError):
        parse_event({"seq": 1, "at": "2026-01-01T00:00:00.000000Z", "type": "image.eaten", "sd_id": None})


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda at: MINYEAR < at.year < MAXYEAR),
    st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
)
def test_times_survive_as_text(at: datetime, zone: timezone) -> None:
    """To the microsecond, in UTC, whatever their time zone."""
    assert parse_time(format_time(at.astimezone(zone))) == at


@given(st.lists(st.datetimes(timezones=st.just(UTC)), max_size=5))
def test_times_sort_as_text(some: list[datetime]) -> None:
    """A log of them can be sorted without parsing."""
    assert sorted(map(format_time, some)) == list(map(format_time, sorted(some)))
