"""The catalog remembers which bytes were where, the latest first, and forgets the oldest."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from builders.image_rows import NOW, SHA256S
from strandline.catalog.port import Catalog
from strandline.model.earlier_files import EarlierFile
from strandline.model.image_files import FileStamp, ImageFile, Proof, ProofKind
from strandline.model.image_ids import content_id_of
from strandline.model.states import Seen, register_listed

HOUR = timedelta(hours=1)
STAMP = FileStamp(100, 10**18, 7)


def make_row(path: str, number: int = 0, *, sd: int = 1, proven_at: datetime = NOW) -> ImageFile:
    """The row of a proven file."""
    row = register_listed(sd, path, None, "image/png", Seen(STAMP), NOW)
    proof = Proof(ProofKind.STRUCTURE, SHA256S[number], STAMP, proven_at, whole=True)
    return replace(row, image_id=content_id_of(SHA256S[number]), proof=proof)


def remember(catalog: Catalog, row: ImageFile, now: datetime = NOW + HOUR) -> None:
    """In a transaction of its own."""
    with catalog.write() as writer:
        writer.earlier.remember(row, now)


def list_by_name(catalog: Catalog, filename: str, sd: int = 1) -> list[EarlierFile]:
    """What the catalog remembers."""
    with catalog.read() as reader:
        return reader.earlier.list_by_name(sd, filename)


def test_it_remembers_by_name_in_any_folder(catalog: Catalog) -> None:
    """Only in the storage directory that is asked about."""
    remember(catalog, make_row("a/x.png", 0), NOW + HOUR)
    remember(catalog, make_row("b/x.png", 1), NOW + 2 * HOUR)
    remember(catalog, make_row("x.png.png", 1))
    remember(catalog, make_row("x.png", 1, sd=2))
    assert list_by_name(catalog, "x.png") == [
        EarlierFile(1, "b/x.png", SHA256S[1], 100, NOW, NOW + 2 * HOUR),
        EarlierFile(1, "a/x.png", SHA256S[0], 100, NOW, NOW + HOUR),
    ]
    assert [each.sd for each in list_by_name(catalog, "x.png", 2)] == [2]


def test_a_file_was_there_until_it_was_noticed(catalog: Catalog) -> None:
    """When it was absent for the first time, when its stamp changed, or else now."""
    remember(catalog, replace(make_row("1.png"), absent_since=NOW + HOUR), NOW + 9 * HOUR)
    changed = replace(make_row("2.png"), stamp=FileStamp(101, 10**18, 7), unchanged_since=NOW + 2 * HOUR)
    remember(catalog, changed, NOW + 9 * HOUR)
    remember(catalog, make_row("3.png"), NOW + 3 * HOUR)
    for number in (1, 2, 3):
        (each,) = list_by_name(catalog, f"{number}.png")
        assert (each.since, each.until) == (NOW, NOW + number * HOUR)


def test_what_was_never_proven_is_not_remembered(catalog: Catalog) -> None:
    """Nobody knows its bytes."""
    remember(catalog, replace(make_row("x.png"), proof=None))
    assert list_by_name(catalog, "x.png") == []


def test_remembering_twice_keeps_one(catalog: Catalog) -> None:
    """The later end counts. Other bytes at the same path are another memory."""
    remember(catalog, make_row("x.png"), NOW + HOUR)
    remember(catalog, make_row("x.png"), NOW + 2 * HOUR)
    remember(catalog, make_row("x.png", 1, proven_at=NOW + 3 * HOUR), NOW + 4 * HOUR)
    assert [(each.sha256, each.until) for each in list_by_name(catalog, "x.png")] == [
        (SHA256S[1], NOW + 4 * HOUR), (SHA256S[0], NOW + 2 * HOUR),
    ]  # fmt: skip


def test_the_oldest_are_forgotten(catalog: Catalog) -> None:
    """Of this storage directory alone; and with it, all."""
    for number in range(6):
        remember(catalog, make_row(f"{number}/x.png"), NOW + number * HOUR)
    remember(catalog, make_row("x.png", sd=2))
    with catalog.write() as writer:
        writer.earlier.forget_oldest(1, keep=2)
        writer.earlier.forget_oldest(1, keep=2)
    assert [each.path for each in list_by_name(catalog, "x.png")] == ["5/x.png", "4/x.png"]
    assert len(list_by_name(catalog, "x.png", 2)) == 1
    with catalog.write() as writer:
        writer.sds.delete_storage_dir(1)
    assert list_by_name(catalog, "x.png") == []
