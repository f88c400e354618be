"""Export over HTTP: an archive that is sent while it is made."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.served import Served, serving_storage_dir
from builders.storage import id_of, make_pictures

PICTURES = make_pictures(3)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Three images."""
    with serving_storage_dir(tmp_path, *PICTURES) as it:
        yield it


def read_archive(data: bytes) -> set[str]:
    """The ids of its images, whose bytes are whole."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        rows = json.loads(archive.read("manifest.json"))["images"]
        assert all(id_of(archive.read(f"images/{row['name']}")) == row["image_id"] for row in rows)
        return {row["image_id"] for row in rows}


def test_a_selection_or_a_query_is_downloaded(served: Served) -> None:
    """As an attachment."""
    ids = [id_of(data) for data in PICTURES]
    answer = served.post("/export", {"image_ids": ids[:2]})
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="strandline-export.zip"'
    assert read_archive(answer.content) == set(ids[:2])
    assert read_archive(served.post("/export?sd=Notes", {}).content) == set(ids)


def test_what_makes_no_sense_is_a_problem(served: Served) -> None:
    """Before anything is sent."""
    ids = {"image_ids": [id_of(PICTURES[0])]}
    assert served.post("/export?q=nothing", {}).status_code == 404
    assert served.post("/export?sd=Notes", ids).status_code == 422
    assert served.post("/export?month=x", {}).status_code == 422
    assert served.post("/export", {"image_ids": ["x"]}).status_code == 422
    assert served.post("/export", {"image_ids": []}).status_code == 422
