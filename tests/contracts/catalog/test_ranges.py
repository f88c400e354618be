"""Ranges of paths, on every kind of catalog: what a part of divided work reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from builders.image_rows import NOW, SHA256S
from strandline.catalog.port import Catalog
from strandline.model.image_files import FileStamp, ImageFile, Proof, ProofKind
from strandline.model.image_ids import ImageId
from strandline.model.states import Seen, register_listed

PATHS = [f"media/{number:x}{'0' * 31}.png" for number in range(10)]
PROVEN = PATHS[3]
"""The others are unproven; the last two were listed by a later scan than the first."""


def make_row(path: str) -> ImageFile:
    """An unproven row."""
    seen = Seen(FileStamp(100, 10**18, 7))
    return register_listed(1, path, ImageId(path[6:38]), "image/png", seen, NOW)


def fill(catalog: Catalog) -> None:
    """Ten rows in the first storage directory."""
    with catalog.write() as writer:
        for path in PATHS:
            row = make_row(path)
            assert writer.files.insert_row(row, listed_first=path not in PATHS[8:])
            if path == PROVEN:
                assert row.stamp is not None
                proof = Proof(ProofKind.HASH, SHA256S[0], row.stamp, NOW)
                assert writer.files.update_row(row, replace(row, proof=proof))


def test_unproven_files_are_listed_by_path(catalog: Catalog) -> None:
    """Behind the first bound, up to and including the second one, page by page; or only what scans found new."""
    fill(catalog)
    with catalog.read() as reader:

        def list_paths(
            after: str, through: str, *, limit: int = 100, only_arrivals: bool = False
        ) -> list[str]:
            rows = reader.ranges.list_unproven(1, after, through, limit=limit, only_arrivals=only_arrivals)
            return [row.path for row in rows]

        unproven = [path for path in PATHS if path != PROVEN]
        assert list_paths("", "") == unproven
        assert list_paths("", "", limit=4) == unproven[:4]
        assert list_paths(PATHS[1], PATHS[4]) == [PATHS[2], PATHS[4]]
        assert list_paths("media/4", "media/6") == PATHS[4:6]
        assert list_paths("", "", only_arrivals=True) == PATHS[8:]
        assert list_paths("", PATHS[8], only_arrivals=True) == [PATHS[8]]
        assert reader.ranges.count_arrivals(1) == 2
        assert reader.ranges.count_arrivals(2) == 0


def test_proven_files_are_listed_by_path(catalog: Catalog) -> None:
    """Of what was proven since, if that is asked. What only a decoder confirmed is not among them."""
    fill(catalog)
    decoded = PATHS[5]
    with catalog.write() as writer:
        row = writer.files.find_row(1, decoded)
        assert row is not None
        assert row.stamp is not None
        proof = Proof(ProofKind.DECODED, SHA256S[1], row.stamp, NOW)
        assert writer.files.update_row(row, replace(row, proof=proof))
    later = NOW + timedelta(seconds=1)
    with catalog.read() as reader:
        assert [row.path for row in reader.ranges.list_proven(1, "", "", limit=9)] == [PROVEN]
        assert [row.path for row in reader.ranges.list_proven(1, "", PROVEN, limit=9, since=NOW)] == [PROVEN]
        assert reader.ranges.list_proven(1, PROVEN, "", limit=9) == []
        assert reader.ranges.list_proven(1, "", "", limit=9, since=later) == []
        assert [reader.ranges.count_proven(1, since) for since in (None, NOW, later)] == [1, 1, 0]
        assert reader.ranges.count_proven(2) == 0


def test_every_so_many_paths_are_bounds(catalog: Catalog) -> None:
    """The last one is none: what comes after it would be empty, or few."""
    fill(catalog)
    with catalog.read() as reader:
        assert reader.ranges.list_every(1, 4) == [PATHS[3], PATHS[7]]
        assert reader.ranges.list_every(1, 100) == []
        assert reader.ranges.list_every(2, 1) == []


def test_lines_of_a_range(catalog: Catalog) -> None:
    """By names in the images' folder, as a listing of the range has them."""
    fill(catalog)
    with catalog.snapshot() as reader:

        def list_names(after: str, through: str) -> list[str]:
            lines = reader.files.iter_lines(1, "media", after=after, through=through)
            return [line.split(":")[0] for some in lines for line in some]

        names = [path.removeprefix("media/") for path in PATHS]
        assert list_names("", "") == names
        assert list_names("2", "5") == names[2:5]
        assert list_names(names[2], names[5]) == names[3:6]


def test_what_is_to_be_verified_in_a_range(catalog: Catalog) -> None:
    """What was read lately is left out."""
    fill(catalog)
    with catalog.read() as reader:

        def list_paths(after: str, through: str, days: int) -> list[str]:
            before = NOW + timedelta(days=days)
            return [
                row.path
                for row in reader.ranges.list_to_verify(1, before, after=after, through=through, limit=100)
            ]

        assert list_paths(PATHS[1], PATHS[4], 1) == PATHS[2:5]
        assert list_paths(PATHS[1], PATHS[4], -1) == [PATHS[2], PATHS[4]]
