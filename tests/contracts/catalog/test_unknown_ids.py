"""Files whose id is not known yet: they have rows and lines, and are no images."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders.catalogs import fill
from builders.image_rows import NOW, SHA256S
from strandline.catalog.port import Catalog
from strandline.model.identity.anchors import Anchors
from strandline.model.image_files import FileStamp, FileState, ImageFile, ImageFilter, Proof, ProofKind, Sort
from strandline.model.image_ids import ImageId, content_id_of
from strandline.model.states import Seen, register_listed
from strandline.model.storage_dirs import LayoutKind

IMAGE = content_id_of(SHA256S[0])


def unknown(path: str, number: int = 1) -> ImageFile:
    """A row whose bytes nobody has read."""
    return register_listed(1, path, None, "image/png", Seen(FileStamp(100, 10**18 + number, number)), NOW)


def known(path: str, number: int = 1) -> ImageFile:
    """The same after its proof."""
    row = unknown(path, number)
    assert row.stamp is not None
    proof = Proof(ProofKind.STRUCTURE, SHA256S[0], row.stamp, NOW, whole=True)
    return replace(row, image_id=IMAGE, proof=proof)


@pytest.mark.parametrize("path", ["x.png", "a b/x:1.png", "a/x:absent", "ä/x.png", "x.png:1:2:3"])
def test_a_row_without_an_id_survives(catalog: Catalog, path: str) -> None:
    """With its line, whatever is in its name."""
    fill(catalog, [unknown(path)])
    with catalog.read() as reader:
        assert reader.files.find_row(1, path) == unknown(path)
        assert [line for batch in reader.files.iter_lines(1, "") for line in batch] == [
            f"{path}:100:{10**18 + 1}:1"
        ]
        assert reader.files.list_unproven(1, limit=9) == [unknown(path)]


@pytest.mark.parametrize("sort", list(Sort))
def test_only_files_with_an_id_are_images(catalog: Catalog, sort: Sort) -> None:
    """Two files with the same bytes are one image. Files that nobody has read are none, and are not each other."""
    fill(catalog, [unknown("a.png", 1), unknown("b.png", 2), known("c.png", 3), known("d/c.png", 4)])
    for chosen in (
        ImageFilter(sort=sort),
        ImageFilter(sort=sort, sd=1),
        ImageFilter(sort=sort, state=FileState.PRESENT),
    ):
        with catalog.read() as reader:
            assert reader.images.list_image_ids(chosen, after=None, limit=9) == ([IMAGE], None)
            assert reader.images.count_images(chosen) == 1
            assert sum(count for _, count in reader.images.list_places(chosen, every=1).months) == 1
            assert reader.files.count_rows(1) == 4


def test_a_proof_vouches_for_the_same_bytes(catalog: Catalog) -> None:
    """Of any file with their content id, and only if its wholeness is known."""
    fill(catalog, [known("c.png")])
    with catalog.read() as reader:
        assert reader.files.find_wholeness(SHA256S[0]) is True
        assert reader.files.find_wholeness(SHA256S[1]) is None
    row = known("c.png")
    assert row.proof is not None
    fill(catalog, [replace(row, proof=replace(row.proof, whole=False))])
    with catalog.read() as reader:
        assert reader.files.find_wholeness(SHA256S[0]) is False


def test_a_row_moves_with_its_file(catalog: Catalog) -> None:
    """It keeps all it has, and is no longer absent. It never takes the place of a file that is there."""
    row, there = replace(known("a.png"), absent_since=NOW), known("taken.png", 2)
    missing = replace(known("gone.png", 3), state=FileState.MISSING, absent_since=NOW)
    fill(catalog, [row, there, missing])
    with catalog.write() as writer:
        assert not writer.files.move_row(row, "taken.png")
        assert writer.files.move_row(row, "gone.png")
        assert not writer.files.move_row(row, "again.png")
        assert writer.files.find_row(1, "gone.png") == replace(row, path="gone.png", absent_since=None)
        assert writer.files.find_row(1, "a.png") is None
        assert writer.files.find_row(1, "taken.png") == there


def test_another_layout_drops_the_rows(catalog: Catalog) -> None:
    """Their names meant something else. Choosing the same one keeps them."""
    fill(catalog, [known("c.png")])
    with catalog.write() as writer:
        writer.sds.mark_first_scan_done(1)
        writer.sds.update_layout(1, LayoutKind.IDS, is_chosen=True)
        sd = writer.sds.find_storage_dir(1)
        assert sd is not None
        assert (sd.layout, sd.is_layout_chosen, sd.first_scan_done) == (LayoutKind.IDS, True, True)
        assert writer.files.count_rows(1) == 1
        writer.sds.update_layout(1, LayoutKind.NAMED, is_chosen=False)
        sd = writer.sds.find_storage_dir(1)
        assert sd is not None
        assert (sd.layout, sd.is_layout_chosen, sd.first_scan_done) == (LayoutKind.NAMED, False, False)
        assert writer.files.count_rows(1) == 0


def test_anchors_are_kept_until_the_path_changes(catalog: Catalog) -> None:
    """None before the first look."""
    anchors = Anchors("12:34", frozenset({".git", "logseq"}))
    with catalog.write() as writer:
        assert writer.sds.find_anchors(1) is None
        writer.sds.update_anchors(1, anchors)
        assert writer.sds.find_anchors(1) == anchors
        writer.sds.update_path(1, "/elsewhere")
        assert writer.sds.find_anchors(1) is None


def test_an_id_that_begins_so_is_one_of_an_image(catalog: Catalog) -> None:
    """Completion finds images, not files without an id."""
    fill(catalog, [unknown("a.png"), known("c.png", 2)])
    with catalog.read() as reader:
        assert reader.files.list_ids_beginning_with("", limit=9) == [IMAGE]
        assert list(reader.files.list_rows_of_images([IMAGE, ImageId("f" * 32)])) == [IMAGE]


def test_names_are_found_as_other_systems_compare_them(catalog: Catalog) -> None:
    """In any folder, also of missing files, and under the new name of a moved one. Ids are none."""
    rows = [
        unknown("a/Graph.png"),
        known("Ku\u0308che.png", 2),
        replace(unknown("b/gone.png", 3), state=FileState.MISSING),
        replace(unknown(f"media/{IMAGE}.png", 4), image_id=IMAGE),
        known("old.png", 5),
    ]
    fill(catalog, rows)
    with catalog.write() as writer:
        listed = [("c/Listed.png", None, "image/png", "1:2:3")]
        assert writer.files.insert_listed(1, listed, FileState.PRESENT, 0) == 1
        assert writer.files.move_row(rows[4], "new/Newer.png")

    def find(*names: str) -> set[str]:
        with catalog.read() as reader:
            return {row.path for row in reader.files.list_rows_with_name(1, names)}

    assert find("graph.png") == {"a/Graph.png"}
    assert find("k\u00fcche.png", "gone.png") == {"Ku\u0308che.png", "b/gone.png"}
    assert find("listed.png", "newer.png", "old.png") == {"c/Listed.png", "new/Newer.png"}
    assert find(f"{IMAGE}.png", "graph", "") == set()


def test_the_newest_files_and_those_of_a_size(catalog: Catalog) -> None:
    """Newest first; and only unproven ones."""
    fill(catalog, [unknown("old.png", 1), unknown("new.png", 5_000_000), known("mid.png", 2_000_000)])
    with catalog.read() as reader:
        assert reader.files.list_newest_paths(1, limit=2) == ["new.png", "mid.png"]
        assert reader.files.list_newest_paths(2, limit=2) == []
        assert sorted(reader.files.list_unproven_of_size(1, 100, limit=9)) == ["new.png", "old.png"]
        assert len(reader.files.list_unproven_of_size(1, 100, limit=1)) == 1
        assert reader.files.list_unproven_of_size(1, 101, limit=9) == []
