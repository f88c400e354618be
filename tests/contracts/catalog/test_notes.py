"""The catalog keeps what was read from notes, for each storage directory, until it is told to forget it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from builders.image_rows import NOW
from strandline.catalog.port import Catalog
from strandline.model.open_references import OpenReference

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


def test_open_references_are_set_and_forgotten(catalog: Catalog) -> None:
    """One for each destination of a note. Setting one again keeps since when it is missed."""
    one = OpenReference("b.md", "x.png", 7, "img/x.png", NOW)
    two = OpenReference("a.md", "y.png", 3, None, NOW)
    with catalog.write() as writer:
        writer.notes.set_open(1, [one, two])
        assert not writer.notes.is_checked(1)
        writer.notes.mark_checked(1, NOW)
    with catalog.write() as writer:
        writer.notes.set_open(1, [replace(one, line=9, since=NOW + timedelta(hours=1))])
        writer.notes.forget_open(2, [one.key])
    with catalog.read() as reader:
        assert reader.notes.list_open(1) == [two, replace(one, line=9)]
        assert [reader.notes.is_checked(sd) for sd in (1, 2)] == [True, False]
        assert reader.notes.count_open() == {1: 2}
    with catalog.write() as writer:
        writer.notes.set_open(1, [replace(two, on_its_way=True)])
        assert writer.notes.count_open() == {1: 1}
        assert [each.on_its_way for each in writer.notes.list_open(1)] == [True, False]
    with catalog.write() as writer:
        writer.notes.forget_open(1, [one.key, two.key])
        assert writer.notes.list_open(1) == []
