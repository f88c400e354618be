"""The catalog keeps what was read from notes, for each storage directory, until it is told to forget it."""

from __future__ import annotations

from strandline.catalog.port import Catalog

NOTES = [("a/b.md", "1:2:3", ""), ("ä.md", "1:2:3", "[1]"), ("z.md", "4:5:6", "[2]")]


def test_notes_are_remembered_replaced_and_forgotten(catalog: Catalog) -> None:
    """By path, and only those of the storage directory."""
    with catalog.write() as writer:
        writer.notes.remember_read(1, NOTES)
        writer.notes.remember_read(2, [("z.md", "0:0:0", "other")])
    with catalog.write() as writer:
        writer.notes.remember_read(1, [("z.md", "7:8:9", "[3]")])
        writer.notes.forget_notes(1, ["a/b.md", "never there"])
    with catalog.read() as reader:
        assert reader.notes.list_read(1) == [("z.md", "7:8:9", "[3]"), ("ä.md", "1:2:3", "[1]")]
        assert reader.notes.list_read(2) == [("z.md", "0:0:0", "other")]


def test_a_forgotten_storage_directory_leaves_no_notes(catalog: Catalog) -> None:
    """They go with its other rows."""
    with catalog.write() as writer:
        writer.notes.remember_read(1, NOTES)
    with catalog.write() as writer:
        writer.sds.delete_storage_dir(1)
    with catalog.read() as reader:
        assert reader.notes.list_read(1) == []
