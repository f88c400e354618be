"""Original names: remembered once each, for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from builders.catalogs import opened
from builders.image_rows import CONTENT_ID, LEGACY_ID, NOW
from strandline.catalog import origins
from strandline.catalog.database import Catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with opened(tmp_path / "catalog.db") as catalog:
        yield catalog


def test_names_are_listed_once_each_oldest_first(catalog: Catalog) -> None:
    """The same image may have been saved under several names, from several places."""
    with catalog.write() as transaction:
        origins.add_origin(transaction, CONTENT_ID, "b.jpg", "/y", NOW + timedelta(days=1))
        origins.add_origin(transaction, CONTENT_ID, "a.jpg", "/x", NOW + timedelta(days=2))
        origins.add_origin(transaction, CONTENT_ID, "b.jpg", "/z", NOW + timedelta(days=3))
        origins.add_origin(transaction, LEGACY_ID, "c.jpg", "/x", NOW)
    with catalog.read() as conn:
        assert origins.list_names_of_images(conn, [CONTENT_ID])[CONTENT_ID] == ["b.jpg", "a.jpg"]
        assert len(origins.list_origins(conn)) == 4


def test_remembering_again_changes_nothing(catalog: Catalog) -> None:
    """The first time counts."""
    for days in range(2):
        with catalog.write() as transaction:
            origins.add_origin(transaction, CONTENT_ID, "b.jpg", "/y", NOW + timedelta(days=days))
    with catalog.read() as conn:
        assert origins.has_origin(conn, CONTENT_ID, "b.jpg", "/y")
        assert not origins.has_origin(conn, CONTENT_ID, "b.jpg", "/z")
        assert origins.list_origins(conn) == [
            {
                "image_id": CONTENT_ID,
                "original_name": "b.jpg",
                "source": "/y",
                "saved_at": "2026-11-22T12:00:00.000000Z",
            }
        ]
