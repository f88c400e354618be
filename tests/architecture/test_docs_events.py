"""docs/reference/events.md is in step with the program: every event, its fields, and an example that is one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from strandline.model.events import EVENT_TYPES, parse_event
from strandline.model.image_files import FileState

REFERENCE = (Path(__file__).parents[2] / "docs/reference/events.md").read_text()
LIVE_ONLY = {"scan.started", "scan.progress", "reset"}
EVERY = ("seq", "at", "type", "sd_id")

every_event = pytest.mark.parametrize("event_type", EVENT_TYPES)


def sections() -> dict[str, str]:
    """The text below each event's heading."""
    parts = re.split(r"^### `([^`]+)`$", REFERENCE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def example_of(event_type: str) -> dict[str, object]:
    """The JSON of its example."""
    (text,) = re.findall(r"^```json\n(.*?)\n```$", sections()[event_type], re.MULTILINE | re.DOTALL)
    example = json.loads(text)
    assert isinstance(example, dict)
    return example


def fields_in(text: str) -> list[str]:
    """The first cells of its table, in order."""
    return re.findall(r"^\| `([a-z_]+)` \| .+ \|$", text, re.MULTILINE)


def test_every_event_has_its_section_and_no_other_has() -> None:
    """In the order of the program: images, storage directories, scans."""
    assert list(sections()) == list(EVENT_TYPES)


@every_event
def test_the_example_is_an_event(event_type: str) -> None:
    """If it is read and written again, it is the same text, so a client can be built from this page alone."""
    example = example_of(event_type)
    event = parse_event(example)
    assert (type(event), event.to_json()) == (EVENT_TYPES[event_type], example)
    assert (event.seq is None) == (event_type in LIVE_ONLY)


@every_event
def test_the_table_names_its_fields(event_type: str) -> None:
    """The fields of every event are listed once, at the top; all others with their meaning."""
    assert fields_in(sections()[event_type]) == [key for key in example_of(event_type) if key not in EVERY]
    assert tuple(fields_in(REFERENCE.partition("\n## ")[0])) == EVERY


@every_event
def test_live_only_events_are_called_so(event_type: str) -> None:
    """Each section says whether the event can be replayed."""
    assert ("Live only." in sections()[event_type]) == (event_type in LIVE_ONLY)


def test_every_state_is_named() -> None:
    """The values that ``state`` can have."""
    line = next(line for line in REFERENCE.splitlines() if line.startswith("States of an image file"))
    assert re.findall(r"`([^`]+)`", line) == [state.value for state in FileState]
