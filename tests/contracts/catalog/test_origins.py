"""Original names: recorded once each, for people."""

from __future__ import annotations

from datetime import timedelta

from builders.image_rows import CONTENT_ID, LEGACY_ID, NOW
from strandline.catalog.port import Catalog
from strandline.model.image_files import ImageFilter


def test_names_are_listed_once_each_oldest_first(empty: Catalog) -> None:
    """The same image may have been saved with several names, from several places."""
    with empty.write() as writer:
        writer.origins.add_origin(CONTENT_ID, "b.jpg", "/y", NOW + timedelta(days=1))
        writer.origins.add_origin(CONTENT_ID, "a.jpg", "/x", NOW + timedelta(days=2))
        writer.origins.add_origin(CONTENT_ID, "b.jpg", "/z", NOW + timedelta(days=3))
        writer.origins.add_origin(LEGACY_ID, "c.jpg", "/x", NOW)
    with empty.read() as reader:
        assert reader.origins.list_names_of_images([CONTENT_ID])[CONTENT_ID] == ["b.jpg", "a.jpg"]
        assert len(reader.origins.list_origins()) == 4


def test_remembering_again_changes_nothing(empty: Catalog) -> None:
    """The first time counts."""
    for days in range(2):
        with empty.write() as writer:
            writer.origins.add_origin(CONTENT_ID, "b.jpg", "/y", NOW + timedelta(days=days))
    with empty.read() as reader:
        assert reader.origins.has_origin(CONTENT_ID, "b.jpg", "/y")
        assert not reader.origins.has_origin(CONTENT_ID, "b.jpg", "/z")
        assert reader.origins.list_origins() == [
            {
                "image_id": CONTENT_ID,
                "original_name": "b.jpg",
                "source": "/y",
                "saved_at": "2026-11-22T12:00:00.000000Z",
            }
        ]


def test_a_nul_is_in_no_name(empty: Catalog) -> None:
    """No file's name has one, and not every database takes it. Asking for one is no error, and finds nothing."""
    with empty.write() as writer:
        writer.origins.add_origin(CONTENT_ID, "a\0b.jpg", "/\0", NOW)
    with empty.read() as reader:
        assert reader.origins.has_origin(CONTENT_ID, "a\0b.jpg", "/\0")
        assert reader.origins.list_names_of_images([CONTENT_ID]) == {CONTENT_ID: ["a\ufffdb.jpg"]}
        assert reader.origins.list_images_named("a\0b.jpg") == [CONTENT_ID]
        assert reader.files.find_row(1, "media/\0.png") is None
        assert reader.files.list_ids_beginning_with("\0", limit=9) == []
        assert reader.images.count_images(ImageFilter(text="x\0")) == 0
        assert reader.trash.find_trashed("\0") is None
