"""What is called one thing in JSON is called the same in Python."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from builders.reports import make_file, make_storage_dir
from strandline.model.events import ImageAvailable
from strandline.model.image_files import FileState
from strandline.model.json_form import to_json
from strandline.model.reports import ImageFileReport, ImageInfo

FILE = make_file(width=3, height=2, taken_at=datetime(2024, 5, 1, tzinfo=UTC))
CLOUD = replace(FILE, stamp=None, proof=None, state=FileState.ONLINE_ONLY)


@pytest.mark.parametrize("file", [FILE, CLOUD], ids=["here", "in the cloud"])
def test_the_keys_of_an_image_are_attributes(file: object) -> None:
    """Of the image and of each of its files, with the same value."""
    report = ImageFileReport(file, make_storage_dir())  # type: ignore[arg-type]
    assert report.file.image_id is not None
    info = ImageInfo(report.file.image_id, (report,), ("cat.jpg", "Katze.jpg"))
    for value in (info, report):
        for key, told in value.to_json().items():
            assert to_json(getattr(value, key)) == told, key
    assert info.names == info.original_names


def test_an_event_has_the_form_of_the_stream() -> None:
    """Its keys are its attributes, too."""
    event = ImageAvailable(
        at=FILE.first_seen,
        sd_id="x",
        seq=3,
        image_id=FILE.image_id,
        filename="a.png",
        state=FileState.PRESENT,
    )
    for key, told in event.to_json().items():
        assert to_json(getattr(event, key)) == told, key
