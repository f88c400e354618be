"""The log of events: each event once, at the level that fits it, with the name of its storage directory."""

from __future__ import annotations

import logging
import shutil
import threading
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir
from strandline.model.events import EVENT_TYPES
from strandline.runtime.assembly import open_store
from strandline.runtime.event_log import choose_level, logging_events

LIMIT_S = 20.0


def test_what_a_person_should_look_at_is_a_warning() -> None:
    """Of every type of event that there is, only these; and only the course of a scan is for debugging."""
    by_level = {
        level: {name for name in EVENT_TYPES if choose_level(name) == level}
        for level in (logging.DEBUG, logging.INFO, logging.WARNING)
    }
    assert by_level[logging.WARNING] == {
        "image.damaged", "image.foreign", "image.missing", "sd.offline", "sd.suspect",
    }  # fmt: skip
    assert by_level[logging.DEBUG] == {"scan.started", "scan.progress", "reset"}
    assert set.union(*by_level.values()) == EVENT_TYPES.keys()


def test_an_event_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also that of a storage directory that was added while the log was being written."""
    caplog.set_level(logging.DEBUG, "strandline")
    is_told = threading.Event()

    def tell(record: logging.LogRecord) -> bool:
        if "sd.offline" in record.getMessage():
            is_told.set()
        return True

    caplog.handler.addFilter(tell)
    data = make_picture("png")
    with open_store(tmp_path / "home") as store, logging_events(store):
        root = make_storage_dir(tmp_path / "Notes", data)
        store.add_storage_dir(root)
        store.get(id_of(data)).close()
        shutil.rmtree(root)
        store.refresh_storage_dirs()
        assert is_told.wait(LIMIT_S)
    lines = {record.getMessage(): record.levelno for record in caplog.records}
    assert lines[f"image.available Notes {id_of(data)}.png"] == logging.INFO
    offline = next(line for line in lines if line.startswith("sd.offline Notes"))
    assert lines[offline] == logging.WARNING
    assert "reason" in offline
