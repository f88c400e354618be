"""Arrivals in the catalog: which files must be proven at once, by their rows alone."""

from __future__ import annotations

from dataclasses import replace

from builders.image_rows import NOW, SHA256S
from strandline.catalog.port import Catalog
from strandline.catalog.times import as_microseconds
from strandline.model.image_files import FileStamp, FileState, ImageFile, Proof, ProofKind
from strandline.model.image_ids import ImageId
from strandline.model.states import Seen, register_listed


def present(number: int, sd: int = 1) -> ImageFile:
    """An unproven row. A higher number is newer."""
    stamp = FileStamp(100 + number, 10**18 + number * 1000, number)
    image_id = ImageId(f"{number:032x}")
    return register_listed(sd, f"media/{image_id}.png", image_id, "image/png", Seen(stamp), NOW)


def proven(row: ImageFile) -> ImageFile:
    """The row with a proof of the current file."""
    assert row.stamp is not None
    return replace(row, proof=Proof(ProofKind.HASH, SHA256S[0], row.stamp, NOW))


def touched(row: ImageFile) -> ImageFile:
    """The row with another mtime. If it has a proof, that has lapsed."""
    assert row.stamp is not None
    return replace(row, stamp=replace(row.stamp, mtime_ns=row.stamp.mtime_ns + 5))


def insert(catalog: Catalog, *rows: ImageFile, listed_first: bool = False) -> None:
    """Registers the files."""
    with catalog.write() as writer:
        for row in rows:
            assert writer.files.insert_row(row, listed_first=listed_first)


def update(catalog: Catalog, old: ImageFile, new: ImageFile) -> None:
    """Changes the row."""
    with catalog.write() as writer:
        assert writer.files.update_row(old, new)


def arrivals(catalog: Catalog, sd: int = 1) -> list[str]:
    """The files that must be proven at once."""
    with catalog.read() as reader:
        return reader.files.list_arrivals(sd)


def test_what_is_registered_unproven_is_an_arrival_until_it_is_proven(catalog: Catalog) -> None:
    """Newest first. The proof is the only write that is needed."""
    first, second = present(1), present(2)
    insert(catalog, first, second, present(3, sd=2), proven(present(4)))
    assert arrivals(catalog) == [second.path, first.path]
    update(catalog, first, proven(first))
    assert arrivals(catalog) == [second.path]
    update(catalog, proven(first), touched(proven(first)))
    assert arrivals(catalog) == [second.path, first.path]


def test_what_the_first_scan_lists_is_an_arrival_only_when_it_changes(catalog: Catalog) -> None:
    """However they were registered, they are left to the verifier or the first reader."""
    row, other = present(1), present(2)
    assert row.stamp is not None
    listed = [(row.path, row.image_id, row.media_type, row.stamp.as_text())]
    with catalog.write() as writer:
        writer.files.insert_listed(1, listed, FileState.PRESENT, as_microseconds(NOW))
    insert(catalog, other, listed_first=True)
    assert arrivals(catalog) == []
    update(catalog, row, touched(row))
    assert arrivals(catalog) == [row.path]


def test_only_files_that_are_here_are_arrivals(catalog: Catalog) -> None:
    """Absent ones cannot be read, and arriving ones are looked at later."""
    others = sorted(set(FileState) - {FileState.PRESENT})
    rows = [replace(present(number), state=state) for number, state in enumerate(others)]
    insert(catalog, replace(present(99), absent_since=NOW), *rows)
    assert arrivals(catalog) == []
