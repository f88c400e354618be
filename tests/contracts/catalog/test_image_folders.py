"""Folders of named pictures: their names are searched, they are listed, and files without an id are found in them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.catalogs import fill
from builders.image_rows import NOW, SHA256S
from strandline.catalog.port import Catalog
from strandline.model.image_files import FileStamp, FileState, ImageFile, ImageFilter, Proof, ProofKind
from strandline.model.image_ids import content_id_of
from strandline.model.states import Seen, register_listed
from strandline.model.storage_dirs import LayoutKind


def unread(path: str, state: FileState = FileState.PRESENT, sd: int = 1) -> ImageFile:
    """A row whose bytes nobody has read."""
    row = register_listed(sd, path, None, "image/png", Seen(FileStamp(100, 10**18, 1)), NOW)
    return replace(row, state=state)


def read(path: str, number: int) -> ImageFile:
    """A row whose bytes are known."""
    row = unread(path)
    assert row.stamp is not None
    proof = Proof(ProofKind.STRUCTURE, SHA256S[number], row.stamp, NOW, whole=True)
    return replace(row, image_id=content_id_of(SHA256S[number]), proof=proof)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lisbon", [0, 1]),
        ("TRAM", [0]),
        ("lisbon tram", [0]),
        ("tram lisbon", [0]),
        ("trips/lis", [0, 1]),
        ("cafe", [1]),
        ("oslo", [2]),
        ("lisbon oslo", []),
        ("med", []),
    ],
)
def test_words_are_looked_for_in_the_whole_path(catalog: Catalog, text: str, found: list[int]) -> None:
    """In any spelling. Each word may be of a folder or of the name, and all of them of one file. A name that is an id
    has no path that anybody looks for.
    """
    rows = [
        read("Trips/Lisbon/tram 28.png", 0),
        read("Trips/Lisbon/Caf\u00e9.png", 1),
        read("Oslo.png", 2),
        read(f"media/{content_id_of(SHA256S[2])}.png", 2),
    ]
    fill(catalog, rows)
    with catalog.read() as reader:
        ids, _ = reader.images.list_image_ids(ImageFilter(text=text), after=None, limit=9)
    assert set(ids) == {content_id_of(SHA256S[number]) for number in found}


def test_a_moved_file_is_found_where_it_is(catalog: Catalog) -> None:
    """And no longer where it was."""
    row = read("Trips/tram.png", 0)
    fill(catalog, [row])
    with catalog.write() as writer:
        assert writer.files.move_row(row, "Archive/tram.png")
        found = [
            len(writer.images.list_image_ids(ImageFilter(text=text), after=None, limit=9)[0])
            for text in ("trips", "archive")
        ]
    assert found == [0, 1]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (ImageFilter(), ["Trips/half.png", "Trips/\u00c9t\u00e9.png", "c.png"]),
        (ImageFilter(sd=2), []),
        (ImageFilter(text="half trips"), ["Trips/half.png"]),
        (ImageFilter(text="ete"), ["Trips/\u00c9t\u00e9.png"]),
        (ImageFilter(text="nothing"), []),
        (ImageFilter(folder="Trips"), ["Trips/half.png", "Trips/\u00c9t\u00e9.png"]),
        (ImageFilter(state=FileState.ARRIVING), ["Trips/half.png"]),
        (ImageFilter(state=FileState.TRASHED), ["t.png"]),
        (ImageFilter(is_incomplete=True, state=FileState.PRESENT), []),
        (ImageFilter(media_type="image/jpeg"), []),
    ],
)
def test_files_without_an_id_are_listed_by_path(
    catalog: Catalog, chosen: ImageFilter, expected: list[str]
) -> None:
    """Those that the filter means, as it means images."""
    rows = [
        unread("c.png"),
        unread("Trips/half.png", FileState.ARRIVING),
        unread("Trips/\u00c9t\u00e9.png", FileState.DAMAGED),
        unread("t.png", FileState.TRASHED),
        read("known.png", 0),
    ]
    with catalog.write() as writer:
        writer.sds.update_layout(1, LayoutKind.NAMED, is_chosen=True)
    fill(catalog, rows)
    with catalog.read() as reader:
        found = reader.images.list_files_without_id(chosen, limit=9)
        assert [row.path for row in found] == expected
        assert len(reader.images.list_files_without_id(chosen, limit=1)) == min(1, len(found))


names = st.sampled_from(["a", "A", "a b", "a.x", "a0", "\u00e4", "\U0001f41a"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join).map("{}.png".format)


@given(st.lists(paths, unique=True, max_size=9), st.lists(names, max_size=2).map("/".join))
def test_subfolders_are_those_with_files(shared_catalog: Catalog, some: list[str], folder: str) -> None:
    """Each once, whatever is at other levels."""
    fill(shared_catalog, [unread(path) for path in some])
    prefix = f"{folder}/" if folder else ""
    inner = [path.removeprefix(prefix) for path in some if path.startswith(prefix)]
    with shared_catalog.read() as reader:
        found = reader.images.list_subfolders(1, folder or None, steps=99)
    assert found == sorted({path.partition("/")[0] for path in inner if "/" in path})


def test_a_listing_of_folders_ends(catalog: Catalog) -> None:
    """After so many steps, whatever is left."""
    fill(catalog, [unread(f"{number:03}/{image}.png") for number in range(9) for image in range(9)])
    with catalog.read() as reader:
        assert reader.images.list_subfolders(1, None, steps=3) == ["000", "001", "002"]
